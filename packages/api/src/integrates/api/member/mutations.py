"""Inviting people to organizations and groups."""

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
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization


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


MUTATIONS: Final[Fields] = {"Mutation": {"addOrganizationMember": add_organization_member, "addGroupMember": add_group_member}}
