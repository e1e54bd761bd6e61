"""What a comment may hold, and who may write which (domain sections 2, 3 and 10)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.entity.rules import ENTITY
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import Arguments, as_given, one_of, remembered, whole_of
from integrates.db_model.values.text import comment_content, identifier, name

MAX_COMMENTS: Final = 10_000
"""How many comments people may write on one object. Those that explain a request or an answer count, but are never refused."""
BY_PEOPLE: Final = frozenset({CommentType.CONSULT, CommentType.OBSERVATION})
"""The types that a person chooses; the others are written with the request, or the answer to it, that they explain."""


class Author(Struct, frozen=True, kw_only=True):
    """What the caller of a command may do: the types of comments that they may read, and whether they may add observations."""

    readable: frozenset[CommentType]
    may_observe: bool


class GivenComment(Struct, frozen=True, kw_only=True):
    """The arguments of a comment that has no type: of an event or a group."""

    content: str
    parent_id: str | None = None


class GivenFindingComment(GivenComment, frozen=True, kw_only=True):
    """The arguments of a comment of a finding."""

    type: CommentType


def _by_person(value: Any, path: Sequence[str]) -> CommentType:
    wanted = one_of(CommentType)(value, path)
    if wanted not in BY_PEOPLE:
        raise Rejected(Reason.WRONG_TYPE, path, "CONSULT or OBSERVATION")
    return wanted


ARGUMENTS: Final = Arguments(GivenComment, {"content": comment_content, "parent_id": as_given})
"""What a comment of an event or a group is given. Whether there is a comment with the id ``parent_id`` is another question."""
FINDING_ARGUMENTS: Final = Arguments(GivenFindingComment, {"type": _by_person, **ARGUMENTS.rules})
"""What a comment of a finding is given."""

_FIELDS: Final = whole_of(
    Comment,
    {
        **ENTITY,
        "id": identifier,
        "group_name": remembered(name),
        "organization_id": remembered(identifier),
        "finding_id": remembered(identifier),
        "event_id": remembered(identifier),
        "parent_id": remembered(identifier),
        "content": comment_content,
    },
)


def whole(comment: Comment) -> Iterator[Rejected]:
    """Yield each refusal of a comment (E13)."""
    refused = _FIELDS(comment)
    yield from refused or _relations(comment)


def _relations(comment: Comment) -> Iterator[Rejected]:
    if (comment.type is None) != (comment.finding_id is None):
        yield Rejected(Reason.REQUIRED if comment.type is None else Reason.INCONSISTENT, ("type",))
    if comment.finding_id and comment.event_id:
        yield Rejected(Reason.INCONSISTENT, ("event_id",))
    if comment.parent_id == comment.id:
        yield Rejected(Reason.INCONSISTENT, ("parent_id",))


def is_about_same(one: Comment, other: Comment) -> bool:
    """Return whether two comments are about the same object."""
    return (one.group_name, one.finding_id, one.event_id) == (other.group_name, other.finding_id, other.event_id)


def check_author(author: Author, given: Mapping[str, Any]) -> None:
    """Raise ``Rejected`` (``missing_permission``) when the author may not write a comment of the given type."""
    if given.get("type") == CommentType.OBSERVATION and not author.may_observe:
        raise Rejected(Reason.MISSING_PERMISSION, ("type",))
