"""Figures from counters, by values worked out by hand (domain sections 5 and 7)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from integrates.db_model.findings.types import FindingStatus
from integrates.db_model.indicators import cell
from integrates.db_model.indicators.cell import finding_status
from integrates.db_model.indicators.figure import Share, figures
from integrates.db_model.severities.types import Level, Severity
from integrates.db_model.vulnerabilities.tally import DOT

NOW = datetime(2024, 5, 11, tzinfo=UTC)
DAY = 86_400


def cells(*rows: tuple[str, int]) -> dict[str, int]:
    return {name.replace(" ", DOT): number for name, number in rows}


def ago(days: float) -> int:
    return int((NOW - timedelta(days=days)).timestamp())


GROUP = {
    **cells(
        ("VULNERABLE 9.8 UNTREATED NONE NONE NONE", 2),
        ("VULNERABLE 7.0 ACCEPTED NONE REQUESTED NONE", 1),
        ("VULNERABLE 3.9 UNTREATED NONE NONE REQUESTED", 1),
        ("VULNERABLE 10.0 UNTREATED NONE NONE CONFIRMED", 3),
        ("SAFE 4.0 UNTREATED NONE VERIFIED NONE", 5),
        ("SAFE 0.0 UNTREATED NONE NONE NONE", 1),
        ("SUBMITTED NONE UNTREATED NONE NONE NONE", 4),
        ("REJECTED 5.0 UNTREATED NONE NONE NONE", 6),
        ("SAFE 9.0 UNTREATED NONE NONE NONE", 0),
    ),
    "opened_epoch_sum": ago(1) + ago(2) + ago(3) + ago(10),
    "remediated_count·HIGH": 2,
    "remediated_seconds·HIGH": 3 * DAY,
    "remediated_count·LOW": 1,
    "remediated_seconds·LOW": 6 * DAY,
    "findings": 4,
    "members": 9,
}


def test_the_figures_of_a_group() -> None:
    found = figures(GROUP, NOW)
    assert (found.open, found.closed, found.submitted, found.rejected, found.hidden) == (4, 6, 4, 6, 3)
    assert found.max_open_score == Decimal("9.8")
    # 2 x 3104.188 + 64.000 + 4^-0.1 = 0.871 (rounded); 5 x 4^0 + 0
    assert found.open_cvssf == Decimal("6273.247")
    assert found.closed_cvssf == Decimal("5.000")
    assert found.open_by_level == (
        Share(Level.LOW, 1, Decimal("0.871")),
        Share(Level.MEDIUM, 0, Decimal(0)),
        Share(Level.HIGH, 1, Decimal("64.000")),
        Share(Level.CRITICAL, 2, Decimal("6208.376")),
    )
    assert found.treatment == (
        Share("ACCEPTED", 1, Decimal("64.000")),
        Share("ACCEPTED_UNDEFINED", 0, Decimal(0)),
        Share("IN_PROGRESS", 0, Decimal(0)),
        Share("UNTREATED", 3, Decimal("6209.247")),
    )
    counted = {share.name: share.count for share in (*found.verification, *found.zero_risk)}
    assert counted == {"ON_HOLD": 0, "REQUESTED": 1, "VERIFIED": 0, "CONFIRMED": 3, "REJECTED": 0}
    assert found.mean_open_age_days == pytest.approx(4.0)
    assert found.mean_remediate_days == pytest.approx(3.0)
    days = {each.level: each.days for each in found.mean_remediate_by_level}
    assert days == {Level.LOW: 6.0, Level.MEDIUM: None, Level.HIGH: 1.5, Level.CRITICAL: None}


def test_the_figures_of_nothing() -> None:
    found = figures({}, NOW)
    assert (found.open, found.closed, found.hidden, found.max_open_score) == (0, 0, 0, None)
    assert (found.open_cvssf, found.mean_open_age_days, found.mean_remediate_days) == (Decimal(0), None, None)
    assert [share.count for share in found.open_by_level] == [0, 0, 0, 0]
    assert {share.count for share in found.treatment} == {0}


def test_the_figures_of_a_root_have_no_scores() -> None:
    root = cells(("VULNERABLE UNTREATED NONE NONE NONE", 2), ("SAFE UNTREATED NONE NONE NONE", 1))
    found = figures({**root, "reported": 3, "opened_epoch_sum": 2 * ago(5)}, NOW, scored=False)
    assert (found.open, found.closed, found.max_open_score, found.open_cvssf, found.closed_cvssf) == (2, 1, None, None, None)
    assert found.open_by_level == ()
    assert [share for share in found.treatment if share.count] == [Share("UNTREATED", 2, None)]
    assert {share.cvssf for share in found.treatment} == {None}
    assert found.mean_open_age_days == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("inherited", "highest", "cvssf"),
    [("7.0", "9.8", "3168.188"), ("10.0", "10.0", "7200.188"), (None, "9.8", "3104.188"), ("0.0", "9.8", "3104.188")],
)
def test_what_a_finding_hands_down_counts_in_its_own_figures(inherited: str | None, highest: str, cvssf: str) -> None:
    finding = cells(("VULNERABLE INHERITED UNTREATED NONE NONE NONE", 1), ("VULNERABLE 9.8 UNTREATED NONE NONE NONE", 1))
    severity = Severity(score=Decimal(inherited)) if inherited else None
    found = figures(finding, NOW, inherited=severity)
    assert (found.open, found.max_open_score, found.open_cvssf) == (2, Decimal(highest), Decimal(cvssf))


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([], FindingStatus.DRAFT),
        ([("SUBMITTED", "NONE", 1), ("REJECTED", "NONE", 1)], FindingStatus.DRAFT),
        ([("SUBMITTED", "NONE", 1), ("VULNERABLE", "NONE", 1), ("SAFE", "NONE", 1)], FindingStatus.VULNERABLE),
        ([("VULNERABLE", "REQUESTED", 1)], FindingStatus.VULNERABLE),
        ([("VULNERABLE", "REJECTED", 1)], FindingStatus.VULNERABLE),
        ([("VULNERABLE", "CONFIRMED", 1)], FindingStatus.SAFE),
        ([("SAFE", "NONE", 2)], FindingStatus.SAFE),
        ([("SAFE", "NONE", 0), ("VULNERABLE", "NONE", 0)], FindingStatus.DRAFT),
    ],
)
def test_the_status_of_a_finding(rows: list[tuple[str, str, int]], status: FindingStatus) -> None:
    counters = cells(*((f"{state} INHERITED UNTREATED NONE NONE {risk}", number) for state, risk, number in rows))
    assert finding_status({**counters, "opened_epoch_sum": 5}) is status


def test_the_cells_of_counters() -> None:
    found = cell.cells(GROUP)
    assert sum(each.count for each in found if each.treatment == "ACCEPTED") == 1
    assert sum(each.count for each in found if each.score is None) == 4
    assert len(found) == 8, "neither guards nor cells of zero"
