"""A finding at a moment, from the revisions of its vulnerabilities (domain sections 7 and 11)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

import msgspec

from integrates.api.authorization.visibility import READ_HIDDEN, sees_vulnerability
from integrates.api.context import Context
from integrates.api.errors import Code, RequestError
from integrates.api.past.state import FindingAt, VulnerabilityAt, revisions_of, vulnerability_at
from integrates.api.resolve.connection import Batch, Read
from integrates.db_model.entity import counter, revision
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import key_text
from integrates.db_model.entity.revision import Revision
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.indicators.recount import Severities, remediations
from integrates.db_model.store.port import MAX_PAGE, Item, Query
from integrates.db_model.vulnerabilities import tally
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_finding
from integrates.db_model.vulnerabilities.rules import is_hidden
from integrates.db_model.vulnerabilities.types import Vulnerability

MAX_VULNERABILITIES: Final = 2_000
"""Of how many vulnerabilities the figures of a finding at a moment are computed at most."""


class Past(msgspec.Struct, frozen=True):
    """A vulnerability as it is now, removed or not, with all its revisions."""

    now: Vulnerability
    revisions: tuple[Revision, ...]


async def _pasts(context: Context, items: Sequence[Item]) -> tuple[Past, ...]:
    found = await revisions_of(context, [item.key for item in items])
    return tuple(Past(decoded(VULNERABILITY, item), own) for item, own in zip(items, found, strict=True))


def _may_show(past: Past, permissions: AbstractSet[str]) -> bool:
    """Return whether a vulnerability may be shown at all: what is hidden now needs ``zero_risk:read`` at any moment."""
    return READ_HIDDEN in permissions or not is_hidden(past.now)


def shown_at(past: Past, at: datetime, permissions: AbstractSet[str]) -> VulnerabilityAt | None:
    """Return the vulnerability as it was, if it existed then and the caller may see it."""
    then = revision.state_at(VULNERABILITY, past.revisions, at)
    visible = then is not None and sees_vulnerability(permissions, then) and _may_show(past, permissions)
    return vulnerability_at(then, at) if then and visible else None


def reader(context: Context, at: datetime, permissions: AbstractSet[str]) -> Read[VulnerabilityAt]:
    """Read pages of a finding's vulnerabilities as they were."""

    async def read(query: Query) -> Batch[VulnerabilityAt]:
        page = await context.loaders.pages.load(query)
        found = [shown_at(past, at, permissions) for past in await _pasts(context, page.items)]
        kept = [(one, cursor) for one, cursor in zip(found, page.cursors, strict=True) if one]
        return Batch(
            tuple(one for one, _ in kept),
            tuple(cursor for _, cursor in kept),
            page.has_next,
            page.cursors[-1] if page.cursors else None,
        )

    return read


async def all_pasts(context: Context, finding_id: str) -> tuple[Past, ...]:
    """Read all vulnerabilities of a finding with their revisions. Raise BAD_USER_INPUT when there are too many."""
    items: tuple[Item, ...] = ()
    after, has_next = None, True
    while has_next:
        page = await context.loaders.pages.load(of_finding(finding_id, limit=MAX_PAGE, after=after))
        items, has_next = (*items, *page.items), page.has_next
        after = page.cursors[-1] if page.cursors else None
        if len(items) > MAX_VULNERABILITIES:
            raise RequestError(Code.BAD_USER_INPUT, "The finding has too many vulnerabilities for figures of the past.")
    return await _pasts(context, items)


async def vulnerabilities_at(source: FindingAt, context: Context, permissions: AbstractSet[str]) -> tuple[Vulnerability, ...]:
    """Return all vulnerabilities of the finding as they were, by id."""
    found = [shown_at(past, source.as_of, permissions) for past in await all_pasts(context, source.id)]
    return tuple(one for one in found if one)


def _counted(past: Past, finding: str, severities: Severities, at: datetime) -> Mapping[str, int]:
    """Return what a vulnerability had added to the counters of its finding by that moment."""
    until = [one for one in past.revisions if one.at <= at]
    then = revision.states(VULNERABILITY, until)[-1] if until else None
    return counter.plus(tally.counted(then, None).finding, remediations(until, finding, severities))


async def counts_at(source: FindingAt, context: Context, permissions: AbstractSet[str]) -> Mapping[str, int]:
    """Return the counters of the finding as they were, without vulnerabilities that are hidden from the caller."""
    key = finding_key(source.id)
    (revisions,) = await revisions_of(context, (key,))
    severities = {each.version: each.severity for each in revision.states(FINDING, revisions)}
    total: Mapping[str, int] = {}
    for past in await all_pasts(context, source.id):
        if _may_show(past, permissions):
            total = counter.plus(total, _counted(past, key_text(key), severities, source.as_of))
    return total
