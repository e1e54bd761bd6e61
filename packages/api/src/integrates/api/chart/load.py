"""Reading the snapshots of groups, and the names of what charts name."""

from collections.abc import Sequence
from typing import Final

from integrates.api.chart.series import Group, Name
from integrates.api.chart.span import Span
from integrates.api.context import Context
from integrates.api.errors import Code, RequestError
from integrates.api.request.turn import Computation, sliced
from integrates.db_model.entity.loader import load_many
from integrates.db_model.entity.read import pages_of_each
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.snapshots.record import latest_snapshot, snapshot_of, snapshots_between
from integrates.db_model.snapshots.types import Snapshot
from integrates.db_model.store.port import Item, Query

MAX_SNAPSHOTS: Final = 30_000
"""Of how many days of groups together a chart is drawn: each takes 7 KB and 0.05 ms, so that these are 200 MB and 2 s."""


async def _snapshots_of(context: Context, queries: Sequence[Query]) -> list[tuple[Snapshot, ...]]:
    """Read whole lists of snapshots, the pages of all of them together."""
    items: list[list[Item]] = [[] for _ in queries]
    async for number, page in pages_of_each(context.loaders.pages.load_many, queries):
        items[number].extend(page)
    return [tuple(await sliced(context.turns, snapshot_of, own)) for own in items]


async def _last_before(context: Context, names: Sequence[str], span: Span) -> list[tuple[Snapshot, ...]]:
    pages = await context.loaders.pages.load_many([latest_snapshot(name, span.first) for name in names])
    return [tuple(map(snapshot_of, page.items)) for page in pages]


async def groups_of(context: Context, names: Sequence[str], span: Span) -> tuple[Group, ...]:
    """Read the snapshots of groups in a span, and the newest one of each before it; once in a request.

    Raise ``RequestError`` (BAD_USER_INPUT) where these would be too many.
    """
    days = (span.last - span.first).days + 1
    if len(names) * days > MAX_SNAPSHOTS:
        most = MAX_SNAPSHOTS // len(names)
        raise RequestError(Code.BAD_USER_INPUT, f"Of {len(names):,} groups together a chart shows at most {most:,} days.")

    async def read() -> tuple[Group, ...]:
        before = await _last_before(context, names, span)
        within = await _snapshots_of(context, [snapshots_between(name, span.first, span.last) for name in names])
        return tuple(Group((*last, *own)) for last, own in zip(before, within, strict=True))

    found: tuple[Group, ...] = await context.computed.load(Computation(("snapshots", tuple(names), span), read))
    return found


async def finding_titles(context: Context, ids: Sequence[str]) -> Name:
    """Read what findings are called."""
    found = await load_many(context.loaders, FINDING, [finding_key(one) for one in ids])
    return {one.id: one.description.title for one in found if one}.get


async def root_nicknames(context: Context, ids: Sequence[str]) -> Name:
    """Read what roots are called."""
    found = await load_many(context.loaders, ROOT, [root_key(one) for one in ids])
    return {one.id: one.info.nickname for one in found if one}.get
