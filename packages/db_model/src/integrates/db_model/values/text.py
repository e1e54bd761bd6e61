"""What a text must look like before the model takes it (domain section 3, *Field limits*, and rule E12).

Every validator takes the text and the path of the argument that brought it, returns the text as it is stored and raises
:class:`~integrates.db_model.errors.Rejected`: ``required``, ``too_short``, ``too_long``, ``bad_characters`` (a character that
may not occur at all), ``bad_format`` (the characters are allowed, their order is not) or ``out_of_range``. Lengths count
characters after normalising. Validators are idempotent.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby, islice
from typing import Final

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.values.check import distinct

MAX_TAGS: Final = 20
MAX_CWE_IDS: Final = 20
MAX_INTEGER_DIGITS: Final = 18
MAX_WORD: Final = 100
MAX_FILE_NAME: Final = 255
MAX_PREFIX: Final = 1000
MAX_NAME: Final = 200
"""Most characters of a tool's name and of a category."""
MAX_RULE_ID: Final = 1000
"""Most characters of a rule id and of a fingerprint."""
MIN_REASONING: Final = 10
MAX_REASONING: Final = 10_000
MAX_MARKS: Final = 30
"""Most combining marks in a row: the bound of Unicode's Stream-Safe Text Format (UAX #15), which keeps normalising linear."""

# Control characters except tab and newline, surrogates, and Unicode's Bidi_Control property.
_REFUSED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARK_PAIRS: Final = frozenset("\u0344\u0f73\u0f75\u0f81")
"""What decomposes into combining marks alone, and never comes back from that."""

_LINE_BREAK: Final = re.compile("[\t\n\u2028\u2029]")

