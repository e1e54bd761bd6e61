"""What every entity and every stamp have to keep (domain rules E1, E6, E13)."""

from collections.abc import Mapping
from typing import Final

from integrates.db_model.entity.types import Stamp
from integrates.db_model.values.check import Normaliser, number, remembered, whole_of
from integrates.db_model.values.text import actor, identifier, word

MAX_COUNT: Final = 1_000_000_000
"""Larger than any count in an entity."""

by: Final = remembered(actor)
"""Who did something."""
ENTITY: Final[Mapping[str, Normaliser]] = {
    "created_by": by,
    "version": number(0, MAX_COUNT),
    "schema": number(0, MAX_COUNT),
}
"""The rows that the tables of all entities begin with."""

whole_stamp: Final = whole_of(Stamp, {"by": by, "operation": word, "change_id": remembered(identifier, 64)})
"""Return each refusal of a stamp: a date that is not UTC or too late, a bad actor, operation or change id."""
