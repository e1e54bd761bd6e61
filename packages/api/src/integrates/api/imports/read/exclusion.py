"""Patterns of ``.gitignore``, matched in time that grows linearly with the path, whatever the patterns are (decision 0033)."""

from collections.abc import Callable, Sequence
from typing import Final

import re2  # type: ignore[import-untyped] # the library ships no types
from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern


def _options() -> re2.Options:
    options = re2.Options()
    # Twice what the largest pattern needs that the model takes; one that needs more while it matches is slower, not wrong.
    options.max_mem = 128 * 1024
    options.log_errors = False
    return options


_OPTIONS: Final = _options()


def _compiled(line: str) -> GitIgnoreSpecPattern:
    expression, excludes = GitIgnoreSpecPattern.pattern_to_regex(line)
    if expression is None:
        return GitIgnoreSpecPattern(None)
    # Python knows no classes like [:alpha:], for RE2 an escaped colon is a colon
    return GitIgnoreSpecPattern(re2.compile(expression.replace("[:", r"[\:"), _OPTIONS), excludes)


def exclusion(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return the function that says of a path below the root whether the patterns exclude it."""
    return GitIgnoreSpec.from_lines(patterns, _compiled, backend="simple").match_file
