"""The overviews: figures as the API tells them, links to the lists behind them, and who sees which."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from packages.server.tests.conftest import ADA, NOW, OLGA, ORIGIN, URI, World
from packages.server.tests.page import NINA, released, same_page, seen

from integrates.db_model.severities.rules import level
from integrates.server.pages.filter import VULNERABILITIES, filter_given
from integrates.server.pages.overview import (
    GROUP_PAGE,
    HOME_PAGE,
    Details,
    Figures,
    Group,
    Remediation,
    level_rows,
    total,
    treatment_rows,
)
from integrates.server.pages.page import Address, drawn
from integrates.server.pages.part import Share
from integrates.server.pages.person import MOST

CHARTS = 8
LEVELS = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
TREATMENTS = ("ACCEPTED", "ACCEPTED_UNDEFINED", "IN_PROGRESS", "UNTREATED")


def details(count: int = 10, **levels: int) -> Details:
    return Details(
        open=count,
        closed=3,
        submitted=None,
        open_findings=1,
        max_open_score=8.8,
        open_cvssf=100.0,
        closed_cvssf=2.0,
        mean_open_age_days=1.5,
        mean_remediate_days=None,
        last_closed_at=None,
        open_by_level=tuple(Share(name, levels.get(name, 0), 1.5) for name in LEVELS),
        treatment=tuple(Share(name, number) for number, name in enumerate(TREATMENTS)),
        verification=(Share("REQUESTED", 2), Share("ON_HOLD", 1), Share("VERIFIED", 4)),
        zero_risk=(),
        mean_remediate_by_level=(Remediation("HIGH", 2.5), Remediation("LOW", None)),
    )


def group(name: str, count: int, cvssf: float | None = None, score: float | None = None) -> Group:
    figures = Figures(
        open=count, closed=1, max_open_score=score, open_cvssf=cvssf, open_by_level=(Share("HIGH", count), Share("LOW", 0))
    )
    return Group(name=name, description="", user_role=None, summary=figures)


def test_levels_are_told_from_the_worst_on_with_what_nobody_has_rated() -> None:
    rows = level_rows(details(10, HIGH=6, LOW=2))
    assert [(row.title, row.count, row.days) for row in rows] == [
        ("critical", 0, None),
        ("high", 6, 2.5),
        ("medium", 0, None),
        ("low", 2, None),
        ("not rated", 2, None),
    ]
    assert rows[-1].given is None
    assert len(level_rows(details(8, HIGH=6, LOW=2))) == len(LEVELS)


@pytest.mark.parametrize("tenths", range(101))
def test_the_list_behind_a_level_has_just_the_scores_of_it(tenths: int) -> None:
    score = Decimal(tenths) / 10
    fits = [row.name for row in level_rows(details(0)) if row.given and in_range(row.given, float(score))]
    assert fits == [level(score).value]


def in_range(given: Mapping[str, Sequence[str]], score: float) -> bool:
    low, high = (float(given.get(name, (limit,))[0]) for name, limit in (("minScore", "0"), ("maxScore", "10")))
    return low <= score <= high


def test_decisions_are_told_from_none_to_for_good_with_the_list_behind() -> None:
    rows = treatment_rows(details())
    assert [(row.title, row.count) for row in rows] == [
        ("untreated", 3),
        ("in progress", 2),
        ("accepted", 0),
        ("accepted for good", 1),
    ]
    for row in (*rows, *level_rows(details(0))):
        asked = Address(path="/x", given=row.given or {}, at=NOW)
        assert filter_given(VULNERABILITIES, asked)


def test_what_waits_is_requested_or_on_hold() -> None:
    found = details()
    assert (found.waiting(found.verification), found.waiting(found.zero_risk)) == (3, 0)


def test_groups_are_summed_up() -> None:
    found = total([group("a", 1, 2.0, 7.0), group("b", 2, None, None), group("c", 3, 5.5, 9.1)])
    assert (found.open, found.closed, found.open_cvssf, found.max_open_score) == (6, 3, 7.5, 9.1)
    assert [(name, found.at(name)) for name in LEVELS] == [("LOW", 0), ("MEDIUM", 0), ("HIGH", 6), ("CRITICAL", 0)]
    assert total([]).max_open_score is None


def shown_groups(count: int) -> Mapping[str, Any]:
    each = [msgspec.to_builtins(group(f"g{number:03}", number, float(number))) for number in range(count)]
    me = {
        "email": ADA,
        "firstName": None,
        "lastName": None,
        "isConcurrentSession": False,
        "organizations": [],
        "invitations": [],
        "groups": each,
    }
    shown = HOME_PAGE.show({"me": me}, Address(path="/home", at=NOW))
    assert shown
    return shown.values


def test_the_most_exposed_groups_come_first_and_no_more_than_the_page_holds() -> None:
    values = shown_groups(MOST + 2)
    names = [one.name for one in values["groups"]]
    assert (len(names), names[0], names[-1], values["left_out"]) == (MOST, f"g{MOST + 1}", "g002", 2)
    assert values["total"].open == sum(range(MOST + 2))
    assert shown_groups(2)["left_out"] == 0


async def test_a_group_tells_its_figures_and_leads_to_its_lists(world: World) -> None:
    await released(world)
    page = (await seen(world, URI, "/groups/webshop")).text
    for text in (
        "<h1>webshop</h1>",
        '<a href="/orgs/aurora">aurora</a>',
        '<dd><a href="/groups/webshop/vulnerabilities?states=VULNERABLE">1</a></dd>',
        '<a href="/groups/webshop/vulnerabilities?states=VULNERABLE&amp;minScore=7.0&amp;maxScore=8.9">1</a>',
        '<a href="/groups/webshop/vulnerabilities?states=VULNERABLE&amp;treatments=UNTREATED">1</a>',
        '<a href="/groups/webshop/vulnerabilities?states=VULNERABLE&amp;rootNickname=shop">1</a>',
        '<a href="/groups/webshop" aria-current="page">Overview</a>',
        '"/groups/webshop/vulnerabilities?states=VULNERABLE&amp;isOverdue=true">Overdue ones</a>',
        'vulnerabilities?states=VULNERABLE&amp;isUnassigned=true">Nobody',
        "No report was read into a root of this group so far.",
    ):
        assert text in page, text
    assert "drafts to review" not in page
    assert "drafts to review" in (await seen(world, ADA, "/groups/webshop")).text


async def test_a_group_tells_what_an_import_found_apart_from_what_it_opened_again(world: World) -> None:
    address = Address(path="/groups/webshop", names={"name": "webshop"}, at=NOW)
    asked = {"query": GROUP_PAGE.query, "variables": GROUP_PAGE.ask(address)}
    data = (await world.ask(await world.token(), asked)).json()["data"]
    counts = {"created": 5, "reopened": 7, "closed": 9}
    one = {
        "id": "i",
        "fileName": "a.sarif",
        "state": "COMPLETED",
        "createdAt": NOW.isoformat(),
        "root": {"nickname": "shop"},
        "counts": counts,
    }
    shown = GROUP_PAGE.show({"group": {**data["group"], "imports": {"nodes": [one]}}}, address)
    assert shown
    table = drawn(shown, address, "token").partition("<h2>Latest imports</h2>")[2].partition("</table>")[0]
    assert [part.partition("<")[0] for part in table.split('class="number">')[1:]] == [
        "New",
        "Open again",
        "Closed",
        *map(str, counts.values()),
    ]


async def test_an_organization_tells_its_groups_and_their_sum(world: World) -> None:
    await released(world)
    page = (await seen(world, ADA, "/orgs/aurora")).text
    assert "<h1>aurora</h1>" in page
    assert page.index('href="/groups/webshop"') < page.index('href="/groups/payments"'), "the most exposed comes first"
    assert "all together" in page
    mine = (await seen(world, "vera@demo.example", "/orgs/aurora")).text
    assert 'href="/groups/webshop"' in mine
    assert 'href="/groups/payments"' not in mine


async def test_home_shows_the_groups_of_whoever_looks(world: World) -> None:
    mine, none = (await seen(world, URI, "/home")).text, (await seen(world, NINA, "/home")).text
    assert 'href="/groups/webshop"' in mine
    assert 'href="/groups/cargo"' not in mine
    assert 'href="/orgs/aurora"' in mine
    assert "You are in no group." in none
    assert "You are in no organization." in none


@pytest.mark.parametrize(("hidden", "nothing"), [("/groups/webshop", "/groups/nowhere"), ("/orgs/aurora", "/orgs/nowhere")])
async def test_what_one_may_not_see_is_not_there(world: World, hidden: str, nothing: str) -> None:
    found = [await seen(world, NINA, path) for path in (hidden, nothing)]
    assert found[0].status_code == 404
    assert same_page(*found)


async def test_home_warns_of_a_login_that_ended_another_session(world: World) -> None:
    async with world.client(headers={"origin": ORIGIN}) as first, world.client(headers={"origin": ORIGIN}) as second:
        for client in (first, second):
            await client.get("/login", params={"provider": "local", "email": OLGA})
        assert "Your login ended another session of yours" in (await second.get("/home")).text
        assert (await second.post("/")).status_code == 303
        assert "Your login ended another session" not in (await second.get("/home")).text


async def test_the_charts_of_a_group_are_pictures_and_tables(world: World) -> None:
    page = (await seen(world, ADA, "/groups/webshop?from=2026-06-01&to=2026-06-20")).text
    assert page.count("<figure") == page.count("<details>") == CHARTS
    assert "/charts/webshop/openByLevel.svg?from=2026-06-01&amp;to=2026-06-20&amp;step=WEEK" in page
    assert "<h2>How it went, 2026-06-01 to 2026-06-20</h2>" in page
    assert 'href="/groups/webshop?from=2026-06-01&amp;to=2026-06-20&amp;step=DAY#course"' in page
    daily = (await seen(world, ADA, "/orgs/aurora?step=DAY")).text
    assert daily.count("<figure") == CHARTS
    assert 'step=DAY#course" aria-current="true">by day</a>' in daily


@pytest.mark.parametrize("path", ["/groups/webshop", "/orgs/aurora"])
@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("step=YEAR", "step is one of DAY, WEEK, MONTH."),
        ("from=soon", "from is a date such as 2026-01-31."),
        ("to=2026-02-30", "to is a date such as"),
        ("to=0001-01-01", "from` is a day from 2000-01-01 on"),
        ("from=2026-06-20&to=2026-06-01", "not after `to`"),
        ("step=DAY&step=WEEK", "gives step more than once"),
    ],
)
async def test_charts_of_what_is_no_span_are_refused(world: World, path: str, query: str, text: str) -> None:
    answer = await seen(world, ADA, f"{path}?{query}")
    assert (answer.status_code, text in answer.text) == (400, True)
