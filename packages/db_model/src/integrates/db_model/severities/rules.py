"""How a severity is scored (domain section 5). Vectors are parsed and scored by the ``cvss`` library."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Final

from cvss import CVSS2, CVSS3, CVSS4, CVSSError  # type: ignore[import-untyped] # the library ships no types
from msgspec import Struct

from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.severities.types import CvssVersion, Level, Severity
from integrates.db_model.values.check import Arguments, Normaliser, checked, gather

MAX_SCORE: Final = Decimal("10.0")
MAX_VECTOR: Final = 500
"""Longer than any vector: the metrics of CVSS 4.0 together take less than 200 characters."""

_TENTH: Final = Decimal("0.1")
_THOUSANDTH: Final = Decimal("0.001")
_LEVELS: Final = ((Decimal("9.0"), Level.CRITICAL), (Decimal("7.0"), Level.HIGH), (Decimal("4.0"), Level.MEDIUM))
_CONTEXT: Final = Context(prec=28)
_PREFIX: Final = "CVSS:"
_AUTHENTICATION: Final = "Au:"
"""The metric that every vector of version 2.0 has, and none of another version."""
_VECTORS: Final = 1024
"""How many vectors are remembered, because parsing one is slow."""


class GivenVectors(Struct, frozen=True, kw_only=True):
    """The checked vectors of a severity that a person gives, in canonical form."""

    cvss_v4: str | None = None
    cvss_v3: str | None = None


class Scored(Struct, frozen=True):
    """A vector in canonical form, and its score."""

    vector: str
    score: Decimal


def severity(
    cvss_v4: str | None = None,
    cvss_v3: str | None = None,
    tool_score: Decimal | None = None,
    tool_vector: str | None = None,
    *,
    path: Sequence[str] = (),
) -> Severity | None:
    """Return the severity that is made of vectors and the score of a tool; ``None`` when none of them is given.

    ``tool_vector`` is kept as it is told and never scored. Raise ``Rejections`` of ``cvss_v4``, ``cvss_v3``, ``tool_vector``
    (``bad_vector``) or ``tool_score`` (``out_of_range``, or ``required`` beside a ``tool_vector``) below ``path``.
    """
    if cvss_v4 is None and cvss_v3 is None and tool_score is None and tool_vector is None:  # as most results of tools say
        return None
    v4, v3, tool, told = gather(
        lambda: _maybe(scored_v4, cvss_v4, (*path, "cvss_v4")),
        lambda: _maybe(scored_v3, cvss_v3, (*path, "cvss_v3")),
        lambda: _tool_score(tool_score, (*path, "tool_score"), is_required=tool_vector is not None),
        lambda: _maybe(scored_any, tool_vector, (*path, "tool_vector")),
    )
    score = v4.score if v4 else v3.score if v3 else tool
    if score is None:
        return None
    return Severity(cvss_v4=_vector(v4), cvss_v3=_vector(v3), tool_score=tool, tool_vector=_vector(told), score=score)


def _tool_score(score: Decimal | None, path: Sequence[str], *, is_required: bool) -> Decimal | None:
    if score is None and is_required:
        raise Rejected(Reason.REQUIRED, path)
    return None if score is None else rounded(score, path)


def _vector(scored: Scored | None) -> str | None:
    return scored.vector if scored else None


def _maybe(check: Callable[[str, Sequence[str]], Scored], vector: str | None, path: Sequence[str]) -> Scored | None:
    return None if vector is None else check(vector, path)


def scored_v4(vector: str, path: Sequence[str]) -> Scored:
    """Return a CVSS 4.0 vector with its score. Raise ``Rejected`` (``bad_vector``) when it is not one."""
    try:
        return _read_v4(_short(vector))
    except CVSSError:
        raise Rejected(Reason.BAD_VECTOR, path) from None


@lru_cache(maxsize=_VECTORS)
def _read_v4(vector: str) -> Scored:
    parsed = CVSS4(vector)
    return Scored(parsed.clean_vector(), _one_decimal(parsed.base_score))


def scored_v3(vector: str, path: Sequence[str]) -> Scored:
    """Return a CVSS 3.1 vector with its temporal score, which is the base score where no temporal metric is given.

    Raise ``Rejected`` (``bad_vector``) when it is not one, also for version 3.0, which the library would accept.
    """
    try:
        return _read_v3(_short(vector))
    except CVSSError:
        raise Rejected(Reason.BAD_VECTOR, path) from None


@lru_cache(maxsize=_VECTORS)
def _read_v3(vector: str) -> Scored:
    parsed = CVSS3(vector)
    if parsed.minor_version != 1:
        raise CVSSError("only version 3.1 is taken")
    return Scored(parsed.clean_vector(), _one_decimal(parsed.temporal_score))


def scored_any(vector: str, path: Sequence[str], version: CvssVersion | None = None) -> Scored:
    """Return a vector of any version with the score that it has for everybody: without temporal and environmental metrics.

    Those of version 4.0 count, because there they are part of the only score. A vector without the prefix ``CVSS:`` is one of
    the stated version, else of 2.0 when it has a metric of that alone. One of 2.0 is written without a prefix.
    Raise ``Rejected`` (``bad_vector``) when it is none.
    """
    try:
        return _read_any(_short(vector), version)
    except CVSSError:
        raise Rejected(Reason.BAD_VECTOR, path) from None


@lru_cache(maxsize=_VECTORS)
def _read_any(vector: str, version: CvssVersion | None) -> Scored:
    own, _, below = vector.removeprefix(_PREFIX).partition("/")
    stated, metrics = (own, below) if vector.startswith(_PREFIX) else (version or _looks_like(vector), vector)
    match stated:
        case CvssVersion.V2:
            parsed = CVSS2(metrics)
        case CvssVersion.V3_0 | CvssVersion.V3_1:
            parsed = CVSS3(f"{_PREFIX}{stated}/{metrics}")
        case CvssVersion.V4:
            parsed = CVSS4(f"{_PREFIX}{stated}/{metrics}")
        case _:
            raise CVSSError("no version that is known")
    return Scored(parsed.clean_vector(), _one_decimal(parsed.base_score))


def _looks_like(vector: str) -> CvssVersion | None:
    return CvssVersion.V2 if any(metric.startswith(_AUTHENTICATION) for metric in vector.split("/")) else None


def _short(vector: str) -> str:
    return vector.strip()[:MAX_VECTOR]


def _one_decimal(score: Decimal | float) -> Decimal:
    # The text of a float has the one decimal that the library rounded to; its binary value has not.
    return Decimal(str(score)).quantize(_TENTH, ROUND_HALF_UP, _CONTEXT)


def rounded(score: Decimal, path: Sequence[str] = ()) -> Decimal:
    """Return a score with one decimal, rounded half up. Raise ``Rejected`` (``out_of_range``)."""
    if not score.is_finite() or not 0 <= score <= MAX_SCORE:
        raise Rejected(Reason.OUT_OF_RANGE, path, f"from 0 to {MAX_SCORE}")
    return _one_decimal(score)


def stored_score(value: Decimal, path: Sequence[str]) -> Decimal:
    """Return a stored score: from 0.0 to 10.0 (else ``out_of_range``), with one decimal (else ``not_canonical``)."""
    if not value.is_finite() or not 0 <= value <= MAX_SCORE:
        raise Rejected(Reason.OUT_OF_RANGE, path, f"from 0 to {MAX_SCORE}")
    if not value.same_quantum(_TENTH):
        raise Rejected(Reason.NOT_CANONICAL, path)
    return value


def given_score(value: Decimal | float, path: Sequence[str]) -> Decimal:
    """Return a score that a person gives, with one decimal: from 0 to 10 (else ``out_of_range``), no finer (``bad_format``)."""
    score = Decimal(str(value))
    if not score.is_finite() or not 0 <= score <= MAX_SCORE:
        raise Rejected(Reason.OUT_OF_RANGE, path, f"from 0 to {MAX_SCORE}")
    tenths = abs(score.quantize(_TENTH))
    if tenths != score:
        raise Rejected(Reason.BAD_FORMAT, path, "one decimal")
    return tenths


VECTORS: Final[Mapping[str, Normaliser]] = {
    "cvss_v4": lambda vector, path: scored_v4(vector, path).vector,
    "cvss_v3": lambda vector, path: scored_v3(vector, path).vector,
}
"""The arguments of a severity that a person gives: vectors, brought into canonical form."""

SEVERITY: Final[Mapping[str, Normaliser]] = {
    **{f"severity.{name}": vector for name, vector in VECTORS.items()},
    "severity.tool_score": stored_score,
    "severity.tool_vector": lambda vector, path: scored_any(vector, path).vector,
    "severity.score": stored_score,
}
"""The rows of a severity in the field table of an entity. Whether its members agree is judged by :func:`misscored`."""


ASSESSMENT: Final = Arguments(GivenVectors, VECTORS)
"""What a severity that a person gives is made of."""


def assessed(old: Severity | None, raw: Mapping[str, str | None]) -> Severity | None:
    """Return the severity of the vectors that a person gives, beside the score of a tool, which stays as it was.

    The vectors are one assessment: one that is left out or ``None`` is taken away. ``None`` when nothing is left. Raise
    ``Rejections`` (``bad_vector``) with the path of each vector that is none of its version.
    """
    given = checked(ASSESSMENT, raw)
    told = (old.tool_score, old.tool_vector) if old else (None, None)
    return severity(given.cvss_v4, given.cvss_v3, *told)


def misscored(given: Severity | None, path: Sequence[str]) -> Iterator[Rejected]:
    """Yield a refusal when the score does not follow from the vectors and the tool's score, each of which must be valid.

    Another one when the tool's vector stands without its score.
    """
    if given is None:
        return
    if given.tool_vector is not None and given.tool_score is None:
        yield Rejected(Reason.REQUIRED, (*path, "tool_score"))
    read = ((scored_v4, given.cvss_v4), (scored_v3, given.cvss_v3))
    scores = [scored(vector, path).score for scored, vector in read if vector is not None]
    made = next(iter(scores), given.tool_score)
    if made is None:
        yield Rejected(Reason.REQUIRED, path)
    elif made != given.score:
        yield Rejected(Reason.INCONSISTENT, (*path, "score"))


def level(score: Decimal) -> Level:
    """Return the level of a score: LOW < 4.0 ≤ MEDIUM < 7.0 ≤ HIGH < 9.0 ≤ CRITICAL."""
    return next((name for lowest, name in _LEVELS if score >= lowest), Level.LOW)


@lru_cache(maxsize=256)
def cvssf(score: Decimal) -> Decimal:
    """Return 4^(score - 4) rounded half up to 3 decimals, and 0 for the score 0.0. Sums of it weigh high scores more."""
    if score == 0:
        return Decimal("0.000")
    return _CONTEXT.power(4, score - 4).quantize(_THOUSANDTH, ROUND_HALF_UP, _CONTEXT)
