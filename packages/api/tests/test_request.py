"""What may stand in a request, and what is said of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integrates.api.execute import execute, new_api
from integrates.db_model.store.port import Store

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

MARKER = "SECRET-MARKER-7f3a"
GROUP = "query ($name: ID!) { group(name: $name) { name } }"


def deep(levels: int) -> list[Any]:
    """Lists in lists."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([{"query": "{ me { email } }"}], id="batch"),
        pytest.param("{ me { email } }", id="text"),
        pytest.param(None, id="null"),
        pytest.param({}, id="nothing"),
        pytest.param({"query": None}, id="null-query"),
        pytest.param({"query": 1}, id="number-query"),
        pytest.param({"query": ""}, id="empty-query"),
        pytest.param({"query": "{ me { email }"}, id="unfinished"),
        pytest.param({"query": "{ nothing }"}, id="unknown-field"),
        pytest.param({"query": "{ me { email } }\ud800"}, id="surrogate-in-query"),
        pytest.param({"query": "{ me { email } }\0"}, id="nul-in-query"),
        pytest.param({"query": "{ me { email } }", "variables": []}, id="variables-list"),
        pytest.param({"query": "{ me { email } }", "variables": "x"}, id="variables-text"),
        pytest.param({"query": "{ me { email } }", "operationName": 1}, id="name-number"),
        pytest.param({"query": "query A { me { email } } query B { me { email } }"}, id="which-operation"),
        pytest.param({"query": "query A { me { email } }", "operationName": "B"}, id="no-such-operation"),
        pytest.param({"query": "subscription { me { email } }"}, id="subscription"),
        pytest.param({"query": "fragment a on Me { email }"}, id="no-operation"),
        pytest.param({"query": "{ me { email } }", "extensions": []}, id="extensions-list"),
        pytest.param({"query": GROUP, "variables": {"name": "\ud800"}}, id="surrogate"),
        pytest.param({"query": GROUP, "variables": {"name": "a\0"}}, id="nul"),
        pytest.param({"query": GROUP, "variables": {"name": "\u202ewebshop"}}, id="bidi"),
        pytest.param({"query": GROUP, "variables": {"name": "x" * 1_000_000}}, id="1-MB"),
        pytest.param({"query": '{ group(name: "a\\u0000") { name } }'}, id="escaped-nul"),
        pytest.param({"query": '{ group(name: "a\\u202e") { name } }'}, id="escaped-bidi"),
        pytest.param({"query": '{ group(name: "a\\ud800") { name } }'}, id="escaped-surrogate"),
        pytest.param({"query": GROUP, "variables": {"name": float("nan")}}, id="nan"),
        pytest.param({"query": GROUP, "variables": {"name": float("inf")}}, id="infinity"),
        pytest.param({"query": GROUP, "variables": {"name": 10**5000}}, id="5000-digits"),
        pytest.param({"query": GROUP, "variables": {"name": 2**63}}, id="2^63"),
        pytest.param({"query": GROUP, "variables": {"name": deep(1000)}}, id="nested"),
        pytest.param(
            {"query": f"{{ group(name: {'9' * 5000}) {{ imports(first: {'9' * 5000}) {{ totalCount }} }} }}"}, id="digits"
        ),
        pytest.param({"query": f"{{ group(name: {'9' * 5000}) {{ name }} }}"}, id="digits-as-id"),
        pytest.param({"query": f"query ($a: ID = {'9' * 5000}) {{ group(name: $a) {{ name }} }}"}, id="digits-as-default"),
        pytest.param({"query": f"{{ group(name: {2**63}) {{ name }} }}"}, id="2^63-in-query"),
        pytest.param(
            {"query": '{ group(name: "a") { findings(filter: {minScore: 1e999}) { totalCount } } }'}, id="infinity-in-query"
        ),
        pytest.param(
            {"query": f'{{ group(name: "a") {{ findings(filter: {{minScore: 1.{"0" * 500}}}) {{ totalCount }} }} }}'},
            id="fraction",
        ),
    ],
)
async def test_bad_requests_are_refused_as_a_whole(world: World, body: object) -> None:
    answer = await execute(world.api, body, world.call("uri"))
    assert answer.status == 400
    assert set(answer.body) == {"errors"}
    assert {error["extensions"]["code"] for error in answer.body["errors"]} == {"GRAPHQL_VALIDATION_FAILED"}
    assert "Traceback" not in str(answer.body)
    assert "sys." not in str(answer.body)


