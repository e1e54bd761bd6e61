"""Finding the object that decides about a permission, and whether it is visible to the caller (V1).

What is not visible takes as many calls of the store as what does not exist, so that time does not tell them apart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeAlias

from integrates.api.authorization.scope import NOWHERE, UNKNOWN, Scope, scope_below, scope_of_nothing
from integrates.api.authorization.sight import Sight, nothing
from integrates.api.authorization.visibility import READ_DRAFTS, READ_EVENTS, sees_finding, sees_vulnerability
from integrates.api.context import Context
from integrates.api.errors import Code, RequestError
from integrates.api.resolve.lookup import find, find_any, find_many
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.decision_imports.facet import DECISION_IMPORT, decision_import_key
from integrates.db_model.decision_imports.types import DecisionImport
from integrates.db_model.entity import claim
from integrates.db_model.entity.loader import load_counts
from integrates.db_model.environment_urls.facet import ENVIRONMENT_URL, environment_url_key
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.events.facet import EVENT, event_key
from integrates.db_model.events.types import Event
from integrates.db_model.finding_policies.facet import FINDING_POLICY, finding_policy_key
from integrates.db_model.finding_policies.types import FindingPolicy
from integrates.db_model.findings.facet import FINDING, finding_counters_keys, finding_key
from integrates.db_model.forces.facet import FORCES_EXECUTION, forces_execution_key
from integrates.db_model.forces.types import ForcesExecution
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.imports.types import Import
from integrates.db_model.indicators.cell import finding_status
from integrates.db_model.organizations.facet import organization_name_key
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.facet import ROOT, root_key, root_nickname_key
from integrates.db_model.roots.types import Root
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key

Arguments: TypeAlias = Mapping[str, Any]


class Target(StrEnum):
    """Kind of the object that decides: the values of the schema's enum."""

    PLATFORM = "PLATFORM"
    PARENT = "PARENT"
    ORGANIZATION = "ORGANIZATION"
    GROUP = "GROUP"
    ROOT = "ROOT"
    ROOT_NICKNAME = "ROOT_NICKNAME"
    ENVIRONMENT_URL = "ENVIRONMENT_URL"
    FINDING = "FINDING"
    VULNERABILITY = "VULNERABILITY"
    IMPORT = "IMPORT"
    DECISION_IMPORT = "DECISION_IMPORT"
    EVENT = "EVENT"
    FINDING_POLICY = "FINDING_POLICY"
    FORCES_EXECUTION = "FORCES_EXECUTION"
    ACCESS_TOKEN = "ACCESS_TOKEN"  # noqa: S105 -- the name of a kind, not a secret


Finder: TypeAlias = Callable[[Context, Any, Arguments], Awaitable[Sight[Any]]]
"""Looks at the value of one argument (of ``PARENT``: the object itself) among all arguments of the field."""


async def _platform(context: Context, _value: Any, _args: Arguments) -> Sight[None]:
    return Sight(await context.scopes.platform.load(""), None)


async def _parent(context: Context, source: Any, _args: Arguments) -> Sight[Any]:
    """Look up the scope of an object only: who reads one of its fields has been shown the object."""
    return Sight(await scope_of(context, source), source)


async def scope_of(context: Context, source: Any) -> Scope:
    """Return the scope of an object: of its group, or of its organization where it is above groups; of nothing for ``None``.

    What is above the group is read together with it, because the object names both.
    """
    scopes = context.scopes
    match source:
        case None:
            return await scope_of_nothing(scopes)
        case Organization():
            return await scopes.organizations.load(source.id)
        case OrganizationAccess() | FindingPolicy():
            return await scopes.organizations.load(source.organization_id)
        case GroupAccess():
            return await scopes.groups.load(source.group_name)
        case Group():
            above, name = source.organization_id, source.name
        case _:
            above, name = source.organization_id, source.group_name
    return await scope_below(scopes, above, name)


async def organization_id_of(context: Context, identity: str | None, name: str | None) -> str:
    """Return the id, or the id of the organization of that name; ``UNKNOWN`` when there is none.

    Raise ``RequestError`` (BAD_USER_INPUT) unless exactly one is given.
    """
    if (identity is None) == (name is None):
        raise RequestError(Code.BAD_USER_INPUT, "Give exactly one of `id` and `name`.")
    if identity is not None:
        return identity
    held = claim.held_of(await context.loaders.items.load(organization_name_key(name or "")))
    return held.owner if held else UNKNOWN


async def _organization(context: Context, value: Any, args: Arguments) -> Sight[Any]:
    """Find an organization by id or name; beside ``organization_id`` the argument ``name`` is that of something new in it."""
    name = None if "organization_id" in args else args.get("name")
    identity = await organization_id_of(context, value, name)
    scope = await context.scopes.organizations.load(identity)
    return Sight(scope, scope.organization) if "organization:read" in scope.permissions else nothing()


async def _group(context: Context, value: Any, _args: Arguments) -> Sight[Any]:
    scope = await context.scopes.groups.load(value)
    return Sight(scope, scope.group) if "group:read" in scope.permissions else nothing()


_OfGroup: TypeAlias = Root | EnvironmentUrl | ForcesExecution | Import | DecisionImport | Event


async def _shown(context: Context, found: _OfGroup | None, permission: str) -> Sight[Any]:
    scope = await scope_of(context, found)
    return Sight(scope, found) if permission in scope.permissions else nothing()


