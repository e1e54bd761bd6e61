"""How organizations are stored."""

from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, key_of, shard
from integrates.db_model.organizations.rules import is_live
from integrates.db_model.organizations.types import Organization
from integrates.db_model.store.port import Key

ORGANIZATION: Final = Facet(
    name="organization",
    type=Organization,
    parts=lambda organization: {"id": organization.id, "shard": shard(organization.id)},
    listed=lambda _: (1,),
    is_live=is_live,
    audit=lambda organization: Audit(organization=organization.id),
)


def organization_key(organization_id: str) -> Key:
    """Build the key of an organization."""
    return key_of("organization", {"id": organization_id})
