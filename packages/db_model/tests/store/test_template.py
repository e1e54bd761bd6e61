"""Keys from templates: what they refuse, and that no two ever meet."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.db_model.store.design import FacetDesign, design
from integrates.db_model.store.template import builder, is_variable, key_prefix, variables

TEMPLATES = sorted(
    {
        text
        for facet in design().facets.values()
        for template in (facet.key, *facet.indexes.values())
        for text in (template.pk, template.sk)
    }
)
WORDS = st.sampled_from(["id", "root_id", "at", "date", "state"])
MADE = st.lists(st.sampled_from(["FIN", "VULN", "AT"]) | WORDS, min_size=1, max_size=6, unique=True).map("#".join)
VALUES = st.text(max_size=4) | st.text("#|%sA", max_size=4) | st.sampled_from(["", "#", "%s", "FIN", "1#VULN#2", "é"])


def filled(template: str, parts: Mapping[str, str]) -> str:
    """Build a key segment by segment, as the contract says it."""
    found = []
    for segment in template.split("#"):
        value = parts[segment] if is_variable(segment) else segment
        if not value or ("#" in value and segment != "entity"):
            raise ValueError(segment)
        found.append(value)
    return "#".join(found)


@given(data=st.data(), template=st.sampled_from(TEMPLATES) | MADE)
def test_a_built_key_says_its_values_and_nothing_else(data: st.DataObject, template: str) -> None:
    names = variables(template)
    parts = data.draw(st.fixed_dictionaries(dict.fromkeys(names, VALUES) | {"other": VALUES}))
    try:
        expected = filled(template, parts)
    except ValueError:
        with pytest.raises(ValueError, match="in a key"):
            builder(template)(parts)
        return
    assert builder(template)(parts) == expected
    segments = template.split("#")
    read = expected.split("#", len(segments) - 1)
    assert {name: value for name, value in zip(segments, read, strict=True) if is_variable(name)} == {
        name: parts[name] for name in names
    }


@given(template=st.sampled_from(TEMPLATES) | MADE)
def test_a_key_without_a_value_is_refused(template: str) -> None:
    names = variables(template)
    parts = dict.fromkeys(names, "x")
    for name in names:
        with pytest.raises(KeyError, match=name):
            builder(template)({each: value for each, value in parts.items() if each != name})
        nothing: Any = None
        with pytest.raises(ValueError, match=name):
            builder(template)({**parts, name: nothing})


@given(data=st.data(), template=st.sampled_from([template for template in TEMPLATES if len(variables(template)) > 1]))
def test_a_prefix_finds_the_keys_with_its_values_and_no_others(data: st.DataObject, template: str) -> None:
    names = variables(template)
    few = st.sampled_from(["1", "12", "2", "A", "FIN"])
    values = st.fixed_dictionaries(dict.fromkeys(names, few))
    one, other = data.draw(values), data.draw(values)
    known = names[: data.draw(st.integers(0, len(names) - 1))]
    begin = key_prefix(template, {name: one[name] for name in known})
    assert builder(template)(one).startswith(begin)
    assert builder(template)(other).startswith(begin) is all(one[name] == other[name] for name in known)


@given(data=st.data(), template=st.sampled_from([template for template in TEMPLATES if "entity" not in template]))
def test_a_prefix_refuses_what_a_key_refuses(data: st.DataObject, template: str) -> None:
    names = variables(template)
    parts = data.draw(st.fixed_dictionaries(dict.fromkeys(names, VALUES)))
    if all(value and "#" not in value for value in parts.values()):
        assert key_prefix(template, parts) == builder(template)(parts)
    else:
        with pytest.raises(ValueError, match="in a key"):
            key_prefix(template, parts)


@pytest.mark.parametrize(
    "template",
    [
        *("", "#", "FIN#", "#FIN", "FIN##id", "Fin#id", "FIN#Id", "FIN#id2", "FIN#_id", "FIN#id_", "FIN#a__b", "FIN#%s"),
        *("FÏN#id", "FIN#ïd", "FIN#id\n", "FIN #id", "entity#id", "entity#V#version"),
    ],
)
def test_what_is_no_template_builds_nothing(template: str) -> None:
    asked: Sequence[Callable[[str], object]] = (builder, variables, lambda text: key_prefix(text, {}))
    for ask in asked:
        with pytest.raises(ValueError, match="not the template of a key"):
            ask(template)


def _meets(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether two templates can make the same key."""
    pairs = zip(one, other, strict=True) if len(one) == len(other) else None
    return pairs is not None and all(a == b or is_variable(a) or is_variable(b) for a, b in pairs)


def test_no_two_facets_of_a_table_make_the_same_key() -> None:
    def key(facet: FacetDesign) -> tuple[Sequence[str], Sequence[str]]:
        return facet.key.pk.split("#"), facet.key.sk.split("#")

    pairs = list(itertools.combinations(design().facets.values(), 2))
    assert len(pairs) > 100
    meeting = [
        (one.name, other.name)
        for one, other in pairs
        if one.table == other.table and all(_meets(a, b) for a, b in zip(key(one), key(other), strict=True))
    ]
    assert meeting == []
