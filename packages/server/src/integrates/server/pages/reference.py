"""What the pages of the reference show: all names of the API, what a search finds, and one name with all that is said of it."""

import re
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from typing import Final

import msgspec

from integrates.api.reference.entry import Entry, Kind, reference_of
from integrates.api.reference.reason import ALWAYS, codes_of, reasons_of
from integrates.api.reference.search import Sheet, search, sheets_of
from integrates.api.schema import definition
from integrates.server.pages.page import Shown

MOST: Final = 40
"""Names of which so many are shown when a search finds more."""
LONGEST: Final = 100
"""Characters of a search; what is longer is cut off."""
_TITLES: Final[Mapping[Kind, str]] = {
    Kind.QUERY: "Queries",
    Kind.MUTATION: "Mutations",
    Kind.SUBSCRIPTION: "Subscriptions",
    Kind.OBJECT: "Objects",
    Kind.INTERFACE: "Interfaces",
    Kind.UNION: "Unions",
    Kind.LIST: "Pages of lists",
    Kind.PAYLOAD: "Payloads of mutations",
    Kind.INPUT: "Input objects",
    Kind.ENUMERATION: "Enumerations",
    Kind.SCALAR: "Scalars",
    Kind.DIRECTIVE: "Directives",
}
_PARTS: Final[Mapping[Kind, str]] = {
    Kind.QUERY: "Arguments",
    Kind.MUTATION: "Arguments",
    Kind.SUBSCRIPTION: "Arguments",
    Kind.OBJECT: "Fields",
    Kind.INTERFACE: "Fields",
    Kind.UNION: "Types",
    Kind.LIST: "Fields",
    Kind.PAYLOAD: "Fields",
    Kind.INPUT: "Members",
    Kind.ENUMERATION: "Values",
    Kind.SCALAR: "Parts",
    Kind.DIRECTIVE: "Arguments",
}
_CODE: Final = re.compile(r"`([^`]+)`")


class Piece(msgspec.Struct, frozen=True):
    """A piece of a text: words, or code, which may be the name of an entry."""

    text: str
    is_code: bool = False
    is_name: bool = False


class Chapter(msgspec.Struct, frozen=True):
    """The names of one kind."""

    title: str
    entries: tuple[Entry, ...]


@cache
def entries() -> tuple[Entry, ...]:
    """Return the reference of this version. It is made when somebody first asks for it."""
    return reference_of(definition())


@cache
def _sheets() -> tuple[Sheet, ...]:
    return sheets_of(entries())


@cache
def by_name() -> Mapping[str, Entry]:
    """Return each entry by its name."""
    return {entry.name: entry for entry in entries()}


def pieces_of(text: str) -> tuple[Piece, ...]:
    """Return the pieces of a description: between backticks is code, and code that is a name of the reference is one."""
    halves = enumerate(_CODE.split(text))
    return tuple(
        Piece(half, is_code=index % 2 == 1, is_name=index % 2 == 1 and half in by_name()) for index, half in halves if half
    )


def contents_shown() -> Shown:
    """Return the page with all names."""
    chapters = tuple(Chapter(_TITLES[kind], tuple(group)) for kind, group in groupby(entries(), lambda entry: entry.kind))
    return _listed(chapters=chapters)


def _listed(**values: object) -> Shown:
    empty = {"asked": "", "chapters": (), "hits": (), "more": 0, "pieces_of": pieces_of}
    return Shown(template="reference.html", values={**empty, **values})


def search_shown(text: str) -> Shown:
    """Return the page with what a search finds."""
    asked = text.strip()[:LONGEST]
    hits = search(_sheets(), asked)
    more = max(0, len(hits) - MOST)
    return _listed(asked=asked, hits=hits[:MOST], more=more)


def name_shown(name: str) -> Shown | None:
    """Return the page of one name; ``None`` when there is no such name."""
    entry = by_name().get(name)
    if entry is None:
        return None
    refusals = sorted(reason.name for reason in reasons_of(entry)) if entry.kind is Kind.MUTATION else ()
    values = {
        "entry": entry,
        "parts": entry.arguments if entry.own else entry.parts,
        "title": _PARTS[entry.kind],
        "reasons": refusals,
        "always": sorted(reason.name for reason in ALWAYS),
        "codes_of": codes_of,
        "names": by_name(),
        "pieces_of": pieces_of,
    }
    return Shown(template="name.html", values=values)
