"""The reference of the API: what it says of each name, and for which reasons mutations refuse."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from graphql import parse
from graphql.pyutils import camel_to_snake as snake
from msgspec.structs import fields
from packages.api.tests.conftest import ANCHOR, World
from packages.api.tests.test_argument import TABLES
from packages.api.tests.told import told, untold

from integrates.api.errors import Code
from integrates.api.reference.entry import Entry, Kind, Part, Typed, reference_of
from integrates.api.reference.reason import ALWAYS, OWN, codes_of, reasons_of
from integrates.api.schema import definition
from integrates.db_model.errors import Reason, Rejected, Rejections

INTERNAL = {
    Reason.FIXED,  # what a command never changes
    Reason.NOT_CANONICAL,  # the API brings arguments into their stored form
    Reason.NOT_EMPTY,  # removeFinding removes what is in it first
    Reason.NOT_FIRST,  # demo data only
    Reason.SERVICE_ROLE,  # nobody may grant the role, which is looked at before
    Reason.UNKNOWN_PERSON,  # batch jobs only
    Reason.WRONG_PARENT,  # the guard does not find what is elsewhere
}
"""Those that the model has for programs that call it without the API."""
SCHEMA = '''
directive @deprecated(reason: String) on FIELD_DEFINITION
type Query {
  "Thing by id"
  thing(
    "Id of the thing"
    id: ID!
    "How many"
    first: Int = 5
  ): Thing @requires(permission: "thing:read", of: THING, by: "id") @partly(needs: ["draft:read"])
}
type Mutation { "Change a thing" change(id: ID!, names: [String!]! @most(items: 3)): ChangePayload }
type Subscription { "Tells of things" things: [Thing!]! }
type ChangePayload { thing: Thing }
"""
What can be
named
"""
interface Named { name: String! }
union Any = Thing | Other
type Other { name: String }
type Thing implements Named {
  "Its name"
  name: String! @deprecated(reason: "Use `title`.")
  others(filter: Filter): OtherConnection! @weight(of: 7, past: 9)
  colour: Colour
}
type OtherConnection { nodes: [Other!]! }
type OtherEdge { node: Other! }
input Filter { colour: Colour!, size: Int = 3, like: String! = "x" }
enum Colour { "The colour of blood" RED BLUE @deprecated(reason: "Use `RED`.") }
"A time"
scalar Time
'''


@pytest.fixture(scope="module")
def small() -> Mapping[str, Entry]:
    return {entry.name: entry for entry in reference_of(parse(SCHEMA))}


def test_names_are_sorted_by_kind(small: Mapping[str, Entry]) -> None:
    kinds = [(entry.kind.value, entry.name) for entry in small.values()]
    assert kinds == [
        ("query", "thing"),
        ("mutation", "change"),
        ("subscription", "things"),
        ("object", "Other"),
        ("object", "Thing"),
        ("interface", "Named"),
        ("union", "Any"),
        ("list", "OtherConnection"),
        ("list", "OtherEdge"),
        ("payload", "ChangePayload"),
        ("input", "Filter"),
        ("enumeration", "Colour"),
        ("scalar", "Time"),
        ("directive", "deprecated"),
    ]


def test_a_query_is_told_with_its_arguments_and_permissions(small: Mapping[str, Entry]) -> None:
    first = Part(name="first", meaning="How many", type=Typed("Int", "Int"), default="5")
    given = Part(name="id", meaning="Id of the thing", type=Typed("ID!", "ID"))
    own = Part(
        name="thing",
        meaning="Thing by id",
        type=Typed("Thing", "Thing"),
        arguments=(given, first),
        needs="thing:read",
        partly=("draft:read",),
    )
    assert small["thing"] == Entry(name="thing", kind=Kind.QUERY, meaning="Thing by id", own=own)
    assert [part.is_required for part in small["thing"].arguments] == [True, False]


def test_a_field_is_told_with_its_cost_and_its_end(small: Mapping[str, Entry]) -> None:
    name, others, colour = small["Thing"].parts
    assert (name.deprecated, name.is_paged, others.is_paged, others.weight, others.past) == ("Use `title`.", False, True, 7, 9)
    assert (colour.type, colour.weight, colour.deprecated) == (Typed("Colour", "Colour"), 0, "")
    assert [(one.name, one.meaning, one.deprecated) for one in small["Colour"].parts] == [
        ("RED", "The colour of blood", ""),
        ("BLUE", "", "Use `RED`."),
    ]
    assert small["change"].arguments[1].items == 3


def test_a_member_with_a_default_is_not_required(small: Mapping[str, Entry]) -> None:
    assert [(one.name, one.is_required) for one in small["Filter"].parts] == [
        ("colour", True),
        ("size", False),
        ("like", False),
    ]


def test_a_description_is_one_line(small: Mapping[str, Entry]) -> None:
    assert small["Named"].meaning == "What can be named"


def test_types_tell_where_they_are_shown_and_what_they_belong_to(small: Mapping[str, Entry]) -> None:
    assert small["Thing"].shown_by == ("ChangePayload.thing", "thing", "things")
    assert small["Colour"].shown_by == ("Filter.colour", "Thing.colour")
    assert small["Filter"].shown_by == ("Thing.others",)
    related = {name: entry.related for name, entry in small.items() if entry.related}
    assert related == {"Any": ("Thing", "Other"), "Named": ("Thing",), "Thing": ("Named",)}


def test_what_cannot_be_shown_is_not_left_out() -> None:
    with pytest.raises(ValueError, match="cannot show"):
        reference_of(parse("schema { query: Query } type Query { a: Int }"))


def test_no_two_names_of_the_schema_are_the_same() -> None:
    names = [entry.name for entry in entries()]
    assert len(names) == len(set(names)) > 250


@cache
def entries() -> tuple[Entry, ...]:
    return reference_of(definition())


def mutations() -> dict[str, Entry]:
    return {entry.name: entry for entry in entries() if entry.kind is Kind.MUTATION}


def test_every_mutation_tells_for_which_reasons_it_refuses() -> None:
    assert OWN.keys() == mutations().keys(), "name the reasons of each mutation in OWN of integrates/api/reference/reason.py"


def test_every_reason_is_told_by_a_mutation_or_is_none_of_the_api() -> None:
    everywhere = ALWAYS.union(*map(reasons_of, mutations().values()))  # type: ignore[attr-defined] # a frozenset
    assert set(Reason) - everywhere == INTERNAL


def test_no_reason_is_told_twice() -> None:
    derived = {name: reasons_of(entry) - OWN[name] for name, entry in mutations().items()}
    assert {name: OWN[name] & ALWAYS for name in OWN if OWN[name] & ALWAYS} == {}
    assert derived["updateGroup"] == {Reason.NOT_FOUND, Reason.STALE_VERSION}
    assert derived["addAccessToken"] == set()
    assert derived["removeVulnerabilities"] >= {
        Reason.NOT_FOUND,
        Reason.STALE_VERSION,
        Reason.TOO_MANY_ITEMS,
        Reason.UNAVAILABLE,
    }


def test_the_errors_of_fields_follow_from_their_arguments() -> None:
    found = {entry.name: entry for entry in entries()}
    groups = next(part for part in found["Group"].parts if part.name == "vulnerabilities")
    assert codes_of(groups) == (Code.BAD_CURSOR, Code.BAD_USER_INPUT)
    assert [codes_of(own) for name in ("finding", "event") if (own := found[name].own)] == [(Code.BAD_USER_INPUT,), ()]


TRIED: tuple[Any, ...] = (
    *(
        "",
        " ",
        "x",
        "ab",
        "a" * 30,
        "a b c",
        "x\x00y",
        "x\u202ey",
        "a\nb",
        "a" * 300,
        "a" * 20_000,
        "9x",
        "9abcde",
        "-",
        "*",
        "..",
        "/etc",
    ),
    *(
        "a/../b",
        "http://",
        "http://a:b@c.example/x",
        "https://a.example/x y",
        "ftp://a.example",
        "é",
        "10.0.0.1",
        "XX",
        "CWE-0",
    ),
    *("a@b.example", "CVSS:3.1/x", "CVSS:4.0/x", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
    *([], ["a"], ["a", "a"], [""], ["x\x00"], ["a" * 5000], [str(one) for one in range(200)], ["*"], ["**"], ["b d"]),
    *(-1, 0, 1, 10**9, Decimal(-1), Decimal(11), Decimal("5.55"), True),
    *(ANCHOR - timedelta(days=9999), ANCHOR + timedelta(days=1), ANCHOR + timedelta(days=99_999)),
    *({"max_acceptance_days": -1}, {"inactivity_period": 1}, {"min_acceptance_severity": Decimal("1.23")}),
)
"""What may be wrong with an argument of any type."""


def refused(rule: Any) -> Iterator[Reason]:
    """The reasons for which a rule refuses what is tried; what is of another type than it expects may fail otherwise."""
    for value in TRIED:
        try:
            rule(value, ())
        except Rejected as one:
            yield one.reason
        except Rejections as several:
            yield from (one.reason for one in several.refusals)
        except (AttributeError, TypeError, ValueError, ArithmeticError):
            continue


@pytest.mark.parametrize("name", sorted(name for name, table in TABLES.items() if table))
def test_what_the_rules_of_arguments_refuse_is_told(name: str) -> None:
    table, entry = TABLES[name], mutations()[name]
    assert table is not None
    given = {snake(argument.name): argument for argument in entry.arguments}
    enumerations = {one.name for one in entries() if one.kind is Kind.ENUMERATION}
    of_the_type = {rule for rule in table.rules if rule in given and given[rule].type.name in enumerations}
    found = {reason for rule in table.rules.keys() & given.keys() - of_the_type for reason in refused(table.rules[rule])}
    optional = {snake(part.name) for part in entry.arguments if not part.is_required}
    needed = {field.name for field in fields(table.into) if field.required and field.name in given}
    missing = {Reason.REQUIRED} if optional & needed else set()
    assert {reason.name for reason in found | missing} - told()[name] == set()


async def test_a_reason_that_is_not_told_is_noticed(world: World) -> None:
    query = 'mutation { one: updateMe(firstName: "") { errors { reason } } addGroup { errors { reason } } }'
    body = {"data": {"one": {"errors": [{"reason": "HIDDEN"}, {"reason": "REQUIRED"}]}, "addGroup": None}}
    assert list(untold(query, body)) == ["updateMe: HIDDEN"]
    answer = await world.data("greta", f'mutation {{ updateMe(firstName: "{"x" * 500}") {{ errors {{ reason }} }} }}')
    assert answer["updateMe"]["errors"] == [{"reason": "TOO_LONG"}]
