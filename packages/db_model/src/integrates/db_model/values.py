"""What a text must look like before the model takes it (domain section 3, *Field limits*, and rules E6 and E12).

Every validator takes the text and the path of the argument that brought it, returns the text as it is stored and raises
:class:`~integrates.db_model.errors.Rejected` with one of the words ``required``, ``too_short``, ``too_long``,
``bad_characters`` (a character that may not occur at all), ``bad_format`` (the characters are in order, their arrangement is
not) and ``out_of_range``. Lengths count characters after normalising. Validators are idempotent.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from itertools import groupby, islice
from typing import Final, TypeAlias, TypeVar, overload
from urllib.parse import SplitResult, urlsplit

from integrates.db_model.errors import Rejected, Rejections

Check: TypeAlias = Callable[[str, Sequence[str]], str]
"""A validator."""

MAX_URL: Final = 2048
MAX_TAGS: Final = 20
MAX_CWE_IDS: Final = 20
MAX_INTEGER_DIGITS: Final = 18
MAX_MARKS: Final = 30
"""Most combining marks in a row: the bound of Unicode's Stream-Safe Text Format (UAX #15), which keeps normalising linear."""

# Control characters except tab and newline, surrogates, and Unicode's Bidi_Control property.
_REFUSED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARK_PAIRS: Final = frozenset("\u0344\u0f73\u0f75\u0f81")
"""What decomposes into combining marks alone, and never comes back from that."""
_LINE_BREAK: Final = re.compile("[\t\n\u2028\u2029]")
_HOST: Final = r"(?!(.*\.)?[0-9]+\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")


def multi_line(value: str, path: Sequence[str], *, low: int, high: int) -> str:
    """Take text of ``low`` to ``high`` characters in which newlines and tabs may occur."""
    trimmed = value.strip()
    if _REFUSED.search(value):
        raise Rejected("bad_characters", path)
    # Canonical decomposition makes at most four characters of one: what is longer cannot shrink to ``high``.
    if len(trimmed) > 4 * high:
        raise Rejected("too_long", path)
    # Before normalising, because that is what takes long; and after it, because one mark can become two.
    if _has_stacked_marks(trimmed) or _has_stacked_marks(text := unicodedata.normalize("NFC", trimmed)):
        raise Rejected("bad_characters", path)
    return _measured(text, path, low, high)


def _measured(text: str, path: Sequence[str], low: int, high: int) -> str:
    if low and not text:
        raise Rejected("required", path)
    if len(text) < low:
        raise Rejected("too_short", path)
    if len(text) > high:
        raise Rejected("too_long", path)
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
    """Take text of ``low`` to ``high`` characters without line breaks and tabs."""
    text = multi_line(value, path, low=low, high=high)
    if _LINE_BREAK.search(text):
        raise Rejected("bad_characters", path)
    return text


def excerpt(value: str, high: int) -> str:
    """Make the text of a machine storable instead of refusing it: leave out bad characters and what passes ``high``.

    The result is one that ``multi_line`` takes, as it is, wherever empty texts are allowed.
    """
    text = _REFUSED.sub("", value.strip()[:high])
    text = text if text.isascii() else _thinned(text)
    return unicodedata.normalize("NFC", text)[:high].strip()


def shaped(text: str, path: Sequence[str], alphabet: str, shape: str) -> str:
    """Return the text when it is made of the regular expression ``alphabet`` and matches ``shape`` as a whole."""
    if not re.fullmatch(f"(?:{alphabet})*", text):
        raise Rejected("bad_characters", path)
    if not re.fullmatch(shape, text):
        raise Rejected("bad_format", path)
    return text


def name(value: str, path: Sequence[str]) -> str:
    """Take the name of an organization or a group."""
    text = one_line(value, path, low=4, high=40)
    return shaped(text, path, "[a-z0-9-]", "[a-z][a-z0-9-]{2,38}[a-z0-9]")


