"""Inviting people to organizations and groups, changing what members may do, and leaving."""

from functools import partial
from hashlib import sha256
from typing import Any, Final

from integrates.api.authorization.permissions import grantable_roles
from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed
from integrates.db_model import access
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization

_PEOPLE: Final = frozenset(GroupRole) - {GroupRole.SERVICE_FORCES}


async def _invited(info: Info, target: str, command: Any) -> Payload:
    """Invite somebody and show the link, whose secret is stored as a hash only."""
    call = info.context.call
    jti = call.new_jti(target)
    payload = await changed(info, "member", partial(command, jti_hash=sha256(jti.encode()).hexdigest()))
    return {**payload, "invitation_url": call.sign_invitation(payload["member"], jti)}


async def add_organization_member(seen: Sight[Organization], info: Info, **given: Any) -> Payload:
    """Invite a person to the organization."""
    grantable = grantable_roles(seen.scope.roles, OrganizationRole)
    invite = partial(access.invite_to_organization, seen=seen.found, given=given, grantable=grantable)
    return await _invited(info, seen.found.id, invite)


async def add_group_member(seen: Sight[Group], info: Info, **given: Any) -> Payload:
    """Invite a person to the group."""
    grantable = grantable_roles(seen.scope.roles, GroupRole)
    return await _invited(
        info, seen.found.name, partial(access.invite_to_group, seen=seen.found, given=given, grantable=grantable)
    )


async def update_organization_member(
    seen: Sight[Organization], info: Info, *, expected_version: int | None = None, **given: Any
) -> Payload:
    """Give a member of the organization another role."""
    grantable = grantable_roles(seen.scope.roles, OrganizationRole)
    change = partial(access.change_organization_member, seen=seen.found, given=given, grantable=grantable)
    return await changed(info, "member", partial(change, expected_version=expected_version))


async def update_group_member(seen: Sight[Group], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
    """Give a member of the group another role or responsibility."""
    grantable = grantable_roles(seen.scope.roles, GroupRole)
    change = partial(access.change_group_member, seen=seen.found, given=given, grantable=grantable)
    return await changed(info, "member", partial(change, expected_version=expected_version))


def _is_own(seen: Sight[Any], info: Info, email: str, permission: str, path: str) -> bool:
    """Return whether the e-mail is the caller's, who may always leave.

    Raise ``Rejected`` (``missing_permission``) for that of somebody else without the permission.
    """
    if email.strip().lower() == info.context.actor.email:
        return True
    if permission not in seen.scope.permissions:
        raise Rejected(Reason.MISSING_PERMISSION, (path,))
    return False


async def remove_organization_member(
    seen: Sight[Organization], info: Info, *, email: str, expected_version: int | None = None
) -> Payload:
    """Take the access to the organization and all its groups away from a member, or leave."""
    is_own = _is_own(seen, info, email, "organization_member:grant", "organization_id")
    grantable = frozenset(OrganizationRole) if is_own else grantable_roles(seen.scope.roles, OrganizationRole)
    remove = partial(access.remove_from_organization, seen=seen.found, email=email, grantable=grantable)
    payload = await changed(info, "member", partial(remove, expected_version=expected_version))
    return {"id": payload["member"].email}


async def remove_group_member(seen: Sight[Group], info: Info, *, email: str, expected_version: int | None = None) -> Payload:
    """Take the access to the group away from a member, or leave. The CI identity, which is no member, cannot."""
    is_own = _is_own(seen, info, email, "member:grant", "group_name")
    grantable = _PEOPLE if is_own else grantable_roles(seen.scope.roles, GroupRole)
    remove = partial(access.remove_from_group, seen=seen.found, email=email, grantable=grantable)
    payload = await changed(info, "member", partial(remove, expected_version=expected_version))
    return {"id": payload["member"].email}


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addOrganizationMember": add_organization_member,
        "addGroupMember": add_group_member,
        "updateOrganizationMember": update_organization_member,
        "updateGroupMember": update_group_member,
        "removeOrganizationMember": remove_organization_member,
        "removeGroupMember": remove_group_member,
    }
}
