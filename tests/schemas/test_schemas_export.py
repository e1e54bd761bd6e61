"""The export is repeatable, tells what is stale, and changes no more than was edited."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DESIGN = "schemas/database-design.json"
CARRIED = "packages/db_model/src/integrates/db_model/store/design.json"
FIELDS = "schemas/entity-fields.json"
DIGESTS = "schemas/export.sha256"
ROOT = Path("schemas/tables/integrates_vms/facets/group_root/group_root.cue")
PEOPLE = Path("schemas/tables/integrates_vms/facets/stakeholder/demo.cue")

Change = Callable[[Path, str, str], None]
Export = Callable[..., subprocess.CompletedProcess[str]]


def leaves(value: Any, *path: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value in a document and its path."""
    if isinstance(value, dict | list) and value:
        for step, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, *path, step)
    else:
        yield path, value


@pytest.mark.cue
def test_what_is_committed_is_what_the_design_exports(export: Export) -> None:
    done = export("--check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.cue
@pytest.mark.parametrize("path", [DESIGN, CARRIED, FIELDS, DIGESTS])
def test_a_stale_file_is_named_and_only_written_without_check(path: str, copy: Path, export: Export) -> None:
    committed = (copy / path).read_bytes()
    (copy / path).write_bytes(b"{}")
    checked = export("--check")
    assert checked.returncode == 1
    assert [name for name in (DESIGN, CARRIED, FIELDS, DIGESTS) if name in checked.stderr] == [path]
    assert (copy / path).read_bytes() == b"{}"
    assert export().returncode == 0
    assert (copy / path).read_bytes() == committed


@pytest.mark.cue
def test_a_badly_formatted_file_is_named_and_only_repaired_without_check(copy: Path, change: Change, export: Export) -> None:
    formatted = (copy / PEOPLE).read_text()
    change(PEOPLE, "\tada: {", "  ada:   {")
    checked = export("--check")
    assert checked.returncode == 1
    assert "stakeholder/demo.cue" in checked.stderr
    assert export().returncode == 0
    assert (copy / PEOPLE).read_text() == formatted


@pytest.mark.cue
def test_a_new_role_changes_that_one_person_and_nothing_else(copy: Path, change: Change, export: Export) -> None:
    before = {name: dict(leaves(json.loads((copy / name).read_bytes()))) for name in (DESIGN, CARRIED)}
    change(PEOPLE, 'access: role: "admin"', 'access: role: "user"')
    assert export().returncode == 0
    for name, old in before.items():
        new = dict(leaves(json.loads((copy / name).read_bytes())))
        assert old.keys() == new.keys()
        changed = {path: (old[path], new[path]) for path in old if old[path] != new[path]}
        assert set(changed.values()) == {("admin", "user")}
        assert [path[4:] for path in changed] == [("TableData", 0, "access", "M", "role", "S")]


@pytest.mark.cue
def test_a_new_field_is_exported(copy: Path, change: Change, export: Export) -> None:
    before = json.loads((copy / FIELDS).read_bytes())
    change(ROOT, "\t\tnickname:    schema.#Nickname\n", '\t\tnickname:    schema.#Nickname\n\t\towner?: "ME" | "YOU"\n')
    assert export().returncode == 0
    before["group_root"]["info"]["owner"] = ["ME", "YOU"]
    assert json.loads((copy / FIELDS).read_bytes()) == before


@pytest.mark.cue
def test_a_refused_design_leaves_the_exported_files_alone(copy: Path, change: Change, export: Export) -> None:
    committed = {name: (copy / name).read_bytes() for name in (DESIGN, CARRIED, FIELDS, DIGESTS)}
    change(PEOPLE, 'access: role: "admin"', 'access: role: "emperor"')
    assert export().returncode == 1
    assert {name: (copy / name).read_bytes() for name in committed} == committed


def test_without_cue_the_export_says_what_is_missing(export: Export) -> None:
    done = export("--check", env={"PATH": "/nowhere"})
    assert done.returncode == 2
    assert "cue is not installed" in done.stderr
