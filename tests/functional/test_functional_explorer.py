"""The queries with which the explorer begins, asked of a service with the whole demo."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.serving import Caller

from integrates.server.pages.explorer import EXAMPLES, Example

pytestmark = pytest.mark.functional

QUERIES = [one for one in EXAMPLES if "\nquery " in one.query]


@pytest.mark.parametrize("example", QUERIES, ids=lambda one: one.title)
def test_an_example_shows_something_of_the_demo(caller: Callable[[str], Caller], example: Example) -> None:
    shown = caller("ada@demo.example").ask(example.query, **msgspec.json.decode(example.variables or "{}"))
    assert gaps(shown) == []


def gaps(shown: Any, path: str = "") -> list[str]:
    """The paths of objects that are missing and of lists without any: an example that shows nothing is none."""
    match shown:
        case dict():
            return [gap for name, value in shown.items() for gap in gaps(value, f"{path}.{name}")]
        case []:
            return [path] if path.endswith(".nodes") else []
        case list():
            return [gap for one in shown for gap in gaps(one, path)]
        case None:
            return [path] if path in {".group", ".me"} else []
        case _:
            return []
