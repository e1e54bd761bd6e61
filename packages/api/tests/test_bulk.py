"""What is told of a bulk change: the refusals of the first step that has any, and what became of each item (M4, M5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrates.api.resolve.bulk import first_step, payload
from integrates.db_model.entity.bulk import Refused, Written
from integrates.db_model.errors import (
    AlreadyExists,
    Corrupt,
    IntegratesError,
    LimitExceeded,
    ModelError,
    NotFound,
    Outdated,
    Raced,
    Reason,
    Rejected,
    Rejections,
    Stale,
)

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

INVISIBLE = NotFound("vulnerability", "x")
FORBIDDEN = Rejections([Rejected(Reason.ASSIGN_OTHERS, ("assigned",))])
STALE = Stale("vulnerability", "x", 7)
ARGUMENTS = Rejections([Rejected(Reason.TOO_SHORT, ("justification",)), Rejected(Reason.REQUIRED, ("accepted_until",))])
STATE = Rejections([Rejected(Reason.NOT_VULNERABLE), Rejected(Reason.HIDDEN)])
TAKEN = AlreadyExists(Reason.PLACE_REPORTED, ("where",))
PATHS = [("items", str(position), "id") for position in range(3)]
IN_ORDER: list[ModelError] = [INVISIBLE, FORBIDDEN, STALE, ARGUMENTS, STATE, TAKEN]


@pytest.mark.parametrize("step", range(len(IN_ORDER)))
def test_only_the_first_step_is_told(step: int) -> None:
    later = {len(IN_ORDER) - position: error for position, error in enumerate(IN_ORDER[step:], step)}
    found = first_step(later)
    first = IN_ORDER[step]
    assert found == {len(IN_ORDER) - step: first.refusals if isinstance(first, Rejections) else (first,)}


def test_an_argument_is_told_once_and_an_item_each_time() -> None:
    assert first_step({0: ARGUMENTS, 1: ARGUMENTS}) == {0: ARGUMENTS.refusals}
    assert first_step({0: STATE, 1: STATE}) == {0: STATE.refusals, 1: STATE.refusals}
    newer = Outdated("vulnerability", "x", 2)
    assert first_step({0: STALE, 1: newer}) == {0: (STALE,), 1: (newer,)}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (STALE, ("CONFLICT", "stale_version", ("items", "1", "id"))),
        (Raced("x"), ("CONFLICT", "concurrent_change", ("items", "1", "id"))),
        (LimitExceeded("item_bytes", 2, 1, 0), ("LIMIT_EXCEEDED", "too_large", ("items", "1", "id"))),
        (Outdated("vulnerability", "x", 2), ("CONFLICT", "outdated_service", ("items", "1", "id"))),
        (Rejected(Reason.HIDDEN), ("INVALID", "hidden", ("items", "1", "id"))),
        (NotFound("group", "x", ("group_name",)), ("NOT_FOUND", "not_found", ("items", "1", "id"))),
        (Corrupt("vulnerability", "x"), ("CONFLICT", "unavailable", ("items", "1", "id"))),
    ],
)
def test_each_item_that_was_not_written_is_told(world: World, error: IntegratesError, told: Any) -> None:
    found = payload(Written({0: "one", 2: "two"}, {1: error}), PATHS, world.call("uri"))
    assert found["vulnerabilities"] == ["one", "two"]
    assert [(one.code, one.reason, one.path) for one in found["errors"]] == [told]


def test_what_is_our_fault_is_raised_while_nothing_is_written(world: World) -> None:
    corrupt = Corrupt("vulnerability", "x")
    for outcome in (Written({}, {0: STALE, 1: corrupt}), Refused({0: STALE, 1: corrupt})):
        with pytest.raises(Corrupt):
            payload(outcome, PATHS, world.call("uri"))


def test_when_every_item_is_lost_there_are_no_objects(world: World) -> None:
    assert payload(Written({}, {0: STALE}), PATHS, world.call("uri"))["vulnerabilities"] is None
