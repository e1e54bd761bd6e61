"""The writer of CSV: a line for each vulnerability, for spreadsheets (RFC 4180, UTF-8, comma, one line of names)."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from integrates.api.exports.document import Document, Entry, Format
from integrates.api.exports.piece import date_text
from integrates.api.exports.root import location_text
from integrates.api.exports.rule import entry_key, rule_of
from integrates.db_model.roots.types import Root
from integrates.db_model.severities.rules import level
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.rules import effective_severity
from integrates.db_model.vulnerabilities.types import Vulnerability
from integrates.db_model.vulnerabilities.vex import justification_of
from integrates.db_model.vulnerabilities.word import reason_of

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula, at its beginning."""
_TOGETHER: Final = 500
"""Lines that are written at once."""


def _severity(entry: Entry) -> Severity | None:
    return effective_severity(entry.vulnerability, entry.finding.severity)


def _score(entry: Entry) -> str | None:
    found = _severity(entry)
    return str(found.score) if found else None


def _level(entry: Entry) -> str | None:
    found = _severity(entry)
    return level(found.score).value if found else None


def _vector(entry: Entry) -> str | None:
    found = _severity(entry)
    return (found.cvss_v4 or found.cvss_v3 or found.tool_vector) if found else None


def _advised(name: str) -> Callable[[Entry, Root], str | None]:
    return lambda entry, _: getattr(entry.vulnerability.advisory, name, None)


def _dated(date: Callable[[Vulnerability], datetime | None]) -> Callable[[Entry, Root], str | None]:
    def text(entry: Entry, _: Root) -> str | None:
        found = date(entry.vulnerability)
        return date_text(found) if found else None

    return text


COLUMNS: Final[Mapping[str, Callable[[Entry, Root], str | None]]] = {
    "id": lambda entry, _: entry.vulnerability.id,
    "word": lambda entry, _: entry.word.value,
    "title": lambda entry, _: entry.finding.description.title,
    "tool": lambda entry, _: rule_of(entry).tool,
    "rule_id": lambda entry, _: rule_of(entry).rule_id,
    "cwe_ids": lambda entry, _: ";".join(entry.finding.description.cwe_ids),
    "root": lambda _, root: root.info.nickname,
    "root_location": lambda _, root: location_text(root),
    "type": lambda entry, _: entry.vulnerability.type.value,
    "where": lambda entry, _: entry.vulnerability.location.where,
    "specific": lambda entry, _: entry.vulnerability.location.specific,
    "technique": lambda entry, _: entry.vulnerability.technique.value,
    "source": lambda entry, _: entry.vulnerability.source.value,
    "score": lambda entry, _: _score(entry),
    "level": lambda entry, _: _level(entry),
    "cvss_vector": lambda entry, _: _vector(entry),
    "advisory": _advised("id"),
    "cve": lambda entry, _: ";".join(entry.vulnerability.advisory.cve) if entry.vulnerability.advisory else None,
    "package": _advised("package"),
    "version": _advised("vulnerable_version"),
    "fixed_version": _advised("fixed_version"),
    "purl": _advised("purl"),
    "state": lambda entry, _: entry.vulnerability.state.status.value,
    "treatment": lambda entry, _: entry.vulnerability.treatment.status.value,
    "acceptance": lambda entry, _: entry.vulnerability.treatment.acceptance_status,
    "accepted_until": _dated(lambda found: found.treatment.accepted_until),
    "zero_risk": lambda entry, _: entry.vulnerability.zero_risk.status if entry.vulnerability.zero_risk else None,
    "vex_justification": lambda entry, _: justification_of(entry.vulnerability, entry.word),
    "justification": lambda entry, _: reason_of(entry.vulnerability, entry.word),
    "decided_at": lambda entry, _: date_text(entry.at),
    "reported_at": _dated(lambda found: found.cycle.reported_at),
    "opened_at": _dated(lambda found: found.cycle.opened_at),
    "closed_at": _dated(lambda found: found.cycle.closed_at),
    "cycles": lambda entry, _: str(entry.vulnerability.cycle.cycles),
    "tags": lambda entry, _: ";".join(entry.vulnerability.labels.tags),
}
"""The columns in their order, and what stands in each; nobody is named in any."""


def safe_cell(text: str | None) -> str:
    """Return the text of a cell that no spreadsheet takes for a formula: one that would be gets an apostrophe before it."""
    found = text or ""
    return f"'{found}" if found.startswith(_FORMULA) else found


def write(document: Document, entries: Iterable[Entry]) -> Iterator[bytes]:
    """Write a document, its lines some at a time."""
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for number, entry in enumerate(entries, 1):
        root = document.roots[entry.vulnerability.root_id]
        table.writerow([safe_cell(cell(entry, root)) for cell in COLUMNS.values()])
        if number % _TOGETHER == 0:
            yield written.getvalue().encode()
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode()


CSV: Final = Format(
    media_type="text/csv; charset=utf-8", key=lambda _, entry: entry_key(entry), takes=lambda _, __: True, write=write
)
