"""Every permission that a resolver asks about stands beside its field in the schema, and what stands there is asked about.

The schema is walked, with a query of every field of every type, while permissions note which field asks about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import timedelta
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

import pytest
from docs.matrix import LEVELS, needed
from graphql import (
    EnumValueNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from msgspec.structs import replace
from packages.api.tests.conftest import ANCHOR
from packages.api.tests.test_walker import MUTATIONS, QUERIES, ids_of, run_of, taken

from integrates.api.authorization import scope
from integrates.api.authorization.permissions import PERMISSIONS, permissions_of
from integrates.api.execute import new_api
from integrates.api.request.limits import Limits
from integrates.db_model import snapshots
from integrates.db_model.testing.scene import address_of
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
)

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

    from integrates.api.execute import Api

SHOWN_WITH: Mapping[str, str | None] = {
    **dict.fromkeys(("Query", "Mutation", "Me", "Stakeholder", "AccessToken", "Invitation")),
    "Organization": "organization:read",
    "OrganizationMember": "organization_member:read",
    "OrganizationFindingPolicy": "finding_policy:read",
    "Comment": "comment:read",
    "Event": "event:read",
}
"""What whoever sees an object of these types may do for sure; of all others they may read its group."""
VISIBLE: Mapping[str, frozenset[str]] = {
    "ORGANIZATION": frozenset({"organization:read"}),
    "GROUP": frozenset({"group:read"}),
    "ROOT": frozenset({"root:read"}),
    "ROOT_NICKNAME": frozenset({"root:read"}),
    "FINDING": frozenset({"finding:read", "draft:read"}),
    "VULNERABILITY": frozenset({"vulnerability:read", "draft:read", "zero_risk:read"}),
    "EVENT": frozenset({"event:read"}),
    "IMPORT": frozenset({"import:read"}),
    "FINDING_POLICY": frozenset({"finding_policy:read"}),
}
"""What an object that an argument names is visible with; the enum Target tells it."""
OTHERWISE = {
    (f"Mutation.{name}", permission)
    for name in ("addEventComment", "addGroupComment")
    for permission in ("observation:add", "observation:read", "zero_risk:read")
}
"""Who writes is judged alike wherever, but only comments on findings have types that need these."""
ELSEWHERE = {
    ("Comment.parent", "zero_risk:read"),
    ("Finding.where", "draft:read"),
    ("Finding.where", "zero_risk:read"),
    ("Import.changes", "draft:read"),
    ("Import.changes", "zero_risk:read"),
}
"""What the walk does not meet: an answer to a claim of no risk, what another field of a finding of the past has computed, and
what an import reported and somebody hid.

Nor does it meet the fields of summaries, which show what the fields that lead to them have asked about, nor subscriptions, of
which ``test_live`` looks at what each role is told.
"""
DEPTH = 3
COMMENT = """mutation ($id: ID!, $parent: ID) {
  addFindingComment(findingId: $id, type: OBSERVATION, content: "Hello", parentId: $parent) {
    comment { id } errors { code } } }"""
ASKING: ContextVar[str] = ContextVar("ASKING", default="")


def with_it(name: str) -> frozenset[str]:
    """Return the permissions, this one too, of every role that has a permission."""
    held = [frozenset[str](of(role)) for roles, of in LEVELS.values() for role in roles if name in of(role)]
    return frozenset[str].intersection(*held)


def implied(owner: str, field: GraphQLField) -> frozenset[str]:
    """Return what whoever sees an object of a type, and may use that field of it, may do for sure."""
    assert field.ast_node is not None
    wanted = (SHOWN_WITH.get(owner, "group:read"), *(name for name, is_whole in needed(field.ast_node) if is_whole))
    return frozenset[str]().union(*(with_it(name) for name in wanted if name))


class Noting(frozenset[str]):
    """Permissions that note which field asks about which."""

    notes: set[tuple[str, str]]

    def __contains__(self, name: object) -> bool:
        self.notes.add((ASKING.get(), str(name)))
        return super().__contains__(name)


def objects(schema: GraphQLSchema) -> Iterator[tuple[str, Mapping[str, GraphQLField]]]:
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            yield name, kind.fields


def listen(schema: GraphQLSchema) -> None:
    """Let every resolver say which field it resolves while it does."""

    def heard(path: str, resolve: Any) -> Any:
        async def waiting(value: Any) -> Any:
            ASKING.set(path)
            return await value

        def resolved(source: Any, info: Any, **args: Any) -> Any:
            before = ASKING.set(path)
            try:
                value = resolve(source, info, **args)
            finally:
                ASKING.reset(before)
            return waiting(value) if isawaitable(value) else value

        return resolved

    for name, fields in objects(schema):
        for field_name, field in fields.items():
            field.resolve = heard(f"{name}.{field_name}", field.resolve)


def selection(schema: GraphQLSchema, kind: Any, above: tuple[str, ...] = ()) -> str:
    """Write a selection of all fields, down to a depth, and of no type within itself twice."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if named.name in above or len(above) == DEPTH:
        return "{ __typename }"
    if isinstance(named, GraphQLInterfaceType):
        parts = (f"... on {one.name} {selection(schema, one, above)}" for one in schema.get_possible_types(named))
        return f"{{ __typename {' '.join(parts)} }}"
    page = named.name.endswith(("Connection", "Edge"))
    fields = ((name, field) for name, field in named.fields.items() if not page or name in {"nodes", "totalCount"})
    inner = above if page else (*above, named.name)
    return f"{{ __typename {' '.join(f'{name} {selection(schema, field.type, inner)}' for name, field in fields)} }}"


