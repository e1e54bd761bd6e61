"""Which revisions of an object the caller may see (V1): those of the time in which it was a draft, or hidden, are left out.

So a history never shows what the same person would not be shown with ``asOf``.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial
from typing import Any

from integrates.api.authorization.visibility import DRAFTS, READ_DRAFTS, READ_HIDDEN
from integrates.api.context import Context
from integrates.api.past.release import release_of
from integrates.api.past.state import past
from integrates.db_model.entity.revision import Revision
from integrates.db_model.entity.types import Entity
from integrates.db_model.findings.types import Finding
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.rules import is_hidden
from integrates.db_model.vulnerabilities.types import Vulnerability

Sees = Callable[[Revision], bool]
"""Returns whether the caller may see a revision."""


def _member(found: Revision, aspect: str, name: str) -> Any:
    value = found.aspects.get(aspect)
    return value.get(name) if isinstance(value, Mapping) else None


def _is_since(found: Revision, released_at: datetime | None) -> bool:
    return released_at is not None and found.at >= released_at


def is_of_draft(source: Vulnerability, found: Revision) -> bool:
    """Return whether a revision left a vulnerability a draft.

    It says so itself when it changed the state; else what is older than the release does.
    """
    status = _member(found, "state", "status")
    return status in DRAFTS if status is not None else not _is_since(found, source.cycle.reported_at)


async def _of_drafts(context: Context, source: Entity) -> Sees:
    """Return the function that tells which revisions left an object a draft.

    A finding is one as long as none of its vulnerabilities is released, also after all that were have been removed.
    """
    match source:
        case Vulnerability():
            return partial(is_of_draft, source)
        case Finding():
            released = await release_of(context, source)
            return lambda found: not released(found.at)
        case _:
            return lambda _: False


async def _hidden_versions(context: Context, source: Entity) -> AbstractSet[int]:
    """Return the versions in which a vulnerability was hidden; without a claim of no risk it never was."""
    if not isinstance(source, Vulnerability) or source.zero_risk is None:
        return frozenset()
    whole = await past(context, VULNERABILITY, vulnerability_key(source.id))
    return frozenset(state.version for state in whole.states if is_hidden(state))


async def seen_by(context: Context, source: Entity, permissions: AbstractSet[str]) -> Sees:
    """Return the function that tells which revisions of an object are visible with these permissions."""
    may_be_hidden, may_be_draft = isinstance(source, Vulnerability), isinstance(source, Vulnerability | Finding)
    hidden = await _hidden_versions(context, source) if may_be_hidden and READ_HIDDEN not in permissions else frozenset()
    leaves_draft = await _of_drafts(context, source) if may_be_draft and READ_DRAFTS not in permissions else None

    def sees(found: Revision) -> bool:
        return found.version not in hidden and (leaves_draft is None or not leaves_draft(found))

    return sees
