"""Validates the database design in CUE and exports it: ``python schemas/export.py [--check]``.

Writes ``schemas/database-design.json`` (strictly NoSQL Workbench's format) and the copy that the ``db_model`` wheel
carries (with each facet's index keys and access patterns), byte for byte repeatably. With ``--check`` nothing is
written. Needs the program ``cue``. Exit code 0: all is well; 1: the design is refused, badly formatted or a committed
file is stale; 2: the arguments are wrong or ``cue`` is not installed.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parent
EXPORTS: Mapping[str, Path] = {
    "workbench": SCHEMAS / "database-design.json",
    "carried": SCHEMAS.parent / "packages/db_model/src/integrates/db_model/store/design.json",
}
"""Which expression of ``database.cue`` becomes which file."""


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
    return {path: run_cue("export", "--out", "json", "--expression", name, ".") for name, path in EXPORTS.items()}


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
