"""The severity of a finding: cells move, and nothing else does (domain sections 5 and 7, example A9)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.test_adding import ERRORS, beaten, call, reasons

from integrates.db_model.entity import counter, read
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.groups.facet import group_counters_keys
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.testing.scene import scored
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.tally import DOT, is_cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packages.api.tests.conftest import World

    from integrates.db_model.findings.types import Finding
    from integrates.db_model.vulnerabilities.types import Vulnerability

V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:H/VA:N/SC:N/SI:N/SA:N"
V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"
RATE = f"""mutation ($id: ID!, $v4: String, $v3: String, $version: Int) {{
  updateFindingSeverity(id: $id, cvssV4: $v4, cvssV3: $v3, expectedVersion: $version) {{
    finding {{ version severity {{ cvssV4 cvssV3 toolScore score level cvssf }} }} {ERRORS} }} }}"""
TREAT = """mutation ($id: ID!, $treatment: TreatmentStatus!) {
  updateVulnerabilitiesTreatment(items: [{id: $id}], treatment: $treatment, justification: "Somebody works on it.") {
    errors { reason } } }"""


async def rate(world: World, person: str = "hana", **changes: Any) -> Any:
    return await call(world, person, RATE, **{"id": world.aurora.finding.id, **changes})


async def known(world: World) -> Finding:
    found = await read.get(world.store, FINDING, finding_key(world.aurora.finding.id))
    assert found is not None
    return found


async def is_exact(world: World) -> bool:
    counted = await recount(world.store, "webshop")
    return counted == await stored_counters(world.store, counted, "webshop")


async def scores(world: World) -> Mapping[str, int]:
    """How many vulnerabilities of the group have each effective score, by its cells."""
    cells = counter.summed(await world.store.get(group_counters_keys("webshop")))
    found: dict[str, int] = {}
    for name, number in cells.items():
        if is_cell(name) and number:
            score = name.split(DOT)[1]
            found[score] = found.get(score, 0) + number
    return found


async def now(world: World, ids: Sequence[str]) -> list[Vulnerability]:
    found = await read.get_many(world.store, VULNERABILITY, [vulnerability_key(each) for each in ids])
    assert all(found)
    return [one for one in found if one]


async def treated_twice(world: World, identity: str) -> None:
    for treatment in ("IN_PROGRESS", "UNTREATED"):
        answer = await world.data("uri", TREAT, id=identity, treatment=treatment)
        assert answer["updateVulnerabilitiesTreatment"]["errors"] == []


async def test_a9_ten_that_inherit_move_amid_twenty_treatment_changes(world: World) -> None:
    """A9: 5.0 to 9.1; ten vulnerabilities inherit the severity and two have their own, while ten of them are treated twice."""
    await findings.rescore(world.store, world.aurora.finding.id, scored("5.0"), world.stamp())
    still = [world.aurora.safe.id, world.aurora.hidden.id]
    own = [(await world.report(world.aurora, f"src/own-{n}.py", severity=scored("3.0"))).id for n in range(2)]
    heirs = [world.aurora.vulnerable.id, *[(await world.report(world.aurora, f"src/heir-{n}.py")).id for n in range(7)]]
    before, versions = await scores(world), [one.version for one in await now(world, (*heirs, *own, *still))]
    assert before == {"5.0": 10, "3.0": 2, "7.5": 1}
    changed, *_ = await asyncio.gather(rate(world, v3=V3), *(treated_twice(world, each) for each in (*heirs, *own)))
    assert reasons(changed) == []
    assert changed["finding"]["severity"]["score"] == 9.1
    assert await scores(world) == {"9.1": 10, "3.0": 2, "7.5": 1}
    after = [one.version for one in await now(world, (*heirs, *own, *still))]
    assert after == [*(version + 2 for version in versions[:10]), *versions[10:]]
    assert await is_exact(world)


async def test_nothing_but_the_finding_gets_a_version(world: World) -> None:
    tenant = world.aurora
    ids = [tenant.vulnerable.id, tenant.safe.id, tenant.hidden.id]
    before, version = await now(world, ids), (await known(world)).version
    shown = (await rate(world, v4=V4))["finding"]
    assert await now(world, ids) == before
    assert (shown["version"], (await known(world)).scored) == (version + 1, 1)
    effective = "query ($id: ID!) { vulnerability(id: $id) { severity { score } ownSeverity { score } } }"
    found = await world.data("uri", effective, id=tenant.vulnerable.id)
    assert found["vulnerability"] == {"severity": {"score": 8.7}, "ownSeverity": None}


async def test_the_score_of_a_tool_stays_beside_vectors_which_are_one_assessment(world: World) -> None:
    both = (await rate(world, v4=V4, v3=V3))["finding"]["severity"]
    assert both == {"cvssV4": V4, "cvssV3": V3, "toolScore": 7.5, "score": 8.7, "level": "HIGH", "cvssf": 675.588}
    assert (await rate(world, v3=V3))["finding"]["severity"] == {
        "cvssV4": None,
        "cvssV3": V3,
        "toolScore": 7.5,
        "score": 9.1,
        "level": "CRITICAL",
        "cvssf": 1176.267,
    }


async def test_the_same_severity_again_writes_nothing(world: World) -> None:
    version = (await rate(world, v3=V3))["finding"]["version"]
    again = "CVSS:3.1/A:N/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N"
    assert (await rate(world, v3=again))["finding"]["version"] == version
    assert (await known(world)).scored == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("INVALID", "required", ["cvssV4"])]),
        ({"v4": None, "v3": None}, [("INVALID", "required", ["cvssV4"])]),
        ({"v4": V3}, [("INVALID", "bad_vector", ["cvssV4"])]),
        ({"v3": V4}, [("INVALID", "bad_vector", ["cvssV3"])]),
        ({"v3": V3.replace("3.1", "3.0")}, [("INVALID", "bad_vector", ["cvssV3"])]),
        ({"v4": f"{V4}/AV:N"}, [("INVALID", "bad_vector", ["cvssV4"])]),
        ({"v3": V3.removesuffix("/A:N")}, [("INVALID", "bad_vector", ["cvssV3"])]),
        ({"v3": V3 + " " * 600 + "x"}, [("INVALID", "bad_vector", ["cvssV3"])]),
        ({"v4": "x", "v3": ""}, [("INVALID", "bad_vector", ["cvssV4"]), ("INVALID", "bad_vector", ["cvssV3"])]),
    ],
)
async def test_severities_are_refused(world: World, changes: dict[str, Any], expected: Any) -> None:
    version = (await known(world)).version
    assert reasons(await rate(world, **changes)) == expected
    assert (await known(world)).version == version


@pytest.mark.parametrize(
    ("person", "refused"),
    [
        ("greta", None),
        ("hana", None),
        ("remy", None),
        ("vera", "FORBIDDEN"),
        ("uri", "FORBIDDEN"),
        ("reto", "FORBIDDEN"),
        ("hana2", "NOT_FOUND"),
    ],
)
async def test_who_may_score(world: World, person: str, refused: str | None) -> None:
    payload = await rate(world, person, v3=V3)
    assert [(code, path) for code, _, path in reasons(payload)] == ([] if refused is None else [(refused, ["id"])])


async def test_a_version_comes_before_vectors(world: World) -> None:
    version = (await known(world)).version
    await rate(world, v3=V3)
    late = await rate(world, v3="x", version=version)
    assert reasons(late) == [("CONFLICT", "stale_version", [])]
    assert late["errors"][0]["currentVersion"] == version + 1


async def test_of_two_assessments_at_once_one_wins(world: World) -> None:
    version = (await known(world)).version
    both = await asyncio.gather(*(rate(world, v3=V3, v4=v4, version=version) for v4 in (V4, None)))
    assert sorted(reasons(payload) for payload in both) == [[], [("CONFLICT", "stale_version", [])]]
    assert await is_exact(world)


async def test_a_vulnerability_that_comes_meanwhile_moves_too(world: World) -> None:
    async def others() -> None:
        await world.report(world.aurora, "src/late.py")

    variables = {"id": world.aurora.finding.id, "v3": V3}
    answer = await world.answer("hana", RATE, store=beaten(world, others), **variables)  # type: ignore[arg-type] # variables
    assert reasons(answer.body["data"]["updateFindingSeverity"]) == []
    assert (await scores(world))["9.1"] == 4
    assert await is_exact(world)
