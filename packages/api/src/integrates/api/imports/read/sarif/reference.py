"""What references to tool components and taxonomies mean (SARIF 2.1.0, section 3.54), prepared once for a run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from integrates.api.imports.read.sarif.document import Component, ComponentReference, Taxonomy

T = TypeVar("T", Component, Taxonomy)


class Indexed(Struct, Generic[T], frozen=True):
    """What may be meant, and the first position of each guid (in lower case) and name.

    ``unguarded`` has the names of those without a guid: where both sides have one, the names do not count.
    """

    items: Sequence[T]
    guids: Mapping[str, int]
    names: Mapping[str, int]
    unguarded: Mapping[str, int]


def indexed(items: Sequence[T]) -> Indexed[T]:
    """Prepare looking up references."""
    return Indexed(
        items,
        _first(item.guid.lower() if item.guid is not None else None for item in items),
        _first(item.name for item in items),
        _first(item.name if item.guid is None else None for item in items),
    )


def position(reference: ComponentReference, among: Indexed[T]) -> int | None:
    """Return the position of the first that is meant by its guid or name."""
    if reference.guid is None:
        return _at(reference.name, among.names)
    found = (_at(reference.guid.lower(), among.guids), _at(reference.name, among.unguarded))
    return min((one for one in found if one is not None), default=None)


def _at(key: str | None, positions: Mapping[str, int]) -> int | None:
    return None if key is None else positions.get(key)


def _first(keys: Iterable[str | None]) -> Mapping[str, int]:
    numbered = tuple(enumerate(keys))
    return {key: index for index, key in reversed(numbered) if key is not None}
