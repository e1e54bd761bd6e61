"""The comment entity."""

from enum import StrEnum

from integrates.db_model.entity.types import Entity


class CommentType(StrEnum):
    """What a comment of a finding is: people write CONSULT and OBSERVATION, requests and their answers leave the others."""

    CONSULT = "CONSULT"
    OBSERVATION = "OBSERVATION"
    VERIFICATION = "VERIFICATION"
    ZERO_RISK = "ZERO_RISK"


class Comment(Entity, frozen=True, kw_only=True):
    """What somebody said about a finding or an event or, without ``finding_id`` and ``event_id``, about a group.

    It never changes. ``parent_id`` is the comment that it answers; ``None`` begins a thread. Only a comment on a finding has a
    ``type``.
    """

    id: str
    group_name: str
    organization_id: str
    finding_id: str | None = None
    event_id: str | None = None
    parent_id: str | None = None
    type: CommentType | None = None
    content: str
