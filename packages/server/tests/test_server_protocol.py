"""GraphQL over HTTP: what may be asked by GET, and what status an answer has by the media type that is accepted."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from packages.server.tests.conftest import ME, ORIGIN, World, new_world

from integrates.db_model.errors import Unavailable

GRAPHQL, JSON = "application/graphql-response+json", "application/json"
NAMED = "query One($name: String!) { __type(name: $name) { name } } query Two { __typename }"
ADD = 'mutation { addOrganization(name: "by-get") { organization { name } } }'


async def got(world: World, headers: Mapping[str, str] | None = None, **parameters: str) -> httpx.Response:
    bearer = {"authorization": f"Bearer {await world.token()}"} if headers is None else headers
    async with world.client() as client:
        return await client.get("/api", params=parameters, headers=bearer)


async def test_a_query_is_executed_by_get(world: World) -> None:
    one = await got(world, query=NAMED, operationName="One", variables='{"name": "Group"}', extensions="{}")
    two = await got(world, query=NAMED, operationName="Two", variables="null")
    assert [(answer.status_code, answer.json()["data"]) for answer in (one, two)] == [
        (200, {"__type": {"name": "Group"}}),
        (200, {"__typename": "Query"}),
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"query": ""},
        {"query": "mutation"},
        {"query": NAMED},
        {"query": "{ __typename }", "variables": "{"},
        {"query": "{ __typename }", "variables": "[" * 5_000},
        {"query": "{ __typename }", "variables": "[]"},
        {"query": "{ __typename }", "extensions": "7"},
        {"query": "{ me(x: \u2069) { email } }"},
    ],
)
async def test_a_bad_question_by_get_is_the_clients_fault(world: World, parameters: dict[str, str]) -> None:
    answer = await got(world, None, **parameters)
    assert (answer.status_code, bool(answer.json()["errors"])) == (400, True)


@pytest.mark.parametrize("accept", [GRAPHQL, JSON, "*/*"])
@pytest.mark.parametrize("query", [ADD, f"query Q {{ __typename }} {ADD.replace('mutation', 'mutation M')}"])
async def test_no_change_is_made_by_get(world: World, accept: str, query: str) -> None:
    headers = {"authorization": f"Bearer {await world.token()}", "accept": accept}
    answer = await got(world, headers, query=query, **({"operationName": "M"} if "M" in query else {}))
    assert (answer.status_code, answer.headers["allow"], "data" in answer.json()) == (405, "POST", False)
    found = await world.ask(await world.token(), {"query": '{ organization(name: "by-get") { name } }'})
    assert found.json()["data"] == {"organization": None}


async def test_by_get_nobody_learns_more_than_by_post(world: World) -> None:
    found = [await got(world, headers, query=query) for headers, query in GUESSES]
    assert [answer.status_code for answer in found] == [200, 401, 401, 401]


GUESSES: list[tuple[dict[str, str], str]] = [
    ({}, "{ __typename }"),
    ({}, ME["query"]),
    ({}, ADD),
    ({"authorization": "Bearer itg_junk"}, "{ __typename }"),
]


async def test_a_link_on_another_page_asks_nothing_in_the_name_of_who_follows_it(world: World) -> None:
    async with world.client() as client:
        await client.get("/login", params={"provider": "local"})
        answer = await client.get("/api", params=ME, headers={"origin": ORIGIN, "x-requested-with": "page"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_without_a_query_there_is_nothing_to_get(world: World) -> None:
    assert [(await got(world)).status_code, (await got(world, {})).status_code] == [404, 404]


@pytest.mark.parametrize(
    "accept, media",
    [
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON}, {GRAPHQL.upper()};charset=utf-8", GRAPHQL),
        (JSON, JSON),
        ("*/*", JSON),
        ("", JSON),
    ],
)
async def test_the_answer_has_the_media_type_asked_for(world: World, accept: str, media: str) -> None:
    answer = await world.ask(await world.token(), accept=accept)
    assert answer.headers["content-type"].partition(";")[0] == media


REFUSED: list[Any] = [
    {"query": "{"},
    {"query": "{ nothing }"},
    {"query": "query ($id: ID!) { __typename }", "variables": {"id": None}},
    {"query": '{ group(name: "webshop") { vulnerabilities(first: 10000000) { nodes { id finding { id } } } } }'},
    {"query": "query A { __typename } query B { __typename }"},
]
MALFORMED: list[Any] = [
    [ME],
    7,
    {"qeury": "{ __typename }"},
    {"query": 7},
    {"query": "{ __typename }", "variables": []},
    {"query": "{\u2069}"},
]


@pytest.mark.parametrize(
    "accept, refused",
    [
        (GRAPHQL, 400),
        (f"{JSON}, {GRAPHQL}", 400),
        ("*/*", 400),
        ("", 400),
        (JSON, 200),
        (f"text/html, {JSON.upper()};q=0.1", 200),
    ],
)
async def test_who_accepts_plain_json_only_gets_200_for_each_well_formed_request(accept: str, refused: int) -> None:
    world = await new_world()
    token = await world.token()
    found = [await world.ask(token, body, accept=accept) for body in REFUSED]
    assert [(answer.status_code, set(answer.json())) for answer in found] == [(refused, {"errors"})] * len(REFUSED)
    malformed = [await world.ask(token, body, accept=accept) for body in MALFORMED]
    assert {answer.status_code for answer in malformed} == {400}


async def test_failures_have_their_status_whatever_is_accepted(world: World) -> None:
    token = await world.token()
    nobody = [await world.ask("", accept=JSON), await world.ask("junk", accept=JSON)]
    inner, calls = world.store, list[int]()

    async def get(keys: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:  # the first finds out who asks
            raise Unavailable("expected")
        return await inner.get(keys)

    world.serve_with(get=get)
    away = await world.ask(token, accept=JSON)
    assert [answer.status_code for answer in (*nobody, away)] == [401, 401, 503]
    assert json.loads(away.content)["errors"]
