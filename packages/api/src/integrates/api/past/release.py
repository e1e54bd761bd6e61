"""When a finding was no draft (V1): while at least one of its vulnerabilities, hidden or not, was released."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias

from integrates.api.context import Context
from integrates.api.request.turn import SLICE, Computation, sliced
from integrates.api.resolve.walk import pages
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import MAX_PAGE, Item
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_finding
from integrates.db_model.vulnerabilities.release import Span, released_span, united

MAX_LOOKED_AT: Final = 2_000
"""How many vulnerabilities are looked at, the first by id. What only others show to have been no draft counts as one."""
_PAGE: Final = MAX_PAGE

WasReleased: TypeAlias = Callable[[datetime], bool]
"""Returns whether a finding was no draft at a moment."""


def _span(item: Item) -> Span | None:
    return released_span(decoded(VULNERABILITY, item))


async def _spans(context: Context, finding_id: str, since: datetime) -> tuple[Span, ...]:
    """Return when the finding was no draft. Nothing more is read once one span is known to last since its release."""
    found: tuple[Span, ...] = ()
    looked_at = 0
    async for page in pages(context, of_finding(finding_id), _PAGE):
        for begin in range(0, len(page), SLICE):
            read = await sliced(context.turns, _span, page[begin : begin + SLICE])
            found = united((*found, *filter(None, read)))
            if any(one.end is None and one.begin <= since for one in found):
                return found
        looked_at += len(page)
        if looked_at >= MAX_LOOKED_AT:
            break
    return found


def _was_released(spans: tuple[Span, ...], since: datetime, at: datetime) -> bool:
    return at >= since and any(one.covers(at) for one in spans)


async def release_of(context: Context, found: Finding) -> WasReleased:
    """Return the function that tells when a finding was no draft. Of one that was never released nothing is read."""
    since = found.release.released_at
    if since is None:
        return lambda _: False
    key = ("released", found.id, since)
    spans: tuple[Span, ...] = await context.computed.load(Computation(key, lambda: _spans(context, found.id, since)))
    return partial(_was_released, spans, since)
