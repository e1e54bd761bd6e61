"""The rules of the fields of every entity, and of stamps (domain rules E1, E6, E13)."""

from collections.abc import Mapping
from typing import Final

from integrates.db_model.entity.types import Stamp
from integrates.db_model.values.check import Normaliser, number, remembered, whole_of
from integrates.db_model.values.text import actor, identifier, word

MAX_COUNT: Final = 1_000_000_000
"""Larger than any count that an entity reaches."""

by: Final = remembered(actor)
"""The normaliser of an actor."""
ENTITY: Final[Mapping[str, Normaliser]] = {
    "created_by": by,
    "version": number(0, MAX_COUNT),
    "schema": number(0, MAX_COUNT),
}
"""The rows that the field tables of all entities have in common."""

whole_stamp: Final = whole_of(Stamp, {"by": by, "operation": word, "change_id": remembered(identifier, 64)})
"""Returns each refusal of a stamp: of a date that is not in UTC or too late, of a bad actor, operation or change id."""
