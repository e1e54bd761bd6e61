"""From checked JSON to values: the top level, by which a format is detected, and the types of a format."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Raw

from integrates.api.imports.read.mend import elements_of, parts_of

TopLevel: TypeAlias = Mapping[str, Raw] | Sequence[Raw]
"""The members of an object or the elements of an array, which are not decoded yet. Other values have none."""


def top_level(content: bytes) -> TopLevel:
    """Return the top level of checked JSON. Raise ``BadFile`` when a text in it is none."""
    members = parts_of(content)
    return (elements_of(content) or ()) if members is None else members
