"""The lists of a group: vulnerabilities and findings, filtered as the address says, a part at a time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from integrates.server.pages.decide import PERMISSION
from integrates.server.pages.filter import AFTER, FINDINGS, VULNERABILITIES, entries_of, filter_given
from integrates.server.pages.page import Address, Page, Shown
from integrates.server.pages.part import CHECKS, Connection, Item, Nickname, Severity, Status

SIZE: Final = 50
"""How many things a page lists."""
VULNERABILITIES_QUERY: Final = """query ($name: ID!, $filter: VulnerabilityFilter, $first: Int!, $after: String) {
  group(name: $name) { name permissions vulnerabilities(filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes {
      id where specific state openedAt dueAt isOverdue severity { score level } finding { id title } root { nickname }
      treatment { status acceptanceStatus assigned } zeroRisk { status } verification { status }
    }
  } }
}"""
FINDINGS_QUERY: Final = """query ($name: ID!, $filter: FindingFilter, $first: Int!, $after: String) {
  group(name: $name) { name findings(filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id title status releasedAt severity { score level } summary { open closed openCvssf } }
  } }
}"""
VIEWS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "Open": {"states": ("VULNERABLE",)},
    "Severe": {"states": ("VULNERABLE",), "minScore": ("7.0",)},
    "Overdue": {"states": ("VULNERABLE",), "isOverdue": ("true",)},
    "Undecided": {"states": ("VULNERABLE",), "treatments": ("UNTREATED",)},
    "Nobody's": {"states": ("VULNERABLE",), "isUnassigned": ("true",)},
    "To check again": {"states": ("VULNERABLE",), "verifications": ("REQUESTED", "ON_HOLD")},
    "Drafts": {"states": ("SUBMITTED",)},
    "Safe": {"states": ("SAFE",)},
    "All": {},
}
"""What people look for most: the values of the query string by the words of the link."""


class Named(msgspec.Struct, frozen=True):
    """A finding, by its title."""

    id: str
    title: str


class Treatment(msgspec.Struct, frozen=True, rename="camel"):
    """What is being done."""

    status: str
    acceptance_status: str | None
    assigned: str | None


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """A vulnerability in the list."""

    id: str
    where: str
    specific: str
    state: str
    opened_at: datetime | None
    due_at: datetime | None
    is_overdue: bool
    severity: Severity | None
    finding: Named
    root: Nickname
    treatment: Treatment
    zero_risk: Status | None
    verification: Status | None

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is special about it, in words."""
        check = CHECKS.get(self.verification.status) if self.verification else None
        return (
            *(("overdue",) if self.is_overdue else ()),
            *(("acceptance requested",) if self.treatment.acceptance_status == "SUBMITTED" else ()),
            *((check,) if check else ()),
            *((f"no risk: {self.zero_risk.status.lower()}",) if self.zero_risk else ()),
        )


class Counted(Connection[Item], frozen=True, rename="camel", kw_only=True):
    """A part of a list, and how many things the whole has, where that is told."""

    total_count: int | None


class VulnerabilityGroup(msgspec.Struct, frozen=True):
    """A group with a part of its vulnerabilities."""

    name: str
    permissions: tuple[str, ...]
    vulnerabilities: Counted[Row]


class Counts(msgspec.Struct, frozen=True, rename="camel"):
    """How many vulnerabilities of a finding there are."""

    open: int
    closed: int
    open_cvssf: float | None


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """A finding in the list."""

    id: str
    title: str
    status: str
    released_at: datetime | None
    severity: Severity | None
    summary: Counts


class FindingGroup(msgspec.Struct, frozen=True):
    """A group with a part of its findings."""

    name: str
    findings: Counted[Finding]


def _vulnerabilities_asked(address: Address) -> Mapping[str, Any]:
    return {**vulnerabilities_wanted(address), "first": SIZE, "after": address.only(AFTER)}


def vulnerabilities_wanted(address: Address) -> Mapping[str, Any]:
    """Return of which group and by which filter vulnerabilities are listed. Raise ``BadAddress`` for a bad filter."""
    return {"name": address.names["name"], "filter": filter_given(VULNERABILITIES, address)}


def _vulnerabilities_shown(data: Mapping[str, Any], address: Address) -> Shown | None:
    found = msgspec.convert(data["group"], VulnerabilityGroup | None)
    if found is None:
        return None
    plain = {name: values for name, values in address.given.items() if name != AFTER}
    values = {
        "group": found,
        "entries": entries_of(VULNERABILITIES, address),
        "plain": plain,
        "views": VIEWS,
        "may_treat": PERMISSION in found.permissions,
    }
    return Shown(template="vulnerabilities.html", values=values, group=found.name)


def _findings_asked(address: Address) -> Mapping[str, Any]:
    wanted = filter_given(FINDINGS, address)
    return {"name": address.names["name"], "filter": wanted, "first": SIZE, "after": address.only(AFTER)}


def _findings_shown(data: Mapping[str, Any], address: Address) -> Shown | None:
    found = msgspec.convert(data["group"], FindingGroup | None)
    if found is None:
        return None
    values = {"group": found, "entries": entries_of(FINDINGS, address)}
    return Shown(template="findings.html", values=values, group=found.name)


VULNERABILITIES_PAGE: Final = Page(
    path="/groups/{name}/vulnerabilities",
    query=VULNERABILITIES_QUERY,
    ask=_vulnerabilities_asked,
    show=_vulnerabilities_shown,
)
FINDINGS_PAGE: Final = Page(path="/groups/{name}/findings", query=FINDINGS_QUERY, ask=_findings_asked, show=_findings_shown)
