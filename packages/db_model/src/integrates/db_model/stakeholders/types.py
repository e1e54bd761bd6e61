"""The stakeholder entity."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity


class PlatformRole(StrEnum):
    """Role on the whole platform."""

    ADMIN = "admin"
    USER = "user"


class StakeholderStatus(StrEnum):
    """Whether the person exists or was removed."""

    ACTIVE = "ACTIVE"
    DELETED = "DELETED"


class StakeholderInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who the person is; ``email`` in lower case."""

    email: str
    first_name: str | None = None
    last_name: str | None = None


class StakeholderAccess(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Platform role, and whether the person has ever logged in."""

    role: PlatformRole = PlatformRole.USER
    is_registered: bool = False


class StakeholderState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the person."""

    status: StakeholderStatus
    at: datetime
    by: str


class Stakeholder(Entity, frozen=True, kw_only=True):
    """A person. The id is the lower-cased e-mail."""

    info: StakeholderInfo
    access: StakeholderAccess = StakeholderAccess()
    state: StakeholderState

    @property
    def email(self) -> str:
        """The id of the person."""
        return self.info.email
