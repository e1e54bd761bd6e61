"""How groups are stored."""

from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, key_of
from integrates.db_model.groups.rules import is_live
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import Key

GROUP: Final = Facet(
    name="group",
    type=Group,
    parts=lambda group: {"name": group.name, "organization_id": group.organization_id},
    listed=lambda _: (1,),
    is_live=is_live,
    audit=lambda group: Audit(group=group.name, organization=group.organization_id),
)


def group_key(name: str) -> Key:
    """Build the key of a group."""
    return key_of("group", {"name": name})
