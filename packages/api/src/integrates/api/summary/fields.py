"""Fields of summaries that are not derived from counters."""

from datetime import datetime
from typing import Final

from integrates.api.attribute import Fields
from integrates.api.finding.page import open_findings_of
from integrates.api.request import Info
from integrates.api.summary.figure import Summary
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.read import page_of
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, hidden_mark
from integrates.db_model.vulnerabilities.types import TreatmentStatus, VulnerabilityStatus

_BY_STATE: Final = "vulnerabilities_of_group_by_state"


async def _open_findings(source: Summary, info: Info) -> int | None:
    return await open_findings_of(info.context, source.group_name) if source.group_name else None


async def _last_closed_at(source: Summary, info: Info) -> datetime | None:
    """Look at the last of each treatment: the list by state is kept by treatment, then by date."""
    if source.group_name is None:
        return None
    safe = {"group_name": source.group_name, "hidden": hidden_mark(hidden=False), "state": VulnerabilityStatus.SAFE.value}
    queries = [
        listing(VULNERABILITY.name, _BY_STATE, {**safe, "treatment": status.value}, limit=1, descending=True)
        for status in TreatmentStatus
    ]
    pages = await info.context.loaders.pages.load_many(queries)
    found = [entity for page in pages for entity in page_of(VULNERABILITY, page).entities]
    return max((one.cycle.closed_at for one in found if one.cycle.closed_at), default=None)


FIELDS: Final[Fields] = {"Summary": {"openFindings": _open_findings, "lastClosedAt": _last_closed_at}}
