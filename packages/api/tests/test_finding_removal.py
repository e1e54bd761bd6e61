"""Removing findings: who may, what is told, and what nobody sees afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.test_adding import ERRORS, beaten, call, reasons

from integrates.db_model.entity import read
from integrates.db_model.errors import Unavailable
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import RemovalJustification

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

    from integrates.db_model.findings.types import Finding

REMOVE = f"""mutation ($id: ID!, $why: RemovalJustification!, $version: Int) {{
  removeFinding(id: $id, justification: $why, expectedVersion: $version) {{ id {ERRORS} }} }}"""
SEEN = """query ($finding: ID!, $vulnerability: ID!) {
  finding(id: $finding) { id } vulnerability(id: $vulnerability) { id }
  group(name: "webshop") { findings { nodes { id } totalCount } summary { open closed submitted hidden openFindings } } }"""
PAST = """query ($finding: ID!, $at: DateTime) { finding(id: $finding, asOf: $at) {
  status vulnerabilities { nodes { id } } } }"""


async def remove(world: World, person: str = "hana", **changes: Any) -> Any:
    return await call(world, person, REMOVE, **{"id": world.aurora.finding.id, "why": "DUPLICATED", **changes})


async def known(world: World) -> Finding | None:
    return await read.get(world.store, FINDING, finding_key(world.aurora.finding.id))


@pytest.mark.parametrize("why", RemovalJustification)
async def test_a_finding_is_removed_with_all_that_is_below_it(world: World, why: RemovalJustification) -> None:
    tenant = world.aurora
    payload = await remove(world, why=why.value)
    assert payload == {"id": tenant.finding.id, "errors": []}
    seen = await world.data("remy", SEEN, finding=tenant.finding.id, vulnerability=tenant.vulnerable.id)
    assert (seen["finding"], seen["vulnerability"]) == (None, None)
    assert seen["group"]["findings"] == {"nodes": [{"id": tenant.draft_finding.id}], "totalCount": 1}
    assert seen["group"]["summary"] == {"open": 0, "closed": 0, "submitted": 1, "hidden": 0, "openFindings": 0}
    assert reasons(await remove(world, why=why.value)) == [("NOT_FOUND", "not_found", ["id"])]


async def test_a_moment_before_shows_it_as_it_was(world: World) -> None:
    then = world.now().isoformat()
    await remove(world)
    past = await world.data("hana", PAST, finding=world.aurora.finding.id, at=then)
    shown = {one["id"] for one in past["finding"]["vulnerabilities"]["nodes"]}
    assert (past["finding"]["status"], shown) == ("VULNERABLE", {world.aurora.vulnerable.id, world.aurora.safe.id})
    now = await world.data("hana", PAST, finding=world.aurora.finding.id, at=world.now().isoformat())
    assert now["finding"] is None


@pytest.mark.parametrize(
    ("person", "refused"),
    [
        ("greta", None),
        ("hana", None),
        ("remy", None),
        ("reto", "FORBIDDEN"),
        ("vera", "FORBIDDEN"),
        ("uri", "FORBIDDEN"),
        ("hana2", "NOT_FOUND"),
    ],
)
async def test_who_may_remove(world: World, person: str, refused: str | None) -> None:
    payload = await remove(world, person)
    assert [(code, path) for code, _, path in reasons(payload)] == ([] if refused is None else [(refused, ["id"])])
    assert (await known(world) is None) == (refused is None)


async def test_a_version_is_compared_and_told(world: World) -> None:
    finding = await known(world)
    assert finding is not None
    late = await remove(world, version=finding.version - 1)
    assert reasons(late) == [("CONFLICT", "stale_version", [])]
    assert late["errors"][0]["currentVersion"] == finding.version
    assert reasons(await remove(world, version=finding.version)) == []


async def test_no_other_justification_is_taken(world: World) -> None:
    answer = await world.answer("hana", REMOVE, id=world.aurora.finding.id, why="BORING")
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["BAD_USER_INPUT"]


async def test_of_two_who_remove_it_one_is_told_that_it_is_not_there(world: World) -> None:
    both = await asyncio.gather(remove(world), remove(world, "remy"))
    assert sorted(reasons(payload) for payload in both) == [[], [("NOT_FOUND", "not_found", ["id"])]]


async def test_a_call_that_was_cut_off_is_finished_by_repeating_it(world: World) -> None:
    async def others() -> None:
        raise Unavailable("away")

    variables: dict[str, Any] = {"id": world.aurora.finding.id, "why": "DUPLICATED"}
    answer = await world.answer("hana", REMOVE, store=beaten(world, others), **variables)
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["UNAVAILABLE"]
    assert await known(world) is not None
    assert reasons(await remove(world)) == []
    assert await known(world) is None
