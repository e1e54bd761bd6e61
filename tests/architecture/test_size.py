"""Files have one subject and functions are short: a ceiling for the longest of each."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

FILE_LINES = {"code": 350, "test": 500}
FUNCTION_LINES = {"code": 40, "test": 60}
"""Lines without those of the docstring."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def kind(path: Path) -> str:
    return "test" if "tests" in path.parts or path.parts[0] in {"benchmarks", "docs"} else "code"


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """The lines from `def` to the end, without the docstring's."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return last_line(function) - function.lineno + 1 - (last_line(first) - first.lineno + 1 if documented else 0)


def last_line(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def test_the_docstring_does_not_count() -> None:
    [function] = functions(ast.parse('def f():\n    """One\n\n    three.\n    """\n    x = 1\n    return x\n'))
    assert length(function) == 3


def test_no_file_is_too_long(root: Path, trees: Mapping[Path, ast.Module]) -> None:
    lines = {path: len((root / path).read_text().splitlines()) for path in trees}
    assert {str(path): count for path, count in lines.items() if count > FILE_LINES[kind(path)]} == {}


def test_no_function_is_too_long(trees: Mapping[Path, ast.Module]) -> None:
    lengths = {(path, found.name): length(found) for path, tree in trees.items() for found in functions(tree)}
    assert {f"{path}:{name}": count for (path, name), count in lengths.items() if count > FUNCTION_LINES[kind(path)]} == {}
