"""Which vulnerabilities the statements of a file are about (domain section 21, row *match*). Pure.

What a statement is about is looked up, never searched for: the time that a file takes grows with what it says and with what the
group holds, not with the product of both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec import Struct
from packageurl import PackageURL

from integrates.api.decision_import.read.statement import OfPlace, Product, Statement
from integrates.api.exports.product import package_url, product_of
from integrates.api.exports.root import location_text
from integrates.api.grouping import grouped
from integrates.api.imports.read.package import purl_of
from integrates.db_model.roots.types import Root
from integrates.db_model.vulnerabilities.types import Vulnerability

_SOURCES: Final = ("repository_url", "vcs_url")
"""The qualifiers that tell apart products of one name."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_Rule: TypeAlias = tuple[str | None, str]
_Name: TypeAlias = tuple[str, str | None, str]
"""Type, namespace and name of a package url."""
_Subject: TypeAlias = tuple[str | None, _Name | None, str | None]
"""A package of a version in a product, each ``None`` where it may be any."""


class Match(Struct, frozen=True):
    """The vulnerabilities that each statement decides about, by the ordinal of the statement; ids in order.

    ``met`` are the ordinals of the statements that are about any vulnerability, of which a newer one may decide.
    """

    decided: Mapping[int, tuple[str, ...]]
    met: frozenset[int]


class Said(Struct, frozen=True):
    """The statements about one subject, and which of them decides. ``number`` tells subjects apart."""

    number: int
    ordinals: Sequence[int]
    newest: int


class Matching(Struct, frozen=True):
    """What statements are looked up by: names of advisories with subjects, and rules.

    ``products`` are the package urls of the roots by their ids, ``locations`` the ids by where the roots are.
    """

    statements: Sequence[Statement]
    by_subject: Mapping[tuple[str, _Subject], Said]
    by_rule: Mapping[_Rule, Sequence[int]]
    products: Mapping[str, str]
    locations: Mapping[str, Sequence[str]]
    root_id: str | None


class Candidate(Struct, frozen=True):
    """What is kept of a vulnerability that statements are or may be about.

    ``said`` are those about its package. ``rule`` is set where statements are about places of its rule.
    """

    id: str
    said: tuple[Said, ...]
    rule: _Rule | None
    root_id: str
    fingerprint: str | None
    place: tuple[object, ...]


class Known(Struct, frozen=True):
    """What is known of the roots of a group, by their ids: the package urls of those that have one, and where they are."""

    products: Mapping[str, str]
    locations: Mapping[str, str]


def known_of(roots: Iterable[Root]) -> Known:
    """Return what statements may call the roots of a group."""
    given = tuple(roots)
    products = {root.id: text for root in given if (text := product_of(root))}
    return Known(products, {root.id: location_text(root) for root in given})


def matching(statements: Sequence[Statement], known: Known, root_id: str | None) -> Matching:
    """Return what tells which statements may be about a vulnerability of the group, or of the root that was named."""
    parsed = ((text, purl) for text in dict.fromkeys(known.products.values()) if (purl := purl_of(text)))
    by_name = {name: dict(some) for name, some in grouped(parsed, lambda one: _name(one[1])).items()}
    pairs = ((key, ordinal) for ordinal, one in enumerate(statements) for key in _keys(one, by_name))
    by_subject = grouped(pairs, lambda pair: pair[0])
    rules = ((one.about, each) for each, one in enumerate(statements) if isinstance(one.about, OfPlace))
    by_rule = grouped(rules, lambda pair: (pair[0].tool, pair[0].rule_id))
    located = grouped(known.locations.items(), lambda pair: pair[1])
    return Matching(
        statements,
        {key: _said(number, statements, [each for _, each in some]) for number, (key, some) in enumerate(by_subject.items())},
        {rule: [each for _, each in some] for rule, some in by_rule.items()},
        known.products,
        {text: [each for each, _ in some] for text, some in located.items()},
        root_id,
    )


def _said(number: int, statements: Sequence[Statement], ordinals: Sequence[int]) -> Said:
    return Said(number, ordinals, _newest(statements, ordinals))


def _newest(statements: Sequence[Statement], ordinals: Iterable[int]) -> int:
    """Return the statement that decides: the newest, then the last of the file."""
    return max(ordinals, key=lambda ordinal: (statements[ordinal].at or _LONG_AGO, ordinal))


def _keys(one: Statement, roots: Mapping[_Name, Mapping[str, PackageURL]]) -> Iterable[tuple[str, _Subject]]:
    """Return what a statement about packages is looked up by, each once."""
    about = one.about
    if isinstance(about, OfPlace):
        return ()
    meant = dict.fromkeys(each for product in about.products for each in _subjects(product, roots))
    return ((name, each) for name in about.names for each in meant)


def _subjects(product: Product, roots: Mapping[_Name, Mapping[str, PackageURL]]) -> Iterator[_Subject]:
    """Yield what a product stands for; ``roots`` are the products of the group by name, then by their text.

    A document about a product of the group is about nothing else of it.
    """
    meant, within = product.purl, product.within
    if meant is None:
        return
    confined = frozenset(_fitting(within, roots)) if within is not None and _name(within) in roots else None
    own = [text for text in _fitting(meant, roots) if confined is None or text in confined]
    if product.packages:
        yield from ((text, _name(each), each.version) for text in own for each in product.packages)
        return
    yield from ((text, _name(meant), meant.version) for text in ((None,) if confined is None else confined))
    yield from ((text, None, None) for text in own)


