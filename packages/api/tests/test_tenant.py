"""What can be reached from the objects of one tenant belongs to it; and a role counts as it is at each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from graphql import GraphQLNamedType, GraphQLSchema, get_named_type, is_abstract_type, is_leaf_type, is_required_argument
from msgspec.structs import replace
from packages.api.tests.conftest import Tenant, World

from integrates.api.execute import Api, new_api
from integrates.api.request.limits import Limits
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.types import AccessStatus, GroupAccess, GroupGrant, GroupRole
from integrates.db_model.entity.command import update

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

LEVELS = 5
ROOTS = {
    "me": "query {{ me {{ {Me} }} }}",
    "organization": "query ($id: ID!) {{ organization(id: $id) {{ {Organization} }} }}",
    "group": "query ($id: ID!) {{ group(name: $id) {{ {Group} }} }}",
    "root": "query ($id: ID!) {{ root(id: $id) {{ {Root} }} }}",
    "finding": "query ($id: ID!) {{ finding(id: $id) {{ {Finding} }} }}",
    "vulnerability": "query ($id: ID!) {{ vulnerability(id: $id) {{ {Vulnerability} }} }}",
}


def selection(schema: GraphQLSchema, kind: GraphQLNamedType, levels: int, asked: Collection[str] = ()) -> str:
    """Ask for every field that needs no argument and is not ``asked`` for already, so many levels deep."""
    parts = ["__typename"]
    for name, field in getattr(kind, "fields", {}).items():
        inner = get_named_type(field.type)
        if name in asked or any(map(is_required_argument, field.args.values())):
            continue
        if is_leaf_type(inner):
            parts.append(name)
        elif levels > 1:
            parts.append(f"{name} {{ {selection(schema, inner, levels - 1)} }}")
    possible = schema.get_possible_types(kind) if is_abstract_type(kind) else ()
    asked = getattr(kind, "fields", ())
    return " ".join([*parts, *(f"... on {each.name} {{ {selection(schema, each, levels, asked)} }}" for each in possible)])


@pytest.fixture(scope="module")
def boundless() -> Api:
    """The API without the limits that keep one from asking for everything at once."""
    high = 10**9
    return new_api(limits=Limits(characters=high, tokens=high, depth=high, cost=10**18, repeats=high))


def ids_of(tenant: Tenant) -> dict[str, str]:
    return {
        "organization": tenant.organization.id,
        "group": tenant.group.name,
        "root": tenant.root.id,
        "finding": tenant.finding.id,
        "vulnerability": tenant.vulnerable.id,
    }


def marks_of(tenant: Tenant) -> set[str]:
    """Texts that occur nowhere but in the answers about a tenant."""
    found = {getattr(tenant, name).id for name in tenant.__struct_fields__ if name != "group"}
    return found | {tenant.organization.info.name, tenant.group.name}


def found_in(text: str, marks: set[str]) -> set[str]:
    return {mark for mark in marks if mark in text}


@pytest.mark.parametrize(
    ("person", "unreached"),
    [
        ("greta", ()),
        ("olga", ()),
        ("remy", ("submitted", "hidden")),  # lists leave these out unless asked for them; managers find them in the audit trail
        ("uri", ("draft_finding", "submitted", "hidden")),
    ],
)
async def test_nothing_of_another_tenant_can_be_reached(
    world: World, boundless: Api, person: str, unreached: tuple[str, ...]
) -> None:
    foreign, own, reached = marks_of(world.harbor), marks_of(world.aurora), set()
    for root, template in ROOTS.items():
        kinds = {name: kind for name, kind in boundless.schema.type_map.items() if f"{{{name}}}" in template}
        query = template.format(**{name: selection(boundless.schema, kind, LEVELS) for name, kind in kinds.items()})
        variables: dict[str, Any] = {} if root == "me" else {"id": ids_of(world.aurora)[root]}
        answer = await world.answer(person, query, api=boundless, **variables)
        assert "errors" not in answer.body, answer.body["errors"]
        text = str(answer.body["data"])
        assert found_in(text, foreign) == set(), root
        reached |= found_in(text, own)
    assert own - reached == {getattr(world.aurora, name).id for name in unreached}


DRAFT = "query ($id: ID!) { finding(id: $id) { id } }"
CHANGE = """mutation ($id: ID!) { updateVulnerabilitiesTreatment(
  items: [{id: $id}], treatment: IN_PROGRESS, justification: "We work on it.") { errors { code reason message } } }"""


async def change(world: World, role: GroupRole, status: AccessStatus = AccessStatus.ACTIVE) -> None:
    """Change the access of greta."""

    def changed(old: GroupAccess, _: datetime) -> GroupAccess:
        return replace(old, access=GroupGrant(role=role), state=replace(old.state, status=status))

    await update(world.store, GROUP_ACCESS, group_access_key("greta@demo.example", "webshop"), changed, world.stamp())


async def test_a_role_counts_as_it_is_at_the_moment_of_each_request(world: World) -> None:
    draft, vulnerable = world.aurora.draft_finding.id, world.aurora.vulnerable.id
    assert (await world.data("greta", DRAFT, id=draft))["finding"] == {"id": draft}
    await change(world, GroupRole.REATTACKER)
    refused = (await world.data("greta", CHANGE, id=vulnerable))["updateVulnerabilitiesTreatment"]["errors"]
    assert [error["code"] for error in refused] == ["FORBIDDEN"]
    await change(world, GroupRole.USER)
    assert (await world.data("greta", DRAFT, id=draft))["finding"] is None
    await change(world, GroupRole.GROUP_MANAGER, AccessStatus.REMOVED)
    gone = (await world.data("greta", CHANGE, id=vulnerable))["updateVulnerabilitiesTreatment"]["errors"]
    assert [error["code"] for error in gone] == ["NOT_FOUND"]
    assert await world.data("greta", "{ me { groups { name } } }") == {"me": {"groups": []}}
