"""A module is one singular noun or verb, and its name says something."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

EMPTY_WORDS = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "new", "old", "util", "utils"}


def says_nothing(stem: str) -> bool:
    words = stem.lower().split("_")
    return bool(EMPTY_WORDS.intersection(words)) or any(re.fullmatch(r"v\d+", word) for word in words)


@pytest.mark.parametrize("stem", ["utils", "_utils", "store_helpers", "finding_v2", "store_new", "base", "access_manager"])
def test_an_empty_name_is_recognised(stem: str) -> None:
    assert says_nothing(stem)


@pytest.mark.parametrize("stem", ["key", "access_log", "database", "view", "renewal", "v", "communion"])
def test_a_telling_name_is_left_alone(stem: str) -> None:
    assert not says_nothing(stem)


def test_no_module_or_folder_has_an_empty_name(trees: Mapping[Path, ast.Module]) -> None:
    assert [str(path) for path in trees if any(map(says_nothing, path.with_suffix("").parts))] == []


def test_the_namespace_is_implicit(root: Path) -> None:
    assert list(root.glob("packages/*/src/integrates/__init__.py")) == []
