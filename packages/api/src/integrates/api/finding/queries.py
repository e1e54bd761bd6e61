"""Reading a finding as it was."""

from datetime import datetime
from typing import Final

from integrates.api.authorization.sight import Sight
from integrates.api.authorization.visibility import READ_DRAFTS, READ_HISTORY
from integrates.api.context import Info
from integrates.api.past.release import release_of
from integrates.api.past.state import FindingAt, check_past, finding_at, state_at
from integrates.api.resolve.attribute import Fields
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding


async def _at(seen: Sight[Finding], info: Info, at: datetime) -> FindingAt | None:
    permissions = seen.scope.permissions
    if READ_HISTORY not in permissions:
        return None
    found = await state_at(info.context, FINDING, finding_key(seen.found.id), at)
    if found is None:
        return None
    shown = READ_DRAFTS in permissions or (await release_of(info.context, found))(at)
    return finding_at(found, at) if shown else None


async def finding(seen: Sight[Finding], info: Info, *, as_of: datetime | None = None) -> Finding | None:
    """Return the finding, as it is or as it was; what was removed since is shown as it was."""
    return await _at(seen, info, check_past(as_of, info.context.call.now())) if as_of else seen.found


QUERIES: Final[Fields] = {"Query": {"finding": finding}}
