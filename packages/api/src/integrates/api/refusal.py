"""Refusals in the payload of a mutation: here, and nowhere else, errors of the model become answers."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, TypeGuard, assert_never, get_args

import msgspec
from graphql.pyutils import snake_to_camel

from integrates.api.imports.read.error import BadFile, Defect, Limit, TooLarge, rendered
from integrates.api.meaning import ErrorCode
from integrates.api.reason import REASONS
from integrates.db_model.errors import LimitExceeded, NotFound, Outdated, Raced, Reason, Rejected, Rejections, Stale


class UserError(msgspec.Struct, frozen=True, kw_only=True):
    """One refusal in the payload of a mutation: a stable ``reason``, a sentence for people, the path of the argument."""

    code: ErrorCode
    reason: Reason
    message: str
    path: tuple[str, ...] = ()
    current_version: int | None = None


Refusal: TypeAlias = NotFound | Stale | Raced | Outdated | Rejected | Rejections | LimitExceeded | BadFile | TooLarge
"""The errors of the model that a person caused or can do something about."""


_FILE: Final = ("file",)
_TOO_LARGE: Final[Mapping[Limit, tuple[Reason, str]]] = {
    "file_too_large": (Reason.FILE_TOO_LARGE, "bytes"),
    "nested_too_deep": (Reason.TOO_MANY, "levels"),
    "too_many_results": (Reason.TOO_MANY_RESULTS, "results"),
    "too_many_rules": (Reason.TOO_MANY, "rules"),
    "too_many_runs": (Reason.TOO_MANY, "runs"),
    "too_many_values": (Reason.TOO_MANY, "values"),
    "too_many_vectors": (Reason.TOO_MANY, "different vectors"),
}


def refusal(reason: Reason, path: tuple[str, ...] = (), *, version: int | None = None, detail: str = "") -> UserError:
    """Return the refusal for a reason; ``detail`` is a phrase that its sentence is completed with, such as a limit."""
    code, sentence, _ = REASONS[reason]
    message = f"{sentence.removesuffix('.')}: {detail}." if detail else sentence
    return UserError(code=code, reason=reason, message=message, path=path, current_version=version)


def _path(path: Sequence[str]) -> tuple[str, ...]:
    return tuple(snake_to_camel(name, upper=False) for name in path)


def _rejection(error: Rejected) -> UserError:
    return refusal(error.reason, _path(error.path), detail=error.detail)


def _defect(defect: Defect) -> UserError:
    told = refusal(Reason.BAD_FILE, _FILE)
    return msgspec.structs.replace(told, message=f"{told.message.removesuffix('.')}: {rendered(defect)}")


def _too_large(error: TooLarge) -> UserError:
    reason, unit = _TOO_LARGE[error.limit]
    return refusal(reason, _FILE, detail=f"{error.actual:,} {unit}, at most {error.allowed:,}")


def refusals(error: Refusal, path: tuple[str, ...] = ()) -> tuple[UserError, ...]:
    """Return the refusals that show an error to a person; ``path`` names the argument where the error names none."""
    match error:
        case Rejections():
            found = tuple(map(_rejection, error.refusals))
        case Rejected():
            found = (_rejection(error),)
        case BadFile():
            found = tuple(map(_defect, error.defects))
        case TooLarge():
            found = (_too_large(error),)
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
