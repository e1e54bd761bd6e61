"""The lists of a group: every filter of the API in the address, parts of a list, and the same list as CSV."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, get_named_type, is_list_type
from msgspec import convert
from msgspec.structs import replace
from packages.server.tests.conftest import ADA, OLGA, ORIGIN, URI, World, api, new_world
from packages.server.tests.page import NINA, reported, same_page, seen
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrates.db_model.errors import Unavailable
from integrates.db_model.store.port import Store
from integrates.server.http.middleware.stack import layers
from integrates.server.http.routes.login import login_routes
from integrates.server.http.routes.sheet import sheet_routes
from integrates.server.pages.filter import FINDINGS, NONE, VULNERABILITIES, Kind, entries_of, filter_given
from integrates.server.pages.listing import SIZE, VIEWS, Row
from integrates.server.pages.page import Address, BadAddress
from integrates.server.pages.sheet import COLUMNS

AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
PATH = "/groups/webshop/vulnerabilities"
LEAVE = """mutation { removeGroupMember(groupName: "webshop", email: "uri@demo.example") { errors { reason } } }"""
KINDS = {"Float": Kind.SCORE, "Boolean": Kind.WHETHER, "DateTime": Kind.MOMENT, "String": Kind.TEXT, "ID": Kind.TEXT}


def asked(**given: str | tuple[str, ...]) -> Address:
    values = {name: (value,) if isinstance(value, str) else value for name, value in given.items()}
    return Address(path=PATH, names={"name": "webshop"}, given=values, at=AT)


async def listed(world: World, path: str, email: str = ADA) -> httpx.Response:
    return await seen(world, email, path)


@pytest.mark.parametrize(
    ("status", "said"), [("REQUESTED", "to be checked again"), ("ON_HOLD", "check on hold"), ("VERIFIED", None)]
)
def test_what_is_on_hold_is_not_said_to_wait_for_a_check(status: str, said: str | None) -> None:
    plain = {"id": "x", "where": "x", "specific": "1", "state": "VULNERABLE", "openedAt": None, "dueAt": None}
    places = {"finding": {"id": "x", "title": "x"}, "root": {"nickname": "x"}}
    treatment = {"status": "UNTREATED", "acceptanceStatus": None, "assigned": None}
    about = {"isOverdue": False, "severity": None, "zeroRisk": None, "treatment": treatment, "verification": {"status": status}}
    row = plain | places | about
    assert convert(row, Row).notes == ((said,) if said else ())


def in_parts(world: World, store: Store) -> Starlette:
    """Return the application that sends lists in parts of two."""
    service = replace(world.service, store=store)
    routes = [*login_routes(service), *sheet_routes(service, together=2)]
    return Starlette(routes=routes, middleware=layers(service, routes))


def noting(app: ASGIApp, sent: list[int]) -> ASGIApp:
    """Return the application with a list of the sizes of what it sends."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            if message.get("body"):
                sent.append(len(message["body"]))
            await send(message)

        await app(scope, receive, noted)

    return run


@pytest.mark.parametrize(("name", "fields"), [("VulnerabilityFilter", VULNERABILITIES), ("FindingFilter", FINDINGS)])
def test_every_member_of_the_filter_is_a_field_of_its_kind(name: str, fields: Any) -> None:
    kind = api().schema.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    expected = {}
    for member, found in kind.fields.items():
        named = get_named_type(found.type)
        if isinstance(named, GraphQLEnumType):
            can_be_null = is_list_type(found.type) and not str(found.type).endswith("!]")
            expected[member] = (Kind.SOME_OF, {*named.values} | ({NONE} if can_be_null else set()))
        else:
            expected[member] = (KINDS[named.name], {"true", "false"} if named.name == "Boolean" else set())
    assert {one.name: (one.kind, set(one.options)) for one in fields} == expected
    assert len({one.title for one in fields}) == len(fields)


def test_choices_are_called_as_people_call_them() -> None:
    options = {one.name: one.options for one in VULNERABILITIES}
    assert options["techniques"]["SAST"] == "SAST"
    assert options["treatments"]["ACCEPTED_UNDEFINED"] == "accepted for good"
    assert options["sources"]["MACHINE"] == "a scanner"
    assert options["verifications"]["ON_HOLD"] == "on hold"


async def test_the_tab_of_vulnerabilities_leads_to_the_open_ones(world: World) -> None:
    tab = f'<a href="{PATH}?states=VULNERABLE" aria-current="page">Vulnerabilities</a>'
    for path in (PATH, f"{PATH}?states=SAFE"):
        assert tab in (await listed(world, path)).text


