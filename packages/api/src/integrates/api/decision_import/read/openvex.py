"""The reader of OpenVEX (https://github.com/openvex/spec, 0.2.0)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from msgspec import Raw, Struct, field

from integrates.api.decision_import.read.statement import (
    WORDS,
    Decisions,
    OfPackages,
    Product,
    Statement,
    package_urls,
    parsed_date,
    said,
    vex_word,
)
from integrates.api.imports.read.decode import TopLevel, top_members
from integrates.api.imports.read.error import pointed
from integrates.api.imports.read.mend import NULL
from integrates.api.imports.read.package import purl_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.decision_imports.decision import Saying
from integrates.db_model.decision_imports.types import DecisionFormat, SuppressionsAs

_STATUSES: Final[Mapping[str, Saying]] = {
    "affected": Saying.AFFECTED,
    "fixed": Saying.FIXED,
    "not_affected": Saying.NOT_AFFECTED,
    "under_investigation": Saying.UNDECIDED,
}
_BEGINNING: Final = 200
"""Bytes of the context that are looked at."""


class Identifiers(Struct, frozen=True, gc=False):
    """What else a component is called."""

    purl: str | None = None


class Component(Struct, frozen=True, gc=False):
    """A product, or a package in it."""

    id: str | None = field(default=None, name="@id")
    identifiers: Identifiers | None = None
    subcomponents: tuple["Component | str", ...] | None = None


class Named(Struct, frozen=True, gc=False):
    """A vulnerability by its names."""

    id: str | None = field(default=None, name="@id")
    name: str | None = None
    aliases: tuple[str, ...] | None = None


class Told(Struct, frozen=True, gc=False):
    """A statement."""

    status: str | None = None
    vulnerability: Named | str | None = None
    products: tuple[Component | str, ...] | None = None
    justification: str | None = None
    impact_statement: str | None = None
    action_statement: str | None = None
    status_notes: str | None = None
    timestamp: str | None = None
    last_updated: str | None = None


class File(Struct, frozen=True, gc=False):
    """A whole document."""

    statements: tuple[Raw, ...]
    author: str | None = None
    timestamp: str | None = None
    last_updated: str | None = None


def detects(top: TopLevel) -> bool:
    """Return whether the file is OpenVEX."""
    members = top_members(top)
    return "statements" in members and b"openvex" in bytes(members.get("@context", NULL))[:_BEGINNING]


def read(content: bytes, _suppressions_as: SuppressionsAs) -> Decisions:
    """Read a document. Raise ``TooLarge`` and ``BadFile``."""
    document = made(File, content)
    date = parsed_date(document.last_updated) or parsed_date(document.timestamp)
    statements = tuple(_statements(document, date))
    return Decisions(format=DecisionFormat.OPENVEX, author=document.author or "", statements=statements)


def _statements(document: File, date: datetime | None) -> Iterator[Statement]:
    for pointer, one in each_of(Told, document.statements, "/statements"):
        names = _names(one.vulnerability)
        says = said(_STATUSES, one.status, pointed(pointer, "status"))
        yield Statement(
            pointer=pointer,
            name=next(iter(names), ""),
            at=parsed_date(one.last_updated) or parsed_date(one.timestamp) or date,
            says=says,
            words=WORDS[says],
            text=one.impact_statement or one.action_statement or one.status_notes or one.justification or one.status or "",
            vex_justification=vex_word(one.justification),
            about=OfPackages(names=frozenset(names), products=tuple(map(_product, one.products or ()))),
        )


def _names(given: Named | str | None) -> tuple[str, ...]:
    if isinstance(given, Named):
        return tuple(each for each in (given.name, *(given.aliases or ()), given.id) if each)
    return (given,) if given else ()


def _purl(component: Component | str) -> str | None:
    if isinstance(component, str):
        return component
    return (component.identifiers.purl if component.identifiers else None) or component.id


def _product(given: Component | str) -> Product:
    parts = () if isinstance(given, str) else given.subcomponents or ()
    own = purl_of(_purl(given))
    packages = package_urls(*map(_purl, parts))
    # Parts that nobody knows are no reason to mean the whole product.
    return Product(purl=None if parts and not packages else own, packages=packages)
