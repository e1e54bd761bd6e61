"""Why something is refused: one table of all reasons, with the code, the sentence and the explanation of each."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from integrates.db_model.errors import Reason


class ErrorCode(StrEnum):
    """Kind of a refusal in the payload of a mutation."""

    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    CONFLICT = "CONFLICT"
    INVALID = "INVALID"
    FORBIDDEN = "FORBIDDEN"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"


class Meaning(NamedTuple):
    """What a reason means.

    ``sentence`` is for the person whose argument is refused and ends with a full stop, unlike ``explanation``, which is for
    those who write a program against the API.
    """

    code: ErrorCode
    sentence: str
    explanation: str


_NOT_FOUND, _EXISTS, _CONFLICT = ErrorCode.NOT_FOUND, ErrorCode.ALREADY_EXISTS, ErrorCode.CONFLICT
_INVALID, _FORBIDDEN, _LIMIT = ErrorCode.INVALID, ErrorCode.FORBIDDEN, ErrorCode.LIMIT_EXCEEDED

REASONS: Final[Mapping[Reason, Meaning]] = {
    Reason.REQUIRED: Meaning(_INVALID, "A value is needed.", "a value is needed"),
    Reason.TOO_SHORT: Meaning(_INVALID, "It is too short.", "the text is too short"),
    Reason.TOO_LONG: Meaning(_INVALID, "It is too long.", "the text is too long"),
    Reason.BAD_CHARACTERS: Meaning(
        _INVALID,
        "It has characters that are not allowed here.",
        "a character that may not occur, such as a control character, or a line break in a line",
    ),
    Reason.BAD_FORMAT: Meaning(
        _INVALID,
        "It is not in the expected format.",
        "the characters are in order, their arrangement is not; also an item that is named twice",
    ),
    Reason.OUT_OF_RANGE: Meaning(
        _INVALID,
        "It is out of range.",
        "a number or date outside of its range, or a value where there must be none",
    ),
    Reason.TOO_MANY_ITEMS: Meaning(
        _LIMIT,
        "The list is too long.",
        "the list is too long: 100 items of a bulk mutation, 50 gitignore patterns",
    ),
    Reason.NOT_CANONICAL: Meaning(
        _INVALID,
        "It is not in the form in which it is stored.",
        "a value that the model would store in another form: an e-mail in upper case, a git url with a password. The "
        "API brings arguments into that form; the model does not change what a program hands it",
    ),
    Reason.WRONG_TYPE: Meaning(
        _INVALID,
        "It is of another type than expected.",
        "a value of another type, such as a text where a list of texts is expected",
    ),
    Reason.IN_FUTURE: Meaning(_INVALID, "It is in the future.", "the date is in the future"),
    Reason.BAD_VECTOR: Meaning(
        _INVALID,
        "It is not a valid CVSS vector of the expected version.",
        "not a CVSS vector, or one of another version than 4.0 or 3.1",
    ),
    Reason.BAD_EXCLUSION: Meaning(
        _INVALID,
        "The pattern excludes everything, or cannot be read.",
        "a gitignore pattern that excludes everything, or that no program could read",
    ),
    Reason.INCONSISTENT: Meaning(
        _INVALID,
        "It contradicts another value of the same object.",
        "a value contradicts another one of the same object: a SAFE vulnerability without the date of closing",
    ),
    Reason.NOT_FIRST: Meaning(_INVALID, "A new object cannot begin like this.", "a new object does not begin in this state"),
    Reason.FIXED: Meaning(
        _INVALID,
        "It cannot be changed after the object was created.",
        "a member that is set once, when the object is created, such as its id or its group",
    ),
    Reason.WRONG_PARENT: Meaning(
        _INVALID,
        "It belongs to another organization, group, root or finding.",
        "the object that is named belongs to another organization, group, root or finding",
    ),
    Reason.SERVICE_ROLE: Meaning(
        _INVALID,
        "This role belongs to the CI identity, not to people.",
        "a person cannot have the role of the CI identity",
    ),
    Reason.ORGANIZATION_ONLY: Meaning(
        _INVALID,
        "Only an organization can set this.",
        "a group cannot set the inactivity period",
    ),
    Reason.LAST_MANAGER: Meaning(
        _INVALID,
        "An organization keeps at least one manager. Make somebody else one first.",
        "an organization always keeps one manager",
    ),
    Reason.NOT_EMPTY: Meaning(
        _INVALID,
        "It still has something in it. Remove that first.",
        "an object that contains others is not removed, such as an organization with groups",
    ),
    Reason.RANGE_INVERTED: Meaning(
        _INVALID,
        "The minimum is above the maximum.",
        "the lowest score that may be accepted is above the highest",
    ),
    Reason.DEBT_BEFORE_GRACE: Meaning(
        _INVALID,
        "It has to be longer than the grace period.",
        "`daysUntilItBreaks` has to be longer than the grace period",
    ),
    Reason.NOT_FOUND: Meaning(
        _NOT_FOUND,
        "There is no such object, or you may not see it.",
        "there is no such object, or the caller may not see it",
    ),
    Reason.UNKNOWN_PERSON: Meaning(_INVALID, "There is no such person.", "there is no such person, or the person was removed"),
    Reason.NAME_TAKEN: Meaning(
        _EXISTS,
        "The name is taken.",
        "the name is taken, perhaps by a group that is gone: names of groups are never used again",
    ),
    Reason.NICKNAME_TAKEN: Meaning(
        _EXISTS,
        "Another root of the group has this nickname.",
        "a root of the group has this nickname",
    ),
    Reason.LOCATION_TAKEN: Meaning(
        _EXISTS,
        "Another root of the organization has this url and branch.",
        "a root of the organization has this url and branch",
    ),
    Reason.TITLE_TAKEN: Meaning(
        _EXISTS,
        "Another finding of the group has this title.",
        "a finding of the group has this title or stands for this rule",
    ),
    Reason.PLACE_REPORTED: Meaning(
        _EXISTS,
        "A vulnerability at this location has been reported already.",
        "a vulnerability has this place already",
    ),
    Reason.STALE_VERSION: Meaning(
        _CONFLICT,
        "It has changed since you read it. Read it again, then decide.",
        "the object is not at `expectedVersion`; `currentVersion` tells where it is",
    ),
    Reason.CONCURRENT_CHANGE: Meaning(
        _CONFLICT,
        "Others are changing it at the same time. Try again.",
        "others changed the object, or what it depends on, several times in a row; try again",
    ),
    Reason.OUTDATED_SERVICE: Meaning(
        _CONFLICT,
        "A newer version of the service has written it. Try again when this one is updated.",
        "a newer version of the service has written the object: this one shows it, but does not change it",
    ),
    Reason.UNAVAILABLE: Meaning(
        _CONFLICT,
        "It may or may not have been changed, for a reason of ours. Read it again, then decide.",
        "a bulk change was written in part, and this item may or may not have been changed: the store did not answer, "
        "or the item is damaged. Read it again, then decide",
    ),
    Reason.MISSING_PERMISSION: Meaning(
        _FORBIDDEN,
        "Your role does not allow this.",
        "the object is visible, the permission is missing",
    ),
    Reason.SESSION_REQUIRED: Meaning(
        _FORBIDDEN,
        "A token cannot manage access tokens. Log in first.",
        "tokens are managed in a session, not with a token",
    ),
    Reason.ASSIGN_OTHERS: Meaning(
        _FORBIDDEN,
        "Your role may not assign other people.",
        "naming somebody else as `assigned` needs `vulnerability:assign`",
    ),
    Reason.TOO_MANY: Meaning(
        _LIMIT,
        "The limit is reached.",
        "the limit is reached: 500 roots, 20,000 findings, 1,000 members of a group",
    ),
    Reason.TOO_LARGE: Meaning(
        _LIMIT,
        "It would get larger than what can be stored.",
        "the object would become larger than the 400 KB that are stored of one",
    ),
    Reason.TOO_MANY_TOKENS: Meaning(
        _LIMIT,
        "The limit of 5 live access tokens is reached. Revoke one first.",
        "five live tokens a person",
    ),
    Reason.TOO_MANY_ACCEPTANCES: Meaning(
        _LIMIT,
        "It was accepted as often as the policy allows.",
        "the vulnerability was accepted for a time as often as the policy allows",
    ),
    Reason.EXPIRY_OUT_OF_RANGE: Meaning(
        _INVALID,
        "A token has to expire in the future and within 180 days.",
        "a token has to expire in the future and within 180 days",
    ),
    Reason.INACTIVE_ROOT: Meaning(_INVALID, "The root is not active.", "new vulnerabilities and imports need an ACTIVE root"),
    Reason.IMPORT_RUNNING: Meaning(
        _CONFLICT,
        "Another import into this root is running.",
        "another file is being imported into the root",
    ),
    Reason.BAD_FILE: Meaning(
        _INVALID,
        "The file cannot be read.",
        "the file is not SARIF 2.1.0; the message ends with the JSON pointer of the defect; the first ten are told",
    ),
    Reason.FILE_TOO_LARGE: Meaning(_LIMIT, "The file is too large.", "more than 20 MiB"),
    Reason.TOO_MANY_RESULTS: Meaning(
        _LIMIT,
        "The file has too many runs, rules or results.",
        "more than 20 runs, 25,000 results, 2,000 rules, or nested more than 100 deep",
    ),
    Reason.NOT_VULNERABLE: Meaning(_INVALID, "It is not VULNERABLE.", "the vulnerability is not in the state VULNERABLE"),
    Reason.NOT_SAFE: Meaning(_INVALID, "It is not SAFE.", "the vulnerability is not in the state SAFE"),
    Reason.HIDDEN: Meaning(_INVALID, "A confirmed zero risk hides it.", "a confirmed zero risk hides the vulnerability"),
    Reason.ALREADY_REQUESTED: Meaning(
        _INVALID,
        "This has been requested already.",
        "a permanent acceptance is requested or approved already",
    ),
    Reason.ACCEPTANCE_TOO_LONG: Meaning(
        _INVALID,
        "The policy does not allow accepting a vulnerability for that long.",
        "the policy does not allow accepting a vulnerability for that long",
    ),
    Reason.ACCEPTANCE_DATE_PAST: Meaning(
        _INVALID,
        "The end of the acceptance has to be in the future.",
        "`acceptedUntil` is not in the future",
    ),
    Reason.SEVERITY_OUT_OF_POLICY: Meaning(
        _INVALID,
        "The policy does not allow accepting a vulnerability of this score.",
        "the policy does not allow accepting a vulnerability of this score",
    ),
    Reason.BAD_ASSIGNED: Meaning(
        _INVALID,
        "This person cannot be assigned in this group.",
        "the person lacks `vulnerability:be_assigned` in the group, or nobody may be assigned with this treatment",
    ),
}
"""The one table of reasons: messages, the enumeration of the schema and the reference of the handbook are made of it."""


def enumeration() -> str:
    """Return the enumeration of all reasons in GraphQL's language."""
    values = "\n".join(f'  "{one.code}: {one.explanation}"\n  {reason.name}' for reason, one in sorted(REASONS.items()))
    return f'"Stable reason of a refusal, for programs to switch on"\nenum Reason {{\n{values}\n}}\n'
