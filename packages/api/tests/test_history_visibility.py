"""Histories show exactly the moments that ``asOf`` shows to the same person (V1): none of a draft, none of what was hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import ROLES
from packages.api.tests.test_past import alter, release
from packages.api.tests.test_store_calls import counting

from integrates.db_model.entity.command import update
from integrates.db_model.entity.read import get
from integrates.db_model.findings.commands import rescore
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.testing.scene import address_of, scored
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Labels, TreatmentStatus, ZeroRisk, ZeroRiskStatus

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

    from integrates.db_model.findings.types import Finding
    from integrates.db_model.vulnerabilities.types import Vulnerability

TESTERS: Final = {"greta", "hana", "reto", "remy"}
"""Who reads drafts."""
KEEPERS: Final = {"greta", "vera", "remy"}
"""Who reads what is hidden."""
HISTORIES: Final = ("history", "stateHistory", "treatmentHistory", "verificationHistory", "zeroRiskHistory")


def tagged(*tags: str) -> Any:
    """Change the labels only."""
    return lambda old: replace(old, labels=Labels(tags=tags))


def claimed(world: World, status: ZeroRiskStatus) -> Any:
    """Change the claim of no risk."""

    def make(old: Vulnerability) -> Vulnerability:
        risk = ZeroRisk(status=status, requested_by=address_of("uri"), at=world.now(), by=address_of("ada"))
        return replace(old, zero_risk=risk)

    return make


def treated(world: World, status: TreatmentStatus) -> Any:
    """Change the treatment."""
    by = address_of("vera")
    return lambda old: replace(
        old, treatment=replace(old.treatment, status=status, assigned=by, justification="Why it is so", at=world.now(), by=by)
    )


async def lived(world: World) -> str:
    """Lead a vulnerability through drafts, a release, treatments, and a claim of no risk that was confirmed for a time."""
    identity = world.aurora.submitted.id
    await release(world)
    for make in (
        tagged("released"),
        treated(world, TreatmentStatus.IN_PROGRESS),
        claimed(world, ZeroRiskStatus.REQUESTED),
        claimed(world, ZeroRiskStatus.CONFIRMED),
        tagged("hidden"),
        treated(world, TreatmentStatus.IN_PROGRESS),
        claimed(world, ZeroRiskStatus.REJECTED),
        tagged("shown"),
    ):
        await alter(world, identity, make)
    return identity


async def versions(world: World, name: str, kind: str, identity: str, field: str) -> list[tuple[int, str]]:
    """Return the versions and dates in a history, as a person sees it, page by page."""
    query = f"""query ($id: ID!, $after: String) {{ {kind}(id: $id) {{ {field}(first: 2, after: $after) {{
      nodes {{ version at }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
    found: list[tuple[int, str]] = []
    after, goes_on = None, True
    while goes_on:
        page = (await world.data(name, query, id=identity, after=after))[kind][field]
        found += [(node["version"], node["at"]) for node in page["nodes"]]
        after, goes_on = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


async def visible(world: World, name: str, kind: str, identity: str, moments: list[tuple[int, str]]) -> list[int]:
    """Return the versions that a person is shown with ``asOf`` at the moments of all versions."""
    query = f"query ($id: ID!, $at: DateTime) {{ {kind}(id: $id, asOf: $at) {{ version }} }}"
    answers = [(await world.data(name, query, id=identity, at=at))[kind] for _, at in moments]
    return [answer["version"] for answer in answers if answer]


@pytest.mark.parametrize("name", ROLES)
async def test_the_history_of_a_vulnerability_shows_what_as_of_shows(world: World, name: str) -> None:
    await alter(world, world.aurora.submitted.id, tagged("secret"))
    world = replace(world, aurora=replace(world.aurora, submitted=await _now(world)))
    identity = await lived(world)
    everything = await versions(world, "greta", "vulnerability", identity, "history")
    assert [version for version, _ in everything] == list(range(1, 12))
    seen = [version for version, _ in await versions(world, name, "vulnerability", identity, "history")]
    assert seen == await visible(world, name, "vulnerability", identity, everything)
    drafts, hidden = {1, 2}, {7, 8, 9}
    assert set(range(1, 12)) - set(seen) == (set() if name in TESTERS else drafts) | (set() if name in KEEPERS else hidden)
    for field in HISTORIES[1:]:
        assert {version for version, _ in await versions(world, name, "vulnerability", identity, field)} <= set(seen)


async def _now(world: World) -> Vulnerability:
    found = await get(world.store, VULNERABILITY, vulnerability_key(world.aurora.submitted.id))
    assert found
    return found


@pytest.mark.parametrize("name", ROLES)
async def test_the_history_of_a_finding_shows_what_as_of_shows(world: World, name: str) -> None:
    identity = world.aurora.draft_finding.id

    def reworded(old: Finding, _: datetime) -> Finding:
        return replace(old, description=replace(old.description, threat="Told to testers only"))

    draft = await update(world.store, FINDING, finding_key(identity), reworded, world.stamp())
    await release(replace(world, aurora=replace(world.aurora, draft_finding=draft)))
    await rescore(world.store, identity, scored("9.1"), world.stamp())
    everything = await versions(world, "greta", "finding", identity, "history")
    assert [version for version, _ in everything] == [1, 2, 3, 4]
    seen = [version for version, _ in await versions(world, name, "finding", identity, "history")]
    assert seen == await visible(world, name, "finding", identity, everything)
    assert seen == ([1, 2, 3, 4] if name in TESTERS else [3, 4])


async def test_an_attacker_finds_no_word_of_a_draft_in_any_history(world: World) -> None:
    await alter(world, world.aurora.submitted.id, tagged("secret"))
    world = replace(world, aurora=replace(world.aurora, submitted=await _now(world)))
    identity = await lived(world)
    query = f"""query ($id: ID!) {{ vulnerability(id: $id) {{
      {" ".join(f"{field} {{ nodes {{ aspects }} }}" for field in HISTORIES)} }} }}"""
    assert "secret" in str(await world.data("hana", query, id=identity))
    assert "secret" not in str(await world.data("uri", query, id=identity))
    assert "hidden" in str(await world.data("vera", query, id=identity))
    assert "hidden" not in str(await world.data("hana", query, id=identity))


async def test_a_history_without_claims_of_no_risk_is_read_once(world: World) -> None:
    query = "query ($id: ID!) { vulnerability(id: $id) { history { nodes { version } } } }"
    numbers = []
    for name in ("vera", "uri"):
        calls: list[str] = []
        await world.answer(name, query, store=counting(world.store, calls), id=world.aurora.vulnerable.id)
        numbers.append(len(calls))
    assert numbers[0] == numbers[1]
