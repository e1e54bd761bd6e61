"""The pages about the schema are those that their program writes, whole, and each link in them leads to what it names."""

import re
from collections.abc import Mapping

import pytest
from docs.schema import FOLDER, pages
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, is_specified_scalar_type

from integrates.api.schema import new_schema

ROOTS = {"Query", "Mutation", "Subscription"}


@pytest.fixture(scope="module")
def texts() -> Mapping[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}


def told(texts: Mapping[str, str]) -> Mapping[str, str]:
    """What the pages say below each heading."""
    sections = (section for text in texts.values() for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:])
    return {head: body for head, _, body in (section.partition("\n") for section in sections)}


def test_the_pages_are_written_by_their_program(texts: Mapping[str, str]) -> None:
    assert pages() == texts, "run `python docs/schema.py`, look at the difference and commit it"


def test_every_name_of_the_schema_has_its_section_with_all_that_it_consists_of(texts: Mapping[str, str]) -> None:
    schema = new_schema()
    types = {name: kind for name, kind in schema.type_map.items() if not name.startswith("__") and name not in ROOTS}
    own = {name for name, kind in types.items() if not is_specified_scalar_type(kind)}
    asked = {
        name: field.args
        for root in (schema.query_type, schema.mutation_type, schema.subscription_type)
        if root
        for name, field in root.fields.items()
    }
    found = told(texts)
    written = {one.name for one in schema.directives} - {"include", "skip", "deprecated", "specifiedBy", "oneOf"}
    assert found.keys() == own | asked.keys() | written
    members = {
        name: kind.values if isinstance(kind, GraphQLEnumType) else kind.fields
        for name, kind in types.items()
        if isinstance(kind, GraphQLEnumType | GraphQLInputObjectType | GraphQLInterfaceType | GraphQLObjectType)
    }
    whole = members | asked
    missing = [f"{name}.{part}" for name, parts in whole.items() for part in parts if f"\n| `{part}` |" not in found[name]]
    assert missing == []


def test_every_link_leads_to_a_heading(texts: Mapping[str, str]) -> None:
    headings = {
        f"{page}#{head.lower()}" for page, text in texts.items() for head in re.findall(r"^## (.*)$", text, re.MULTILINE)
    }
    links = {link for text in texts.values() for link in re.findall(r"\]\(([a-z]+\.md#[^)]+)\)", text)}
    assert len(links) > 200
    assert links - headings == set()


def test_a_table_has_as_many_cells_in_each_row(texts: Mapping[str, str]) -> None:
    for text in texts.values():
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
            assert len(widths) == 1, table[:200]