@pytest.mark.parametrize("name", ["x" * 10_000, "a#b", "a\u0007", "a|b", "../x", " webshop", "WEBSHOP"])
async def test_strange_names_are_names_of_nothing(world: World, name: str) -> None:
    assert await world.data("uri", GROUP, name=name) == {"group": None}


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
async def test_numbers_in_range_are_taken(world: World, number: int) -> None:
    assert await world.data("uri", f"{{ group(name: {number}) {{ name }} }}") == {"group": None}


_VALUES: dict[str, tuple[str, list[tuple[str, object]]]] = {
    "DateTime": ("finding(id: 1, asOf: $v) { id }", [('"2026-01-01"', "2026-01-01"), ("5", 5), ('"20260101T000000Z"', "")]),
    "Int": ('group(name: "x") { findings(first: $v) { totalCount } }', [('"5"', "5"), ("1.5", 1.5), ("true", True)]),
    "ID!": ("group(name: $v) { name }", [("true", True), ("[1, 2]", [1, 2]), ("null", None), ("{a: 1}", {"a": 1})]),
    "Float": ('group(name: "x") { findings(filter: {minScore: $v}) { totalCount } }', [('"5"', "5"), ("true", True)]),
    "Boolean": ('group(name: "x") { vulnerabilities(filter: {isOverdue: $v}) { totalCount } }', [("1", 1), ('"a"', "a")]),
    "String": ('group(name: "x") { vulnerabilities(filter: {tool: $v}) { totalCount } }', [("1", 1), ("[]", [])]),
    "[VulnerabilityState!]": (
        'group(name: "x") { vulnerabilities(filter: {states: $v}) { totalCount } }',
        [("OPEN", "OPEN"), ("[null]", [None]), ('"SAFE"', 7)],
    ),
    "FindingFilter": (
        'group(name: "x") { findings(filter: $v) { totalCount } }',
        [("{other: 1}", {"other": 1}), ("7", 7), ("{minScore: true}", {"minScore": True})],
    ),
}
"""For each type a field that takes it, and what it refuses, as literal and as variable."""


@pytest.mark.parametrize(
    ("kind", "field", "literal", "variable"),
    [(kind, field, *pair) for kind, (field, pairs) in _VALUES.items() for pair in pairs],
)
async def test_what_a_type_refuses_has_one_status(world: World, kind: str, field: str, literal: str, variable: object) -> None:
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        (f"query ($v: {kind}) {{ me {{ email }} {field} }}", {"v": variable}),
        (f"{{ me {{ email }} {field.replace('$v', literal)} }}", {}),
        (f"query ($v: {kind} = {literal}) {{ me {{ email }} {field} }}", {}),
    )
    for query, variables in cases:
        answer = await world.answer("uri", query, **variables)
        assert (answer.status, set(answer.body)) == (400, {"errors"})
        assert {error["extensions"]["code"] for error in answer.body["errors"]} == {"BAD_USER_INPUT"}


async def test_a_variable_that_is_missing_is_the_callers(world: World) -> None:
    answer = await world.answer("uri", GROUP)
    assert (answer.status, answer.body["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")


async def test_a_null_that_reaches_an_argument_is_the_callers(world: World) -> None:
    query = 'query ($name: ID = "webshop") { me { email } group(name: $name) { name } }'
    answer = await world.answer("uri", query, name=None)
    assert (answer.status, answer.body["data"]) == (200, {"me": {"email": "uri@demo.example"}, "group": None})
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    switch = await world.answer("uri", "query ($on: Boolean = true) { me { email @include(if: $on) } }", on=None)
    assert switch.status in {200, 400}
    assert switch.body["errors"][0]["extensions"]["code"] in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}


