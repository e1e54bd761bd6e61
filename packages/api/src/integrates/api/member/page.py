"""The lists of members, invited ones too; who was removed as a person is left out."""

from collections.abc import Sequence
from typing import Any

from integrates.api.context import Context, Info
from integrates.api.resolve.connection import Connection, Keep, Walk, connected, counter_total, entities
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.loader import load_many
from integrates.db_model.groups.facet import group_counters_keys
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key


def _people(context: Context) -> Keep[OrganizationAccess | GroupAccess]:
    async def keep(found: Sequence[OrganizationAccess | GroupAccess]) -> Sequence[bool]:
        people = await load_many(context.loaders, STAKEHOLDER, [stakeholder_key(access.email) for access in found])
        return [person is not None for person in people]

    return keep


async def members_of_organization(source: Organization, info: Info, **args: Any) -> Connection:
    """Return the members of the organization, by e-mail."""
    query = listing(ORGANIZATION_ACCESS.name, "members_of_organization", {"organization_id": source.id})
    read = entities(info.context, ORGANIZATION_ACCESS)
    return await connected(info, source.id, args, Walk(stretches=(query,), read=read, keep=_people(info.context)))


async def members_of_group(source: Group, info: Info, **args: Any) -> Connection:
    """Return the members of the group, by e-mail; their total is the counter that guards how many there may be."""
    query = listing(GROUP_ACCESS.name, "members_of_group", {"group_name": source.name})
    read = entities(info.context, GROUP_ACCESS)
    total = counter_total(info.context, group_counters_keys(source.name), "members")
    return await connected(info, source.name, args, Walk(stretches=(query,), read=read, keep=_people(info.context)), total)
