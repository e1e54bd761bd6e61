"""Applying tables of field rules: arguments become typed values, and whole entities are judged, with every refusal.

A *normaliser* takes a value and the path that leads to it. It returns the value as it is stored, or raises ``Rejected`` or
``Rejections``. A *judge* takes a value and returns its refusals, whose paths begin below the value; none when it is valid.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from operator import attrgetter, call
from types import NoneType, UnionType
from typing import Any, Final, Generic, TypeAlias, TypeVar, Union, get_args, get_origin, overload

from msgspec import Struct
from msgspec.structs import fields

from integrates.db_model.errors import Reason, Rejected, Rejections
from integrates.db_model.values.instant import moment

Check: TypeAlias = Callable[[str, Sequence[str]], str]
"""A normaliser of texts."""
Normaliser: TypeAlias = Callable[[Any, Sequence[str]], Any]
Refusals: TypeAlias = tuple[Rejected, ...]
Judge: TypeAlias = Callable[[Any], Refusals]

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
S = TypeVar("S", bound=Struct)
E = TypeVar("E", bound=Enum)

_FINE: Final[Refusals] = ()
_WRONG_TYPE: Final[Refusals] = (Rejected(Reason.WRONG_TYPE),)
_NOT_CANONICAL: Final[Refusals] = (Rejected(Reason.NOT_CANONICAL),)
_REMEMBERED: Final = 256
"""Characters of the longest text that is remembered."""


def all_of(values: Sequence[str], path: Sequence[str], check: Check, most: int) -> tuple[str, ...]:
    """Return all values normalised. Raise ``Rejections`` with every refusal, or ``too_many_items`` before looking at any."""
    if not values:
        return ()
    if len(values) > most:
        raise Rejected(Reason.TOO_MANY_ITEMS, path, f"at most {most:,}")
    return _gathered([partial(check, value, (*path, str(index))) for index, value in enumerate(values)])


def distinct(values: Sequence[str], path: Sequence[str], check: Check, most: int) -> tuple[str, ...]:
    """Return all values normalised as :func:`all_of` does, each once."""
    return tuple(dict.fromkeys(all_of(values, path, check, most)))


@overload
def gather(first: Callable[[], A], /) -> tuple[A]: ...
@overload
def gather(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def gather(first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], /) -> tuple[A, B, C]: ...
@overload
def gather(
    first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], fourth: Callable[[], D], /
) -> tuple[A, B, C, D]: ...
def gather(*thunks: Callable[[], object]) -> tuple[object, ...]:
    """Return the results of all thunks. When any is refused, raise ``Rejections`` with the refusals of all (M5)."""
    return _gathered(thunks)


def _gathered(thunks: Sequence[Callable[[], T]]) -> tuple[T, ...]:
    answers = tuple(map(_attempted, thunks))
    refusals = tuple(refusal for answer in answers if isinstance(answer, Rejections) for refusal in answer.refusals)
    if refusals:
        raise Rejections(refusals)
    return tuple(answer for answer in answers if not isinstance(answer, Rejections))


def _attempted(thunk: Callable[[], T]) -> T | Rejections:
    try:
        return thunk()
    except Rejected as refusal:
        return Rejections((refusal,))
    except Rejections as refusals:
        return refusals


def refuse(refusals: Iterable[Rejected]) -> None:
    """Raise ``Rejections`` with all refusals, if there are any."""
    found = tuple(refusals)
    if found:
        raise Rejections(found)


class Arguments(Struct, Generic[S], frozen=True):
    """A table of the arguments of one change: how each becomes a field of ``into``, in the order of their refusals."""

    into: type[S]
    rules: Mapping[str, Normaliser]


def checked(table: Arguments[S], raw: Mapping[str, Any]) -> S:
    """Return the arguments normalised. Raise ``Rejections`` with every refusal, in the order of the table.

    An argument that is left out or ``None`` has the default of its field, and without one is ``required``. An unknown argument
    is a ``TypeError``, as for any function.
    """
    if unknown := raw.keys() - table.rules.keys():
        raise TypeError(f"{table.into.__name__} has no {', '.join(sorted(unknown))}")
    optional = {field.name for field in fields(table.into) if not field.required}
    given = [name for name in table.rules if raw.get(name) is not None or name not in optional]
    values = _gathered([partial(_argument, table.rules[name], raw.get(name), (name,)) for name in given])
    return table.into(**dict(zip(given, values, strict=True)))


def flawed(table: Arguments[S], raw: Mapping[str, Any]) -> S:
    """Return the arguments as :func:`checked` does or, where any is at fault, as they are with the refusals in ``flaws``.

    For a struct with such a field: the rules that take it judge the arguments, after what comes before them (M5).
    """
    try:
        return checked(table, raw)
    except Rejections as error:
        return table.into(**raw, flaws=error.refusals)


def _argument(rule: Normaliser, value: Any, path: Sequence[str]) -> Any:
    if value is None:
        raise Rejected(Reason.REQUIRED, path)
    return rule(value, path)


def normalised(table: Mapping[str, Normaliser]) -> Callable[[Mapping[str, Any], Sequence[str]], Mapping[str, Any]]:
    """Return the normaliser of a mapping whose members may be left out; ``None`` is kept, for a member that is taken away.

    An unknown member is a ``TypeError``, as an unknown argument is. Each refusal has the name of the member in its path.
    """

    def rule(value: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
        if unknown := value.keys() - table.keys():
            raise TypeError(f"there is no {', '.join(sorted(unknown))}")
        given = [name for name in table if value.get(name) is not None]
        found = _gathered([partial(table[name], value[name], (*path, name)) for name in given])
        return {**value, **dict(zip(given, found, strict=True))}

    return rule


def as_given(value: T, _path: Sequence[str]) -> T:
    """Take any value of the argument's type."""
    return value


