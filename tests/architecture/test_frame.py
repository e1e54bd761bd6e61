"""What the repository says about itself in several files agrees."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

PACKAGES = ("db_model", "api", "server")
INTERACTIVE = {"serve", "format", "bench", "explorer"}
"""Sessions that check nothing."""
ON_DEMAND = {"soak"}
"""Checks whose end somebody chooses; CI runs their short forms."""
IN_CI_ONLY = {"schemas", "lowest", "judges", "pages", "clients"}
"""Checks that `nox` leaves out: some need more than PyPI offers, one matters when a dependency is added or moved."""


def project(root: Path, package: str) -> Mapping[str, Any]:
    """The `[project]` table of a package."""
    table: Mapping[str, Any] = tomllib.loads((root / "packages" / package / "pyproject.toml").read_text())["project"]
    return table


def test_ci_runs_the_test_command_of_the_readme(root: Path, tmp_path: Path) -> None:
    """`.ci/run` is run in a folder whose README names another command: that one is what it runs."""
    readme = (root / "README.md").read_text()
    commands = re.findall(r"^```sh\n(python3 .*)\n```$", readme, re.MULTILINE)
    assert [command.rsplit(" ", 1)[1] for command in commands] == ["serve", "test"]

    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/run").write_text((root / ".ci/run").read_text())
    (tmp_path / "README.md").write_text(readme.replace(commands[1], "python3 -c 'raise SystemExit(7)' -s test"))
    done = subprocess.run(["bash", ".ci/run"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "+ python3 -c 'raise SystemExit(7)' -s test\n")


@pytest.fixture(scope="module")
def sessions(root: Path) -> Mapping[str, tuple[bool, str]]:
    """What `nox -l` says: by name whether `nox` alone runs the session, and what it does."""
    done = subprocess.run([sys.executable, "-m", "nox", "-l"], cwd=root, capture_output=True, text=True, check=True)
    lines = re.findall(r"^([*-]) (\w+) -> (.+)$", done.stdout, re.MULTILINE)
    return {name: (mark == "*", line) for mark, name, line in lines}


@pytest.fixture(scope="module")
def selections(root: Path) -> Mapping[str, tuple[str, ...]]:
    """What each session of `nox -s test` tells pytest."""
    [selections] = [
        node.value
        for node in ast.parse((root / "noxfile.py").read_text()).body
        if isinstance(node, ast.AnnAssign) and node.value and ast.unparse(node.target) == "TESTS"
    ]
    found: Mapping[str, tuple[str, ...]] = ast.literal_eval(selections)
    return found


def test_the_test_command_says_what_it_runs(
    sessions: Mapping[str, tuple[bool, str]], selections: Mapping[str, tuple[str, ...]]
) -> None:
    *most, last = selections
    assert sessions["test"][1].startswith(f"Run {', '.join(most)} and {last}; ")


def test_every_check_is_run_by_nox_alone_or_by_ci(sessions: Mapping[str, tuple[bool, str]]) -> None:
    alone = {name for name, (is_default, _) in sessions.items() if is_default}
    assert alone == sessions.keys() - INTERACTIVE - ON_DEMAND - IN_CI_ONLY - {"test"}


def test_ci_runs_each_session_once(
    root: Path, sessions: Mapping[str, tuple[bool, str]], selections: Mapping[str, tuple[str, ...]]
) -> None:
    named = re.findall(r"nox -s (.+)$", (root / ".ci/run").read_text(), re.MULTILINE)[-1].split()
    assert sorted(["test", *selections, *named]) == sorted(sessions.keys() - INTERACTIVE - ON_DEMAND)


def test_every_test_is_run_by_one_session(root: Path, selections: Mapping[str, tuple[str, ...]]) -> None:
    """A folder is given to one session; what that leaves out by a mark is run by the session that asks for the mark."""
    in_ci = {"judges": ("tests/judges",), "pages": ("tests/pages",), "clients": ("tests/clients",)}
    asked_for = {"schemas": ("tests", "-m", "cue"), **in_ci, **selections}
    marks = {name: parts[-1] for name, parts in asked_for.items() if "-m" in parts}
    by_mark = {mark: name for name, mark in marks.items() if not mark.startswith("not")}
    left_out = {word for mark in marks.values() if mark.startswith("not") for word in re.findall(r"[a-z]+", mark)}
    assert left_out - {"not", "or"} == by_mark.keys()

    given = [
        part for name, parts in asked_for.items() if name not in by_mark.values() for part in parts if (root / part).is_dir()
    ]
    folders = [
        "packages",
        "docs",
        *(f"tests/{path.name}" for path in (root / "tests").iterdir() if any(path.glob("test_*.py"))),
    ]
    assert sorted(given) == sorted(folders)


@pytest.mark.parametrize(("session", "mark"), [("dynamodb", "dynamodb"), (None, "cue")])
def test_a_mark_is_set_only_where_its_session_looks(
    root: Path, selections: Mapping[str, tuple[str, ...]], session: str | None, mark: str
) -> None:
    """Collecting all tests for the sake of a few takes as long as many a session."""
    folders = [root / part for part in (selections[session] if session else ("tests",)) if (root / part).is_dir()]
    marked = {
        path
        for folder in ("packages", "tests")
        for path in (root / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == f"pytest.mark.{mark}"
    }
    assert marked
    assert [path for path in marked if not any(path.is_relative_to(folder) for folder in folders)] == []


def test_every_session_in_a_document_exists(root: Path, sessions: Mapping[str, tuple[bool, str]]) -> None:
    documents = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "packages").glob("*/*.md")]
    named = {
        name
        for document in documents
        for line in re.findall(r"nox -s ([a-z_ ]+)", document.read_text())
        for name in line.split()
        if line
    }
    assert {"load", "soak", "test"} <= named
    assert named - sessions.keys() == set()


def test_every_proof_is_described(root: Path) -> None:
    table = re.findall(r"^\| `(test_load_\w+\.py)` \|", (root / "docs/explanation/proof.md").read_text(), re.MULTILINE)
    assert sorted(table) == sorted({path.name for path in (root / "tests/load").glob("test_*.py")} - {"test_load_ledger.py"})


def test_ci_is_executable(root: Path) -> None:
    assert os.access(root / ".ci/run", os.X_OK)


@pytest.mark.parametrize(
    "name", ["constraints.txt", "constraints-emulator.txt", "constraints-judges.txt", "constraints-clients.txt"]
)
def test_constraints_are_exact_versions_only(root: Path, name: str) -> None:
    lines = [line for line in (root / name).read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    assert len({line.split("==")[0].lower().replace("_", "-") for line in lines}) == len(lines)


@pytest.mark.parametrize("folder", ["packages/server/explorer", "tests/clients", "tests/judges", "tests/pages"])
def test_packages_of_npm_are_exact_versions_from_whichever_registry(root: Path, folder: str) -> None:
    asked_for, lock = [json.loads((root / folder / name).read_text()) for name in ("package.json", "package-lock.json")]
    assert "://" not in json.dumps([asked_for, lock])
    assert [one for one in asked_for["dependencies"].values() if not re.fullmatch(r"\d+\.\d+\.\d+", one)] == []
    locked = {name: one for name, one in lock["packages"].items() if name}
    wanted = {f"node_modules/{name}": version for name, version in asked_for["dependencies"].items()}
    assert {name: locked[name]["version"] for name in wanted} == wanted
    assert [name for name, one in locked.items() if "resolved" in one or "integrity" not in one] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_changelog_begins_with_the_version(root: Path, package: str) -> None:
    headings = re.findall(r"^## (\S+)", (root / "packages" / package / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0].rstrip(",") == project(root, package)["version"]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_carries_the_licence_and_is_typed(root: Path, package: str) -> None:
    home = root / "packages" / package
    assert (home / "LICENSE").read_text() == (root / "LICENSE").read_text()
    assert (home / "src/integrates" / package / "py.typed").is_file()


def test_functional_tests_say_so(root: Path) -> None:
    """Whoever runs pytest without nox can leave them out by the mark."""
    modules = [
        module
        for folder in ("functional", "load", "pages", "clients")
        for module in sorted((root / "tests" / folder).glob("test_*.py"))
    ]
    assert [module.name for module in modules if "pytest.mark.functional" not in module.read_text()] == []


def test_every_dependency_has_a_lower_bound(root: Path) -> None:
    """`nox -s lowest` tries it."""
    tables = [project(root, package) for package in PACKAGES]
    declared = [line for table in tables for part in (table["dependencies"], *extras(table)) for line in part]
    assert [line for line in declared if not re.match(r"[A-Za-z0-9-]+>=\d", line) and not line.startswith("integrates-")] == []


def extras(table: Mapping[str, Any]) -> list[list[str]]:
    return [*table.get("optional-dependencies", {}).values()]
