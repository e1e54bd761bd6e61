"""What a reader raises for a file that it cannot read. The errors carry data; :func:`rendered` makes a sentence of a defect."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, TypeVar

import msgspec

from integrates.db_model.errors import IntegratesError

MAX_DEFECTS: Final = 10
"""Most defects that are reported of one file."""

Limit: TypeAlias = Literal[
    "file_too_large",
    "nested_too_deep",
    "too_many_results",
    "too_many_rules",
    "too_many_runs",
    "too_many_values",
    "too_many_vectors",
]


T = TypeVar("T")


class Defect(msgspec.Struct, frozen=True):
    """One thing that is wrong with a file. ``pointer`` is its JSON pointer (RFC 6901), empty for the whole file."""

    pointer: str
    message: str


class BadFile(IntegratesError):
    """The file is not what it should be. ``defects`` holds the first ``MAX_DEFECTS``, at least one."""

    def __init__(self, defects: Sequence[Defect]) -> None:
        super().__init__(tuple(defects[:MAX_DEFECTS]))
        self.defects = tuple(defects[:MAX_DEFECTS])


class TooLarge(IntegratesError):
    """The file is larger than may be imported. ``actual`` is at least what was counted when the limit was passed."""

    def __init__(self, limit: Limit, actual: int, allowed: int) -> None:
        super().__init__(limit, actual, allowed)
        self.limit: Limit = limit
        self.actual = actual
        self.allowed = allowed


def rendered(defect: Defect) -> str:
    """Return the defect as one sentence that ends with its JSON pointer."""
    return f"{defect.message} {defect.pointer}".rstrip()


def pointed(pointer: str, member: str | int) -> str:
    """Return the JSON pointer of a member (or element) of what ``pointer`` points at."""
    return f"{pointer}/{str(member).replace('~', '~0').replace('/', '~1')}"


def sound(answers: Sequence[T | Defect]) -> tuple[T, ...]:
    """Return the answers. Raise ``BadFile`` when there are defects among them."""
    defects = [answer for answer in answers if isinstance(answer, Defect)]
    if defects:
        raise BadFile(defects)
    return tuple(answer for answer in answers if not isinstance(answer, Defect))
