"""Inviting people to organizations and groups, changing what members may do, and leaving."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any, Final, TypeVar

from integrates.api.authorization.permissions import grantable_roles
from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields, Resolver
from integrates.api.resolve.change import Payload, changed, ended
from integrates.db_model import access
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization
from integrates.db_model.tokens.rules import hash_jti

R = TypeVar("R", OrganizationRole, GroupRole)
Place = Organization | Group


def inviting(kind: type[R], invite: Callable[..., Any], target: Callable[[Any], str]) -> Resolver:
    """Return the resolver that invites somebody to what has such roles; ``target`` names that in the link.

    It shows the link, whose secret is stored as a hash only.
    """

    async def add_member(seen: Sight[Place], info: Info, **given: Any) -> Payload:
        call, grantable = info.context.call, grantable_roles(seen.scope.roles, kind)
        jti = call.new_jti(target(seen.found))
        command = partial(invite, seen=seen.found, given=given, grantable=grantable, jti_hash=hash_jti(jti))
        payload = await changed(info, "member", command)
        return {**payload, "invitation_url": call.sign_invitation(payload["member"], jti)}

    return add_member


def updating(kind: type[R], change: Callable[..., Any]) -> Resolver:
    """Return the resolver that changes what a member may do, or is there for."""

    async def update_member(seen: Sight[Place], info: Info, *, expected_version: int | None = None, **given: Any) -> Payload:
        command = partial(change, seen=seen.found, given=given, grantable=grantable_roles(seen.scope.roles, kind))
        return await changed(info, "member", partial(command, expected_version=expected_version))

    return update_member


def removing(kind: type[R], remove: Callable[..., Any], permission: str, path: str) -> Resolver:
    """Return the resolver that takes a member's access away: for others only with the permission that ``path`` is about.

    Of their own, everybody may get rid, but not the CI identity, which is no member.
    """
    leaving = frozenset(kind) - {GroupRole.SERVICE_FORCES}

    async def remove_member(seen: Sight[Place], info: Info, *, email: str, expected_version: int | None = None) -> Payload:
        is_own = email.strip().lower() == info.context.actor.email
        if not is_own and permission not in seen.scope.permissions:
            raise Rejected(Reason.MISSING_PERMISSION, (path,))
        grantable = leaving if is_own else grantable_roles(seen.scope.roles, kind)
        command = partial(remove, seen=seen.found, email=email, grantable=grantable)
        return await ended(info, partial(command, expected_version=expected_version), by="email")

    return remove_member


_IN_ORGANIZATION: Final = ("organization_member:grant", "organization_id")
_IN_GROUP: Final = ("member:grant", "group_name")
MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addOrganizationMember": inviting(OrganizationRole, access.invite_to_organization, attrgetter("id")),
        "addGroupMember": inviting(GroupRole, access.invite_to_group, attrgetter("name")),
        "updateOrganizationMember": updating(OrganizationRole, access.change_organization_member),
        "updateGroupMember": updating(GroupRole, access.change_group_member),
        "removeOrganizationMember": removing(OrganizationRole, access.remove_from_organization, *_IN_ORGANIZATION),
        "removeGroupMember": removing(GroupRole, access.remove_from_group, *_IN_GROUP),
    }
}
