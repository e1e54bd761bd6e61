"""A finding at a moment, from the revisions of its vulnerabilities (domain sections 7 and 11).

Everything is read and computed once in a request, however often fields ask for it.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias

import msgspec

from integrates.api.authorization.visibility import READ_HIDDEN, sees_vulnerability
from integrates.api.context import Context
from integrates.api.errors import Code, RequestError
from integrates.api.past.state import FindingAt, Past, VulnerabilityAt, past, pasts_of, then, up_to, vulnerability_at
from integrates.api.request.turn import Computation, sliced
from integrates.api.resolve.connection import Batch, Read
from integrates.api.resolve.walk import pages
from integrates.db_model.entity import counter
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import key_text
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.rules import status
from integrates.db_model.findings.types import FindingStatus
from integrates.db_model.indicators.contribution import Severities, remediations
from integrates.db_model.store.port import Item, Query
from integrates.db_model.vulnerabilities import tally
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_finding
from integrates.db_model.vulnerabilities.rules import is_hidden, is_open, is_released
from integrates.db_model.vulnerabilities.types import Vulnerability

MAX_VULNERABILITIES: Final = 2_000
"""Of how many vulnerabilities the figures of a finding at a moment are computed at most."""

_READ: Final = 500
"""Of how many vulnerabilities the pasts are read in one call of the store, at most four times."""

Show: TypeAlias = Callable[["Known"], VulnerabilityAt | None]


class Known(msgspec.Struct, frozen=True):
    """A vulnerability as it is now, removed or not, with its past."""

    now: Vulnerability
    past: Past[Vulnerability]


async def _known(context: Context, items: Sequence[Item]) -> tuple[Known, ...]:
    pasts = await pasts_of(context, VULNERABILITY, [item.key for item in items])
    now: Sequence[Vulnerability] = await sliced(context.turns, partial(decoded, VULNERABILITY), items)
    return tuple(map(Known, now, pasts))


def _may_show(known: Known, permissions: AbstractSet[str]) -> bool:
    """Return whether a vulnerability may be shown at all: what is hidden now needs ``zero_risk:read`` at any moment."""
    return READ_HIDDEN in permissions or not is_hidden(known.now)


def shown_at(at: datetime, permissions: AbstractSet[str]) -> Show:
    """Return the function that shows a vulnerability as it was, if it existed then and the caller may see it."""

    def show(known: Known) -> VulnerabilityAt | None:
        found = then(VULNERABILITY, known.past, at)
        visible = found is not None and sees_vulnerability(permissions, found) and _may_show(known, permissions)
        return vulnerability_at(found, at) if found and visible else None

    return show


def reader(context: Context, at: datetime, permissions: AbstractSet[str]) -> Read[VulnerabilityAt]:
    """Read pages of a finding's vulnerabilities as they were."""

    async def read(query: Query) -> Batch[VulnerabilityAt]:
        page = await context.loaders.pages.load(query)
        known = await context.computed.load(Computation(("page", query), lambda: _known(context, page.items)))
        found = await sliced(context.turns, shown_at(at, permissions), known)
        kept = [(one, cursor) for one, cursor in zip(found, page.cursors, strict=True) if one]
        return Batch(
            tuple(one for one, _ in kept),
            tuple(cursor for _, cursor in kept),
            page.has_next,
            page.cursors[-1] if page.cursors else None,
        )

    return read


async def _read_all(context: Context, finding_id: str) -> tuple[Known, ...]:
    items: list[Item] = []
    async for page in pages(context, of_finding(finding_id), _READ):
        items.extend(page)
        if len(items) > MAX_VULNERABILITIES:
            raise RequestError(Code.BAD_USER_INPUT, "The finding has too many vulnerabilities for figures of the past.")
    parts = [await _known(context, items[begin : begin + _READ]) for begin in range(0, len(items), _READ)]
    return tuple(known for part in parts for known in part)


async def _all(context: Context, finding_id: str) -> tuple[Known, ...]:
    """Read all vulnerabilities of a finding with their pasts. Raise BAD_USER_INPUT when there are too many."""
    known: tuple[Known, ...] = await context.computed.load(
        Computation(("vulnerabilities", finding_id), lambda: _read_all(context, finding_id))
    )
    return known


async def vulnerabilities_at(source: FindingAt, context: Context, permissions: AbstractSet[str]) -> tuple[Vulnerability, ...]:
    """Return all vulnerabilities of the finding as they were, by id."""

    async def compute() -> tuple[Vulnerability, ...]:
        known = await _all(context, source.id)
        found = await sliced(context.turns, shown_at(source.as_of, permissions), known)
        return tuple(one for one in found if one)

    key = ("vulnerabilities", source.id, source.as_of, frozenset(permissions))
    found: tuple[Vulnerability, ...] = await context.computed.load(Computation(key, compute))
    return found


def _counted(finding: str, severities: Severities, at: datetime) -> Callable[[Known], Mapping[str, int]]:
    """Return the function that gives what a vulnerability had added to the counters of its finding by that moment."""

    def count(known: Known) -> Mapping[str, int]:
        found = up_to(known.past, at)
        latest = found.states[-1] if found.states else None
        closed = remediations(found.revisions, found.states, finding, severities)
        return counter.plus(tally.counted(latest, None).finding, closed)

    return count


async def counts_at(source: FindingAt, context: Context, permissions: AbstractSet[str]) -> Mapping[str, int]:
    """Return the counters of the finding as they were, without vulnerabilities that are hidden from the caller."""

    async def compute() -> Mapping[str, int]:
        key = finding_key(source.id)
        severities = {each.version: each.severity for each in (await past(context, FINDING, key)).states}
        shown = [known for known in await _all(context, source.id) if _may_show(known, permissions)]
        total: Mapping[str, int] = {}
        for added in await sliced(context.turns, _counted(key_text(key), severities, source.as_of), shown):
            total = counter.plus(total, added)
        return total

    key = ("counts", source.id, source.as_of, frozenset(permissions))
    counts: Mapping[str, int] = await context.computed.load(Computation(key, compute))
    return counts


async def status_at(source: FindingAt, context: Context, permissions: AbstractSet[str]) -> FindingStatus:
    """Return the status of the finding as it was. What is hidden now counts as hidden then for who may not see it."""

    async def compute() -> FindingStatus:
        known = await _all(context, source.id)
        found = await sliced(context.turns, lambda one: then(VULNERABILITY, one.past, source.as_of), known)
        pairs = [(one, state) for one, state in zip(known, found, strict=True) if state and is_released(state)]
        open_count = sum(is_open(state) and _may_show(one, permissions) for one, state in pairs)
        return status(open_count=open_count, released_count=len(pairs))

    key = ("status", source.id, source.as_of, frozenset(permissions))
    found: FindingStatus = await context.computed.load(Computation(key, compute))
    return found
