"""How access records are stored."""

from typing import Final

from integrates.db_model.access.rules import is_live
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.entity.facet import Audit, Facet, key_of
from integrates.db_model.store.port import Key

ORGANIZATION_ACCESS: Final = Facet(
    name="organization_access",
    type=OrganizationAccess,
    parts=lambda access: {"email": access.email, "organization_id": access.organization_id},
    listed=lambda _: (1,),
    is_live=is_live,
    audit=lambda access: Audit(organization=access.organization_id),
)
GROUP_ACCESS: Final = Facet(
    name="group_access",
    type=GroupAccess,
    parts=lambda access: {"email": access.email, "group_name": access.group_name},
    listed=lambda _: (1,),
    is_live=is_live,
    audit=lambda access: Audit(group=access.group_name),
)


def organization_access_key(email: str, organization_id: str) -> Key:
    """Build the key of a person's access to an organization."""
    return key_of("organization_access", {"email": email, "organization_id": organization_id})


def group_access_key(email: str, group_name: str) -> Key:
    """Build the key of a person's access to a group."""
    return key_of("group_access", {"email": email, "group_name": group_name})
