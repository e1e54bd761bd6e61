"""Fields of findings, as they are and as they were."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import partial
from typing import Any, Final

from integrates.api.context import Context, Info
from integrates.api.finding.mutations import MUTATIONS
from integrates.api.finding.queries import QUERIES
from integrates.api.past.finding import counts_at, status_at, vulnerabilities_at
from integrates.api.past.state import FindingAt, check_past, moment_of
from integrates.api.request.turn import Computation
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.connection import Batch, Connection, entities
from integrates.api.resolve.parent import group, permissions_for
from integrates.api.summary.figure import Summary, summary
from integrates.api.vulnerability.page import by_state, of_finding_at
from integrates.db_model.entity.loader import load_counts
from integrates.db_model.evidences.file import file_key, rows_in
from integrates.db_model.evidences.rules import FINDING_SLOTS, in_slot
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.findings.facet import finding_counters_keys
from integrates.db_model.findings.types import Finding, FindingStatus, ToolRule
from integrates.db_model.indicators.cell import finding_status
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_finding_in_state
from integrates.db_model.vulnerabilities.rules import is_open
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus

_LOCATIONS: Final = 20
_LOOKED_AT: Final = 500


async def _counts(source: Finding, context: Context, permissions: AbstractSet[str]) -> Mapping[str, int]:
    if isinstance(source, FindingAt):
        return await counts_at(source, context, permissions)
    return await load_counts(context.loaders, finding_counters_keys(source.id))


def _moment(source: Finding, context: Context) -> datetime:
    return moment_of(source) or context.call.now()


async def status(source: Finding, info: Info) -> FindingStatus:
    """Return the status of the finding, from its counters, or as it was from the pasts of its vulnerabilities."""
    if isinstance(source, FindingAt):
        return await status_at(source, info.context, await permissions_for(source, info))
    return finding_status(await load_counts(info.context.loaders, finding_counters_keys(source.id)))


async def figures(source: Finding, info: Info) -> Summary:
    """Return the figures of the finding."""
    permissions = await permissions_for(source, info)
    numbers = await _counts(source, info.context, permissions)
    return summary(numbers, permissions, _moment(source, info.context), inherited=source.severity)


async def age_days(source: Finding, info: Info) -> int | None:
    """Return the days since the release of the finding."""
    released_at = source.release.released_at
    return (_moment(source, info.context) - released_at).days if released_at else None


async def _open(source: Finding, info: Info, number: int) -> tuple[Vulnerability, ...]:
    """Return the open vulnerabilities that were opened first."""
    if isinstance(source, FindingAt):
        found = await vulnerabilities_at(source, info.context, await permissions_for(source, info))
        return tuple(sorted(filter(is_open, found), key=_opened))[:number]
    query = of_finding_in_state(source.id, hidden=False, state=VulnerabilityStatus.VULNERABLE, limit=number)
    read = entities(info.context, VULNERABILITY)
    batch: Batch[Vulnerability] = await info.context.computed.load(Computation(("open", query), lambda: read(query)))
    return batch.nodes


def _opened(found: Vulnerability) -> datetime:
    return found.cycle.opened_at or found.state.at


async def open_age_days(source: Finding, info: Info) -> int | None:
    """Return the days since the opening of the oldest open vulnerability."""
    oldest = await _open(source, info, 1)
    return (_moment(source, info.context) - _opened(oldest[0])).days if oldest else None


async def where(source: Finding, info: Info) -> list[str]:
    """Return the first locations that differ among the open vulnerabilities, in the order in which they were opened."""
    found = await _open(source, info, _LOOKED_AT)
    return list(dict.fromkeys(one.location.where for one in found))[:_LOCATIONS]


async def records(source: Finding, info: Info) -> list[list[str]] | None:
    """Return the first rows of the finding's file of records; ``None`` when there is none, or no more."""
    found = in_slot(source.evidences, EvidenceSlot.RECORDS)
    if found is None:
        return None
    key, files = file_key(source.id, found), info.context.call.files
    rows: list[list[str]] | None = await info.context.computed.load(Computation(("records", key), lambda: rows_in(files, key)))
    return rows


async def vulnerabilities(source: Finding, info: Info, **args: Any) -> Connection:
    """Return the vulnerabilities of the finding that the caller may see, now or at a moment."""
    permissions = await permissions_for(source, info)
    at = args.get("as_of") or moment_of(source)
    if at is not None:
        return await of_finding_at(info, source, args, check_past(at, info.context.call.now()), permissions)
    return await by_state(
        info,
        source.id,
        args,
        partial(of_finding_in_state, source.id),
        permissions=permissions,
        counters=finding_counters_keys(source.id),
        inherited=source.severity,
    )


BINDING: Final = Binding(
    shows={"Finding": Finding, "ToolRule": ToolRule},
    fields={
        **QUERIES,
        **MUTATIONS,
        "Finding": {
            "group": group,
            "title": "description.title",
            "description": "description.description",
            "threat": "description.threat",
            "attackVectorDescription": "description.attack_vector_description",
            "recommendation": "description.recommendation",
            "cweIds": "description.cwe_ids",
            "minTimeToRemediate": "description.min_time_to_remediate",
            "status": status,
            "releasedAt": "release.released_at",
            "ageDays": age_days,
            "openAgeDays": open_age_days,
            "where": where,
            "records": records,
            "summary": figures,
            "vulnerabilities": vulnerabilities,
        },
    },
    enums={
        "FindingEvidenceSlot": {slot.name: slot for slot in FINDING_SLOTS},
        "FindingStatus": FindingStatus,
    },
)