# Each shape with whatever else its validator asks for, so that a stored text is recognised at one look.
_NAME: Final = re.compile("[a-z][a-z0-9-]{2,38}[a-z0-9]")
_NICKNAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_TAG: Final = re.compile("[a-z0-9][a-z0-9-]{0,29}")
_CWE: Final = re.compile("CWE-(?:0|[1-9][0-9]{0,4})")
_UUID: Final = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_EMAIL: Final = re.compile(r"(?!service:)(?=.{3,254}\Z)[!\"$-?\[-{}~]+@[!\"$-?\[-{}~]+")
_SERVICE: Final = re.compile("service:(?:forces:[a-z][a-z0-9-]{2,38}[a-z0-9]|oidc:[a-z0-9][a-z0-9_-]{0,49})")
_PROGRAMS: Final = frozenset({"operator", "system"})
_COMMIT: Final = re.compile("[0-9a-f]{40}")
_HASH: Final = re.compile("[0-9a-f]{64}")
_WORD: Final = re.compile("[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def multi_line(value: str, path: Sequence[str], *, low: int, high: int) -> str:
    """Return text of ``low`` to ``high`` characters in which newlines and tabs may occur."""
    trimmed = value.strip()
    if value.isascii() and value.isprintable():
        return _measured(trimmed, path, low, high)
    if _REFUSED.search(value):
        raise Rejected(Reason.BAD_CHARACTERS, path)
    # Canonical decomposition makes at most four characters of one: what is longer cannot shrink to ``high``.
    if len(trimmed) > 4 * high:
        raise Rejected(Reason.TOO_LONG, path, f"at most {high:,} characters")
    # Before normalising, because that is what takes long; and after it, because one mark can become two.
    if _has_stacked_marks(trimmed) or _has_stacked_marks(text := unicodedata.normalize("NFC", trimmed)):
        raise Rejected(Reason.BAD_CHARACTERS, path)
    return _measured(text, path, low, high)


def _measured(text: str, path: Sequence[str], low: int, high: int) -> str:
    if low and not text:
        raise Rejected(Reason.REQUIRED, path)
    if len(text) < low:
        raise Rejected(Reason.TOO_SHORT, path, f"at least {low:,} characters")
    if len(text) > high:
        raise Rejected(Reason.TOO_LONG, path, f"at most {high:,} characters")
    return text


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0 or character in _MARK_PAIRS


def _has_stacked_marks(text: str) -> bool:
    if text.isascii():
        return False
    return any(marks and sum(1 for _ in run) > MAX_MARKS for marks, run in groupby(text, key=_is_mark))


def _thinned(text: str) -> str:
    # A third, because normalising makes at most two of each mark and puts at most two more before them.
    runs = groupby(text, key=_is_mark)
    return "".join("".join(islice(run, MAX_MARKS // 3) if marks else run) for marks, run in runs)


def one_line(value: str, path: Sequence[str], *, low: int, high: int) -> str:
    """Return text of ``low`` to ``high`` characters without line breaks and tabs."""
    text = multi_line(value, path, low=low, high=high)
    if not text.isprintable() and _LINE_BREAK.search(text):
        raise Rejected(Reason.BAD_CHARACTERS, path)
    return text


def excerpt(value: str, high: int) -> str:
    """Return the text of a machine in a form that can be stored: without bad characters, cut to ``high`` characters.

    Where empty texts are allowed, ``multi_line`` returns the result unchanged.
    """
    text = _REFUSED.sub("", value.strip()[:high])
    text = text if text.isascii() else _thinned(text)
    return unicodedata.normalize("NFC", text)[:high].strip()


def shaped(text: str, path: Sequence[str], alphabet: str, shape: str) -> str:
    """Return the text when it is made of the regular expression ``alphabet`` and matches ``shape`` as a whole."""
    if not re.fullmatch(f"(?:{alphabet})*", text):
        raise Rejected(Reason.BAD_CHARACTERS, path)
    if not re.fullmatch(shape, text):
        raise Rejected(Reason.BAD_FORMAT, path)
    return text


def name(value: str, path: Sequence[str]) -> str:
    """Return the name of an organization or a group."""
    if _NAME.fullmatch(value):
        return value
    text = one_line(value, path, low=4, high=40)
    return shaped(text, path, "[a-z0-9-]", _NAME.pattern)


def nickname(value: str, path: Sequence[str]) -> str:
    """Return the nickname of a root."""
    if _NICKNAME.fullmatch(value):
        return value
    text = one_line(value, path, low=1, high=128)
    return shaped(text, path, "[A-Za-z0-9._-]", _NICKNAME.pattern)


def email(value: str, path: Sequence[str]) -> str:
    """Return an e-mail in lower case: printable ASCII with one ``@``, without blanks, ``#`` and ``|``.

    Characters that normalising would make ASCII are refused: with the Kelvin sign (U+212A) for a K it is another address. So is
    what begins like the actor of a service, for which nobody may be taken.
    """
    if _EMAIL.fullmatch(value):
        return value
    text = one_line(value, path, low=1, high=254)
    if not value.isascii():
        raise Rejected(Reason.BAD_CHARACTERS, path)
    return shaped(text.lower(), path, r"[!\"$-{}~]", "(?!service:)[^@]+@[^@]+")


def person_text(value: str, path: Sequence[str]) -> str:
    """Return the first or last name of a person, the name of a token, the responsibility of a member."""
    return one_line(value, path, low=1, high=50)


def title(value: str, path: Sequence[str]) -> str:
    """Return the title of a finding or finding policy. It must not begin like a formula of a spreadsheet."""
    text = one_line(value, path, low=3, high=200)
    if text.startswith(("=", "+", "-", "@")):
        raise Rejected(Reason.BAD_FORMAT, path)
    return text


def group_description(value: str, path: Sequence[str]) -> str:
    """Return the description of a group."""
    return multi_line(value, path, low=1, high=200)


def group_context(value: str, path: Sequence[str]) -> str:
    """Return the context of a group: what one should know about it."""
    return multi_line(value, path, low=0, high=20_000)


def group_disambiguation(value: str, path: Sequence[str]) -> str:
    """Return the disambiguation of a group: what its words mean."""
    return multi_line(value, path, low=0, high=10_000)


def finding_description(value: str, path: Sequence[str]) -> str:
    """Return the description of a finding, which must not be empty."""
    return multi_line(value, path, low=1, high=20_000)


def finding_text(value: str, path: Sequence[str]) -> str:
    """Return the threat, attack vector or recommendation of a finding."""
    return multi_line(value, path, low=0, high=20_000)


def event_description(value: str, path: Sequence[str]) -> str:
    """Return the description of an event."""
    return multi_line(value, path, low=1, high=300)


def comment_content(value: str, path: Sequence[str]) -> str:
    """Return what a comment says."""
    return multi_line(value, path, low=1, high=20_000)


def reasoning(value: str, path: Sequence[str]) -> str:
    """Return a ``justification``, ``comments`` or ``other``: why a person did something."""
    return multi_line(value, path, low=MIN_REASONING, high=MAX_REASONING)


def tool_name(value: str, path: Sequence[str]) -> str:
    """Return the name of a tool."""
    return one_line(value, path, low=1, high=MAX_NAME)


def category(value: str, path: Sequence[str]) -> str:
    """Return the category of a run of a tool; empty without one."""
    return one_line(value, path, low=0, high=MAX_NAME)


def rule_id(value: str, path: Sequence[str]) -> str:
    """Return the id of a rule of a tool."""
    return one_line(value, path, low=1, high=MAX_RULE_ID)


def fingerprint(value: str, path: Sequence[str]) -> str:
    """Return a fingerprint: a tool's own id of a weakness."""
    return one_line(value, path, low=1, high=MAX_RULE_ID)


def suppression_kind(value: str, path: Sequence[str]) -> str:
    """Return the kind of a suppression, e.g. ``inSource``."""
    return one_line(value, path, low=1, high=MAX_WORD)


def file_name(value: str, path: Sequence[str]) -> str:
    """Return the name that the sender of a file gives it."""
    return one_line(value, path, low=1, high=MAX_FILE_NAME)


def prefix(value: str, path: Sequence[str]) -> str:
    """Return the prefix that an import takes from paths, or puts in front of them."""
    return one_line(value, path, low=1, high=MAX_PREFIX)


def tag(value: str, path: Sequence[str]) -> str:
    """Return one tag."""
    if _TAG.fullmatch(value):
        return value
    return shaped(one_line(value, path, low=1, high=30), path, "[a-z0-9-]", _TAG.pattern)


def tags(values: Sequence[str], path: Sequence[str]) -> tuple[str, ...]:
    """Return the tags of one object, each once, in the order given. More than ``MAX_TAGS``: ``too_many_items``."""
    return distinct(values, path, tag, MAX_TAGS)


def cwe_id(value: str, path: Sequence[str]) -> str:
    """Return a CWE id without leading zeros, so that a weakness has one spelling."""
    if _CWE.fullmatch(value):
        return value
    text = one_line(value, path, low=1, high=9)
    return f"CWE-{int(shaped(text, path, '[CWE0-9-]', 'CWE-[0-9]{1,5}')[4:])}"


def cwe_ids(values: Sequence[str], path: Sequence[str]) -> tuple[str, ...]:
    """Return the CWE ids of one finding, each once, in the order given. More than ``MAX_CWE_IDS``: ``too_many_items``."""
    return distinct(values, path, cwe_id, MAX_CWE_IDS)


def is_identifier(text: str) -> bool:
    """Return whether a text can be an id (E1)."""
    try:
        return identifier(text, ()) == text
    except Rejected:
        return False


def identifier(value: str, path: Sequence[str]) -> str:
    """Return a UUID in its lower-case form with hyphens."""
    if _UUID.fullmatch(value):
        return value
    text = one_line(value, path, low=1, high=36).lower()
    return shaped(text, path, "[0-9a-f-]", _UUID.pattern)


def actor(value: str, path: Sequence[str]) -> str:
    """Return an actor: an e-mail, ``service:forces:<group>``, ``service:oidc:<provider>``, ``operator`` or ``system``.

    Anything else is refused like a bad e-mail.
    """
    return value if value in _PROGRAMS or _SERVICE.fullmatch(value) else email(value, path)


def digest(value: str, path: Sequence[str]) -> str:
    """Return a SHA-256 in lower-case hex."""
    return _exactly(_HASH, value, path)


def commit(value: str, path: Sequence[str]) -> str:
    """Return the id of a git commit: 40 hex digits in lower case."""
    return _exactly(_COMMIT, value, path)


def word(value: str, path: Sequence[str]) -> str:
    """Return a name in snake_case of at most 100 characters: an operation, or a reason."""
    return one_line(_exactly(_WORD, value, path), path, low=1, high=MAX_WORD)


def _exactly(shape: re.Pattern[str], value: str, path: Sequence[str]) -> str:
    if not shape.fullmatch(value):
        raise Rejected(Reason.BAD_FORMAT, path)
    return value


def integer(value: str, path: Sequence[str], *, low: int, high: int) -> int:
    """Return a whole number that is written in decimal digits, between ``low`` and ``high`` (both included, not negative)."""
    text = one_line(value, path, low=1, high=MAX_INTEGER_DIGITS)
    number = int(text if text.isascii() and text.isdigit() else shaped(text, path, "[0-9]", "[0-9]+"))
    if not low <= number <= high:
        raise Rejected(Reason.OUT_OF_RANGE, path, f"from {low:,} to {high:,}")
    return number
