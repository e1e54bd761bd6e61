"""Figures and filters: pure functions of counters and vulnerabilities."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrates.api.authorization.permissions import PERMISSIONS
from integrates.api.errors import RequestError
from integrates.api.summary.figure import summary
from integrates.api.vulnerability.filter import Filter, Subject, cell_fits, filter_of, fits, is_counted, is_plain
from integrates.db_model.entity.counter import plus
from integrates.db_model.findings.types import Finding, FindingDescription, FindingState, FindingStateStatus
from integrates.db_model.indicators.cell import cells, finding_status
from integrates.db_model.severities.rules import severity
from integrates.db_model.severities.types import Level
from integrates.db_model.vulnerabilities import tally
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    Cycle,
    Source,
    Technique,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityState,
    VulnerabilityStatus,
    VulnerabilityType,
    ZeroRisk,
    ZeroRiskStatus,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
EVERYTHING = frozenset(PERMISSIONS)
SCORES = (None, "0.0", "3.9", "7.0", "9.8")
FINDING = Finding(
    id="f",
    group_name="g",
    organization_id="o",
    description=FindingDescription(title="Broken things", description="All of them"),
    severity=severity(tool_score=Decimal("5.0")),
    state=FindingState(status=FindingStateStatus.CREATED, at=AT, by="x"),
    created_at=AT,
    created_by="x",
)


@st.composite
def vulnerabilities(draw: st.DrawFn) -> Vulnerability:
    """Any vulnerability of the finding, as far as counters and filters look."""
    verification = draw(st.sampled_from([None, *VerificationStatus]))
    zero_risk = draw(st.sampled_from([None, *ZeroRiskStatus]))
    score = draw(st.sampled_from(SCORES))
    return Vulnerability(
        id="v",
        finding_id="f",
        group_name="g",
        organization_id="o",
        root_id="r",
        type=VulnerabilityType.LINES,
        technique=Technique.SAST,
        source=Source.MACHINE,
        location=VulnerabilityLocation(where="a.py", specific="1"),
        severity=severity(tool_score=Decimal(score)) if score else None,
        state=VulnerabilityState(status=draw(st.sampled_from(VulnerabilityStatus)), at=AT, by="x"),
        treatment=Treatment(
            status=draw(st.sampled_from(TreatmentStatus)),
            acceptance_status=draw(st.none() | st.sampled_from(AcceptanceStatus)),
            at=AT,
            by="x",
        ),
        verification=Verification(status=verification, at=AT, by="x") if verification else None,
        zero_risk=ZeroRisk(status=zero_risk, at=AT, by="x") if zero_risk else None,
        cycle=Cycle(opened_at=AT - timedelta(days=draw(st.integers(0, 30)))),
        created_at=AT,
        created_by="x",
    )


def _some(values: type) -> st.SearchStrategy[object]:
    return st.none() | st.lists(st.sampled_from(values))


FILTERS = st.fixed_dictionaries(
    {
        "states": _some(VulnerabilityStatus),
        "zero_risks": _some(ZeroRiskStatus),
        "treatments": _some(TreatmentStatus),
        "acceptances": _some(AcceptanceStatus),
        "verifications": _some(VerificationStatus),
        "min_score": st.sampled_from([None, 0.0, 3.9, 5.0, 7.1]),
        "max_score": st.sampled_from([None, 0.0, 3.9, 5.0, 10.0]),
    }
)
RIGHTS = st.sampled_from([frozenset(), frozenset({"draft:read"}), frozenset({"zero_risk:read"}), EVERYTHING])


def _counts(found: list[Vulnerability]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in found:
        total = plus(total, tally.counted(one, FINDING.severity).finding)
    return total


@settings(max_examples=150)
@given(st.lists(vulnerabilities(), max_size=8), FILTERS, RIGHTS)
def test_counters_and_vulnerabilities_agree_on_a_filter(
    found: list[Vulnerability], wanted: dict[str, object], rights: frozenset[str]
) -> None:
    chosen = filter_of(wanted, rights)
    assert is_counted(chosen, scored=True)
    live = [one for one in found if one.state.status is not VulnerabilityStatus.DELETED]
    listed = [one for one in live if fits(Subject(found=one, finding=FINDING), chosen)]
    counted = [cell for cell in cells(_counts(found), FINDING.severity) if cell_fits(cell, chosen)]
    assert sum(cell.count for cell in counted) == len(listed)
    if "draft:read" not in rights:
        assert not [one for one in listed if one.state.status in {"SUBMITTED", "REJECTED"}]
    if "zero_risk:read" not in rights:
        assert not [one for one in listed if one.zero_risk and one.zero_risk.status == "CONFIRMED"]


@settings(max_examples=100)
@given(st.lists(vulnerabilities(), max_size=8), RIGHTS)
def test_figures_are_those_of_the_vulnerabilities(found: list[Vulnerability], rights: frozenset[str]) -> None:
    figures = summary(_counts(found), rights, AT, inherited=FINDING.severity)
    hidden = [one for one in found if one.zero_risk and one.zero_risk.status == "CONFIRMED" and one.state.status != "DELETED"]
    shown = [one for one in found if one not in hidden]
    opened = [one for one in shown if one.state.status == "VULNERABLE"]
    assert figures.open == len(opened) == sum(share.count for share in figures.treatment)
    assert figures.open == sum(share.count for share in figures.open_by_level)
    asked = [one.treatment.acceptance_status for one in opened if one.treatment.acceptance_status]
    assert {share.name: share.count for share in figures.acceptance} == {name: asked.count(name) for name in AcceptanceStatus}
    assert figures.closed == len([one for one in shown if one.state.status == "SAFE"])
    assert figures.hidden == (len(hidden) if "zero_risk:read" in rights else None)
    scores = [(one.severity or FINDING.severity).score for one in opened]  # type: ignore[union-attr] # the finding has one
    assert figures.max_open_score == max(scores, default=None)
    ages = [(AT - one.cycle.opened_at).total_seconds() / 86_400 for one in opened if one.cycle.opened_at]
    assert figures.mean_open_age_days == (pytest.approx(sum(ages) / len(ages)) if ages else None)


@pytest.mark.parametrize(
    ("state", "zero_risk", "status"),
    [
        (None, None, "DRAFT"),
        ("SUBMITTED", None, "DRAFT"),
        ("REJECTED", None, "DRAFT"),
        ("VULNERABLE", None, "VULNERABLE"),
        ("VULNERABLE", "REQUESTED", "VULNERABLE"),
        ("VULNERABLE", "CONFIRMED", "SAFE"),
        ("SAFE", None, "SAFE"),
    ],
)
def test_the_status_of_a_finding(state: str | None, zero_risk: str | None, status: str) -> None:
    name = tally.DOT.join((state or "", "INHERITED", "UNTREATED", "NONE", "NONE", zero_risk or "NONE"))
    assert finding_status({name: 1} if state else {}) == status


def test_exposure_and_times() -> None:
    counts = {
        "VULNERABLE·9.8·UNTREATED·NONE·NONE·NONE": 2,
        "VULNERABLE·NONE·UNTREATED·NONE·NONE·NONE": 1,
        "SAFE·7.0·UNTREATED·NONE·NONE·NONE": 1,
        "remediated_count·HIGH": 2,
        "remediated_seconds·HIGH": 3 * 86_400,
    }
    figures = summary(counts, EVERYTHING, AT)
    assert (figures.open_cvssf, figures.closed_cvssf) == (Decimal("6208.376"), Decimal("64.000"))
    assert figures.mean_remediate_days == 1.5
    assert {one.level: one.days for one in figures.mean_remediate_by_level}[Level.LOW] is None
    unscored = summary({"SAFE·UNTREATED·NONE·NONE·NONE": 3}, EVERYTHING, AT, scored=False)
    assert (unscored.closed, unscored.closed_cvssf, unscored.open_by_level) == (3, None, ())
    assert all(share.cvssf is None for share in unscored.treatment)


@pytest.mark.parametrize(
    ("wanted", "plain"),
    [
        ({}, True),
        ({"states": ["SAFE"]}, True),
        ({"zero_risks": [ZeroRiskStatus.CONFIRMED]}, True),
        ({"zero_risks": [ZeroRiskStatus.REQUESTED]}, False),
        ({"text": "x"}, False),
        ({"min_score": 0.0}, False),
    ],
)
def test_lists_by_state_need_no_filter_for_plain_wishes(wanted: dict[str, object], plain: bool) -> None:
    assert is_plain(filter_of(wanted, EVERYTHING)) is plain


def test_scores_have_a_range() -> None:
    assert filter_of(None, frozenset()) == Filter()
    with pytest.raises(RequestError):
        filter_of({"max_score": 10.5}, frozenset())
