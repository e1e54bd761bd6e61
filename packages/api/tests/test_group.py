"""Changing organizations and groups, their policies, and removing them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.test_adding import ERRORS, beaten, call, reasons

from integrates.db_model import groups
from integrates.db_model.entity import read
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

NOWHERE = "00000000-0000-4000-8000-00000000dead"
PEOPLE = ("vera", "uri", "hana", "reto", "remy")
UPDATE = f"""mutation ($name: ID!, $description: String, $language: Language, $context: String, $disambiguation: String,
                       $tags: [String!], $version: Int) {{
  updateGroup(name: $name, description: $description, language: $language, context: $context, disambiguation: $disambiguation,
              tags: $tags, expectedVersion: $version) {{
    group {{ description language context disambiguation tags version }} {ERRORS} }} }}"""
GROUP_POLICIES = f"""mutation ($name: ID!, $policies: PoliciesInput!, $version: Int) {{
  updateGroupPolicies(name: $name, policies: $policies, expectedVersion: $version) {{
    group {{ version policies {{ maxAcceptanceDays minAcceptanceSeverity maxAcceptanceSeverity daysUntilItBreaks
      vulnerabilityGracePeriod sourceSuppressionsPass own }} }} {ERRORS} }} }}"""
RESET = f"""mutation ($name: ID!, $version: Int) {{ resetGroupPolicies(name: $name, expectedVersion: $version) {{
  group {{ version policies {{ maxAcceptanceDays own }} }} {ERRORS} }} }}"""
REMOVE_GROUP = f"""mutation ($name: ID!, $reason: GroupRemovalReason = NO_SYSTEM, $comments: String, $version: Int) {{
  removeGroup(name: $name, reason: $reason, comments: $comments, expectedVersion: $version) {{ id {ERRORS} }} }}"""
ORGANIZATION_POLICIES = f"""mutation ($id: ID!, $policies: PoliciesInput!, $version: Int) {{
  updateOrganizationPolicies(id: $id, policies: $policies, expectedVersion: $version) {{
    organization {{ version policies {{ maxAcceptanceDays inactivityPeriod minBreakingSeverity own }} }} {ERRORS} }} }}"""
REMOVE_ORGANIZATION = f"""mutation ($id: ID!, $version: Int) {{
  removeOrganization(id: $id, expectedVersion: $version) {{ id {ERRORS} }} }}"""
OF_GROUP = {
    "update": (UPDATE, {"description": "Another"}),
    "policies": (GROUP_POLICIES, {"policies": {"maxAcceptanceDays": 1}}),
    "reset": (RESET, {}),
    "remove": (REMOVE_GROUP, {}),
}
OF_ORGANIZATION = {
    "policies": (ORGANIZATION_POLICIES, {"policies": {"maxAcceptanceDays": 1}}),
    "remove": (REMOVE_ORGANIZATION, {}),
}


async def webshop(world: World) -> Any:
    return await read.get_any(world.store, GROUP, group_key("webshop"))


async def test_what_a_group_says_of_itself(world: World) -> None:
    words = {"description": "The till", "language": "ES", "context": "Old", "disambiguation": "No shop", "tags": ["a", "b"]}
    done = await call(world, "greta", UPDATE, name="webshop", **words)
    assert done == {"group": {**words, "version": 2}, "errors": []}
    done = await call(world, "greta", UPDATE, name="webshop", context=None, tags=None)
    assert done["group"] == {**words, "context": None, "tags": [], "version": 3}
    assert (await call(world, "greta", UPDATE, name="webshop"))["group"]["version"] == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"description": None}, ("INVALID", "required", ["description"])),
        ({"description": "x" * 201}, ("INVALID", "too_long", ["description"])),
        ({"context": "x" * 20_001}, ("INVALID", "too_long", ["context"])),
        ({"disambiguation": "x" * 10_001}, ("INVALID", "too_long", ["disambiguation"])),
        ({"tags": ["fine", "Not"]}, ("INVALID", "bad_characters", ["tags", "1"])),
        ({"tags": [f"t{number}" for number in range(21)]}, ("LIMIT_EXCEEDED", "too_many_items", ["tags"])),
    ],
)
async def test_words_at_fault_change_nothing(world: World, given: Any, expected: Any) -> None:
    done = await call(world, "greta", UPDATE, name="webshop", **given)
    assert reasons(done) == [expected]
    assert await webshop(world) == world.aurora.group


async def test_policies_of_a_group_override_those_of_the_organization(world: World) -> None:
    identity = world.aurora.organization.id
    above = {"maxAcceptanceDays": 30, "inactivityPeriod": 21, "minBreakingSeverity": 4.5}
    done = await call(world, "olga", ORGANIZATION_POLICIES, id=identity, policies=above)
    assert done == {"organization": {"version": 2, "policies": {**above, "own": above}}, "errors": []}
    own = {"vulnerabilityGracePeriod": 3, "minAcceptanceSeverity": 1.0, "sourceSuppressionsPass": True}
    done = await call(world, "greta", GROUP_POLICIES, name="webshop", policies=own)
    inherited = {"maxAcceptanceDays": 30, "maxAcceptanceSeverity": 10.0, "daysUntilItBreaks": None}
    assert done == {"group": {"version": 2, "policies": {**inherited, **own, "own": own}}, "errors": []}
    done = await call(world, "greta", GROUP_POLICIES, name="webshop", policies={"minAcceptanceSeverity": None})
    assert done["group"]["policies"]["own"] == {"vulnerabilityGracePeriod": 3, "sourceSuppressionsPass": True}
    done = await call(world, "greta", RESET, name="webshop")
    assert done == {"group": {"version": 4, "policies": {"maxAcceptanceDays": 30, "own": {}}}, "errors": []}
    assert (await call(world, "greta", RESET, name="webshop"))["group"]["version"] == 4


async def test_a_value_of_the_organization_that_contradicts_the_group_counts_as_the_default_there(world: World) -> None:
    identity = world.aurora.organization.id
    above = {"daysUntilItBreaks": 7, "maxAcceptanceSeverity": 4.0}
    assert reasons(await call(world, "olga", ORGANIZATION_POLICIES, id=identity, policies=above)) == []
    own = {"vulnerabilityGracePeriod": 7, "minAcceptanceSeverity": 4.1}
    found = (await call(world, "greta", GROUP_POLICIES, name="webshop", policies=own))["group"]["policies"]
    assert (found["daysUntilItBreaks"], found["maxAcceptanceSeverity"]) == (None, 10.0)


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ({"maxAcceptanceDays": 1_000}, ("out_of_range", "maxAcceptanceDays")),
        ({"maxAcceptanceDays": -1}, ("out_of_range", "maxAcceptanceDays")),
        ({"maxNumberAcceptances": 101}, ("out_of_range", "maxNumberAcceptances")),
        ({"daysUntilItBreaks": 0}, ("out_of_range", "daysUntilItBreaks")),
        ({"remediationDaysLow": 0}, ("out_of_range", "remediationDaysLow")),
        ({"minBreakingSeverity": 10.1}, ("out_of_range", "minBreakingSeverity")),
        ({"minBreakingSeverity": 4.05}, ("bad_format", "minBreakingSeverity")),
        ({"minAcceptanceSeverity": 5.0, "maxAcceptanceSeverity": 4.9}, ("range_inverted", "minAcceptanceSeverity")),
        ({"vulnerabilityGracePeriod": 7, "daysUntilItBreaks": 7}, ("debt_before_grace", "daysUntilItBreaks")),
    ],
)
async def test_policies_at_fault_are_refused_everywhere(world: World, policies: Any, expected: tuple[str, str]) -> None:
    reason, name = expected
    identity = world.aurora.organization.id
    for done in (
        await call(world, "olga", ORGANIZATION_POLICIES, id=identity, policies=policies),
        await call(world, "greta", GROUP_POLICIES, name="webshop", policies=policies),
    ):
        assert reasons(done) == [("INVALID", reason, ["policies", name])]
    assert await webshop(world) == world.aurora.group
    assert await read.get(world.store, ORGANIZATION, organization_key(identity)) == world.aurora.organization


@pytest.mark.parametrize("number", [20, 1_000])
async def test_the_inactivity_period_has_limits_and_is_none_of_a_group(world: World, number: int) -> None:
    given = {"inactivityPeriod": number}
    done = await call(world, "olga", ORGANIZATION_POLICIES, id=world.aurora.organization.id, policies=given)
    assert reasons(done) == [("INVALID", "out_of_range", ["policies", "inactivityPeriod"])]
    done = await call(world, "greta", GROUP_POLICIES, name="webshop", policies={"inactivityPeriod": 90})
    assert reasons(done) == [("INVALID", "organization_only", ["policies", "inactivityPeriod"])]
    done = await call(world, "greta", GROUP_POLICIES, name="webshop", policies={"inactivityPeriod": None})
    assert (reasons(done), done["group"]["version"]) == ([], 1)


@pytest.mark.parametrize(
    "policies", [{"maxAcceptanceDays": "7"}, {"maxAcceptanceDays": 7.5}, {"sourceSuppressionsPass": 1}, {"unknown": 1}, 7, None]
)
async def test_policies_of_a_wrong_type_are_no_policies(world: World, policies: Any) -> None:
    answer = await world.answer("greta", GROUP_POLICIES, name="webshop", policies=policies)
    assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(("query", "given"), OF_GROUP.values(), ids=OF_GROUP)
async def test_who_may_change_a_group(world: World, query: str, given: Any) -> None:
    refused = [*PEOPLE, *(["greta"] if query is REMOVE_GROUP else [])]
    for person in refused:
        done = await call(world, person, query, name="webshop", **given)
        assert reasons(done) == [("FORBIDDEN", "missing_permission", ["name"])], person
    for person in ("olga2", "greta2", "otto"):
        seen = await world.answer(person, query, name="webshop", **given)
        assert seen == await world.answer(person, query, name="nothing-here", **given)
        assert reasons(next(iter(seen.body["data"].values()))) == [("NOT_FOUND", "not_found", ["name"])]
    assert await webshop(world) == world.aurora.group
    for person in ("olga", "ada"):
        assert reasons(await call(world, person, query, name="cargo" if person == "ada" else "webshop", **given)) == []


@pytest.mark.parametrize(("query", "given"), OF_ORGANIZATION.values(), ids=OF_ORGANIZATION)
async def test_who_may_change_an_organization(world: World, query: str, given: Any) -> None:
    identity = world.aurora.organization.id
    for person in ("greta", *PEOPLE):
        done = await call(world, person, query, id=identity, **given)
        assert reasons(done) == [("FORBIDDEN", "missing_permission", ["id"])], person
    for person in ("olga2", "otto"):
        assert await world.answer(person, query, id=identity, **given) == await world.answer(person, query, id=NOWHERE, **given)
    assert await read.get(world.store, ORGANIZATION, organization_key(identity)) == world.aurora.organization


@pytest.mark.parametrize(("query", "given"), OF_GROUP.values(), ids=OF_GROUP)
async def test_a_version_is_compared_before_anything_else_is_looked_at(world: World, query: str, given: Any) -> None:
    assert reasons(await call(world, "greta", UPDATE, name="webshop", tags=["new"])) == []
    for rest in (given, {**given, "description": "x" * 201, "policies": {"maxAcceptanceDays": -1}, "reason": "OTHER"}):
        sent = {name: value for name, value in rest.items() if f"${name}:" in query}
        done = await call(world, "olga", query, name="webshop", version=1, **sent)
        assert reasons(done) == [("CONFLICT", "stale_version", [])]
        assert done["errors"][0]["currentVersion"] == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"reason": "OTHER"}, ("required", ["comments"])),
        ({"reason": "OTHER", "comments": "x" * 9}, ("too_short", ["comments"])),
        ({"reason": "RENAME", "comments": "x" * 10_001}, ("too_long", ["comments"])),
    ],
)
async def test_a_removal_at_fault_removes_nothing(world: World, given: Any, expected: tuple[str, list[str]]) -> None:
    assert reasons(await call(world, "olga", REMOVE_GROUP, name="webshop", **given)) == [("INVALID", *expected)]
    assert await webshop(world) == world.aurora.group


async def test_a_removal_is_told_in_the_trail_of_the_organization(world: World) -> None:
    done = await call(world, "olga", REMOVE_GROUP, name="webshop", reason="OTHER", comments="The shop was sold.")
    assert done == {"id": "webshop", "errors": []}
    trail = "query ($id: ID!) { organization(id: $id) { audit(first: 100) { nodes { operation entity aspects } } } }"
    found = (await world.data("olga", trail, id=world.aurora.organization.id))["organization"]["audit"]["nodes"]
    assert [one["aspects"]["state"]["comments"] for one in found if one["operation"] == "remove_group"] == [
        "The shop was sold."
    ]


async def test_an_organization_goes_after_its_groups(world: World) -> None:
    identity = world.aurora.organization.id
    done = await call(world, "olga", REMOVE_ORGANIZATION, id=identity)
    assert reasons(done) == [("INVALID", "has_groups", [])]
    assert reasons(await call(world, "olga", REMOVE_GROUP, name="webshop")) == []
    assert await call(world, "olga", REMOVE_ORGANIZATION, id=identity) == {"id": identity, "errors": []}
    for person in ("olga", "uri", "ada"):
        shown = "query ($id: ID!) { organization(id: $id) { name } }"
        assert await world.answer(person, shown, id=identity) == await world.answer(person, shown, id=NOWHERE)
        named = '{ organization(name: "aurora") { id } me { organizations { name } invitations { role } } }'
        found = await world.data(person, named)
        assert found["organization"] is None
        assert "aurora" not in str(found)
    add = f'mutation {{ addOrganization(name: "aurora") {{ organization {{ name }} {ERRORS} }} }}'
    assert reasons(await call(world, "otto", add)) == [], "the name is free"


async def test_a_group_added_at_the_last_moment_keeps_its_organization(world: World) -> None:
    assert reasons(await call(world, "olga", REMOVE_GROUP, name="webshop")) == []

    async def added() -> None:
        given = {"name": "latest", "description": "Late"}
        await groups.create(world.store, world.aurora.organization, given, world.stamp())

    answer = await world.answer("olga", REMOVE_ORGANIZATION, store=beaten(world, added), id=world.aurora.organization.id)
    assert reasons(answer.body["data"]["removeOrganization"]) == [("INVALID", "has_groups", [])]


async def test_of_two_removals_at_once_one_finds_nothing(world: World) -> None:
    both = await asyncio.gather(*(call(world, person, REMOVE_GROUP, name="webshop") for person in ("olga", "ada")))
    assert sorted(map(reasons, both)) == [[], [("NOT_FOUND", "not_found", ["name"])]]
