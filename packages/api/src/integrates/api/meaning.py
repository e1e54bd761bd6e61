"""What a reason means to people, and to those who write programs against the API."""

from enum import StrEnum
from typing import NamedTuple


class ErrorCode(StrEnum):
    """Kind of a refusal in the payload of a mutation."""

    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    CONFLICT = "CONFLICT"
    INVALID = "INVALID"
    FORBIDDEN = "FORBIDDEN"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"


class Meaning(NamedTuple):
    """What a reason means.

    ``sentence`` is for the person whose argument is refused and ends with a full stop, unlike ``explanation``, which is for
    those who write a program against the API.
    """

    code: ErrorCode
    sentence: str
    explanation: str
