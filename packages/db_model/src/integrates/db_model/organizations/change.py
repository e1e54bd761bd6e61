"""Changes of organizations with everything that has to change in the same transaction."""

from typing import Any

from integrates.db_model.access.change import granted_organization
from integrates.db_model.access.types import OrganizationRole
from integrates.db_model.entity import claim
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.organizations.types import Organization


def added(organization: Organization, stamp: Stamp) -> Plan[Organization]:
    """Plan to store a new organization and claim its name."""
    plan = planning.added(ORGANIZATION, organization, stamp)
    return planning.together(plan, claim.taken("organization_name", organization.info.name, owner=organization.id))


def founded(organization: Organization, stamp: Stamp) -> tuple[Plan[Any], ...]:
    """Plan to store a new organization whose creator is its first manager."""
    access = granted_organization(stamp.by, organization.id, OrganizationRole.ORGANIZATION_MANAGER, stamp)
    return (added(organization, stamp), access)
