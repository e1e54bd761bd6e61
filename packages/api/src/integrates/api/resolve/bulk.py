"""Changing several objects in one call: references, the order of checking, and the errors of each item (M4, M5).

A bulk mutation is a pure function of the model and a call of :func:`change_all`.
"""

import logging
from collections.abc import Awaitable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import msgspec

from integrates.api.authorization.sight import Path, Sight
from integrates.api.context import Call, Info
from integrates.api.refusal import UserError, is_refusal, refusal, refusals
from integrates.api.resolve.change import Payload, new_stamp
from integrates.api.resolve.reference import item_paths
from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import (
    AlreadyExists,
    Gone,
    IntegratesError,
    ModelError,
    NotFound,
    Outdated,
    Reason,
    Rejected,
    Rejections,
    Stale,
)
from integrates.db_model.store.port import Store

E_contra = TypeVar("E_contra", contravariant=True)
E = TypeVar("E")
Lists: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""Lists of references, by the name of the argument."""

CHANGED: Final = "vulnerabilities"
"""What payloads call the objects that were changed."""
_LOG: Final = logging.getLogger("integrates.api")
_PERMISSION_RULES: Final = frozenset({Reason.MISSING_PERMISSION, Reason.ASSIGN_OTHERS})
_STATE_RULES: Final = frozenset({Reason.INACTIVE_ROOT, Reason.EVENT_SOLVED, Reason.TOO_MANY_HELD})
"""Reasons about the state of an object that an argument names, which the path tells."""


class BulkCommand(Protocol[E_contra]):
    """A command of the model for many entities that was given all but the store, the references, the stamp and the entities."""

    def __call__(
        self, store: Store, wanted: Sequence[Reference], /, *, stamp: Stamp, seen: Sequence[E_contra]
    ) -> Awaitable[Written | Refused]:
        """Change the entities that ``wanted`` names, which are ``seen`` as they were just read."""


class Step(IntEnum):
    """The steps of checking, in order (M5)."""

    VISIBILITY = 0
    PERMISSION = 1
    VERSION = 2
    ARGUMENTS = 3
    STATE = 4
    UNIQUENESS = 5


def _step(error: ModelError) -> Step:
    match error:
        case NotFound():
            step = Step.VISIBILITY
        case Rejected() if error.reason in _PERMISSION_RULES:
            step = Step.PERMISSION
        case Stale() | Outdated():
            step = Step.VERSION
        case AlreadyExists():
            step = Step.UNIQUENESS
        case Rejected() if error.path and error.reason not in _STATE_RULES:
            step = Step.ARGUMENTS
        case _:
            step = Step.STATE
    return step


class _Refusal(msgspec.Struct, frozen=True):
    """One refusal, and the position of the item that it is about."""

    position: int
    error: ModelError


def _about(one: _Refusal) -> object:
    """Return the key of a refusal, under which a step keeps the first only: the path of an argument, or item and reason."""
    if not isinstance(one.error, Rejected):
        return one.position
    return one.error.path or (one.position, one.error.reason)


def first_step(errors: Mapping[int, ModelError]) -> dict[int, tuple[ModelError, ...]]:
    """Return, by position, all refusals of the first step that has any (M5)."""
    single = [
        _Refusal(position, each)
        for position, error in errors.items()
        for each in (error.refusals if isinstance(error, Rejections) else (error,))
    ]
    step = min(_step(one.error) for one in single)
    named: dict[object, _Refusal] = {}
    for one in single:
        if _step(one.error) is step:
            named.setdefault(_about(one), one)
    found: dict[int, tuple[ModelError, ...]] = {}
    for one in named.values():
        found[one.position] = (*found.get(one.position, ()), one.error)
    return found


def _item_of(error: IntegratesError, path: Path) -> IntegratesError:
    """Return the error with the item's path where it is about the item; where it is about an argument, that path stays."""
    match error:
        case NotFound():
            return NotFound(error.facet, error.identity, path)
        case Rejected() if not error.path:
            return Rejected(error.reason, path, error.detail)
        case Rejections():
            return Rejections([Rejected(one.reason, one.path or path, one.detail) for one in error.refusals])
        case _:
            return error


def _told(path: Path, error: IntegratesError, call: Call) -> tuple[UserError, ...]:
    """Return the errors of one item. An internal error is logged, and shown as one that asks to read the item again."""
    known = _item_of(error, path)
    if is_refusal(known):
        return refusals(known, path)
    if not isinstance(error, Gone):  # which is logged once
        _LOG.error("an item of a bulk change failed", exc_info=error, extra={"request_id": call.request_id})
    return (refusal(Reason.UNAVAILABLE, path),)


def _check_known(errors: Sequence[IntegratesError]) -> None:
    """Raise the first internal error, if there is one."""
    for error in errors:
        if not is_refusal(error):
            raise error


def payload(outcome: Written | Refused, paths: Sequence[Path], call: Call) -> Payload:
    """Return the payload of a bulk mutation: the vulnerabilities that it changed, and the errors of the others, at their paths.

    An internal error is raised when nothing was written. When something was, it becomes an error of its item, so that the
    caller learns what was done.
    """
    if isinstance(outcome, Refused):
        _check_known(list(outcome.errors.values()))
        steps = first_step(outcome.errors)
        return {"errors": [told for at, errors in steps.items() for error in errors for told in _told(paths[at], error, call)]}
    if not outcome.entities:
        _check_known(list(outcome.refused.values()))
    told = [one for at, error in sorted(outcome.refused.items()) for one in _told(paths[at], error, call)]
    return {CHANGED: [outcome.entities[at] for at in sorted(outcome.entities)] or None, "errors": told}


def _references(lists: Lists) -> tuple[Reference, ...]:
    """Return the references of all lists in turn, each with its path."""
    items = (item for items in lists.values() for item in items)
    pairs = zip(items, item_paths(lists), strict=True)
    return tuple(Reference(item["id"], item.get("expected_version"), path) for item, path in pairs)


async def change_lists(info: Info, seen: Sight[Sequence[E]], lists: Lists, command: BulkCommand[E]) -> Payload:
    """Run a command for the items of all lists in turn, which the guard has found; return the payload.

    ``lists`` are the arguments by name.
    """
    wanted = _references(lists)
    outcome = await command(info.context.store, wanted, stamp=new_stamp(info), seen=seen.found)
    return payload(outcome, [one.path for one in wanted], info.context.call)


async def change_all(
    info: Info, seen: Sight[Sequence[E]], items: Sequence[Mapping[str, Any]], command: BulkCommand[E]
) -> Payload:
    """Run a command for all items, which the guard has found, and return the payload."""
    return await change_lists(info, seen, {"items": items}, command)
