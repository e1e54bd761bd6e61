"""What the tests of the database design start from."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from digest import DIGESTS, edits

ROOT = Path(__file__).resolve().parents[2]
DESIGN = Path("schemas/database-design.json")
CARRIED = Path("packages/db_model/src/integrates/db_model/store/design.json")

Export = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the design and of what was exported from it, to change and to export."""
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    (tmp_path / CARRIED).parent.mkdir(parents=True)
    shutil.copy(ROOT / CARRIED, tmp_path / CARRIED)
    return tmp_path


@pytest.fixture
def export(copy: Path) -> Export:
    """Run the export of the copy with the given arguments."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "schemas/export.py", *arguments]
        return subprocess.run(command, cwd=copy, env=env, check=False, capture_output=True, text=True)

    return run


@pytest.fixture
def change(copy: Path) -> Callable[[Path, str, str], None]:
    """Replace the first occurrence of a text in a file of the copy."""

    def replace(path: Path, old: str, new: str) -> None:
        text = (copy / path).read_text()
        assert old in text
        (copy / path).write_text(text.replace(old, new, 1))

    return replace


@pytest.fixture(scope="session")
def fresh(repository: Path) -> Path:
    """The folder of the checkout, in which the export is that of the design: otherwise nothing can be said about it."""
    if any(edits((repository / DIGESTS).read_text(), repository)):
        pytest.skip("test_schemas_fresh says what to do first: the export is not that of the design")
    return repository


@pytest.fixture(scope="session")
def document(fresh: Path) -> Any:
    """The document for NoSQL Workbench as committed."""
    return json.loads((fresh / DESIGN).read_bytes())


@pytest.fixture(scope="session")
def carried(fresh: Path) -> Any:
    """The document that the db_model wheel carries, as committed."""
    return json.loads((fresh / CARRIED).read_bytes())


@pytest.fixture(scope="session")
def exported(fresh: Path) -> Any:
    """The fields in CUE of the entities by facet, as committed."""
    return json.loads((fresh / "schemas/entity-fields.json").read_bytes())
