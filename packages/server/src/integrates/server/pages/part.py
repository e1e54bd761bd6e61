"""Parts that the answers for several pages have in common."""

import msgspec


class Severity(msgspec.Struct, frozen=True):
    """How bad it is."""

    score: float
    level: str


class Stretch(msgspec.Struct, frozen=True, rename="camel"):
    """Whether a list goes on, and after which cursor."""

    has_next_page: bool
    end_cursor: str | None = None


class Status(msgspec.Struct, frozen=True):
    """How far a request has come, or what is being done."""

    status: str


class Nickname(msgspec.Struct, frozen=True):
    """A root, by what people call it."""

    nickname: str