def nickname(value: str, path: Sequence[str]) -> str:
    """Take the nickname of a root."""
    text = one_line(value, path, low=1, high=128)
    return shaped(text, path, "[A-Za-z0-9._-]", "[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def email(value: str, path: Sequence[str]) -> str:
    """Return an e-mail in lower case: printable ASCII with one ``@``, without blanks, ``#`` and ``|``."""
    text = one_line(value, path, low=1, high=254)
    return shaped(text, path, r"[!\"$-{}~]", "[^@]+@[^@]+").lower()


def person_text(value: str, path: Sequence[str]) -> str:
    """Take the first or last name of a person, the name of a token, the responsibility of a member."""
    return one_line(value, path, low=1, high=50)


def title(value: str, path: Sequence[str]) -> str:
    """Take the title of a finding or finding policy; it does not begin like a formula of a spreadsheet."""
    text = one_line(value, path, low=3, high=200)
    if text.startswith(("=", "+", "-", "@")):
        raise Rejected("bad_format", path)
    return text


def group_description(value: str, path: Sequence[str]) -> str:
    """Take the description of a group."""
    return multi_line(value, path, low=1, high=200)


def group_context(value: str, path: Sequence[str]) -> str:
    """Take what one should know of a group."""
    return multi_line(value, path, low=0, high=20_000)


def group_disambiguation(value: str, path: Sequence[str]) -> str:
    """Take what the words of a group mean."""
    return multi_line(value, path, low=0, high=10_000)


def finding_description(value: str, path: Sequence[str]) -> str:
    """Take the description of a finding, which it cannot do without."""
    return multi_line(value, path, low=1, high=20_000)


def finding_text(value: str, path: Sequence[str]) -> str:
    """Take the threat, attack vector or recommendation of a finding."""
    return multi_line(value, path, low=0, high=20_000)


def reasoning(value: str, path: Sequence[str]) -> str:
    """Take ``justification``, ``comments`` or ``other``: why a person did something."""
    return multi_line(value, path, low=10, high=10_000)


def tag(value: str, path: Sequence[str]) -> str:
    """Take one tag."""
    return shaped(one_line(value, path, low=1, high=30), path, "[a-z0-9-]", "[a-z0-9][a-z0-9-]*")


def tags(values: Sequence[str], path: Sequence[str]) -> tuple[str, ...]:
    """Take the tags of one object, each once, in the order given. More than ``MAX_TAGS``: ``too_many_items``."""
    return distinct(values, path, tag, MAX_TAGS)


def cwe_id(value: str, path: Sequence[str]) -> str:
    """Return a CWE id without leading zeros, so that a weakness has one spelling."""
    text = one_line(value, path, low=1, high=9)
    return f"CWE-{int(shaped(text, path, '[CWE0-9-]', 'CWE-[0-9]{1,5}')[4:])}"


def cwe_ids(values: Sequence[str], path: Sequence[str]) -> tuple[str, ...]:
    """Take the CWE ids of one finding, each once, in the order given. More than ``MAX_CWE_IDS``: ``too_many_items``."""
    return distinct(values, path, cwe_id, MAX_CWE_IDS)


def identifier(value: str, path: Sequence[str]) -> str:
    """Return a UUID in its lower-case form with hyphens."""
    text = one_line(value, path, low=1, high=36).lower()
    return shaped(text, path, "[0-9a-f-]", _UUID)


def address(value: str, path: Sequence[str]) -> str:
    """Take an IP address, in its canonical spelling, or the name of a host, in lower case. Neither need exist."""
    text = one_line(value, path, low=1, high=253).lower()
    try:
        return str(ip_address(shaped(text, path, "[a-z0-9_.:-]", ".+")))
    except ValueError:
        return shaped(text, path, ".", _HOST)


def http_url(value: str, path: Sequence[str], *, high: int = MAX_URL) -> str:
    """Take an absolute http or https url of at most ``high`` characters without credentials, otherwise as given."""
    text = url_text(value, path, high=high)
    parts = split_url(text, path)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise Rejected("bad_format", path)
    return text


def url_text(value: str, path: Sequence[str], *, high: int = MAX_URL) -> str:
    """Take one line without blanks and backslashes, which programs disagree about in urls."""
    return shaped(one_line(value, path, low=1, high=high), path, r"[^\s\\]", ".+")


def split_url(text: str, path: Sequence[str]) -> SplitResult:
    """Return the parts of a url; ``bad_format`` when its host or port cannot be read."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise Rejected("bad_format", path) from None
    return parts


def integer(value: str, path: Sequence[str], *, low: int, high: int) -> int:
    """Read a whole number written in decimal digits, between ``low`` and ``high`` (both included, not negative)."""
    text = one_line(value, path, low=1, high=MAX_INTEGER_DIGITS)
    number = int(shaped(text, path, "[0-9]", "[0-9]+"))
    if not low <= number <= high:
        raise Rejected("out_of_range", path)
    return number


def each(values: Sequence[str], path: Sequence[str], check: Check, most: int) -> tuple[str, ...]:
    """Check all values. Raises ``Rejections`` with every refusal, or ``too_many_items`` before looking at any."""
    if len(values) > most:
        raise Rejected("too_many_items", path)
    return _gathered([partial(check, value, (*path, str(index))) for index, value in enumerate(values)])


def distinct(values: Sequence[str], path: Sequence[str], check: Check, most: int) -> tuple[str, ...]:
    """Check all values as ``each`` does and keep once what comes twice."""
    return tuple(dict.fromkeys(each(values, path, check, most)))


def utc(at: datetime, path: Sequence[str] = ()) -> datetime:
    """Return the same moment in UTC. A naive date is ``bad_format``, one that leaves the years 1 to 9999 ``out_of_range``."""
    if at.utcoffset() is None:
        raise Rejected("bad_format", path)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise Rejected("out_of_range", path) from None


def instant_text(at: datetime, path: Sequence[str] = ()) -> str:
    """Return the date as it is stored and sent (E6): ``YYYY-MM-DDTHH:MM:SS.ffffff+00:00``."""
    return utc(at, path).isoformat(timespec="microseconds")


def effective(at: datetime, previous: datetime | None) -> datetime:
    """Tell when a change counts as made (E6): never before or at the ``previous`` revision of the same entity."""
    if previous is None:
        return utc(at)
    return max(utc(at), utc(previous) + timedelta(microseconds=1))


@overload
def gather(first: Callable[[], A], /) -> tuple[A]: ...
@overload
def gather(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def gather(first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], /) -> tuple[A, B, C]: ...
@overload
def gather(
    first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], fourth: Callable[[], D], /
) -> tuple[A, B, C, D]: ...
@overload
def gather(
    first: Callable[[], A],
    second: Callable[[], B],
    third: Callable[[], C],
    fourth: Callable[[], D],
    fifth: Callable[[], E],
    /,
) -> tuple[A, B, C, D, E]: ...
@overload
def gather(
    first: Callable[[], A],
    second: Callable[[], B],
    third: Callable[[], C],
    fourth: Callable[[], D],
    fifth: Callable[[], E],
    sixth: Callable[[], F],
    /,
) -> tuple[A, B, C, D, E, F]: ...
@overload
def gather(  # pylint: disable=too-many-positional-arguments # as many as a call may have to check
    first: Callable[[], A],
    second: Callable[[], B],
    third: Callable[[], C],
    fourth: Callable[[], D],
    fifth: Callable[[], E],
    sixth: Callable[[], F],
    seventh: Callable[[], G],
    /,
) -> tuple[A, B, C, D, E, F, G]: ...
def gather(*thunks: Callable[[], object]) -> tuple[object, ...]:
    """Return the results of all thunks; when any is refused, ``Rejections`` with the refusals of all (M5)."""
    return _gathered(thunks)


def _gathered(thunks: Sequence[Callable[[], T]]) -> tuple[T, ...]:
    answers = tuple(map(_attempted, thunks))
    refusals = tuple(refusal for answer in answers if isinstance(answer, Rejections) for refusal in answer.refusals)
    if refusals:
        raise Rejections(refusals)
    return tuple(answer for answer in answers if not isinstance(answer, Rejections))


def _attempted(thunk: Callable[[], T]) -> T | Rejections:
    try:
        return thunk()
    except Rejected as refusal:
        return Rejections((refusal,))
    except Rejections as refusals:
        return refusals
