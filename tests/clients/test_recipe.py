"""The recipes for clients in Python and TypeScript, as their pages tell them: saved, generated, checked and run on the demo."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serving import Running, serving

pytestmark = pytest.mark.functional

ROOT = Path(__file__).parents[2]
HOWTO = ROOT / "docs/how-to"
PYTHON, TYPESCRIPT = HOWTO / "write-a-client-in-python.md", HOWTO / "write-a-client-in-typescript.md"
BLOCK = re.compile(
    r"(?:[Ss]ave it as `(?P<name>[\w.]+)`\.\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
INSTALLS = re.compile(r"\b(?:pip|npm) install\b.*")
MARK = "--- the next block ---"
OWN = "INTEGRATES_"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("clients"), "--demo") as running:
        yield running


@pytest.fixture(scope="session")
def generator() -> Path:
    """The environment that has the generator of the client in Python."""
    home = os.environ.get("INTEGRATES_TEST_GENERATOR")
    if home is None:
        pytest.skip("INTEGRATES_TEST_GENERATOR names no environment with ariadne-codegen (nox -s clients does)")
    return Path(home)


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder with what the recipe in TypeScript installs."""
    found = os.environ.get("INTEGRATES_TEST_NODE_MODULES")
    if found is None:
        pytest.skip("INTEGRATES_TEST_NODE_MODULES names no folder with gql.tada (nox -s clients does, where there is npm)")
    return Path(found)


def installs(page: Path) -> str:
    (found,) = INSTALLS.findall(page.read_text())
    return str(found)


def save(page: Path, folder: Path, url: str) -> None:
    """Save the files that a page tells to save."""
    for block in BLOCK.finditer(page.read_text()):
        if block["name"]:
            (folder / block["name"]).write_text(block["text"].replace("http://localhost:8001", url))


def steps(page: Path) -> list[tuple[str, str | None]]:
    """The shell blocks of a page but the one that installs, each with the output that it shows."""
    found: list[tuple[str, str | None]] = []
    for block in BLOCK.finditer(page.read_text()):
        if block["language"] == "sh" and not INSTALLS.search(block["text"]):
            found.append((block["text"], None))
        elif block["language"] == "output":
            found[-1] = (found[-1][0], block["text"])
    return found


def settle(service: Running, folder: Path) -> None:
    """Make the folder look like that in which the demo was started."""
    program = folder / ".nox/serve/bin/integrates"
    program.parent.mkdir(parents=True)
    path = os.pathsep.join(sys.path)  # for this program alone: the clients have environments of their own
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{sys.executable}" -m integrates.server.cli "$@"\n')
    program.chmod(0o755)
    (folder / "integrates-demo").symlink_to(service.folder / "integrates-demo")


def bash(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN) and name != "PYTHONPATH"}
    command = ["bash", "-c", f"set -euo pipefail\n{script}"]
    return subprocess.run(command, cwd=folder, env=kept | variables, capture_output=True, text=True, check=False)


def follow(page: Path, service: Running, folder: Path) -> None:
    """Do what a page tells, and compare what it prints with what it shows; ``…`` stands for whatever is there."""
    settle(service, folder)
    save(page, folder, service.url)
    told = steps(page)
    script = f"\necho '{MARK}'\n".join(text for text, _ in told).replace("http://localhost:8001", service.url)
    done = bash(folder, script)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout.split(f"{MARK}\n")
    for (text, shown), output in zip(told, printed, strict=True):
        pattern = re.escape(shown).replace("…", ".+") if shown else ".*"
        assert re.fullmatch(pattern, output, re.DOTALL), f"{text}\nprints\n{output}"


def test_the_client_in_python_is_generated_and_does_what_the_page_says(
    service: Running, generator: Path, tmp_path: Path
) -> None:
    (tmp_path / "client").symlink_to(generator)
    follow(PYTHON, service, tmp_path)
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    command = [sys.executable, "-m", "mypy", "--python-executable", str(generator / "bin/python"), "decide.py", "send.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_query_in_python_that_does_not_fit_is_not_generated(service: Running, generator: Path, tmp_path: Path) -> None:
    save(PYTHON, tmp_path, service.url)
    queries = tmp_path / "queries.graphql"
    queries.write_text(queries.read_text().replace("title", "titel"))
    bearer = f"Bearer {service.token('vera@demo.example', '--name', 'misspelt')}"
    done = bash(tmp_path, f"{generator}/bin/ariadne-codegen client", INTEGRATES_AUTHORIZATION=bearer)
    assert done.returncode != 0
    assert "titel" in done.stderr


def test_the_client_in_typescript_compiles_and_does_what_the_page_says(service: Running, modules: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(modules)
    follow(TYPESCRIPT, service, tmp_path)
    program = tmp_path / "decide.mts"
    program.write_text(program.read_text().replace("{ title }", "{ titel }"))
    done = bash(tmp_path, "npx tsc")
    assert done.returncode != 0
    assert "Property 'title' does not exist on type '{ titel: unknown; }'" in done.stdout


def test_the_page_installs_the_versions_that_are_tried() -> None:
    asked_for = json.loads((Path(__file__).parent / "package.json").read_text())["dependencies"]
    assert installs(TYPESCRIPT).split()[3:] == [f"{name}@{version}" for name, version in asked_for.items()]
    pins = (ROOT / "constraints-clients.txt").read_text().splitlines()
    assert installs(PYTHON).split()[2] in pins


def test_the_pages_tell_what_to_save_and_to_run() -> None:
    def names(page: Path) -> list[str]:
        return [block["name"] for block in BLOCK.finditer(page.read_text()) if block["name"]]

    assert names(PYTHON) == ["pyproject.toml", "queries.graphql", "decide.py", "send.py"]
    assert names(TYPESCRIPT) == ["tsconfig.json", "decide.mts"]
    assert [[shown is not None for _, shown in steps(page)] for page in (PYTHON, TYPESCRIPT)] == [
        [False, True, True],
        [False, True],
    ]
