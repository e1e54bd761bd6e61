"""Matching: what is recognised by which pass, and what has to stay ambiguous (domain section 8, *Matching*)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from integrates.api.imports.match.passes import matched
from integrates.api.imports.match.side import Candidate, Sides, Standing
from integrates.api.imports.read.observation import Fingerprint, Location, Observation
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import Mark, MatchBy, Suppression, Technique, VulnerabilityType

LINES = VulnerabilityType.LINES
CLOSING = frozenset({("lint", "")})


def at(line: int, where: str = "a.py") -> Location:
    return Location(LINES, where, str(line))


def seen(
    line: int,
    where: str = "a.py",
    *,
    fingerprint: str | None = None,
    rule: str = "R",
    column: int | None = None,
    **members: Any,
) -> Observation:
    return Observation(
        ordinal=0,
        pointer="",
        rule=ToolRule(tool="lint", rule_id=rule),
        category=members.pop("category", ""),
        location=at(line, where),
        fingerprints=(Fingerprint("f", f"f={fingerprint}"),) if fingerprint else (),
        fingerprint=f"f={fingerprint}" if fingerprint else None,
        mark=Mark(start_column=column, message=members.pop("said", None)),
        technique=Technique.SAST,
        **members,
    )


def known(result: Observation, **members: Any) -> Candidate:
    """The vulnerability that was made of a result."""
    made = Candidate(
        id="",
        rule=result.rule,
        location=result.location,
        fingerprint=result.fingerprint,
        snippet=result.snippet,
        detail=result.detail,
        mark=result.mark,
        categories=(result.category,),
        is_machine=True,
        number=1,
        standing=Standing.OPEN,
    )
    return replace(made, **members)


def pairs(
    candidates: list[Candidate], results: list[Observation], *, closing: bool = True, spared: frozenset[str] = frozenset()
) -> list[tuple[int | None, MatchBy | None]]:
    """The number of the candidate of each result, from 0, and by what it was found."""
    named = [replace(one, id=str(index)) for index, one in enumerate(candidates)]
    numbered = [replace(one, ordinal=index) for index, one in enumerate(results)]
    found = matched(Sides(numbered, named, {}, CLOSING if closing else frozenset(), {("lint", ""): spared}))
    return [(int(found[n].known.id), found[n].by) if n in found else (None, None) for n in range(len(results))]


F, E, A, P, S = (
    MatchBy.FINGERPRINT,
    MatchBy.FINGERPRINT_ELSEWHERE,
    MatchBy.ALIGNED,
    MatchBy.PLACE,
    MatchBy.SNIPPET,
)
NONE = (None, None)
CASES: dict[str, tuple[list[Candidate], list[Observation], list[Any]]] = {
    "by fingerprint in its file": ([known(seen(3, fingerprint="x"))], [seen(90, fingerprint="x")], [(0, F)]),
    "another rule is another weakness": ([known(seen(3, fingerprint="x"))], [seen(3, fingerprint="x", rule="S")], [NONE]),
    "a fingerprint that repeats identifies nothing": (
        [known(seen(3, fingerprint="x")), known(seen(9, fingerprint="x"))],
        [seen(50, fingerprint="x"), seen(60, fingerprint="x")],
        [NONE, NONE],
    ),
    "another series, another place": (
        [known(seen(3, fingerprint="x", category="a/"))],
        [seen(9, fingerprint="x", category="b/")],
        [NONE],
    ),
    "another series, the same place": (
        [known(seen(3, fingerprint="x", category="a/"))],
        [seen(3, fingerprint="x", category="b/")],
        [(0, F)],
    ),
    "by fingerprint in another file": ([known(seen(3, fingerprint="x"))], [seen(3, "b.py", fingerprint="x")], [(0, E)]),
    "what was fixed does not come back elsewhere": (
        [known(seen(3, fingerprint="x"), standing=Standing.SAFE)],
        [seen(3, "b.py", fingerprint="x")],
        [NONE],
    ),
    "of two that are left none is moved elsewhere": (
        [known(seen(3, fingerprint="x")), known(seen(4, fingerprint="x"))],
        [seen(3, "b.py", fingerprint="x")],
        [NONE],
    ),
    "lines that move together": (
        [known(seen(3)), known(seen(8, rule="S")), known(seen(20))],
        [seen(5), seen(10, rule="S"), seen(22)],
        [(0, A), (1, A), (2, A)],
    ),
    "what two distances explain equally well is ambiguous": (
        [known(seen(1)), known(seen(10)), known(seen(19)), known(seen(28))],
        [seen(1), seen(22), seen(31)],
        [(0, A), NONE, NONE],
    ),
    "a lone line proves nothing": ([known(seen(3))], [seen(40)], [NONE]),
    "a lone line between others": (
        [known(seen(3)), known(seen(8, rule="S")), known(seen(20)), known(seen(30))],
        [seen(3), seen(11, rule="S"), seen(25), seen(35)],
        [(0, A), (1, A), (2, A), (3, A)],
    ),
    "a lone line beside another of its rule": (
        [known(seen(3)), known(seen(8, rule="S")), known(seen(15, rule="S")), known(seen(20)), known(seen(30))],
        [seen(3), seen(11, rule="S"), seen(25), seen(35)],
        [(0, A), NONE, (3, A), (4, A)],
    ),
    "snippets that differ are not aligned": (
        [known(seen(3, snippet="a")), known(seen(8, snippet="b"))],
        [seen(5, snippet="b"), seen(10, snippet="c")],
        [(1, S), NONE],
    ),
    "fingerprints that contradict are not aligned": (
        [known(seen(3, fingerprint="x")), known(seen(8, fingerprint="y"))],
        [seen(5, fingerprint="v"), seen(10, fingerprint="w")],
        [NONE, NONE],
    ),
    "a fingerprint that changed keeps its place": ([known(seen(3, fingerprint="x"))], [seen(3, fingerprint="y")], [(0, P)]),
    "by snippet where as many are left": (
        [known(seen(30, snippet="a")), known(seen(60, snippet="a"))],
        [seen(1, snippet="a"), seen(99, snippet="a")],
        [(0, S), (1, S)],
    ),
    "not by snippet where more are left": (
        [known(seen(30, snippet="a"))],
        [seen(1, snippet="a"), seen(99, snippet="a")],
        [NONE, NONE],
    ),
    "by a detail that no other has": ([known(seen(30, detail="x"))], [seen(99, detail="x")], [(0, S)]),
    "not by a detail that others have": (
        [known(seen(30, detail="x"))],
        [seen(99, detail="x"), seen(1, "b.py", detail="x")],
        [NONE, NONE],
    ),
    "columns tell apart": (
        [known(seen(3, column=1)), known(seen(3, column=9))],
        [seen(3, column=9)],
        [(1, A)],
    ),
    "of equal columns the messages tell": (
        [known(seen(5, column=5, said="a")), known(seen(5, column=5, said="b")), known(seen(5, column=9, said="c"))],
        [seen(5, column=5, said="b"), seen(5, column=9, said="c")],
        [(1, A), (2, A)],
    ),
    "what has another snippet has changed, wherever it stands": (
        [known(seen(10, snippet="x")), known(seen(20, snippet="y"))],
        [seen(10, snippet="y"), seen(20, snippet="z")],
        [(1, S), NONE],
    ),
    "a person's at its place": (
        [known(seen(3), is_machine=False, categories=())],
        [seen(3)],
        [(0, P)],
    ),
    "a person's is not followed": (
        [known(seen(3, detail="x"), is_machine=False, categories=())],
        [seen(9, detail="x")],
        [NONE],
    ),
    "what is open before what was fixed": (
        [known(seen(3), standing=Standing.SAFE), known(seen(3), number=2)],
        [seen(3)],
        [(1, P)],
    ),
    "the lower number of two alike": ([known(seen(3), number=2), known(seen(3), number=1)], [seen(3)], [(1, A)]),
    "what opens something before what is suppressed": (
        [known(seen(3))],
        [seen(3, suppression=Suppression(kind="inSource")), seen(3)],
        [NONE, (0, P)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    candidates, results, expected = CASES[name]
    assert pairs(candidates, results) == expected


@pytest.mark.parametrize(("closing", "spared", "expected"), [(True, (), (0, E)), (False, (), NONE), (True, ("a.py",), NONE)])
def test_nothing_is_taken_from_a_file_that_nobody_looked_at(closing: bool, spared: Any, expected: Any) -> None:
    given_ones = [known(seen(3, fingerprint="x"))], [seen(3, "b.py", fingerprint="x")]
    assert pairs(*given_ones, closing=closing, spared=frozenset(spared)) == [expected]


def test_lines_that_follow_each_other_are_told_apart_by_details() -> None:
    """Moved by three, each stands where another one was."""
    results = [seen(line, detail=f"variable {line}") for line in range(1, 31)]
    moved = [seen(line + 3, detail=f"variable {line}") for line in range(1, 31)]
    assert [one for one, _ in pairs([known(one) for one in results], moved)] == list(range(30))


def test_many_at_one_place_are_told_apart_by_their_marks() -> None:
    """So many that not all of them can be compared with each other."""
    results = [seen(1, said=str(number), column=number % 2) for number in range(400)]
    found = pairs([known(one) for one in results], results[::-1][1:])
    assert [one for one, _ in found] == list(range(399))[::-1]


RESULTS = st.lists(
    st.builds(
        seen,
        st.integers(0, 9),
        st.sampled_from(["a.py", "b.py"]),
        fingerprint=st.sampled_from([None, "x", "y"]),
        rule=st.sampled_from(["R", "S"]),
        column=st.sampled_from([None, 1, 2]),
        snippet=st.sampled_from([None, "s", "t"]),
        detail=st.sampled_from([None, "d"]),
        category=st.sampled_from(["", "a/"]),
    ),
    max_size=8,
)


@given(before=RESULTS, now=RESULTS, standings=st.lists(st.sampled_from(Standing), min_size=8, max_size=8))
def test_whatever_is_matched(before: list[Observation], now: list[Observation], standings: list[Standing]) -> None:
    candidates = [known(one, standing=standing) for one, standing in zip(before, standings, strict=False)]
    found = [(one, by) for one, by in pairs(candidates, now) if one is not None]
    assert len({one for one, _ in found}) == len(found), "nothing is found twice"
    for result, (one, by) in zip(now, pairs(candidates, now), strict=True):
        if one is not None:
            assert candidates[one].rule == result.rule
            assert by is not E or candidates[one].standing is Standing.OPEN
            assert by is not P or candidates[one].location == result.location
            assert by in {F, P} or result.category in candidates[one].categories


@given(results=RESULTS)
def test_what_stays_is_recognised(results: list[Observation]) -> None:
    distinct = list({(one.rule, one.location, one.mark, one.fingerprint): one for one in results}.values())
    candidates = [known(one) for one in distinct]
    found = pairs(candidates, distinct)
    assert all(
        one is not None and candidates[one].location == seen_.location for (one, _), seen_ in zip(found, distinct, strict=True)
    )
