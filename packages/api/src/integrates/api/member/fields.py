"""Fields of members."""

from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve import connection
from integrates.api.resolve.attribute import Fields, Resolver
from integrates.api.resolve.connection import Connection
from integrates.api.resolve.history import history as history_of
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.entity.facet import entity_key
from integrates.db_model.entity.loader import load
from integrates.db_model.errors import NotFound
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder

Access = OrganizationAccess | GroupAccess


def role_name(role: str | None) -> str | None:
    """Write a role as the enums of the schema do."""
    return role.upper() if role else None


async def stakeholder(source: Access, info: Info) -> Stakeholder:
    """The person of the membership; lists leave out memberships without one."""
    found = await load(info.context.loaders, STAKEHOLDER, stakeholder_key(source.email))
    if found is None:
        raise NotFound(STAKEHOLDER.name, source.email)
    return found


def role(source: Access, _info: Info) -> str | None:
    """The role of the member."""
    return role_name(source.access.role)


def invited_role(source: Access, _info: Info) -> str | None:
    """The role that is offered."""
    return role_name(source.invitation.role) if source.invitation else None


async def organization_history(source: OrganizationAccess, info: Info, **args: Any) -> Connection:
    """The revisions of the membership."""
    scope = await info.context.scopes.organizations.load(source.organization_id)
    return await history_of(info, entity_key(ORGANIZATION_ACCESS, source), args, scope.permissions)


async def group_history(source: GroupAccess, info: Info, **args: Any) -> Connection:
    """The revisions of the membership."""
    scope = await info.context.scopes.groups.load(source.group_name)
    return await history_of(info, entity_key(GROUP_ACCESS, source), args, scope.permissions)


_SHARED: Final[dict[str, Resolver | str]] = {
    "stakeholder": stakeholder,
    "role": role,
    "state": "state.status",
    "invitedRole": invited_role,
    "invitationExpiresAt": lambda source, _info: source.invitation.expires_at if source.invitation else None,
}
FIELDS: Final[Fields] = {
    "OrganizationMember": {**_SHARED, "history": organization_history},
    "GroupMember": {**_SHARED, "responsibility": "access.responsibility", "history": group_history},
    **connection.fields_of("OrganizationMemberConnection", "GroupMemberConnection"),
}
