"""What of a scan concerns a root (end of domain section 3; section 8, row *skipped with a problem*)."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from operator import attrgetter
from typing import TypeAlias

from msgspec.structs import replace

from integrates.api.imports.read.exclusion import exclusion
from integrates.api.imports.read.observation import Artifact, Observation, Problem, Remark, RemarkReason, Scan, SkipReason
from integrates.db_model.roots.image import MAX_REFERENCE, names_other_image
from integrates.db_model.roots.rules import may_hold, types_of
from integrates.db_model.roots.types import GitRoot, ImageRoot, Root

Verdict: TypeAlias = Callable[[Observation], SkipReason | None]


def confined(scan: Scan, root: Root) -> Scan:
    """Leave out what is outside of the root or matched by its gitignore patterns; both count as skipped, with a problem.

    That the file is about another image than the root is remarked. Other roots have none, whatever the file names.
    """
    verdict = _verdict(root)
    problems = tuple(
        Problem(
            one.ordinal,
            one.pointer,
            (one.rule.tool, one.category),
            reason,
            one.location.where,
            is_foreign=one.location.type not in types_of(root),
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


def _verdict(root: Root) -> Verdict:
    patterns = root.location.gitignore if isinstance(root, GitRoot) else ()
    is_excluded = cache(exclusion(patterns))  # many results share one file
    is_inside = cache(partial(may_hold, root))

    def verdict(one: Observation) -> SkipReason | None:
        if not is_inside(one.location.type, one.location.where):
            return SkipReason.OUTSIDE_ROOT
        return SkipReason.GITIGNORED if is_excluded(one.location.where) else None

    return verdict
