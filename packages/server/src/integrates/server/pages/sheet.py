"""The list of vulnerabilities of a group as CSV: what the page lists, with the same filters, whole."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from integrates.api.exports.sheet import safe_cell
from integrates.server.pages.listing import vulnerabilities_wanted
from integrates.server.pages.page import Address

TOGETHER: Final = 500
"""How many vulnerabilities are asked for at once: the most that the API tells."""
QUERY: Final = """query ($name: ID!, $filter: VulnerabilityFilter, $first: Int!, $after: String) {
  group(name: $name) { vulnerabilities(filter: $filter, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id type where specific technique source state reportedAt openedAt closedAt dueAt isOverdue cycles tags commit
      finding { id title cweIds } root { nickname } tool { name ruleId } severity { score level cvssV4 cvssV3 }
      treatment { status acceptanceStatus acceptedUntil assigned justification } verification { status } zeroRisk { status }
      advisory { id package vulnerableVersion fixedVersion purl }
    }
  } }
}"""

Row = Mapping[str, Any]


def _below(*path: str) -> Callable[[Row], object]:
    """Return what finds a value below some members of a row; ``None`` where one of them is null."""

    def value(row: Any) -> object:
        for name in path:
            row = row and row[name]
        return row

    return value


COLUMNS: Final[Mapping[str, Callable[[Row], object]]] = {
    "id": _below("id"),
    "title": _below("finding", "title"),
    "finding_id": _below("finding", "id"),
    "cwe_ids": _below("finding", "cweIds"),
    "root": _below("root", "nickname"),
    "type": _below("type"),
    "where": _below("where"),
    "specific": _below("specific"),
    "commit": _below("commit"),
    "technique": _below("technique"),
    "source": _below("source"),
    "tool": _below("tool", "name"),
    "rule_id": _below("tool", "ruleId"),
    "score": _below("severity", "score"),
    "level": _below("severity", "level"),
    "cvss_vector": lambda row: row["severity"] and (row["severity"]["cvssV4"] or row["severity"]["cvssV3"]),
    "advisory": _below("advisory", "id"),
    "package": _below("advisory", "package"),
    "version": _below("advisory", "vulnerableVersion"),
    "fixed_version": _below("advisory", "fixedVersion"),
    "purl": _below("advisory", "purl"),
    "state": _below("state"),
    "treatment": _below("treatment", "status"),
    "acceptance": _below("treatment", "acceptanceStatus"),
    "accepted_until": _below("treatment", "acceptedUntil"),
    "assigned": _below("treatment", "assigned"),
    "justification": _below("treatment", "justification"),
    "verification": _below("verification", "status"),
    "zero_risk": _below("zeroRisk", "status"),
    "reported_at": _below("reportedAt"),
    "opened_at": _below("openedAt"),
    "closed_at": _below("closedAt"),
    "due_at": _below("dueAt"),
    "overdue": _below("isOverdue"),
    "cycles": _below("cycles"),
    "tags": _below("tags"),
}
"""The columns in their order, and what stands in each; those that exports have too are called as there."""


def lines_asked(address: Address, after: str | None, most: int) -> Mapping[str, Any]:
    """Return the variables of :data:`QUERY` for at most so many after a cursor. Raise ``BadAddress`` for a bad filter."""
    return {**vulnerabilities_wanted(address), "first": most, "after": after}


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ";".join(map(str, value))
        case _:
            return str(value)


def written_lines(rows: Iterable[Row], *, is_first: bool) -> bytes:
    """Return lines of CSV (RFC 4180, UTF-8), after that of the names where they are the first."""
    written = io.StringIO(newline="")
    table = csv.writer(written)
    if is_first:
        table.writerow(COLUMNS)
    table.writerows([safe_cell(_text(cell(row))) for cell in COLUMNS.values()] for row in rows)
    return written.getvalue().encode()
