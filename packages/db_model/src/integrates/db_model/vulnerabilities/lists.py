"""The lists in which vulnerabilities stand."""

from typing import Final

from integrates.db_model.entity.listing import listing
from integrates.db_model.store.port import MAX_PAGE, Query
from integrates.db_model.vulnerabilities.facet import hidden_mark
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

_FACET: Final = "vulnerability"


def of_finding(finding_id: str, *, limit: int = MAX_PAGE, after: str | None = None) -> Query:
    """All vulnerabilities of a finding, removed ones too, by id."""
    return listing(_FACET, "vulnerabilities_of_finding", {"finding_id": finding_id}, limit=limit, after=after)


def of_finding_in_state(
    finding_id: str, *, hidden: bool, state: VulnerabilityStatus, limit: int = MAX_PAGE, after: str | None = None
) -> Query:
    """Vulnerabilities of a finding in one state, hidden ones or the others, by the date they were opened, then by id."""
    parts = {"finding_id": finding_id, "hidden": hidden_mark(hidden=hidden), "state": state.value}
    return listing(_FACET, "vulnerabilities_of_finding_by_state", parts, limit=limit, after=after)


def of_group_in_state(
    group_name: str, *, hidden: bool, state: VulnerabilityStatus, limit: int = MAX_PAGE, after: str | None = None
) -> Query:
    """Vulnerabilities of a group in one state, hidden ones or the others, by treatment, date, then id."""
    parts = {"group_name": group_name, "hidden": hidden_mark(hidden=hidden), "state": state.value}
    return listing(_FACET, "vulnerabilities_of_group_by_state", parts, limit=limit, after=after)


def of_root(root_id: str, *, limit: int = MAX_PAGE, after: str | None = None) -> Query:
    """All vulnerabilities of a root but the removed ones, by finding, then by id."""
    return listing(_FACET, "vulnerabilities_of_root", {"root_id": root_id}, limit=limit, after=after)


def of_root_and_finding(root_id: str, finding_id: str, *, limit: int = MAX_PAGE, after: str | None = None) -> Query:
    """All vulnerabilities of one finding on one root but the removed ones, by id."""
    parts = {"root_id": root_id, "finding_id": finding_id}
    return listing(_FACET, "vulnerabilities_of_root_and_finding", parts, limit=limit, after=after)


def assigned_to(email: str, *, limit: int = MAX_PAGE, after: str | None = None) -> Query:
    """All vulnerabilities whose treatment is assigned to a person, by group, then by id."""
    return listing(_FACET, "vulnerabilities_assigned_to", {"assigned": email}, limit=limit, after=after)
