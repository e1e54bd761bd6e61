"""Every field of an entity is shown by the API, or said here not to be."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from graphql import GraphQLNamedType, build_schema, get_named_type
from msgspec import inspect

from integrates.api.schema import WRITTEN, new_schema
from integrates.db_model.entity.facet import structs_of
from integrates.db_model.entity.types import Entity
from integrates.db_model.registry import FACETS

FieldPath = tuple[str, ...]
"""The names of what a field is in, and its own."""
ENGINE = "of the engine"
PARENT = "one comes from there"
SECRET = "nobody's business, or it would let others guess"
HISTORY = "the history tells who changed what when, and why"
STATE = "shown as `state` or `status`, or only what is in one state is shown"
NOT_SHOWN: Mapping[FieldPath, str] = {
    ("schema",): ENGINE,
    ("updated_at",): HISTORY,
    ("state", "at"): HISTORY,
    ("state", "by"): HISTORY,
    ("state", "status"): STATE,
    ("organization_id",): PARENT,
    ("access_token", "jti_hash"): SECRET,
    ("access_token", "kind"): "only tokens of the API are shown",
    ("access_token", "owner"): PARENT,
    ("access_token", "slot"): ENGINE,
    ("comment", "created_at"): "shown as `at`",
    ("comment", "created_by"): "shown as `by`",
    ("comment", "event_id"): PARENT,
    ("comment", "finding_id"): PARENT,
    ("comment", "group_name"): PARENT,
    ("comment", "version"): "it never changes",
    ("event", "state", "reason"): "shown as `solvingReason`",
    ("finding", "scored"): ENGINE,
    ("finding", "state", "justification"): HISTORY,
    ("finding", "state", "keeps_claim"): HISTORY,
    ("forces_execution", "asked", "root_nickname"): "the root is shown",
    ("forces_execution", "created_at"): "shown as `executionDate`",
    ("forces_execution", "created_by"): "the CI identity of the group",
    ("forces_execution", "log", "sha256"): "the log itself is shown",
    ("forces_execution", "log", "size"): "the log itself is shown",
    ("forces_execution", "version"): "it never changes",
    ("group", "state", "reason"): HISTORY,
    ("group_access", "email"): PARENT,
    ("group_access", "group_name"): PARENT,
    ("group_access", "invitation", "jti_hash"): SECRET,
    ("group_access", "invitation", "sent_at"): HISTORY,
    ("decision_import", "file", "size"): "not asked for yet",
    ("import", "file", "size"): "not asked for yet",
    ("organization_access", "email"): PARENT,
    ("organization_access", "invitation", "jti_hash"): SECRET,
    ("organization_access", "invitation", "responsibility"): "only members of groups have one",
    ("organization_access", "invitation", "sent_at"): HISTORY,
    ("root_environment_url", "group_name"): PARENT,
    ("vulnerability", "identity"): ENGINE,
    ("vulnerability", "number"): ENGINE,
    ("vulnerability", "state", "closing_reason"): HISTORY,
    ("vulnerability", "state", "comments"): HISTORY,
    ("vulnerability", "state", "justification"): HISTORY,
    ("vulnerability", "state", "keeps_claim"): HISTORY,
    ("vulnerability", "state", "other"): HISTORY,
    ("vulnerability", "state", "rejection_reasons"): HISTORY,
    ("vulnerability", "tool", "mark", "byte_offset"): ENGINE,
    ("vulnerability", "tool", "mark", "char_offset"): ENGINE,
    ("vulnerability", "tool", "mark", "location_message"): ENGINE,
    ("vulnerability", "tool", "mark", "logical"): ENGINE,
    ("vulnerability", "tool", "mark", "message"): ENGINE,
    ("vulnerability", "tool", "mark", "start_column"): ENGINE,
    ("vulnerability", "tool", "suppressions"): "shown as `suppression` while all series have one",
    ("vulnerability", "zero_risk", "requested_by"): HISTORY,
}
"""Fields that no query shows, of every facet or of the one that is named, and why."""
EXPORTED: Final = frozenset({"vex_document"})
"""What no query shows, because all that it says stands in the exports of a group."""
SHOWN: Final = tuple(facet for facet in FACETS if facet not in EXPORTED)
HERE = Path(__file__).name


def leaves(kind: inspect.StructType, *path: str) -> Iterator[FieldPath]:
    """Every field of a struct that is no struct itself."""
    for field in kind.fields:
        parts = [part for part in options(field.type) if isinstance(part, inspect.StructType)]
        for part in parts:
            yield from leaves(part, *path, field.name)
        if not parts:
            yield (*path, field.name)


def options(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def camel(*words: str) -> str:
    first, *rest = "_".join(words).split("_")
    return first + "".join(map(str.title, rest))


def is_shown(path: FieldPath, kind: GraphQLNamedType) -> bool:
    """Whether a type has a field for it: named like it, like all its path, or like the object that its id or name stands for.

    Else it may be shown by the type of the field that is named like the first part of its path.
    """
    fields = getattr(kind, "fields", {})
    head, *rest = path
    names = {camel(*path), camel(path[-1]), camel(re.sub("_(id|name)$", "", path[-1]))}
    inner = fields.get(camel(head)) if rest else None
    return bool(names & fields.keys()) or (inner is not None and is_shown(tuple(rest), get_named_type(inner.type)))


def advice(entity: str, path: FieldPath, kind: str, file: str) -> str:
    """What somebody reads whose field no query shows."""
    return (
        f"No query shows `{'.'.join(path)}` of {entity}: add `{camel(path[-1])}` to the type {kind} in {file}, and to its "
        f"`fields` in the fields.py beside it where it comes from; or add it to NOT_SHOWN in tests/schemas/{HERE} and say why."
    )


def file_of(root: Path, kind: str) -> str:
    """The file that declares a type of the API."""
    files = (root / "packages/api/src").rglob("*.graphql")
    [found] = [file for file in files if f"\ntype {kind} " in file.read_text()]
    return str(found.relative_to(root))


Types = Mapping[str, GraphQLNamedType]


@pytest.fixture(scope="module")
def types() -> Types:
    """The types of the API by name."""
    try:
        return new_schema().type_map
    except ValueError:
        pytest.skip("test_schema_and_resolvers_fit says what to do first")


def test_schema_and_resolvers_fit() -> None:
    told = ""
    try:
        new_schema()
    except ValueError as error:
        told = str(error)
    if told:
        pytest.fail(told, pytrace=False)


def hidden(facet: str, types: Types) -> dict[FieldPath, str]:
    """The fields of an entity of any kind that no type of the API for it shows, and the last of these types."""
    return {path: kind for entity in structs_of(FACETS[facet]) for path, kind in hidden_of(entity, types).items()}


def hidden_of(entity: type[Entity], types: Types) -> dict[FieldPath, str]:
    kinds = [name for name, shown in WRITTEN.shows.items() if shown is entity]
    assert kinds, f"the API shows no {entity.__name__}: bind a type to it by `shows` in a fields.py"
    struct = inspect.type_info(entity)
    assert isinstance(struct, inspect.StructType)
    return {path: kinds[-1] for path in leaves(struct) if not any(is_shown(path, types[kind]) for kind in kinds)}


@pytest.mark.parametrize("facet", SHOWN)
def test_every_field_of_an_entity_is_shown_or_said_not_to_be(facet: str, types: Types, repository: Path) -> None:
    missing = {path: kind for path, kind in hidden(facet, types).items() if not {path, (facet, *path)} & NOT_SHOWN.keys()}
    if missing:
        entity = structs_of(FACETS[facet])[0].__name__
        lines = [advice(entity, path, kind, file_of(repository, kind)) for path, kind in missing.items()]
        pytest.fail("\n".join(lines), pytrace=False)


def test_what_is_said_not_to_be_shown_is_not(types: Types) -> None:
    found = [(facet, path) for facet in SHOWN for path in hidden(facet, types)]
    assert NOT_SHOWN.keys() - {path for _, path in found} - {(facet, *path) for facet, path in found} == set()


SMALL = build_schema("type Query { id: ID, stateReason: String, tool: Tool, url: String } type Tool { name: String }")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("id",), True),
        (("location", "url"), True),
        (("tool_id",), True),
        (("state", "reason"), True),
        (("tool", "name"), True),
        (("owner",), False),
        (("reason",), False),
        (("tool", "id_of_tool"), False),
        (("info", "owner"), False),
    ],
)
def test_a_field_is_found_where_it_is_shown(path: FieldPath, *, shown: bool) -> None:
    assert is_shown(path, SMALL.type_map["Query"]) == shown


def test_it_is_said_what_to_do_with_a_field_that_no_query_shows() -> None:
    assert advice("Root", ("info", "code_owner"), "GitRoot", "root/schema.graphql") == (
        "No query shows `info.code_owner` of Root: add `codeOwner` to the type GitRoot in root/schema.graphql, and to its "
        f"`fields` in the fields.py beside it where it comes from; or add it to NOT_SHOWN in tests/schemas/{HERE} and say why."
    )
