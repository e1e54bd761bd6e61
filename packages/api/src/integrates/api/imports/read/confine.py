"""What of a scan concerns a root (end of domain section 3; section 8, row *skipped with a problem*)."""

from collections.abc import Callable
from functools import cache, partial
from operator import attrgetter
from typing import TypeAlias

from msgspec.structs import replace

from integrates.api.imports.read.exclusion import exclusion
from integrates.api.imports.read.observation import Observation, Problem, Scan, SkipReason
from integrates.db_model.roots.rules import may_hold
from integrates.db_model.roots.types import GitRoot, Root

Verdict: TypeAlias = Callable[[Observation], SkipReason | None]


def confined(scan: Scan, root: Root) -> Scan:
    """Leave out what is outside of the root or matched by its gitignore patterns; both count as skipped, with a problem."""
    verdict = _verdict(root)
    problems = tuple(
        Problem(one.ordinal, one.pointer, (one.rule.tool, one.category), reason, one.location.where)
        for one in scan.observations
        if (reason := verdict(one))
    )
    outside = {problem.ordinal for problem in problems}
    observations = tuple(one for one in scan.observations if one.ordinal not in outside)
    rules = {one.rule for one in observations}
    return replace(
        scan,
        observations=observations,
        rules=tuple(seen for seen in scan.rules if seen.rule in rules),
        skipped=scan.skipped + len(problems),
        problems=tuple(sorted((*scan.problems, *problems), key=attrgetter("ordinal"))),
    )


def _verdict(root: Root) -> Verdict:
    patterns = root.location.gitignore if isinstance(root, GitRoot) else ()
    is_excluded = cache(exclusion(patterns))  # many results share one file
    is_inside = cache(partial(may_hold, root))

    def verdict(one: Observation) -> SkipReason | None:
        if not is_inside(one.location.type, one.location.where):
            return SkipReason.OUTSIDE_ROOT
        return SkipReason.GITIGNORED if is_excluded(one.location.where) else None

    return verdict