async def test_a_file_is_no_text(world: World) -> None:
    call = 'importVulnerabilities(groupName: "webshop", rootId: "x", file: $file) { errors { code } }'
    query = f"mutation ($file: Upload!) {{ {call} }}"
    answer = await world.answer("uri", query, file="content")
    assert answer.status == 400
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "query",
    [
        "{ me { email } }",
        "{ __schema { types { name } } }",
        "{ __typename me { email } }",
        "{ meh }",
        "{",
        '{ x: __type(name: "Me") { name } }',
    ],
)
async def test_nobody_gets_nothing(world: World, query: str) -> None:
    answer = await world.answer(None, query)
    assert answer.status == 401
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["UNAUTHENTICATED"]
    assert "data" not in answer.body


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("{ __typename @include(if: $x) }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("{ __typename @include(if: 5) }", 400, "BAD_USER_INPUT"),
        ("query ($x: Boolean!) { __typename @include(if: $x) }", 401, "UNAUTHENTICATED"),
        ("query ($x: Boolean!) { __typename }", 401, "UNAUTHENTICATED"),
    ],
)
async def test_nobody_is_told_what_is_wrong_with_the_type_name(world: World, query: str, status: int, code: str) -> None:
    answer = await world.answer(None, query)
    assert (answer.status, set(answer.body)) == (status, {"errors"})
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == [code]


@pytest.mark.parametrize("query", ["{ __typename }", "query A { a: __typename }"])
async def test_nobody_may_ask_for_the_type_name(world: World, query: str) -> None:
    answer = await world.answer(None, query)
    assert answer.status == 200
    assert list(answer.body["data"].values()) == ["Query"]


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        '{ a: __type(name: "Me") { name } }',
        "{ ...f } fragment f on Query { __schema { types { name } } }",
    ],
)
async def test_introspection_is_a_switch(world: World, query: str) -> None:
    closed = new_api(introspection=False)
    assert (await world.answer("uri", query)).status == 200
    answer = await world.answer("uri", query, api=closed)
    assert answer.status == 400
    assert "data" not in answer.body
    assert (await world.answer("uri", "{ __typename }", api=closed)).status == 200


async def test_suggestions_go_with_introspection(world: World) -> None:
    closed = new_api(introspection=False)
    told = await world.answer("uri", "{ me { emial } }")
    assert "Did you mean" in str(told.body)
    for query in (
        "{ me { emial } }",
        "{ mee { email } }",
        'query ($f: VulnerabilityFilter) { group(name: "a") { vulnerabilities(filter: $f) { totalCount } } }',
    ):
        answer = await world.answer("uri", query, api=closed, f={"state": ["SAFE"], "states": ["SAF"]})
        assert answer.status == 400
        assert "Did you mean" not in str(answer.body)


def _broken(store: Store, *, until: int = 0) -> Store:
    calls = iter(range(1_000_000))

    async def get(keys: object) -> Any:
        if next(calls) >= until:
            raise RuntimeError(MARKER)
        return await store.get(keys)  # type: ignore[arg-type] # passed through

    async def query(_: object) -> Any:
        raise RuntimeError(MARKER)

    return Store(get, query, store.write, store.max_changes)


async def test_what_goes_wrong_inside_is_masked_and_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    answer = await world.answer("uri", "{ me { email } }", store=_broken(world.store))
    assert answer.status == 500
    assert answer.body["errors"][0]["message"] == "Something went wrong. Request request-1."
    assert answer.body["errors"][0]["extensions"] == {"code": "INTERNAL"}
    assert MARKER not in str(answer.body)
    assert MARKER in caplog.text
    assert caplog.records[-1].__dict__["request_id"] == "request-1"


async def test_what_else_resolved_is_still_shown(world: World) -> None:
    query = '{ me { email accessTokens { id } } group(name: "webshop") { name } }'
    answer = await world.answer("uri", query, store=_broken(world.store, until=100))
    assert (answer.status, answer.body["data"]) == (500, None)  # `me` may not be null, hence nothing else is shown
    query = 'query ($id: ID!) { root(id: $id) { nickname } group(name: "webshop") { name roots { id } } }'
    answer = await world.answer("uri", query, store=_broken(world.store, until=100), id=world.aurora.root.id)
    assert answer.status == 200
    assert answer.body["data"] == {"root": {"nickname": "webshop"}, "group": None}
    assert answer.body["errors"][0]["path"] == ["group", "roots"]
    assert MARKER not in str(answer.body)
