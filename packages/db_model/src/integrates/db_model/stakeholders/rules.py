"""What a stakeholder may hold (domain sections 2 and 10.1)."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Rejected
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderStatus
from integrates.db_model.values.check import Arguments, whole_of
from integrates.db_model.values.text import email, person_text

_FIELDS: Final = whole_of(
    Stakeholder,
    {
        **ENTITY,
        "info.email": email,
        "info.first_name": person_text,
        "info.last_name": person_text,
        "state.by": by,
    },
)


class GivenNames(Struct, frozen=True, kw_only=True):
    """The checked arguments of what a person is called."""

    first_name: str | None = None
    last_name: str | None = None


NAMES: Final = Arguments(GivenNames, {"first_name": person_text, "last_name": person_text})
"""What a person says of themselves."""


def is_live(stakeholder: Stakeholder) -> bool:
    """Return whether the person was not removed."""
    return stakeholder.state.status is StakeholderStatus.ACTIVE


def whole(stakeholder: Stakeholder) -> Iterator[Rejected]:
    """Yield each refusal of a person in any state (E13)."""
    yield from _FIELDS(stakeholder)
