"""The schema itself: described, guarded, and no different from what was promised."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    ConstValueNode,
    EnumValueNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    StringValueNode,
    build_schema,
    find_breaking_changes,
    is_specified_scalar_type,
    print_schema,
)

from integrates.api.authorization.permissions import PERMISSIONS
from integrates.api.execute import Api
from integrates.api.resolve.attribute import missing

SNAPSHOT = Path(__file__).parent / "schema.graphql"
PAYLOADS = (
    "AddAccessTokenPayload",
    "AddGitRootPayload",
    "AddGroupPayload",
    "AddOrganizationPayload",
    "ImportVulnerabilitiesPayload",
    "RevokeAccessTokenPayload",
    "UpdateOrganizationPayload",
    "UpdateVulnerabilitiesTreatmentPayload",
)


def _fields(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            yield from ((f"{name}.{field_name}", field) for field_name, field in kind.fields.items())


def _text(node: ConstValueNode) -> str:
    assert isinstance(node, StringValueNode | EnumValueNode)
    return node.value


def _directives(field: GraphQLField) -> dict[str, dict[str, str]]:
    nodes = (field.ast_node.directives if field.ast_node else None) or ()
    return {
        node.name.value: {argument.name.value: _text(argument.value) for argument in node.arguments or ()} for node in nodes
    }


def _undescribed(schema: GraphQLSchema) -> Iterator[str]:
    for name, kind in schema.type_map.items():
        own = name.startswith("__") or is_specified_scalar_type(kind)
        parts = {**getattr(kind, "fields", {}), **getattr(kind, "values", {})}
        described = {name: kind, **{f"{name}.{part}": found for part, found in parts.items()}}
        arguments = {f"{name}.{part}({arg})": a for part, f in parts.items() for arg, a in getattr(f, "args", {}).items()}
        yield from (place for place, found in {**described, **arguments}.items() if not own and not found.description)


def test_everything_is_described(api: Api) -> None:
    assert list(_undescribed(api.schema)) == []


def _open(schema: GraphQLSchema) -> list[str]:
    """Name the fields that do not say who may use them."""
    return [
        name
        for name, field in _fields(schema)
        if name.startswith(("Query.", "Mutation.")) and not _directives(field).keys() & {"requires", "authenticated"}
    ]


def test_every_query_and_mutation_says_who_may_use_it(api: Api) -> None:
    assert _open(api.schema) == []


def test_a_field_that_does_not_say_so_is_found() -> None:
    schema = build_schema("""
        directive @authenticated on FIELD_DEFINITION
        directive @cached on FIELD_DEFINITION
        type Query { guarded: Int @authenticated, forgotten: Int @cached }
        type Mutation { forgotten: Int }
    """)
    assert _open(schema) == ["Query.forgotten", "Mutation.forgotten"]


def test_histories_of_shared_objects_are_guarded(api: Api) -> None:
    own = {"Me.history", "AccessToken.history", "Root.history"}
    unguarded = {name for name, field in _fields(api.schema) if name.lower().endswith("history") and not _directives(field)}
    assert unguarded == own


def test_guards_name_permissions_and_arguments_that_exist(api: Api) -> None:
    for name, field in _fields(api.schema):
        rule = _directives(field).get("requires")
        if rule:
            assert rule["permission"] in PERMISSIONS, name
            assert ("by" in rule) == (rule["of"] not in {"PLATFORM", "PARENT"}), name
            assert rule.get("by") in {None, *field.args}, name


def test_payloads_hold_nullable_objects_and_errors(api: Api) -> None:
    assert api.schema.mutation_type is not None
    for field in api.schema.mutation_type.fields.values():
        payload = field.type
        assert isinstance(payload, GraphQLObjectType)
        kinds = {name: str(found.type) for name, found in payload.fields.items()}
        assert kinds.pop("errors") == "[UserError!]!"
        assert not [kind for kind in kinds.values() if kind.endswith("!")]


def test_every_payload_is_one_of_a_mutation(api: Api) -> None:
    assert tuple(sorted(name for name in api.schema.type_map if name.endswith("Payload"))) == PAYLOADS


def test_connections_have_one_shape(api: Api) -> None:
    for name, kind in api.schema.type_map.items():
        if name.endswith("Connection"):
            assert isinstance(kind, GraphQLObjectType)
            node = name.removesuffix("Connection")
            assert {field: str(found.type) for field, found in kind.fields.items()} == {
                "edges": f"[{node}Edge!]!",
                "nodes": f"[{node}!]!",
                "pageInfo": "PageInfo!",
                "total": "Int",
            }


def test_lists_that_are_paged_take_first_and_after(api: Api) -> None:
    for name, field in _fields(api.schema):
        if str(field.type).removesuffix("!").endswith("Connection"):
            assert str(field.args["first"].type) == "Int", name
            assert str(field.args["after"].type) == "String", name


def test_a_resolver_without_a_field_is_a_mistake(api: Api) -> None:
    assert missing(api.schema, {"Group": {"nmae": "name"}}) == ("Group.nmae",)


def test_the_committed_schema_is_current(api: Api) -> None:
    printed = print_schema(api.schema) + "\n"
    assert SNAPSHOT.read_text(encoding="utf-8") == printed, (
        f"the schema changed: look at the difference and write it to {SNAPSHOT.name}"
    )


def _released() -> str | None:
    """Return the schema of the newest release of the API, by its tag."""
    root = SNAPSHOT.parent
    tags = subprocess.run(
        ["git", "tag", "--list", "integrates-api-*", "--sort=-creatordate"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    if not tags:
        return None
    shown = subprocess.run(
        ["git", "show", f"{tags[0]}:./{SNAPSHOT.name}"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout


def test_nothing_breaks_since_the_last_release(api: Api) -> None:
    released = _released()
    if released is None:
        pytest.skip("no release of the API is tagged yet")
    breaks = find_breaking_changes(build_schema(released), api.schema)
    assert [change.description for change in breaks] == []
