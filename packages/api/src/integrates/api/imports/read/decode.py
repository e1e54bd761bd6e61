"""From checked JSON to values: the top level, by which a format is detected, and the types of a format."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Raw, Struct

from integrates.api.imports.read.mend import elements_of, parts_of


class Columns(Struct, frozen=True):
    """The names of the columns of a table."""

    names: tuple[str, ...]


TopLevel: TypeAlias = Mapping[str, Raw] | Sequence[Raw] | Columns
"""The members of an object or the elements of an array, none of them decoded yet, or a table's columns; else nothing."""


def top_level(content: bytes) -> TopLevel:
    """Return the top level of checked JSON. Raise ``BadFile`` when a text in it is none."""
    members = parts_of(content)
    return (elements_of(content) or ()) if members is None else members


def top_members(top: TopLevel) -> Mapping[str, Raw]:
    """Return the members of an object; none for anything else."""
    return top if isinstance(top, Mapping) else {}


def first_of(top: TopLevel) -> Mapping[str, Raw]:
    """Return the members of the first element of an array; none for anything else."""
    first = top[0] if isinstance(top, Sequence) and top else None
    return (parts_of(first) or {}) if first is not None else {}
