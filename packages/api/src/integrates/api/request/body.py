"""Reading a request: a decoded JSON body that may hold anything."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from integrates.api.errors import Code, RequestError
from integrates.api.request.limits import too_complex
from integrates.api.upload import Upload

_MAX_DEPTH: Final = 50
_MAX_TEXT: Final = 100_000
_UNSOUND: Final = re.compile("[\0\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INTEGERS: Final = range(-(2**63), 2**63)
_MAX_DIGITS: Final = 400
"""Most characters of a number in a query; the largest ``float``, written out, has 309."""


class Body(msgspec.Struct, frozen=True):
    """A GraphQL request."""

    query: str
    variables: Mapping[str, Any] = {}
    operation_name: str | None = None


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


def check_variables(variables: Mapping[str, Any], allowed: int) -> None:
    """Raise ``RequestError`` for more values than ``allowed``, counted as deep as they are looked at, and for unsound ones."""
    count = 0
    level: tuple[Any, ...] = (variables,)
    for _ in range(_MAX_DEPTH):
        count += sum(len(found) for found in level if isinstance(found, list | dict))
        if count > allowed:
            raise too_complex("values in variables", allowed, count, at_least=True)
        if not all(map(_sound, level)):
            raise bad("A variable holds a text or number that is not taken.")
        level = tuple(part for found in level for part in _parts(found))
        if not level:
            return
    raise bad("The variables are nested too deeply.")


def body_of(request: object) -> Body:
    """Read the body. Raise ``RequestError`` for batches, and for members of other types. The variables are not looked at."""
    if not isinstance(request, dict):
        raise bad("The body is one JSON object; batches are not taken.")
    query, variables, name = request.get("query"), request.get("variables"), request.get("operationName")
    if not isinstance(query, str) or not is_sound(query):
        raise bad("`query` is the text of a GraphQL document.")
    if not isinstance(variables, dict | None):
        raise bad("`variables` is a JSON object.")
    if not isinstance(name, str | None) or not is_sound(name or ""):
        raise bad("`operationName` is a text.")
    if not isinstance(request.get("extensions"), dict | None):
        raise bad("`extensions` is a JSON object.")
    return Body(query, {} if variables is None else variables, name or None)
