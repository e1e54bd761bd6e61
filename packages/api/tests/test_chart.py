"""Charts and snapshots as the API shows them."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from packages.api.tests.conftest import ANCHOR, CLOSED, REPORTED, ROLES

from integrates.db_model import snapshots
from integrates.db_model.testing import scene
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

NAMES = (
    "openByLevel",
    "cvssfOverTime",
    "meanTimeToRemediate",
    "treatmentMix",
    "openedClosed",
    "ageDistribution",
    "topFindings",
    "topRoots",
)
OF_GROUP = """query ($name: ID!, $names: [ChartName!], $from: Date, $to: Date, $step: ChartStep) { group(name: $name) {
  charts(names: $names, from: $from, to: $to, step: $step) {
    name title unit kind from to step svgUrl series { name points } } } }"""
OF_ORGANIZATION = """query ($name: String!, $names: [ChartName!], $from: Date) { organization(name: $name) {
  id charts(names: $names, from: $from) { name from to svgUrl series { name points } } } }"""
SNAPSHOTS = """query ($from: Date, $to: Date) { group(name: "webshop") { snapshots(from: $from, to: $to) {
  day open safe hidden cvssf opened closed levels { level open cvssf ages remediatedCount remediatedSeconds }
  treatments { status open } } } }"""
REMOVE = "mutation ($id: ID!) { removeFinding(id: $id, justification: DUPLICATED) { errors { reason } } }"
YESTERDAY = (ANCHOR - timedelta(days=1)).date()
LEVELS = ["CRITICAL", "HIGH", "MEDIUM", "LOW"]


@pytest.fixture
async def counted(world: World) -> World:
    """The platform with the snapshots of all groups since the first day."""
    for name in ("webshop", "cargo"):
        await snapshots.rebuild(world.store, name, date(2026, 1, 1), world.now())
    return world


def sent(data: Any) -> Any:
    """The data as they arrive at the client."""
    return msgspec.json.decode(msgspec.json.encode(data))


async def charts(world: World, name: str, *names: str, **given: Any) -> dict[str, dict[str, list[Any]]]:
    """The series of each chart by name."""
    found = sent(await world.data(name, OF_GROUP, name="webshop", names=list(names) or None, **given))
    return {each["name"]: {one["name"]: one["points"] for one in each["series"]} for each in found["group"]["charts"]}


async def test_all_charts_are_shown_in_their_order(counted: World) -> None:
    found = (await counted.data("uri", OF_GROUP, name="webshop"))["group"]["charts"]
    assert tuple(one["name"] for one in found) == NAMES
    assert {(one["from"], one["to"], one["step"]) for one in found} == {("2026-01-31", "2026-04-30", "DAY")}
    assert {one["kind"] for one in found} == {"STACKED_AREA", "LINE", "BARS", "STACKED_BARS"}
    assert found[0]["title"] == "Open vulnerabilities by level"
    assert found[0]["svgUrl"] == "/charts/webshop/openByLevel.svg?from=2026-01-31&to=2026-04-30&step=DAY"


async def test_the_wanted_charts_are_shown_as_asked_for_each_once(counted: World) -> None:
    found = await charts(counted, "uri", "topRoots", "openByLevel", "topRoots")
    assert list(found) == ["topRoots", "openByLevel"]
    assert await charts(counted, "uri", "topRoots") == {"topRoots": {"CVSSF": [["webshop", 128.0]]}}


async def test_curves_follow_what_happened(counted: World) -> None:
    found = await charts(counted, "uri", **{"from": "2026-04-19", "to": "2026-04-24"})
    days = [f"2026-04-{number}" for number in range(19, 25)]
    # reported on the 21st, one of the two closed on the 23rd; the hidden one is in no figure but `hidden`
    assert found["openByLevel"]["HIGH"] == list(map(list, zip(days, [None, None, 2, 2, 1, 1], strict=True)))
    assert list(found["openByLevel"]) == LEVELS
    assert found["cvssfOverTime"]["HIGH"][2:] == [[days[2], 256.0], [days[3], 256.0], [days[4], 128.0], [days[5], 128.0]]
    assert found["meanTimeToRemediate"]["ALL"] == list(map(list, zip(days, [None] * 4 + [2.0, None], strict=True)))
    assert found["meanTimeToRemediate"]["HIGH"][4] == [days[4], 2.0]
    assert found["meanTimeToRemediate"]["LOW"][4] == [days[4], None]
    assert [list(one)[1] for one in found["treatmentMix"]["UNTREATED"]] == [None, None, 2, 2, 1, 1]
    assert found["openedClosed"]["OPENED"][2] == [days[2], 3]
    assert found["openedClosed"]["CLOSED"] == list(map(list, zip(days, [None, None, 0, 0, 1, 0], strict=True)))


async def test_the_first_step_counts_from_the_snapshot_before_it(counted: World) -> None:
    found = await charts(counted, "uri", "meanTimeToRemediate", **{"from": "2026-04-23", "to": "2026-04-24"})
    assert found["meanTimeToRemediate"]["ALL"] == [["2026-04-23", 2.0], ["2026-04-24", None]]


async def test_a_step_is_a_day_a_week_from_monday_or_a_month(counted: World) -> None:
    given = {"from": "2026-03-15", "to": "2026-04-30"}
    weeks = (await charts(counted, "uri", "openedClosed", **given, step="WEEK"))["openedClosed"]
    assert [label for label, _ in weeks["OPENED"]] == [
        "2026-03-15",
        *(f"2026-03-{day}" for day in (16, 23, 30)),
        *(f"2026-04-{day:02}" for day in (6, 13, 20, 27)),
    ]
    assert weeks["OPENED"][-2:] == [["2026-04-20", 3], ["2026-04-27", 0]]
    months = await charts(counted, "uri", "openedClosed", "openByLevel", "meanTimeToRemediate", **given, step="MONTH")
    assert months["openedClosed"]["OPENED"] == [["2026-03-15", None], ["2026-04-01", 3]]
    assert months["openedClosed"]["CLOSED"] == [["2026-03-15", None], ["2026-04-01", 1]]
    assert months["openByLevel"]["HIGH"] == [["2026-03-15", None], ["2026-04-01", 1]]
    assert months["meanTimeToRemediate"]["ALL"][1] == ["2026-04-01", 2.0]


async def test_ages_and_tops_are_those_of_the_last_day(counted: World) -> None:
    found = await charts(counted, "uri", "ageDistribution", "topFindings")
    labels = ["0-7", "8-30", "31-90", "91-180", "181-365", "over 365"]
    assert found["ageDistribution"]["HIGH"] == [[label, int(label == "8-30")] for label in labels]
    assert found["topFindings"] == {"CVSSF": [["Injection webshop", 128.0]]}
    before = await charts(counted, "uri", "ageDistribution", to="2026-04-28")
    assert before["ageDistribution"]["HIGH"][0] == ["0-7", 1]


async def test_what_has_no_severity_has_a_series_of_its_own(world: World) -> None:
    unrated = await scene.add_finding(world.store, world.aurora.group, "unrated", scene.ticking(REPORTED), score=None)
    await scene.add_vulnerability(world.store, unrated, world.aurora.root, "src/u.py", scene.ticking(REPORTED))
    await snapshots.rebuild(world.store, "webshop", YESTERDAY, world.now())
    found = await charts(world, "uri", "openByLevel", "cvssfOverTime", "ageDistribution", "topFindings")
    assert found["openByLevel"]["NOT_RATED"][-1] == ["2026-04-30", 1]
    assert found["ageDistribution"]["NOT_RATED"][1] == ["8-30", 1]
    assert "NOT_RATED" not in found["cvssfOverTime"]
    assert [label for label, _ in found["topFindings"]["CVSSF"]] == ["Injection webshop"]


@pytest.mark.parametrize("name", [*ROLES, "olga"])
async def test_every_person_of_a_group_reads_its_charts(counted: World, name: str) -> None:
    assert set(await charts(counted, name)) == set(NAMES)


async def test_others_do_not_even_learn_of_the_group(counted: World) -> None:
    assert await counted.data("uri2", OF_GROUP, name="webshop") == {"group": None}
    assert await counted.data("otto", OF_ORGANIZATION, name="aurora") == {"organization": None}


async def test_a_snapshot_tells_hidden_ones_to_who_may_read_them(counted: World) -> None:
    given = {"from": "2026-04-22", "to": "2026-04-24"}
    (first, *_, last) = (await counted.data("remy", SNAPSHOTS, **given))["group"]["snapshots"]
    assert (first["day"], first["open"], first["safe"], first["hidden"]) == ("2026-04-22", 2, 0, 1)
    assert (last["day"], last["open"], last["safe"], last["hidden"]) == ("2026-04-24", 1, 1, 1)
    assert last["levels"][1] == {
        "level": "HIGH",
        "open": 1,
        "cvssf": 128.0,
        "ages": [1, 0, 0, 0, 0, 0],
        "remediatedCount": 1,
        "remediatedSeconds": (CLOSED - REPORTED).total_seconds(),
    }
    assert {one["status"]: one["open"] for one in last["treatments"]}["UNTREATED"] == 1
    for one in (await counted.data("uri", SNAPSHOTS, **given))["group"]["snapshots"]:
        assert one["hidden"] is None


async def test_an_organization_is_the_sum_of_the_groups_whose_charts_the_caller_may_read(counted: World) -> None:
    other = await scene.add_group(counted.store, "payments", scene.ticking(REPORTED), organization="aurora")
    root = await scene.add_root(counted.store, other, "pay", scene.ticking(REPORTED))
    finding = await scene.add_finding(counted.store, other, "leak", scene.ticking(REPORTED), score="9.1", title="Leak")
    await scene.add_vulnerability(counted.store, finding, root, "src/p.py", scene.ticking(REPORTED))
    await snapshots.rebuild(counted.store, "payments", YESTERDAY - timedelta(days=2), counted.now())

    async def last(name: str) -> dict[str, Any]:
        found = sent(await counted.data(name, OF_ORGANIZATION, name="aurora"))["organization"]
        assert found["charts"][0]["svgUrl"].startswith(f"/charts/{found['id']}/openByLevel.svg?")
        return {each["name"]: {one["name"]: one["points"] for one in each["series"]} for each in found["charts"]}

    of_all, of_some = await last("olga"), await last("uri")
    assert [of_all["openByLevel"][level][-1][1] for level in LEVELS] == [1, 1, 0, 0]
    assert [of_some["openByLevel"][level][-1][1] for level in LEVELS] == [0, 1, 0, 0]
    assert [label for label, _ in of_all["topFindings"]["CVSSF"]] == ["Leak", "Injection webshop"]
    assert [label for label, _ in of_some["topFindings"]["CVSSF"]] == ["Injection webshop"]
    # the second group has no snapshot of the days before: there the first one alone is counted
    assert of_all["openByLevel"]["CRITICAL"][-4][1] == 0
    assert of_all["openByLevel"]["HIGH"][-4][1] == 1


async def test_a_finding_that_is_gone_is_named_no_more(counted: World) -> None:
    await counted.data("hana", REMOVE, id=counted.aurora.finding.id)
    assert (await charts(counted, "uri", "topFindings"))["topFindings"] == {"CVSSF": []}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"from": "2026-04-02", "to": "2026-04-01"}, "not after `to`"),
        ({"from": "2022-04-01", "to": "2026-04-01"}, "at most 1,100 days"),
        ({"from": "1999-12-31", "to": "2000-01-05"}, "2000-01-01"),
        ({"to": "0001-01-01"}, "2000-01-01"),
        ({"to": "2031-01-01"}, "a year from now"),
        ({"to": "9999-12-31"}, "a year from now"),
    ],
)
async def test_days_that_make_no_sense_are_refused(counted: World, given: dict[str, Any], text: str) -> None:
    answer = await counted.answer("uri", OF_GROUP, name="webshop", **given)
    (error,) = answer.body["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert text in error["message"]


@pytest.mark.parametrize("given", ["2026-4-1", "20260401", "2026-02-30", "yesterday", "", 7, "2026-04-01T00:00:00Z"])
async def test_a_date_is_a_day_of_the_calendar(counted: World, given: Any) -> None:
    answer = await counted.answer("uri", OF_GROUP, name="webshop", **{"from": given})
    assert "Date is a day of the calendar" in answer.body["errors"][0]["message"]


async def test_the_longest_span_is_shown(counted: World) -> None:
    found = await charts(counted, "uri", "openByLevel", **{"from": "2023-04-27", "to": "2026-05-01"})
    assert len(found["openByLevel"]["HIGH"]) == 1_101


async def test_others_have_a_turn_after_each_chart(counted: World) -> None:
    """Over many groups and years, one chart takes a tenth of a second."""

    async def turns(*names: str) -> int:
        passed: list[int] = []

        async def others() -> None:
            while True:
                passed.append(1)
                await asyncio.sleep(0)

        waiting = asyncio.create_task(others())
        await charts(counted, "uri", *names)
        waiting.cancel()
        return len(passed)

    curves = ("openByLevel", "cvssfOverTime", "meanTimeToRemediate", "treatmentMix", "openedClosed")
    assert await turns(*curves) >= await turns(curves[0]) + 4


async def test_days_of_all_groups_together_are_bounded(counted: World) -> None:
    for number in range(28):
        await scene.add_group(counted.store, f"group{number}", scene.ticking(REPORTED), organization="aurora")
    given: dict[str, Any] = {"from": "2023-04-27"}
    answer = await counted.answer("olga", OF_ORGANIZATION, name="aurora", **given)
    (error,) = answer.body["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"] == "Of 29 groups together a chart shows at most 1,034 days."
    assert (await counted.data("olga", OF_ORGANIZATION, name="aurora"))["organization"]["charts"]


async def test_severities_of_their_own_count_at_their_level(world: World) -> None:
    await world.report(world.aurora, "src/low.py", VulnerabilityStatus.VULNERABLE, severity=scene.scored("1.0"))
    await snapshots.rebuild(world.store, "webshop", YESTERDAY, world.now())
    assert (await charts(world, "uri", "openByLevel"))["openByLevel"]["LOW"][-1] == ["2026-04-30", 1]
