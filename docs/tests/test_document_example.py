"""Runs what the documents tell to save as files, and the examples of the packages' READMEs."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sybil import Document
from sybil.parsers.markdown import PythonCodeBlockParser

DOCS = Path(__file__).parents[1]
PACKAGES = DOCS.parent / "packages"
PROGRAMS = Path(sys.executable).parent
TOLD = re.compile(r"[Ss]ave it as `(?P<name>[\w.]+)`\.\n\n```python\n(?P<text>.*?)```\n", re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a language in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def save_files(page: Path, folder: Path) -> list[str]:
    """Save what a page tells to save; the names of the files."""
    files = {found["name"]: found["text"] for found in TOLD.finditer(page.read_text())}
    for name, text in files.items():
        (folder / name).write_text(text)
    return sorted(files)


def install(page: Path, folder: Path) -> None:
    """Declare the entry points of a page as an installed distribution would."""
    groups = tomllib.loads(blocks(page, "toml")[0])["project"]["entry-points"]
    home = folder / "example-1.dist-info"
    home.mkdir()
    (home / "METADATA").write_text("Metadata-Version: 2.1\nName: example\nVersion: 1\n")
    lines = [line for group, points in groups.items() for line in (f"[{group}]", *map(" = ".join, points.items()))]
    (home / "entry_points.txt").write_text("\n".join(lines))


def run(folder: Path, *command: str) -> str:
    """Run a command in the folder, with the programs and modules that are there; it must succeed."""
    path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_of_a_store_adapter_meets_the_requirements(tmp_path: Path) -> None:
    page = DOCS / "how-to/add-a-store-adapter.md"
    assert save_files(page, tmp_path) == ["counting_store.py", "test_counting_store.py"]
    install(page, tmp_path)
    report = run(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "test_counting_store.py")
    assert re.search(r"\d{2,} passed, \d+ skipped", report)


def test_the_batch_job_runs_as_a_program(tmp_path: Path) -> None:
    assert save_files(DOCS / "how-to/use-the-model-in-a-batch-job.md", tmp_path) == ["tag_folder.py"]
    run(tmp_path, "integrates", "demo", "--store", "sqlite:///try.db")
    printed = run(tmp_path, "python", "tag_folder.py", "sqlite:///try.db", "webshop", "src", "legacy")
    assert re.fullmatch(r"[1-9]\d* vulnerabilities tagged\n", printed)


def test_the_first_person_of_an_installation_gets_a_token(tmp_path: Path) -> None:
    assert save_files(DOCS / "how-to/start-an-installation.md", tmp_path) == ["add_person.py"]
    run(tmp_path, "python", "add_person.py", "sqlite:///store.db", "me@example.com", "admin")
    assert run(tmp_path, "integrates", "token", "me@example.com", "--store", "sqlite:///store.db").count(".") == 2


@pytest.mark.parametrize("package", ["db_model", "api"])
def test_the_example_of_a_readme_runs(package: str) -> None:
    readme = PACKAGES / package / "README.md"
    examples = list(Document.parse(str(readme), PythonCodeBlockParser()))
    assert examples
    for example in examples:
        example.evaluate()


def test_the_example_of_the_server_runs(tmp_path: Path) -> None:
    example, _, service = blocks(PACKAGES / "server/README.md", "sh")[1].rpartition("integrates ")
    printed = run(tmp_path, "bash", "-euc", example)
    assert ("demo entities" in printed, service.split()[0]) == (True, "serve")