def _name(purl: PackageURL) -> _Name:
    return purl.type, purl.namespace, purl.name


def _fitting(meant: PackageURL, roots: Mapping[_Name, Mapping[str, PackageURL]]) -> Iterator[str]:
    """Yield the products of the group that are meant, in whatever version; one that names its source names theirs."""
    told = dict(meant.qualifiers)
    for text, root in roots.get(_name(meant), {}).items():
        own = dict(root.qualifiers)
        if all(told[name] == own[name] for name in _SOURCES if name in told and name in own):
            yield text


def candidate(found: Matching, one: Vulnerability) -> Candidate | None:
    """Return what is kept of a vulnerability; ``None`` when no statement can be about it."""
    said, rule = tuple(_said_of(found, one)), _rule(one)
    is_of_rule = rule in found.by_rule
    if not said and not is_of_rule:
        return None
    place = (one.type, one.location.where, one.location.specific)
    return Candidate(one.id, said, rule if is_of_rule else None, one.root_id, one.tool.fingerprint if one.tool else None, place)


def _said_of(found: Matching, one: Vulnerability) -> Iterator[Said]:
    """Yield what is said about the advisory and the package of a vulnerability."""
    advisory = one.advisory
    package = purl_of(package_url(advisory)) if advisory and found.by_subject else None
    if advisory is None or package is None:
        return
    root = found.products.get(one.root_id)
    versions = dict.fromkeys((None, package.version or advisory.vulnerable_version or None))
    places = dict.fromkeys((None, root))
    meant = [(text, _name(package), version) for text in places for version in versions]
    whole = [] if root is None else [(root, None, None)]
    for name in dict.fromkeys((advisory.id, *advisory.cve, *advisory.aliases)):
        for subject in (*meant, *whole):
            said = found.by_subject.get((name, subject))
            if said is not None:
                yield said


def _rule(one: Vulnerability) -> _Rule:
    """Return the rule of a tool or, of what no tool reported, the finding."""
    return (one.tool.name, one.tool.rule_id) if one.tool else (None, one.finding_id)


def meant_by(found: Matching, candidates: Sequence[Candidate]) -> Match:
    """Return the statement that decides about each of the candidates: of several the newest, then the last of the file."""
    of_places = grouped(_of_places(found, candidates), lambda pair: pair[1])
    decided: dict[int, list[str]] = {}
    for one in sorted(candidates, key=lambda each: each.id):
        ordinals = [*(each.newest for each in one.said), *(ordinal for ordinal, _ in of_places.get(one.id, ()))]
        if ordinals:
            decided.setdefault(_newest(found.statements, ordinals), []).append(one.id)
    said = {each.number: each for one in candidates for each in one.said}
    met = frozenset(ordinal for some in of_places.values() for ordinal, _ in some)
    return Match(
        {each: tuple(ids) for each, ids in decided.items()},
        met.union(*(each.ordinals for each in said.values())),
    )


class _Near(Struct, frozen=True):
    """Candidates by their fingerprint, by their place, and by both, each within rule and root."""

    by_print: Mapping[object, Sequence[Candidate]]
    by_place: Mapping[object, Sequence[Candidate]]
    by_both: Mapping[object, Sequence[Candidate]]


def _near(given: Iterable[Candidate]) -> _Near:
    some = [one for one in given if one.rule is not None]
    return _Near(
        grouped(some, lambda one: (one.rule, one.root_id, one.fingerprint)),
        grouped(some, lambda one: (one.rule, one.root_id, one.place)),
        grouped(some, lambda one: (one.rule, one.root_id, one.place, one.fingerprint)),
    )


def _of_places(found: Matching, candidates: Iterable[Candidate]) -> Iterator[tuple[int, str]]:
    """Yield statements about places, with the vulnerability that each is about, in the first root that has any like it."""
    near = _near(candidates)
    for ordinals in found.by_rule.values():
        for ordinal, about in _places_in(found.statements, ordinals):
            alike = (_alike(near, about, root_id) for root_id in _roots_of(about, found))
            some = next((each for each in alike if each), ())
            if len(some) == 1:
                yield ordinal, some[0].id


def _alike(near: _Near, about: OfPlace, root_id: str) -> Sequence[Candidate]:
    """Return what may be meant in a root, at most two of each kind: by fingerprint and place, else by one of them."""
    where, place = ((about.tool, about.rule_id), root_id), (about.type, about.where, about.specific)
    both = [near.by_both.get((*where, place, each), ()) for each in about.fingerprints]
    alike = [near.by_print.get((*where, each), ()) for each in about.fingerprints]
    here = [near.by_place.get((*where, place), ())]
    some = next((each for each in (both, alike, here) if any(each)), [])
    return [one for each in some for one in each[:2]]


def _places_in(statements: Sequence[Statement], ordinals: Iterable[int]) -> Iterator[tuple[int, OfPlace]]:
    for ordinal in ordinals:
        about = statements[ordinal].about
        if isinstance(about, OfPlace):
            yield ordinal, about


def _roots_of(about: OfPlace, found: Matching) -> Sequence[str]:
    """Return the roots that a place is in: those of the group that are where the file says.

    The root that was named takes what the file says of it, and of places elsewhere, but not of other roots of the group.
    """
    told = found.locations.get(about.root, ()) if about.root is not None else ()
    if found.root_id is None:
        return told
    return (found.root_id,) if found.root_id in told or not told else ()
