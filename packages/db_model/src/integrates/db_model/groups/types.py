"""The group entity."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity
from integrates.db_model.policies.types import Policies


class Language(StrEnum):
    """Language of the group's texts."""

    EN = "EN"
    ES = "ES"


class GroupStatus(StrEnum):
    """Whether the group exists or was removed."""

    ACTIVE = "ACTIVE"
    DELETED = "DELETED"


class GroupRemovalReason(StrEnum):
    """Why a group was removed."""

    MIGRATION = "MIGRATION"
    MISTAKE = "MISTAKE"
    NO_SYSTEM = "NO_SYSTEM"
    OTHER = "OTHER"
    RENAME = "RENAME"


class GroupInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What people say of the group. Texts are NFC-normalised and trimmed."""

    name: str
    organization_id: str
    description: str
    language: Language = Language.EN
    context: str | None = None
    disambiguation: str | None = None
    tags: tuple[str, ...] = ()


class GroupState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the group; ``reason`` and ``comments`` belong to its removal."""

    status: GroupStatus
    at: datetime
    by: str
    reason: GroupRemovalReason | None = None
    comments: str | None = None


class Group(Entity, frozen=True, kw_only=True):
    """A set of roots that are tested together. Its id is its name."""

    info: GroupInfo
    policies: Policies = Policies()
    state: GroupState

    @property
    def name(self) -> str:
        """The id of the group."""
        return self.info.name

    @property
    def organization_id(self) -> str:
        """The organization that owns the group."""
        return self.info.organization_id