def one_of(kind: type[E]) -> Callable[[E | str, Sequence[str]], E]:
    """Return the normaliser of a member of an enumeration, or of its value."""

    def rule(value: E | str, path: Sequence[str]) -> E:
        try:
            return kind(value)
        except ValueError:
            raise Rejected(Reason.BAD_FORMAT, path) from None

    return rule


def choice(words: Collection[str]) -> Check:
    """Return the normaliser that accepts certain words."""

    def rule(value: str, path: Sequence[str]) -> str:
        if value not in words:
            raise Rejected(Reason.BAD_FORMAT, path)
        return value

    return rule


def number(low: int, high: int) -> Callable[[int, Sequence[str]], int]:
    """Return the normaliser that accepts whole numbers from ``low`` to ``high``, both included."""

    def rule(value: int, path: Sequence[str]) -> int:
        if not low <= value <= high:
            raise Rejected(Reason.OUT_OF_RANGE, path, f"from {low:,} to {high:,}")
        return value

    return rule


def at_most(most: int) -> Callable[[Sequence[T], Sequence[str]], Sequence[T]]:
    """Make the normaliser that takes lists of at most so many items; what the items are is another rule's business."""

    def rule(value: Sequence[T], path: Sequence[str]) -> Sequence[T]:
        if len(value) > most:
            raise Rejected(Reason.TOO_MANY_ITEMS, path, f"at most {most:,}")
        return value

    return rule


def remembered(check: Check, most: int = 4096) -> Check:
    """Return a normaliser that remembers accepted values, for texts that come again and again, like e-mails and paths.

    Long texts are not remembered, so that memory has a bound too.
    """
    known = lru_cache(maxsize=most)(partial(_taken, check))

    def rule(value: str, path: Sequence[str]) -> str:
        return check(value, path) if path or len(value) > _REMEMBERED else known(value)

    return rule


def _taken(check: Check, value: str) -> str:
    return check(value, ())


