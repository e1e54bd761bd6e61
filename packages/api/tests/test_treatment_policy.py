"""Each limit that policies set to a temporary acceptance, as the API tells it (domain sections 4.3, 6 and 11.2)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_treatment import reasons, stored, treat

from integrates.db_model.entity.command import update
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.policies.types import Policies

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

ITEM = ["items", "0", "id"]
SCORE = Decimal("7.5")
"""That of the finding."""


async def limited(world: World, **policies: Any) -> None:
    group = replace(world.aurora.group, policies=Policies(**policies))
    await update(world.store, GROUP, group_key("webshop"), lambda _, __: group, world.stamp())


async def accept(world: World, after: timedelta = timedelta(days=1)) -> Any:
    until = (world.now() + after).isoformat()
    return await treat(world, "uri", [{"id": world.aurora.vulnerable.id}], treatment="ACCEPTED", until=until)


@pytest.mark.parametrize(
    ("policies", "refused"),
    [
        ({"min_acceptance_severity": SCORE}, False),
        ({"max_acceptance_severity": SCORE}, False),
        ({"min_acceptance_severity": SCORE + Decimal("0.1")}, True),
        ({"max_acceptance_severity": SCORE - Decimal("0.1")}, True),
    ],
)
async def test_scores_within_the_policy_are_accepted(world: World, policies: dict[str, Any], *, refused: bool) -> None:
    await limited(world, **policies)
    expected = [("INVALID", "severity_out_of_policy", ITEM)] if refused else []
    assert reasons(await accept(world)) == expected
    assert (await stored(world, world.aurora.vulnerable.id)).version == 2 - refused


@pytest.mark.parametrize(("days", "least", "refused"), [(1, 1, False), (1, 1.001, True), (0, 0.001, True), (999, 998, False)])
async def test_an_acceptance_is_as_long_as_the_policy_allows(world: World, days: int, least: float, *, refused: bool) -> None:
    await limited(world, max_acceptance_days=days)
    payload = await accept(world, timedelta(days=least))
    assert reasons(payload) == ([("INVALID", "acceptance_too_long", ["acceptedUntil"])] if refused else [])
    if refused:
        assert f"at most {days} days" in payload["errors"][0]["message"]


async def test_it_is_accepted_as_often_as_the_policy_allows_and_told_how_often(world: World) -> None:
    await limited(world, max_number_acceptances=2)
    one = world.aurora.vulnerable.id
    for _ in range(2):
        assert reasons(await accept(world)) == []
        assert reasons(await treat(world, "uri", [{"id": one}], treatment="UNTREATED")) == []
    payload = await accept(world)
    assert reasons(payload) == [("LIMIT_EXCEEDED", "too_many_acceptances", ITEM)]
    assert "at most 2 times" in payload["errors"][0]["message"]
    assert (await stored(world, one)).cycle.temporary_acceptances == 2


async def test_a_refused_permanent_acceptance_brings_an_acceptance_back_without_counting_it(world: World) -> None:
    await limited(world, max_number_acceptances=1)
    one = world.aurora.vulnerable.id
    assert reasons(await accept(world)) == []
    assert reasons(await treat(world, "uri", [{"id": one}], treatment="ACCEPTED_UNDEFINED")) == []
    query = """mutation ($id: ID!) { handleVulnerabilitiesAcceptance(
      items: [{id: $id}], approve: false, justification: "only for a while") {
      vulnerabilities { treatment { status acceptanceStatus acceptedUntil } temporaryAcceptances } errors { reason } } }"""
    payload = (await world.data("vera", query, id=one))["handleVulnerabilitiesAcceptance"]
    (shown,) = payload["vulnerabilities"]
    assert (shown["treatment"]["status"], shown["treatment"]["acceptanceStatus"]) == ("ACCEPTED", "REJECTED")
    assert shown["temporaryAcceptances"] == 1
    assert reasons(await accept(world, timedelta(days=2))) == [("LIMIT_EXCEEDED", "too_many_acceptances", ITEM)]


async def test_policies_count_at_the_time_of_the_decision(world: World) -> None:
    """What was accepted under other policies stays as it is."""
    assert reasons(await accept(world, timedelta(days=30))) == []
    await limited(world, max_acceptance_days=1)
    assert (await stored(world, world.aurora.vulnerable.id)).treatment.status == "ACCEPTED"
    assert reasons(await accept(world, timedelta(days=30))) == [("INVALID", "acceptance_too_long", ["acceptedUntil"])]
