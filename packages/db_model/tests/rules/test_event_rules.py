"""Events: which reasons solve which, and how their states follow each other (domain section 3)."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from packages.db_model.tests.rules.whole.value import ADA, AT, ID, KEPT

from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected, Rejections
from integrates.db_model.events import rules
from integrates.db_model.events.types import Event, EventInfo, EventState, EventStatus, EventType, SolvingReason
from integrates.db_model.evidences.rules import TypedFile, evidence_of
from integrates.db_model.evidences.types import Evidence, EvidenceSlot, MediaType

GONE = "RESOURCE_REMOVED_FROM_SCOPE"
TABLE = {
    "AUTHORIZATION_SPECIAL_ATTACK": {"PERMISSION_DENIED", "PERMISSION_GRANTED"},
    "CLONING_ISSUES": {"CLONED_SUCCESSFULLY", GONE},
    "CREDENTIAL_ISSUES": {"CREDENTIALS_ARE_WORKING_NOW", "NEW_CREDENTIALS_PROVIDED", GONE},
    "DATA_UPDATE_REQUIRED": {"DATA_UPDATED", "OTHER", GONE},
    "ENVIRONMENT_ISSUES": {"ENVIRONMENT_IS_WORKING_NOW", "NEW_ENVIRONMENT_PROVIDED", GONE},
    "INSTALLER_ISSUES": {"INSTALLER_IS_WORKING_NOW", "OTHER", GONE},
    "MILESTONE_CANCELLED": {"OTHER"},
    "OTHER": {"OTHER"},
    "MISSING_SUPPLIES": {"SUPPLIES_WERE_GIVEN", "OTHER", GONE},
    "NETWORK_ACCESS_ISSUES": {"PERMISSION_GRANTED", "OTHER", GONE},
    "REMOTE_ACCESS_ISSUES": {"ACCESS_GRANTED", "OTHER"},
    "VPN_ISSUES": {"ACCESS_GRANTED", "OTHER"},
    "TOE_DIFFERS_APPROVED": {"TOE_CHANGE_APPROVED", "TOE_WILL_REMAIN_UNCHANGED"},
    "WORK_SUSPENDED": {"IS_OK_TO_RESUME", "OTHER", GONE},
}
"""The table of the domain, written down anew."""
WORDS = "It works again now"
CREATED, REQUESTED, SOLVED = EventStatus.CREATED, EventStatus.VERIFICATION_REQUESTED, EventStatus.SOLVED
STATES = {
    CREATED: EventState(status=CREATED, at=AT, by=ADA),
    REQUESTED: EventState(status=REQUESTED, at=AT, by=ADA, comments=WORDS),
    SOLVED: EventState(status=SOLVED, at=AT, by=ADA, reason=SolvingReason.OTHER, other=WORDS),
}


def picture(slot: str) -> Evidence:
    stamp = Stamp(by=ADA, at=AT, operation="test", change_id=ID)
    return evidence_of(ID, EvidenceSlot(slot), TypedFile(b"x", MediaType.PNG), stamp)


def event(status: EventStatus = CREATED, kind: EventType = EventType.OTHER) -> Event:
    info = EventInfo(type=kind, description="The host does not answer")
    return Event(id=ID, group_name="webshop", organization_id=ID, event_date=AT, info=info, state=STATES[status], **KEPT)


def told(error: Exception) -> list[tuple[str, tuple[str, ...]]]:
    refusals = error.refusals if isinstance(error, Rejections) else (error,)
    return [(one.reason.value, one.path) for one in refusals if isinstance(one, Rejected)]


def words_for(reason: str) -> dict[str, str]:
    return {"reason": reason, **({"other": WORDS} if reason == "OTHER" else {})}


def test_the_table_has_every_type() -> None:
    assert TABLE.keys() == set(EventType)
    assert {kind.value: {one.value for one in found} for kind, found in rules.SOLVING_REASONS.items()} == TABLE
    assert set().union(*TABLE.values()) == set(SolvingReason)


@pytest.mark.parametrize("kind", EventType)
@pytest.mark.parametrize("reason", SolvingReason)
@pytest.mark.parametrize("status", [CREATED, REQUESTED])
def test_an_event_is_solved_for_the_reasons_of_its_type(kind: EventType, reason: SolvingReason, status: EventStatus) -> None:
    before, given = event(status, kind), words_for(reason)
    if reason in TABLE[kind]:
        after = rules.solved(before, given, by=ADA, at=AT)
        assert after == replace(before, state=EventState(status=SOLVED, at=AT, by=ADA, reason=reason, other=given.get("other")))
        assert list(rules.whole(after)) == []
        return
    with pytest.raises(Rejected) as caught:
        rules.solved(before, given, by=ADA, at=AT)
    assert told(caught.value) == [("reason_not_allowed", ("reason",))]
    wrong = replace(before, state=EventState(status=SOLVED, at=AT, by=ADA, reason=reason, other=given.get("other")))
    assert ("reason_not_allowed", ("state", "reason")) in [(one.reason, one.path) for one in rules.whole(wrong)]


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"reason": "OTHER"}, [("required", ("other",))]),
        ({"reason": "OTHER", "other": "Too short"}, [("too_short", ("other",))]),
        ({"reason": "OTHER", "other": "a" * 10_001}, [("too_long", ("other",))]),
        ({"reason": "ACCESS_GRANTED", "other": WORDS}, [("inconsistent", ("other",))]),
        ({"reason": "BECAUSE"}, [("bad_format", ("reason",))]),
        ({}, [("required", ("reason",))]),
    ],
)
@pytest.mark.parametrize("status", EventStatus)
def test_arguments_of_solving_go_before_states(given: Any, refusal: Any, status: EventStatus) -> None:
    with pytest.raises((Rejected, Rejections)) as caught:
        rules.solved(event(status), given, by=ADA, at=AT)
    assert told(caught.value) == refusal


STEPS = {
    "request": lambda one: rules.solution_claimed(one, {"comments": WORDS}, by=ADA, at=AT),
    "reject": lambda one: rules.solution_rejected(one, {"comments": WORDS}, by=ADA, at=AT),
    "solve": lambda one: rules.solved(one, words_for("OTHER"), by=ADA, at=AT),
    "describe": lambda one: rules.redescribed(one, {"description": "Another"}),
}


@pytest.mark.parametrize(
    ("status", "step", "outcome"),
    [
        (CREATED, "request", REQUESTED),
        (CREATED, "reject", Reason.NOT_REQUESTED),
        (CREATED, "solve", SOLVED),
        (CREATED, "describe", CREATED),
        (REQUESTED, "request", Reason.ALREADY_REQUESTED),
        (REQUESTED, "reject", CREATED),
        (REQUESTED, "solve", SOLVED),
        (REQUESTED, "describe", REQUESTED),
        (SOLVED, "request", Reason.EVENT_SOLVED),
        (SOLVED, "reject", Reason.EVENT_SOLVED),
        (SOLVED, "solve", Reason.EVENT_SOLVED),
        (SOLVED, "describe", Reason.EVENT_SOLVED),
    ],
)
def test_states_follow_each_other(status: EventStatus, step: str, outcome: EventStatus | Reason) -> None:
    if isinstance(outcome, Reason):
        with pytest.raises(Rejected) as caught:
            STEPS[step](event(status))
        assert told(caught.value) == [(outcome.value, ("id",))]
        return
    after = STEPS[step](event(status))
    assert after.state.status is outcome
    assert list(rules.whole(after)) == []


@pytest.mark.parametrize("step", [rules.solution_claimed, rules.solution_rejected])
@pytest.mark.parametrize("status", EventStatus)
def test_comments_are_arguments_which_go_before_states(step: Any, status: EventStatus) -> None:
    for given, reason in (({"comments": "short"}, "too_short"), ({"comments": "a" * 10_001}, "too_long"), ({}, "required")):
        with pytest.raises(Rejections) as caught:
            step(event(status), given, by=ADA, at=AT)
        assert told(caught.value) == [(reason, ("comments",))]


def test_a_request_and_its_rejection_say_why() -> None:
    asked = rules.solution_claimed(event(), {"comments": f" {WORDS} "}, by="vera@demo.example", at=AT)
    assert asked.state == EventState(status=REQUESTED, at=AT, by="vera@demo.example", comments=WORDS)
    back = rules.solution_rejected(asked, {"comments": "It still does not"}, by=ADA, at=AT)
    assert back.state == EventState(status=CREATED, at=AT, by=ADA, comments="It still does not")


def test_what_is_left_out_of_a_description_stays() -> None:
    before = event()
    assert rules.redescribed(before, {"description": None}) == before
    other = rules.redescribed(before, {"type": "VPN_ISSUES"})
    assert other.info == EventInfo(type=EventType.VPN_ISSUES, description=before.info.description)
    with pytest.raises(Rejections) as caught:
        rules.redescribed(before, {"type": "NOTHING", "description": "a" * 301})
    assert told(caught.value) == [("bad_format", ("type",)), ("too_long", ("description",))]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda one: replace(one, event_date=AT + timedelta(microseconds=1)), ("in_future", ("event_date",))),
        (lambda one: replace(one, info=replace(one.info, description="")), ("required", ("info", "description"))),
        (lambda one: replace(one, root_id="no id"), ("bad_characters", ("root_id",))),
        (lambda one: replace(one, state=replace(one.state, other=WORDS)), ("inconsistent", ("state", "other"))),
        (
            lambda one: replace(one, state=replace(one.state, reason=SolvingReason.OTHER)),
            ("inconsistent", ("state", "reason")),
        ),
        (lambda one: replace(one, state=replace(one.state, status=REQUESTED)), ("required", ("state", "comments"))),
        (lambda one: replace(one, state=replace(one.state, status=SOLVED)), ("required", ("state", "reason"))),
        (
            lambda one: replace(one, state=replace(STATES[SOLVED], other=None)),
            ("required", ("state", "other")),
        ),
        (
            lambda one: replace(one, state=replace(STATES[SOLVED], comments=WORDS)),
            ("inconsistent", ("state", "comments")),
        ),
        (
            lambda _: replace(
                event(kind=EventType.VPN_ISSUES),
                state=replace(STATES[SOLVED], reason=SolvingReason.ACCESS_GRANTED),
            ),
            ("inconsistent", ("state", "other")),
        ),
        (lambda one: replace(one, evidences=(picture("EVIDENCE1"),)), ("inconsistent", ("evidences", "0", "slot"))),
        (
            lambda one: replace(one, evidences=(picture("IMAGE_2"), picture("IMAGE_1"))),
            ("inconsistent", ("evidences",)),
        ),
        (
            lambda one: replace(one, evidences=(replace(picture("IMAGE_1"), description="d" * 501),)),
            ("too_long", ("evidences", "0", "description")),
        ),
    ],
)
def test_a_whole_event_is_judged(change: Any, refusal: Any) -> None:
    assert list(rules.whole(event())) == []
    assert list(rules.whole(replace(event(), evidences=(picture("FILE_1"), picture("IMAGE_1"))))) == []
    assert [(one.reason.value, one.path) for one in rules.whole(change(event()))] == [refusal]
