"""Reading a finding by id."""

from datetime import datetime
from typing import Any, Final

from integrates.api.authorization.visibility import READ_DRAFTS, READ_HISTORY
from integrates.api.context import Info
from integrates.api.past.state import FindingAt, check_past, finding_at, state_at
from integrates.api.resolve.attribute import Fields
from integrates.db_model.entity.loader import load
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding


async def _at(info: Info, finding_id: str, as_of: datetime) -> FindingAt | None:
    at = check_past(as_of, info.context.call.now())
    found = await state_at(info.context, FINDING, finding_key(finding_id), at)
    if found is None:
        return None
    permissions = (await info.context.scopes.groups.load(found.group_name)).permissions
    released = found.release.released_at is not None and found.release.released_at <= at
    shown = READ_HISTORY in permissions and (released or READ_DRAFTS in permissions)
    return finding_at(found, at) if shown else None


async def finding(_source: Any, info: Info, *, id: str, as_of: datetime | None = None) -> Finding | None:  # noqa: A002 -- the name of the argument
    """The finding, as it is or as it was; what was removed since is shown as it was."""
    return await (_at(info, id, as_of) if as_of else load(info.context.loaders, FINDING, finding_key(id)))


QUERIES: Final[Fields] = {"Query": {"finding": finding}}
