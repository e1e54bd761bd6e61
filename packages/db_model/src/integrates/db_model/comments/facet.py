"""How comments are stored, and what changes with them.

Comments on findings, events and groups are one facet: the variable ``entity`` of its list is the key of what they are about.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from integrates.db_model.comments.rules import BY_PEOPLE, MAX_COMMENTS, is_about_same, whole
from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.entity import counter
from integrates.db_model.entity.facet import Audit, Beside, Facet, Given, Parent, key_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.events.facet import event_counters_key, event_key, within_event
from integrates.db_model.events.types import Event
from integrates.db_model.findings.facet import (
    finding_counters_key,
    finding_counters_keys,
    finding_key,
    within_lasting_finding,
)
from integrates.db_model.findings.types import Finding, FindingStatus
from integrates.db_model.groups.facet import group_counters_key, group_key, of_organization, within_group
from integrates.db_model.indicators.cell import finding_status
from integrates.db_model.store.port import Key, Query
from integrates.db_model.values.instant import instant_text

COMMENTS: Final = "comments"
"""The number of comments on an object, among its counters."""
_FULL: Final = Rejected(Reason.TOO_MANY, (), f"{MAX_COMMENTS:,} comments on one object")


@lru_cache(maxsize=4_096)
def comment_key(comment_id: str) -> Key:
    """Return the key of a comment."""
    return key_of("comment", {"id": comment_id})


def comments_of_finding(finding_id: str) -> Query:
    """Return the query of the comments of a finding, by date and id."""
    return listing("comment", "comments_of_finding", {"entity": finding_key(finding_id).pk})


def comments_of_event(event_id: str) -> Query:
    """Return the query of the comments of an event, by date and id."""
    return listing("comment", "comments_of_event", {"entity": event_key(event_id).pk})


def comments_of_group(name: str) -> Query:
    """Return the query of the comments of a group, by date and id."""
    return listing("comment", "comments_of_group", {"entity": group_key(name).pk})


def _subject(comment: Comment) -> Key:
    """Return the key of what a comment is about."""
    if comment.finding_id:
        return finding_key(comment.finding_id)
    return event_key(comment.event_id) if comment.event_id else group_key(comment.group_name)


def _number(comment: Comment) -> Key:
    """Return the key of the item that counts the comments on what a comment is about."""
    if comment.finding_id:
        return finding_counters_key(comment.finding_id, 0)
    return event_counters_key(comment.event_id) if comment.event_id else group_counters_key(comment.group_name, 0)


def _within(old: Comment | None, new: Comment) -> tuple[Parent, ...]:
    def same_group(finding: Finding) -> Iterator[Rejected]:
        if finding.group_name != new.group_name:
            yield Rejected(Reason.WRONG_PARENT, ("finding_id",))

    def event_of_group(event: Event) -> Iterator[Rejected]:
        if event.group_name != new.group_name:
            yield Rejected(Reason.WRONG_PARENT, ("event_id",))

    def same_object(parent: Comment) -> Iterator[Rejected]:
        if not is_about_same(parent, new):
            yield Rejected(Reason.NO_PARENT, ("parent_id",))

    if old is not None:
        return ()
    return (
        within_group(new.group_name, of_organization(new.organization_id)),
        *((within_lasting_finding(new.finding_id, same_group),) if new.finding_id else ()),
        *((within_event(new.event_id, event_of_group),) if new.event_id else ()),
        *(
            (Parent(facet=COMMENT, key=comment_key(new.parent_id), path=("parent_id",), judge=same_object),)
            if new.parent_id
            else ()
        ),
    )


def _asks_status(comment: Comment) -> bool:
    """Return whether the status of the finding decides: of the types that people choose, a draft does not take this one."""
    return comment.type is CommentType.CONSULT


def _reads(old: Comment | None, new: Comment) -> tuple[Key, ...]:
    if old is not None:
        return ()
    return finding_counters_keys(new.finding_id) if new.finding_id and _asks_status(new) else (_number(new),)


def _counted(old: Comment | None, new: Comment, given: Given, _stamp: Stamp) -> tuple[Beside, ...]:
    """Count the comments of the object: people add up to ``MAX_COMMENTS``, and to a finding that is a draft observations only.

    What explains a verification or a zero risk is counted, but never refused, so that no number of comments keeps anybody from
    working on what the finding is about.
    """
    if old is not None:
        return ()
    counts = counter.summed(given.items[key] for key in _reads(None, new))
    if _asks_status(new) and finding_status(counts) is FindingStatus.DRAFT:
        raise Rejected(Reason.DRAFT_FINDING, ("type",))
    most = MAX_COMMENTS if new.type is None or new.type in BY_PEOPLE else None
    if most is not None and counts.get(COMMENTS, 0) >= most:
        raise _FULL
    return (Beside(counter.guarded(_number(new), COMMENTS, high=most), _FULL),)


COMMENT: Final[Facet[Comment]] = Facet(
    name="comment",
    type=Comment,
    audit=lambda comment: Audit(group=comment.group_name),
    variables={"entity": lambda comment: _subject(comment).pk, "at": lambda comment: instant_text(comment.created_at)},
    fixed=("id", "group_name", "organization_id", "finding_id", "event_id", "parent_id", "type", "content"),
    within=_within,
    counted=_counted,
    reads=_reads,
    check=whole,
)
