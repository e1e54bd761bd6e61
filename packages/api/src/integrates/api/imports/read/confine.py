"""What of a scan concerns a root (end of domain section 3; section 8, row *skipped with a problem*)."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, partial
from operator import attrgetter
from typing import TypeAlias

from msgspec.structs import replace

from integrates.api.imports.read.exclusion import exclusion
from integrates.api.imports.read.observation import Artifact, Observation, Problem, Remark, RemarkReason, Scan, SkipReason
from integrates.db_model.environment_urls.rules import addresses_above, claimed_address, is_live, is_web
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.roots.image import MAX_REFERENCE, names_other_image
from integrates.db_model.roots.rules import may_hold, types_of
from integrates.db_model.roots.types import GitRoot, ImageRoot, Root
from integrates.db_model.vulnerabilities.types import VulnerabilityType

Verdict: TypeAlias = Callable[[Observation], SkipReason | None]


def confined(scan: Scan, root: Root, environments: Sequence[EnvironmentUrl] = ()) -> Scan:
    """Leave out what is outside of the root or matched by its gitignore patterns; both count as skipped, with a problem.

    ``environments`` are the environment urls of a GIT root, removed ones too: pages lie below those that are not removed, but
    where there ever was one, pages may have been found, so that a page says something of what is in the root.
    That the file is about another image than the root is remarked. Other roots have none, whatever the file names.
    """
    verdict, types = _verdict(root, environments), _types(root, environments)
    problems = tuple(
        Problem(
            one.ordinal,
            one.pointer,
            (one.rule.tool, one.category),
            reason,
            one.location.where,
            is_foreign=one.location.type not in types,
        )
        for one in scan.observations
        if (reason := verdict(one))
    )
    outside = {problem.ordinal for problem in problems}
    observations = tuple(one for one in scan.observations if one.ordinal not in outside)
    rules = {one.rule for one in observations}
    artifact = scan.artifact if isinstance(root, ImageRoot) else None
    return replace(
        scan,
        observations=observations,
        rules=tuple(seen for seen in scan.rules if seen.rule in rules),
        skipped=scan.skipped + len(problems),
        problems=tuple(sorted((*scan.problems, *problems), key=attrgetter("ordinal"))),
        remarks=(*_remarks(artifact, root), *scan.remarks),
        artifact=artifact,
    )


def _remarks(artifact: Artifact | None, root: Root) -> Iterator[Remark]:
    if artifact and isinstance(root, ImageRoot) and names_other_image(artifact.reference, root.location):
        yield Remark(0, "", RemarkReason.OTHER_IMAGE, artifact.reference[:MAX_REFERENCE])


def _types(root: Root, environments: Sequence[EnvironmentUrl]) -> AbstractSet[VulnerabilityType]:
    """Return the types of what was, or could have been, found in the root so far."""
    if isinstance(root, GitRoot) and not any(map(is_web, environments)):
        return types_of(root) - {VulnerabilityType.INPUTS}
    return types_of(root)


def _verdict(root: Root, environments: Sequence[EnvironmentUrl]) -> Verdict:
    patterns = root.location.gitignore if isinstance(root, GitRoot) else ()
    is_excluded = cache(exclusion(patterns))  # many results share one file
    is_inside = cache(partial(may_hold, root))
    addresses = frozenset(claimed_address(each) for each in environments if is_live(each) and is_web(each))
    is_page_of = cache(lambda where: not addresses.isdisjoint(addresses_above(where)))

    def verdict(one: Observation) -> SkipReason | None:
        kind, where = one.location.type, one.location.where
        is_page = isinstance(root, GitRoot) and kind is VulnerabilityType.INPUTS
        if not is_inside(kind, where) or (is_page and not is_page_of(where)):
            return SkipReason.OUTSIDE_ROOT
        return SkipReason.GITIGNORED if not is_page and is_excluded(where) else None

    return verdict
