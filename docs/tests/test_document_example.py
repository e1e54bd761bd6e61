"""Runs what the documents tell to save as files, and the examples of the packages' READMEs."""

import csv
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sybil import Document
from sybil.parsers.markdown import PythonCodeBlockParser

from integrates.db_model.vulnerabilities.types import TreatmentStatus

DOCS = Path(__file__).parents[1]
PACKAGES = DOCS.parent / "packages"
PROGRAMS = Path(sys.executable).parent
JOBS = DOCS / "how-to/use-the-model-in-a-batch-job.md"
STORE = "sqlite:///try.db"
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


def attempt(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder, with the programs and modules that are there."""
    path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def run(folder: Path, *command: str) -> str:
    """Run a command that must succeed, and return what it prints."""
    done = attempt(folder, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of demo data, and with the jobs."""
    folder = tmp_path_factory.mktemp("jobs")
    save_files(JOBS, folder)
    run(folder, "integrates", "demo", "--store", STORE)
    return folder


def test_the_example_of_a_store_adapter_meets_the_requirements(tmp_path: Path) -> None:
    page = DOCS / "how-to/add-a-store-adapter.md"
    assert save_files(page, tmp_path) == ["counting_store.py", "test_counting_store.py"]
    install(page, tmp_path)
    report = run(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "test_counting_store.py")
    assert re.search(r"\d{2,} passed, \d+ skipped", report)


def test_the_jobs_are_short(tmp_path: Path) -> None:
    names = save_files(JOBS, tmp_path)
    assert names == ["expire_acceptances.py", "export_open.py", "reassign_leaver.py"]
    assert len(blocks(JOBS, "python")) == len(names)
    assert {name: count for name in names if (count := len(lines(tmp_path / name))) > 15} == {}


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.strip()]


def test_a_job_exports_what_is_open(demo: Path) -> None:
    rows = list(csv.reader(run(demo, "python", "export_open.py", STORE, "webshop").splitlines()))
    assert len(rows) == 20
    assert {row[-1] for row in rows} == {status.value for status in TreatmentStatus}
    assert rows == sorted(rows, key=lambda row: (row[3], row[0]))


def test_a_job_ends_acceptances_once(demo: Path) -> None:
    assert [run(demo, "python", "expire_acceptances.py", STORE, "webshop") for _ in range(2)] == ["ended: 1\n", "ended: 0\n"]


def test_a_job_reassigns_what_a_leaver_leaves(demo: Path) -> None:
    job = ("python", "reassign_leaver.py", STORE, "webshop", "uri@demo.example", "vera@demo.example")
    first, again = run(demo, *job).splitlines(), run(demo, *job).splitlines()
    assert (len(first), again) == (7, [])


@pytest.mark.parametrize("job, wanted", [("export_open", 2), ("expire_acceptances", 2), ("reassign_leaver", 4)])
@pytest.mark.parametrize("more", [-1, 1])
def test_a_job_says_what_arguments_it_takes(demo: Path, job: str, wanted: int, more: int) -> None:
    done = attempt(demo, "python", f"{job}.py", *["x"] * (wanted + more))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"usage: {job}.py [-h] store_url group")


def test_a_job_makes_no_store(demo: Path) -> None:
    done = attempt(demo, "python", "export_open.py", "sqlite:///other.db", "webshop")
    assert done.returncode == 1
    assert re.search(r"Unfit: there is no store in .*other.db\n", done.stderr)
    assert not (demo / "other.db").exists()


def test_a_job_is_told_that_there_is_no_such_group(demo: Path) -> None:
    done = attempt(demo, "python", "export_open.py", STORE, "web-shop")
    assert done.returncode == 1
    assert "NotFound" in done.stderr


def test_the_first_people_of_an_installation_get_in(tmp_path: Path) -> None:
    """Each command of the page about people, organizations, groups and members runs as it stands there, after the other."""
    page = (DOCS / "how-to/start-an-installation.md").read_text()
    shown = re.findall(r"^(?:TOKEN=\$\()?(integrates (?:person|organization|group|member|token) .*?)\)?$", page, re.MULTILINE)
    assert len(shown) == 7
    run(tmp_path, "integrates", "demo", "--store", STORE)
    run(tmp_path, "integrates", "person", "add", "me@example.com", "--role", "admin", "--store", STORE)
    printed = [run(tmp_path, *shlex.split(command), "--store", STORE) for command in shown]
    assert "you@example.com  hacker of shop\n" in printed[-2]
    assert printed[-1].startswith("itg_")
    assert "```python" not in page


def test_nothing_of_ours_is_installed_by_a_name_that_somebody_else_may_have() -> None:
    pages = [*DOCS.rglob("*.md"), *PACKAGES.glob("*/*.md"), *DOCS.parent.glob("*.md")]
    commands = [line for page in pages for line in page.read_text().splitlines() if "pip install" in line]
    assert commands
    assert [
        line for line in commands if re.search(r"[ \"']integrates", line.partition("pip install")[2].partition("#")[0])
    ] == []


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
