"""A package declares what it imports, so that its wheel works alone."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

NAMES = {
    "integrates.db_model": "integrates-db-model",
    "integrates.api": "integrates-api",
    "integrates.server": "integrates-server",
}
WITH_PYTEST = Path("packages/db_model/src/integrates/db_model/testing")
"""The requirements suite is for test environments, which bring pytest and Hypothesis."""


def imports(tree: ast.Module) -> Iterator[str]:
    """The dotted names of the modules that a module imports when it runs."""
    for node in running(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (f"{module}.{name.name}" if module == "integrates" else module for name in names)
            case _:
                pass


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, less what only type checkers read."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from running(child)


def distribution(module: str, installed: Mapping[str, list[str]]) -> str | None:
    """The normalised name of the distribution that a module comes from; `None` for the standard library."""
    top = module.split(".", maxsplit=1)[0]
    if top in sys.stdlib_module_names:
        return None
    if top == "integrates":
        return NAMES[".".join(module.split(".")[:2])]
    return normalised(installed.get(top, [top])[0])


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(root: Path, package: str) -> set[str]:
    """The names of the package, its dependencies and those of its extras."""
    project = tomllib.loads((root / "packages" / package / "pyproject.toml").read_text())["project"]
    requirements = [
        *project["dependencies"],
        *(line for extra in project.get("optional-dependencies", {}).values() for line in extra),
    ]
    return {project["name"], *(normalised(re.split(r"[^A-Za-z0-9._-]", line)[0]) for line in requirements)}


@pytest.mark.parametrize("package", ["db_model", "api", "server"])
def test_every_imported_distribution_is_declared(root: Path, trees: Mapping[Path, ast.Module], package: str) -> None:
    source, installed = Path("packages", package, "src"), packages_distributions()
    modules = [
        module
        for path, tree in trees.items()
        if path.is_relative_to(source) and not path.is_relative_to(WITH_PYTEST)
        for module in imports(tree)
    ]
    used = {name for module in modules if (name := distribution(module, installed))}
    assert used - declared(root, package) == set()


@pytest.mark.parametrize("package", ["db_model", "api", "server"])
def test_every_declared_distribution_is_imported(root: Path, trees: Mapping[Path, ast.Module], package: str) -> None:
    source, installed = Path("packages", package, "src"), packages_distributions()
    found = {
        distribution(module, installed)
        for path, tree in trees.items()
        if path.is_relative_to(source)
        for module in imports(tree)
    }
    implied = {f"integrates-{package.replace('_', '-')}", "python-multipart"}  # Starlette imports it to read forms
    assert declared(root, package) - implied - found == set()
