"""Which vulnerabilities the statements of a file are about (domain section 21, row *match*). Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec import Struct
from packageurl import PackageURL

from integrates.api.decision_import.read.statement import OfPackages, OfPlace, Product, Statement
from integrates.api.exports.product import package_url, product_of
from integrates.api.exports.root import location_text
from integrates.api.imports.read.package import purl_of
from integrates.db_model.roots.types import Root
from integrates.db_model.vulnerabilities.types import Vulnerability

_SOURCES: Final = ("repository_url", "vcs_url")
"""The qualifiers that tell apart products of one name."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_Rule: TypeAlias = tuple[str | None, str]
_Groups: TypeAlias = Mapping[tuple[object, ...], Sequence[Vulnerability]]


class Match(Struct, frozen=True):
    """The vulnerabilities that each statement decides about, by the ordinal of the statement; ids in order.

    ``met`` are the ordinals of the statements that are about any vulnerability, of which a newer one may decide.
    """

    decided: Mapping[int, tuple[str, ...]]
    met: frozenset[int]


class Matching(Struct, frozen=True):
    """What statements are looked up by: the advisories that they name, and the rules."""

    statements: Sequence[Statement]
    by_name: Mapping[str, Sequence[int]]
    by_rule: Mapping[_Rule, Sequence[int]]
    products: Mapping[str, PackageURL]
    locations: Mapping[str, str]
    root_id: str | None


def matching(statements: Sequence[Statement], roots: Iterable[Root], root_id: str | None) -> Matching:
    """Return what tells which statements may be about a vulnerability; ``roots`` are those of the group."""
    by_name: dict[str, list[int]] = {}
    by_rule: dict[_Rule, list[int]] = {}
    for ordinal, one in enumerate(statements):
        match one.about:
            case OfPackages(names=names):
                for name in names:
                    by_name.setdefault(name, []).append(ordinal)
            case OfPlace(tool=tool, rule_id=rule_id):
                by_rule.setdefault((tool, rule_id), []).append(ordinal)
    known = tuple(roots)
    products = {root.id: found for root in known if (found := purl_of(product_of(root)))}
    return Matching(statements, by_name, by_rule, products, {one.id: location_text(one) for one in known}, root_id)


def may_concern(found: Matching, one: Vulnerability) -> bool:
    """Return whether any statement may be about a vulnerability: so those of which none is need not be kept in memory."""
    return any(True for _ in _of_advisory(found, one)) or bool(_of_rule(found, one))


def meant_by(found: Matching, candidates: Sequence[Vulnerability]) -> Match:
    """Return the statement that decides about each of the candidates: of several the newest, then the last of the file."""
    meant: dict[str, set[int]] = {}
    for one in candidates:
        for ordinal in _of_advisory(found, one):
            meant.setdefault(one.id, set()).add(ordinal)
    for ordinal, identity in _of_places(found, candidates):
        meant.setdefault(identity, set()).add(ordinal)
    decided: dict[int, list[str]] = {}
    for identity in sorted(meant):
        best = max(meant[identity], key=lambda ordinal: (found.statements[ordinal].at or _LONG_AGO, ordinal))
        decided.setdefault(best, []).append(identity)
    return Match({each: tuple(ids) for each, ids in decided.items()}, frozenset().union(*meant.values()))


def _of_advisory(found: Matching, one: Vulnerability) -> Iterator[int]:
    """Yield the ordinals of the statements about the advisory and the package of a vulnerability."""
    advisory = one.advisory
    if advisory is None:
        return
    names = dict.fromkeys((advisory.id, *advisory.cve, *advisory.aliases))
    ordinals = dict.fromkeys(ordinal for name in names for ordinal in found.by_name.get(name, ()))
    package = purl_of(package_url(advisory)) if ordinals else None
    if package is None:
        return
    version = package.version or advisory.vulnerable_version or None
    have, root = package._replace(version=version), found.products.get(one.root_id)
    roots = frozenset(map(_bare, found.products.values()))
    for ordinal in ordinals:
        about = found.statements[ordinal].about
        if isinstance(about, OfPackages) and any(_means(each, have, root, roots) for each in about.products):
            yield ordinal


