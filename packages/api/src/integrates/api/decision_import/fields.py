"""Fields of imports of decisions."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Final

from integrates.api.authorization.sight import found
from integrates.api.authorization.visibility import sees_vulnerability
from integrates.api.context import Info
from integrates.api.decision_import.mutations import MUTATIONS
from integrates.api.guard.target import scope_of
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.lookup import find
from integrates.api.resolve.parent import existing_object, group
from integrates.db_model.decision_imports.progress import decision_progress_key, decision_progress_of
from integrates.db_model.decision_imports.rules import is_unfinished
from integrates.db_model.decision_imports.types import (
    DecisionCounts,
    DecisionFormat,
    DecisionImport,
    DecisionProblem,
    DecisionProgress,
    SuppressionsAs,
)
from integrates.db_model.errors import Corrupt
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.roots.types import Root
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Vulnerability


async def _progress(source: DecisionImport, info: Info) -> DecisionProgress:
    found = decision_progress_of(await info.context.loaders.items.load(decision_progress_key(source.id)))
    if found is None:
        raise Corrupt("decision_import_progress", source.id)
    return found


async def position(source: DecisionImport, info: Info) -> int:
    """Return the ordinal of the next statement to work on."""
    return (await _progress(source, info)).position


async def attempts(source: DecisionImport, info: Info) -> int:
    """Return how often the chunk in work was taken up."""
    return (await _progress(source, info)).attempts


async def counts(source: DecisionImport, info: Info) -> DecisionCounts:
    """Return what came of the statements so far."""
    return (await _progress(source, info)).counts


async def problems(source: DecisionImport, info: Info) -> tuple[DecisionProblem, ...]:
    """Return the statements so far that came to nothing, the first ones."""
    return (await _progress(source, info)).problems


def root(source: DecisionImport, info: Info) -> Root | Awaitable[Root] | None:
    """Return the root to which the decisions are confined, if they are."""
    return None if source.root_id is None else existing_object(info, ROOT, root_key(source.root_id))


async def vulnerability(source: DecisionProblem, info: Info) -> Vulnerability | None:
    """Return the vulnerability that could not be changed, to who may still see it."""
    if source.vulnerability_id is None:
        return None
    one = await find(info.context.loaders, VULNERABILITY, vulnerability_key, source.vulnerability_id)
    if one is None:
        return None
    scope = await scope_of(info.context, one)
    return one if sees_vulnerability(scope.permissions, one) else None


def finished_at(source: DecisionImport, _info: Info) -> datetime | None:
    """Return when the import ended."""
    return None if is_unfinished(source) else source.state.at


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
            "root": root,
            "fileName": "file.file_name",
            "sha256": "file.sha256",
            "state": "state.status",
            "reason": "state.reason",
            "position": position,
            "attempts": attempts,
            "counts": counts,
            "problems": problems,
            "finishedAt": finished_at,
        },
        "DecisionProblem": {"vulnerability": vulnerability},
    },
    enums={"DecisionFormat": DecisionFormat, "SuppressionsAs": SuppressionsAs},
)
