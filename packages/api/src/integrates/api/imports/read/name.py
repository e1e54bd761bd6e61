"""Names that identify (tools, categories, rule ids, fingerprints): refused when they are not valid, never changed."""

from collections.abc import Mapping
from typing import Final

from integrates.api.imports.read.error import Defect
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.text import one_line

MAX_NAME: Final = 200
"""Most characters of a tool, a category and a rule id."""
MAX_FINGERPRINT: Final = 1_000

TOO_LONG: Final = "The text is too long:"

_COMPLAINTS: Final[Mapping[Reason, str]] = {
    Reason.REQUIRED: "The text is empty:",
    Reason.TOO_LONG: TOO_LONG,
    Reason.BAD_CHARACTERS: "The text must be one line without control characters:",
}


def name(text: str, pointer: str, *, low: int = 1, high: int = MAX_NAME) -> str | Defect:
    """Return the text trimmed and NFC-normalised, or the defect of the member that ``pointer`` names."""
    if len(text) > 4 * high:  # blanks around it included: the names of a rule and a tool are read again for each result
        return Defect(pointer, TOO_LONG)
    try:
        return one_line(text.strip(), (), low=low, high=high)
    except Rejected as refusal:
        return Defect(pointer, _COMPLAINTS[refusal.reason])
