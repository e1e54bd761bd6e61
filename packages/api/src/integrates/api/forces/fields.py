"""Fields of verdicts of the gate."""

from typing import Final

from integrates.api.authorization.sight import found
from integrates.api.authorization.visibility import sees_vulnerability
from integrates.api.context import Info
from integrates.api.forces.mutations import MUTATIONS
from integrates.api.forces.page import executions
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.parent import group, permissions_for, root_if_any
from integrates.db_model.entity.loader import load_many
from integrates.db_model.forces.commands import log_text
from integrates.db_model.forces.types import ForcesExecution, ForcesKind, GateCounts, Strictness
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Vulnerability


async def blocking(source: ForcesExecution, info: Info) -> tuple[Vulnerability, ...]:
    """Return what blocks, as it is now, as far as the caller may see it."""
    permissions = await permissions_for(source, info)
    found = await load_many(info.context.loaders, VULNERABILITY, [vulnerability_key(each) for each in source.blocking])
    return tuple(one for one in found if one is not None and sees_vulnerability(permissions, one))


async def log(source: ForcesExecution, info: Info) -> str | None:
    """Return the log that the pipeline sent."""
    return await log_text(info.context.call.files, source)


BINDING: Final = Binding(
    shows={"ForcesCounts": GateCounts, "ForcesExecution": ForcesExecution},
    fields={
        "Query": {"forcesExecution": found},
        **MUTATIONS,
        "Group": {"forcesExecutions": executions},
        "ForcesExecution": {
            "group": group,
            "root": root_if_any,
            "gitRepo": "git.repo",
            "gitBranch": "git.branch",
            "gitCommit": "git.commit",
            "gitOrigin": "git.origin",
            "severityThreshold": "policy.severity_threshold",
            "gracePeriod": "policy.grace_period",
            "daysUntilItBreaks": "policy.days_until_it_breaks",
            "sourceSuppressionsPass": "policy.source_suppressions_pass",
            "blocking": blocking,
            "log": log,
        },
    },
    enums={"ForcesKind": ForcesKind, "ForcesStrictness": Strictness},
)
