"""Whole comments and events (E13): a row for each bad value of each member."""

from msgspec.structs import replace
from packages.db_model.tests.rules.whole.judge import state
from packages.db_model.tests.rules.whole.value import ADA, AT, EVERY, ID, KEPT, LONG_ENOUGH, Kind, Row, Take, below

from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.entity.types import Entity
from integrates.db_model.events.types import Event, EventInfo, EventState, EventStatus, EventType, SolvingReason
from integrates.db_model.values import text as texts

OTHER_ID = "22222222-2222-4222-8222-222222222222"
COMMENT = Comment(
    id=ID,
    group_name="webshop",
    organization_id=ID,
    finding_id=ID,
    parent_id=OTHER_ID,
    type=CommentType.CONSULT,
    content="Is it so?",
    **KEPT,
)
ON_GROUP = replace(COMMENT, finding_id=None, parent_id=None, type=None)
EVENT = Event(
    id=ID,
    group_name="webshop",
    organization_id=ID,
    root_id=ID,
    event_date=AT,
    info=EventInfo(type=EventType.WORK_SUSPENDED, description="The work stands still"),
    state=EventState(status=EventStatus.CREATED, at=AT, by=ADA),
    **KEPT,
)
ASKED = state(EVENT, status=EventStatus.VERIFICATION_REQUESTED, comments=LONG_ENOUGH)
SOLVED = state(EVENT, status=EventStatus.SOLVED, reason=SolvingReason.OTHER, other=LONG_ENOUGH)

GOOD: list[Entity] = [
    COMMENT,
    ON_GROUP,
    replace(ON_GROUP, event_id=ID, parent_id=OTHER_ID),
    EVENT,
    replace(EVENT, root_id=None),
    ASKED,
    state(EVENT, comments=LONG_ENOUGH),
    SOLVED,
    state(EVENT, status=EventStatus.SOLVED, reason=SolvingReason.IS_OK_TO_RESUME),
]
KINDS: list[tuple[Entity, list[Kind]]] = [
    (
        COMMENT,
        [
            *(kind for kind in EVERY if not kind[0].startswith("state.")),
            ("id", "ids"),
            ("organization_id", "ids"),
            ("group_name", "names"),
            ("finding_id", "ids"),
            ("parent_id", "ids"),
            ("content", "blocks", 20_000, 1),
        ],
    ),
    (replace(ON_GROUP, event_id=ID), [("event_id", "ids")]),
    (
        EVENT,
        [
            *EVERY,
            ("id", "ids"),
            ("organization_id", "ids"),
            ("group_name", "names"),
            ("root_id", "ids"),
            ("info.description", "blocks", 300, 1),
            ("state.by", "actors"),
        ],
    ),
]
ROWS: list[tuple[Entity, list[Row]]] = [
    (
        COMMENT,
        [
            *below("type", ("CONSULT", "wrong_type"), (None, "required")),
            *below("finding_id", (7, "wrong_type")),
            ("finding_id", None, "inconsistent", "type"),
            *below("event_id", (ID, "inconsistent")),
            *below("parent_id", (ID, "inconsistent")),
        ],
    ),
    (ON_GROUP, [*below("type", (CommentType.OBSERVATION, "inconsistent")), ("finding_id", ID, "required", "type")]),
    (
        EVENT,
        [
            *below("event_date", (None, "wrong_type"), (AT.replace(tzinfo=None), "bad_format")),
            *below("event_date", (AT.replace(year=AT.year + 1), "in_future")),
            *below("info.type", ("OTHER", "wrong_type")),
            *below("state.reason", ("OTHER", "wrong_type"), (SolvingReason.OTHER, "inconsistent")),
            *below("state.other", ("short", "too_short"), (LONG_ENOUGH, "inconsistent")),
            *below("state.comments", ("short", "too_short")),
            ("state.status", EventStatus.VERIFICATION_REQUESTED, "required", "state.comments"),
            ("state.status", EventStatus.SOLVED, "required", "state.reason"),
        ],
    ),
    (ASKED, [*below("state.comments", (None, "required"))]),
    (
        SOLVED,
        [
            *below("state.reason", (None, "required"), (SolvingReason.DATA_UPDATED, "reason_not_allowed")),
            ("state.reason", SolvingReason.IS_OK_TO_RESUME, "inconsistent", "state.other"),
            *below("state.other", (None, "required")),
            *below("state.comments", (LONG_ENOUGH, "inconsistent")),
            ("info.type", EventType.CLONING_ISSUES, "reason_not_allowed", "state.reason"),
        ],
    ),
]
TAKEN: list[tuple[Entity, str, Take]] = [
    (COMMENT, "content", texts.comment_content),
    (EVENT, "info.description", texts.event_description),
]
