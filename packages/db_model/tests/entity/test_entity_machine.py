"""Any operations on one group, one after the other: the counters are what they count, the past leads to the present."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import Key
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    ClosingReason,
    Cycle,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

FINDINGS = ("R1", "R2")
ROOTS = ("main", "next")
LIVE = tuple(status for status in VulnerabilityStatus if status is not VulnerabilityStatus.DELETED)
SCORES = st.sampled_from([None, "0.0", "3.9", "5.0", "9.8"]).map(
    lambda text: Severity(tool_score=Decimal(text), score=Decimal(text)) if text else None
)
Alter = Callable[[Vulnerability, datetime], Vulnerability]


def sighting(old: Vulnerability) -> rules.Sighting:
    assert old.tool is not None
    return rules.Sighting(type=old.type, technique=old.technique, location=old.location, tool=old.tool, severity=old.severity)


class Group(RuleBasedStateMachine):
    """One group with two findings and two roots."""

    make: ClassVar[Callable[[], Coroutine[Any, Any, Any]]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.scene: Any = None
        self.known: dict[str, VulnerabilityStatus] = {}

    def teardown(self) -> None:
        self.runner.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @initialize(severity=SCORES)
    def begin(self, severity: Severity | None) -> None:
        self.scene = self.run(type(self).make())
        for root in ROOTS:
            self.run(self.scene.root(root))
        for finding in FINDINGS:
            self.run(self.scene.finding(finding, severity))

    def pick(self, data: st.DataObject, *states: VulnerabilityStatus) -> str | None:
        found = [identifier for identifier, status in self.known.items() if status in states]
        return data.draw(st.sampled_from(found)) if found else None

    def alter(self, identifier: str | None, alter: Alter) -> None:
        if identifier is not None:
            self.known[identifier] = self.run(self.scene.alter(identifier, alter)).state.status

    @rule(
        finding=st.sampled_from(FINDINGS),
        root=st.sampled_from(ROOTS),
        severity=SCORES,
        status=st.sampled_from([VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.SUBMITTED]),
    )
    def report(self, finding: str, root: str, severity: Severity | None, status: VulnerabilityStatus) -> None:
        identifier = f"v{len(self.known):03}"
        made = self.run(self.scene.report(identifier, finding, root, severity=severity))
        self.known[identifier] = made.state.status
        if status is VulnerabilityStatus.SUBMITTED:
            state = replace(made.state, status=status)
            self.alter(identifier, lambda old, _: replace(old, state=state, cycle=Cycle()))

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        identifier = self.pick(data, VulnerabilityStatus.VULNERABLE)
        self.alter(identifier, lambda old, at: rules.closed(old, ClosingReason.NOT_REPORTED, by="x", at=at))

    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        identifier = self.pick(data, VulnerabilityStatus.SAFE)
        self.alter(identifier, lambda old, at: rules.reopened(old, sighting(old), by="x", at=at))

    @rule(data=st.data(), status=st.sampled_from(TreatmentStatus), acceptance=st.sampled_from([None, *AcceptanceStatus]))
    def treat(self, data: st.DataObject, status: TreatmentStatus, acceptance: AcceptanceStatus | None) -> None:
        def alter(old: Vulnerability, at: datetime) -> Vulnerability:
            return replace(old, treatment=Treatment(status=status, acceptance_status=acceptance, at=at, by="x"))

        self.alter(self.pick(data, *LIVE), alter)

    @rule(data=st.data(), status=st.sampled_from([None, *ZeroRiskStatus]))
    def claim_zero_risk(self, data: st.DataObject, status: ZeroRiskStatus | None) -> None:
        def alter(old: Vulnerability, at: datetime) -> Vulnerability:
            return replace(old, zero_risk=status and ZeroRisk(status=status, at=at, by="x"))

        self.alter(self.pick(data, VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.SAFE), alter)

    @rule(data=st.data(), status=st.sampled_from([None, *VerificationStatus]))
    def verify(self, data: st.DataObject, status: VerificationStatus | None) -> None:
        def alter(old: Vulnerability, at: datetime) -> Vulnerability:
            return replace(old, verification=status and Verification(status=status, at=at, by="x"))

        self.alter(self.pick(data, VulnerabilityStatus.VULNERABLE), alter)

    @rule(data=st.data(), severity=SCORES)
    def score(self, data: st.DataObject, severity: Severity | None) -> None:
        self.alter(self.pick(data, *LIVE), lambda old, _: replace(old, severity=severity))

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        def alter(old: Vulnerability, at: datetime) -> Vulnerability:
            return replace(old, state=replace(old.state, status=VulnerabilityStatus.DELETED, at=at))

        self.alter(self.pick(data, VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.SUBMITTED), alter)

    @rule(finding=st.sampled_from(FINDINGS), severity=SCORES)
    def rescore(self, finding: str, severity: Severity | None) -> None:
        self.run(self.scene.rescore(finding, severity))

    @precondition(lambda self: self.scene is not None)
    @invariant()
    def counters_are_what_they_count(self) -> None:
        assert self.run(self.scene.is_counted())

    @precondition(lambda self: self.scene is not None)
    @invariant()
    def the_past_leads_to_the_present(self) -> None:
        keys: list[tuple[Any, Key]] = [(VULNERABILITY, vulnerability_key(each)) for each in self.known]
        for facet, key in [*keys, *((FINDING, finding_key(each)) for each in FINDINGS)]:
            current = self.run(read.get_any(self.scene.store, facet, key))
            history = self.run(read.history(self.scene.store, key))
            assert [each.version for each in history] == list(range(1, current.version + 1))
            assert [each.at for each in history] == sorted({each.at for each in history})
            then = self.run(read.as_of(self.scene.store, facet, key, datetime.max.replace(tzinfo=UTC)))
            is_there = facet is FINDING or current.state.status is not VulnerabilityStatus.DELETED
            assert then == (current if is_there else None)


def test_any_operations_on_a_group(new_scene: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    machine = type("GroupInMemory", (Group,), {"make": staticmethod(new_scene)})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]),
    )
