"""Patterns of ``.gitignore`` from people who mean no good, and from everybody else."""

from time import process_time
from warnings import catch_warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from integrates.api.imports.read.exclusion import exclusion
from integrates.db_model.errors import Rejections
from integrates.db_model.roots.git import MAX_PATTERN, MAX_PATTERNS, gitignore
from integrates.db_model.vulnerabilities.location import MAX_WHERE

_SLOW = ("*a" * 8 + "b", "*a" * 99 + "b", "?*" * 99 + "b", "a/**/" * 39 + "b", "*a" + "?" * 197 + "b", "[!c]*" * 39 + "b")


def _spent(pattern: str, length: int) -> float:
    started = process_time()
    is_excluded = exclusion((pattern,))
    assert not any(is_excluded("a" * (length + repeat)) for repeat in range(20))
    return process_time() - started


@pytest.mark.parametrize("pattern", _SLOW)
def test_a_pattern_takes_time_in_proportion_to_the_path(pattern: str) -> None:
    assert _spent(pattern, 8 * MAX_WHERE) < 8 * 8 * max(_spent(pattern, MAX_WHERE), 0.001)


@pytest.mark.parametrize("begin", ["?", "*a", "[!é]", "[é-𐀀]", "a/**/"])
def test_as_many_patterns_as_a_root_may_have_are_taken_and_tell(begin: str) -> None:
    long = begin * ((MAX_PATTERN - 2) // len(begin))
    patterns = gitignore([f"{long}{one:02}" for one in range(MAX_PATTERNS)], ())
    assert not exclusion(patterns)("a" * MAX_WHERE)
    assert exclusion((*patterns, "a*"))("a" * MAX_WHERE)


_CHARACTERS = "ab/*?[]!^-\\:.& é~|{}()+$#dwsZ@"


@given(st.lists(st.text(_CHARACTERS, min_size=1, max_size=12), max_size=3), st.text(_CHARACTERS, min_size=1, max_size=12))
def test_patterns_mean_what_they_mean_to_pathspec(given_patterns: list[str], path: str) -> None:
    try:
        patterns = gitignore(given_patterns, ())
    except Rejections:
        return
    with catch_warnings(action="ignore", category=FutureWarning):  # Python's engine wonders at `[[`
        expected = GitIgnoreSpec.from_lines(patterns, backend="simple").match_file(path)
    assert exclusion(patterns)(path) == expected
