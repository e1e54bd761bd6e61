"""What it costs to judge an entity whole, which is done before each write: microseconds an entity.

Run it with ``python benchmarks/check.py``. A scan of many vulnerabilities is judged, each with an id, a line and a fingerprint
of its own, so that nothing is remembered that an import would not remember either.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from integrates.db_model.entity.rules import whole_stamp
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Rejected
from integrates.db_model.findings.rules import whole as whole_finding
from integrates.db_model.findings.types import Finding, FindingDescription, FindingState, FindingStateStatus, ToolRule
from integrates.db_model.severities.rules import severity
from integrates.db_model.vulnerabilities.check import whole as whole_vulnerability
from integrates.db_model.vulnerabilities.rules import Sighting, reported
from integrates.db_model.vulnerabilities.types import (
    Technique,
    Tool,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityType,
)

AT: Final = datetime(2024, 5, 1, tzinfo=UTC)
BY: Final = "hana@demo.example"
COUNT: Final = 5_000
ROUNDS: Final = 5


def _id(number: int) -> str:
    return str(UUID(int=number, version=4))


def _finding(number: int) -> Finding:
    return Finding(
        id=_id(number),
        group_name="webshop",
        organization_id=_id(1),
        rule=ToolRule(tool="semgrep", rule_id=f"python.lang.security.rule-{number % 100}"),
        description=FindingDescription(
            title=f"Weakness {number}",
            description="A text that says what the weakness is and why it matters.\n" * 20 + "That is all.",
            threat="Reported by semgrep.",
            recommendation="Do something else instead.\n" * 20 + "That is all.",
            cwe_ids=("CWE-79", "CWE-116"),
        ),
        severity=severity(cvss_v4="CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", tool_score=Decimal("7.0")),
        state=FindingState(status=FindingStateStatus.CREATED, at=AT, by=BY),
        created_at=AT,
        created_by=BY,
    )


def _vulnerability(number: int, finding: Finding) -> Vulnerability:
    sighting = Sighting(
        type=VulnerabilityType.LINES,
        technique=Technique.SAST,
        location=VulnerabilityLocation(
            where=f"src/package_{number % 40}/module_{number % 300}.py",
            specific=str(number % 2_000),
            snippet=f"execute(query.format({number}))",
            detail="The query is put together from what a stranger says.",
        ),
        tool=Tool(
            name="semgrep", categories=("nightly/",), rule_id="python.lang.security.rule", fingerprint=f"a={number:064x}"
        ),
    )
    made = reported(_id(number), finding, _id(3), sighting, by=BY, at=AT)
    return replace(made, identity=f"{number:064x}")


def _stamp(number: int) -> Stamp:
    return Stamp(by=BY, at=AT, operation="import_vulnerabilities", change_id=_id(number // 100))


def _microseconds(check: Callable[[Any], Iterable[Rejected]], entities: Sequence[Any]) -> float:
    def once(each: Iterable[Any]) -> float:
        start = time.process_time()
        for entity in each:
            assert not tuple(check(entity))  # noqa: S101 -- a refused entity would be measured wrongly
        return time.process_time() - start

    return min(once(entities) for _ in range(ROUNDS)) / len(entities) * 1e6


def main() -> None:
    """Print one line for each kind of entity."""
    findings = [_finding(number) for number in range(COUNT)]
    vulnerabilities = [_vulnerability(number, findings[0]) for number in range(COUNT)]
    stamps = [_stamp(number) for number in range(COUNT)]
    print(f"vulnerability  {_microseconds(whole_vulnerability, vulnerabilities):6.1f} µs  (target 15)")
    print(f"finding        {_microseconds(whole_finding, findings):6.1f} µs  (target 30)")
    print(f"stamp          {_microseconds(whole_stamp, stamps):6.1f} µs")


if __name__ == "__main__":
    main()
