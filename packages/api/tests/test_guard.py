"""The guard of a field finds its object once, hands it on, and refuses to stand where it could not guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ariadne import ObjectType, make_executable_schema
from graphql import graphql
from packages.api.tests.test_changing import ADD
from packages.api.tests.test_import_mutation import run, sarif
from packages.api.tests.test_walker import decisions_of

from integrates.api.authorization.scope import NOWHERE, Scope
from integrates.api.authorization.sight import Sight, nothing
from integrates.api.guard.directive import Guard, Requires, verdict
from integrates.api.guard.target import FINDERS, Target
from integrates.db_model import forces

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLSchema
    from packages.api.tests.conftest import World

SCHEMA = """
directive @requires(permission: String!, of: Target!, by: [String!]) on FIELD_DEFINITION
enum Target { PLATFORM GROUP }
type Query { group(name: ID!): ID @requires(%s) }
"""


def assembled(rule: str, resolve: Callable[..., Any] | None) -> GraphQLSchema:
    """Assemble a schema of one guarded field, with or without a resolver."""
    query = ObjectType("Query")
    if resolve:
        query.set_field("group", resolve)
    return make_executable_schema(
        SCHEMA % rule,
        query,
        directives={"requires": Requires},  # type: ignore[type-abstract] # Ariadne makes its visitors from a Protocol
    )


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            'permission: "group:raed", of: GROUP, by: "name"',
            "@requires of Query.group asks for group:raed, which is no permission",
        ),
        ('permission: "group:read", of: GROUP, by: "nmae"', "@requires of Query.group names the argument nmae"),
    ],
)
def test_a_guard_that_asks_for_nothing_is_a_mistake(rule: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        assembled(rule, lambda *_: None)


def test_a_guard_that_cannot_wrap_its_field_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"@requires cannot guard Query\.group: the field has no resolver"):
        assembled('permission: "group:read", of: GROUP, by: "name"', None)


async def test_the_resolver_gets_what_was_found_in_place_of_the_argument(world: World) -> None:
    given: list[Any] = []

    def resolve(seen: Sight[Any], _info: Any, **args: Any) -> str:
        given.append((seen.found, seen.scope.group, args))
        return "shown"

    schema = assembled('permission: "group:read", of: GROUP, by: "name"', resolve)
    shown = await graphql(schema, '{ group(name: "webshop") }', context_value=world.started("uri"))
    assert (shown.errors, shown.data) == (None, {"group": "shown"})
    found, group, args = given[0]
    assert found == group == world.aurora.group
    assert args == {}
    hidden = await graphql(schema, '{ group(name: "cargo") }', context_value=world.started("uri"))
    assert (hidden.data, len(given)) == ({"group": None}, 1)


ORGANIZATION = "query ($id: ID, $name: String) { organization(id: $id, name: $name) { id } }"


@pytest.mark.parametrize("person", ["uri", "uri2"])
async def test_an_organization_is_named_in_one_way(world: World, person: str) -> None:
    organization = world.aurora.organization
    none_or_both: list[dict[str, Any]] = [{}, {"id": None}, {"id": organization.id, "name": "aurora"}, {"id": "x", "name": "x"}]
    for variables in none_or_both:
        answer = await world.answer(person, ORGANIZATION, **variables)
        (error,) = answer.body["errors"]
        assert (answer.body["data"], error["extensions"]) == ({"organization": None}, {"code": "BAD_USER_INPUT"})
    shown = {"id": organization.id} if person == "uri" else None
    one: list[dict[str, Any]] = [{"id": organization.id}, {"name": "aurora"}, {"id": None, "name": "aurora"}]
    for variables in one:
        assert await world.data(person, ORGANIZATION, **variables) == {"organization": shown}


@pytest.mark.parametrize("target", sorted(set(Target) - {Target.PLATFORM, Target.PARENT}))
async def test_a_stranger_finds_nothing_of_any_kind(world: World, target: Target) -> None:
    mine, imported = world.aurora, await run(world, sarif(("r1", "app/a.py", 1)))
    token = await world.data("uri", ADD, name="laptop")
    gate = {"id": world.new_id(), "strictness": "STRICT"}
    value: Any = {
        Target.ORGANIZATION: mine.organization.id,
        Target.GROUP: mine.group.name,
        Target.ROOT: mine.root.id,
        Target.ENVIRONMENT_URL: mine.environment.id,
        Target.ROOT_NICKNAME: mine.root.info.nickname,
        Target.FINDING: mine.finding.id,
        Target.VULNERABILITY: mine.vulnerable.id,
        Target.IMPORT: imported["import"]["id"],
        Target.FORCES_EXECUTION: (await forces.execute(world.store, mine.group, gate, world.stamp(), world.files)).id,
        Target.DECISION_IMPORT: await decisions_of(world, "ada", mine),
        Target.EVENT: mine.event.id,
        Target.FINDING_POLICY: mine.policy.id,
        Target.ACCESS_TOKEN: token["addAccessToken"]["token"]["id"],
    }[target]
    group = {} if target is Target.ORGANIZATION else {"group_name": mine.group.name}
    for args in (group, {**group, "as_of": world.now()}):
        assert (await FINDERS[target](world.started("uri"), value, args)).unseen == ()
        for person in ("uri2", "otto"):
            assert await FINDERS[target](world.started(person), value, args) == nothing()


GUARD = Guard(
    "root:add", Target.GROUP, ("group_name",), {"root_id": Target.ROOT}, {"group_name": "groupName", "root_id": "rootId"}
)
MAY = Scope(permissions=frozenset({"root:add"}))


def test_what_is_not_visible_is_told_before_a_missing_permission() -> None:
    hidden = Sight(NOWHERE, None, unseen=(("groupName",), ("rootId",)))
    assert [(one.reason, one.path) for one in verdict(GUARD, hidden)] == [
        ("not_found", ("groupName",)),
        ("not_found", ("rootId",)),
    ]
    assert [(one.reason, one.path) for one in verdict(GUARD, Sight(NOWHERE, "x"))] == [("missing_permission", ("groupName",))]
    assert verdict(GUARD, Sight(MAY, "x")) == ()
    assert nothing().unseen == ((),)


def test_references_are_handed_on_because_they_name_versions() -> None:
    bulk = Guard("vulnerability:treat", Target.VULNERABILITY, ("items",), {}, {"items": "items"})
    assert bulk.handed({"items": [{"id": "x"}], "treatment": "y"}) == {"items": [{"id": "x"}], "treatment": "y"}
    assert GUARD.handed({"group_name": "webshop", "root_id": "x", "url": "y"}) == {"url": "y"}


def test_a_list_whose_items_name_objects_is_handed_on() -> None:
    """Its items have more to tell than what they name."""
    reports = Guard(
        "vulnerability:submit",
        Target.FINDING,
        ("finding_id",),
        {"vulnerabilities": Target.ROOT},
        {"finding_id": "findingId", "vulnerabilities": "vulnerabilities"},
        {"vulnerabilities": "rootId"},
    )
    given = [{"root_id": "x", "where": "y"}]
    assert reports.handed({"finding_id": "z", "vulnerabilities": given}) == {"vulnerabilities": given}
