"""Why somebody decides about vulnerabilities: the one argument of all requests and answers."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from integrates.db_model.errors import Rejected
from integrates.db_model.values.check import Arguments, flawed
from integrates.db_model.values.text import reasoning


class Justification(Struct, frozen=True, kw_only=True):
    """A justification in the form in which it is stored; see :func:`justified`.

    ``flaws`` are what is wrong with it. Whether the vulnerabilities are visible, and their versions, are checked before them.
    """

    justification: str
    flaws: tuple[Rejected, ...] = ()


ARGUMENTS: Final = Arguments(Justification, {"justification": reasoning})
"""What requests and answers are given."""


def justified(given: Mapping[str, Any]) -> Justification:
    """Return what somebody writes in raw arguments: a text of 10 to 10,000 characters; a bad one has ``flaws``."""
    return flawed(ARGUMENTS, given)
