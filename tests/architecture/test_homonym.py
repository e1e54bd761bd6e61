"""A function's name is defined in one module of a package, unless the functions do the same to different things."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

HOMONYMS: Mapping[str, Mapping[str, str]] = {
    "db_model": {
        "add": "stores a new entity: the generic command, and that of each entity",
        "attach": "puts a file into a slot, of each entity that has evidence",
        "begin": "stores new long work with its progress: an import, and an import of decisions",
        "find_unfinished": "reads the one that is unfinished, likewise",
        "give_back": "ends the lease of a worker that goes away, likewise",
        "take_up": "goes on with what has no worker, likewise",
        "unfinished_ids": "reads the ids of all that are unfinished, likewise",
        "write_chunk": "writes a chunk together with the progress, likewise",
        "create": "stores a new entity made of raw arguments, of each entity that people add",
        "deactivate": "ends an entity for the time being: a root, and a finding policy",
        "detach": "empties a slot, likewise",
        "describe": "changes an entity by raw arguments, of each entity that people describe",
        "find": "reads an entity with the progress of its work: an import of either kind, and a finding policy",
        "regulate": "sets policies: of an organization, and of a group",
        "remove": "ends an entity for good, of each entity that people remove",
        "resubmit": "asks again for what was refused: drafts, and a finding policy",
        "update": "changes an entity: the generic command, and that of vulnerabilities",
        "update_each": "changes many: the generic command, and that of vulnerabilities",
        "is_live": "whether an entity was removed, of each kind of entity",
        "whole": "every refusal of an entity, of each kind of entity",
        "is_hidden": "of a vulnerability, and of the vulnerabilities that a cell counts",
        "is_open": "likewise",
        "treat": "the pure rule, and the command that applies it to many vulnerabilities",
        "item": "the item in what an engine answers, in each adapter",
        "migrate": "brings a table to the design, in each adapter",
        "prepare": "makes sure of the tables, in each adapter",
        "translated": "what an error of the engine means, in each adapter",
    },
    "api": {
        "detects": "whether a file is of a format, of each format",
        "read": "what a file says: of any format, and of each format",
        "filter_of": "the filter in the arguments of a list, of each kind of list that has one",
        "fits": "whether an item passes that filter, likewise",
        "write": "the pieces of a document, of each format of exports",
    },
    "server": {},
}
"""By package: the names that several modules may define, and what their functions do alike."""
RESOLVERS = {"fields.py", "mutations.py", "queries.py"}
"""Modules whose functions are called what the schema calls its fields."""


def public_functions(tree: ast.Module) -> Iterator[str]:
    """The names of the functions that other modules may import."""
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return (function.name for function in functions if not function.name.startswith("_"))


def homonyms(trees: Mapping[Path, ast.Module], package: str) -> dict[str, list[str]]:
    """The modules of each name that more than one module of the package defines; the names of tests are sentences."""
    modules: dict[str, set[str]] = defaultdict(set)
    for path, tree in trees.items():
        if path.is_relative_to(Path("packages", package, "src")) and path.name not in RESOLVERS:
            for name in public_functions(tree):
                modules[name].add(str(path))
    return {name: sorted(found) for name, found in modules.items() if len(found) > 1 and not name.startswith("test_")}


def test_a_homonym_is_recognised() -> None:
    source = Path("packages/x/src/integrates/x")
    one, other = ast.parse("def load() -> None: ..."), ast.parse("async def load() -> None: ...\ndef _own() -> None: ...")
    own = ast.parse("def _own() -> None: ...")
    trees = {source / "a.py": one, source / "b.py": other, source / "c.py": own, source / "d/fields.py": one}
    assert homonyms(trees, "x") == {"load": [str(source / "a.py"), str(source / "b.py")]}


@pytest.mark.parametrize("package", HOMONYMS)
def test_a_name_says_one_thing_in_a_package(trees: Mapping[Path, ast.Module], package: str) -> None:
    found = homonyms(trees, package)
    assert {name: modules for name, modules in found.items() if name not in HOMONYMS[package]} == {}


@pytest.mark.parametrize("package", HOMONYMS)
def test_the_exceptions_are_needed(trees: Mapping[Path, ast.Module], package: str) -> None:
    assert HOMONYMS[package].keys() - homonyms(trees, package).keys() == set()
