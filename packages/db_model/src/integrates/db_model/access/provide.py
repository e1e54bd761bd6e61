"""Bringing the roles of a person into line with what the provider says by which they log in (domain section 10.2)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.access.commands import group_member, organization_member
from integrates.db_model.access.departure import accesses_of
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.grant import join_group
from integrates.db_model.access.invitation import raised, withdrawn
from integrates.db_model.access.rank import Role
from integrates.db_model.access.rules import is_member, role_of
from integrates.db_model.access.source import role_given, sources
from integrates.db_model.access.types import (
    GroupAccess,
    GroupGrant,
    GroupRole,
    OrganizationAccess,
    OrganizationRole,
)
from integrates.db_model.entity import claim, command, read, revision
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import Facet
from integrates.db_model.entity.plan import effective_at
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import ModelError, NotFound, Raced, Rejected, Rejections, Stale
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key, organization_name_key
from integrates.db_model.organizations.types import Organization
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.rules import is_live
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder
from integrates.db_model.store.port import Item, Key, Store

_PAGE: Final = 200


class Given(Struct, frozen=True, kw_only=True):
    """The roles that a provider gives a person, of organizations and groups by name."""

    platform: PlatformRole | None = None
    organizations: Mapping[str, OrganizationRole] = {}
    groups: Mapping[str, GroupRole] = {}


class Provided(Struct, frozen=True, kw_only=True):
    """How many roles were changed, and why some could not be, by the name of the organization or group."""

    changed: int = 0
    refused: Mapping[str, ModelError] = {}


class _Record(Struct, frozen=True):
    """The record of a person's role on the platform, in an organization or in a group, as read, and the role to be given there.

    ``organization`` is the id of the organization that it belongs to. ``altered`` returns the record with another role, given
    the record, the role and the stamp; ``role`` reads it.
    """

    name: str
    facet: Facet[Any]
    key: Key
    old: Any
    given: Role | None
    role: Callable[[Any], Role | None]
    altered: Callable[[Any, Any, Stamp], Any]
    organization: str | None = None

    @property
    def held(self) -> Role | None:
        """The role that the person has now."""
        return None if self.old is None else self.role(self.old)


async def provide(store: Store, email: str, given: Given, stamp: Stamp) -> Provided:
    """Grant, change and take away roles of a known person, so that they have what the provider gives and what people granted.

    ``stamp.by`` is the provider, as ``service:oidc:<name>``. A role in a group comes with membership of its organization, which
    stays as long as the person has a role in one of its groups. What does not exist, has no room or would lose its last manager
    is ``refused``, and all else is done. Raise ``Raced`` when others change the same all the time.
    """

    async def attempt() -> Provided:
        records, missing = await _records(store, email, given)
        roles = await _settled(store, records, stamp)
        made = Provided(refused={name: NotFound("organization or group", name) for name in missing})
        for record, role in _ordered(list(zip(records, roles, strict=True))):
            made = await _stored(store, record, role, stamp, made)
        return made

    return await repeated(attempt, on=(Raced, Stale))


async def _records(store: Store, email: str, given: Given) -> tuple[list[_Record], list[str]]:
    """Return the records of all roles that the person has or is given, and the names of what does not exist."""
    members = await accesses_of(store, ORGANIZATION_ACCESS, email)
    joined = await accesses_of(store, GROUP_ACCESS, email)
    named = sorted({*given.groups, *(one.group_name for one in joined)})
    groups = [one for one in await read.get_many(store, GROUP, [group_key(name) for name in named]) if one]
    ids = await _ids(store, given.organizations)
    wanted = {one.organization_id: OrganizationRole.USER for one in groups if one.name in given.groups}
    wanted |= {ids[name]: role for name, role in given.organizations.items() if name in ids}
    listed = sorted({*wanted, *(one.organization_id for one in members), *(one.organization_id for one in groups)})
    above = {one.id: one for one in await read.get_many(store, ORGANIZATION, [organization_key(one) for one in listed]) if one}
    unread = [
        _on_platform(email, given.platform),
        *(_in_organization(email, one, wanted.get(one.id)) for one in above.values()),
        *(_in_group(email, one, given.groups.get(one.name)) for one in groups if one.organization_id in above),
    ]
    items = await store.get([record.key for record in unread])
    records = [
        record if item is None else replace(record, old=decoded(record.facet, item))
        for record, item in zip(unread, items, strict=True)
    ]
    return records, sorted({*given.organizations, *given.groups} - {record.name for record in records[1:]})


async def _ids(store: Store, names: Iterable[str]) -> dict[str, str]:
    """Return the ids of the organizations of these names that exist."""
    keys = {name: organization_name_key(name) for name in names}
    items = await store.get(tuple(keys.values()))
    return {name: owner for name, item in zip(keys, items, strict=True) if (owner := claim.holder_of(item))}


async def _settled(store: Store, records: Sequence[_Record], stamp: Stamp) -> list[Role | None]:
    """Return the role that each record is to have; histories are read only where they matter, all at once."""
    open_ones = [one for one in records if one.held is not None and one.held is not one.given]
    past = await read.records_of_each(store.query, [one.key for one in open_ones if one.old.version > 1], limit=_PAGE)
    return [_role(record, past.get(record.key), stamp) for record in records]


def _role(record: _Record, past: Sequence[Item] | None, stamp: Stamp) -> Role | None:
    if record.held is None or record.held is record.given:
        return record.given
    if past is None:
        return role_given(sources([(record.old.created_by, record.held)]), stamp.by, record.given)
    made = [revision.of_item(item) for item in past]
    states = revision.states(record.facet, made)
    return role_given(
        sources((one.by, record.role(state)) for one, state in zip(made, states, strict=True)), stamp.by, record.given
    )


def _ordered(settled_ones: Sequence[tuple[_Record, Role | None]]) -> list[tuple[_Record, Role | None]]:
    """Return records with their roles in the order of writing: memberships of organizations begin first and end last.

    One stays, as ``user``, while the person has a role in a group of the organization.
    """
    used = {record.organization for record, role in settled_ones if record.facet is GROUP_ACCESS and role}
    ending = [one for one in settled_ones if one[0].facet is ORGANIZATION_ACCESS and one[1] is None]
    kept = [(record, OrganizationRole.USER if record.held and record.organization in used else None) for record, _ in ending]
    return [
        *(one for one in settled_ones if one[0].facet is ORGANIZATION_ACCESS and one[1]),
        *(one for one in settled_ones if one[0].facet is not ORGANIZATION_ACCESS),
        *kept,
    ]


async def _stored(store: Store, record: _Record, role: Role | None, stamp: Stamp, made: Provided) -> Provided:
    """Give the person that role, on condition that the record is as read."""
    if role is record.held or (record.facet is STAKEHOLDER and role is None and record.held is PlatformRole.USER):
        return made
    try:
        new = record.altered(record.old, role, stamp)
        if record.facet is GROUP_ACCESS and record.organization and role:
            await join_group(store, record.old, new, record.organization, stamp)
        else:
            await command.committed(store, record.facet, record.old, new, stamp)
    except (Rejected, Rejections, NotFound) as error:
        return replace(made, refused={**made.refused, record.name: error})
    return replace(made, changed=made.changed + 1)


def _on_platform(email: str, given: PlatformRole | None) -> _Record:
    def role(person: Stakeholder) -> PlatformRole | None:
        return person.access.role if is_live(person) else None

    def altered(old: Stakeholder | None, wanted: PlatformRole | None, _stamp: Stamp) -> Stakeholder:
        if old is None or not is_live(old):
            raise NotFound(STAKEHOLDER.name, email)
        return replace(old, access=replace(old.access, role=wanted or PlatformRole.USER))

    return _Record("platform", STAKEHOLDER, stakeholder_key(email), None, given, role, altered)


def _in_organization(email: str, organization: Organization, given: OrganizationRole | None) -> _Record:
    def altered(old: OrganizationAccess | None, role: OrganizationRole | None, stamp: Stamp) -> OrganizationAccess:
        if old is not None and role is None:
            return withdrawn(old, effective_at(stamp, old), stamp.by)
        return raised(old, organization_member(email, organization.id, role or OrganizationRole.USER, stamp), stamp)

    key = organization_access_key(email, organization.id)
    return _Record(organization.info.name, ORGANIZATION_ACCESS, key, None, given, role_of, altered, organization.id)


def _in_group(email: str, group: Group, given: GroupRole | None) -> _Record:
    def altered(old: GroupAccess | None, role: GroupRole | None, stamp: Stamp) -> GroupAccess:
        if old is not None and role is None:
            return withdrawn(old, effective_at(stamp, old), stamp.by)
        grant = replace(old.access, role=role) if old is not None and is_member(old) else GroupGrant(role=role)
        return raised(old, group_member(email, group.name, grant, stamp), stamp)

    key = group_access_key(email, group.name)
    return _Record(group.name, GROUP_ACCESS, key, None, given, role_of, altered, group.organization_id)