def test_an_address_is_read_as_the_api_takes_a_filter() -> None:
    address = asked(
        states=("SAFE", "VULNERABLE", "SAFE"),
        zeroRisks=("NONE", "CONFIRMED"),
        minScore="7",
        isOverdue="true",
        isUnassigned="false",
        text="a&b",
        openedSince="2026-01-31",
        closedSince="2026-01-31T12:00:00+02:00",
        after="xyz",
    )
    assert filter_given(VULNERABILITIES, address) == {
        "states": ["SAFE", "VULNERABLE"],
        "zeroRisks": [None, "CONFIRMED"],
        "minScore": 7.0,
        "isOverdue": True,
        "isUnassigned": False,
        "text": "a&b",
        "openedSince": "2026-01-31T00:00:00+00:00",
        "closedSince": "2026-01-31T10:00:00+00:00",
    }
    assert filter_given(VULNERABILITIES, asked()) is None
    assert filter_given(VULNERABILITIES, asked(after="xyz")) is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"state": "SAFE"}, "There is no filter 'state'"),
        ({"states": "safe"}, "states is one of REJECTED, SAFE"),
        ({"states": ("SAFE", "DELETED")}, "states is one of"),
        ({"types": "NONE"}, "types is one of"),
        ({"minScore": "high"}, "minScore is a score from 0 to 10"),
        ({"minScore": "nan"}, "minScore is a score"),
        ({"maxScore": "10.1"}, "maxScore is a score"),
        ({"maxScore": "-1"}, "maxScore is a score"),
        ({"isOverdue": "yes"}, "isOverdue is one of true, false"),
        ({"openedSince": "yesterday"}, "openedSince is a date such as"),
        ({"openedSince": "0001-01-01T00:00:00+23:59"}, "openedSince is a date such as"),
        ({"openedBefore": "9999-12-31T23:59:59-23:59"}, "openedBefore is a date such as"),
        ({"text": ("a", "b")}, "gives text more than once"),
        ({"x" * 5_000: "1"}, "There is no filter 'x"),
    ],
)
async def test_what_no_filter_takes_is_said(world: World, given: Mapping[str, Any], text: str) -> None:
    with pytest.raises(BadAddress) as caught:
        filter_given(VULNERABILITIES, asked(**given))
    assert text in str(caught.value)
    assert len(str(caught.value)) < 1_000
    query = httpx.QueryParams({name: list(value) if isinstance(value, tuple) else value for name, value in given.items()})
    for path in (PATH, f"{PATH}.csv"):
        answer = await listed(world, f"{path}?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("given", "text"), [({"text": "a\nb"}, "`text` is one line"), ({"after": "abc"}, "Begin at its first page")]
)
async def test_what_the_api_refuses_of_an_address_is_said(world: World, given: Mapping[str, str], text: str) -> None:
    answer = await listed(world, f"{PATH}?{httpx.QueryParams(given)}")
    assert answer.status_code == 400
    assert text in answer.text


async def test_the_form_shows_what_the_address_gives(world: World) -> None:
    page = (await listed(world, f"{PATH}?states=SAFE&text=%3Cb%3E&isOverdue=false&openedSince=2026-01-31&tag=pay")).text
    for text in (
        '<input type="checkbox" name="states" value="SAFE" checked>',
        '<input type="checkbox" name="states" value="VULNERABLE">',
        'name="text" value="&lt;b&gt;"',
        '<option value="false" selected>not overdue</option>',
        'name="openedSince" value="2026-01-31" type="date"',
        "<details open>",
    ):
        assert text in page, text
    drafts = (await listed(world, f"{PATH}?states=SUBMITTED&minScore=0.1")).text
    assert "<details>" in drafts
    assert f'<a href="{PATH}.csv?states=SUBMITTED&amp;minScore=0.1">Download all of it as CSV</a>' in drafts


@pytest.mark.parametrize("given", VIEWS.values(), ids=VIEWS)
async def test_each_view_is_offered_and_shown(world: World, given: Mapping[str, tuple[str, ...]]) -> None:
    filter_given(VULNERABILITIES, asked(**given))
    query = httpx.QueryParams({name: list(values) for name, values in given.items()})
    answer = await listed(world, f"{PATH}?{query}" if given else PATH)
    assert answer.status_code == 200
    views = answer.text.partition('aria-label="Views"')[2].partition("</nav>")[0]
    assert views.count('aria-current="page"') == 1


