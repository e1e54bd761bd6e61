"""Fields of members."""

from collections.abc import Awaitable
from typing import Final

from integrates.api.context import Info
from integrates.api.member.mutations import MUTATIONS
from integrates.api.resolve.attribute import Resolver, Shown
from integrates.api.resolve.binding import Binding, without
from integrates.api.resolve.parent import existing_object
from integrates.db_model.access.rules import is_member
from integrates.db_model.access.types import AccessStatus, GroupAccess, OrganizationAccess
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder

Access = OrganizationAccess | GroupAccess


def role_name(role: str | None) -> str | None:
    """Write a role as the enums of the schema do."""
    return role.upper() if role else None


def stakeholder(source: Access, info: Info) -> Stakeholder | Awaitable[Stakeholder]:
    """Return the person of the membership; lists leave out memberships without one."""
    return existing_object(info, STAKEHOLDER, stakeholder_key(source.email))


def role(source: Access) -> str | None:
    """Return the role of the member."""
    return role_name(source.access.role)


def invited_role(source: Access) -> str | None:
    """Return the role that is offered."""
    return role_name(source.invitation.role) if source.invitation else None


def responsibility(source: GroupAccess) -> str | None:
    """Return what the member is there for or, of who is only invited, would be."""
    offered = source.invitation
    return offered.responsibility if offered and not is_member(source) else source.access.responsibility


_SHARED: Final[dict[str, Resolver | str]] = {
    "stakeholder": stakeholder,
    "role": Shown(role),
    "state": "state.status",
    "invitedRole": Shown(invited_role),
    "invitationExpiresAt": Shown(lambda source: source.invitation.expires_at if source.invitation else None),
}
BINDING: Final = Binding(
    shows={"OrganizationMember": OrganizationAccess, "GroupMember": GroupAccess},
    fields={
        **MUTATIONS,
        "OrganizationMember": {"id": Shown(lambda source: f"{source.organization_id}/{source.email}"), **_SHARED},
        "GroupMember": {
            "id": Shown(lambda source: f"{source.group_name}/{source.email}"),
            "responsibility": Shown(responsibility),
            **_SHARED,
        },
    },
    enums={"AccessState": without(AccessStatus, AccessStatus.REMOVED)},
)
