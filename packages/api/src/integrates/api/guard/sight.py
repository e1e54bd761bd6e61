"""What the guard of a field has found, and hands on to the field's resolver."""

from collections.abc import Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from integrates.api.authorization.scope import NOWHERE, Scope
from integrates.api.context import Info

T = TypeVar("T")
Path: TypeAlias = tuple[str, ...]


class Sight(msgspec.Struct, Generic[T], frozen=True):
    """What the arguments of a field name, as the caller sees it.

    ``found`` is the object that decides about the permission, ``scope`` what the caller may do there, and ``named`` has the
    objects that ``@names`` found, by argument. ``unseen`` are the paths of what the caller may not know of, from the arguments
    on; a resolver is only called without any, and then ``found`` is there.
    """

    scope: Scope
    found: T
    named: Mapping[str, Any] = {}
    unseen: tuple[Path, ...] = ()


def nothing(*paths: Path) -> Sight[Any]:
    """Return the sight of what the caller may not know of, or what does not exist."""
    return Sight(NOWHERE, None, unseen=paths or ((),))


def found(seen: Sight[T], _info: Info, **_: Any) -> T:
    """Show what the guard has found: the resolver of fields that read an object by its id or name."""
    return seen.found
