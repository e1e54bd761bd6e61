"""Decoding of the members that a format names: what is of a wrong kind is told with its JSON pointer."""

import json
from typing import Any

import pytest
from msgspec import Raw, Struct

from integrates.api.imports.read.error import BadFile, TooLarge, rendered
from integrates.api.imports.read.strict import each_of, made


class Inner(Struct, frozen=True):
    """An element."""

    name: str
    line: int | float | None = None


class Outer(Struct, frozen=True):
    """A file."""

    items: tuple[Inner, ...]
    on: bool | None = None
    by_name: dict[str, Inner] = {}


def defect(value: Any, pointer: str = "") -> str:
    with pytest.raises(BadFile) as caught:
        made(Outer, json.dumps(value).encode(), pointer)
    return rendered(caught.value.defects[0])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "The member is missing: /items"),
        ({"items": {}}, "Expected an array, got an object: /items"),
        ({"items": [{"name": "a"}, {}]}, "The member is missing: /items/1/name"),
        ({"items": [{"name": 7}]}, "Expected a text, got an integer: /items/0/name"),
        ({"items": [{"name": "a", "line": "7"}]}, "Expected an integer or a number or null, got a text: /items/0/line"),
        ({"items": [], "on": 1}, "Expected true or false or null, got an integer: /on"),
        ({"items": [], "by_name": {"a": {"name": None}}}, "Expected a text, got null: /by_name"),
        ([], "Expected an object, got an array:"),
    ],
)
def test_what_is_of_a_wrong_kind_is_told(value: Any, said: str) -> None:
    assert defect(value) == said


def test_the_pointer_begins_where_the_value_stands() -> None:
    assert defect({"items": 7}, "/runs/3") == "Expected an array, got an integer: /runs/3/items"
    assert defect({}, "/a~1b") == "The member is missing: /a~1b/items"


def test_other_members_are_ignored() -> None:
    assert made(Outer, b'{"items": [], "more": [[[]]]}') == Outer(())


def test_each_result_has_its_pointer() -> None:
    values = [Raw(b'{"name": "a"}'), Raw(b'{"name": "b"}')]
    assert list(each_of(Inner, values, "/x")) == [("/x/0", Inner("a")), ("/x/1", Inner("b"))]
    with pytest.raises(BadFile) as caught:
        list(each_of(Inner, [*values, Raw(b"{}")], "/x"))
    assert caught.value.defects[0].pointer == "/x/2/name"


def test_results_are_counted_before_they_are_made() -> None:
    with pytest.raises(TooLarge) as caught:
        next(each_of(Inner, [Raw(b"7")] * 25_001, ""))
    assert caught.value.limit == "too_many_results"
