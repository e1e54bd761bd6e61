"""What is written once for every entity and every list, and what a document keeps of its own."""

import pytest
from graphql import build_ast_schema, parse, print_ast

from integrates.api.resolve.definition import expanded

DIRECTIVES = """
directive @requires(permission: String!, of: String!) on FIELD_DEFINITION
directive @weight(of: Int! = 0) on FIELD_DEFINITION
directive @entity(history: String = "history:read", of: String! = PARENT, partly: [String!]! = [],
  aspects: [String!]! = []) on OBJECT | INTERFACE
"""
REVISION = "type Revision { version: Int! } type PageInfo { hasNextPage: Boolean! } scalar DateTime"


def fields(text: str, owner: str) -> list[str]:
    """Expand a document and print the fields of a type, each in a line, without descriptions."""
    schema = build_ast_schema(expanded(parse(f"{DIRECTIVES} {text}", no_location=True)), assume_valid=True)
    nodes = getattr(schema.type_map[owner].ast_node, "fields", ())
    lines = [print_ast(node).splitlines() for node in nodes]
    return [" ".join(line.strip() for line in found if not line.strip().startswith('"')) for found in lines]


PAGED = "history( first: Int = 50 after: String ): RevisionConnection"
GUARD = '@requires(permission: "history:read", of: PARENT)'
WEIGHT = "@weight(of: 50)"
COMMON = ["version: Int!", "createdAt: DateTime!", "createdBy: String"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("type One @entity", ["id: ID!", "name: String", *COMMON, f"{PAGED} {GUARD} {WEIGHT}"]),
        ("type One @entity(history: null)", ["id: ID!", "name: String", *COMMON, f"{PAGED} {WEIGHT}"]),
        (
            'type One @entity(history: "a:b", of: PLATFORM)',
            ["id: ID!", "name: String", *COMMON, f'{PAGED} @requires(permission: "a:b", of: PLATFORM) {WEIGHT}'],
        ),
        (
            'type One @entity(aspects: ["state", "zeroRisk"])',
            [
                "id: ID!",
                "name: String",
                *COMMON,
                f"{PAGED} {GUARD} {WEIGHT}",
                f"{PAGED.replace('history', 'stateHistory', 1)} {GUARD} {WEIGHT}",
                f"{PAGED.replace('history', 'zeroRiskHistory', 1)} {GUARD} {WEIGHT}",
            ],
        ),
        ("interface One @entity", ["id: ID!", "name: String", *COMMON, f"{PAGED} {WEIGHT}"]),
        ("type One", ["name: String"]),
    ],
)
def test_an_entity_has_what_all_entities_have(head: str, expected: list[str]) -> None:
    assert fields(f"{head} {{ name: String }} {REVISION}", "One") == expected


def test_an_id_that_a_type_writes_itself_stays_where_it_is() -> None:
    found = fields(f'type One @entity {{ name: String "The name" id: ID! }} {REVISION}', "One")
    assert found[:3] == ["name: String", "id: ID!", "version: Int!"]


def test_a_list_takes_the_arguments_of_a_page_behind_its_own() -> None:
    one = f"type One {{ a: Int }} {REVISION}"
    text = f'type Query {{ ones(text: String): OneConnection! @requires(permission: "a", of: B) }} {one}'
    assert fields(text, "Query") == [
        'ones( text: String first: Int = 50 after: String ): OneConnection! @requires(permission: "a", of: B)'
    ]
    assert fields(text, "OneConnection") == ["edges: [OneEdge!]!", "nodes: [One!]!", "pageInfo: PageInfo!", "totalCount: Int"]
    assert fields(text, "OneEdge") == ["node: One!", "cursor: String!"]


def test_a_connection_is_made_once_however_often_it_is_named() -> None:
    one = f"type One {{ c: OneConnection }} {REVISION}"
    text = f"type Query {{ a: OneConnection }} extend type Query {{ b: OneConnection! }} {one}"
    document = expanded(parse(text))
    names = [getattr(node, "name").value for node in document.definitions]  # noqa: B009 -- not every definition has a name
    assert names == ["Query", "One", "Revision", "PageInfo", "DateTime", "OneConnection", "OneEdge"]
    build_ast_schema(document)
    assert [line.split("(")[0] for line in fields(text, "Query")] == ["a", "b"]


def test_what_follows_is_described() -> None:
    text = f"type One @entity {{ a: Int }} {REVISION}"
    lines = [line.strip() for line in print_ast(expanded(parse(f"{DIRECTIVES} {text}"))).splitlines()]
    own = [
        index for index, line in enumerate(lines) if line.startswith(("edges", "cursor", "totalCount", "after", "createdBy"))
    ]
    assert len(own) == 5
    assert all(lines[index - 1].startswith('"') for index in own)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extend type Qeury { a: Int }", "Qeury"),
        ("type Query { a: NothingConnection }", "Nothing"),
        ("type Query { a(first: Int): OneConnection } type One { a: Int }", "first"),
        ("type Query { a: OneConnection } type One { a: Int } type OneConnection { a: Int }", "OneConnection"),
        ("type Query @entity(histroy: null) { a: Int }", "histroy"),
    ],
)
def test_a_slip_of_the_pen_is_refused_by_whoever_builds_the_schema(text: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        build_ast_schema(expanded(parse(f"{DIRECTIVES} {REVISION} {text}")))


def test_the_given_document_stays_as_it_is() -> None:
    document = parse(f"{DIRECTIVES} type One @entity {{ a: OneConnection }} extend type One {{ b: Int }} {REVISION}")
    before = print_ast(document)
    expanded(document)
    assert print_ast(document) == before
