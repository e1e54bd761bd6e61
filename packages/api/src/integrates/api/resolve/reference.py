"""Lists of references to objects, as bulk mutations take them: how many there may be, and the path of each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrates.api.authorization.sight import Path
from integrates.db_model.errors import Reason, Rejected

MAX_ITEMS: Final = 100
"""Most objects in one bulk mutation."""


def item_paths(lists: Mapping[str, Sequence[Any]]) -> tuple[Path, ...]:
    """Return the path of each item of all lists in turn, such as ``items.3.id``."""
    return tuple((name, str(position), "id") for name, items in lists.items() for position in range(len(items)))


def check_number(lists: Mapping[str, Sequence[Any]]) -> None:
    """Refuse too few or too many items before anything is read: their number reveals nothing about what exists.

    Raise ``Rejected`` (``required``, ``too_many_items``); the path is the list in which the first item too many stands.
    """
    paths = item_paths(lists)
    if not paths:
        raise Rejected(Reason.REQUIRED, tuple(lists)[:1])
    if len(paths) > MAX_ITEMS:
        raise Rejected(Reason.TOO_MANY_ITEMS, paths[MAX_ITEMS][:1], f"at most {MAX_ITEMS}")
