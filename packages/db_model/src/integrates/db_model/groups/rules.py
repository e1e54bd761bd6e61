"""What a group may hold (domain sections 2 and 3)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.types import Group, GroupRemovalReason, GroupState, GroupStatus, Language
from integrates.db_model.policies.rules import POLICIES, contradictions, organization_only, reworked
from integrates.db_model.values.check import Arguments, checked, one_of, refuse, remembered, whole_of
from integrates.db_model.values.text import (
    group_context,
    group_description,
    group_disambiguation,
    identifier,
    name,
    reasoning,
    tags,
)


class GivenGroup(Struct, frozen=True, kw_only=True):
    """The arguments of a new group."""

    name: str
    description: str
    language: Language = Language.EN


class GroupDescription(Struct, frozen=True, kw_only=True):
    """What people may change of what a group says of itself."""

    description: str
    language: Language = Language.EN
    context: str | None = None
    disambiguation: str | None = None
    tags: tuple[str, ...] = ()


class GivenRemoval(Struct, frozen=True, kw_only=True):
    """The arguments of the removal of a group."""

    reason: GroupRemovalReason
    comments: str | None = None


ARGUMENTS: Final = Arguments(GivenGroup, {"name": name, "description": group_description, "language": one_of(Language)})
"""What a new group is given."""
DESCRIPTION: Final = Arguments(
    GroupDescription,
    {
        "description": group_description,
        "language": one_of(Language),
        "context": group_context,
        "disambiguation": group_disambiguation,
        "tags": tags,
    },
)
"""What a group may be given later."""
REMOVAL: Final = Arguments(GivenRemoval, {"reason": one_of(GroupRemovalReason), "comments": reasoning})
"""What the removal of a group is given."""

_FIELDS: Final = whole_of(
    Group,
    {
        **ENTITY,
        **POLICIES,
        "info.name": name,
        "info.organization_id": remembered(identifier),
        "info.description": group_description,
        "info.context": group_context,
        "info.disambiguation": group_disambiguation,
        "info.tags": tags,
        "state.by": by,
        "state.comments": reasoning,
    },
)


def is_live(group: Group) -> bool:
    """Return whether the group was not removed."""
    return group.state.status is GroupStatus.ACTIVE


def whole(group: Group) -> Iterator[Rejected]:
    """Yield each refusal of a group in any state (E13)."""
    refused = _FIELDS(group)
    yield from refused or _relations(group)


def _relations(group: Group) -> Iterator[Rejected]:
    yield from organization_only(group.policies, ("policies",))
    yield from contradictions(group.policies, ("policies",))
    state = group.state
    if is_live(group) and state.reason is not None:
        yield Rejected(Reason.INCONSISTENT, ("state", "reason"))
    if is_live(group) and state.comments is not None:
        yield Rejected(Reason.INCONSISTENT, ("state", "comments"))
    if not is_live(group) and state.reason is None:
        yield Rejected(Reason.REQUIRED, ("state", "reason"))
    if state.reason is GroupRemovalReason.OTHER and state.comments is None:
        yield Rejected(Reason.REQUIRED, ("state", "comments"))


def rephrased(old: Group, given: Mapping[str, Any]) -> Group:
    """Return the group with other words about it: what is not ``given`` stays, ``None`` takes it away.

    Raise ``Rejections`` for arguments at fault; a group is never without a description (``required``).
    """
    known = {name: getattr(old.info, name) for name in DESCRIPTION.rules}
    return replace(old, info=replace(old.info, **asdict(checked(DESCRIPTION, {**known, **given}))))


def regulated(old: Group, given: Mapping[str, Any]) -> Group:
    """Return the group with other ``policies`` of its own, see :func:`integrates.db_model.policies.rules.reworked`."""
    return replace(old, policies=reworked(old.policies, given))


def dissolved(old: Group, given: Mapping[str, Any], *, by: str, at: datetime) -> Group:
    """Return the group removed, for a ``reason`` that is given. Raise ``Rejections``: OTHER needs ``comments``."""
    why = checked(REMOVAL, given)
    if why.reason is GroupRemovalReason.OTHER and why.comments is None:
        refuse((Rejected(Reason.REQUIRED, ("comments",)),))
    return replace(old, state=GroupState(status=GroupStatus.DELETED, at=at, by=by, reason=why.reason, comments=why.comments))
