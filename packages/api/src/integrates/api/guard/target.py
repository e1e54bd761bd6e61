"""Finding the object that decides about a permission, and whether the caller may know of it (V1)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec

from integrates.api.authorization.scope import NOWHERE, Scope
from integrates.api.authorization.visibility import READ_DRAFTS, sees_finding, sees_vulnerability
from integrates.api.context import Context
from integrates.api.errors import Code, RequestError
from integrates.api.resolve.lookup import find, find_any, find_many
from integrates.db_model.access.types import OrganizationAccess
from integrates.db_model.entity import claim
from integrates.db_model.entity.loader import load_counts
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.facet import FINDING, finding_counters_keys, finding_key
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.indicators.cell import finding_status
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.facet import GIT_ROOT, root_key
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key

MAX_ITEMS: Final = 100
"""Most objects in one bulk mutation."""
Path: TypeAlias = tuple[str, ...]
Arguments: TypeAlias = Mapping[str, Any]


class Target(StrEnum):
    """Kind of the object that decides: the values of the schema's enum."""

    PLATFORM = "PLATFORM"
    PARENT = "PARENT"
    ORGANIZATION = "ORGANIZATION"
    GROUP = "GROUP"
    ROOT = "ROOT"
    FINDING = "FINDING"
    VULNERABILITY = "VULNERABILITY"
    IMPORT = "IMPORT"


class Sight(msgspec.Struct, frozen=True):
    """The scope of what an argument names, and the paths below the argument of what the caller may not know of."""

    scope: Scope
    unseen: tuple[Path, ...] = ()


UNSEEN: Final = Sight(NOWHERE, ((),))
Finder: TypeAlias = Callable[[Context, Any, Arguments], Awaitable[Sight]]
"""Looks at the value of one argument (of ``PARENT``: the object itself) among all arguments of the field."""


def _sight(scope: Scope, permission: str) -> Sight:
    return Sight(scope) if permission in scope.permissions else UNSEEN


async def _platform(context: Context, _value: Any, _args: Arguments) -> Sight:
    return Sight(await context.scopes.platform.load(""))


async def _parent(context: Context, source: Any, _args: Arguments) -> Sight:
    """The object was shown already: only its place is looked up."""
    return Sight(await scope_of(context, source))


async def scope_of(context: Context, source: Any) -> Scope:
    """Return the scope of an object that was shown: of its group, or of its organization where it is above groups."""
    match source:
        case Organization():
            return await context.scopes.organizations.load(source.id)
        case Group():
            return await context.scopes.groups.load(source.name)
        case OrganizationAccess():
            return await context.scopes.organizations.load(source.organization_id)
        case _:
            return await context.scopes.groups.load(source.group_name)


async def organization_id_of(context: Context, identity: str | None, name: str | None) -> str:
    """Return the id, or the id of the organization of that name; empty when there is none.

    Raise ``RequestError`` (BAD_USER_INPUT) unless exactly one is given.
    """
    if (identity is None) == (name is None):
        raise RequestError(Code.BAD_USER_INPUT, "Give exactly one of `id` and `name`.")
    if identity is not None:
        return identity
    held = claim.held_of(await context.loaders.items.load(claim.claim_key("organization_name", name or "")))
    return held.owner if held else ""


async def _organization(context: Context, value: Any, args: Arguments) -> Sight:
    identity = await organization_id_of(context, value, args.get("name") if value is None else None)
    return _sight(await context.scopes.organizations.load(identity), "organization:read")


async def _group(context: Context, value: Any, _args: Arguments) -> Sight:
    return _sight(await context.scopes.groups.load(value), "group:read")


async def _root(context: Context, value: Any, _args: Arguments) -> Sight:
    found = await find(context.loaders, GIT_ROOT, root_key, value)
    return _sight(await context.scopes.groups.load(found.group_name), "root:read") if found else UNSEEN


async def _import(context: Context, value: Any, _args: Arguments) -> Sight:
    found = await find(context.loaders, IMPORT, import_key, value)
    return _sight(await context.scopes.groups.load(found.group_name), "import:read") if found else UNSEEN


async def _finding(context: Context, value: Any, args: Arguments) -> Sight:
    if args.get("as_of"):
        return await _past_finding(context, value)
    found = await find(context.loaders, FINDING, finding_key, value)
    if found is None:
        return UNSEEN
    scope = await context.scopes.groups.load(found.group_name)
    numbers = await load_counts(context.loaders, finding_counters_keys(found.id))
    return Sight(scope) if sees_finding(scope.permissions, finding_status(numbers)) else UNSEEN


async def _past_finding(context: Context, value: Any) -> Sight:
    """A finding that may have been removed since; a draft of now is a draft of then."""
    found = await find_any(context.store, FINDING, finding_key, value)
    if found is None:
        return UNSEEN
    scope = await context.scopes.groups.load(found.group_name)
    shown = READ_DRAFTS in scope.permissions or found.release.released_at is not None
    return _sight(scope, "finding:read") if shown else UNSEEN


async def _vulnerability(context: Context, value: Any, args: Arguments) -> Sight:
    if not isinstance(value, str):
        return await _vulnerabilities(context, [item["id"] for item in value])
    if args.get("as_of"):
        found = await find_any(context.store, VULNERABILITY, vulnerability_key, value)
    else:
        found = await find(context.loaders, VULNERABILITY, vulnerability_key, value)
    if found is None:
        return UNSEEN
    scope = await context.scopes.groups.load(found.group_name)
    return Sight(scope) if sees_vulnerability(scope.permissions, found) else UNSEEN


def _check_number(ids: Sequence[str]) -> None:
    """Refuse lists that are not worth looking up; the number says nothing about what exists."""
    if not ids:
        raise Rejected(Reason.REQUIRED, ("items",))
    if len(ids) > MAX_ITEMS:
        raise Rejected(Reason.TOO_MANY_ITEMS, ("items",))


async def _vulnerabilities(context: Context, ids: Sequence[str]) -> Sight:
    """Several vulnerabilities of one group: the group of the first that is visible."""
    _check_number(ids)
    found = await find_many(context.loaders, VULNERABILITY, vulnerability_key, ids)
    scopes = await context.scopes.groups.load_many([one.group_name if one else "" for one in found])
    seen = [
        scope if one and sees_vulnerability(scope.permissions, one) else NOWHERE
        for one, scope in zip(found, scopes, strict=True)
    ]
    place = next((scope for scope in seen if scope.group), NOWHERE)
    unseen = tuple((str(index), "id") for index, scope in enumerate(seen) if not scope.group or scope.group != place.group)
    return Sight(place, unseen)


FINDERS: Final[Mapping[Target, Finder]] = {
    Target.PLATFORM: _platform,
    Target.PARENT: _parent,
    Target.ORGANIZATION: _organization,
    Target.GROUP: _group,
    Target.ROOT: _root,
    Target.FINDING: _finding,
    Target.VULNERABILITY: _vulnerability,
    Target.IMPORT: _import,
}
