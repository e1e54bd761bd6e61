"""What every reader makes of a file of decisions: statements, in the order of the file (domain section 21)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec import Struct
from packageurl import PackageURL

from integrates.api.imports.read.error import BadFile, Defect
from integrates.api.imports.read.package import purl_of
from integrates.db_model.decision_imports.decision import Saying
from integrates.db_model.decision_imports.types import DecisionFormat, SuppressionsAs
from integrates.db_model.vulnerabilities.types import VexJustification, VulnerabilityType
from integrates.db_model.vulnerabilities.word import Word


class Product(Struct, frozen=True, kw_only=True):
    """What is or is not affected: a product or a package.

    Where there are ``packages``, it is these in the product. ``within`` is the product that the whole file is about: where
    that is a root of the group, only that root is meant.
    """

    purl: PackageURL | None
    packages: tuple[PackageURL, ...] = ()
    within: PackageURL | None = None


class OfPackages(Struct, frozen=True, kw_only=True):
    """A statement about an advisory, by any of its names, in packages."""

    names: frozenset[str]
    products: tuple[Product, ...]


class OfPlace(Struct, frozen=True, kw_only=True):
    """A statement about a result of a tool, known by one of the fingerprints or by its place.

    ``root`` is the location of the root that it is in, ``None`` where the file does not tell.
    """

    root: str | None = None
    tool: str | None
    rule_id: str
    fingerprints: frozenset[str]
    type: VulnerabilityType
    where: str
    specific: str


class Statement(Struct, frozen=True, kw_only=True):
    """What a file says of one vulnerability in one or more places.

    ``pointer`` is its JSON pointer, ``name`` what the file calls the vulnerability, ``at`` when it was said. ``text`` are the
    words of whoever said it, empty where there are none. ``words`` are those that say the same here.
    """

    pointer: str
    name: str
    at: datetime | None
    says: Saying
    words: frozenset[Word]
    text: str = ""
    vex_justification: VexJustification | None = None
    accepted_until: datetime | None = None
    about: OfPackages | OfPlace


def weight(one: Statement) -> int:
    """Return how many packages under one name a statement is about, with which memory grows."""
    about = one.about
    if isinstance(about, OfPlace):
        return len(about.fingerprints)
    return len(about.names) * sum(max(1, len(each.packages)) for each in about.products)


class Decisions(Struct, frozen=True, kw_only=True):
    """A whole file: who wrote it, empty when it does not say, and all that it says.

    ``names_roots`` tells whether the file itself says which roots it is about.
    """

    format: DecisionFormat
    author: str = ""
    statements: tuple[Statement, ...]
    names_roots: bool = True


Reader: TypeAlias = Callable[[bytes, SuppressionsAs], Decisions]
"""Reads a file whose JSON was checked. Equal arguments give equal answers. Raises ``TooLarge``, ``BadFile``."""

WORDS: Final[Mapping[Saying, frozenset[Word]]] = {
    Saying.ACCEPTED: frozenset({Word.ACCEPTED}),
    Saying.ACCEPTED_FOREVER: frozenset({Word.ACCEPTED_FOREVER}),
    Saying.AFFECTED: frozenset({Word.ACCEPTED, Word.ACCEPTED_FOREVER, Word.IN_PROGRESS}),
    Saying.FIXED: frozenset({Word.FIXED}),
    Saying.NOT_AFFECTED: frozenset({Word.FALSE_POSITIVE, Word.ZERO_RISK}),
    Saying.UNDECIDED: frozenset({Word.UNDECIDED}),
}
"""The words that say the same, in formats that say no more."""


def parsed_date(text: str | None) -> datetime | None:
    """Return a date in UTC; ``None`` for a text that is none."""
    if not text or len(text) > len("2024-07-14T11:17:57.668609123456+00:00"):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None


def package_urls(*texts: str | None) -> tuple[PackageURL, ...]:
    """Return the package urls among the texts."""
    return tuple(found for text in texts if (found := purl_of(text)) is not None)


def vex_word(text: str | None) -> VexJustification | None:
    """Return a justification as OpenVEX and CSAF write it; ``None`` for any other text."""
    return next((one for one in VexJustification if text == one.value.lower()), None)


def said(table: Mapping[str, Saying], word: str | None, pointer: str) -> Saying:
    """Return what a status says. Raise ``BadFile`` when the format has no such status."""
    found = table.get(word or "")
    if found is None:
        raise BadFile((Defect(pointer, f"Expected one of {', '.join(table)}:"),))
    return found
