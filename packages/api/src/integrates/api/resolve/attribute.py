"""Fields without a resolver of their own: an attribute of the object, under the same name in snake_case."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import UnionType
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec

Resolver: TypeAlias = Callable[..., Any]
Fields: TypeAlias = Mapping[str, Mapping[str, Resolver | str]]
"""By type and field: the resolver of the field, or the dotted path of the attribute that it shows."""


UNREAD: Final = object()
"""Says that something has not been read yet."""


class Shown(msgspec.Struct, frozen=True):
    """The resolver of a field that a pure function of the object alone answers, which the executor therefore calls directly."""

    read: Callable[[Any], Any]

    def __call__(self, source: Any, *_: Any) -> Any:
        """Resolve the field."""
        return self.read(source)


class Near(msgspec.Struct, frozen=True):
    """The resolver of a field that needs what mostly has been read.

    ``find`` answers it from the request's context and the object without waiting, or says ``UNREAD``; ``resolve`` is the
    resolver for all cases. Both answer alike, and ``find`` changes nothing.
    """

    find: Callable[[Any, Any], Any]
    resolve: Resolver

    def __call__(self, source: Any, info: Any) -> Any:
        """Resolve the field."""
        return self.resolve(source, info)


def attribute(path: str) -> Shown:
    """Return the resolver that shows the attribute at the dotted path."""
    return Shown(attrgetter(path))


def entry(name: str) -> Resolver:
    """Return the resolver that shows the entry of a mapping, ``None`` where there is none."""
    return lambda source, _info: source.get(name)


def _kind_of(owner: Any, name: str) -> Any:
    """Return the type of a field or property of a class; ``None`` when the class has neither."""
    found = getattr(owner, name, None)
    if isinstance(found, property):
        return get_type_hints(found.fget).get("return")
    return get_type_hints(owner).get(name) if isinstance(owner, type) else None


def has_attribute(owner: Any, path: str) -> bool:
    """Return whether every object of a class, or of a union of classes, has the attribute at the dotted path.

    What may be ``None`` has no attributes.
    """
    name, _, rest = path.partition(".")
    kinds = [_kind_of(each, name) for each in (get_args(owner) if get_origin(owner) in {Union, UnionType} else (owner,))]
    return all(kind is not None and (not rest or has_attribute(kind, rest)) for kind in kinds)
