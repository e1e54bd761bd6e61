"""The open invitations of the caller, and their fields."""

from datetime import datetime
from typing import Any, Final

import msgspec

from integrates.api.context import Context, Info
from integrates.api.member.fields import role_name
from integrates.api.member.membership import group_accesses, organization_accesses
from integrates.api.resolve.binding import Binding
from integrates.db_model.access.invitation import is_open
from integrates.db_model.access.types import GroupAccess, Invitation, OrganizationAccess
from integrates.db_model.stakeholders.types import Stakeholder


class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that can still be accepted."""

    organization_name: str
    group_name: str | None = None
    role: str
    expires_at: datetime


def _open(access: OrganizationAccess | GroupAccess, now: datetime) -> Invitation | None:
    return access.invitation if is_open(access, now) else None


async def _to_organizations(context: Context, now: datetime) -> tuple[Invited, ...]:
    accesses = await organization_accesses(context)
    scopes = await context.scopes.organizations.load_many([access.organization_id for access in accesses])
    return tuple(
        Invited(organization_name=scope.organization.info.name, **_offer(offered))
        for access, scope in zip(accesses, scopes, strict=True)
        if scope.organization and (offered := _open(access, now))
    )


async def _to_groups(context: Context, now: datetime) -> tuple[Invited, ...]:
    accesses = await group_accesses(context)
    scopes = await context.scopes.groups.load_many([access.group_name for access in accesses])
    return tuple(
        Invited(organization_name=scope.organization.info.name, group_name=access.group_name, **_offer(offered))
        for access, scope in zip(accesses, scopes, strict=True)
        if scope.organization and (offered := _open(access, now))
    )


def _offer(offered: Invitation) -> dict[str, Any]:
    return {"role": role_name(offered.role), "expires_at": offered.expires_at}


async def invitations(_source: Stakeholder, info: Info) -> tuple[Invited, ...]:
    """Return the invitations that the caller may still accept, to organizations first."""
    now = info.context.call.now()
    return (*await _to_organizations(info.context, now), *await _to_groups(info.context, now))


BINDING: Final = Binding(shows={"Invitation": Invited})
