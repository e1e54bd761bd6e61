"""Audit trails: the revisions of everything in a group, or of an organization with its members and groups, by date.

Whoever may read the audit trail of a group may read everything in it, hence nothing is left out here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from integrates.api.context import Context, Info
from integrates.api.request.turn import sliced
from integrates.api.resolve.connection import TOGETHER, Batch, Connection, Walk, connected
from integrates.api.resolve.history import revision_shown
from integrates.db_model.entity import revision
from integrates.db_model.entity.revision import Revision
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization
from integrates.db_model.store.port import Query

END: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Later than any revision; not the time of reading, because each page has to ask the same."""


async def trail_page(context: Context, query: Query) -> Batch[Revision]:
    """Read a page of keys, then what they name."""
    page = await context.loaders.pages.load(query)
    items = await context.loaders.items.load_many([item.key for item in page.items])
    kept = [(item, cursor) for item, cursor in zip(items, page.cursors, strict=True) if item]
    nodes = await sliced(context.turns, lambda item: revision_shown(revision.of_item(item)), [item for item, _ in kept])
    end = page.cursors[-1] if page.cursors else None
    return Batch(tuple(nodes), tuple(cursor for _, cursor in kept), page.has_next, end)


async def _trail(
    info: Info, parent: str, args: Mapping[str, Any], pattern: str, parts: Mapping[str, str], began: datetime
) -> Connection:
    first = max(args.get("from") or began, began)
    last = min(args.get("to") or END, END)

    async def read(query: Query) -> Batch[Revision]:
        return await trail_page(info.context, query)

    stretches = revision.trail_queries(pattern, parts, first, last, info.context.call.now())
    return await connected(info, parent, args, Walk(stretches=stretches, read=read, together=TOGETHER))


async def of_group(source: Group, info: Info, **args: Any) -> Connection:
    """Return the audit trail of the group."""
    return await _trail(info, source.name, args, "audit_of_group", {"name": source.name}, source.created_at)


async def of_organization(source: Organization, info: Info, **args: Any) -> Connection:
    """Return the audit trail of the organization."""
    return await _trail(info, source.id, args, "audit_of_organization", {"id": source.id}, source.created_at)
