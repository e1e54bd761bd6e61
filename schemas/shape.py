"""Which fields an entity has and which words may stand in them, read from a JSON schema: CUE's or that of a Python type."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

Shape: TypeAlias = Any
"""The shape of each field by its name, or the words that may stand there in order, or ``None`` for anything else."""


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """Return the shape of what a JSON schema describes; that of a list is the shape of its elements."""
    return _shape(schema, schema)


def _shape(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Shape:
    parts = _resolved(node, schema)
    for part in parts:
        if isinstance(part.get("items"), Mapping):
            return _shape(part["items"], schema)
    names = {name for part in parts for name in part.get("properties", ())}
    fields = {name: _shape({"allOf": _fields(name, parts)}, schema) for name in sorted(names)}
    return fields or sorted({word for part in parts for word in _words(part)}, key=str) or None


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the node with everything that it refers to."""
    parts = [node]
    if "$ref" in node:
        name = unquote(node["$ref"].removeprefix("#/$defs/"))
        parts += _resolved(schema["$defs"][name], schema)
    for word in ("allOf", "anyOf"):
        for part in node.get(word, ()):
            parts += _resolved(part, schema)
    return parts


def _fields(name: str, parts: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [part["properties"][name] for part in parts if name in part.get("properties", ())]


def _words(part: Mapping[str, Any]) -> list[Any]:
    return [*part.get("enum", [part["const"]] if part.get("const") else [])]