def declared(schema: GraphQLSchema) -> set[tuple[str, str, bool]]:
    """Return each field with each permission that it says it needs, and whether all of it does, or some part."""
    found = ((f"{owner}.{name}", field) for owner, fields in objects(schema) for name, field in fields.items())
    return {(path, name, whole) for path, field in found if field.ast_node for name, whole in needed(field.ast_node)}


def visibility(schema: GraphQLSchema) -> dict[str, set[str]]:
    """Return what is asked about the objects that the arguments of a field name, by the field."""
    found: dict[str, set[str]] = {}
    for owner, fields in objects(schema):
        for name, field in fields.items():
            assert field.ast_node is not None
            nodes = [*(field.ast_node.directives or ())]
            for argument in field.ast_node.arguments or ():
                nodes.extend(argument.directives or ())
            naming = [node for node in nodes if node.name.value in {"requires", "names"}]
            given = (argument.value for node in naming for argument in node.arguments or ())
            targets = {value.value for value in given if isinstance(value, EnumValueNode)}
            found[f"{owner}.{name}"] = {each for target in targets & VISIBLE.keys() for each in VISIBLE[target]}
    return found


async def furnish(world: World) -> None:
    """Add what some fields need to have something to ask about: something assigned, held, accepted by a policy, answered."""
    tenant, at = world.aurora, world.now()
    for person in ("ada", "uri"):
        by = address_of(person)
        treatment = Treatment(status=TreatmentStatus.IN_PROGRESS, assigned=by, justification="x" * 10, at=at, by=by)
        await world.report(tenant, f"src/{person}.py", treatment=treatment)
    by = address_of("ada")
    accepted = Treatment(
        status=TreatmentStatus.ACCEPTED_UNDEFINED,
        acceptance_status=AcceptanceStatus.APPROVED,
        justification="x" * 10,
        policy_id=tenant.policy.id,
        at=at,
        by=by,
    )
    await vulnerabilities.update(
        world.store, tenant.vulnerable.id, lambda old, _: replace(old, treatment=accepted), world.stamp()
    )
    held = Verification(status=VerificationStatus.ON_HOLD, event_id=tenant.event.id, at=at, by=by)
    await world.report(tenant, "src/held.py", verification=held)
    first = (await world.data("hana", COMMENT, id=tenant.finding.id))["addFindingComment"]["comment"]["id"]
    await world.data("hana", COMMENT, id=tenant.finding.id, parent=first)
    await snapshots.rebuild(world.store, tenant.group.name, ANCHOR.date() - timedelta(days=3), world.now())


@pytest.fixture
def listening() -> Api:
    """An API whose fields say that it is they who ask, without limits that would keep them from being asked for at once."""
    many = 10**9
    api = new_api(limits=Limits(depth=many, tokens=many, characters=many, cost=many, repeats=many, comparisons=many))
    listen(api.schema)
    return api


def test_what_stands_beside_a_field_are_permissions(api: Api) -> None:
    assert {name for _, name, _ in declared(api.schema)} <= PERMISSIONS


async def test_every_field_says_which_permissions_it_asks_about(
    world: World, listening: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: set[tuple[str, str]] = set()

    def noting(roles: Any) -> Noting:
        made = Noting(permissions_of(roles))
        made.notes = notes
        return made

    monkeypatch.setattr(scope, "permissions_of", noting)
    schema, tenant = listening.schema, world.aurora
    await furnish(world)
    ids = ids_of(tenant, await run_of(world, "ada", tenant))
    assert schema.query_type is not None
    for person in ("ada", "uri"):
        for query in QUERIES.values():
            head, name = query.rpartition("{ ")[0], query.partition("{ ")[2].partition("(")[0]
            asked = f"{head} {selection(schema, schema.query_type.fields[name].type)} }}"
            answer = await world.answer(person, asked, api=listening, **taken(query, ids))
            assert "errors" not in answer.body, (name, answer.body["errors"][:1])
        await world.answer(person, f"{{ me {selection(schema, schema.query_type.fields['me'].type)} }}", api=listening)
    for name in sorted(MUTATIONS, key=lambda name: name.startswith("remove")):
        await world.answer("ada", MUTATIONS[name], api=listening, **taken(MUTATIONS[name], ids))
    sure = {f"{owner}.{name}": implied(owner, one) for owner, found in objects(schema) for name, one in found.items()}
    asked_about = {(path, name) for path, name in notes if path and name not in sure[path]}
    said = {(path, name) for path, name, _ in declared(schema)}
    seen = {(path, name) for path, names in visibility(schema).items() for name in names}
    silent = sorted(asked_about - said - seen - OTHERWISE)
    assert silent == [], f"say with @requires, or with @partly, that these fields need these permissions: {silent}"
    kinds = ("GitRoot", "ImageRoot", "IPRoot", "URLRoot")
    done = {(path.replace("GitRoot", kind), name) for path, name in notes for kind in kinds}
    partly = {(path, name) for path, name, is_whole in declared(schema) if not is_whole}
    idle = sorted(
        (path, name) for path, name in partly - done - ELSEWHERE if not path.startswith(("Summary.", "Subscription."))
    )
    assert idle == [], f"these fields ask about no such permission: {idle}"