async def _root(context: Context, value: Any, _args: Arguments) -> Sight[Any]:
    return await _shown(context, await find(context.loaders, ROOT, root_key, value), "root:read")


async def _environment_url(context: Context, value: Any, _args: Arguments) -> Sight[Any]:
    found = await find(context.loaders, ENVIRONMENT_URL, environment_url_key, value)
    return await _shown(context, found, "root:read")


async def _root_nickname(context: Context, value: Any, args: Arguments) -> Sight[Any]:
    """Find a root by its nickname in the group that another argument names."""
    held = claim.held_of(await context.loaders.items.load(root_nickname_key(args["group_name"], value)))
    return await _root(context, held.owner if held else UNKNOWN, args)


async def _import(context: Context, value: Any, _args: Arguments) -> Sight[Any]:
    return await _shown(context, await find(context.loaders, IMPORT, import_key, value), "import:read")


async def _decision_import(context: Context, value: Any, _args: Arguments) -> Sight[Any]:
    return await _shown(context, await find(context.loaders, DECISION_IMPORT, decision_import_key, value), "decision:import")


async def _event(context: Context, value: Any, _args: Arguments) -> Sight[Any]:
    return await _shown(context, await find(context.loaders, EVENT, event_key, value), READ_EVENTS)


async def _access_token(context: Context, value: Any, _args: Arguments) -> Sight[Any]:
    """Find a token, which is visible to its owner only."""
    found = await find(context.loaders, ACCESS_TOKEN, access_token_key, value)
    is_own = found is not None and found.owner == context.actor.email
    return Sight(await context.scopes.platform.load(""), found) if is_own else nothing()


async def _finding_policy(context: Context, value: Any, _args: Arguments) -> Sight[Any]:
    found = await find(context.loaders, FINDING_POLICY, finding_policy_key, value)
    scope = await context.scopes.organizations.load(found.organization_id if found else UNKNOWN)
    return Sight(scope, found) if "finding_policy:read" in scope.permissions else nothing()


async def _forces_execution(context: Context, value: Any, args: Arguments) -> Sight[Any]:
    """Find an execution by its id in the group that another argument names."""
    key = partial(forces_execution_key, args["group_name"])
    return await _shown(context, await find(context.loaders, FORCES_EXECUTION, key, value), "forces:read")


async def _finding(context: Context, value: Any, args: Arguments) -> Sight[Any]:
    """Find a finding; with ``as_of`` also one that was removed since.

    One that was never released is a draft at any moment; whether another one was a draft then, the query looks at.
    """
    is_past = args.get("as_of") is not None
    found = await (
        find_any(context.store, FINDING, finding_key, value) if is_past else find(context.loaders, FINDING, finding_key, value)
    )
    scope = await scope_of(context, found)
    if is_past:
        shown = READ_DRAFTS in scope.permissions or (found is not None and found.release.released_at is not None)
        return Sight(scope, found) if shown and "finding:read" in scope.permissions else nothing()
    keys = finding_counters_keys(found.id if found else UNKNOWN)
    status = finding_status(await load_counts(context.loaders, keys))
    return Sight(scope, found) if sees_finding(scope.permissions, status) else nothing()


async def _vulnerability(context: Context, value: Any, args: Arguments) -> Sight[Any]:
    if not isinstance(value, str):
        return await _vulnerabilities(context, [item["id"] for item in value])
    if args.get("as_of"):
        found = await find_any(context.store, VULNERABILITY, vulnerability_key, value)
    else:
        found = await find(context.loaders, VULNERABILITY, vulnerability_key, value)
    scope = await scope_of(context, found)
    return Sight(scope, found) if found and sees_vulnerability(scope.permissions, found) else nothing()


async def _vulnerabilities(context: Context, ids: Sequence[str]) -> Sight[Any]:
    """Several vulnerabilities of one group, which is the group of the first visible one."""
    found = await find_many(context.loaders, VULNERABILITY, vulnerability_key, ids)
    of_group = {one.group_name: one for one in found if one}
    read = await asyncio.gather(*(scope_of(context, one) for one in of_group.values()), scope_of_nothing(context.scopes))
    scopes = dict(zip(of_group, read, strict=False))
    visible_in = [
        scopes[one.group_name] if one and sees_vulnerability(scopes[one.group_name].permissions, one) else NOWHERE
        for one in found
    ]
    scope = next((one for one in visible_in if one.group), NOWHERE)
    unseen = tuple((str(index), "id") for index, one in enumerate(visible_in) if not one.group or one.group != scope.group)
    return Sight(scope, found, unseen=unseen)


FINDERS: Final[Mapping[Target, Finder]] = {
    Target.PLATFORM: _platform,
    Target.PARENT: _parent,
    Target.ORGANIZATION: _organization,
    Target.GROUP: _group,
    Target.ROOT: _root,
    Target.ROOT_NICKNAME: _root_nickname,
    Target.ENVIRONMENT_URL: _environment_url,
    Target.FINDING: _finding,
    Target.VULNERABILITY: _vulnerability,
    Target.IMPORT: _import,
    Target.DECISION_IMPORT: _decision_import,
    Target.EVENT: _event,
    Target.ACCESS_TOKEN: _access_token,
    Target.FINDING_POLICY: _finding_policy,
    Target.FORCES_EXECUTION: _forces_execution,
}
