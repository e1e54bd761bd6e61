"""Scopes: the roles and permissions of a person on the platform, in an organization or in a group."""

import asyncio
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Final

import msgspec

from integrates.api.authorization.actor import Actor, Means
from integrates.api.authorization.permissions import Roles, acting, permissions_of
from integrates.api.resolve.lookup import find, find_many
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.rules import ci_identity, role_of
from integrates.db_model.access.types import GroupAccess, GroupRole, OrganizationAccess
from integrates.db_model.entity.loader import Loader, Loaders
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.types import Organization
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.store.port import Key


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may do on the platform, in an organization or in a group.

    ``organization`` and ``group`` are the live ones of the scope, ``roles`` those that the person acts in there. What does not
    exist has no permissions.
    """

    organization: Organization | None = None
    group: Group | None = None
    roles: Roles = Roles()
    permissions: frozenset[str] = frozenset()


NOWHERE: Final = Scope()
UNKNOWN: Final = "-"
"""Stands for the id or name of what does not exist: reading it takes as many calls as reading what others may see."""


class Scopes(msgspec.Struct, frozen=True):
    """The scopes of one request: on the platform, by organization id, by group name."""

    platform: Loader[str, Scope]
    organizations: Loader[str, Scope]
    groups: Loader[str, Scope]


def _scope(given: Roles, organization: Organization | None, group: Group | None = None) -> Scope:
    roles = acting(given)
    return Scope(organization=organization, group=group, roles=roles, permissions=permissions_of(roles))


def _is_ci_of(actor: Actor, group_name: str) -> bool:
    return actor.means is Means.CI_TOKEN and actor.email == ci_identity(group_name)


def _organization_roles(person: Stakeholder | None, access: OrganizationAccess | None) -> Roles:
    if person is None:
        return Roles()
    return Roles(platform=person.access.role, organization=role_of(access) if access else None)


def _group_role(actor: Actor, name: str, person: Stakeholder | None, access: GroupAccess | None) -> GroupRole | None:
    return role_of(access) if access and (person or _is_ci_of(actor, name)) else None


def new_scopes(loaders: Loaders, actor: Actor) -> Scopes:
    """Return the scopes of a person in one request, read through its loaders: many groups take as many calls as one."""

    def person() -> Awaitable[Stakeholder | None]:
        return find(loaders, STAKEHOLDER, stakeholder_key, actor.email)

    def organization_access(organization_id: str) -> Key:
        return organization_access_key(actor.email, organization_id)

    def group_access(name: str) -> Key:
        return group_access_key(actor.email, name)

    async def platform(keys: list[str]) -> list[Scope]:
        found = await person()
        return [_scope(Roles(platform=found.access.role if found else None), None) for _ in keys]

    async def organizations(ids: list[str]) -> list[Scope]:
        found, mine, stored = await asyncio.gather(
            person(),
            find_many(loaders, ORGANIZATION_ACCESS, organization_access, ids),
            find_many(loaders, ORGANIZATION, organization_key, ids),
        )
        pairs = zip(stored, mine, strict=True)
        return [_scope(_organization_roles(found, access), one) if one else NOWHERE for one, access in pairs]

    async def groups(names: list[str]) -> list[Scope]:
        found, mine, stored = await asyncio.gather(
            person(),
            find_many(loaders, GROUP_ACCESS, group_access, names),
            find_many(loaders, GROUP, group_key, names),
        )
        above = await by_organization.load_many([group.organization_id if group else UNKNOWN for group in stored])
        rows = zip(stored, mine, above, strict=True)
        return [_group_scope(actor, found, group, access, parent) for group, access, parent in rows]

    by_organization = Loader(organizations)
    return Scopes(Loader(platform), by_organization, Loader(groups))


def scopes_within(scope: Scope) -> Scopes:
    """Return the scopes as seen from within one of a group: nothing is read, and all else is nowhere."""

    async def platform(keys: list[str]) -> list[Scope]:
        return [NOWHERE for _ in keys]

    async def organizations(ids: list[str]) -> list[Scope]:
        return [scope if scope.organization and scope.organization.id == identity else NOWHERE for identity in ids]

    async def groups(names: list[str]) -> list[Scope]:
        return [scope if scope.group and scope.group.name == name else NOWHERE for name in names]

    return Scopes(Loader(platform), Loader(organizations), Loader(groups))


async def scope_below(scopes: Scopes, organization_id: str, group_name: str) -> Scope:
    """Return the scope of a group; what is above it is read together with it, because the caller names both."""
    _, scope = await asyncio.gather(scopes.organizations.load(organization_id), scopes.groups.load(group_name))
    return scope


async def read_ahead(loaders: Loaders, actor: Actor, organization_id: str, group_name: str) -> None:
    """Read what :func:`scope_below` needs at once, together with what else is asked for now: scopes ask a turn later."""
    await asyncio.gather(
        find(loaders, STAKEHOLDER, stakeholder_key, actor.email),
        find(loaders, ORGANIZATION, organization_key, organization_id),
        find(loaders, ORGANIZATION_ACCESS, partial(organization_access_key, actor.email), organization_id),
        find(loaders, GROUP, group_key, group_name),
        find(loaders, GROUP_ACCESS, partial(group_access_key, actor.email), group_name),
    )


async def scope_of_nothing(scopes: Scopes) -> Scope:
    """Return the scope of what does not exist, after as many calls of the store as for what does: time tells nobody which."""
    return await scope_below(scopes, UNKNOWN, UNKNOWN)


def _group_scope(
    actor: Actor, person: Stakeholder | None, group: Group | None, access: GroupAccess | None, parent: Scope
) -> Scope:
    if group is None or parent.organization is None:
        return NOWHERE
    role = _group_role(actor, group.name, person, access)
    return _scope(msgspec.structs.replace(parent.roles, group=role), parent.organization, group)


async def readable_groups(scopes: Scopes, names: Iterable[str]) -> tuple[Group, ...]:
    """Return the groups that the person may read, each once, by name."""
    found = await scopes.groups.load_many(sorted(set(names)))
    return tuple(scope.group for scope in found if scope.group and "group:read" in scope.permissions)