def _means(product: Product, package: PackageURL, root: PackageURL | None, roots: frozenset[PackageURL]) -> bool:
    within = product.within
    if within is not None and _bare(within) in roots and not _is_product(within, root):
        return False
    if product.purl is None:
        return False
    if product.packages:
        return _is_product(product.purl, root) and any(_is_package(each, package) for each in product.packages)
    return _is_package(product.purl, package) or _is_product(product.purl, root)


def _bare(purl: PackageURL) -> PackageURL:
    """Return type, namespace and name."""
    return PackageURL(purl.type, purl.namespace, purl.name)


def _is_package(meant: PackageURL, package: PackageURL) -> bool:
    return _bare(meant) == _bare(package) and meant.version in {None, package.version}


def _is_product(meant: PackageURL, root: PackageURL | None) -> bool:
    """Return whether a product is the root, in whatever version; one that names its source names that of the root."""
    if root is None or _bare(meant) != _bare(root):
        return False
    told, own = _qualifiers(meant), _qualifiers(root)
    return all(told[name] == own[name] for name in _SOURCES if name in told and name in own)


def _qualifiers(purl: PackageURL) -> Mapping[str, str]:
    return dict(purl.qualifiers)


def _of_rule(found: Matching, one: Vulnerability) -> Sequence[int]:
    """Return the ordinals of the statements about the rule of a vulnerability."""
    return found.by_rule.get(_rule(one), ())


def _rule(one: Vulnerability) -> _Rule:
    """Return the rule of a tool or, of what no tool reported, the finding."""
    return (one.tool.name, one.tool.rule_id) if one.tool else (None, one.finding_id)


def _of_places(found: Matching, candidates: Sequence[Vulnerability]) -> Iterator[tuple[int, str]]:
    """Yield statements about places, with the vulnerability that each is about: by its fingerprint, else by its place."""
    of_rule: dict[_Rule, list[Vulnerability]] = {}
    for one in candidates:
        if _of_rule(found, one):
            of_rule.setdefault(_rule(one), []).append(one)
    for rule, ordinals in found.by_rule.items():
        near = of_rule.get(rule, ())
        by_print = _grouped(near, lambda one: (one.root_id, one.tool.fingerprint if one.tool else None))
        by_place = _grouped(near, _place)
        for ordinal in ordinals:
            about = found.statements[ordinal].about
            meant = _the_one(about, _roots_of(about, found), by_print, by_place) if isinstance(about, OfPlace) else None
            if meant is not None:
                yield ordinal, meant.id


def _roots_of(about: OfPlace, found: Matching) -> Sequence[str]:
    """Return the root that was named, else those of the group that are where the file says."""
    if found.root_id is not None:
        return (found.root_id,)
    return tuple(each for each, text in found.locations.items() if text == about.root)


def _the_one(about: OfPlace, roots: Sequence[str], by_print: _Groups, by_place: _Groups) -> Vulnerability | None:
    """Return the vulnerability that is meant, and no other: of several with the fingerprint the one at the place."""
    for root_id in roots:
        here = by_place.get((root_id, about.type, about.where, about.specific), ())
        alike = [one for each in about.fingerprints for one in by_print.get((root_id, each), ())]
        both = [one for one in alike if one in here]
        some = both or alike or here
        if some:
            return some[0] if len(some) == 1 else None
    return None


def _place(one: Vulnerability) -> tuple[object, ...]:
    return (one.root_id, one.type, one.location.where, one.location.specific)


def _grouped(given: Iterable[Vulnerability], key: Callable[[Vulnerability], tuple[object, ...]]) -> _Groups:
    found: dict[tuple[object, ...], list[Vulnerability]] = {}
    for one in given:
        found.setdefault(key(one), []).append(one)
    return found
