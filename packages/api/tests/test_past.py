"""Objects as they were at a moment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.api.past import finding as past
from integrates.db_model.entity.command import planned, update
from integrates.db_model.entity.transaction import write
from integrates.db_model.findings.commands import released, rescore
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import FindingStateStatus, RemovalJustification
from integrates.db_model.testing.scene import address_of, scored
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Cycle,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from packages.api.tests.conftest import World

VULNERABILITY_AT = """query ($id: ID!, $at: DateTime) { vulnerability(id: $id, asOf: $at) {
  id state version finding { title status } treatment { status } history { nodes { version } } } }"""
FINDING_AT = """query ($id: ID!, $at: DateTime) { finding(id: $id, asOf: $at) {
  title status ageDays openAgeDays where summary { open closed hidden meanRemediateDays }
  vulnerabilities { totalCount nodes { id state } } } }"""


async def alter(world: World, identity: str, make: Callable[[Vulnerability], Vulnerability]) -> datetime:
    """Change a vulnerability and return a moment before the change."""
    before = world.now()
    await vulnerabilities.update(world.store, identity, lambda old, _: make(old), world.stamp())
    return before


def closed(world: World) -> Callable[[Vulnerability], Vulnerability]:
    """Close a vulnerability now."""

    def make(old: Vulnerability) -> Vulnerability:
        return rules.closed(old, ClosingReason.VERIFIED, by=address_of("reto"), at=world.now())

    return make


def hidden(world: World) -> Callable[[Vulnerability], Vulnerability]:
    """Confirm now that there is no risk."""
    return lambda old: replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=world.now(), by=address_of("remy")))


def removed(world: World) -> Callable[[Vulnerability], Vulnerability]:
    """Remove a vulnerability now."""

    def make(old: Vulnerability) -> Vulnerability:
        state = replace(old.state, status=VulnerabilityStatus.DELETED, at=world.now())
        return replace(old, state=replace(state, closing_reason=None, justification=RemovalJustification.DUPLICATED))

    return make


async def release(world: World) -> datetime:
    """Release the only draft of a finding, which records that; return a moment before."""
    before, made = world.now(), world.stamp()
    old, finding = world.aurora.submitted, world.aurora.draft_finding
    state = replace(old.state, status=VulnerabilityStatus.VULNERABLE, at=made.at)
    new = replace(old, state=state, cycle=Cycle(reported_at=made.at, opened_at=made.at, cycles=1))
    await write(world.store, (await planned(world.store, VULNERABILITY, old, new, made), released(finding, made)))
    return before


async def test_a_vulnerability_shows_the_moment(world: World) -> None:
    one = world.aurora.vulnerable
    before = await alter(world, one.id, closed(world))
    now = (await world.data("uri", VULNERABILITY_AT, id=one.id))["vulnerability"]
    assert (now["state"], now["version"], now["finding"]["status"]) == ("SAFE", 2, "SAFE")
    then = (await world.data("uri", VULNERABILITY_AT, id=one.id, at=before.isoformat()))["vulnerability"]
    assert (then["state"], then["version"], then["finding"]["status"]) == ("VULNERABLE", 1, "VULNERABLE")
    assert then["history"]["nodes"] == [{"version": 1}]
    early = before - timedelta(days=100)
    assert (await world.data("uri", VULNERABILITY_AT, id=one.id, at=early.isoformat()))["vulnerability"] is None


async def test_a_change_shows_from_its_own_moment_on(world: World) -> None:
    one = world.aurora.vulnerable
    await alter(world, one.id, closed(world))
    query = "query ($id: ID!) { vulnerability(id: $id) { history { nodes { at } } } }"
    moments = [node["at"] for node in (await world.data("uri", query, id=one.id))["vulnerability"]["history"]["nodes"]]
    shown = [(await world.data("uri", VULNERABILITY_AT, id=one.id, at=at))["vulnerability"]["version"] for at in moments]
    assert shown == [1, 2]


async def test_a_finding_shows_the_moment(world: World) -> None:
    finding, one = world.aurora.finding, world.aurora.vulnerable
    before = await alter(world, one.id, closed(world))
    then = (await world.data("uri", FINDING_AT, id=finding.id, at=before.isoformat()))["finding"]
    assert (then["status"], then["openAgeDays"], then["ageDays"]) == ("VULNERABLE", 10, 9)
    assert then["where"] == [one.location.where]
    assert then["summary"] == {"open": 1, "closed": 1, "hidden": None, "meanRemediateDays": 2.0}
    assert {node["id"]: node["state"] for node in then["vulnerabilities"]["nodes"]} == {
        one.id: "VULNERABLE",
        world.aurora.safe.id: "SAFE",
    }
    after = (await world.data("uri", FINDING_AT, id=finding.id, at=world.now().isoformat()))["finding"]
    now = (await world.data("uri", FINDING_AT, id=finding.id))["finding"]
    assert after["summary"] == now["summary"]
    assert (after["summary"]["open"], after["summary"]["closed"]) == (0, 2)
    assert round(after["summary"]["meanRemediateDays"]) == 6
    assert after["where"] == now["where"] == []


async def test_figures_of_the_past_are_the_counters_of_then(world: World) -> None:
    finding, moments = world.aurora.finding, []
    query = (
        "query ($id: ID!, $at: DateTime) { finding(id: $id, asOf: $at) { summary { open closed hidden submitted openCvssf } } }"
    )
    shown: list[Any] = []
    steps: list[tuple[str, Any]] = [
        (world.aurora.vulnerable.id, closed(world)),
        ((await world.report(world.aurora, "app/one.py")).id, hidden(world)),
        ((await world.report(world.aurora, "app/two.py")).id, removed(world)),
        (world.aurora.safe.id, removed(world)),
    ]
    for identity, make in steps:
        shown.append((await world.data("greta", query, id=finding.id))["finding"])
        moments.append(await alter(world, identity, make))
    for moment, expected in zip(moments, shown, strict=True):
        assert (await world.data("greta", query, id=finding.id, at=moment.isoformat()))["finding"] == expected


async def test_a_closing_counts_at_the_level_that_the_finding_had_then(world: World) -> None:
    finding = world.aurora.finding
    query = """query ($id: ID!, $at: DateTime) { finding(id: $id, asOf: $at) { summary {
      meanRemediateDays meanRemediateByLevel { level days } } } }"""
    await rescore(world.store, finding.id, scored("9.5"), world.stamp())
    await alter(world, world.aurora.vulnerable.id, closed(world))
    await rescore(world.store, finding.id, scored("2.0"), world.stamp())
    now = (await world.data("uri", query, id=finding.id))["finding"]["summary"]
    then = (await world.data("uri", query, id=finding.id, at=world.now().isoformat()))["finding"]["summary"]
    assert then == now
    days = {one["level"]: one["days"] for one in then["meanRemediateByLevel"]}
    assert (days["HIGH"], round(days["CRITICAL"]), days["LOW"]) == (2.0, 10, None)


async def test_removed_objects_show_while_they_existed(world: World) -> None:
    one = world.aurora.vulnerable
    before = await alter(world, one.id, removed(world))
    assert (await world.data("uri", VULNERABILITY_AT, id=one.id))["vulnerability"] is None
    assert (await world.data("uri", VULNERABILITY_AT, id=one.id, at=world.now().isoformat()))["vulnerability"] is None
    then = (await world.data("uri", VULNERABILITY_AT, id=one.id, at=before.isoformat()))["vulnerability"]
    assert then["state"] == "VULNERABLE"
    finding, at = world.aurora.finding, world.now()
    for other in (world.aurora.safe, world.aurora.submitted, world.aurora.hidden):
        await alter(world, other.id, removed(world))
    gone = replace(finding.state, status=FindingStateStatus.DELETED, justification=RemovalJustification.DUPLICATED)
    await update(world.store, FINDING, finding_key(finding.id), lambda old, _: replace(old, state=gone), world.stamp())
    assert (await world.data("uri", FINDING_AT, id=finding.id))["finding"] is None
    assert (await world.data("uri", FINDING_AT, id=finding.id, at=at.isoformat()))["finding"]["title"] == "Injection webshop"


async def test_what_is_hidden_now_was_never_there(world: World) -> None:
    one = world.aurora.vulnerable
    before = (await alter(world, one.id, hidden(world))).isoformat()
    for name, seen in (("uri", False), ("vera", True)):
        shown = await world.data(name, VULNERABILITY_AT, id=one.id, at=before)
        assert (shown["vulnerability"] is not None) is seen
        finding = (await world.data(name, FINDING_AT, id=world.aurora.finding.id, at=before))["finding"]
        assert finding["summary"]["open"] == int(seen)
        assert (one.id in str(finding["vulnerabilities"])) is seen


async def test_drafts_of_then_need_their_permission(world: World) -> None:
    one = world.aurora.submitted
    before = (await release(world)).isoformat()
    for name, seen in (("uri", False), ("hana", True)):
        assert (await world.data(name, VULNERABILITY_AT, id=one.id))["vulnerability"] is not None
        shown = await world.data(name, VULNERABILITY_AT, id=one.id, at=before)
        assert (shown["vulnerability"] is not None) is seen
        history = "query ($id: ID!) { vulnerability(id: $id) { history { nodes { version } } } }"
        versions = (await world.data(name, history, id=one.id))["vulnerability"]["history"]["nodes"]
        assert versions == [*([{"version": 1}] if seen else []), {"version": 2}]


async def test_a_finding_that_was_a_draft_then_needs_the_permission(world: World) -> None:
    finding, before = world.aurora.draft_finding, (await release(world)).isoformat()
    for name, seen in (("uri", False), ("hana", True)):
        assert (await world.data(name, FINDING_AT, id=finding.id))["finding"] is not None
        then = (await world.data(name, FINDING_AT, id=finding.id, at=before))["finding"]
        assert (then is not None) is seen


async def test_a_list_of_then_can_be_asked_for_alone(world: World) -> None:
    one = world.aurora.vulnerable
    before = (await alter(world, one.id, closed(world))).isoformat()
    query = """query ($id: ID!, $at: DateTime, $after: String) { finding(id: $id) { status
      vulnerabilities(asOf: $at, first: 1, after: $after) {
        nodes { id state finding { status } } pageInfo { endCursor hasNextPage } } } }"""
    first = (await world.data("uri", query, id=world.aurora.finding.id, at=before))["finding"]
    assert (first["status"], first["vulnerabilities"]["nodes"]) == (
        "SAFE",
        [{"id": one.id, "state": "VULNERABLE", "finding": {"status": "VULNERABLE"}}],
    )
    end = first["vulnerabilities"]["pageInfo"]["endCursor"]
    second = (await world.data("uri", query, id=world.aurora.finding.id, at=before, after=end))["finding"]
    assert [node["id"] for node in second["vulnerabilities"]["nodes"]] == [world.aurora.safe.id]


async def test_the_future_and_too_much_of_the_past_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    future = (world.now() + timedelta(days=1)).isoformat()
    for query, identity in ((VULNERABILITY_AT, world.aurora.vulnerable.id), (FINDING_AT, world.aurora.finding.id)):
        answer = await world.answer("uri", query, id=identity, at=future)
        assert (answer.status, answer.body["errors"][0]["extensions"]["code"]) == (200, "BAD_USER_INPUT")
    monkeypatch.setattr(past, "MAX_VULNERABILITIES", 2)
    answer = await world.answer("uri", FINDING_AT, id=world.aurora.finding.id, at=world.now().isoformat())
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("person", ["uri", "uri2"])
async def test_a_future_moment_tells_nothing_of_what_is_not_visible(world: World, person: str) -> None:
    future = (world.now() + timedelta(days=1)).isoformat()
    hidden = world.aurora if person == "uri2" else world.harbor
    mine = world.harbor if person == "uri2" else world.aurora
    for query, invisible in (
        (FINDING_AT, (hidden.finding.id, hidden.draft_finding.id, mine.draft_finding.id)),
        (VULNERABILITY_AT, (hidden.vulnerable.id, mine.submitted.id, mine.hidden.id)),
    ):
        nothing = await world.answer(person, query, id=world.new_id(), at=future)
        assert "errors" not in nothing.body
        for identity in invisible:
            assert await world.answer(person, query, id=identity, at=future) == nothing
