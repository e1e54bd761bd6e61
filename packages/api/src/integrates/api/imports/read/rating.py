"""How bad a tool says that something is: its word, and the vectors that it gives (domain section 18, *words*, *vector*)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import islice
from typing import Final, TypeAlias

from msgspec import Struct

from integrates.api.imports.read.limit import enforce
from integrates.db_model.errors import Rejected
from integrates.db_model.severities.rules import MAX_SCORE, level, scored_any
from integrates.db_model.severities.types import CvssVersion

MAX_CANDIDATES: Final = 20
"""Most vectors of one result that are looked at."""
MAX_GIVEN: Final = 100
"""Most vectors of one result that are put in order."""
VERSIONS: Final[Mapping[str, CvssVersion]] = {one.value: one for one in CvssVersion}
"""The versions of CVSS, as tools write them."""
MAX_VECTORS: Final = 10_000
"""Most different vectors of one file: reading one takes time, and there are few that are in use."""
_OF_WORD: Final[Mapping[str, Decimal]] = {
    "critical": Decimal("9.0"),
    "high": Decimal("7.0"),
    "error": Decimal("7.0"),
    "medium": Decimal("5.0"),
    "moderate": Decimal("5.0"),
    "warning": Decimal("5.0"),
    "low": Decimal("2.0"),
    "note": Decimal("2.0"),
    "info": Decimal("0.0"),
    "informational": Decimal("0.0"),
    "none": Decimal("0.0"),
    "negligible": Decimal("0.0"),
}
_UNKNOWN: Final = Decimal("5.0")
_NEWEST_FIRST: Final = (CvssVersion.V4, CvssVersion.V3_1, CvssVersion.V3_0, CvssVersion.V2)
_PREFIX: Final = "CVSS:"
_TENTH: Final = Decimal("0.1")


class Candidate(Struct, frozen=True):
    """A vector that a tool gives, or only a score. ``version`` is that of a vector that does not tell its own."""

    vector: str | None = None
    version: CvssVersion | None = None
    score: Decimal | None = None


class Rating(Struct, frozen=True):
    """The score of a result, 0.0-10.0, and the vector that it is of; ``refused`` tells that a vector could not be read."""

    score: Decimal
    vector: str | None = None
    refused: bool = False


Rate: TypeAlias = Callable[[str | Decimal | None, Iterable[Candidate]], Rating]
"""Returns the rating of a result of which a tool gives that word or score and those vectors, in the order in which they count.

It has the first vector whose level is that of the word, which decides alone when there is none. Without a word that is known,
the first vector counts.
"""


def by_source(given: Iterable[tuple[object, Candidate]]) -> tuple[Candidate, ...]:
    """Return the vectors of sources in the order in which they count: sources as they come, newer versions of one first."""
    found = list(islice(given, MAX_GIVEN))
    if len(found) <= 1:  # as most have it: each of many results asks
        return tuple(one for _, one in found)
    sources = list(dict.fromkeys(source for source, _ in found))
    return tuple(one for _, one in sorted(found, key=lambda pair: (sources.index(pair[0]), _age(pair[1]))))


def _age(one: Candidate) -> int:
    vector = (one.vector or "").lstrip()
    own = vector[len(_PREFIX) :].partition("/")[0] if vector.startswith(_PREFIX) else one.version
    return next((age for age, version in enumerate(_NEWEST_FIRST) if version == own), len(_NEWEST_FIRST))


def rating() -> Rate:
    """Return the function that rates the results of one file. It raises ``TooLarge`` (``too_many_vectors``)."""
    scores = cache(_score)

    def scored(candidates: Iterable[Candidate]) -> Iterator[Rating]:
        for one in candidates:
            found = scores(one)
            enforce("too_many_vectors", scores.cache_info().currsize, MAX_VECTORS)
            if found is not None:
                yield found

    def rated(word: str | Decimal | None, candidates: Iterable[Candidate]) -> Rating:
        given = list(islice(candidates, MAX_CANDIDATES))
        readable = list(scored(given))
        score = score_of(word)
        fitting = (one for one in readable if score is None or level(one.score) is level(score))
        best = next(fitting, Rating(_UNKNOWN if score is None else score))
        return Rating(best.score, best.vector, refused=len(readable) < len(given))

    return rated


def score_of(word: str | Decimal | None) -> Decimal | None:
    """Return the score that stands for a word of a tool, in any case; ``None`` for one that is not known."""
    if isinstance(word, Decimal):
        return word
    return _OF_WORD.get((word or "")[:100].strip().lower())


def rounded_score(given: object) -> Decimal | None:
    """Return a number that a tool writes as a score, with one decimal; ``None`` for what is none from 0 to 10."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    found = Decimal(str(given)) if is_number else None
    return found.quantize(_TENTH, ROUND_HALF_UP) if found is not None and 0 <= found <= MAX_SCORE else None


def _score(one: Candidate) -> Rating | None:
    """Return what a candidate says; ``None`` for a vector that cannot be read, and for one that says nothing."""
    if one.vector is None:
        return None if one.score is None else Rating(one.score)
    try:
        found = scored_any(one.vector, (), one.version)
    except Rejected:
        return None
    return Rating(found.score, found.vector)
