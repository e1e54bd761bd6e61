"""Sorting things by what they have in common."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def grouped(ones: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return the ones with each key, in their order."""
    found: dict[K, list[T]] = defaultdict(list)
    for one in ones:
        found[key(one)].append(one)
    return dict(found)
