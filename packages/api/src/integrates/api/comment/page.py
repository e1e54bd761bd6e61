"""The comments on an object that the caller may read."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from integrates.api.authorization.visibility import readable_types
from integrates.api.context import Info
from integrates.api.past.state import moment_of
from integrates.api.resolve.connection import Connection, Keep, Walk, connected, counter_total, each, entities
from integrates.api.resolve.parent import permissions_for
from integrates.db_model.comments.facet import COMMENT, COMMENTS, comments_of_finding, comments_of_group
from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.findings.facet import finding_counters_keys
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import group_counters_keys
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import Key, Query


async def comments_page(
    info: Info, parent: str, args: Mapping[str, Any], query: Query, *, keep: Keep[Comment] | None, counters: Sequence[Key]
) -> Connection:
    """Answer the list of the comments on an object, whose ``counters`` know how many there are."""
    walk = Walk(stretches=(query,), read=entities(info.context, COMMENT), keep=keep)
    return await connected(info, parent, args, walk, None if keep else counter_total(info.context, counters, COMMENTS))


async def comments_on_group(source: Group, info: Info, **args: Any) -> Connection:
    """Return the comments on the group."""
    keys = group_counters_keys(source.name)
    return await comments_page(info, source.name, args, comments_of_group(source.name), keep=None, counters=keys)


def _keep(wanted: AbstractSet[CommentType], until: datetime | None) -> Keep[Comment]:
    return each(lambda one: one.type in wanted and (until is None or one.created_at <= until))


async def comments_on_finding(source: Finding, info: Info, **args: Any) -> Connection:
    """Return the comments on the finding that the caller may read, at a moment those that were there."""
    readable = readable_types(await permissions_for(source, info))
    given = args.get("types")
    wanted = readable if given is None else readable & frozenset(given)
    until, keys = moment_of(source), finding_counters_keys(source.id)
    keep = None if until is None and wanted == frozenset(CommentType) else _keep(wanted, until)
    return await comments_page(info, source.id, args, comments_of_finding(source.id), keep=keep, counters=keys)
