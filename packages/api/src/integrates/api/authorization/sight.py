"""What the guard of a field has found, and hands on to the resolver of the field."""

from collections.abc import Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from integrates.api.authorization.scope import NOWHERE, Scope

T = TypeVar("T")
Path: TypeAlias = tuple[str, ...]


class Sight(msgspec.Struct, Generic[T], frozen=True):
    """What the arguments of a field name, as the caller sees it.

    ``found`` is the object that decides about the permission, ``scope`` what the caller may do there, and ``named`` has the
    objects that ``@names`` found, by argument. ``unseen`` has the paths of arguments that name what is not visible to the
    caller; a resolver is called only when it is empty, so it always gets ``found``.
    """

    scope: Scope
    found: T
    named: Mapping[str, Any] = {}
    unseen: tuple[Path, ...] = ()


def nothing(*paths: Path) -> Sight[Any]:
    """Return the sight of what does not exist or is not visible, named at these paths below the argument."""
    return Sight(NOWHERE, None, unseen=paths or ((),))


def found(seen: Sight[T], _info: object, **_: object) -> T:
    """Return what the guard has found: the resolver of fields that read an object by its id or name."""
    return seen.found
