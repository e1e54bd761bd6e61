"""What a person makes of the state of a vulnerability: every row of the table of states (domain section 4.2)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.access.types import GroupRole
from integrates.db_model.errors import Rejections
from integrates.db_model.findings.types import Finding, RemovalJustification
from integrates.db_model.severities.types import Severity
from integrates.db_model.testing.scene import evidenced
from integrates.db_model.vulnerabilities import describe, report, review, rules
from integrates.db_model.vulnerabilities.check import whole
from integrates.db_model.vulnerabilities.justification import justified
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Cycle,
    Labels,
    RejectionReason,
    Source,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityState,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

FIRST = datetime(2024, 5, 1, tzinfo=UTC)
LATER = FIRST + timedelta(days=3)
BY = "ada@demo.example"
WHY = "Because it is so."
V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
TREATED = Treatment(status=TreatmentStatus.IN_PROGRESS, assigned="uri@demo.example", justification=WHY, at=FIRST, by=BY)
VERDICT = review.Verdict(reasons=(RejectionReason.NAMING,))


def in_state(reported: Vulnerability, status: str) -> Vulnerability:
    """Return the vulnerability in a state, or hidden and VULNERABLE."""
    draft = replace(reported, tool=None, source=Source.ANALYST, cycle=Cycle())
    match status:
        case "SUBMITTED":
            return replace(draft, state=VulnerabilityState(status=VulnerabilityStatus.SUBMITTED, at=FIRST, by=BY))
        case "REJECTED":
            rejected = VulnerabilityState(
                status=VulnerabilityStatus.REJECTED, at=FIRST, by=BY, rejection_reasons=(RejectionReason.WRITING,)
            )
            return replace(draft, state=rejected)
        case "SAFE":
            return replace(rules.closed(reported, ClosingReason.VERIFIED, by=BY, at=LATER), treatment=TREATED)
        case "HIDDEN":
            return replace(reported, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=FIRST, by=BY))
        case _:
            return replace(reported, treatment=TREATED)


Change = Callable[[Vulnerability, Finding], Vulnerability]
COMMANDS: Mapping[str, Change] = {
    "confirm": lambda old, finding: review.cleared(old, finding, by=BY, at=LATER),
    "reject": lambda old, _: review.sent_back(old, VERDICT, by=BY, at=LATER),
    "resubmit": lambda old, _: review.resubmitted(old, by=BY, at=LATER),
    "reopen": lambda old, _: review.reopened_by_person(old, justified({"justification": WHY}), by=BY, at=LATER),
    "remove": lambda old, _: review.removed_alone(old, RemovalJustification.EXCLUSION, by=BY, at=LATER),
    "label": lambda old, _: describe.labelled(old, {"tags": ["payment"]}),
    "score": lambda old, finding: describe.rescored(old, finding, {"cvss_v3": V3}),
}
STATES = ("SUBMITTED", "REJECTED", "VULNERABLE", "SAFE", "HIDDEN")
OUTCOMES: Mapping[str, tuple[str, str, str, str, str]] = {
    # by state: SUBMITTED, REJECTED, VULNERABLE, SAFE, hidden (which is VULNERABLE)
    "confirm": ("VULNERABLE", "not_submitted", "not_submitted", "not_submitted", "not_submitted, hidden"),
    "reject": ("REJECTED", "not_submitted", "not_submitted", "not_submitted", "not_submitted, hidden"),
    "resubmit": ("not_rejected", "SUBMITTED", "not_rejected", "not_rejected", "not_rejected, hidden"),
    "reopen": ("not_safe", "not_safe", "not_safe", "VULNERABLE", "not_safe, hidden"),
    "remove": ("DELETED", "DELETED", "DELETED", "is_safe", "DELETED"),
    "label": ("not_released", "not_released", "VULNERABLE", "SAFE", "hidden"),
    "score": ("SUBMITTED", "REJECTED", "VULNERABLE", "SAFE", "hidden"),
}


@pytest.fixture(name="ready", scope="module")
def fixture_ready(finding: Finding) -> Finding:
    """A finding whose vulnerabilities may be released."""
    return evidenced(finding)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_every_state(vulnerability: Vulnerability, ready: Finding, state: str, command: str) -> None:
    old, expected = in_state(vulnerability, state), OUTCOMES[command][STATES.index(state)]
    if expected not in VulnerabilityStatus.__members__:
        with pytest.raises(Rejections) as caught:
            COMMANDS[command](old, ready)
        assert str(caught.value) == expected
        return
    new = COMMANDS[command](old, ready)
    assert new.state.status == expected
    assert (new.treatment, new.verification, new.zero_risk) == (old.treatment, old.verification, old.zero_risk)
    assert new.cycle.temporary_acceptances == old.cycle.temporary_acceptances
    assert [str(each) for each in whole(new) if each.path[0] in {"state", "cycle", "severity", "labels"}] == []


def test_who_passes_review_begins_a_cycle(vulnerability: Vulnerability, ready: Finding) -> None:
    new = review.cleared(in_state(vulnerability, "SUBMITTED"), ready, by=BY, at=LATER)
    assert (new.state.at, new.state.by, new.source) == (LATER, BY, Source.ANALYST)
    assert new.cycle == Cycle(reported_at=LATER, opened_at=LATER, cycles=1)


@pytest.mark.parametrize(
    ("has_severity", "has_evidence", "expected"),
    [(False, True, "no_severity"), (True, False, "no_evidence"), (False, False, "no_severity, no_evidence")],
)
def test_a_release_needs_a_severity_and_evidence_of_the_finding(
    vulnerability: Vulnerability, ready: Finding, has_severity: bool, has_evidence: bool, expected: str
) -> None:
    lacking = replace(
        ready, severity=ready.severity if has_severity else None, evidences=ready.evidences if has_evidence else ()
    )
    own = replace(in_state(vulnerability, "SUBMITTED"), severity=ready.severity)
    with pytest.raises(Rejections) as caught:
        review.cleared(own, lacking, by=BY, at=LATER)
    assert str(caught.value) == expected


def test_all_that_keeps_one_from_passing_is_told(vulnerability: Vulnerability, finding: Finding) -> None:
    with pytest.raises(Rejections) as caught:
        review.cleared(in_state(vulnerability, "HIDDEN"), replace(finding, severity=None), by=BY, at=LATER)
    assert str(caught.value) == "not_submitted, hidden, no_severity, no_evidence"


def test_a_reopened_one_is_in_its_next_cycle_and_keeps_its_treatment(vulnerability: Vulnerability) -> None:
    old = in_state(vulnerability, "SAFE")
    at = LATER + timedelta(days=1)
    new = review.reopened_by_person(old, justified({"justification": f"  {WHY} "}), by=BY, at=at)
    assert (new.state.comments, new.state.closing_reason, new.state.at) == (WHY, None, at)
    assert new.cycle == replace(old.cycle, opened_at=at, closed_at=None, cycles=2)
    assert (new.cycle.reported_at, new.treatment, new.tool, new.location) == (FIRST, TREATED, old.tool, old.location)


@pytest.mark.parametrize(("why", "expected"), [("short", "too_short"), ("x" * 10_001, "too_long"), ("", "required")])
def test_a_reopening_needs_a_reason_before_its_state_counts(vulnerability: Vulnerability, why: str, expected: str) -> None:
    with pytest.raises(Rejections, match=rf"^{expected} \(justification\)"):
        review.reopened_by_person(in_state(vulnerability, "VULNERABLE"), justified({"justification": why}), by=BY, at=LATER)


@pytest.mark.parametrize("state", STATES)
def test_a_finding_takes_all_its_vulnerabilities_along(vulnerability: Vulnerability, state: str) -> None:
    new = review.removed(in_state(vulnerability, state), RemovalJustification.DUPLICATED, by=BY, at=LATER)
    assert new.state == VulnerabilityState(
        status=VulnerabilityStatus.DELETED, at=LATER, by=BY, justification=RemovalJustification.DUPLICATED
    )
    assert not [each for each in whole(new) if each.path[0] in {"state", "cycle"}]


NINE = [*RejectionReason, RejectionReason.NAMING, RejectionReason.WRITING]
VERDICTS: Mapping[str, tuple[dict[str, Any], str]] = {
    "one": ({"reasons": ["NAMING"]}, ""),
    "seven": ({"reasons": list(RejectionReason), "other": WHY}, ""),
    "one twice": ({"reasons": ["NAMING", "NAMING"]}, ""),
    "none": ({"reasons": []}, "required (reasons)"),
    "nine": ({"reasons": NINE, "other": WHY}, "too_many_items (reasons) at most 7"),
    "other without text": ({"reasons": ["OTHER"]}, "required (other)"),
    "other with null": ({"reasons": ["OTHER"], "other": None}, "required (other)"),
    "other with a blank": ({"reasons": ["OTHER"], "other": "  "}, "required (other)"),
    "other with few words": ({"reasons": ["OTHER"], "other": "no"}, "too_short (other) at least 10 characters"),
    "text without other": ({"reasons": ["NAMING"], "other": WHY}, "inconsistent (other)"),
    "none and few words": ({"reasons": [], "other": "no"}, "required (reasons), too_short (other) at least 10 characters"),
}


@pytest.mark.parametrize(("given", "expected"), VERDICTS.values(), ids=VERDICTS)
def test_a_rejection_has_reasons(vulnerability: Vulnerability, given: dict[str, Any], expected: str) -> None:
    if expected:
        with pytest.raises(Rejections) as caught:
            review.verdict_of(given)
        assert str(caught.value) == expected
        return
    verdict = review.verdict_of(given)
    new = review.sent_back(in_state(vulnerability, "SUBMITTED"), verdict, by=BY, at=LATER)
    assert set(new.state.rejection_reasons) == set(given["reasons"])
    assert (new.state.other, new.state.at, new.state.by) == (given.get("other"), LATER, BY)
    again = review.resubmitted(new, by=BY, at=LATER)
    assert (again.state.rejection_reasons, again.state.other, again.cycle) == ((), None, Cycle())


OWN = Severity(tool_score=Decimal("5.0"), score=Decimal("5.0"))
VECTORS: Mapping[str, tuple[dict[str, str | None], Severity | None]] = {
    "of 3.1": ({"cvss_v3": V3}, Severity(cvss_v3=V3, tool_score=Decimal("5.0"), score=Decimal("9.8"))),
    "of 4.0": ({"cvss_v4": V4, "cvss_v3": None}, Severity(cvss_v4=V4, tool_score=Decimal("5.0"), score=Decimal("9.3"))),
    "of both": (
        {"cvss_v4": V4, "cvss_v3": V3},
        Severity(cvss_v4=V4, cvss_v3=V3, tool_score=Decimal("5.0"), score=Decimal("9.3")),
    ),
    "of none": ({"cvss_v4": None, "cvss_v3": None}, None),
    "left out": ({}, None),
}


@pytest.mark.parametrize(("given", "expected"), VECTORS.values(), ids=VECTORS)
def test_a_severity_is_given_whole(
    vulnerability: Vulnerability, finding: Finding, given: dict[str, str | None], expected: Severity | None
) -> None:
    assert describe.rescored(replace(vulnerability, severity=OWN), finding, given).severity == expected


def test_without_vectors_the_finding_needs_a_severity(vulnerability: Vulnerability, finding: Finding) -> None:
    bare = replace(finding, severity=None)
    with pytest.raises(Rejections, match=r"^no_severity$"):
        describe.rescored(replace(vulnerability, severity=OWN), bare, {})
    assert describe.rescored(vulnerability, bare, {"cvss_v3": V3}).severity == Severity(cvss_v3=V3, score=Decimal("9.8"))
    with pytest.raises(Rejections, match=r"^bad_vector \(cvss_v4\), bad_vector \(cvss_v3\)$"):
        describe.rescored(in_state(vulnerability, "HIDDEN"), bare, {"cvss_v4": V3, "cvss_v3": V4})


URL = "https://issues.example/SHOP-17"
LABELS: Mapping[str, tuple[dict[str, Any], Labels]] = {
    "tags": ({"tags": ["b", "a", "b"]}, Labels(tags=("b", "a"), bug_tracking_system_url=URL)),
    "no tags": ({"tags": None}, Labels(bug_tracking_system_url=URL)),
    "no url": ({"bug_tracking_system_url": None}, Labels(tags=("old",))),
    "nothing": ({}, Labels(tags=("old",), bug_tracking_system_url=URL)),
}


@pytest.mark.parametrize(("given", "expected"), LABELS.values(), ids=LABELS)
def test_labels_stay_unless_they_are_given(vulnerability: Vulnerability, given: dict[str, Any], expected: Labels) -> None:
    old = replace(vulnerability, labels=Labels(tags=("old",), bug_tracking_system_url=URL))
    assert describe.labelled(old, given).labels == expected


def test_labels_at_fault_are_told_before_the_state(vulnerability: Vulnerability) -> None:
    wrong = {"tags": ["Big"], "bug_tracking_system_url": "ftp://issues.example"}
    with pytest.raises(Rejections) as caught:
        describe.labelled(in_state(vulnerability, "SUBMITTED"), wrong)
    assert [each.path[0] for each in caught.value.refusals] == ["tags", "bug_tracking_system_url"]
    many = {"tags": [f"tag-{number}" for number in range(21)]}
    with pytest.raises(Rejections, match=r"too_many_items \(tags\)"):
        describe.labelled(vulnerability, many)


@pytest.mark.parametrize("role", [None, *GroupRole])
def test_the_source_follows_from_the_role_unless_the_testers_missed_it(role: GroupRole | None) -> None:
    tester = role in {GroupRole.HACKER, GroupRole.REATTACKER, GroupRole.REVIEWER}
    assert report.source_of(role, escaped=False) == ("ANALYST" if tester else "CUSTOMER")
    assert report.source_of(role, escaped=True) == "ESCAPE"
