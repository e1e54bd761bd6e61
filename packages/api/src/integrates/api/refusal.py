"""Refusals in the payload of a mutation: the one place where errors of the model become answers."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeAlias, TypeGuard, assert_never, get_args

import msgspec

from integrates.api.imports.read.error import BadFile, Defect, Limit, TooLarge, rendered
from integrates.db_model.errors import LimitExceeded, NotFound, Outdated, Raced, Reason, Rejected, Rejections, Stale


class ErrorCode(StrEnum):
    """Kind of a refusal in the payload of a mutation."""

    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    CONFLICT = "CONFLICT"
    INVALID = "INVALID"
    FORBIDDEN = "FORBIDDEN"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"


class UserError(msgspec.Struct, frozen=True, kw_only=True):
    """One refusal in the payload of a mutation; ``message`` is ``<reason>: <text>``, ``path`` names the argument."""

    code: ErrorCode
    message: str
    path: tuple[str, ...] = ()
    current_version: int | None = None


Refusal: TypeAlias = NotFound | Stale | Raced | Outdated | Rejected | Rejections | LimitExceeded | BadFile | TooLarge
"""The errors of the model that a person caused or can do something about."""

_NOT_FOUND, _EXISTS, _CONFLICT = ErrorCode.NOT_FOUND, ErrorCode.ALREADY_EXISTS, ErrorCode.CONFLICT
_INVALID, _FORBIDDEN, _LIMIT = ErrorCode.INVALID, ErrorCode.FORBIDDEN, ErrorCode.LIMIT_EXCEEDED

REASONS: Final[Mapping[Reason, tuple[ErrorCode, str]]] = {
    Reason.REQUIRED: (_INVALID, "a value is needed."),
    Reason.TOO_SHORT: (_INVALID, "it is too short."),
    Reason.TOO_LONG: (_INVALID, "it is too long."),
    Reason.BAD_CHARACTERS: (_INVALID, "it has characters that are not allowed here."),
    Reason.BAD_FORMAT: (_INVALID, "it is not in the expected format."),
    Reason.OUT_OF_RANGE: (_INVALID, "it is out of range."),
    Reason.TOO_MANY_ITEMS: (_LIMIT, "the list is too long."),
    Reason.NOT_CANONICAL: (_INVALID, "it is not in the form in which it is stored."),
    Reason.WRONG_TYPE: (_INVALID, "it is of another type than expected."),
    Reason.IN_FUTURE: (_INVALID, "it is in the future."),
    Reason.BAD_VECTOR: (_INVALID, "it is not a valid CVSS vector of the expected version."),
    Reason.BAD_EXCLUSION: (_INVALID, "the pattern excludes everything, or cannot be read."),
    Reason.INCONSISTENT: (_INVALID, "it contradicts another value of the same object."),
    Reason.NOT_FIRST: (_INVALID, "a new object cannot begin like this."),
    Reason.FIXED: (_INVALID, "it cannot be changed after the object was created."),
    Reason.WRONG_PARENT: (_INVALID, "it belongs to another organization, group, root or finding."),
    Reason.SERVICE_ROLE: (_INVALID, "this role belongs to the CI identity, not to people."),
    Reason.ORGANIZATION_ONLY: (_INVALID, "only an organization can set this."),
    Reason.LAST_MANAGER: (_INVALID, "an organization keeps at least one manager. Make somebody else one first."),
    Reason.NOT_EMPTY: (_INVALID, "it still has something in it. Remove that first."),
    Reason.RANGE_INVERTED: (_INVALID, "the minimum is above the maximum."),
    Reason.DEBT_BEFORE_GRACE: (_INVALID, "it has to be longer than the grace period."),
    Reason.NOT_FOUND: (_NOT_FOUND, "there is no such object, or you may not see it."),
    Reason.UNKNOWN_PERSON: (_INVALID, "there is no such person."),
    Reason.NAME_TAKEN: (_EXISTS, "the name is taken."),
    Reason.NICKNAME_TAKEN: (_EXISTS, "another root of the group has this nickname."),
    Reason.LOCATION_TAKEN: (_EXISTS, "another root of the organization has this url and branch."),
    Reason.TITLE_TAKEN: (_EXISTS, "another finding of the group has this title."),
    Reason.PLACE_REPORTED: (_EXISTS, "a vulnerability at this location has been reported already."),
    Reason.STALE_VERSION: (_CONFLICT, "it has changed since you read it. Read it again, then decide."),
    Reason.CONCURRENT_CHANGE: (_CONFLICT, "others are changing it at the same time. Try again."),
    Reason.OUTDATED_SERVICE: (_CONFLICT, "a newer version of the service has written it. Try again when this one is updated."),
    Reason.UNAVAILABLE: (_CONFLICT, "it may or may not have been changed, for a reason of ours. Read it again, then decide."),
    Reason.MISSING_PERMISSION: (_FORBIDDEN, "your role does not allow this."),
    Reason.SESSION_REQUIRED: (_FORBIDDEN, "a token cannot manage access tokens. Log in first."),
    Reason.ASSIGN_OTHERS: (_FORBIDDEN, "your role may not assign other people."),
    Reason.TOO_MANY: (_LIMIT, "the limit is reached."),
    Reason.TOO_LARGE: (_LIMIT, "it would get larger than what can be stored."),
    Reason.TOO_MANY_TOKENS: (_LIMIT, "the limit of 5 live access tokens is reached. Revoke one first."),
    Reason.TOO_MANY_ACCEPTANCES: (_LIMIT, "it was accepted as often as the policy allows."),
    Reason.EXPIRY_OUT_OF_RANGE: (_INVALID, "a token has to expire in the future and within 180 days."),
    Reason.INACTIVE_ROOT: (_INVALID, "the root is not active."),
    Reason.IMPORT_RUNNING: (_CONFLICT, "another import into this root is running."),
    Reason.BAD_FILE: (_INVALID, "the file cannot be read:"),
    Reason.FILE_TOO_LARGE: (_LIMIT, "the file is too large."),
    Reason.TOO_MANY_RESULTS: (_LIMIT, "the file has too many runs, rules or results."),
    Reason.NOT_VULNERABLE: (_INVALID, "it is not VULNERABLE."),
    Reason.NOT_SAFE: (_INVALID, "it is not SAFE."),
    Reason.HIDDEN: (_INVALID, "a confirmed zero risk hides it."),
    Reason.ALREADY_REQUESTED: (_INVALID, "this has been requested already."),
    Reason.ACCEPTANCE_TOO_LONG: (_INVALID, "the policy does not allow accepting a vulnerability for that long."),
    Reason.ACCEPTANCE_DATE_PAST: (_INVALID, "the end of the acceptance has to be in the future."),
    Reason.SEVERITY_OUT_OF_POLICY: (_INVALID, "the policy does not allow accepting a vulnerability of this score."),
    Reason.BAD_ASSIGNED: (_INVALID, "this person cannot be assigned in this group."),
}
"""The code and the sentence of every reason. Tests compare it with the enumeration and with the reference."""

_FILE: Final = ("file",)
_TOO_LARGE: Final[Mapping[Limit, Reason]] = {
    "file_too_large": Reason.FILE_TOO_LARGE,
    "nested_too_deep": Reason.TOO_MANY_RESULTS,
    "too_many_results": Reason.TOO_MANY_RESULTS,
    "too_many_rules": Reason.TOO_MANY_RESULTS,
    "too_many_runs": Reason.TOO_MANY_RESULTS,
    "too_many_values": Reason.TOO_MANY_RESULTS,
}


def refusal(reason: Reason, path: tuple[str, ...] = (), *, version: int | None = None, detail: str = "") -> UserError:
    """Return the refusal for a reason; ``detail`` is put after its sentence."""
    code, text = REASONS[reason]
    return UserError(code=code, message=f"{reason}: {text} {detail}".rstrip(), path=path, current_version=version)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _path(path: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(_camel, path))


def _rejection(error: Rejected) -> UserError:
    return refusal(error.reason, _path(error.path), detail=error.detail)


def _defect(defect: Defect) -> UserError:
    return refusal(Reason.BAD_FILE, _FILE, detail=rendered(defect))


def refusals(error: Refusal, path: tuple[str, ...] = ()) -> tuple[UserError, ...]:
    """Return what the person is told of an error; ``path`` names the argument where the error names none."""
    match error:
        case Rejections():
            found = tuple(map(_rejection, error.refusals))
        case Rejected():
            found = (_rejection(error),)
        case BadFile():
            found = tuple(map(_defect, error.defects))
        case TooLarge():
            found = (refusal(_TOO_LARGE[error.limit], _FILE),)
        case NotFound():
            found = (refusal(Reason.NOT_FOUND, _path(error.path) or path),)
        case Stale():
            found = (refusal(Reason.STALE_VERSION, path, version=error.current),)
        case Raced():
            found = (refusal(Reason.CONCURRENT_CHANGE, path),)
        case Outdated():
            found = (refusal(Reason.OUTDATED_SERVICE, path),)
        case LimitExceeded():
            found = (refusal(Reason.TOO_LARGE, path),)
        case _:
            assert_never(error)
    return found


REFUSALS: Final[tuple[type[Refusal], ...]] = get_args(Refusal)
"""The classes of :data:`Refusal`. Another error (``Corrupt``, ``Unfit``) is nobody's fault but ours: INTERNAL."""


def is_refusal(error: BaseException) -> TypeGuard[Refusal]:
    """Return whether a person can do something about the error."""
    return isinstance(error, REFUSALS)
