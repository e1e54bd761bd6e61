"""Reading a request: a decoded JSON body that may hold anything."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Raw

from integrates.api.errors import Code, RequestError
from integrates.api.request.limits import too_complex
from integrates.api.upload import Upload

T = TypeVar("T")
Variables: TypeAlias = Mapping[str, Any] | Raw
"""The variables of a request: decoded, or as they came."""

_MAX_DEPTH: Final = 50
_MAX_TEXT: Final = 100_000
_UNSOUND: Final = re.compile("[\0\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NULL: Final = Raw(b"null")
_INTEGERS: Final = range(-(2**63), 2**63)
_MAX_DIGITS: Final = 400
"""Most characters of a number in a query; the largest ``float``, written out, has 309."""


class Body(msgspec.Struct, frozen=True):
    """A GraphQL request."""

    query: str
    variables: Variables = {}
    operation_name: str | None = None


class _Members(msgspec.Struct, frozen=True, rename="camel"):
    """The members of a request in JSON, as they came. Others are passed over."""

    query: Raw = _NULL
    variables: Raw = _NULL
    operation_name: Raw = _NULL
    extensions: Raw = _NULL


def bad(text: str) -> RequestError:
    """Return the error that refuses the request as a whole."""
    return RequestError(Code.GRAPHQL_VALIDATION_FAILED, text)


def is_sound(text: str) -> bool:
    """Return whether some field could take a text: it is not too long and has no characters that disguise or break texts.

    These are NUL, lone surrogates and Unicode's Bidi_Control characters. Other control characters are the model's to refuse.
    """
    return len(text) <= _MAX_TEXT and _UNSOUND.search(text) is None


def is_number(text: str) -> bool:
    """Return whether a number in the text of a query lies in the range that numbers in variables have."""
    if len(text) > _MAX_DIGITS:
        return False
    return math.isfinite(float(text)) if set(text) & set(".eE") else int(text) in _INTEGERS


def _sound(value: Any) -> bool:
    match value:
        case str():
            return is_sound(value)
        case bool() | None | Upload():
            return True
        case int():
            return value in _INTEGERS
        case float():
            return math.isfinite(value)
        case _:
            return isinstance(value, list | dict)


def _parts(value: Any) -> tuple[Any, ...]:
    match value:
        case list():
            return tuple(value)
        case dict():
            return (*value.keys(), *value.values())
        case _:
            return ()


def _check_number(count: int, allowed: int) -> None:
    if count > allowed:
        raise too_complex("values in variables", allowed, count, at_least=True)


def check_variables(variables: Mapping[str, Any], allowed: int) -> None:
    """Raise ``RequestError`` for more values than ``allowed``, counted as deep as they are looked at, and for unsound ones."""
    count = 0
    level: tuple[Any, ...] = (variables,)
    for _ in range(_MAX_DEPTH):
        count += sum(len(found) for found in level if isinstance(found, list | dict))
        _check_number(count, allowed)
        if not all(map(_sound, level)):
            raise bad("A variable holds a text or number that is not taken.")
        level = tuple(part for found in level for part in _parts(found))
        if not level:
            return
    raise bad("The variables are nested too deeply.")


def least_values(json: bytes) -> int:
    """Return a number of values that a text of JSON has at least, and at most half of them, without decoding it."""
    bare = _TEXT.sub(b"", json)
    return 1 + max(bare.count(b","), bare.count(b"[") + bare.count(b"{") - 1)


def _decoded(json: Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(json, type=kind)
    except (ValueError, RecursionError) as error:
        raise bad("The body holds a text, number or nesting that is not taken.") from error


def read_value(json: object, allowed: int) -> object:
    """Return the value of what came as JSON, whose values are counted before it is decoded; what did not, as it is."""
    if not isinstance(json, Raw):
        return json
    _check_number(least_values(json), allowed)
    return _decoded(json, object)


def read_variables(variables: Variables, names: Iterable[str], allowed: int) -> dict[str, Any]:
    """Return the variables of these names, those that there are; others are not looked at.

    Raise ``RequestError`` for more values than ``allowed``, which are counted before they are decoded, and for unsound ones.
    """
    given = _decoded(variables, dict[str, Raw]) if isinstance(variables, Raw) else variables
    asked = {name: given[name] for name in names if name in given}
    _check_number(sum(least_values(value) for value in asked.values() if isinstance(value, Raw)), allowed)
    found = {name: _decoded(value, object) if isinstance(value, Raw) else value for name, value in asked.items()}
    check_variables(found, allowed)
    return found


def members_of(json: bytes) -> dict[str, object] | None:
    """Return the members of a request in JSON, of which the variables are not decoded; ``None`` for JSON that is no object.

    Raise ``ValueError`` or ``RecursionError`` for what is not JSON or nested too deeply.
    """
    try:
        found = msgspec.json.decode(json, type=_Members)
    except msgspec.ValidationError:
        return None
    return {
        "query": _simple(found.query),
        "variables": found.variables if found.variables != _NULL else None,
        "operationName": _simple(found.operation_name),
        "extensions": _simple(found.extensions),
    }


def _begin(json: Raw) -> bytes:
    return bytes(memoryview(json)[:1])


def _simple(json: Raw) -> object:
    """Return a text, or ``None`` for null; of an object or anything else only what kind of value it is."""
    match _begin(json):
        case b'"':
            return msgspec.json.decode(json)
        case b"n":
            return None
        case b"{":
            return {}
        case _:
            return []


def body_of(request: object) -> Body:
    """Read the body. Raise ``RequestError`` for batches, and for members of other types. The variables are not looked at."""
    if not isinstance(request, dict):
        raise bad("The body is one JSON object; batches are not taken.")
    query, variables, name = request.get("query"), request.get("variables"), request.get("operationName")
    if not isinstance(query, str) or not is_sound(query):
        raise bad("`query` is the text of a GraphQL document.")
    if not isinstance(variables, dict | None) and not (isinstance(variables, Raw) and _begin(variables) == b"{"):
        raise bad("`variables` is a JSON object.")
    if not isinstance(name, str | None) or not is_sound(name or ""):
        raise bad("`operationName` is a text.")
    if not isinstance(request.get("extensions"), dict | None):
        raise bad("`extensions` is a JSON object.")
    return Body(query, {} if variables is None else variables, name or None)
