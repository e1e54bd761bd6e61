"""Limits speak before the work that they bound: before validation, before values are looked at, before anything is read."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from graphql import ValidationRule, build_schema, get_introspection_query, graphql_sync, parse
from hypothesis import given
from hypothesis import strategies as st
from packages.api.tests.test_limits import code

from integrates.api.execute import Api, execute, new_api
from integrates.api.request import document
from integrates.api.request.body import least_values, members_of
from integrates.api.request.introspection import introspected_of, sizes_of
from integrates.api.request.length import maxima_of
from integrates.api.request.weight import weights_of

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

    from integrates.api.request.answer import Answer

LISTS = {
    "FindingFilter.statuses": ("findings(filter: {statuses: %s}) { totalCount }", "FindingStatus!", "DRAFT", 20),
    "VulnerabilityFilter.sources": ("vulnerabilities(filter: {sources: %s}) { totalCount }", "Source!", "MACHINE", 20),
    "VulnerabilityFilter.techniques": ("vulnerabilities(filter: {techniques: %s}) { totalCount }", "Technique!", "SAST", 20),
    "VulnerabilityFilter.states": ("vulnerabilities(filter: {states: %s}) { totalCount }", "VulnerabilityState!", "SAFE", 20),
    "VulnerabilityFilter.treatments": (
        "vulnerabilities(filter: {treatments: %s}) { totalCount }",
        "TreatmentStatus!",
        "ACCEPTED",
        20,
    ),
    "VulnerabilityFilter.types": ("vulnerabilities(filter: {types: %s}) { totalCount }", "VulnerabilityType!", "LINES", 20),
    "VulnerabilityFilter.verifications": (
        "vulnerabilities(filter: {verifications: %s}) { totalCount }",
        "VerificationStatus",
        "VERIFIED",
        20,
    ),
    "VulnerabilityFilter.zeroRisks": (
        "vulnerabilities(filter: {zeroRisks: %s}) { totalCount }",
        "ZeroRiskStatus",
        "REJECTED",
        20,
    ),
}
"""Lists in filters: what to ask of a group, the type of an item, an item, and how many there may be."""
TREAT = """mutation ($items: [VulnerabilityRef!]!) { updateVulnerabilitiesTreatment(items: $items, treatment: UNTREATED,
  justification: "It is not known yet.") { errors { reason } } }"""
ROOT = """mutation ($of: [String!]) { addGitRoot(groupName: "webshop", url: "https://git.example/new", branch: "main",
  gitignore: $of) { errors { reason } } }"""
FILTERED = 'query ($of: VulnerabilityFilter) { group(name: "webshop") { vulnerabilities(filter: $of) { totalCount } } }'


def _of_group(inside: str, variables: str = "") -> str:
    return f'query {variables} {{ group(name: "webshop") {{ {inside} }} }}'


def _message(place: str, most: int) -> str:
    return f"The query is too complex: more than {most:,} items in `{place}`: {most + 1:,}."


@pytest.mark.parametrize("place", LISTS)
async def test_a_list_in_a_filter_is_refused_by_its_length(world: World, place: str) -> None:
    inside, kind, item, most = LISTS[place]
    for number, expected in ((most, None), (most + 1, _message(place, most))):
        literal = await world.answer("uri", _of_group(inside % f"[{f'{item} ' * number}]"))
        variable = await world.answer("uri", _of_group(inside % "$of", f"($of: [{kind}])"), of=[item] * number)
        default = await world.answer("uri", _of_group(inside % "$of", f"($of: [{kind}] = [{f'{item} ' * number}])"))
        told = [one.body["errors"][0]["message"] if "errors" in one.body else None for one in (literal, variable, default)]
        assert told == [expected] * 3


@pytest.mark.parametrize(
    ("query", "place", "items", "most"),
    [
        (TREAT, "Mutation.updateVulnerabilitiesTreatment(items:)", [{"id": "x"}], 1_000),
        (ROOT, "Mutation.addGitRoot(gitignore:)", ["a"], 500),
    ],
)
async def test_a_list_in_a_mutation_is_refused_by_the_mutation_and_far_beyond_by_its_length(
    world: World, query: str, place: str, items: list[Any], most: int
) -> None:
    name = "items" if query is TREAT else "of"
    passed = await execute(world.api, {"query": query, "variables": {name: items * most}}, world.call("greta"))
    (payload,) = passed.body["data"].values()
    assert payload == {"errors": [{"reason": "TOO_MANY_ITEMS"}]}
    refused = await execute(world.api, {"query": query, "variables": {name: items * (most + 1)}}, world.call("greta"))
    assert (refused.status, refused.body["errors"][0]["message"]) == (400, _message(place, most))


async def test_a_list_within_a_variable_is_refused_by_its_length(world: World) -> None:
    answer = await world.answer("uri", FILTERED, of={"states": ["SAFE"] * 21})
    assert answer.body["errors"][0]["message"] == _message("VulnerabilityFilter.states", 20)
    assert code((await world.answer("uri", FILTERED, of={"states": ["SAFE"] * 20})).body) is None


async def test_an_object_has_so_many_members(world: World) -> None:
    for number, expected in ((50, "BAD_USER_INPUT"), (51, "QUERY_TOO_COMPLEX")):
        literal = await world.answer("uri", _of_group(f"findings(filter: {{{'x: 1 ' * number}}}) {{ totalCount }}"))
        variable = await world.answer("uri", FILTERED, of={f"x{n}": 1 for n in range(number)})
        assert (code(literal.body), code(variable.body)) in {
            (expected, expected),
            ("GRAPHQL_VALIDATION_FAILED", expected),  # members that come twice
        }


def test_a_list_without_maximum_stops_the_start() -> None:
    schema = build_schema("""directive @most(items: Int!) on ARGUMENT_DEFINITION
        input Some { of: [Int] } type Query { a(some: Some, good: [Int!]! @most(items: 3), bad: [[Int!]!]): Int }""")
    with pytest.raises(ValueError, match=r"lists without `@most`: Query\.a\(bad:\), Some\.of"):
        maxima_of(schema)


STEPS = ("finding", "vulnerabilities(first: 1)", "nodes")


def repeated() -> str:
    """5 KB of repetitions, each of which would be compared with each other one, on each level above."""
    inside = "id "
    for step, repeats in reversed(list(zip(itertools.cycle(STEPS), (3, 3, 3, 3, 2), strict=False))):
        inside = f"{step} {{ {inside} }} " * repeats
    return f'{{ vulnerability(id: "x") {{ {inside} }} }}'


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> tuple[Api, list[object]]:
    """An API that notes each time that a query is validated by the rules after the first."""
    reached: list[object] = []

    class Watching(ValidationRule):
        def __init__(self, context: Any) -> None:
            super().__init__(context)
            reached.append(context)

    monkeypatch.setattr(document, "_RULES", (*document._RULES, Watching))
    return new_api(), reached


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (repeated(), "more than 10,000 comparisons of fields: 10,001 or more."),
        (
            '{ group(name: "x") { findings(first: 500) { nodes { vulnerabilities(first: 500) { nodes { nothing } } } } } }',
            "cost units",
        ),
        (
            "{ __schema { types { fields { type { fields { type { fields { type { fields { nothing } } } } } } } } } }",
            "values of introspection",
        ),
        (
            _of_group(f"vulnerabilities(filter: {{states: [{'SAFE ' * 21}]}}) {{ nothing }}"),
            "items in `VulnerabilityFilter.states`",
        ),
    ],
)
async def test_a_query_is_weighed_before_it_is_validated(
    world: World, watched: tuple[Api, list[object]], query: str, message: str
) -> None:
    api, reached = watched
    answer = await world.answer("uri", query, api=api)
    assert (answer.status, code(answer.body)) == (400, "QUERY_TOO_COMPLEX")
    assert message in answer.body["errors"][0]["message"]
    assert reached == []
    assert (await world.answer("uri", "{ me { email } }", api=api)).status == 200
    assert len(reached) == 1


@pytest.mark.parametrize(
    "query",
    [
        "{ nothing { below { it } } }",
        "{ me { ...a } } fragment a on Nothing { b { c } }",
        "{ me { ...a } }",
        "{ me { ...a } } fragment a on Me { groups { ...b } } fragment b on Group { organization { groups { ...b } } }",
        "{ me { ... on VulnerabilityFilter { states } ... on VulnerabilityState { x } ... on DateTime { x } } }",
        _of_group('imports(first: "many") { totalCount }'),
        _of_group("imports(first: $nothing) { totalCount }"),
        _of_group("imports(first: $of) { totalCount }", "($of: Nothing = {a: 1})"),
        _of_group("imports(first: [1, 2]) { totalCount }"),
        _of_group("imports(first: 1, first: 500) { totalCount }"),
        _of_group("vulnerabilities(filter: 7) { totalCount }"),
        _of_group("vulnerabilities(filter: [{states: SAFE}]) { totalCount }"),
        _of_group("vulnerabilities(filter: {states: {states: [SAFE]}}) { totalCount }"),
        _of_group("vulnerabilities(filter: {nothing: [{states: [SAFE]}]}) { totalCount }"),
        "{ finding(id: 1, asOf: 7) { summary } }",
        "{ finding(asOf: $at) { summary { open } } }",
        "mutation { nothing }",
        "subscription { nothing { at { all } } }",
        "{ __schema { nothing { at { all } } } __type { x } }",
    ],
)
async def test_what_does_not_fit_the_schema_is_weighed_all_the_same(world: World, query: str) -> None:
    answer = await world.answer("uri", query)
    assert (answer.status, code(answer.body)) in {(400, "GRAPHQL_VALIDATION_FAILED"), (400, "BAD_USER_INPUT")}


def test_introspection_counts_about_what_it_shows(api: Api) -> None:
    def shown(value: Any) -> int:
        if isinstance(value, dict):
            return sum(1 + shown(part) for part in value.values())
        return sum(map(shown, value)) if isinstance(value, list) else 0

    sizes = sizes_of(api.schema)
    for query in (
        get_introspection_query(),
        "{ __schema { types { fields { name type { name } args { name } } inputFields { name } enumValues { name } } } }",
        "{ __schema { types { name kind } directives { name args { name } } } }",
    ):
        actual = shown(graphql_sync(api.schema, query).data)
        assert actual / 2 < introspected_of(parse(query), sizes) < actual * 3


async def test_the_whole_of_introspection_may_be_asked_for(world: World) -> None:
    answer = await world.answer("uri", get_introspection_query())
    assert (answer.status, code(answer.body)) == (200, None)


def test_a_field_weighs_what_the_same_field_of_its_interface_weighs(api: Api) -> None:
    weights = weights_of(api.schema)
    of = {place.partition(".")[2]: weight for place, weight in weights.now.items() if place.startswith("Root.")}
    assert of
    for kind in api.schema.get_possible_types(api.schema.type_map["Root"]):  # type: ignore[arg-type] # it is an interface
        own = {place.partition(".")[2]: weight for place, weight in weights.now.items() if place.startswith(f"{kind.name}.")}
        assert own == of, kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('a,[]{}:"\\é\n', max_size=6),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text('a,[{"\\', max_size=3), inner, max_size=5),
    max_leaves=40,
)


def _number(value: Any) -> int:
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return 1 + sum(map(_number, parts))


@given(JSON, st.sampled_from([0, 1, 4]))
def test_values_are_counted_without_decoding_them(value: Any, indent: int) -> None:
    text = msgspec.json.format(msgspec.json.encode(value), indent=indent)
    assert least_values(text) <= _number(value) < 2 * least_values(text) + 1


async def _sent(world: World, name: str | None, json: bytes) -> Answer:
    return await execute(world.api, members_of(json), world.call(name))


ME = b'{"query": "{ me { email } }", "variables": '
GROUP = b'{"query": "query ($v: [ID!]) { group(name: $v) { id } }", "variables": {"v": '


@pytest.mark.parametrize(
    ("name", "json", "status", "expected"),
    [
        pytest.param("uri", ME + b'{"v": [' + b"[]," * 300_000 + b"[]]}}", 200, None, id="not-declared"),
        pytest.param("uri", ME + b'{"v": "\xff"}}', 200, None, id="not-declared-no-text"),
        pytest.param("uri", ME + b"null}", 200, None, id="null"),
        pytest.param("uri", ME + b"[]}", 400, "GRAPHQL_VALIDATION_FAILED", id="list"),
        pytest.param("uri", GROUP + b"[" + b"[]," * 300_000 + b"[]]}}", 400, "QUERY_TOO_COMPLEX", id="too-many"),
        pytest.param(
            "uri",
            GROUP + b'["\xff",' + b"[]," * 10_000 + b"[]]}}",
            400,
            "QUERY_TOO_COMPLEX",
            id="too-many-before-they-are-decoded",
        ),
        pytest.param("uri", GROUP + b"[[" * 9_000 + b"]]" * 9_000 + b"}}", None, None, id="deep"),
        pytest.param("uri", GROUP + b'"\xff"}}', 400, "GRAPHQL_VALIDATION_FAILED", id="no-text"),
        pytest.param("uri", GROUP + b"1e999}}", 400, "GRAPHQL_VALIDATION_FAILED", id="no-number"),
        pytest.param("uri", b'{"query": 7}', 400, "GRAPHQL_VALIDATION_FAILED", id="query-no-text"),
        pytest.param(
            "uri", b'{"query": "{ me { email } }", "operationName": {}}', 400, "GRAPHQL_VALIDATION_FAILED", id="name-no-text"
        ),
        pytest.param(
            "uri", b'{"query": "{ me { email } }", "extensions": 7}', 400, "GRAPHQL_VALIDATION_FAILED", id="extensions"
        ),
        pytest.param("uri", b"[[]]", 400, "GRAPHQL_VALIDATION_FAILED", id="batch"),
        pytest.param(
            None, b'{"query": "{ __typename }", "variables": {"v": [' + b"[]," * 300_000 + b"[]]}}", 200, None, id="nobody"
        ),
    ],
)
async def test_a_body_is_read_as_far_as_it_matters(
    world: World, name: str | None, json: bytes, status: int | None, expected: str | None
) -> None:
    if status is None:
        with pytest.raises(RecursionError):
            members_of(json)
        return
    answer = await _sent(world, name, json)
    assert (answer.status, code(answer.body)) == (status, expected)


@pytest.mark.parametrize(
    "query", ["{ __typename }".ljust(1_001), "{ " + "__typename " * 30 + "__typename @include(if: true) " * 12 + "}"]
)
async def test_nobody_asks_much(world: World, query: str) -> None:
    assert code((await world.answer(None, query)).body) == "UNAUTHENTICATED"
    assert (await world.answer("uri", query[:1_000])).status in {200, 400}
