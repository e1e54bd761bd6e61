"""Fields of imports of decisions."""

from typing import Final

from integrates.api.authorization.sight import found
from integrates.api.authorization.visibility import sees_vulnerability
from integrates.api.context import Info
from integrates.api.decision_import.mutations import MUTATIONS
from integrates.api.guard.target import scope_of
from integrates.api.resolve.attribute import Shown
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.lookup import find
from integrates.api.resolve.parent import group, root_if_any
from integrates.api.resolve.progress import in_progress
from integrates.db_model.decision_imports.facet import DECISION_PROGRESS
from integrates.db_model.decision_imports.types import (
    DecisionCounts,
    DecisionFormat,
    DecisionImport,
    DecisionProblem,
    SuppressionsAs,
)
from integrates.db_model.imports.rules import finished_at
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Vulnerability


async def vulnerability(source: DecisionProblem, info: Info) -> Vulnerability | None:
    """Return the vulnerability that could not be changed, to who may still see it."""
    if source.vulnerability_id is None:
        return None
    one = await find(info.context.loaders, VULNERABILITY, vulnerability_key, source.vulnerability_id)
    if one is None:
        return None
    scope = await scope_of(info.context, one)
    return one if sees_vulnerability(scope.permissions, one) else None


BINDING: Final = Binding(
    shows={
        "DecisionCounts": DecisionCounts,
        "DecisionImport": DecisionImport,
        "DecisionProblem": DecisionProblem,
    },
    fields={
        "Query": {"decisionImport": found},
        **MUTATIONS,
        "DecisionImport": {
            "group": group,
            "root": root_if_any,
            "fileName": "file.file_name",
            "sha256": "file.sha256",
            "state": "state.status",
            "reason": "state.reason",
            "position": in_progress(DECISION_PROGRESS, "position"),
            "attempts": in_progress(DECISION_PROGRESS, "attempts"),
            "counts": in_progress(DECISION_PROGRESS, "counts"),
            "problems": in_progress(DECISION_PROGRESS, "problems"),
            "finishedAt": Shown(finished_at),
        },
        "DecisionProblem": {"vulnerability": vulnerability},
    },
    enums={"DecisionFormat": DecisionFormat, "SuppressionsAs": SuppressionsAs},
)
