"""The page of what there is to do: what is assigned, what is overdue, and what waits for an answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from packages.server.tests.conftest import ADA, ORIGIN, URI, World
from packages.server.tests.page import NINA, released, seen

from integrates.db_model.vulnerabilities.types import AcceptanceStatus, VerificationStatus, ZeroRiskStatus
from integrates.server.pages.page import Address, BadAddress, drawn
from integrates.server.pages.part import CHECKS, Share
from integrates.server.pages.todo import KINDS, MOST, PAGE, Figures, Group, requests_in

HEADINGS = ("Assigned to you, and in time", "Overdue, and assigned to you")
VERA = "vera@demo.example"
ASSIGN = """mutation ($id: ID!) { updateVulnerabilitiesTreatment(
  items: [{id: $id}], treatment: IN_PROGRESS, justification: "Uri looks into it.", assigned: "uri@demo.example"
) { errors { reason } } }"""
DAYS = """mutation { updateGroupPolicies(name: "webshop", policies: {
  remediationDaysCritical: 3, remediationDaysHigh: 3, remediationDaysMedium: 3, remediationDaysLow: 3
}) { errors { reason } } }"""
ACCEPT = """mutation ($id: ID!) { updateVulnerabilitiesTreatment(
  items: [{id: $id}], treatment: ACCEPTED_UNDEFINED, justification: "It does no harm here.", assigned: "uri@demo.example"
) { errors { reason } } }"""
PERMISSIONS = ("vulnerability:handle_acceptance", "zero_risk:confirm", "vulnerability:verify", "vulnerability:confirm")
FULL = Figures(
    submitted=4,
    acceptance=(Share("SUBMITTED", 1), Share("APPROVED", 9)),
    verification=(Share("REQUESTED", 3), Share("ON_HOLD", 9)),
    zero_risk=(Share("REQUESTED", 2), Share("REJECTED", 9)),
)


async def done(world: World, query: str, **variables: Any) -> None:
    answer = (await world.ask(await world.token(), {"query": query, "variables": variables})).json()
    assert [payload["errors"] for payload in answer["data"].values()] == [[]]


async def page(world: World, email: str, path: str = "/todo") -> str:
    answer = await seen(world, email, path)
    assert answer.status_code == 200
    return answer.text


def part(text: str, heading: str) -> str:
    """Return what stands between a heading and the end of its section."""
    return text.partition(f"<h2>{heading}</h2>")[2].partition("</section>")[0]


async def test_what_is_assigned_is_overdue_once_its_days_are_over(world: World) -> None:
    one = await released(world)
    await done(world, DAYS)
    await done(world, ASSIGN, id=one.id)
    link = f'href="/vulnerabilities/{one.id}"'
    before = await page(world, URI)
    world.now += timedelta(days=4)
    after, alone = await page(world, URI), await page(world, URI, "/todo?overdue=true")
    assert [link in part(text, heading) for text in (before, after) for heading in HEADINGS] == [True, False, False, True]
    assert "<h1>Overdue</h1>" in alone
    assert link in alone
    assert "Waiting for your answer" not in alone
    assert link not in await page(world, VERA)


async def test_whoever_may_answer_is_asked(world: World) -> None:
    one = await released(world)
    await done(world, ACCEPT, id=one.id)
    asked = (
        'href="/groups/webshop/vulnerabilities?states=VULNERABLE&amp;acceptances=SUBMITTED">1 acceptance to decide about</a>'
    )
    assert asked in await page(world, VERA)
    assert asked in await page(world, ADA)
    assert asked not in await page(world, URI)
    listed = await page(world, VERA, "/groups/webshop/vulnerabilities?states=VULNERABLE&acceptances=SUBMITTED")
    assert f'href="/vulnerabilities/{one.id}"' in listed


async def test_who_has_nothing_to_do_is_told_so(world: World) -> None:
    told = await page(world, NINA)
    assert "Nobody waits for you" in told
    assert "Nothing is assigned to you beyond that." in told


async def test_nobody_is_led_to_the_login_and_back(world: World) -> None:
    async with world.client(headers={"origin": ORIGIN}) as client:
        answer = await client.get("/todo?overdue=true")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Ftodo%3Foverdue%3Dtrue")


@pytest.mark.parametrize("path", ["/todo?overdue=false", "/todo?overdu=true", "/todo?after=x", "/todo?after=x&after=y"])
async def test_an_address_that_means_nothing_is_refused(world: World, path: str) -> None:
    assert (await seen(world, URI, path)).status_code == 400


@pytest.mark.parametrize(("number", "permission"), list(enumerate(PERMISSIONS)))
def test_a_request_is_shown_to_those_with_the_permission(number: int, permission: str) -> None:
    [found] = requests_in(Group("webshop", (permission,), FULL))
    assert found.count == number + 1
    assert found.text == (KINDS[number].one if found.count == 1 else KINDS[number].several)
    assert found.href.startswith("/groups/webshop/vulnerabilities?")


def test_an_admin_of_many_groups_is_shown_no_more_than_the_page_holds() -> None:
    group = msgspec.to_builtins(Group("webshop", PERMISSIONS, FULL))
    listed = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []}
    address = Address(path="/todo", at=datetime(2026, 1, 1, tzinfo=UTC))
    for groups, left_out in ((MOST // len(KINDS), 0), (MOST // len(KINDS) + 1, len(KINDS))):
        shown = PAGE.show({"me": {"overdue": listed, "listed": listed, "groups": [group] * groups}}, address)
        assert shown
        page = drawn(shown, address, "token")
        assert page.count('<span class="tag">webshop</span>') == MOST
        assert (f"And {left_out} more." in page) is (left_out > 0)


@pytest.mark.parametrize(
    ("status", "said"), [("REQUESTED", "to be checked again"), ("ON_HOLD", "check on hold"), ("VERIFIED", "")]
)
def test_what_is_on_hold_is_not_said_to_wait_for_a_check(status: str, said: str) -> None:
    plain = {"id": "x", "where": "x", "specific": "1", "dueAt": None, "isOverdue": False, "severity": None}
    places = {"finding": {"title": "x"}, "root": {"nickname": "x"}, "group": {"name": "x"}}
    row = plain | places | {"treatment": {"status": "UNTREATED"}, "verification": {"status": status}}
    listed, none = ({"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": rows} for rows in ([row], []))
    address = Address(path="/todo", at=datetime(2026, 1, 1, tzinfo=UTC))
    shown = PAGE.show({"me": {"overdue": none, "listed": listed, "groups": []}}, address)
    assert shown
    page = drawn(shown, address, "token")
    assert [one for one in CHECKS.values() if one in page] == ([said] if said else [])


def test_kinds_without_requests_are_left_out() -> None:
    none = Figures(submitted=None, acceptance=(), verification=(), zero_risk=())
    assert requests_in(Group("webshop", PERMISSIONS, none)) == ()
    assert requests_in(Group("webshop", (), FULL)) == ()


def test_the_names_of_figures_are_those_of_the_model() -> None:
    values = {value for kind in KINDS for values in kind.given.values() for value in values}
    known = {str(one) for kind in (AcceptanceStatus, ZeroRiskStatus, VerificationStatus) for one in kind}
    assert values - known == {"VULNERABLE"}


def test_a_part_of_the_list_asks_for_no_more() -> None:
    address = Address(path="/todo", given={"after": ("x",)}, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert PAGE.ask(address) == {"after": "x", "isOverdue": False, "isWhole": False}
    with pytest.raises(BadAddress):
        PAGE.ask(Address(path="/todo", given={"before": ("x",)}, at=address.at))
