"""Each wheel carries what it should, and installs and imports alone in a bare environment.

`nox -s build` makes the wheels and names their folder in `INTEGRATES_TEST_DIST`.
"""

import email
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.wheels

ROOT = Path(__file__).parents[2]
PACKAGES = ("db_model", "api", "server")
CARRIED: Mapping[str, tuple[str, ...]] = {
    "db_model": ("store/design.json",),
    "api": ("schema.graphql",),
    "server": (
        "cli/__init__.py",
        "pages/templates/base.html",
        "static/page.css",
        "static/explorer/explorer.js",
        "static/explorer/LICENSES.txt",
    ),
}
"""Files that the code of a package cannot do without."""

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, sys.argv[1] + "."):
    if not module.name.startswith(tuple(sys.argv[2:])):
        importlib.import_module(module.name)
print("boto3" in sys.modules, package.__file__)
"""
ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "db_model": ("integrates.db_model.store.dynamodb.", "integrates.db_model.files.s3", "integrates.db_model.testing."),
    "api": (),
    "server": ("integrates.server.cli.__main__",),
}
"""Modules that need an extra, or the test tools of whoever runs them, or that run when they are imported."""


@pytest.fixture(scope="module")
def dist() -> Path:
    """The folder with the wheels."""
    folder = os.environ.get("INTEGRATES_TEST_DIST")
    if folder is None:
        pytest.skip("INTEGRATES_TEST_DIST does not name a folder with wheels (nox -s build does)")
    return Path(folder)


def wheel(dist: Path, package: str) -> Path:
    """The one wheel of a package."""
    [found] = dist.glob(f"integrates_{package}-*.whl")
    return found


def python(home: Path, *arguments: str) -> str:
    """What the interpreter of an environment prints; nothing of the calling environment reaches it."""
    done = subprocess.run([home / "bin/python", "-I", *arguments], cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module", params=PACKAGES)
def installed(request: pytest.FixtureRequest, dist: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a package, and a new environment in which only its wheel was installed."""
    package: str = request.param
    home = tmp_path_factory.mktemp(package)
    subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", str(home)], check=True)
    pins = ROOT / "constraints.txt"
    python(home, "-m", "pip", "install", "--quiet", "-c", str(pins), "--find-links", str(dist), str(wheel(dist, package)))
    return package, home


def test_it_imports_alone(installed: tuple[str, Path]) -> None:
    package, home = installed
    has_boto3, file = python(home, "-c", IMPORT_ALL, f"integrates.{package}", *ELSEWHERE[package]).split(maxsplit=1)
    assert has_boto3 == "False"
    assert Path(file).is_relative_to(home)


def test_it_brings_what_it_needs_and_no_more(installed: tuple[str, Path]) -> None:
    package, home = installed
    python(home, "-m", "pip", "check")
    names = {line.split("==")[0] for line in python(home, "-m", "pip", "list", "--format", "freeze").splitlines()}
    assert "boto3" not in names
    assert {name for name in names if name.startswith("integrates")} == {
        f"integrates-{name.replace('_', '-')}" for name in PACKAGES[: PACKAGES.index(package) + 1]
    }


def files_of(archive: Path) -> set[str]:
    with ZipFile(archive) as opened:
        return set(opened.namelist())


@pytest.mark.parametrize("package", PACKAGES)
def test_it_carries_its_files_and_shares_the_namespace(dist: Path, package: str) -> None:
    names = files_of(wheel(dist, package))
    assert {f"integrates/{package}/{name}" for name in ("__init__.py", "py.typed", *CARRIED[package])} <= names
    assert {name.split("/")[1] for name in names if name.startswith("integrates/")} == {package}
    assert not any(name.startswith(("tests/", "src/")) for name in names)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_the_source_is_in_it(dist: Path, package: str) -> None:
    source = ROOT / "packages" / package / "src"
    files = {file.relative_to(source) for file in source.rglob("*") if file.is_file()}
    ours = {str(file) for file in files if not any(part == "__pycache__" or part.startswith(".") for part in file.parts)}
    assert ours - files_of(wheel(dist, package)) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_its_metadata_is_complete(dist: Path, package: str) -> None:
    archive = wheel(dist, package)
    [folder] = {name.split("/")[0] for name in files_of(archive) if ".dist-info/" in name}
    with ZipFile(archive) as opened:
        metadata = email.message_from_bytes(opened.read(f"{folder}/METADATA"))
        licence = opened.read(f"{folder}/licenses/LICENSE")
    assert metadata["Name"] == f"integrates-{package.replace('_', '-')}"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert licence == (ROOT / "LICENSE").read_bytes()


def test_the_server_brings_the_command(installed: tuple[str, Path]) -> None:
    package, home = installed
    command = home / "bin/integrates"
    assert command.exists() == (package == "server")
    if command.exists():
        assert "serve" in subprocess.run([command, "--help"], capture_output=True, text=True, check=True).stdout
