"""JSON whose odd members must not cost the others: what is of a wrong kind is left out (domain section 8, *odd members*)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, inspect

from integrates.api.imports.read.error import BadFile, Defect

T = TypeVar("T")
U = TypeVar("U")

NULL: Final = Raw(b"null")
"""What stands for a member that is absent."""
ODD: Final = object()
"""What stands for a value of a wrong kind."""
Decode: TypeAlias = Callable[[bytes | Raw], Any]
"""Makes a value of JSON that has no blanks before it, ``ODD`` when it is of a wrong kind."""

_MEMBERS: Final[msgspec.json.Decoder[dict[str, Raw]]] = msgspec.json.Decoder(dict[str, Raw])
_ELEMENTS: Final[msgspec.json.Decoder[tuple[Raw, ...]]] = msgspec.json.Decoder(tuple[Raw, ...])
_OPENING: Final = ord("{")
_NUMBER: Final[msgspec.json.Decoder[int | float]] = msgspec.json.Decoder(int | float)


def parts_of(value: bytes | Raw) -> Mapping[str, Raw] | None:
    """Return the members of an object, not decoded yet; ``None`` for anything else."""
    return decoded_or(_MEMBERS, value, None)


def elements_of(value: bytes | Raw) -> Sequence[Raw] | None:
    """Return the elements of an array, not decoded yet; ``None`` for anything else."""
    return decoded_or(_ELEMENTS, value, None)


def decoded_or(decoder: msgspec.json.Decoder[T], value: bytes | Raw, odd: U) -> T | U:
    """Return checked JSON as the decoder makes it, ``odd`` when it is of another kind. Raise ``BadFile``."""
    try:
        return decoder.decode(value)
    except msgspec.ValidationError:
        return odd
    except msgspec.DecodeError:  # the one thing that the check passes, as Python's parser does, and msgspec does not
        raise BadFile((Defect("", "A text holds half of a surrogate pair, which is no character."),)) from None


def tolerant(kind: inspect.Type) -> Decode:
    """Return the function that makes a value of the kind, without what is of a wrong kind inside of it.

    A member of an object is as if absent. An element of an array becomes ``None`` or an empty object where the kind knows
    one, so that the others keep their positions, and is left out where it does not. A float that is an integer becomes one.
    Only members that the kind has are ever built, and sound objects at once: memory grows with what is used of a file.
    """
    match kind:
        case inspect.UnionType(types=types):
            return _of_union(tuple(map(tolerant, types)))
        case inspect.StructType(cls=cls, fields=fields):
            return _of_object(cls, {one.encode_name: (one.name, tolerant(one.type)) for one in fields})
        case inspect.VarTupleType(item_type=item):
            return _of_array(tolerant(item), _instead_of(item))
        case inspect.DictType(value_type=member):
            return _of_dictionary(tolerant(member))
        case _:
            return _of_value(kind)


def _of_value(kind: inspect.Type) -> Decode:
    """Return the function that makes a value that has no parts."""
    if isinstance(kind, inspect.RawType):
        return lambda value: value
    if isinstance(kind, inspect.IntType):
        return _of_integer(kind.ge, kind.le)
    found = {inspect.StrType: str, inspect.BoolType: bool, inspect.FloatType: float, inspect.NoneType: None}[type(kind)]
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(found)
    return lambda value: decoded_or(decoder, value, ODD)


def _of_integer(low: int | None, high: int | None) -> Decode:
    def integer(value: bytes | Raw) -> Any:
        found = decoded_or(_NUMBER, value, None)
        if found is None or found != int(found):
            return ODD
        is_within = (low is None or found >= low) and (high is None or found <= high)
        return int(found) if is_within else ODD

    return integer


def _of_union(choices: Sequence[Decode]) -> Decode:
    return lambda value: next((one for one in (choice(value) for choice in choices) if one is not ODD), ODD)


def _of_object(kind: type[msgspec.Struct], fields: Mapping[str, tuple[str, Decode]]) -> Decode:
    decoder: msgspec.json.Decoder[msgspec.Struct] = msgspec.json.Decoder(kind)

    def built(value: bytes | Raw) -> Any:
        if memoryview(value)[0] != _OPENING:
            return ODD
        found = decoded_or(decoder, value, ODD)
        return found if found is not ODD else kind(**dict(fitting(parts_of(value) or {})))

    def fitting(members: Mapping[str, Raw]) -> Iterator[tuple[str, Any]]:
        for given, (name, decode) in fields.items():
            if given in members and (found := decode(members[given])) is not ODD:
                yield name, found

    return built


def _of_array(decode: Decode, instead: Any) -> Decode:
    def elements(value: bytes | Raw) -> Any:
        given = elements_of(value)
        if given is None:
            return ODD
        found = (one if one is not ODD else instead for one in map(decode, given))
        return tuple(one for one in found if one is not ODD)

    return elements


def _of_dictionary(decode: Decode) -> Decode:
    def members(value: bytes | Raw) -> Any:
        given = parts_of(value)
        if given is None:
            return ODD
        found = ((name, decode(one)) for name, one in given.items())
        return {name: one for name, one in found if one is not ODD}

    return members


def _instead_of(item: inspect.Type) -> Any:
    """Return what stands at the position of an odd element."""
    match item:
        case inspect.UnionType(types=types) if any(isinstance(one, inspect.NoneType) for one in types):
            return None
        case inspect.StructType(cls=cls):
            return cls()
        case _:
            return ODD
