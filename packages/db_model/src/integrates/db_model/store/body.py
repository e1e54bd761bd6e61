"""The values that attributes may hold, and the JSON in which a store keeps them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, Final

import msgspec

from integrates.db_model.errors import LimitExceeded

MAX_NESTING: Final = 32
"""Deepest nesting of maps and lists in an attribute (DynamoDB's limit)."""
MAX_INTEGER: Final = 2**63 - 1
"""Integers are within ± this number, which every store adds exactly."""
RESERVED: Final = frozenset({"pk", "sk", "version"} | {f"{key}_{n}" for key in ("pk", "sk") for n in range(1, 21)})
"""Attribute names that adapters use for keys. DynamoDB allows 20 indexes a table."""
RESERVED_NUMBERS: Final = frozenset({"body", "room"})
"""Names that integer attributes may not have, because the adapter of DynamoDB has attributes of its own beside integers."""

_PLAIN: Final = frozenset({NoneType, bool, str})


def _mapping(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError


_encode: Final = msgspec.json.Encoder(enc_hook=_mapping).encode
_decoder: Final = msgspec.json.Decoder(dict[str, Any])


class Body(Mapping[str, Any]):
    """Attributes as the JSON that a store keeps (``raw``), which is decoded when an attribute is read for the first time.

    Whoever makes one vouches that ``raw`` is what :func:`raw_of` returns for attributes that a store may hold, because writing
    it checks its size only. It is equal to every mapping with the same content.
    """

    __slots__ = ("_decoded", "_raw")
    __hash__ = None  # type: ignore[assignment]  # equal to dictionaries, which have none either

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._decoded: dict[str, Any] | None = None

    @property
    def raw(self) -> bytes:
        """The attributes as JSON in UTF-8."""
        return self._raw

    def read(self) -> Mapping[str, Any]:
        """Return the attributes, which must not be changed. Raise ``msgspec.DecodeError`` when ``raw`` is not a JSON object."""
        if self._decoded is None:
            self._decoded = _decoder.decode(self._raw)
        return self._decoded

    def __getitem__(self, name: str) -> Any:
        return self.read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self.read())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Body):
            return self._raw == other._raw or self.read() == other.read()
        return self.read() == dict(other) if isinstance(other, Mapping) else NotImplemented

    def __repr__(self) -> str:
        return f"Body({self._raw!r})"


def _check_integer(value: int) -> None:
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise ValueError(f"integer outside ±{MAX_INTEGER}: {value}")


def _check_value(value: object, depth: int) -> None:
    if isinstance(value, int):
        _check_integer(value)
    elif isinstance(value, Mapping):
        _check_mapping(value, depth)
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        _check_sequence(value, depth)
    elif value is not None:
        raise ValueError(f"a store does not hold {type(value).__name__}: {value!r}")


def _check_depth(depth: int) -> None:
    if depth > MAX_NESTING:
        raise LimitExceeded("nesting", depth, MAX_NESTING)


def _check_sequence(values: Sequence[object], depth: int) -> None:
    if isinstance(values, str):
        return
    _check_depth(depth)
    for value in values:
        if type(value) not in _PLAIN:
            _check_value(value, depth + 1)


def _check_mapping(values: Mapping[Any, object], depth: int) -> None:
    _check_depth(depth)
    for name, value in values.items():
        if type(name) is not str or not name:
            raise ValueError(f"an attribute name is a text of at least one character: {name!r}")
        if type(value) not in _PLAIN:
            _check_value(value, depth + 1)


def _check_names(attributes: Mapping[str, object]) -> None:
    if not RESERVED.isdisjoint(attributes):
        raise ValueError(f"reserved attribute names: {sorted(RESERVED.intersection(attributes))}")
    if not RESERVED_NUMBERS.isdisjoint(attributes) and any(isinstance(attributes.get(each), int) for each in RESERVED_NUMBERS):
        raise ValueError(f"reserved names of integer attributes: {sorted(RESERVED_NUMBERS)}")


def raw_of(attributes: Mapping[str, object]) -> bytes:
    """Return the attributes as JSON in UTF-8, in which their size is counted too; of a :class:`Body` what it holds already.

    Raise ``ValueError`` for what a store does not hold: floats, other types, integers of more than 64 bits, surrogates,
    empty or reserved names; ``LimitExceeded`` when they are nested deeper than ``MAX_NESTING``.
    """
    if isinstance(attributes, Body):
        return attributes.raw
    _check_mapping(attributes, 0)
    _check_names(attributes)
    return _encode(attributes)


def with_numbers(attributes: Mapping[str, Any], numbers: Mapping[str, int]) -> bytes:
    """Return the JSON of stored attributes, which are not validated again, with these numbers in place of their own."""
    return _encode({**attributes, **numbers})


def dynamodb_size(value: object) -> int:
    """Return at least the bytes that DynamoDB counts for a value, which are more than JSON has for short numbers."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return 3 + sum(1 + len(name.encode()) + dynamodb_size(each) for name, each in value.items())
    if isinstance(value, Sequence):
        return 3 + sum(1 + dynamodb_size(each) for each in value)
    return 1 if value is None or isinstance(value, bool) else 3 + len(str(value)) // 2
