"""Each limit lets through what is at it and refuses what is one beyond."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from integrates.api.execute import execute, new_api
from integrates.api.request.limits import Limits

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

OK = "{ me { email } }"


def code(body: dict[str, object]) -> object:
    """Return the code of the first error, or ``None``."""
    errors = body.get("errors")
    return errors[0]["extensions"]["code"] if isinstance(errors, list) else None


STEPS = ("finding", "vulnerabilities(first: 1)", "nodes")


def _path(levels: int) -> str:
    """So many levels of fields below a vulnerability."""
    names = [*itertools.islice(itertools.cycle(STEPS), levels - 1), "__typename"]
    return "{ " + " { ".join(names) + " }" * levels


def _nested(levels: int) -> str:
    """A query of so many levels of fields."""
    return f'{{ vulnerability(id: "x") {_path(levels - 1)} }}'


def _through_fragments(levels: int) -> str:
    outer = '{ vulnerability(id: "x") { finding { vulnerabilities(first: 1) { nodes { ...deep } } } } }'
    return f"{outer} fragment deep on Vulnerability {_path(levels - 4)}"


def _of_tokens(number: int) -> str:
    """A query of so many tokens, 22 of them around a list whose items have 8 each."""
    items, rest = divmod(number - 22, 8)
    given = f'items: [{"{id: 1 expectedVersion: 1} " * items}], treatment: UNTREATED, justification: "x"'
    return f"mutation {{ updateVulnerabilitiesTreatment({given}) {{ errors {{ code {'code ' * rest} }} }} }}"


def _of_fragments(number: int) -> str:
    chained = (f"fragment f{i} on Me {{ ...f{i + 1} }}" for i in range(number - 1))
    return " ".join(["{ me { ...f0 } }", *chained, f"fragment f{number - 1} on Me {{ email }}"])


def _of_cost(fields: str) -> str:
    """A query that costs 49,999 and 1 for each of the fields of the group."""
    nodes = "id " * 30 + "where " * 30 + "specific " * 30 + "state " * 8
    lists = f"vulnerabilities(first: 500) {{ nodes {{ {nodes} }} }} imports(first: 496) {{ totalCount }}"
    return f'{{ group(name: "webshop") {{ {lists} {fields} }} }}'


def _introspecting(number: int) -> str:
    """A query that reaches so many fields of introspection, through fragments that double."""
    doubled = [f"fragment p{i} on __Schema {{ ...p{i - 1} ...p{i - 1} }}" for i in range(1, number.bit_length())]
    spreads = " ".join(f"...p{i}" for i in range(number.bit_length()) if number >> i & 1)
    return f"{{ __schema {{ {spreads} }} }} fragment p0 on __Schema {{ description }} " + " ".join(doubled)


_MUTATION = 'addGroup(organizationId: "x", name: "another", description: "x") { errors { code } }'


@pytest.mark.parametrize(
    ("at", "beyond"),
    [
        pytest.param(OK.ljust(20_000), OK.ljust(20_001), id="characters"),
        pytest.param(_of_tokens(2_000), _of_tokens(2_001), id="tokens"),
        pytest.param(_of_fragments(50), _of_fragments(51), id="fragments"),
        pytest.param(_nested(12), _nested(13), id="depth"),
        pytest.param(_through_fragments(12), _through_fragments(13), id="depth-through-fragments"),
        pytest.param(
            "{ " + " ".join("me { email }" for _ in range(10)) + " }",
            "{ " + " ".join("me { email }" for _ in range(11)) + " }",
            id="root-fields",
        ),
        pytest.param(
            "{ ...a ...a } fragment a on Query { " + "me { email } " * 5 + "}",
            "{ ...a ...a } fragment a on Query { " + "me { email } " * 6 + "}",
            id="root-fields-through-fragments",
        ),
        pytest.param(
            "{ me { " + " ".join(f"a{i}: email" for i in range(30)) + " } }",
            "{ me { " + " ".join(f"a{i}: email" for i in range(31)) + " } }",
            id="aliases",
        ),
        pytest.param(
            "{ me { " + " ".join(["email @include(if: true)"] * 30) + " } }",
            "{ me { " + " ".join(["email @include(if: true)"] * 29 + ["email @include(if: true) @skip(if: false)"]) + " } }",
            id="directives",
        ),
        pytest.param("{ me { " + "email " * 30 + "} }", "{ me { " + "email " * 31 + "} }", id="repetitions"),
        pytest.param(
            "mutation { " + " ".join(_MUTATION for _ in range(10)) + " }",
            "mutation { " + " ".join(_MUTATION for _ in range(11)) + " }",
            id="root-fields-of-mutations",
        ),
        pytest.param(_of_cost("name"), _of_cost("name description"), id="cost"),
        pytest.param(_introspecting(40_000), _introspecting(40_001), id="introspection"),
    ],
)
async def test_a_limit(world: World, at: str, beyond: str) -> None:
    passed = await world.answer("uri", at)
    assert (passed.status, code(passed.body)) == (200, None), passed.body
    refused = await world.answer("uri", beyond)
    assert (refused.status, code(refused.body)) == (400, "QUERY_TOO_COMPLEX")
    assert "data" not in refused.body


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (OK.ljust(20_020), "more than 20,000 characters: 20,020."),
        (_of_tokens(2_100), "more than 2,000 tokens: 2,001 or more."),
        (_of_fragments(60), "more than 50 fragments: 60."),
        (_nested(15), "more than 12 levels: 15."),
        ("{ " + "me { email } " * 13 + "}", "more than 10 root fields: 13."),
        ("{ me { " + " ".join(f"a{i}: email" for i in range(41)) + " } }", "more than 30 aliases: 41."),
        ("{ me { " + "email @skip(if: false) " * 30 + "...@skip(if: false) { email } } }", "more than 30 directives: 31."),
        ("{ me { " + "email " * 33 + "} }", "more than 30 repetitions of one field: 33."),
        (_introspecting(40_517), "more than 40,000 values of introspection: 40,517."),
        (_of_cost("name description language"), "more than 50,000 cost units: 50,002."),
    ],
)
async def test_a_message_names_the_limit_and_both_numbers(world: World, query: str, message: str) -> None:
    answer = await world.answer("uri", query)
    assert answer.body["errors"][0]["message"] == f"The query is too complex: {message}"


def _many(number: int) -> tuple[str, dict[str, object]]:
    """A query of ten mutations, and so many values in variables, each of which is a list of references."""
    treat = 'updateVulnerabilitiesTreatment(items: $v%d, treatment: UNTREATED, justification: "x") { errors { reason } }'
    query = f"mutation ({', '.join(f'$v{n}: [VulnerabilityRef!]!' for n in range(10))})"
    lists = [[{"id": "x"}] * 499 for _ in range(10)]
    rest = [{"id": "x"} for _ in range((number - 10 - 2 * 4990) // 2)]
    lists[0] = [*lists[0], *rest, *([{}] if number % 2 else [])]
    return query + "{ " + " ".join(f"m{n}: {treat % n}" for n in range(10)) + " }", {f"v{n}": lists[n] for n in range(10)}


async def test_a_request_has_so_many_values_in_variables(world: World) -> None:
    query, variables = _many(10_000)
    passed = await execute(world.api, {"query": query, "variables": variables}, world.call("uri"))
    assert (passed.status, code(passed.body)) == (200, None)
    query, variables = _many(10_001)
    refused = await execute(world.api, {"query": query, "variables": variables}, world.call("uri"))
    assert (refused.status, code(refused.body)) == (400, "QUERY_TOO_COMPLEX")
    message = "The query is too complex: more than 10,000 values in variables: 10,001 or more."
    assert refused.body["errors"][0]["message"] == message
    deep = await world.answer("uri", "query ($v: ID!) { group(name: $v) { id } }", v=[[{"a": [1, 2]}] * 50] * 100)
    assert code(deep.body) == "QUERY_TOO_COMPLEX"


class _Unseen(dict[str, object]):
    """Variables that nobody looks into."""

    def _seen(self, *_: object) -> NoReturn:
        pytest.fail("the variables were looked at")

    __iter__ = __len__ = __getitem__ = keys = values = items = get = _seen


@pytest.mark.parametrize("query", [OK, "{ __typename }", "query ($v: [[Int]]) { __typename }", "{"])
async def test_the_variables_of_nobody_are_not_looked_at(world: World, query: str) -> None:
    answer = await execute(world.api, {"query": query, "variables": _Unseen()}, world.call(None))
    assert answer.status == (200 if query == "{ __typename }" else 401)


@pytest.mark.parametrize("first", [1, 500])
async def test_page_sizes_that_are_taken(world: World, first: int) -> None:
    query = 'query ($n: Int) { group(name: "webshop") { imports(first: $n) { nodes { id } } } }'
    assert (await world.answer("uri", query, n=first)).status == 200


@pytest.mark.parametrize(
    ("first", "status", "expected"),
    [
        (None, 200, "BAD_USER_INPUT"),
        (0, 200, "BAD_USER_INPUT"),
        (-1, 200, "BAD_USER_INPUT"),
        (501, 200, "BAD_USER_INPUT"),
        (10**9, 400, "QUERY_TOO_COMPLEX"),
        (2**31, 400, "QUERY_TOO_COMPLEX"),
        (1.5, 400, "BAD_USER_INPUT"),
        ("5", 400, "BAD_USER_INPUT"),
    ],
)
async def test_page_sizes_that_are_not(world: World, first: object, status: int, expected: str) -> None:
    query = 'query ($n: Int) { me { email } group(name: "webshop") { imports(first: $n) { nodes { id } } } }'
    answer = await world.answer("uri", query, n=first)
    assert (answer.status, code(answer.body)) == (status, expected)


async def test_a_page_size_may_be_written_as_a_fraction_and_costs_no_less(world: World) -> None:
    query = 'query ($n: Int) { group(name: "webshop") { imports(first: $n) { nodes { id } } } }'
    answers = [await world.answer("uri", query, n=first) for first in (20, 20.0)]
    assert answers[0] == answers[1]
    assert code((await world.answer("uri", query, n=1e15)).body) == "QUERY_TOO_COMPLEX"


async def test_a_limit_counts_the_default_of_a_variable(world: World) -> None:
    inner = "findings(first: $n) { nodes { vulnerabilities(first: $n) { nodes { id } } } }"
    query = f'query ($n: Int = 500) {{ group(name: "webshop") {{ {inner} }} }}'
    assert code((await world.answer("uri", query)).body) == "QUERY_TOO_COMPLEX"
    assert code((await world.answer("uri", query, n=5)).body) is None


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ me { email } }", 2),
        ("{ me { permissions } }", 2),
        ("{ me { organizations { name country } } }", 1 + 1 + 50 * 2),
        ('{ group(name: "webshop") { imports { nodes { id } } } }', 1 + 1 + 50 * (1 + 1)),
        ('{ group(name: "webshop") { imports(first: 3) { edges { node { id } } totalCount } } }', 1 + 1 + 3 * (1 + 1 + 1 + 1)),
        ("{ me { ...a ...a } } fragment a on Me { email }", 1 + 2),
        ('{ group(name: "webshop") { vulnerabilities(first: 1, filter: {states: [SAFE]}) { totalCount } } }', 1 + 1 + 1),
        ('{ group(name: "webshop") { vulnerabilities(first: 1, filter: {text: null}) { totalCount } } }', 1 + 1 + 1),
        (
            '{ group(name: "webshop") { vulnerabilities(first: 1, filter: {text: "x", minScore: 1}) { totalCount } } }',
            1 + 1 + 500 + 1,
        ),
        (
            '{ group(name: "webshop") { findings(first: 1) { totalCount } summary { openFindings } } }',
            1 + (1 + 200 + 1) + (1 + 501),
        ),
        ('{ group(name: "webshop") { findings(first: 1, filter: {cwe: "CWE-79"}) { totalCount } } }', 1 + 1 + 500 + 1),
        ('{ finding(id: "x") { status summary { open } where } }', 1 + 1 + (1 + 1) + (1 + 50)),
        ('{ finding(id: "x", asOf: null) { status } }', 1 + 1),
        ('{ finding(id: "x", asOf: "2026-01-01T00:00:00Z") { title } }', 1 + 2_000 + 1),
        ('{ finding(id: "x", asOf: "2026-01-01T00:00:00Z") { a: status b: status summary { open } } }', 1 + 2_000 + 1 + 1 + 2),
        (
            '{ vulnerability(id: "x", asOf: "2026-01-01T00:00:00Z") { finding { ...a } } } fragment a on Finding { status }',
            2_003,
        ),
        (
            '{ finding(id: "x") { vulnerabilities(first: 2, asOf: "2026-01-01T00:00:00Z") { nodes { id } } } }',
            1 + 2_001 + 2 * 2,
        ),
        ('{ finding(id: "x") { comments(first: 1) { totalCount } records } }', 1 + 201 + 1 + 10_001),
        ('{ vulnerability(id: "x") { history(first: 2) { nodes { at } } } }', 1 + 51 + 2 * 2),
        ('{ __schema { types { name } } group(name: "webshop") { name } }', 1 + 2),
    ],
)
async def test_cost_is_counted_before_anything_is_done(world: World, query: str, cost: int) -> None:
    within, beyond = new_api(limits=Limits(cost=cost)), new_api(limits=Limits(cost=cost - 1))
    passed = await world.answer("uri", query, api=within)
    assert passed.body["extensions"]["cost"]["requested"] == cost
    assert code((await world.answer("uri", query, api=beyond)).body) == "QUERY_TOO_COMPLEX"


async def test_the_cost_is_told(world: World) -> None:
    query = "{ me { email organizations { name } } }"
    answer = await world.answer("uri", query)
    assert answer.body["extensions"]["cost"] == {"requested": 1 + 1 + 1 + 50, "actual": 4}


async def test_introspection_is_exempt_as_a_field_and_by_no_name(world: World) -> None:
    deep = (
        "{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { ofType { ofType { name }}}}}}}}}}}}"
    )
    assert (await world.answer("uri", deep)).status == 200
    disguised = "query IntrospectionQuery " + _nested(13)
    assert code((await world.answer("uri", disguised)).body) == "QUERY_TOO_COMPLEX"
    aliased = _nested(13).replace("vulnerability(", "__schema: vulnerability(")
    assert code((await world.answer("uri", aliased)).body) == "QUERY_TOO_COMPLEX"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", id="cycle"),
        pytest.param(
            "{ ...a } fragment a on Query { me { email ...b } } fragment b on Me { organizations { ...c } } "
            "fragment c on Organization { groups { organization { ...c } } }",
            id="cycle-through-fields",
        ),
    ],
)
async def test_cycles_of_fragments_are_refused(world: World, query: str) -> None:
    answer = await world.answer("uri", query)
    assert (answer.status, code(answer.body)) == (400, "GRAPHQL_VALIDATION_FAILED")


def _doubling(fragments: int) -> str:
    parts = [f"fragment f{i} on Me {{ ...f{i + 1} ...f{i + 1} }}" for i in range(fragments)]
    return " ".join(["{ me { ...f0 } }", *parts, f"fragment f{fragments} on Me {{ email }}"])


def _tower(levels: int, aliases: int) -> str:
    """Introspection, each level of which is asked for several times."""
    steps = [("__Schema", "types"), *itertools.islice(itertools.cycle((("__Type", "fields"), ("__Field", "type"))), levels - 1)]
    parts = [
        f"fragment f{i} on {owner} {{ " + " ".join(f"a{n}: {name} {{ ...f{i + 1} }}" for n in range(aliases)) + " }"
        for i, (owner, name) in enumerate(steps)
    ]
    return " ".join(["{ __schema { ...f0 } }", *parts, f"fragment f{levels} on __Type {{ name }}"])


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(_doubling(17), id="2^17-spreads"),
        pytest.param(_doubling(48), id="2^48-spreads"),
        pytest.param(" ".join(["{ me { email } }", *(f"fragment f{i} on Me {{ email }}" for i in range(400))]), id="fragments"),
        pytest.param("{ me { email " + "@include(if: true) " * 500 + "} }", id="directives"),
        pytest.param("{ me { email " + "@unknown " * 500 + "} }", id="unknown-directives"),
        pytest.param("{ me(x: " + "[" * 900 + "]" * 900 + ") { email } }", id="nested-lists"),
        pytest.param("{ " * 900, id="nested-sets"),
        pytest.param("{ me { " + "organizations { id } " * 480 + "} }", id="objects-repeated"),
        pytest.param(_tower(5, 4), id="introspection-multiplied"),
    ],
)
async def test_hostile_queries_cost_little(world: World, query: str) -> None:
    plain = await _steps(world, OK)
    assert await _steps(world, query) < plain + 200 * len(query)


async def _steps(world: World, query: str) -> int:
    """Count the functions that are called to answer: the same on every machine, unlike seconds."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        answer = await world.answer("uri", query)
    finally:
        sys.setprofile(before)
    assert answer.status in {200, 400}
    return calls


async def test_validation_errors_are_few(world: World) -> None:
    answer = await world.answer("uri", "{ me { " + " ".join(f"x{i}" for i in range(400)) + " } }")
    assert (answer.status, len(answer.body["errors"])) == (400, 5)
    many = "mutation ($items: [VulnerabilityRef!]!) { updateVulnerabilitiesTreatment(items: $items, treatment: UNTREATED, "
    many += 'justification: "x") { errors { code } } }'
    answer = await world.answer("uri", many, items=[{"id": None}] * 50)
    assert (answer.status, len(answer.body["errors"])) == (400, 5)
