"""Fields without a resolver of their own: an attribute of the object, under the same name in snake_case."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

Resolver: TypeAlias = Callable[..., Any]
Fields: TypeAlias = Mapping[str, Mapping[str, Resolver | str]]
"""By type and field: the resolver of the field, or the dotted path of the attribute that it shows."""


def attribute(path: str) -> Resolver:
    """Return the resolver that shows the attribute at the dotted path."""
    read = attrgetter(path)
    return lambda source, _info: read(source)


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
