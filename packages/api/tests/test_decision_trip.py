"""What is exported of a group, imported into a copy of it with the same scans (domain section 21; example B17)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.conftest import ANCHOR
from packages.api.tests.decided import bill, counts, decided, names, scanned, shop_root, vulnerabilities

from integrates.api.exports.document import ExportFormat
from integrates.api.exports.make import Export, Wanted, exported

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

    from integrates.db_model.vulnerabilities.types import Vulnerability

NUMBERS = range(1, 10)
HIDDEN, FALSE, CLAIMED, FOREVER, FOREVER_ASKED, FOR_NOW, WORKED, SAFE, PLAIN = NUMBERS
WHY = "Because the code is never run here."
UNTIL = (ANCHOR + timedelta(days=20)).isoformat()
CLAIM = f"""mutation ($id: ID!) {{ x: requestVulnerabilitiesZeroRisk(items: [{{id: $id}}], justification: "{WHY}",
  vexJustification: VULNERABLE_CODE_NOT_IN_EXECUTE_PATH) {{ errors {{ reason }} }} }}"""
CONFIRM = f"""mutation ($id: ID!) {{ x: confirmVulnerabilitiesZeroRisk(items: [{{id: $id}}], justification: "{WHY}")
  {{ errors {{ reason }} }} }}"""
TREAT = f"""mutation ($id: ID!, $to: TreatmentStatus!, $until: DateTime) {{ x: updateVulnerabilitiesTreatment(
  items: [{{id: $id}}], treatment: $to, acceptedUntil: $until, justification: "{WHY}") {{ errors {{ reason }} }} }}"""
APPROVE = f"""mutation ($id: ID!) {{ x: handleVulnerabilitiesAcceptance(items: [{{id: $id}}], approve: true,
  justification: "{WHY}") {{ errors {{ reason }} }} }}"""
REMOVE = """mutation ($id: ID!) { x: removeVulnerabilities(items: [{id: $id}], justification: FALSE_POSITIVE)
  { errors { reason } } }"""


async def done(world: World, person: str, query: str, **given: Any) -> None:
    assert (await world.data(person, query, **given))["x"]["errors"] == []


async def handled(world: World) -> str:
    """A root in which people decided about everything that a scanner found; return its id."""
    root = await shop_root(world)
    await scanned(world, root, bill(NUMBERS))
    ids = {name: one.id for name, one in (await vulnerabilities(world, root)).items()}
    one = {number: ids[names(number)[0]] for number in NUMBERS}
    for number in (HIDDEN, CLAIMED):
        await done(world, "uri", CLAIM, id=one[number])
    await done(world, "remy", CONFIRM, id=one[HIDDEN])
    await done(world, "remy", REMOVE, id=one[FALSE])
    for number in (FOREVER, FOREVER_ASKED):
        await done(world, "uri", TREAT, id=one[number], to="ACCEPTED_UNDEFINED")
    await done(world, "vera", APPROVE, id=one[FOREVER])
    await done(world, "uri", TREAT, id=one[FOR_NOW], to="ACCEPTED", until=UNTIL)
    await done(world, "uri", TREAT, id=one[WORKED], to="IN_PROGRESS")
    await scanned(world, root, bill([n for n in NUMBERS if n != SAFE]))
    return root


async def export(world: World, form: ExportFormat, root: str | None = None) -> bytes:
    wanted = Wanted(format=form, group_name="webshop", root=root, server="https://integrates.example")
    async with exported(world.call("greta"), wanted) as found:
        assert isinstance(found, Export), found
        return found.file.read()


async def copied(world: World) -> str:
    """The copy of the root in the group of another tenant, with the same scan; return its id."""
    root = await shop_root(world, suffix="2")
    await scanned(world, root, bill(NUMBERS), suffix="2")
    return root


def told(one: Vulnerability) -> tuple[Any, ...]:
    """Treatment, acceptance, end of it, verification, zero risk and its word."""
    treatment, check, claim = one.treatment, one.verification, one.zero_risk
    return (
        treatment.status.value,
        treatment.acceptance_status and treatment.acceptance_status.value,
        treatment.accepted_until and treatment.accepted_until.isoformat(),
        check and check.status.value,
        claim and (claim.status.value, claim.vex_justification and claim.vex_justification.value),
    )


NOTHING = ("UNTREATED", None, None, None, None)
ASKED = ("UNTREATED", None, None, None, ("REQUESTED", "VULNERABLE_CODE_NOT_IN_EXECUTE_PATH"))
ASKED_PLAINLY = ("UNTREATED", None, None, None, ("REQUESTED", None))
FOR_EVER = ("ACCEPTED_UNDEFINED", "SUBMITTED", None, None, None)
BEGUN = ("IN_PROGRESS", None, None, None, None)
CHECKED = ("UNTREATED", None, None, "REQUESTED", None)
LOOSE = {HIDDEN: ASKED, FALSE: ASKED_PLAINLY, SAFE: CHECKED, WORKED: BEGUN}
"""What documents in all formats of VEX say."""
EXPECTED: dict[ExportFormat, dict[int, tuple[Any, ...]]] = {
    ExportFormat.OPENVEX: {**LOOSE, FOREVER: BEGUN, FOR_NOW: BEGUN},
    ExportFormat.CYCLONEDX_VEX: {**LOOSE, FOREVER: FOR_EVER, FOR_NOW: FOR_EVER},
    ExportFormat.CSAF_VEX: {**LOOSE, FOREVER: FOR_EVER, FOR_NOW: BEGUN},
    ExportFormat.JSON: {
        **LOOSE,
        CLAIMED: ASKED,
        FOREVER: FOR_EVER,
        FOREVER_ASKED: FOR_EVER,
        FOR_NOW: ("ACCEPTED", None, UNTIL.replace("+00:00", "") + "+00:00", None, None),
    },
}


@pytest.mark.parametrize("whole", [False, True], ids=["root", "group"])
@pytest.mark.parametrize("form", EXPECTED)
async def test_b17_decisions_arrive_in_a_copy_as_requests(world: World, form: ExportFormat, whole: bool) -> None:
    origin = await handled(world)
    content = await export(world, form, None if whole else origin)
    copy = await copied(world)
    made = counts(await decided(world, content, "greta2"))
    found = await vulnerabilities(world, copy)
    expected = {number: EXPECTED[form].get(number, NOTHING) for number in NUMBERS}
    assert {number: told(found[names(number)[0]]) for number in NUMBERS} == expected
    assert {one.state.status.value for one in found.values()} == {"VULNERABLE"}
    claims = [one.zero_risk.requested_by for one in found.values() if one.zero_risk]
    assert set(claims) == {"greta2@demo.example"}
    assert made["requested"] + made.get("applied", 0) == len(EXPECTED[form])
    again = await decided(world, content, "vera2")
    assert counts(again).keys() <= {"unchanged", "unmatched"}
    assert counts(again)["unchanged"] == len(NUMBERS)
    assert await export(world, form, None if whole else origin) == content


@pytest.mark.parametrize("form", EXPECTED)
async def test_where_it_comes_from_nothing_changes(world: World, form: ExportFormat) -> None:
    root = await handled(world)
    before = await vulnerabilities(world, root)
    assert set(counts(await decided(world, await export(world, form), "greta"))) <= {"unchanged", "unmatched"}
    assert await vulnerabilities(world, root) == before


@pytest.mark.parametrize("whole", [False, True], ids=["root", "group"])
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("ACCEPTANCE", FOR_EVER), ("ZERO_RISK", ASKED_PLAINLY)],
)
async def test_suppressions_of_sarif_become_what_the_caller_says(
    world: World, wanted: str, expected: tuple[Any, ...], whole: bool
) -> None:
    """Of a root, which the caller names, and of a group, whose roots the file names."""
    origin = await handled(world)
    content = await export(world, ExportFormat.SARIF, None if whole else origin)
    copy = await copied(world)
    given = {"as": wanted, **({} if whole else {"root": copy})}
    assert counts(await decided(world, content, "greta2", **given))["requested"] == 4
    found = await vulnerabilities(world, copy)
    suppressed = {HIDDEN, FALSE, FOREVER, FOR_NOW}
    assert {number: told(found[names(number)[0]]) for number in NUMBERS} == {
        number: expected if number in suppressed else NOTHING for number in NUMBERS
    }
    again = counts(await decided(world, content, "vera2", **given))
    assert again.keys() - ({"unmatched"} if whole else set()) == {"unchanged"}, "other roots of the group have no copy"


async def test_sarif_of_others_needs_a_root(world: World) -> None:
    """One result of which nobody knows where it belongs is enough."""
    await handled(world)
    content = json.loads(await export(world, ExportFormat.SARIF))
    for result in content["runs"][-1]["results"][:1]:
        del result["properties"]["integrates"]
    payload = await decided(world, json.dumps(content).encode(), "greta")
    assert [(error["reason"], error["path"]) for error in payload["errors"]] == [("REQUIRED", ["rootId"])]


async def test_sarif_of_a_group_means_each_result_in_its_own_root(world: World) -> None:
    """Two branches of a repository have the same packages; of one of them something else was decided."""
    first = await handled(world)
    other = await shop_root(world, "https://github.com/acme/other")
    await scanned(world, other, bill([HIDDEN, PLAIN, FOREVER]))
    mine = (await vulnerabilities(world, other))[names(PLAIN)[0]]
    await done(world, "uri", CLAIM, id=mine.id)
    await done(world, "remy", CONFIRM, id=mine.id)
    content = await export(world, ExportFormat.SARIF)
    assert counts(await decided(world, content, "greta")).keys() <= {"unchanged", "unmatched"}
    copies = [await copied(world), await shop_root(world, "https://github.com/acme/other", suffix="2")]
    await scanned(world, copies[1], bill([HIDDEN, PLAIN, FOREVER]), suffix="2")
    assert counts(await decided(world, content, "greta2"))["requested"] == 5
    asked = [
        {n for n in NUMBERS if (one := found.get(names(n)[0])) and told(one) == FOR_EVER}
        for found in [await vulnerabilities(world, each) for each in copies]
    ]
    assert asked == [{HIDDEN, FALSE, FOREVER, FOR_NOW}, {PLAIN}]
    assert {one.treatment.status.value for one in (await vulnerabilities(world, first)).values()} != {"ACCEPTED_UNDEFINED"}


async def test_a_trail_names_the_root_by_where_it_is(world: World) -> None:
    await handled(world)
    content = json.loads(await export(world, ExportFormat.JSON))
    elsewhere = await shop_root(world, "https://github.com/acme/other", suffix="2")
    await scanned(world, elsewhere, bill(NUMBERS), suffix="2")
    made = counts(await decided(world, json.dumps(content).encode(), "greta2"))
    assert set(made) == {"unmatched"}
    named = counts(await decided(world, json.dumps(content).encode(), "greta2", root=elsewhere))
    assert named["requested"] > 0


async def test_a_trail_without_the_date_of_an_acceptance_is_no_trail(world: World) -> None:
    await handled(world)
    content = json.loads(await export(world, ExportFormat.JSON))
    for one in content["vulnerabilities"]:
        one["treatment"].pop("acceptedUntil", None)
    payload = await decided(world, json.dumps(content).encode(), "greta")
    assert [error["reason"] for error in payload["errors"]] == ["BAD_FILE"]
    assert payload["errors"][0]["message"].endswith("/treatment/acceptedUntil")
