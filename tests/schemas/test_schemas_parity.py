"""The schema of each facet in CUE and the entity type in Python have the same fields and enums."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from integrates.db_model.entity.revision import Revision
from integrates.db_model.registry import FACETS


def definition(facet: str) -> str:
    """The name of a facet's schema in CUE."""
    return "#" + "".join(word.capitalize() for word in facet.split("_"))


KEYS = {"pk", "sk"}
"""What an item in CUE has and an entity in Python does not."""
NOT_YET = {("updated_at",), ("schema",), ("vulnerability", "identity")}
"""What an entity has only once it is stored: in every facet, or in the one that is named."""
KEPT = {"schema"}
"""What the engine writes beside the fields of an entity: the number of the schema that they have."""
NARROWER = {
    ("group", "policies", "inactivity_period"): "a policy of organizations only",
    ("git_root", "kind"): "IP and URL roots will have facets of their own",
    ("group_access", "access", "role"): "service_forces is never a person's",
}
Shape = Any  # fields by name, the values of an enum, or None for anything else


def resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The node with everything that it refers to."""
    parts = [node]
    if "$ref" in node:
        name = unquote(node["$ref"].removeprefix("#/$defs/"))
        parts += resolved(schema["$defs"][name], schema)
    for word in ("allOf", "anyOf"):
        for part in node.get(word, ()):
            parts += resolved(part, schema)
    return parts


def values(part: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(part.get("enum", [part["const"]] if part.get("const") else []))


def fields_of(name: str, parts: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [part["properties"][name] for part in parts if name in part.get("properties", ())]


def shape(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Shape:
    parts = resolved(node, schema)
    names = {name for part in parts for name in part.get("properties", ())}
    fields = {name: shape({"allOf": fields_of(name, parts)}, schema) for name in names}
    for part in parts:
        if isinstance(part.get("items"), Mapping):
            return shape(part["items"], schema)
    return fields or frozenset().union(*map(values, parts)) or None


def differences(path: tuple[str, ...], cue: Shape, python: Shape) -> list[tuple[str, ...]]:
    """Where the two differ; values of what is a mere text in Python are up to CUE."""
    if not isinstance(python, Mapping) or not isinstance(cue, Mapping):
        return [path] if python is not None and cue != python and path not in NARROWER else []
    missing = [(*path, name) for name in cue.keys() ^ python.keys() if (*path, name) not in NARROWER]
    shared = [differences((*path, name), cue[name], python[name]) for name in cue.keys() & python.keys()]
    return missing + [path for paths in shared for path in paths]


@pytest.mark.cue
@pytest.mark.parametrize("facet", FACETS)
def test_cue_and_python_describe_the_same_entity(facet: str, repository: Path) -> None:
    kind = FACETS[facet].type
    folder = f"./tables/integrates_vms/facets/{facet}"
    command = ["cue", "def", "--out", "jsonschema", "--expression", definition(facet), folder]
    done = subprocess.run(command, cwd=repository / "schemas", check=True, capture_output=True)
    in_cue, in_python = json.loads(done.stdout), msgspec.json.schema(kind)
    cue = {name: field for name, field in shape(in_cue, in_cue).items() if name not in KEYS}
    fields = shape(in_python, in_python).items()
    python = {name: field for name, field in fields if not {(name,), (facet, name)} & NOT_YET}
    assert differences((facet,), cue, python) == []


@pytest.mark.parametrize("facet", FACETS)
def test_the_design_lists_the_attributes_of_the_entity(facet: str, carried: Any) -> None:
    facets = {facet["FacetName"]: facet for table in carried["DataModel"] for facet in table["TableFacets"]}
    fields = {field.name for field in msgspec.structs.fields(FACETS[facet].type)}
    assert set(facets[facet]["NonKeyAttributes"]) == fields | KEPT


def test_the_design_lists_the_attributes_of_a_revision(carried: Any) -> None:
    (facet,) = [facet for table in carried["DataModel"] for facet in table["TableFacets"] if facet["FacetName"] == "revision"]
    assert set(facet["NonKeyAttributes"]) == {field.name for field in msgspec.structs.fields(Revision)} | KEPT
