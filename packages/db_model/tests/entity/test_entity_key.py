"""Keys from templates, and the items of all entities."""

import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from types import UnionType
from typing import Any, Union

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrates.db_model.entity import facet as facets
from integrates.db_model.entity.encoding import attributes_of, check_readable, decoded, encoded
from integrates.db_model.entity.facet import Facet, entity_key, id_in, id_of, key_text, keys_of
from integrates.db_model.entity.listing import everywhere, listing
from integrates.db_model.entity.types import Entity
from integrates.db_model.errors import Corrupt
from integrates.db_model.registry import FACETS
from integrates.db_model.store.body import Body
from integrates.db_model.store.design import design
from integrates.db_model.store.port import Item, Key
from integrates.db_model.store.template import builder, is_variable, key_prefix, variables

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
    assert key_prefix("HIDDEN#hidden#STATE#state#AT#at", parts) == expected


def test_a_prefix_refuses_what_a_key_refuses() -> None:
    with pytest.raises(ValueError, match="contains"):
        key_prefix("FIN#id#VULN#other", {"id": "1#2"})


@pytest.mark.parametrize(
    ("segment", "expected"), [("id", True), ("root_id", True), ("FIN", False), ("Fin", False), ("", False)]
)
def test_variables_are_lower_case_words(segment: str, expected: object) -> None:
    assert is_variable(segment) is expected


def entities(facet: Facet[Entity]) -> st.SearchStrategy[Entity]:
    return values(facet.type).map(lambda entity: msgspec.structs.replace(entity, version=7, schema=facet.schema))


@pytest.mark.parametrize("facet", FACETS.values(), ids=lambda facet: facet.name)
@settings(max_examples=30)
@given(data=st.data())
def test_what_is_stored_is_what_is_read(facet: Facet[Entity], data: st.DataObject) -> None:
    entity = data.draw(entities(facet))
    body = encoded(attributes_of(entity))
    check_readable(facet, entity, body)
    key, listed = keys_of(facet, entity)
    for attributes in (Body(body), msgspec.json.decode(body)):
        assert decoded(facet, Item(key, 7, attributes, listed)) == entity
    assert "version" not in Body(body)
    assert set(listed) <= set(design().facets[facet.name].indexes)


@pytest.mark.parametrize("facet", FACETS.values(), ids=lambda facet: facet.name)
@settings(max_examples=30)
@given(data=st.data())
def test_an_index_lists_an_entity_when_all_its_variables_are_set(facet: Facet[Entity], data: st.DataObject) -> None:
    entity = data.draw(entities(facet))
    key, listed = keys_of(facet, entity)
    read = {name: facet.variables.get(name) or attrgetter(name) for name in names_of(facet)}
    for number, template in design().facets[facet.name].indexes.items():
        needed = (*variables(template.pk), *variables(template.sk))
        assert (number in listed) is all(read[name](entity) is not None for name in needed)
    assert "#" in key.pk


@pytest.mark.parametrize("facet", FACETS.values(), ids=lambda facet: facet.name)
@settings(max_examples=30)
@given(data=st.data())
def test_the_id_of_an_entity_is_in_its_key(facet: Facet[Entity], data: st.DataObject) -> None:
    entity = data.draw(entities(facet))
    key = entity_key(facet, entity)
    assert id_of(key) == facet.identity(entity)
    assert "|" in key.pk or id_in(key_text(key)) == facet.identity(entity)


def names_of(facet: Facet[Entity]) -> set[str]:
    layout = design().facets[facet.name]
    return {name for each in (layout.key, *layout.indexes.values()) for name in (*variables(each.pk), *variables(each.sk))}


@pytest.mark.parametrize("facet", FACETS.values(), ids=lambda facet: facet.name)
@pytest.mark.parametrize("attributes", [{"id": 5}, {}, {"schema": "1"}, {"schema": None}, {"schema": True}, Body(b'{"id": 5}')])
def test_a_foreign_item_is_corrupt(facet: Facet[Entity], attributes: Mapping[str, Any]) -> None:
    with pytest.raises(Corrupt):
        decoded(facet, Item(Key("X#1", "X#1"), 1, attributes))


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
