"""Statements: what is said of one advisory in one package of one product, by all its vulnerabilities (domain section 21)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby

from msgspec import Struct

from integrates.api.exports.document import Document, Entry
from integrates.api.exports.product import package_url
from integrates.db_model.findings.types import Finding
from integrates.db_model.vulnerabilities.types import Advisory, Vulnerability
from integrates.db_model.vulnerabilities.vex import strongest
from integrates.db_model.vulnerabilities.word import Word


class Statement(Struct, frozen=True, kw_only=True):
    """What is said of an advisory in a package of a product.

    ``word`` is the strongest of its vulnerabilities; ``vulnerability`` is one that has it, the one decided last, ``decided``
    is when that was, and ``finding`` is that of it. ``at`` is the newest decision about any of them, ``since`` when the first
    of them was released.
    ``aliases`` are all other names of the advisory, ``cve`` all CVEs among its names.
    """

    product: str
    package: str
    advisory: Advisory
    word: Word
    vulnerability: Vulnerability
    finding: Finding
    decided: datetime
    at: datetime
    since: datetime
    cve: tuple[str, ...]
    aliases: tuple[str, ...]


def tells_package(vulnerability: Vulnerability, _word: Word) -> bool:
    """Return whether a vulnerability is about a package that an advisory names: others are in no VEX document."""
    return vulnerability.advisory is not None


def statement_key(products: Mapping[str, str], entry: Entry) -> tuple[str, ...]:
    """Return by what entries are ordered whose statements are written: advisory, product and package."""
    advisory = entry.vulnerability.advisory
    return (advisory.id, products[entry.vulnerability.root_id], package_url(advisory)) if advisory else ()


def statements_of(document: Document, entries: Iterable[Entry]) -> Iterator[Statement]:
    """Yield the statements of entries that are in the order of :func:`statement_key`."""
    for key, members in groupby(entries, key=lambda entry: statement_key(document.products, entry)):
        yield _statement(key[1], key[2], members)


def _statement(product: str, package: str, members: Iterable[Entry]) -> Statement:
    """Return the statement of its members, of which only two are looked at together: there may be very many."""
    members = iter(members)
    made = _alone(product, package, next(members))
    for entry in members:
        made = _joined(made, _alone(product, package, entry))
    return made


def _alone(product: str, package: str, entry: Entry) -> Statement:
    one, advisory = entry.vulnerability, entry.vulnerability.advisory
    assert advisory is not None  # noqa: S101 -- see tells_package
    return Statement(
        product=product,
        package=package,
        advisory=advisory,
        word=entry.word,
        vulnerability=one,
        finding=entry.finding,
        decided=entry.at,
        at=entry.at,
        since=one.cycle.reported_at or entry.at,
        cve=advisory.cve,
        aliases=tuple(each for each in (*advisory.cve, *advisory.aliases) if each != advisory.id),
    )


def _joined(one: Statement, other: Statement) -> Statement:
    word = strongest((one.word, other.word))
    best = max((each for each in (one, other) if each.word is word), key=lambda each: each.decided)
    return Statement(
        product=best.product,
        package=best.package,
        advisory=best.advisory,
        word=word,
        vulnerability=best.vulnerability,
        finding=best.finding,
        decided=best.decided,
        at=max(one.at, other.at),
        since=min(one.since, other.since),
        cve=tuple(dict.fromkeys((*one.cve, *other.cve))),
        aliases=tuple(dict.fromkeys((*one.aliases, *other.aliases))),
    )
