"""How stakeholders are stored."""

from functools import lru_cache
from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, Parent, key_of, shard
from integrates.db_model.stakeholders.rules import is_live, whole
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.store.port import Key

STAKEHOLDER: Final = Facet(
    name="stakeholder",
    type=Stakeholder,
    audit=lambda _: Audit(),
    is_live=is_live,
    identity=lambda person: person.email,
    variables={"shard": lambda person: shard(person.email)},
    fixed=("info.email",),
    check=whole,
)


@lru_cache(maxsize=4_096)
def stakeholder_key(email: str) -> Key:
    """Return the key of a stakeholder. ``email`` is in lower case."""
    return key_of("stakeholder", {"email": email})


def known_person(email: str, path: tuple[str, ...]) -> Parent:
    """Return a person as a parent that must stay at the version read."""
    return Parent(facet=STAKEHOLDER, key=stakeholder_key(email), path=path)
