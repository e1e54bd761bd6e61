"""The list of findings of a group, and how many there are."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from integrates.api.authorization.visibility import READ_DRAFTS, sees_finding
from integrates.api.context import Context, Info
from integrates.api.request.turn import Computation, sliced
from integrates.api.resolve.connection import Connection, Keep, Walk, connected, counter_total, entities
from integrates.api.resolve.search import searched
from integrates.api.resolve.walk import pages
from integrates.api.vulnerability.filter import score_fits, score_limit
from integrates.db_model.entity.counter import summed
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.read import live
from integrates.db_model.findings.facet import FINDING, finding_counters_keys
from integrates.db_model.findings.types import Finding, FindingStatus
from integrates.db_model.groups.facet import group_counters_keys
from integrates.db_model.groups.types import Group
from integrates.db_model.indicators.cell import finding_status
from integrates.db_model.store.port import Query


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings are asked for; ``None`` asks for nothing in particular."""

    statuses: frozenset[FindingStatus] | None = None
    title: str | None = None
    cwe: str | None = None
    min_score: Decimal | None = None
    max_score: Decimal | None = None


def filter_of(given: Mapping[str, Any] | None) -> Filter:
    """Read a ``FindingFilter``."""
    wanted = dict(given or {})
    statuses, cwe = wanted.get("statuses"), searched(wanted.get("cwe"), "cwe")
    return Filter(
        statuses=None if statuses is None else frozenset(statuses),
        title=searched(wanted.get("title"), "title"),
        cwe=None if cwe is None else cwe.upper(),
        min_score=score_limit(wanted.get("min_score"), "minScore"),
        max_score=score_limit(wanted.get("max_score"), "maxScore"),
    )


def fits(found: Finding, status: FindingStatus, wanted: Filter) -> bool:
    """Return whether a finding of that status is asked for."""
    score = found.severity.score if found.severity else None
    return (
        (wanted.statuses is None or status in wanted.statuses)
        and (wanted.title is None or wanted.title.casefold() in found.description.title.casefold())
        and (wanted.cwe is None or wanted.cwe in found.description.cwe_ids)
        and score_fits(score, wanted.min_score, wanted.max_score)
    )


def findings_query(group_name: str) -> Query:
    """Return the query of all findings of a group, by id."""
    return listing(FINDING.name, "findings_of_group", {"group_name": group_name})


async def statuses(context: Context, found: Sequence[Finding]) -> tuple[FindingStatus, ...]:
    """Derive the status of each finding from its counters, in one call for all."""
    keys = [finding_counters_keys(finding.id) for finding in found]
    items = iter(await context.loaders.items.load_many([key for parts in keys for key in parts]))
    shards = [tuple(islice(items, len(parts))) for parts in keys]
    return tuple(await sliced(context.turns, lambda parts: finding_status(summed(parts)), shards))


async def open_findings_of(context: Context, group_name: str) -> int:
    """Count the findings of a group that have an open vulnerability, once in a request."""

    async def compute() -> int:
        number = 0
        async for items in pages(context, findings_query(group_name)):
            read = await sliced(context.turns, partial(live, FINDING), items)
            found = await statuses(context, [one for one in read if one])
            number += sum(status is FindingStatus.VULNERABLE for status in found)
        return number

    number: int = await context.computed.load(Computation(("open findings", group_name), compute))
    return number


def _keep(context: Context, wanted: Filter, permissions: AbstractSet[str]) -> Keep[Finding]:
    async def keep(found: Sequence[Finding]) -> Sequence[bool]:
        pairs = zip(found, await statuses(context, found), strict=True)
        return [sees_finding(permissions, status) and fits(one, status, wanted) for one, status in pairs]

    return keep


async def findings(source: Group, info: Info, **args: Any) -> Connection:
    """Return the findings of the group that the caller may see.

    The counter of the whole list counts drafts too, so only those who may read drafts get the total.
    """
    context, wanted = info.context, filter_of(args.get("filter"))
    permissions = (await context.scopes.groups.load(source.name)).permissions
    walk = Walk(
        stretches=(findings_query(source.name),),
        read=entities(context, FINDING),
        keep=_keep(context, wanted, permissions),
    )
    total = counter_total(context, group_counters_keys(source.name), "findings")
    is_counted = wanted == Filter() and READ_DRAFTS in permissions
    return await connected(info, source.name, args, walk, total if is_counted else None)
