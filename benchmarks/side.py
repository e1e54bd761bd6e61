"""A checkout to measure: its commit, and the environment in which its code runs."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parents[1]
PACKAGES = ("db_model", "api", "server")
PERSON = "bench@example.com"
_PRINT = "; ".join(f"import integrates.{package}; print(integrates.{package}.__file__)" for package in PACKAGES)
_SETTINGS = {
    "INTEGRATES_ADMINS": PERSON,
    "INTEGRATES_API_RATE": "1000000",
    "INTEGRATES_SECRET": "a-secret-of-the-benchmark-which-guards-nothing",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "PYTHONHASHSEED": "0",
}
"""The seed makes two runs of one program do the same; the keys are for the emulator, which asks for any."""


class Side(msgspec.Struct, frozen=True):
    """A checkout with the name of its column."""

    name: str
    folder: Path
    commit: str


def environment(side: Side) -> Mapping[str, str]:
    """Return the variables with which a process runs the side's code, and nothing else's of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("INTEGRATES_", "AWS_"))}
    return clean | _SETTINGS | {"PYTHONPATH": os.pathsep.join(str(source) for source in _sources(side.folder))}


def found(name: str, folder: Path) -> Side:
    """Return the side of a checkout.

    Raises ``RuntimeError`` when the packages come from somewhere else, since one checkout would be measured as another.
    """
    side = Side(name, folder.resolve(), _commit(folder))
    done = subprocess.run(
        [sys.executable, "-c", _PRINT], env=environment(side), capture_output=True, text=True, check=False, cwd=side.folder
    )
    foreign = [file for file in done.stdout.split() if not Path(file).resolve().is_relative_to(side.folder)]
    if done.returncode or foreign:
        raise RuntimeError(f"{folder} is no checkout whose packages can be imported: {foreign or done.stderr[-2_000:]}")
    return side


def _sources(folder: Path) -> list[Path]:
    return [folder / "packages" / package / "src" for package in PACKAGES]


def _commit(folder: Path) -> str:
    """Return the short hash of the commit, followed by ``-dirty`` when files differ from it; ``unknown`` outside of git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"