async def test_a_list_is_shown_in_parts_and_as_one_file(world: World) -> None:
    await reported(world, *(f"{number:03}" for number in range(SIZE + 3)), "=cmd|calc")
    cells_seen, path = list[str](), f"{PATH}?states=VULNERABLE"
    for is_last in (False, True):
        page = (await listed(world, path, URI)).text
        cells_seen += [part.partition("</code>")[0] for part in page.split("</code> <code>")[1:]]
        assert ("Next page" in page, "First page" in page) == (not is_last, is_last)
        path = page.partition("Next page</a>")[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert len(cells_seen) == len(set(cells_seen)) == SIZE + 4
    answer = await listed(world, f"{PATH}.csv?states=VULNERABLE", URI)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="webshop-vulnerabilities.csv"'
    names, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert names == [*COLUMNS]
    cells = [row[names.index("specific")] for row in rows]
    assert [cell.removeprefix("'") for cell in cells] == cells_seen
    assert [cell for cell in cells if cell.startswith("'")] == ["'=cmd|calc"]
    assert {row[names.index("state")] for row in rows} == {"VULNERABLE"}
    assert {row[names.index("overdue")] for row in rows} == {"false"}


async def test_a_long_file_is_read_in_parts_and_broken_off_where_that_fails(world: World) -> None:
    """What was sent is not taken for the whole list: the answer ends with an error, not as if it were complete."""
    await reported(world, "a", "b", "c", "d", "e")
    inner, sent = world.store, list[int]()
    world.app = in_parts(world, inner)
    _names, *rows = csv.reader(io.StringIO((await listed(world, f"{PATH}.csv", URI)).text, newline=""))
    assert len(rows) == len({row[0] for row in rows}) == 5

    async def lost(queries: Any) -> Any:
        if sent:
            raise Unavailable("the disk is gone")
        return await inner.query(queries)

    async with world.client() as client:
        await client.get("/login", params={"provider": "local", "email": URI})
        transport = httpx.ASGITransport(noting(in_parts(world, replace(inner, query=lost)), sent))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=client.cookies) as other:
            with pytest.raises(Unavailable):
                await other.get(f"{PATH}.csv")
    assert len(sent) == 1


async def test_a_file_is_broken_off_where_its_reader_leaves_the_group(world: World) -> None:
    await reported(world, "a", "b", "c", "d", "e")
    inner, sent, token = world.store, list[int](), await world.token()

    async def left(queries: Any) -> Any:
        if len(sent) == 1:
            sent.append(0)
            assert (await world.ask(token, {"query": LEAVE})).json()["data"]["removeGroupMember"]["errors"] == []
        return await inner.query(queries)

    async with world.client() as client:
        await client.get("/login", params={"provider": "local", "email": URI})
        transport = httpx.ASGITransport(noting(in_parts(world, replace(inner, query=left)), sent))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=client.cookies) as other:
            with pytest.raises(BadAddress, match="cannot be seen any more"):
                await other.get(f"{PATH}.csv")


@pytest.mark.parametrize("below", ["vulnerabilities", "findings", "vulnerabilities.csv"])
async def test_a_group_that_one_may_not_see_is_not_there(world: World, below: str) -> None:
    hidden, nothing = [await listed(world, f"/groups/{name}/{below}", NINA) for name in ("webshop", "nowhere")]
    assert nothing.status_code == 404
    assert same_page(hidden, nothing)


async def test_a_file_is_for_who_is_logged_in_and_has_no_cursor(world: World) -> None:
    async with world.client() as client:
        away = await client.get(f"{PATH}.csv?states=SAFE")
    assert (away.status_code, away.headers["location"]) == (
        303,
        "/login?next=%2Fgroups%2Fwebshop%2Fvulnerabilities.csv%3Fstates%3DSAFE",
    )
    assert (await listed(world, f"{PATH}.csv?after=abc")).status_code == 400


async def test_drafts_are_listed_for_who_may_read_them(world: World) -> None:
    path = f"{PATH}?states=SUBMITTED"
    assert "<h2>0 vulnerabilities fit</h2>" not in (await listed(world, path, ADA)).text
    assert "<h2>0 vulnerabilities fit</h2>" in (await listed(world, path, URI)).text


@pytest.mark.parametrize(("email", "may"), [(OLGA, True), (URI, True), ("hana@demo.example", False)])
async def test_who_may_decide_can_pick(world: World, email: str, may: object) -> None:
    await reported(world, "name")
    page = (await listed(world, PATH, email)).text
    assert ("Decide about the chosen ones" in page) is may
    assert ('type="checkbox" name="id"' in page) is may


async def test_findings_are_listed_with_their_figures() -> None:
    world = await new_world()
    await reported(world, "name")
    page = (await listed(world, "/groups/webshop/findings?title=ORDER&statuses=VULNERABLE")).text
    assert "Order total computed from prices that the browser sends</a>" in page
    assert "<h2>1 finding" in page or "<h2>Those that fit</h2>" in page
    assert '<td class="number">1</td>' in page
    assert "fits all of these filters" in (await listed(world, "/groups/webshop/findings?title=nothing")).text


def test_a_date_is_picked_in_a_calendar_and_a_moment_is_not() -> None:
    entries = {
        one.field.name: one
        for one in entries_of(VULNERABILITIES, asked(openedSince="2026-01-31", closedSince="2026-01-31T12:00:00Z"))
    }
    assert (entries["openedSince"].is_day, entries["closedSince"].is_day, entries["openedBefore"].is_day) == (True, False, True)
