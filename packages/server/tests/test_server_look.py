"""The frame of the pages for who is logged in: what an address may ask, what the API refuses, and the token of forms."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from packages.server.tests.conftest import ADA, KEYS, World, new_world
from packages.server.tests.page import NONE
from starlette.requests import Request

from integrates.db_model.errors import Unavailable
from integrates.server.auth.form import form_token, is_form_token
from integrates.server.auth.secret import derive
from integrates.server.http.routes.login import MAX_NEXT
from integrates.server.http.routes.look import ODD, OUTDATED, told_data
from integrates.server.http.routes.look import to_login as led_to_login
from integrates.server.pages.page import Address, BadAddress, with_query
from integrates.server.pages.registry import PAGES, first_part

AT = datetime(2026, 6, 30, 12, tzinfo=UTC)


def error(code: str, message: str = "That is too much.") -> Mapping[str, Any]:
    return {"data": None, "errors": [{"message": message, "extensions": {"code": code}}]}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("BAD_CURSOR", OUTDATED),
        ("GRAPHQL_VALIDATION_FAILED", ODD),
        ("BAD_USER_INPUT", "That is too much."),
        ("QUERY_TOO_COMPLEX", "That is too much."),
    ],
)
def test_an_address_that_the_api_refuses_is_explained(code: str, text: str) -> None:
    with pytest.raises(BadAddress) as caught:
        told_data(error(code))
    assert str(caught.value) == text


@pytest.mark.parametrize("code", ["INTERNAL", "UNAVAILABLE", "UNAUTHENTICATED"])
def test_what_fails_for_another_reason_shows_nothing(code: str) -> None:
    with pytest.raises(Unavailable):
        told_data(error(code))
    assert told_data({"data": {"group": None}}) == {"group": None}


@pytest.mark.parametrize(
    ("path", "query", "after"),
    [
        ("/groups/webshop", "", "/login?next=%2Fgroups%2Fwebshop"),
        ("/groups/webshop", "text=a%26b&states=SAFE", "/login?next=%2Fgroups%2Fwebshop%3Ftext%3Da%2526b%26states%3DSAFE"),
        ("/groups/webshop", f"text={'x' * MAX_NEXT}", "/login?next=%2Fgroups%2Fwebshop"),
        ("/groups/a b?c", "", "/login?next=%2Fgroups%2Fa%2520b%253Fc"),
    ],
)
def test_the_login_leads_back_to_the_whole_address(path: str, query: str, after: str) -> None:
    scope = {"type": "http", "path": path, "query_string": query.encode(), "headers": [(b"host", b"localhost")]}
    assert led_to_login(Request(scope)).headers["location"] == after


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
async def test_each_page_leads_nobody_to_the_login_and_is_only_read(world: World, page: Any) -> None:
    path = page.path.replace("{id:uuid}", NONE).replace("{name}", "webshop")
    async with world.client() as client:
        away = await client.get(f"{path}?x=1")
        assert (away.status_code, away.headers["location"].partition("?")[0]) == (303, "/login")
        assert away.headers["ratelimit-policy"].startswith('"pages";')
        assert (await client.post(path)).status_code == 405


async def test_all_pages_have_one_rate_together() -> None:
    world = await new_world(api_rate=3)
    paths = [first_part(page.path) for page in PAGES] * 4
    async with world.client() as client:
        await client.get("/login", params={"provider": "local", "email": ADA})
        found = [(await client.get(f"{path}/x")).status_code for path in paths[:4]]
        assert found == [404, 404, 404, 429]
        assert (await client.get("/")).status_code == 200


def test_a_part_of_an_address_can_be_changed() -> None:
    given = {"states": ("SAFE", "VULNERABLE"), "text": ("a&b",), "after": ("1",)}
    assert with_query("/x", given, after="2") == "/x?states=SAFE&states=VULNERABLE&text=a%26b&after=2"
    assert with_query("/x", given, after=None) == "/x?states=SAFE&states=VULNERABLE&text=a%26b"
    assert with_query("/x", {}, after=None) == "/x"


def test_a_value_may_be_given_once() -> None:
    address = Address(path="/x", given={"a": ("1",), "b": ("1", "2")}, at=AT)
    assert (address.only("a"), address.only("c")) == ("1", None)
    with pytest.raises(BadAddress, match="gives b more than once"):
        address.only("b")


def test_the_token_of_a_form_is_of_its_session_alone() -> None:
    token = form_token(KEYS, "session")
    assert is_form_token(KEYS, "session", token)
    others = {
        token: (KEYS, "other"),
        "": (KEYS, "session"),
        "é": (KEYS, "session"),
        form_token(derive(b"x"), "session"): (KEYS, "session"),
    }
    assert [is_form_token(keys, session, given) for given, (keys, session) in others.items()] == [False] * 4
