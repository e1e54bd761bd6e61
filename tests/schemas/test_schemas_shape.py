"""The shape of an entity, read from a JSON schema."""

from typing import Any

import pytest
from shape import Shape, shape_of


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ({"type": "string"}, None),
        ({"enum": ["b", "a"]}, ["a", "b"]),
        ({"const": "GIT"}, ["GIT"]),
        ({"anyOf": [{"const": "a"}, {"type": "null"}]}, ["a"]),
        ({"type": "array", "items": {"enum": ["a"]}}, ["a"]),
        ({"properties": {"b": {}, "a": {"properties": {"c": {}}}}}, {"a": {"c": None}, "b": None}),
        ({"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, {"a": None, "b": None}),
        ({"$ref": "#/$defs/%23Id", "$defs": {"#Id": {"const": 1}}}, [1]),
    ],
)
def test_fields_and_words_are_read(schema: dict[str, Any], shape: Shape) -> None:
    assert shape_of(schema) == shape
