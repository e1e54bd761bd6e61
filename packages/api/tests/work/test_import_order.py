"""The order of work, and what a position in it means."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import pytest

from integrates.api.imports.read.observation import Location, Observation, RuleSeen, Scan
from integrates.api.imports.work.order import Work, after, done, ordered, windows
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.types import Technique, VulnerabilityType


def rule(name: str) -> RuleSeen:
    about = {"title": name, "description": name, "threat": name, "recommendation": name}
    return RuleSeen(rule=ToolRule(tool="t", rule_id=name), cwe_ids=(), tool_score=Decimal("5.0"), **about)


def seen(ordinal: int, name: str) -> Observation:
    return Observation(
        ordinal=ordinal,
        pointer=f"/{ordinal}",
        rule=rule(name).rule,
        category="",
        location=Location(VulnerabilityType.LINES, "a.py", str(ordinal)),
        fingerprint=None,
        technique=Technique.SAST,
        own_score=None,
        suppressed=False,
        snippet=None,
        detail=None,
    )


def work(rules: Mapping[str, Iterable[int]]) -> Work:
    """Return the work of a file in which the rules have results with these ordinals."""
    observations = sorted((seen(ordinal, name) for name, ordinals in rules.items() for ordinal in ordinals), key=_ordinal)
    scan = Scan(
        format=ImportFormat.SARIF,
        rules=tuple(map(rule, rules)),
        observations=tuple(observations),
        series=(),
        total=10_000,
        skipped=0,
        duplicates=0,
        problems=(),
    )
    return ordered(scan)


def _ordinal(observation: Observation) -> int:
    return observation.ordinal


def ordinals(work_: Work) -> list[list[int]]:
    return [[each.ordinal for each in observations] for _, observations in work_]


TURNS = {"A": (1, 3, 8), "B": (2, 7), "C": (4, 5)}
"""Rules take turns; the results 0, 6 and 9 count for nothing."""


def test_work_goes_rule_by_rule() -> None:
    assert ordinals(work(TURNS)) == [[1, 3, 8], [2, 7], [4, 5]]


@pytest.mark.parametrize(
    ("position", "rules", "number"),
    [
        (0, "ABC", 0),
        (1, "ABC", 0),
        (3, "ABC", 1),
        (8, "ABC", 2),
        (2, "BC", 0),
        (7, "BC", 1),
        (4, "C", 0),
        (5, "C", 1),
        (6, "ABC", 0),
    ],
)
def test_work_goes_on_at_its_position(position: int, rules: str, number: int) -> None:
    """The rule in work is returned whole, with the number of its results that are done; what is not there begins anew."""
    left = after(work(TURNS), position)
    assert "".join(each.title for each, _ in left) == rules
    assert done((each for _, observations in left for each in observations), position) == number


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((), []),
        ((3,), [(1, 9_000)]),
        ((500,), [(1, 9_000)]),
        ((499, 1, 1), [(2, 500), (1, 9_000)]),
        ((600, 600), [(1, 600), (1, 9_000)]),
        ((1, 600, 1, 499, 7), [(2, 601), (2, 1_101), (1, 9_000)]),
        ((200, 200, 200, 200), [(3, 600), (1, 9_000)]),
    ],
)
def test_windows_name_the_position_behind_them(sizes: tuple[int, ...], expected: list[tuple[int, int]]) -> None:
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    whole = work({f"R{start}": range(start, start + size) for start, size in zip(starts, sizes, strict=True)})
    found = list(windows(whole, 9_000))
    assert [(len(window), following) for window, following in found] == expected
    assert tuple(each for window, _ in found for each in window) == whole
