"""Reasons of texts, numbers and lists."""

from collections.abc import Mapping
from typing import Final

from integrates.api.meaning import ErrorCode, Meaning
from integrates.db_model.errors import Reason

_INVALID: Final = ErrorCode.INVALID
_LIMIT: Final = ErrorCode.LIMIT_EXCEEDED

VALUE_REASONS: Final[Mapping[Reason, Meaning]] = {
    Reason.REQUIRED: Meaning(
        _INVALID,
        "A value is needed.",
        "a value is missing: `null`, an empty text, or a list without items",
    ),
    Reason.TOO_SHORT: Meaning(
        _INVALID,
        "It is too short.",
        "the text has too few characters; the message names the minimum",
    ),
    Reason.TOO_LONG: Meaning(
        _INVALID,
        "It is too long.",
        "the text has too many characters; the message names the maximum",
    ),
    Reason.BAD_CHARACTERS: Meaning(
        _INVALID,
        "It contains characters that are not allowed here.",
        "the text contains a character that is not allowed there, such as a control character, or a line break in a "
        "text of one line",
    ),
    Reason.BAD_FORMAT: Meaning(
        _INVALID,
        "It is not in the expected format.",
        "all characters are allowed, but the text does not have the form of its field, such as a name that begins "
        "with a digit; also an item that is named twice",
    ),
    Reason.OUT_OF_RANGE: Meaning(
        _INVALID,
        "It is out of range.",
        "a number or date outside its range, or a value where there must be none, such as `acceptedUntil` for "
        "another treatment than ACCEPTED",
    ),
    Reason.TOO_MANY_ITEMS: Meaning(
        _LIMIT,
        "The list is too long.",
        "the list has more items than it may have: 100 of a bulk mutation, 50 gitignore patterns",
    ),
    Reason.NOT_CANONICAL: Meaning(
        _INVALID,
        "It is not in the form in which it is stored.",
        "the value is not in its stored form, such as an e-mail in upper case or a git url with a password. The API "
        "brings arguments into that form; the model does not change what a program hands it",
    ),
    Reason.WRONG_TYPE: Meaning(
        _INVALID,
        "It has the wrong type.",
        "the value has the wrong type, such as a text where a list of texts is expected; or it is the type of comments that "
        "are only written with a request or its answer",
    ),
    Reason.IN_FUTURE: Meaning(
        _INVALID,
        "It is in the future.",
        "the date is in the future",
    ),
    Reason.BAD_VECTOR: Meaning(
        _INVALID,
        "It is not a valid CVSS vector of the expected version.",
        "the text is not a valid CVSS vector of version 4.0 (`cvssV4`) or 3.1 (`cvssV3`)",
    ),
    Reason.BAD_EXCLUSION: Meaning(
        _INVALID,
        "The pattern excludes everything, or is not valid.",
        "a gitignore pattern excludes everything, or is not valid",
    ),
}
