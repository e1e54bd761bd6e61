"""The schema of each facet in CUE and the entity type in Python have the same fields and enums."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.entity.types import Entity
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.types import Import
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.types import Root
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.vulnerabilities.types import Vulnerability

ENTITIES: Mapping[str, tuple[str, type[Entity]]] = {
    "organization": ("#Organization", Organization),
    "group": ("#Group", Group),
    "stakeholder": ("#Stakeholder", Stakeholder),
    "organization_access": ("#OrganizationAccess", OrganizationAccess),
    "group_access": ("#GroupAccess", GroupAccess),
    "access_token": ("#AccessToken", AccessToken),
    "git_root": ("#GitRoot", Root),
    "finding": ("#Finding", Finding),
    "vulnerability": ("#Vulnerability", Vulnerability),
    "import": ("#Import", Import),
}
KEYS = {"pk", "sk"}
"""What an item in CUE has and an entity in Python does not."""
NOT_YET = {"updated_at"}
"""What an entity has only once it is stored."""
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
    return missing + [place for places in shared for place in places]


@pytest.mark.cue
@pytest.mark.parametrize("facet", ENTITIES)
def test_cue_and_python_describe_the_same_entity(facet: str, repository: Path) -> None:
    definition, kind = ENTITIES[facet]
    folder = f"./tables/integrates_vms/facets/{facet}"
    command = ["cue", "def", "--out", "jsonschema", "--expression", definition, folder]
    done = subprocess.run(command, cwd=repository / "schemas", check=True, capture_output=True)
    in_cue, in_python = json.loads(done.stdout), msgspec.json.schema(kind)
    cue = {name: field for name, field in shape(in_cue, in_cue).items() if name not in KEYS}
    python = {name: field for name, field in shape(in_python, in_python).items() if name not in NOT_YET}
    assert differences((facet,), cue, python) == []


@pytest.mark.parametrize("facet", ENTITIES)
def test_the_design_lists_the_attributes_of_the_entity(facet: str, carried: Any) -> None:
    facets = {facet["FacetName"]: facet for table in carried["DataModel"] for facet in table["TableFacets"]}
    fields = {field.name for field in msgspec.structs.fields(ENTITIES[facet][1])}
    assert set(facets[facet]["NonKeyAttributes"]) == fields
