"""CSV: a line for each vulnerability, which no spreadsheet takes for a formula (domain sections 21 and 23)."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace
from packages.api.tests.exports.arbitrary import entries
from packages.api.tests.exports.entry import BACKEND, BY, FIRST, NOW, document, told, treated, vulnerable
from packages.api.tests.exports.output import entry_of, in_line

from integrates.api.exports.document import Entry, ExportFormat
from integrates.api.exports.registry import FORMATS
from integrates.api.exports.sheet import COLUMNS, CSV, safe_cell
from integrates.db_model.severities.rules import severity
from integrates.db_model.vulnerabilities.types import (
    Cycle,
    Fix,
    Labels,
    TreatmentStatus,
    VexJustification,
    ZeroRisk,
    ZeroRiskStatus,
)

WHY = "It is never called by us."


def lines(*given: Entry) -> list[dict[str, str]]:
    """Write entries and return the lines as a reader of CSV sees them."""
    content = b"".join(CSV.write(document(), given)).decode()
    assert content.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_the_columns_are_those_of_the_registry_s_format() -> None:
    assert FORMATS[ExportFormat.CSV] is CSV
    assert b"".join(CSV.write(document(), [])) == (",".join(COLUMNS) + "\r\n").encode()


def test_a_package() -> None:
    claim = ZeroRisk(
        status=ZeroRiskStatus.CONFIRMED,
        justification=WHY,
        vex_justification=VexJustification.COMPONENT_NOT_PRESENT,
        requested_by=BY,
        at=FIRST,
        by=BY,
    )
    one = replace(vulnerable("one", fixed_version="4.18.0", fix=Fix.AVAILABLE), zero_risk=claim, labels=Labels(tags=("a", "b")))
    (line,) = lines(told(one, cwe_ids=("CWE-79", "CWE-80")))
    assert line == {
        "id": one.id,
        "word": "ZERO_RISK",
        "title": "CVE-2024-1001: a weakness",
        "tool": "trivy",
        "rule_id": "CVE-2024-1001",
        "cwe_ids": "CWE-79;CWE-80",
        "root": "backend",
        "root_location": "https://git.example/shop#main",
        "type": "PACKAGES",
        "where": "one/package-lock.json",
        "specific": "pkg:npm/express@4.17.1",
        "technique": "SCA",
        "source": "MACHINE",
        "score": "7.5",
        "level": "HIGH",
        "cvss_vector": "",
        "advisory": "CVE-2024-1001",
        "cve": "CVE-2024-1001",
        "package": "pkg:npm/express",
        "version": "4.17.1",
        "fixed_version": "4.18.0",
        "purl": "pkg:npm/express@4.17.1",
        "state": "VULNERABLE",
        "treatment": "UNTREATED",
        "acceptance": "",
        "accepted_until": "",
        "zero_risk": "CONFIRMED",
        "vex_justification": "COMPONENT_NOT_PRESENT",
        "justification": WHY,
        "decided_at": "2024-05-01T12:00:00Z",
        "reported_at": "2024-05-01T12:00:00Z",
        "opened_at": "2024-05-01T12:00:00Z",
        "closed_at": "",
        "cycles": "1",
        "tags": "a;b",
    }


def test_a_line_of_code_with_a_severity_of_its_own() -> None:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    (line,) = lines(entry_of(replace(in_line("one"), severity=severity(cvss_v3=vector, tool_score=Decimal("1.0")))))
    assert (line["score"], line["level"], line["cvss_vector"], line["specific"]) == ("9.8", "CRITICAL", vector, "7")
    assert [line[name] for name in ("advisory", "cve", "package", "version", "purl")] == [""] * 5


def test_what_has_no_severity_and_no_past() -> None:
    (line,) = lines(entry_of(replace(in_line("one"), cycle=Cycle()), severity=None))
    assert [line[name] for name in ("score", "level", "cvss_vector", "reported_at", "opened_at")] == [""] * 5


def test_an_acceptance_has_its_end() -> None:
    until = NOW + timedelta(days=1)
    (line,) = lines(told(treated(vulnerable("one"), TreatmentStatus.ACCEPTED, accepted_until=until, justification=WHY)))
    assert (line["treatment"], line["accepted_until"], line["word"]) == ("ACCEPTED", "2024-06-02T00:00:00Z", "ACCEPTED")


CELLS: Mapping[str, str] = {
    "=cmd": "'=cmd",
    "=HYPERLINK(1)": "'=HYPERLINK(1)",
    "+1": "'+1",
    "-1": "'-1",
    "@sum": "'@sum",
    "\t=1": "'\t=1",
    "\r=1": "'\r=1",
    "7.5": "7.5",
    " =1": " =1",
    "a=b": "a=b",
    "": "",
}


@pytest.mark.parametrize("text", CELLS)
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == CELLS[text]


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", '+"a",b', "-2+3\n@x", "@a\r\nb,c"])
def test_a_formula_is_harmless_in_any_cell(text: str) -> None:
    one = treated(in_line("one"), TreatmentStatus.IN_PROGRESS, assigned=BY, justification=text)
    placed = replace(one, location=replace(one.location, where=text))
    (line,) = lines(replace(entry_of(placed), word=told(treated(vulnerable("x"), TreatmentStatus.IN_PROGRESS)).word))
    assert (line["justification"], line["where"]) == (f"'{text}", f"'{text}")


def test_nobody_is_named() -> None:
    one = treated(vulnerable("one"), TreatmentStatus.IN_PROGRESS, assigned="mia@demo.example", justification=WHY)
    assert "demo.example" not in str(lines(told(one)))


@given(entries())
def test_whatever_is_stored_stands_in_its_cell(some: list[Any]) -> None:
    found = lines(*some)
    assert len(found) == len(some)
    for line, entry in zip(found, some, strict=True):
        one = entry.vulnerability
        assert line["where"].removeprefix("'") == one.location.where.removeprefix("'")
        assert line["rule_id"].removeprefix("'") == one.tool.rule_id.removeprefix("'")
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line.values())


def test_many_lines_come_in_pieces() -> None:
    one = told(vulnerable("one"))
    pieces = list(CSV.write(document(BACKEND), [one] * 1_001))
    assert (len(pieces), b"".join(pieces).count(b"\r\n")) == (3, 1_002)


def test_the_columns_are_documented() -> None:
    page = (Path(__file__).parents[4] / "docs/reference/exports.md").read_text()
    assert " ".join(f"`{name}`," for name in COLUMNS).rstrip(",") in " ".join(page.split())
