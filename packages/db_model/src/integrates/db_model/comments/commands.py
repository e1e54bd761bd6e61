"""Writing comments."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from integrates.db_model.comments.facet import COMMENT, comment_key
from integrates.db_model.comments.rules import (
    ARGUMENTS,
    FINDING_ARGUMENTS,
    Author,
    GivenComment,
    check_author,
    is_about_same,
)
from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.entity import command, read
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.events.types import Event
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import Store
from integrates.db_model.values.check import Arguments, checked
from integrates.db_model.values.text import is_identifier

Subject: TypeAlias = Finding | Event | Group
"""What a comment may be about."""


def new_comment(
    identity: str,
    about: Subject,
    content: str,
    stamp: Stamp,
    *,
    type: CommentType | None = None,  # noqa: A002 -- the name of the field
    parent_id: str | None = None,
) -> Comment:
    """Return a new comment about a finding, which needs a type, an event or a group. It is not stored yet."""
    return Comment(
        id=identity,
        group_name=about.name if isinstance(about, Group) else about.group_name,
        organization_id=about.organization_id,
        finding_id=about.id if isinstance(about, Finding) else None,
        event_id=about.id if isinstance(about, Event) else None,
        parent_id=parent_id,
        type=type,
        content=content,
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def add(store: Store, new: Comment, stamp: Stamp) -> Comment:
    """Store a new comment; return it as stored.

    Raise ``NotFound`` when there is no such group, finding, event or parent, ``Rejections`` (``no_parent``) when the parent is
    about something else, ``Rejected`` (``draft_finding``) for anything but an observation on a finding that is a draft,
    ``Rejected`` (``too_many``) when the object has as many comments as it may.
    """
    return await command.add(store, COMMENT, new, stamp)


async def create(
    store: Store, about: Subject, given: Mapping[str, Any], stamp: Stamp, identity: str, author: Author
) -> Comment:
    """Store a new comment about an object, made of the arguments ``given``; return it as stored.

    Raise ``Rejected`` (``no_parent``) when the parent is not about the same object, or of a type that the author may not read;
    ``Rejected`` (``missing_permission``) for an observation of an author who may not write any; ``Rejections`` for arguments
    at fault, and what :func:`add` raises.
    """
    await _check_parent(store, new_comment(identity, about, "", stamp), given.get("parent_id"), author)
    check_author(author, given)
    table: Arguments[Any] = FINDING_ARGUMENTS if isinstance(about, Finding) else ARGUMENTS
    details: GivenComment = checked(table, given)
    kind = getattr(details, "type", None)
    return await add(store, new_comment(identity, about, details.content, stamp, type=kind, parent_id=details.parent_id), stamp)


async def _check_parent(store: Store, new: Comment, parent_id: str | None, author: Author) -> None:
    """Raise ``Rejected`` (``no_parent``) unless a comment may be answered by a new one. A malformed id names none."""
    if parent_id is None:
        return
    parent = await read.get(store, COMMENT, comment_key(parent_id)) if is_identifier(parent_id) else None
    readable = parent is not None and (parent.type is None or parent.type in author.readable)
    if parent is None or not readable or not is_about_same(parent, new):
        raise Rejected(Reason.NO_PARENT, ("parent_id",))
