"""SARIF as it is written of entries, valid by the published schema, and read back."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
from msgspec.structs import replace
from packages.api.tests.exports.entry import document, told, vulnerable

from integrates.api.exports.document import Entry
from integrates.api.exports.sarif.writer import SARIF
from integrates.api.imports.read.observation import Observation
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.roots.types import Root
from integrates.db_model.vulnerabilities.types import (
    Technique,
    Tool,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityType,
)

PUBLISHED = Path(__file__).parents[4] / "tests/published/sarif-schema-2.1.0.json"
VALIDATOR = jsonschema.Draft4Validator(
    json.loads(PUBLISHED.read_bytes()), format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
)


def written(*entries: Entry, roots: Sequence[Root] = ()) -> Any:
    """Write entries in the order of the format, and return the valid document."""
    about = replace(document(), roots={one.id: one for one in roots}) if roots else document()
    ordered = sorted(entries, key=lambda entry: (SARIF.key({}, entry), entry.vulnerability.id))
    found = json.loads(b"".join(SARIF.write(about, ordered)))
    VALIDATOR.validate(found)
    return found


def results(found: Any) -> list[Any]:
    """Return the results of all runs."""
    return [one for run in found["runs"] for one in run["results"]]


def read_back(found: Any, options: Options | None = None) -> Sequence[Observation]:
    """Return what our own reader sees in a document."""
    return read(json.dumps(found).encode(), options or Options()).observations


def in_line(name: str, **members: Any) -> Vulnerability:
    """Return a vulnerability of a line of code, which the tool saw in scans of the categories."""
    tool = Tool(**{"name": "semgrep", "rule_id": "py.eval", "categories": ("",), **members})
    location = VulnerabilityLocation(where="src/a b.py", specific="7", snippet="eval(x)", detail="Bad {0}.")
    kind, technique = VulnerabilityType.LINES, Technique.SAST
    return replace(vulnerable(name), type=kind, technique=technique, tool=tool, location=location, advisory=None)


def entry_of(vulnerability: Vulnerability, **finding: Any) -> Entry:
    """Return the entry of a vulnerability, with such members of its finding."""
    made = told(vulnerable("any"))
    return replace(made, vulnerability=vulnerability, finding=replace(made.finding, **finding))
