"""What the architecture tests look at: the source files of this checkout, parsed once."""

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ("packages", "tests", "benchmarks", "docs", "schemas")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def trees() -> Mapping[Path, ast.Module]:
    """The syntax tree of every Python file of ours, by its path in the checkout."""
    files = [
        ROOT / "noxfile.py",
        ROOT / "conftest.py",
        *(file for place in PLACES for file in sorted((ROOT / place).rglob("*.py"))),
    ]
    return {file.relative_to(ROOT): ast.parse(file.read_text()) for file in files}
