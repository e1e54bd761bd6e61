"""Filters of lists through the API: what each of them keeps, and texts in the form in which they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrates.db_model.vulnerabilities.types import (
    Labels,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    ZeroRiskStatus,
)

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

LIST = """query ($filter: VulnerabilityFilter) { group(name: "webshop") {
  vulnerabilities(first: 50, filter: $filter) { totalCount nodes { id } } } }"""
TITLES = (
    """query ($title: String) { group(name: "webshop") { findings(first: 9, filter: {title: $title}) { nodes { title } } } }"""
)


async def found(world: World, wanted: dict[str, Any]) -> tuple[set[str], int | None]:
    """List vulnerabilities as the group's manager."""
    page = (await world.data("greta", LIST, filter=wanted))["group"]["vulnerabilities"]
    return {node["id"] for node in page["nodes"]}, page["totalCount"]


@pytest.fixture
async def checked_again(world: World) -> str:
    """A vulnerability that is to be checked again, claimed to be no risk, with an accent in its location."""
    stamp = world.stamp()
    made = await world.report(
        world.aurora,
        "src/café.py",
        labels=Labels(tags=("kitchen",)),
        treatment=Treatment(status=TreatmentStatus.IN_PROGRESS, assigned="uri@demo.example", at=stamp.at, by=stamp.by),
        verification=Verification(status=VerificationStatus.REQUESTED, at=stamp.at, by=stamp.by),
        zero_risk=ZeroRiskStatus.REQUESTED,
    )
    return made.id


@pytest.mark.parametrize(
    "wanted",
    [
        {"assigned": "URI@Demo.example "},
        {"text": "CAFE\u0301"},
        {"tag": "kitchen"},
        {"treatments": ["IN_PROGRESS"]},
        {"verifications": ["REQUESTED"]},
        {"zeroRisks": ["REQUESTED"]},
    ],
)
async def test_one_is_found(world: World, checked_again: str, wanted: dict[str, Any]) -> None:
    ids, total = await found(world, wanted)
    assert ids == {checked_again}
    assert total == (None if {"assigned", "text", "tag"} & wanted.keys() else 1)


async def test_null_among_zero_risks_and_verifications_stands_for_none(world: World, checked_again: str) -> None:
    aurora = world.aurora
    plain = {aurora.vulnerable.id, aurora.safe.id}
    assert await found(world, {"verifications": [None]}) == (plain, 2)
    assert await found(world, {"zeroRisks": [None, "CONFIRMED"]}) == ({*plain, aurora.hidden.id}, 3)
    everything = {"zeroRisks": [None, "CONFIRMED", "REJECTED", "REQUESTED"]}
    assert await found(world, everything) == ({*plain, aurora.hidden.id, checked_again}, 4)
    assert await found(world, {"zeroRisks": []}) == (set(), 0)


async def test_a_title_is_found_in_any_form(world: World) -> None:
    page = await world.data("uri", TITLES, title=" INJECTION ")
    assert page["group"]["findings"]["nodes"] == [{"title": "Injection webshop"}]


@pytest.mark.parametrize("text", ["x" * 1_001, "a\nb", "e" + "\u0301" * 500])
async def test_what_no_text_can_hold_is_not_searched_for(world: World, text: str) -> None:
    for query, variables in ((LIST, {"filter": {"text": text}}), (TITLES, {"title": text})):
        answer = await world.answer("uri", query, **variables)
        assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["BAD_USER_INPUT"]
