"""What a group may hold (domain sections 2 and 3)."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.types import Group, GroupStatus, Language
from integrates.db_model.policies.rules import POLICIES, contradictions, organization_only
from integrates.db_model.values.check import Arguments, choice, one_of, remembered, whole_of
from integrates.db_model.values.text import (
    group_context,
    group_description,
    group_disambiguation,
    identifier,
    name,
    reasoning,
    tags,
)

REMOVAL_REASONS: Final = frozenset({"MIGRATION", "MISTAKE", "NO_SYSTEM", "OTHER", "RENAME"})


class GivenGroup(Struct, frozen=True, kw_only=True):
    """The arguments of a new group."""

    name: str
    description: str
    language: Language = Language.EN


ARGUMENTS: Final = Arguments(GivenGroup, {"name": name, "description": group_description, "language": one_of(Language)})
"""What a new group is given."""

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
        "state.reason": choice(REMOVAL_REASONS),
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
    if state.reason == "OTHER" and state.comments is None:
        yield Rejected(Reason.REQUIRED, ("state", "comments"))
