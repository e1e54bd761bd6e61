"""Completing values as GraphQL demands, for the cases in which nothing goes wrong and nothing has to be awaited. Pure.

Whatever is not such a case is a :class:`Miss`: then the library completes the value, which knows every error and its words.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from graphql import GraphQLEnumType, GraphQLID, GraphQLLeafType, GraphQLString, Undefined

Complete: TypeAlias = Callable[[Any], Any]
Read: TypeAlias = Callable[[Any], Any]


class Miss(Exception):
    """The value has to be completed by the library."""


class _Never:
    """The type of no value."""


class Completion(NamedTuple):
    """How values of a type are completed: those of the class ``exact`` are shown as they are, all others by ``complete``."""

    exact: type
    complete: Complete


class Step(NamedTuple):
    """A field whose value is read from the object alone: its name in the answer, what reads it, and how it is completed."""

    name: str
    read: Read
    exact: type
    complete: Complete


_TEXTS: Final = frozenset({GraphQLString.name, GraphQLID.name})
_VALUES: Final = frozenset({str, int, float, bool, Decimal, datetime, date, dict, list, tuple})
"""The classes of values that scalars are made of: none of them is an error or something to wait for."""


def _miss(_value: Any) -> Any:
    raise Miss


def _of_enum(kind: GraphQLEnumType) -> Complete:
    names = {value.value: name for name, value in kind.values.items()}
    classes = frozenset(map(type, names))

    def complete(value: Any) -> Any:
        if type(value) not in classes:
            raise Miss
        return names[value]

    return complete


def _of_scalar(kind: GraphQLLeafType) -> Complete:
    coerce = kind.coerce_output_value

    def complete(value: Any) -> Any:
        if type(value) not in _VALUES:
            raise Miss
        shown = coerce(value)
        if shown is None or shown is Undefined:
            raise Miss
        return shown

    return complete


def of_leaf(kind: GraphQLLeafType) -> Completion:
    """Return how values of a scalar or an enum are completed."""
    if isinstance(kind, GraphQLEnumType):
        return Completion(_Never, _of_enum(kind))
    return Completion(str, _miss) if kind.name in _TEXTS else Completion(_Never, _of_scalar(kind))


def of_object(show: Complete) -> Completion:
    """Return how objects are completed that ``show`` shows: those of the model, all of which are structs."""

    def complete(value: Any) -> Any:
        if not isinstance(value, msgspec.Struct):
            raise Miss
        return show(value)

    return Completion(_Never, complete)


def of_kinds(name_of: Read, shows: Mapping[str, Complete]) -> Completion:
    """Return how objects of an interface or a union are completed, by the names of their types."""
    return of_object(lambda value: shows[name_of(value)](value))


def of_list(item: Completion) -> Completion:
    """Return how lists are completed."""
    exact, other = item

    def complete(value: Any) -> Any:
        if type(value) is not tuple and type(value) is not list:
            raise Miss
        return [one if type(one) is exact else other(one) for one in value]

    return Completion(_Never, complete)


def optional(inner: Completion) -> Completion:
    """Return how values are completed that may be missing."""
    exact, other = inner
    return Completion(exact, lambda value: None if value is None else other(value))


def remembered(inner: Completion) -> Completion:
    """Return how objects are completed of which many fields show the same one: each once, by its identity."""
    known: dict[int, tuple[Any, Any]] = {}

    def complete(value: Any) -> Any:
        found = known.get(id(value))
        if found is None:
            known[id(value)] = found = (value, inner.complete(value))  # the object is kept, so that no other gets its identity
        return found[1]

    return Completion(_Never, complete)


def shown(steps: tuple[Step, ...], source: Any) -> dict[str, Any]:
    """Return the fields of an object. Raise an error, mostly :class:`Miss`, when the library has to execute them."""
    return {name: value if type(value := read(source)) is exact else complete(value) for name, read, exact, complete in steps}
