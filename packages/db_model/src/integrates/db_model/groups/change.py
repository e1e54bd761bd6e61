"""Changes of groups with everything that has to change in the same transaction."""

from integrates.db_model.entity import claim, counter
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import organization_key
from integrates.db_model.organizations.types import Organization
from integrates.db_model.store.port import Check, Version


def added(group: Group, organization: Organization, stamp: Stamp) -> Plan[Group]:
    """Plan to store a new group of an organization and claim its name, which is never used again."""
    return planning.together(
        planning.added(GROUP, group, stamp),
        claim.taken("group_name", group.name, owner=group.name),
        counter.guarded(counter.organization_counters_key(organization.id), "groups"),
        Check(organization_key(organization.id), Version(organization.version)),
    )
