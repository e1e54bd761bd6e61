"""Fields of summaries that are not derived from counters."""

from datetime import datetime
from typing import Final

from integrates.api.context import Info
from integrates.api.finding.page import open_findings_of
from integrates.api.resolve.binding import Binding
from integrates.api.summary.figure import Summary
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.loader import load_page
from integrates.db_model.indicators.figure import RemediationTime, Share
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, hidden_mark
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

_BY_STATE: Final = "vulnerabilities_of_group_by_state"


async def _open_findings(source: Summary, info: Info) -> int | None:
    return await open_findings_of(info.context, source.group_name) if source.group_name else None


async def _last_closed_at(source: Summary, info: Info) -> datetime | None:
    """Return when the vulnerability that was closed last was closed: the list by state keeps the safe ones by that date."""
    if source.group_name is None:
        return None
    safe = {"group_name": source.group_name, "hidden": hidden_mark(hidden=False), "state": VulnerabilityStatus.SAFE.value}
    query = listing(VULNERABILITY.name, _BY_STATE, safe, limit=1, descending=True)
    found = (await load_page(info.context.loaders, VULNERABILITY, query)).entities
    return found[0].cycle.closed_at if found else None


BINDING: Final = Binding(
    shows={"Summary": Summary, "SummaryCount": Share, "RemediationTime": RemediationTime},
    fields={"Summary": {"openFindings": _open_findings, "lastClosedAt": _last_closed_at}},
)
