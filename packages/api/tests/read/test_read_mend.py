"""Values of a wrong kind: what stays of what they stand in (domain section 8, *odd members*)."""

import json
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Raw, Struct, inspect

from integrates.api.imports.read.mend import ODD, tolerant


class Leaf(Struct, frozen=True, rename="camel"):
    first_text: str | None = None
    number: Annotated[int, Meta(ge=0, le=99)] | None = None


class Tree(Struct, frozen=True):
    text: str | None = None
    is_true: bool | None = None
    mixed: str | int | float | None = None
    words: tuple[str, ...] | None = None
    gaps: tuple[str | None, ...] | None = None
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] | None = None
    holes: tuple[Leaf | None, ...] | None = None
    table: dict[str, str] | None = None
    raw: Raw = Raw(b"null")


ODD_NUMBERS: list[Any] = [-1, 100, 1.5, -1.0, 100.0, True, 10**30, 1e300, "9", [], {}]
TREE = tolerant(inspect.type_info(Tree))


def mended(members: Any) -> Any:
    found = TREE(Raw(json.dumps(members).encode()))
    return {name: one for name, one in json.loads(msgspec.json.encode(found)).items() if one is not None}


@pytest.mark.parametrize(
    ("given_members", "found"),
    [
        ({}, {}),
        ({"text": 1}, {}),
        ({"text": None, "unknown": [1, {}]}, {}),
        ({"text": 1, "is_true": True}, {"is_true": True}),
        ({"is_true": 1, "text": "t"}, {"text": "t"}),
        ({"is_true": "true"}, {}),
        ({"mixed": True}, {}),
        ({"mixed": [], "text": "t"}, {"text": "t"}),
        ({"mixed": 7.5, "text": 0}, {"mixed": 7.5}),
        ({"mixed": "7", "text": 0}, {"mixed": "7"}),
        ({"words": "word"}, {}),
        ({"words": {}}, {}),
        ({"words": ["a", 1, None, "b"]}, {"words": ("a", "b")}),
        ({"gaps": ["a", 1, None, "b"]}, {"gaps": ("a", None, None, "b")}),
        ({"leaf": []}, {}),
        ({"leaf": {"number": "1", "firstText": "f"}}, {"leaf": {"firstText": "f", "number": None}}),
        ({"leaf": {"first_text": "f"}, "text": 1}, {"leaf": {"firstText": None, "number": None}}),
        ({"leaf": {"number": 12.0}}, {"leaf": {"firstText": None, "number": 12}}),
        *(({"leaf": {"number": odd, "firstText": "f"}}, {"leaf": {"firstText": "f", "number": None}}) for odd in ODD_NUMBERS),
        (
            {"leaves": [{"number": 1}, 5, None, [], {"number": "x"}, {"number": 2}]},
            {"leaves": tuple({"firstText": None, "number": one} for one in (1, None, None, None, None, 2))},
        ),
        ({"holes": [5, {"number": 1}, None]}, {"holes": (None, {"firstText": None, "number": 1}, None)}),
        ({"table": {"a": "b", "c": 1, "d": None}}, {"table": {"a": "b"}}),
        ({"table": ["a"]}, {}),
    ],
)
def test_what_is_odd_is_as_if_absent(given_members: Any, found: Any) -> None:
    assert mended(given_members) == json.loads(json.dumps(found))


@pytest.mark.parametrize("number", [b"9" * 5_000, b"1e999", b"-1e999", b"1" + b"0" * 400 + b".5"])
def test_numbers_that_nothing_holds_are_odd(number: bytes) -> None:
    assert TREE(Raw(b'{"leaf": {"number": %s}, "text": "t", "mixed": %s}' % (number, number))).text == "t"


@pytest.mark.parametrize("value", [b"null", b"1", b"[]", b'"text"', b"true"])
def test_what_is_no_object_is_odd_as_a_whole(value: bytes) -> None:
    assert TREE(Raw(value)) is ODD


def test_what_is_raw_may_be_anything() -> None:
    assert bytes(TREE(Raw(b'{"text": 1, "raw": [1, {"a": 2}]}')).raw) == b'[1, {"a": 2}]'


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["firstText", "number", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
MEMBERS = st.dictionaries(st.sampled_from(Tree.__struct_fields__), VALUES, max_size=4)


@given(MEMBERS, st.sampled_from(Tree.__struct_fields__), VALUES)
def test_a_member_never_costs_another(members: Any, name: str, instead: Any) -> None:
    one, other = mended(members), mended(members | {name: instead})
    assert one | {name: 0} == other | {name: 0}
