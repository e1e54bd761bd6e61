"""Texts to search for."""

from typing import Final

from integrates.api.errors import Code, RequestError
from integrates.db_model.errors import Rejected
from integrates.db_model.values.text import one_line

_LONGEST: Final = 1_000


def searched(value: str | None, name: str) -> str | None:
    """Bring a text into the form of stored ones. Raise ``RequestError`` (BAD_USER_INPUT) for what no stored one can hold."""
    try:
        return None if value is None else one_line(value, (name,), low=0, high=_LONGEST)
    except Rejected as error:
        raise RequestError(Code.BAD_USER_INPUT, f"`{name}` is one line of at most {_LONGEST} characters.") from error
