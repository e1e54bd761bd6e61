"""What went wrong, for people and for developers: the one place where errors become answers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias, TypeGuard, assert_never

import msgspec

from integrates.api.ingest.error import BadFile, Defect, TooLarge, rendered
from integrates.db_model.errors import AlreadyExists, NotFound, Raced, Rejected, Rejections, Stale


class Code(StrEnum):
    """``extensions.code`` of a top-level error."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    BAD_CURSOR = "BAD_CURSOR"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class RequestError(Exception):
    """The request itself is refused. ``text`` is shown to the client, hence holds nothing internal."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


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


Refusal: TypeAlias = NotFound | AlreadyExists | Stale | Raced | Rejected | Rejections | BadFile | TooLarge
"""The errors of the model that a person caused and can do something about."""

_CODES: Final[Mapping[str, ErrorCode]] = {
    "not_found": ErrorCode.NOT_FOUND,
    "name_taken": ErrorCode.ALREADY_EXISTS,
    "location_taken": ErrorCode.ALREADY_EXISTS,
    "nickname_taken": ErrorCode.ALREADY_EXISTS,
    "title_taken": ErrorCode.ALREADY_EXISTS,
    "place_reported": ErrorCode.ALREADY_EXISTS,
    "stale_version": ErrorCode.CONFLICT,
    "concurrent_change": ErrorCode.CONFLICT,
    "import_running": ErrorCode.CONFLICT,
    "missing_permission": ErrorCode.FORBIDDEN,
    "session_required": ErrorCode.FORBIDDEN,
    "assign_others": ErrorCode.FORBIDDEN,
    "too_many": ErrorCode.LIMIT_EXCEEDED,
    "too_many_items": ErrorCode.LIMIT_EXCEEDED,
    "too_many_tokens": ErrorCode.LIMIT_EXCEEDED,
    "too_many_acceptances": ErrorCode.LIMIT_EXCEEDED,
    "too_many_results": ErrorCode.LIMIT_EXCEEDED,
    "file_too_large": ErrorCode.LIMIT_EXCEEDED,
}
"""The kinds of the stable reasons; all others are INVALID."""

_TEXTS: Final[Mapping[str, str]] = {
    "not_found": "there is no such object, or you may not see it.",
    "missing_permission": "your role does not allow this.",
    "name_taken": "the name is taken.",
    "location_taken": "the url and branch are taken by a root of the organization.",
    "nickname_taken": "the nickname is taken by a root of the group.",
    "title_taken": "the title is taken by a finding of the group.",
    "place_reported": "the place is reported already.",
    "stale_version": "it changed since you read it. Read it again and decide again.",
    "concurrent_change": "others are changing it at the same time. Try again.",
    "import_running": "another import into this root is running.",
    "session_required": "access tokens are managed in a session of yours, not with a token.",
    "assign_others": "your role does not allow to assign others.",
    "required": "a value is needed.",
    "too_short": "it is too short.",
    "too_long": "it is too long.",
    "bad_characters": "it has characters that may not occur.",
    "bad_format": "it is not in the format that is asked for.",
    "out_of_range": "it is out of range.",
    "in_future": "it is in the future.",
    "too_many": "there are as many as there may be.",
    "too_many_items": "the list is too long.",
    "too_many_tokens": "you have as many live access tokens as you may have. Revoke one first.",
    "too_many_acceptances": "it was accepted as often as the policy allows.",
    "too_many_results": "the file has more runs, rules or results than are taken.",
    "file_too_large": "the file is larger than is taken.",
    "bad_file": "the file is not what it should be:",
    "bad_exclusion": "the pattern excludes everything.",
    "inactive_root": "the root is not active.",
    "expiry_out_of_range": "a token expires in the future and within 180 days.",
    "not_vulnerable": "it is not VULNERABLE.",
    "hidden": "it is hidden by a confirmed zero risk.",
    "already_requested": "this is requested already.",
    "acceptance_too_long": "the policy does not allow to accept it for so long.",
    "acceptance_date_past": "the end of the acceptance is not in the future.",
    "severity_out_of_policy": "the policy does not allow to accept its score.",
    "bad_assigned": "the person may not be assigned in this group.",
}
_FILE: Final = ("file",)
_TOO_LARGE: Final[Mapping[str, str]] = {"file_too_large": "file_too_large"}
_OTHER_TEXT: Final = "this is not allowed."
_TAKEN: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "organization_name": ("name_taken", ("name",)),
    "group_name": ("name_taken", ("name",)),
    "token_name": ("name_taken", ("name",)),
    "root_location": ("location_taken", ("url",)),
    "root_nickname": ("nickname_taken", ("nickname",)),
    "finding_title": ("title_taken", ("title",)),
    "finding_rule": ("title_taken", ("title",)),
    "vulnerability_identity": ("place_reported", ("where",)),
    "running_import": ("import_running", ("rootId",)),
}
"""By kind of claim: the reason of the refusal and the argument that it is about."""


def refusal(reason: str, path: tuple[str, ...] = (), *, version: int | None = None, detail: str = "") -> UserError:
    """Make the refusal for a stable reason; ``detail`` is put after its text."""
    text = _TEXTS.get(reason, _OTHER_TEXT)
    return UserError(
        code=_CODES.get(reason, ErrorCode.INVALID),
        message=f"{reason}: {text} {detail}".rstrip(),
        path=path,
        current_version=version,
    )


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _rejection(error: Rejected) -> UserError:
    rule, _, detail = error.rule.partition(" ")
    return refusal(rule, tuple(map(_camel, error.path)), detail=detail)


def _taken(error: AlreadyExists) -> UserError:
    reason, path = _TAKEN.get(error.kind, ("name_taken", ()))
    return refusal(reason, path)


def _defect(defect: Defect) -> UserError:
    return refusal("bad_file", _FILE, detail=rendered(defect))


def refusals(error: Refusal, path: tuple[str, ...] = ()) -> tuple[UserError, ...]:
    """Say to the person what the model refused; ``path`` names the argument where the error does not."""
    match error:
        case Rejections():
            return tuple(map(_rejection, error.refusals))
        case BadFile():
            return tuple(map(_defect, error.defects))
        case _:
            return (_refusal(error, path),)


def _refusal(error: NotFound | AlreadyExists | Stale | Raced | Rejected | TooLarge, path: tuple[str, ...]) -> UserError:
    match error:
        case NotFound():
            found = refusal("not_found", path)
        case AlreadyExists():
            found = _taken(error)
        case Stale():
            found = refusal("stale_version", path, version=error.current)
        case Raced():
            found = refusal("concurrent_change", path)
        case Rejected():
            found = _rejection(error)
        case TooLarge():
            found = refusal(_TOO_LARGE.get(error.limit, "too_many_results"), _FILE)
        case _:
            assert_never(error)
    return found


REFUSALS: Final = (NotFound, AlreadyExists, Stale, Raced, Rejected, Rejections, BadFile, TooLarge)
"""The classes of :data:`Refusal`. Another model error (``Corrupt``) is nobody's fault but ours: INTERNAL."""


def is_refusal(error: BaseException) -> TypeGuard[Refusal]:
    """Tell whether a person can do something about the error."""
    return isinstance(error, REFUSALS)
