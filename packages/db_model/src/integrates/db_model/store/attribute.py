"""The values that attributes may hold, and their one form as bytes. Pure."""

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Final

import msgspec

from integrates.db_model.errors import LimitExceeded

MAX_NESTING: Final = 32
"""Deepest nesting of maps and lists in an attribute (DynamoDB's limit)."""
MAX_INTEGER: Final = 2**63 - 1
"""Integers are within ± this number: what every store adds exactly."""
RESERVED: Final = frozenset({"pk", "sk", "version"} | {f"{part}_{n}" for part in ("pk", "sk") for n in range(1, 21)})
"""Attribute names that adapters use for the keys; DynamoDB allows 20 indexes a table."""

_PLAIN: Final = frozenset({NoneType, bool, str})


def _mapping(value: object) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError


_encode: Final = msgspec.json.Encoder(enc_hook=_mapping).encode
_decoder: Final = msgspec.json.Decoder(dict[str, Any])


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


def _check_names(names: Mapping[str, object]) -> None:
    if not RESERVED.isdisjoint(names):
        raise ValueError(f"reserved attribute names: {sorted(RESERVED.intersection(names))}")


def encoded(attributes: Mapping[str, object]) -> bytes:
    """Return the attributes as JSON in UTF-8, the one form in which their size is counted.

    Raises ``ValueError`` for what a store does not hold: floats, other types, integers of more than 64 bits, surrogates,
    empty or reserved names; ``LimitExceeded`` when nested deeper than ``MAX_NESTING``.
    """
    _check_mapping(attributes, 0)
    _check_names(attributes)
    return _encode(attributes)


def counted(value: object) -> int:
    """Return at least the bytes that DynamoDB counts for a value: short numbers and empty lists are more there than in JSON."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return 3 + sum(1 + len(name.encode()) + counted(each) for name, each in value.items())
    if isinstance(value, Sequence):
        return 3 + sum(1 + counted(each) for each in value)
    return 1 if value is None or isinstance(value, bool) else 3 + len(str(value)) // 2


def decoded(body: bytes) -> dict[str, Any]:
    """Return the attributes that :func:`encoded` wrote, as objects of the reader's own."""
    return _decoder.decode(body)
