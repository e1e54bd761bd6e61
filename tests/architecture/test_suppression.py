"""A check is only silenced where it stands, by its code, and with the reason on the same line."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

SILENCER = re.compile(r"#\s*(?P<name>noqa|type:\s*ignore|nosec|pylint:|ruff:|mypy:|prospector:|pragma:)")
ACCEPTED = re.compile(
    r"#\s*(?:noqa:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|type:\s*ignore\[[a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*\]"
    r"|nosec\s+B\d+|pylint:\s*disable=[a-z-]+|pragma:\s*no cover)(?P<reason>.*)"
)
SHORTEST_REASON = 6
SKIPPING = {"skip", "skipif", "xfail"}


def is_silent(comment: str) -> bool:
    """Whether a comment silences a check without naming its code or its reason."""
    if not SILENCER.search(comment):
        return False
    found = ACCEPTED.search(comment)
    return found is None or len(re.findall(r"\w", found["reason"])) < SHORTEST_REASON


def comments(text: str) -> Iterator[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return ((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)


def skips_without_reason(tree: ast.Module) -> Iterator[int]:
    """The lines of `pytest.skip`, `skipif` and `xfail` that give none."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="skip", value=ast.Name(id="pytest")), args=[], keywords=[]):
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr=name, value=ast.Attribute(attr="mark")), keywords=keywords) if (
                name in SKIPPING
            ):
                if not any(keyword.arg == "reason" for keyword in keywords):
                    yield node.lineno


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# noqa: S603",
        "# type: ignore",
        "# type: ignore[misc]",
        "# noqa: S101 ok",
        "# type: ignore  # boto3 is untyped here",
        "# nosec",
    ],
)
def test_a_silent_suppression_is_recognised(comment: str) -> None:
    assert is_silent(comment)


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: S603 (fixed program, no outside input)",
        "# noqa: S603, S607 - the program is ours",
        "# type: ignore[misc]  # the library's decorator has no types",
        "# an ordinary remark",
    ],
)
def test_a_reasoned_one_is_accepted(comment: str) -> None:
    assert not is_silent(comment)


def test_every_suppression_gives_its_reason(root: Path, trees: Mapping[Path, ast.Module]) -> None:
    found = [
        f"{path}:{line}: {comment}"
        for path in trees
        for line, comment in comments((root / path).read_text())
        if is_silent(comment) and path != Path(__file__).relative_to(root)
    ]
    assert found == []


def test_every_skip_gives_its_reason(trees: Mapping[Path, ast.Module]) -> None:
    assert [f"{path}:{line}" for path, tree in trees.items() for line in skips_without_reason(tree)] == []
