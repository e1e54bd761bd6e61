"""Validates the database design in CUE and exports it: ``python schemas/export.py [--check]``.

Writes, byte for byte repeatably:

- ``schemas/database-design.json``, strictly NoSQL Workbench's format;
- the copy that the ``db_model`` wheel carries, with each facet's index keys and access patterns;
- ``schemas/entity-fields.json``, the fields of each entity;
- ``schemas/export.sha256``, by which tests see without ``cue`` what was edited since.

With ``--check`` nothing is written. Needs the program ``cue``. Exit code 0: all is well; 1: the design is refused, badly
formatted or a committed file is stale; 2: the arguments are wrong or ``cue`` is not installed.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from digest import DIGESTS, digests, sources
from shape import shape_of

SCHEMAS = Path(__file__).resolve().parent
EXPORTS: Mapping[str, Path] = {
    "workbench": SCHEMAS / "database-design.json",
    "carried": SCHEMAS.parent / "packages/db_model/src/integrates/db_model/store/design.json",
}
"""Which expression of ``database.cue`` becomes which file."""
FIELDS = SCHEMAS / "entity-fields.json"
KEYS = ("pk", "sk")
"""What an item has and an entity does not."""


class ExportError(Exception):
    """The design cannot be exported; the text says why and where."""


class CueMissingError(Exception):
    """The program ``cue`` is not on the path."""


def run_cue(*arguments: str) -> bytes:
    """Run ``cue`` on the design and return what it prints.

    Raises ``ExportError`` with its complaint, ``CueMissingError`` where it is not installed.
    """
    cue = shutil.which("cue")
    if cue is None:
        raise CueMissingError
    done = subprocess.run([cue, *arguments], cwd=SCHEMAS, capture_output=True, check=False)
    if done.returncode:
        raise ExportError((done.stderr or done.stdout).decode().strip())
    return done.stdout


def require_format() -> None:
    """Raise ``ExportError`` naming the files that ``cue fmt`` would change."""
    badly_formatted = run_cue("fmt", "--check", "--files", ".").decode().strip()
    if badly_formatted:
        raise ExportError(f"not formatted, run this script without --check:\n{badly_formatted}")


def export_design() -> Mapping[Path, bytes]:
    """Return what each exported file has to hold. Raises ``ExportError`` for a design that breaks a constraint."""
    facets = [f"./{folder.relative_to(SCHEMAS)}/..." for folder in sorted(SCHEMAS.glob("tables/*/facets"))]
    run_cue("vet", "--concrete", *facets)  # first, because here a complaint names the demo entity
    run_cue("vet", "--concrete", "./...")
    exported = {path: run_cue("export", "--out", "json", "--expression", name, ".") for name, path in EXPORTS.items()}
    exported[FIELDS] = f"{json.dumps(entity_fields(), indent=2)}\n".encode()
    recorded = {**sources(SCHEMAS.parent), **{str(path.relative_to(SCHEMAS.parent)): each for path, each in exported.items()}}
    return {**exported, SCHEMAS.parent / DIGESTS: digests(recorded).encode()}


def entity_fields() -> Mapping[str, Any]:
    """Return the shape of each entity by the name of its facet: of ``#GroupAccess`` in the folder ``group_access``."""
    folders = sorted(SCHEMAS.glob("tables/*/facets/*"))
    names = {folder: "#" + folder.name.title().replace("_", "") for folder in folders}
    entities = {
        folder: name
        for folder, name in names.items()
        if any(re.search(f"^{name}:", file.read_text(), re.MULTILINE) for file in folder.glob("*.cue"))
    }
    return {folder.name: entity_shape(folder, name) for folder, name in entities.items()}


def entity_shape(folder: Path, name: str) -> Mapping[str, Any]:
    """Return the shape of one entity."""
    schema = run_cue("def", "--out", "jsonschema", "--expression", name, f"./{folder.relative_to(SCHEMAS)}")
    return {field: shape for field, shape in shape_of(json.loads(schema)).items() if field not in KEYS}


def stale_files(exported: Mapping[Path, bytes]) -> Sequence[Path]:
    """Return the files that do not hold what they have to."""
    return [path for path, content in exported.items() if not path.is_file() or path.read_bytes() != content]


def check_design() -> None:
    """Raise ``ExportError`` unless design and exported files are well formatted, valid and in step."""
    require_format()
    stale = stale_files(export_design())
    if stale:
        names = "\n".join(str(path.relative_to(SCHEMAS.parent)) for path in stale)
        raise ExportError(f"stale, run this script without --check and commit:\n{names}")


def write_design() -> None:
    """Format the design and write the exported files that have changed.

    Raises ``ExportError`` for a design that breaks a constraint; the exported files then stay as they are.
    """
    run_cue("fmt", "--files", ".")
    exported = export_design()
    for path in stale_files(exported):
        path.write_bytes(exported[path])


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="export.py", description="Validate and export the database design.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when something would change")
    options = parser.parse_args(arguments)
    try:
        (check_design if options.check else write_design)()
    except ExportError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except CueMissingError:
        sys.stderr.write("cue is not installed; docs/reference/database-design.md says which version\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
