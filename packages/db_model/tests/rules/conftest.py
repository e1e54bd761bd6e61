"""Entities that rules are tried on, and what kinds of fields do not take."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from integrates.db_model.findings.types import Finding, FindingDescription, FindingState, FindingStateStatus
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.rules import Sighting, reported
from integrates.db_model.vulnerabilities.types import (
    Technique,
    Tool,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityType,
)

FIRST = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def finding() -> Finding:
    return Finding(
        id="finding",
        group_name="webshop",
        organization_id="aurora",
        description=FindingDescription(title="A weakness", description="What it is"),
        severity=Severity(tool_score=Decimal("7.0"), score=Decimal("7.0")),
        state=FindingState(status=FindingStateStatus.CREATED, at=FIRST, by="system"),
        created_at=FIRST,
        created_by="system",
    )


@pytest.fixture(scope="session")
def sighting() -> Sighting:
    return Sighting(
        type=VulnerabilityType.LINES,
        technique=Technique.SAST,
        location=VulnerabilityLocation(where="src/app.py", specific="12"),
        tool=Tool(name="tool", categories=("nightly/",), rule_id="rule", fingerprint="a=1"),
    )


@pytest.fixture(scope="session")
def vulnerability(finding: Finding, sighting: Sighting) -> Vulnerability:
    """A vulnerability as an import reports it."""
    return reported("vulnerability", finding, "root", sighting, by="hana@demo.example", at=FIRST)
