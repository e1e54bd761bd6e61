"""Differences between a JSON value and the type that it should have: slow and complete, for files known to be wrong."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import inspect

from integrates.api.imports.read.error import Defect, pointed

_WORDS: Final[Mapping[type[inspect.Type], str]] = {
    inspect.StrType: "text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.StructType: "an object",
    inspect.DictType: "an object",
    inspect.VarTupleType: "an array",
}


def mismatches(value: Any, kind: inspect.Type, pointer: str = "") -> Iterator[Defect]:
    """Yield every difference between ``value`` (as ``json`` loads it) and ``kind``, in the order of the type's fields."""
    match kind:
        case inspect.UnionType(types=types):
            yield from _of_union(value, types, pointer)
        case inspect.StructType(fields=fields) if isinstance(value, dict):
            yield from _of_fields(value, fields, pointer)
        case inspect.VarTupleType(item_type=item) if isinstance(value, list):
            for index, element in enumerate(value):
                yield from mismatches(element, item, pointed(pointer, index))
        case inspect.DictType(value_type=member) if isinstance(value, dict):
            for name, element in value.items():
                yield from mismatches(element, member, pointed(pointer, name))
        case inspect.LiteralType(values=values):
            if value not in values:
                yield Defect(pointer, f"Expected {' or '.join(map(repr, values))}:")
        case _ if not _fits(value, kind):
            yield Defect(pointer, f"Expected {_word(kind)}:")
        case _:
            return


def _of_union(value: Any, types: tuple[inspect.Type, ...], pointer: str) -> Iterator[Defect]:
    choices = tuple(kind for kind in types if not isinstance(kind, inspect.NoneType))
    if value is None and len(choices) < len(types):
        return
    if len(choices) == 1:
        yield from mismatches(value, choices[0], pointer)
    elif not any(_fits(value, kind) for kind in choices):
        yield Defect(pointer, f"Expected {' or '.join(map(_word, choices))}:")


def _of_fields(value: Mapping[str, Any], fields: tuple[inspect.Field, ...], pointer: str) -> Iterator[Defect]:
    for field in fields:
        if field.encode_name in value:
            yield from mismatches(value[field.encode_name], field.type, pointed(pointer, field.encode_name))
        elif field.required:
            yield Defect(pointed(pointer, field.encode_name), "The member is missing:")


def _fits(value: Any, kind: inspect.Type) -> bool:
    match kind:
        case inspect.RawType():
            return True
        case inspect.StrType():
            return isinstance(value, str)
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType(ge=low, le=high):
            return isinstance(value, int) and not isinstance(value, bool) and _between(value, low, high)
        case inspect.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return False


def _between(value: int, low: int | None, high: int | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _word(kind: inspect.Type) -> str:
    word = _WORDS.get(type(kind), "another value")
    match kind:
        case inspect.IntType(ge=int(low), le=int(high)):
            return f"{word} from {low:,} to {high:,}"
        case _:
            return word
