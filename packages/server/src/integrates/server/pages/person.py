"""What the start page shows of who is logged in, as the API tells it to that person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

QUERY: Final = """{ me {
  email firstName lastName role sessionExpiresAt isConcurrentSession
  organizations { name userRole }
  groups { name userRole organization { name } }
  invitations { organizationName groupName role expiresAt }
} }"""
MOST: Final = 100
"""Organizations, groups and invitations of each of which so many are shown; an admin may have any number."""


class Organization(msgspec.Struct, frozen=True, rename="camel"):
    """An organization of the person."""

    name: str
    user_role: str | None


class Parent(msgspec.Struct, frozen=True):
    """The organization of a group."""

    name: str


class Group(msgspec.Struct, frozen=True, rename="camel"):
    """A group of the person, and its organization when they may read that."""

    name: str
    user_role: str | None
    organization: Parent | None


class Waiting(msgspec.Struct, frozen=True, rename="camel"):
    """An invitation that waits for an answer; to the organization alone without a group."""

    organization_name: str
    group_name: str | None
    role: str
    expires_at: datetime


class Person(msgspec.Struct, frozen=True, rename="camel"):
    """Who is logged in; roles as the schema writes them. What ends of the session, and what it ended, are those of ``me``."""

    email: str
    first_name: str | None
    last_name: str | None
    role: str
    session_expires_at: datetime | None
    is_concurrent_session: bool
    organizations: tuple[Organization, ...]
    groups: tuple[Group, ...]
    invitations: tuple[Waiting, ...]

    @property
    def name(self) -> str:
        """Return the names that are known of the person; empty for none."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


def person_of(body: Mapping[str, Any]) -> Person | None:
    """Return the person in the answer to :data:`QUERY`; ``None`` when the API could not tell all of it."""
    if body.get("errors"):
        return None
    return msgspec.convert(body["data"]["me"], Person)
