"""How bad a result is, by the word and the vectors of a tool (domain section 18, *words*, *vector*, *CWE*)."""

from decimal import Decimal

import pytest

from integrates.api.imports.read.error import TooLarge
from integrates.api.imports.read.rating import MAX_CANDIDATES, MAX_VECTORS, Candidate, Rating, rating, rounded_score
from integrates.api.imports.read.weakness import cwe_ids
from integrates.db_model.severities.types import CvssVersion

HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"  # 7.5
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"  # 9.8
MEDIUM = "AV:N/AC:L/Au:N/C:N/I:N/A:P"  # 2.0: 5.0


@pytest.mark.parametrize(
    ("word", "score"),
    [
        *((word, "9.0") for word in ("critical", "CRITICAL", " Critical ")),
        *((word, "7.0") for word in ("high", "error")),
        *((word, "5.0") for word in ("medium", "moderate", "WARNING", "unknown", "", None, "whatever", "x" * 10_000_000)),
        *((word, "2.0") for word in ("low", "note")),
        *((word, "0.0") for word in ("info", "informational", "none", "Negligible")),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_word_stands_for_a_score(word: str | None, score: str) -> None:
    assert rating()(word, ()) == Rating(Decimal(score))


@pytest.mark.parametrize(
    ("word", "given", "expected"),
    [
        ("HIGH", [Candidate(CRITICAL), Candidate(HIGH)], Rating(Decimal("7.5"), HIGH)),
        ("HIGH", [Candidate(CRITICAL)], Rating(Decimal("7.0"))),
        (None, [Candidate(CRITICAL), Candidate(HIGH)], Rating(Decimal("9.8"), CRITICAL)),
        ("unknown", [Candidate(HIGH)], Rating(Decimal("7.5"), HIGH)),
        ("medium", [Candidate(MEDIUM, CvssVersion.V2)], Rating(Decimal("5.0"), MEDIUM)),
        ("high", [Candidate("CVSS:9.9/x"), Candidate(HIGH)], Rating(Decimal("7.5"), HIGH, refused=True)),
        ("low", [Candidate("nonsense")], Rating(Decimal("2.0"), refused=True)),
        ("high", [Candidate(HIGH.removeprefix("CVSS:3.1/"), CvssVersion.V3_1)], Rating(Decimal("7.5"), HIGH)),
        ("high", [Candidate(score=Decimal("8.1"))], Rating(Decimal("8.1"))),
        ("low", [Candidate(score=Decimal("8.1"))], Rating(Decimal("2.0"))),
    ],
)
def test_the_first_vector_of_the_level_of_the_word_counts(word: str | None, given: list[Candidate], expected: Rating) -> None:
    assert rating()(word, given) == expected


def test_of_many_vectors_the_first_are_looked_at() -> None:
    many = [Candidate(CRITICAL)] * MAX_CANDIDATES
    assert rating()("high", [*many, Candidate(HIGH)]) == Rating(Decimal("7.0"))
    assert rating()("high", [*many[1:], Candidate(HIGH)]).vector == HIGH


def test_different_vectors_of_a_file_are_limited() -> None:
    rate = rating()
    for number in range(MAX_VECTORS):
        rate("high", [Candidate(f"CVSS:3.1/{number}")])
    rate("high", [Candidate("CVSS:3.1/0")])
    with pytest.raises(TooLarge) as caught:
        rate("high", [Candidate(HIGH)])
    assert caught.value.limit == "too_many_vectors"


@pytest.mark.parametrize(
    ("given", "score"),
    [(7, "7.0"), (7.25, "7.3"), (0.0, "0.0"), (10, "10.0"), (10.01, None), (-1, None), (True, None), ("7", None), (None, None)],
)
def test_numbers_become_scores(given: object, score: str | None) -> None:
    assert rounded_score(given) == (None if score is None else Decimal(score))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["CWE-79"], ["CWE-79"]),
        (["cwe-079: Cross-site scripting", "79", 79, "CWE-79"], ["CWE-79"]),
        (["CWE-79 Improper Neutralization"], []),
        ([0, "0", "CWE-0", -1, "-1", "CWE-0x4", "NVD-CWE-noinfo", "", None, "CWE-1234567"], []),
        (['["CWE-22: Path", 36, "CWE-0"]', "CWE-1"], ["CWE-22", "CWE-36", "CWE-1"]),
        (["[", "[7", '[["79"]]'], []),
        ([str(number) for number in range(1, 40)], [f"CWE-{number}" for number in range(1, 21)]),
    ],
)
def test_classes_of_weaknesses(given: list[str | int | None], expected: list[str]) -> None:
    assert list(cwe_ids(given)) == expected
