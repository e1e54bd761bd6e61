"""How stakeholders are stored."""

from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, key_of, shard
from integrates.db_model.stakeholders.rules import is_live
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.store.port import Key

STAKEHOLDER: Final = Facet(
    name="stakeholder",
    type=Stakeholder,
    parts=lambda person: {"email": person.email, "shard": shard(person.email)},
    listed=lambda _: (1,),
    is_live=is_live,
    audit=lambda _: Audit(),
)


def stakeholder_key(email: str) -> Key:
    """Build the key of a stakeholder; ``email`` in lower case."""
    return key_of("stakeholder", {"email": email})
