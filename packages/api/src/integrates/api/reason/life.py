"""Reasons about the life of a vulnerability, and what belongs to it: comments, evidence, events, finding policies."""

from collections.abc import Mapping
from typing import Final

from integrates.api.meaning import ErrorCode, Meaning
from integrates.db_model.errors import Reason

_NOT_FOUND: Final = ErrorCode.NOT_FOUND
_INVALID: Final = ErrorCode.INVALID
_LIMIT: Final = ErrorCode.LIMIT_EXCEEDED

LIFE_REASONS: Final[Mapping[Reason, Meaning]] = {
    Reason.NOT_VULNERABLE: Meaning(
        _INVALID,
        "It is not VULNERABLE.",
        "the vulnerability is not in the state VULNERABLE",
    ),
    Reason.NOT_SAFE: Meaning(
        _INVALID,
        "It is not SAFE.",
        "the vulnerability is not in the state SAFE",
    ),
    Reason.NOT_SUBMITTED: Meaning(
        _INVALID,
        "It is not SUBMITTED.",
        "the vulnerability or the finding policy is not in the state SUBMITTED",
    ),
    Reason.NOT_REJECTED: Meaning(
        _INVALID,
        "It is not REJECTED.",
        "the vulnerability is not in the state REJECTED",
    ),
    Reason.NOT_RELEASED: Meaning(
        _INVALID,
        "It is still a draft.",
        "the vulnerability is neither VULNERABLE nor SAFE",
    ),
    Reason.IS_SAFE: Meaning(
        _INVALID,
        "A SAFE vulnerability cannot be removed on its own.",
        "the vulnerability is SAFE, and is removed only with its finding",
    ),
    Reason.HIDDEN: Meaning(
        _INVALID,
        "A confirmed zero risk hides it.",
        "a confirmed zero risk hides the vulnerability",
    ),
    Reason.OUTSIDE_ROOT: Meaning(
        _INVALID,
        "This location does not belong to the root.",
        "a root of this kind does not hold vulnerabilities of this type, or the location is outside of its address; of a "
        "repository, a page is below none of its environment urls",
    ),
    Reason.NO_SEVERITY: Meaning(
        _INVALID,
        "The finding has no severity yet.",
        "the finding has no severity, which its vulnerabilities need before they are confirmed or inherit one",
    ),
    Reason.NO_EVIDENCE: Meaning(
        _INVALID,
        "The finding has no evidence yet.",
        "the finding has no evidence, which its vulnerabilities need before they are confirmed",
    ),
    Reason.ALREADY_REQUESTED: Meaning(
        _INVALID,
        "This has been requested already.",
        "a permanent acceptance has been requested or approved already, or a verification, a zero risk or the solution of an "
        "event has been requested",
    ),
    Reason.ALREADY_CONFIRMED: Meaning(
        _INVALID,
        "The zero risk is confirmed already.",
        "the zero risk of the vulnerability is CONFIRMED already",
    ),
    Reason.NOT_REQUESTED: Meaning(
        _INVALID,
        "Nobody has requested this.",
        "there is no request that could be answered or held: of a permanent acceptance, a verification, a zero risk or the "
        "solution of an event",
    ),
    Reason.OWN_REQUEST: Meaning(
        _INVALID,
        "Somebody else has to answer this request.",
        "the caller made the request, and somebody else has to answer it",
    ),
    Reason.IN_BOTH_LISTS: Meaning(
        _INVALID,
        "It stands in both lists.",
        "the vulnerability stands in `open` and in `closed`",
    ),
    Reason.ACCEPTANCE_TOO_LONG: Meaning(
        _INVALID,
        "The policy does not allow accepting a vulnerability for that long.",
        "`acceptedUntil` is further ahead than the policy `maxAcceptanceDays` allows",
    ),
    Reason.ACCEPTANCE_DATE_PAST: Meaning(
        _INVALID,
        "The end of the acceptance has to be in the future.",
        "`acceptedUntil` is not in the future",
    ),
    Reason.SEVERITY_OUT_OF_POLICY: Meaning(
        _INVALID,
        "The policy does not allow accepting a vulnerability of this score.",
        "the score is outside of what the policies `minAcceptanceSeverity` and `maxAcceptanceSeverity` allow, or there is none",
    ),
    Reason.BAD_ASSIGNED: Meaning(
        _INVALID,
        "This person cannot be assigned.",
        "the person lacks `vulnerability:be_assigned` in the group, or nobody may be assigned with this treatment",
    ),
    Reason.TOO_MANY_ACCEPTANCES: Meaning(
        _LIMIT,
        "It was accepted temporarily as often as the policy allows.",
        "the vulnerability was accepted temporarily as often as the policy `maxNumberAcceptances` allows",
    ),
    Reason.EVENT_SOLVED: Meaning(
        _INVALID,
        "The event is solved.",
        "the event is SOLVED, which is final",
    ),
    Reason.REASON_NOT_ALLOWED: Meaning(
        _INVALID,
        "An event of this type is not solved for this reason.",
        "the reason is none for which an event of its type is solved",
    ),
    Reason.TOO_MANY_HELD: Meaning(
        _LIMIT,
        "The event holds as many vulnerabilities as it may.",
        "the event holds 100 vulnerabilities already, or would hold more",
    ),
    Reason.DRAFT_FINDING: Meaning(
        _INVALID,
        "A finding without released vulnerabilities takes observations only.",
        "the finding is a draft, which takes comments of the type OBSERVATION only",
    ),
    Reason.NO_PARENT: Meaning(
        _NOT_FOUND,
        "There is no such comment to answer.",
        "there is no comment with the id of `parentId` at this object, or the caller may not see it",
    ),
    Reason.NOT_APPROVED: Meaning(
        _INVALID,
        "The policy is not APPROVED.",
        "the finding policy is not in the state APPROVED",
    ),
    Reason.ALREADY_ACTIVE: Meaning(
        _INVALID,
        "The policy is in force or waits for an answer already.",
        "the finding policy is SUBMITTED or APPROVED already",
    ),
    Reason.BAD_FILE_TYPE: Meaning(
        _INVALID,
        "Files of this type are not taken here.",
        "the leading bytes of the file are those of no type that the slot takes; or a log is no text in UTF-8",
    ),
    Reason.EMPTY_SLOT: Meaning(
        _NOT_FOUND,
        "There is no file in this slot.",
        "the slot has no file whose description could change, or which could be removed",
    ),
}
