"""Parts that the answers for several pages have in common."""

from collections.abc import Iterable, Mapping
from typing import Final, Generic, TypeVar

import msgspec

Item = TypeVar("Item")


class Severity(msgspec.Struct, frozen=True):
    """How bad it is."""

    score: float
    level: str


class Rating(Severity, frozen=True, rename="camel"):
    """How bad it is, with the vectors that say why."""

    cvss_v4: str | None
    cvss_v3: str | None

    @property
    def vector(self) -> str | None:
        """The vector of the newer version of CVSS that there is."""
        return self.cvss_v4 or self.cvss_v3


class Stretch(msgspec.Struct, frozen=True, rename="camel"):
    """Whether a list goes on, and after which cursor."""

    has_next_page: bool
    end_cursor: str | None = None


class Connection(msgspec.Struct, Generic[Item], frozen=True, rename="camel"):
    """A part of a list."""

    page_info: Stretch
    nodes: tuple[Item, ...]


class Status(msgspec.Struct, frozen=True):
    """How far a request has come, or what is being done."""

    status: str


class Named(msgspec.Struct, frozen=True):
    """A group or an organization, by its name."""

    name: str


class Titled(msgspec.Struct, frozen=True):
    """A finding, by its title."""

    title: str


CHECKS: Final[Mapping[str, str]] = {"REQUESTED": "to be checked again", "ON_HOLD": "check on hold"}
"""By how far a request to check something again has come, while it is not answered: what lists say of it."""


class Nickname(msgspec.Struct, frozen=True):
    """A root, by what people call it."""

    nickname: str


class Share(msgspec.Struct, frozen=True):
    """How many vulnerabilities have something in common, and their exposure where it was asked for."""

    name: str
    count: int
    cvssf: float | None = None


def count_of(shares: Iterable[Share], *names: str) -> int:
    """Return how many vulnerabilities the shares of these names have together."""
    return sum(share.count for share in shares if share.name in names)
