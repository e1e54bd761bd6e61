"""The list of findings of a group, and how many there are."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec

from integrates.api.authorization.visibility import sees_finding
from integrates.api.context import Context, Info
from integrates.api.resolve.connection import Connection, Walk, connected, entities
from integrates.api.resolve.search import searched
from integrates.api.resolve.walk import whole
from integrates.api.vulnerability.filter import score_limit
from integrates.db_model.entity.counter import summed
from integrates.db_model.entity.listing import listing
from integrates.db_model.findings.facet import FINDING, finding_counters_keys
from integrates.db_model.findings.types import Finding, FindingStatus
from integrates.db_model.indicators.cell import finding_status
from integrates.db_model.store.port import Query


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings are asked for; ``None`` asks for nothing in particular."""

    status: FindingStatus | None
    title: str | None
    min_score: Decimal | None
    max_score: Decimal | None


def wanted_of(args: Mapping[str, Any]) -> Wanted:
    """Read the arguments of ``Group.findings``."""
    return Wanted(
        status=args.get("status"),
        title=searched(args.get("title"), "title"),
        min_score=score_limit(args.get("min_score"), "minScore"),
        max_score=score_limit(args.get("max_score"), "maxScore"),
    )


def fits(found: Finding, status: FindingStatus, wanted: Wanted) -> bool:
    """Return whether a finding of that status is asked for."""
    score = found.severity.score if found.severity else None
    return (
        wanted.status in {None, status}
        and (wanted.title is None or wanted.title.casefold() in found.description.title.casefold())
        and (wanted.min_score is None or (score is not None and score >= wanted.min_score))
        and (wanted.max_score is None or (score is not None and score <= wanted.max_score))
    )


def of_group(group_name: str) -> Query:
    """Return the query of all findings of a group, by id."""
    return listing(FINDING.name, "findings_of_group", {"group_name": group_name})


async def statuses(context: Context, found: Sequence[Finding]) -> tuple[FindingStatus, ...]:
    """Derive the status of each finding from its counters, in one call for all."""
    keys = [finding_counters_keys(finding.id) for finding in found]
    items = iter(await context.loaders.items.load_many([key for parts in keys for key in parts]))
    return tuple(finding_status(summed(islice(items, len(parts)))) for parts in keys)


async def open_findings_of(context: Context, group_name: str) -> int:
    """Count the findings of a group that have an open vulnerability."""
    found = await whole(context.loaders, FINDING, of_group(group_name))
    return sum(status is FindingStatus.VULNERABLE for status in await statuses(context, found))


def _kept(context: Context, wanted: Wanted, permissions: AbstractSet[str]) -> Callable[[Sequence[Finding]], Any]:
    async def keep(found: Sequence[Finding]) -> Sequence[bool]:
        pairs = zip(found, await statuses(context, found), strict=True)
        return [sees_finding(permissions, status) and fits(one, status, wanted) for one, status in pairs]

    return keep


async def findings(info: Info, group_name: str, args: Mapping[str, Any], permissions: AbstractSet[str]) -> Connection:
    """Answer ``Group.findings``. The total is counted over the whole list, which is bounded."""
    context, query = info.context, of_group(group_name)
    keep = _kept(context, wanted_of(args), permissions)
    walk = Walk(stretches=(query,), read=entities(context.loaders, FINDING), keep=keep)

    async def total() -> int:
        return sum(await keep(await whole(context.loaders, FINDING, query)))

    return await connected(info, group_name, args, walk, total)