def whole_of(kind: type[Struct], table: Mapping[str, Normaliser]) -> Judge:
    """Return the judge of whole structs: each member must have its type and its stored form, as the table says.

    The table maps dotted paths to normalisers. Every text, whole number and decimal needs a row, and so does every tuple of
    texts, as a tuple. Dates must be as ``instant.moment`` accepts them; enumerations and flags must have their type. A member
    without a row, and a row without a member, are a ``TypeError`` when the table is read, so that none is forgotten.
    """
    used: set[str] = set()
    try:
        judge = _struct(kind, table, "", used)
    except TypeError as error:
        error.add_note(f"This is about {kind.__name__}, in {kind.__module__}; its table stands in the rules.py beside.")
        raise
    if unknown := table.keys() - used:
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    return judge


def _struct(kind: type[Struct], table: Mapping[str, Normaliser], path: str, used: set[str]) -> Judge:
    names = kind.__struct_fields__
    judges = tuple(_member(field.type, table, f"{path}{field.name}", used) for field in fields(kind))
    # With a name more than needed, because of a single one it would get the value instead of a tuple.
    members = attrgetter(*names, names[0])
    fine = (_FINE,) * len(names)

    def judge(value: Any) -> Refusals:
        if type(value) is not kind:
            return _WRONG_TYPE
        found = tuple(map(call, judges, members(value)))
        return _FINE if found == fine else tuple(below(names, found))

    return judge


def below(names: Sequence[str], found: Sequence[Refusals]) -> Iterator[Rejected]:
    """Yield the refusals of each member with its name before their paths."""
    for name, refusals in zip(names, found, strict=True):
        for one in refusals:
            yield Rejected(one.reason, (name, *one.path), one.detail)


def _member(annotation: Any, table: Mapping[str, Normaliser], path: str, used: set[str]) -> Judge:
    parts = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    kinds = [part for part in parts if part is not NoneType]
    if len(kinds) != 1:
        raise TypeError(f"{path} is of several types, about which nothing is known here")
    judge = _value(kinds[0], table, path, used)
    return judge if len(kinds) == len(parts) else _optional(judge)


def _optional(judge: Judge) -> Judge:
    return lambda value: _FINE if value is None else judge(value)


def _value(kind: Any, table: Mapping[str, Normaliser], path: str, used: set[str]) -> Judge:
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind)[0], table, path, used)
    if issubclass(kind, Struct):
        return _struct(kind, table, f"{path}.", used)
    if issubclass(kind, Enum) or kind is bool:
        return lambda value: _FINE if type(value) is kind else _WRONG_TYPE
    if kind is datetime:
        return value_of(datetime, moment)
    if kind not in {str, int, Decimal}:
        raise TypeError(f"{path} is of a type about which nothing is known here")
    return value_of(kind, _row(table, path, used))


def _row(table: Mapping[str, Normaliser], path: str, used: set[str]) -> Normaliser:
    if path not in table:
        raise TypeError(f"no rule for {path}: the table needs a row that says what may stand there")
    used.add(path)
    return table[path]


def _tuple(kind: Any, table: Mapping[str, Normaliser], path: str, used: set[str]) -> Judge:
    """Make the judge of a tuple: the table's row is about the tuple, and that of texts about its items, too."""
    rule = _row(table, path, used) if kind is str or path in table else as_given
    items = value_of(str, as_given) if kind is str else _value(kind, table, path, used)
    together = value_of(tuple, rule)

    def judge(value: Any) -> Refusals:
        if type(value) is not tuple:
            return _WRONG_TYPE
        if not value:
            return together(value)
        found = tuple(map(items, value))
        return tuple(below(tuple(map(str, range(len(found)))), found)) if any(found) else together(value)

    return judge


def value_of(kind: type[Any], rule: Normaliser) -> Judge:
    """Return the judge of values that must be of one type, and equal to what the normaliser makes of them."""

    def judge(value: Any) -> Refusals:
        if type(value) is not kind:
            return _WRONG_TYPE
        try:
            return _FINE if rule(value, ()) == value else _NOT_CANONICAL
        except Rejected as refusal:
            return (refusal,)
        except Rejections as refusals:
            return refusals.refusals

    return judge
