"""Reading the caller."""

from typing import Any, Final

from integrates.api.authorization.actor import Means
from integrates.api.context import Info
from integrates.api.errors import Code, RequestError
from integrates.api.resolve.attribute import Fields
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.rules import group_of
from integrates.db_model.access.types import GroupAccess
from integrates.db_model.entity.loader import load
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import (
    PlatformRole,
    Stakeholder,
    StakeholderAccess,
    StakeholderInfo,
    StakeholderState,
    StakeholderStatus,
)


def _as_person(access: GroupAccess) -> Stakeholder:
    """Return what shows the CI identity of a group as a caller, who is nobody of the platform: in the role of a mere user."""
    return Stakeholder(
        info=StakeholderInfo(email=access.email),
        access=StakeholderAccess(role=PlatformRole.USER),
        state=StakeholderState(status=StakeholderStatus.ACTIVE, at=access.state.at, by=access.state.by),
        version=access.version,
        created_at=access.created_at,
        created_by=access.created_by,
        updated_at=access.updated_at,
    )


async def me(_source: Any, info: Info) -> Stakeholder:
    """Return the caller. Raise ``RequestError`` (UNAUTHENTICATED) when they were removed since the request began."""
    actor, loaders = info.context.actor, info.context.loaders
    if actor.means is Means.CI_TOKEN:
        access = await load(loaders, GROUP_ACCESS, group_access_key(actor.email, group_of(actor.email)))
        found = _as_person(access) if access else None
    else:
        found = await load(loaders, STAKEHOLDER, stakeholder_key(actor.email))
    if found is None:
        raise RequestError(Code.UNAUTHENTICATED, "Authenticate first.")
    return found


QUERIES: Final[Fields] = {"Query": {"me": me}}
