"""What the repository says about itself in several places agrees."""

import ast
import os
import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

PACKAGES = ("db_model", "api", "server")
INTERACTIVE = {"serve", "format", "bench"}
"""Sessions that check nothing."""


def project(root: Path, package: str) -> Mapping[str, str]:
    """The `[project]` table of a package."""
    table: Mapping[str, str] = tomllib.loads((root / "packages" / package / "pyproject.toml").read_text())["project"]
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


def test_ci_leaves_no_session_out(root: Path) -> None:
    tree = ast.parse((root / "noxfile.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    sessions = {"format" if function.name == "format_code" else function.name for function in functions}
    [asked_for] = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ELSEWHERE"
    ]
    named = re.findall(r"nox -s (.+)$", (root / ".ci/run").read_text(), re.MULTILINE)[-1].split()
    assert {"test", *ast.literal_eval(asked_for), *named} == sessions - INTERACTIVE


def test_ci_is_executable(root: Path) -> None:
    assert os.access(root / ".ci/run", os.X_OK)


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-emulator.txt"])
def test_constraints_are_exact_versions_only(root: Path, name: str) -> None:
    lines = [line for line in (root / name).read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    assert len({line.split("==")[0].lower().replace("_", "-") for line in lines}) == len(lines)


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
    """`nox -s test` leaves them to the session of their own by the mark."""
    modules = sorted((root / "tests/functional").glob("test_*.py"))
    assert [module.name for module in modules if "pytest.mark.functional" not in module.read_text()] == []
