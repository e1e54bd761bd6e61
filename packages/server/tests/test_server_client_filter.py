"""The options of lists are the filters of the API, all of them, and what they send fits its types."""

import json
import re
import time
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLList, OperationDefinitionNode, get_named_type, get_variable_values, parse
from graphql.type import GraphQLInputObjectType, GraphQLNonNull
from packages.server.tests.counterpart import Person, data, scripted

from integrates.api.schema import new_schema
from integrates.server.client.filter import FINDINGS, NONE, ROOTS, VULNERABILITIES, Filter, moment

SCHEMA = new_schema()
EMPTY = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
FILTERS = {"FindingFilter": FINDINGS, "VulnerabilityFilter": VULNERABILITIES}


def members(name: str) -> dict[str, Any]:
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    return dict(kind.fields)


@pytest.mark.parametrize("name", FILTERS)
def test_each_member_of_a_filter_has_an_option(name: str) -> None:
    assert sorted(each.member for each in FILTERS[name]) == sorted(members(name))


def test_each_argument_of_the_list_of_roots_has_an_option() -> None:
    kind: Any = SCHEMA.type_map["Group"]
    assert sorted(each.member for each in ROOTS) == sorted(kind.fields["roots"].args)


def values_of(each: Filter) -> set[str]:
    """The values that an option takes."""
    lists = [kind for kind in each.kind.__args__ if kind is not type(None)]
    choice = getattr(lists[0], "__args__", lists)[0]
    return {one.value for one in choice}


@pytest.mark.parametrize(
    ("name", "each"),
    [(name, each) for name, table in FILTERS.items() for each in table],
    ids=lambda part: getattr(part, "member", part),
)
def test_the_values_of_an_option_are_those_of_the_api(name: str, each: Filter) -> None:
    kind = members(name)[each.member].type
    named = get_named_type(kind)
    if isinstance(named, GraphQLEnumType):
        takes_null = isinstance(kind, GraphQLList) and not isinstance(kind.of_type, GraphQLNonNull)
        assert values_of(each) == {*named.values, *((NONE,) if takes_null else ())}


OF_VULNERABILITIES = """
    --state safe --state SUBMITTED --treatment in_progress --verification none --verification requested --zero-risk CONFIRMED
    --acceptance none --acceptance submitted
    --type lines --technique sast --source machine --min-score 1.5 --max-score 9 --root backend --root-id r --tool bandit
    --rule B608 --cve CVE-2021-44228 --cwe CWE-89 --package log4j-core --tag pay --assigned a@example.com --text x
    --no-unassigned --overdue --suppressed --opened-since 2026-01-31 --opened-before 2026-02-01T12:00:00+02:00
    --closed-since 2026-01-01 --accepted-until-before 2026-12-31
"""
OF_FINDINGS = "--status vulnerable --status DRAFT --title sql --cwe CWE-89 --min-score 0 --max-score 10"
GIVEN: dict[str, tuple[str, Sequence[Filter], dict[str, Any]]] = {
    "vulnerabilities": (
        OF_VULNERABILITIES,
        VULNERABILITIES,
        {
            "states": ["SAFE", "SUBMITTED"],
            "acceptances": [None, "SUBMITTED"],
            "verifications": [None, "REQUESTED"],
            "minScore": 1.5,
            "isUnassigned": False,
            "isOverdue": True,
            "openedSince": "2026-01-31T00:00:00+00:00",
            "openedBefore": "2026-02-01T12:00:00+02:00",
        },
    ),
    "findings": (OF_FINDINGS, FINDINGS, {"statuses": ["VULNERABLE", "DRAFT"], "minScore": 0.0}),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_all_options_at_once_are_what_the_api_takes(person: Person, kind: str) -> None:
    options, table, some = GIVEN[kind]
    with scripted(data(group={kind: EMPTY})) as service:
        code, _, err = person.ask(service, "ls", kind, "--group", "shop", *options.split())
        assert (code, err) == (0, "")
    sent = json.loads(service.bodies[0])
    found = sent["variables"]["filter"]
    assert found.keys() == {each.member for each in table}
    assert {name: found[name] for name in some} == some
    (operation,) = parse(sent["query"]).definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert not isinstance(get_variable_values(SCHEMA, operation.variable_definitions or (), sent["variables"]), list)


def test_without_options_no_filter_is_sent(person: Person) -> None:
    with scripted(data(group={"vulnerabilities": EMPTY})) as service:
        assert person.ask(service, "ls", "vulnerabilities", "--group", "shop")[0] == 0
    assert json.loads(service.bodies[0])["variables"]["filter"] is None


def test_the_state_of_roots_is_sent(person: Person) -> None:
    with scripted(data(group={"roots": []})) as service:
        assert person.ask(service, "ls", "roots", "--group", "shop", "--state", "inactive")[0] == 0
    assert json.loads(service.bodies[0])["variables"] == {"group": "shop", "state": "INACTIVE"}


@pytest.mark.parametrize(
    "options",
    [("--state", "deleted"), ("--state", "none"), ("--min-score", "11"), ("--min-score", "x"), ("--opened-since", "yesterday"),
     ("--type", ""), ("--verification", "null"), ("--colour", "red")],
)  # fmt: skip
def test_what_the_api_does_not_know_is_refused_before_it_is_asked(person: Person, options: tuple[str, str]) -> None:
    with scripted(data(group={"vulnerabilities": EMPTY})) as service:
        code, out, err = person.ask(service, "ls", "vulnerabilities", "--group", "shop", *options)
    assert (code, out, service.requests) == (2, "", [])
    assert re.search(options[0], err)


def test_a_date_is_of_utc_wherever_somebody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Bogota")
    time.tzset()
    try:
        assert moment("2026-01-31") == "2026-01-31T00:00:00+00:00"
    finally:
        monkeypatch.undo()
        time.tzset()
