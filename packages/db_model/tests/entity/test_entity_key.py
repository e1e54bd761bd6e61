"""Keys from templates, and the items of all entities."""

import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Union

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.entity import facet as facets
from integrates.db_model.entity.facet import decoded, encoded
from integrates.db_model.entity.listing import everywhere, listing
from integrates.db_model.errors import Corrupt
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.roots.facet import GIT_ROOT
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.store.design import design
from integrates.db_model.store.port import Item, Key
from integrates.db_model.store.template import builder, is_variable, prefix, variables
from integrates.db_model.tokens.facet import ACCESS_TOKEN
from integrates.db_model.vulnerabilities.facet import VULNERABILITY

FACETS = (
    ACCESS_TOKEN,
    FINDING,
    GIT_ROOT,
    GROUP,
    GROUP_ACCESS,
    IMPORT,
    ORGANIZATION,
    ORGANIZATION_ACCESS,
    STAKEHOLDER,
    VULNERABILITY,
)
TEXTS = st.text(st.characters(exclude_characters="#\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    bool: st.booleans(),
    int: st.integers(0, 10**9),
    Decimal: st.decimals(0, 10, places=1),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of what a field of an entity may be annotated with."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in {Union, UnionType}:
        return st.one_of(*(values(each) for each in arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: values(hints[name]) for name in kind.__struct_fields__})


@pytest.mark.parametrize(
    ("template", "parts", "expected"),
    [
        ("FIN#id", {"id": "1"}, "FIN#1"),
        ("ORG#organization_id#TITLE#title_hash", {"organization_id": "o", "title_hash": "t", "id": "x"}, "ORG#o#TITLE#t"),
        ("entity", {"entity": "USER#a|GROUP#b"}, "USER#a|GROUP#b"),
    ],
)
def test_a_key_is_filled(template: str, parts: Mapping[str, str], expected: str) -> None:
    assert builder(template)(parts) == expected


@pytest.mark.parametrize(
    ("parts", "error"), [({}, KeyError), ({"id": ""}, ValueError), ({"id": "1#2"}, ValueError), ({"id": "#"}, ValueError)]
)
def test_a_key_is_never_shortened_and_never_reaches_into_another(parts: Mapping[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        builder("FIN#id")(parts)
    with pytest.raises(error):
        builder("FIN#id#VULN#other")({**parts, "other": "1"})


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, "HIDDEN#"),
        ({"hidden": "0"}, "HIDDEN#0#STATE#"),
        ({"hidden": "0", "state": "SAFE"}, "HIDDEN#0#STATE#SAFE#AT#"),
        ({"hidden": "0", "at": "x"}, "HIDDEN#0#STATE#"),
        ({"hidden": "0", "state": "SAFE", "at": "x"}, "HIDDEN#0#STATE#SAFE#AT#x"),
    ],
)
def test_a_prefix_ends_before_the_first_missing_part(parts: Mapping[str, str], expected: str) -> None:
    assert prefix("HIDDEN#hidden#STATE#state#AT#at", parts) == expected


def test_a_prefix_refuses_what_a_key_refuses() -> None:
    with pytest.raises(ValueError, match="contains"):
        prefix("FIN#id#VULN#other", {"id": "1#2"})


@pytest.mark.parametrize(
    ("segment", "expected"), [("id", True), ("root_id", True), ("FIN", False), ("Fin", False), ("", False)]
)
def test_variables_are_lower_case_words(segment: str, expected: object) -> None:
    assert is_variable(segment) is expected


@pytest.mark.parametrize("facet", FACETS, ids=lambda facet: facet.name)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_what_is_stored_is_what_is_read(facet: Any, data: st.DataObject) -> None:
    entity = msgspec.structs.replace(data.draw(values(facet.type)), version=7)
    item = encoded(facet, entity)
    travelled = Item(item.key, item.version, msgspec.json.decode(msgspec.json.encode(item.attributes)), item.index_keys)
    assert decoded(facet, travelled) == entity
    assert item.version == 7
    assert "version" not in item.attributes
    assert set(item.index_keys) == set(facet.listed(entity)) <= set(design().facets[facet.name].indexes)


@pytest.mark.parametrize("facet", FACETS, ids=lambda facet: facet.name)
def test_a_foreign_item_is_corrupt(facet: Any) -> None:
    with pytest.raises(Corrupt):
        decoded(facet, Item(Key("X#1", "X#1"), 1, {"id": 5}))


def test_every_pattern_of_the_design_can_be_asked() -> None:
    for name, layout in design().facets.items():
        for pattern in layout.patterns:
            template = layout.key if pattern.index is None else layout.indexes[pattern.index]
            parts = dict.fromkeys(variables(template.pk), "x")
            query = listing(name, pattern.name, parts)
            assert query.index == pattern.index
            assert "#" not in query.pk or query.pk.startswith(template.pk.split("#")[0])


def test_a_spread_list_is_walked_shard_by_shard() -> None:
    queries = everywhere("organization", "organizations_of_platform")
    assert len({query.pk for query in queries}) == facets.SHARDS
    assert {f"ORGS#{facets.shard(str(number))}" for number in range(500)} == {query.pk for query in queries}
