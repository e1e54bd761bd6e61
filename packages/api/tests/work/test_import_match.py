"""Matching and what it does (domain section 8, *Matching* and *Matched vulnerability*), on both embedded stores."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.api.imports.work import survey
from integrates.db_model.findings.types import FindingStateStatus, RemovalJustification
from integrates.db_model.imports.types import ImportCounts, ImportOptions, ImportStatus
from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.rules import closed, is_suppressed
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Cycle,
    RejectionReason,
    Source,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)


def safe(old: Vulnerability) -> Vulnerability:
    return closed(old, ClosingReason.VERIFIED, by=old.state.by, at=old.state.at)


def submitted(old: Vulnerability) -> Vulnerability:
    return replace(old, state=replace(old.state, status=VulnerabilityStatus.SUBMITTED), cycle=Cycle())


def rejected(old: Vulnerability) -> Vulnerability:
    why = (RejectionReason.NAMING,)
    return replace(old, state=replace(old.state, status=VulnerabilityStatus.REJECTED, rejection_reasons=why), cycle=Cycle())


def hidden(old: Vulnerability) -> Vulnerability:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=old.state.at, by=old.state.by))


def removed(old: Vulnerability) -> Vulnerability:
    state = replace(old.state, status=VulnerabilityStatus.DELETED, justification=RemovalJustification.FALSE_POSITIVE)
    return replace(old, state=state)


def by_person(old: Vulnerability) -> Vulnerability:
    return replace(old, source=Source.ANALYST)


async def test_a_new_result_makes_a_vulnerability_and_releases_its_finding(world: Any, tools: Any) -> None:
    record = await world.imported(tools.file(tools.seen("a", line=3), tools.seen("b", line=4)))
    assert record.progress.counts == ImportCounts(created=2)
    one, two = await world.vulnerabilities()
    assert {one.source, two.source} == {Source.MACHINE}
    assert (one.cycle.cycles, one.cycle.reported_at, one.cycle.opened_at) == (1, one.state.at, one.state.at)
    finding = (await world.findings())["R1"]
    assert finding.release.released_at == min(one.state.at, two.state.at)
    assert finding.version == 2
    assert await world.is_counted()


@pytest.mark.parametrize(
    ("before", "result", "effect", "after"),
    [
        (None, {}, "unchanged", ("3", "VULNERABLE", 1)),
        (None, {"line": 9}, "moved", ("9", "VULNERABLE", 2)),
        (safe, {}, "reopened", ("3", "VULNERABLE", 3)),
        (safe, {"line": 9}, "reopened", ("9", "VULNERABLE", 3)),
        (submitted, {}, "ignored", ("3", "SUBMITTED", 2)),
        (submitted, {"line": 9}, "ignored", ("9", "SUBMITTED", 3)),
        (hidden, {}, "ignored", ("3", "VULNERABLE", 2)),
        (hidden, {"line": 9}, "ignored", ("9", "VULNERABLE", 3)),
        (removed, {"line": 9}, "ignored", None),
        (None, {"line": 9, "suppressions": [{}]}, "suppressed", ("9", "VULNERABLE", 2)),
        (safe, {"suppressions": [{"status": "accepted"}]}, "suppressed", ("3", "SAFE", 3)),
        (hidden, {"suppressions": [{}]}, "suppressed", ("3", "VULNERABLE", 3)),
        (removed, {"suppressions": [{}]}, "suppressed", None),
    ],
)
async def test_what_a_result_does_to_its_vulnerability(
    world: Any, tools: Any, before: Any, result: Any, effect: str, after: Any
) -> None:
    await world.imported(tools.file(tools.seen("a", line=3)))
    (known,) = await world.vulnerabilities()
    if before:
        await world.alter(known.id, before)
    record = await world.imported(tools.file(tools.seen("a", **{"line": 3, **result})))
    assert record.state.status is ImportStatus.COMPLETED
    assert record.progress.counts == ImportCounts(**{effect: 1})
    found = [(each.location.specific, each.state.status.value, each.version) for each in await world.vulnerabilities()]
    assert found == ([after] if after else [])
    assert await world.is_counted()


async def test_reopening_begins_a_cycle_and_leaves_the_treatment(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a")))
    await world.imported(tools.file())
    (before,) = await world.vulnerabilities()
    await world.imported(tools.file(tools.seen("a")))
    (again,) = await world.vulnerabilities()
    assert (again.id, again.treatment, again.version) == (before.id, before.treatment, 3)
    assert (again.cycle.cycles, again.cycle.closed_at, again.cycle.opened_at) == (2, None, again.state.at)
    assert again.cycle.reported_at == before.cycle.reported_at


@pytest.mark.parametrize(
    ("before", "result", "effect", "mark"),
    [
        (by_person, {"fingerprint": "a"}, "unchanged", ("3", "VULNERABLE", "a", 2)),
        (by_person, {"fingerprint": "b"}, "unchanged", ("3", "VULNERABLE", "a", 2)),
        (lambda old: by_person(safe(old)), {"fingerprint": "b"}, "reopened", ("3", "VULNERABLE", "a", 3)),
    ],
)
async def test_what_a_person_reported_is_neither_moved_nor_marked(
    world: Any, tools: Any, before: Any, result: Any, effect: str, mark: Any
) -> None:
    await world.imported(tools.file(tools.seen("a", line=3)))
    (known,) = await world.vulnerabilities()
    await world.alter(known.id, before)
    record = await world.imported(tools.file(tools.seen(**result, line=3)))
    assert record.progress.counts == ImportCounts(**{effect: 1})
    assert [(line, state, fp) for _, line, state, fp in await world.rows()] == [mark[:3]]
    assert (await world.vulnerabilities())[0].version == mark[3]


@pytest.mark.parametrize("before", [by_person, rejected])
async def test_what_is_a_persons_elsewhere_or_was_rejected_is_reported_anew(world: Any, tools: Any, before: Any) -> None:
    await world.imported(tools.file(tools.seen("a", line=3)))
    (known,) = await world.vulnerabilities()
    await world.alter(known.id, before)
    line = 9 if before is by_person else 3
    record = await world.imported(tools.file(tools.seen("a", line=line)))
    assert record.progress.counts == ImportCounts(created=1)
    (new,) = [each for each in await world.vulnerabilities() if each.id != known.id]
    assert (new.number, new.location.specific) == (2, str(line))
    assert await world.is_counted()


async def test_a5_lines_move(world: Any, tools: Any) -> None:
    await world.imported(tools.file(*(tools.seen(mark, line=line) for mark, line in (("a", 1), ("b", 2), ("c", 3)))))
    before = {each.tool.fingerprint: each.id for each in await world.vulnerabilities()}
    record = await world.imported(tools.file(tools.seen("a", line=11), tools.seen("b", line=12)))
    assert record.progress.counts == ImportCounts(moved=2, closed=1)
    assert {each.tool.fingerprint: each.id for each in await world.vulnerabilities()} == before
    assert await world.rows() == [
        ("R1", "11", "VULNERABLE", "a"),
        ("R1", "12", "VULNERABLE", "b"),
        ("R1", "3", "SAFE", "c"),
    ]
    assert await world.is_counted()


async def test_the_same_file_again_writes_no_version(world: Any, tools: Any) -> None:
    content = tools.file(tools.seen("a"), tools.seen(None, line=2), tools.seen("b", rule="R2"))
    await world.imported(content)
    before = await world.picture()
    record = await world.imported(content)
    assert record.progress.counts == ImportCounts(unchanged=3)
    assert await world.picture() == before


async def test_a_new_fingerprint_at_a_known_place_takes_the_identity_over(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen(None, line=3)))
    (known,) = await world.vulnerabilities()
    record = await world.imported(tools.file(tools.seen("a", line=3)))
    assert record.progress.counts == ImportCounts(unchanged=1)
    record = await world.imported(tools.file(tools.seen("a", line=8)))
    assert record.progress.counts == ImportCounts(moved=1)
    assert [each.id for each in await world.vulnerabilities()] == [known.id]
    record = await world.imported(tools.file(tools.seen("a", line=8), tools.seen(None, line=3)))
    assert record.progress.counts == ImportCounts(unchanged=1, created=1), "the location is free again"


async def test_results_without_fingerprint_keep_the_known_one(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a", line=3)))
    record = await world.imported(tools.file(tools.seen(None, line=3)))
    assert record.progress.counts == ImportCounts(unchanged=1)
    assert await world.rows() == [("R1", "3", "VULNERABLE", "a")]
    assert (await world.vulnerabilities())[0].version == 1


@pytest.mark.parametrize("known", [("a",), (None,), ("x",), ("x", "y"), ("a", "x")])
@pytest.mark.parametrize("results", [("a", "b"), ("b", "a"), ("a", None), (None, "a"), ("a", "b", "c", None)])
async def test_several_results_at_one_place_are_several_vulnerabilities(
    world: Any, tools: Any, known: Any, results: Any
) -> None:
    await world.imported(tools.file(*(tools.seen(mark, line=3) for mark in known)))
    content = tools.file(*(tools.seen(mark, line=3) for mark in results))
    await world.imported(content)
    opened = [each for each in await world.rows() if each[2] == "VULNERABLE"]
    assert len(opened) == len(results)
    before = await world.picture()
    record = await world.imported(content)
    assert record.progress.counts == ImportCounts(unchanged=len(results))
    assert await world.picture() == before


@pytest.mark.parametrize("results", [("a", None), (None, "a"), ("a", "b")])
async def test_a_persons_vulnerability_shares_its_place_with_new_ones(world: Any, tools: Any, results: Any) -> None:
    await world.imported(tools.file(tools.seen(None, line=3)))
    (known,) = await world.vulnerabilities()
    await world.alter(known.id, by_person)
    content = tools.file(*(tools.seen(mark, line=3) for mark in results))
    record = await world.imported(content)
    assert record.progress.counts == ImportCounts(unchanged=1, created=1)
    assert (await world.imported(content)).progress.counts == ImportCounts(unchanged=2)


async def test_what_moved_away_keeps_its_number_and_what_is_new_at_its_place_takes_the_next(world: Any, tools: Any) -> None:
    for number in (1, 2, 3):
        await world.imported(tools.file(tools.seen(line=1, message={"text": f"Bad for the {number}. time."})))
        (new,) = [each for each in await world.vulnerabilities() if each.location.specific == "1"]
        assert new.number == number
        elsewhere = replace(new.location, specific=f"5{number}")
        await world.alter(new.id, lambda old, elsewhere=elsewhere: replace(old, location=elsewhere))
    assert await world.is_counted()


async def test_results_are_matched_together_however_chunks_are_cut(world: Any, tools: Any) -> None:
    """Two results swap their locations: each of them alone would be matched by its location."""
    marks = [str(number) for number in range(80)]
    await world.imported(tools.file(*(tools.seen(mark, line=number) for number, mark in enumerate(marks))))
    ids = {each.tool.fingerprint: each.id for each in await world.vulnerabilities()}
    record = await world.imported(tools.file(*(tools.seen(mark, line=79 - number) for number, mark in enumerate(marks))))
    assert record.progress.counts == ImportCounts(moved=80)
    assert {each.tool.fingerprint: each.id for each in await world.vulnerabilities()} == ids
    assert await world.is_counted()


async def test_a_category_or_a_score_alone_makes_a_version(world: Any, tools: Any) -> None:
    def content(category: str, **members: Any) -> bytes:
        made: bytes = tools.sarif(tools.one_run(tools.seen("a", **members), category=category))
        return made

    await world.imported(content("one/"))
    assert (await world.imported(content("two/"))).progress.counts == ImportCounts(unchanged=1)
    assert (await world.vulnerabilities())[0].tool.categories == ("one/", "two/")
    score = {"properties": {"security-severity": "9.1"}}
    assert (await world.imported(content("two/", **score))).progress.counts == ImportCounts(unchanged=1)
    assert (await world.vulnerabilities())[0].version == 2, "the series that noted it first says how bad it is"
    assert (await world.imported(content("one/", **score))).progress.counts == ImportCounts(unchanged=1)
    (known,) = await world.vulnerabilities()
    assert (known.version, known.severity) == (3, Severity(tool_score=Decimal("9.1"), score=Decimal("9.1")))
    assert await world.is_counted()


async def test_a_finding_takes_the_score_of_a_later_file_and_keeps_its_texts(world: Any, tools: Any) -> None:
    def content(score: str, title: str) -> bytes:
        rule = {"id": "R1", "shortDescription": {"text": title}, "properties": {"security-severity": score}}
        made: bytes = tools.sarif(tools.one_run(tools.seen("a"), rules=[rule]))
        return made

    await world.imported(content("5.0", "One title"))
    await world.retitle("R1", "A title of mine")
    await world.imported(content("9.1", "Another title"))
    finding = (await world.findings())["R1"]
    assert (finding.severity.score, finding.description.title) == (Decimal("9.1"), "A title of mine")
    assert (await world.vulnerabilities())[0].version == 1
    assert await world.is_counted()


async def test_a_persons_vector_stays(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a")))
    vector = Severity(cvss_v3="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", score=Decimal("9.8"))
    await world.rescore("R1", vector)
    await world.imported(tools.file(tools.seen("a", level="error")))
    assert (await world.findings())["R1"].severity == vector
    assert await world.is_counted()


@pytest.mark.parametrize("justification", list(RemovalJustification))
async def test_a_removed_finding_that_keeps_its_claim_is_ignored(world: Any, tools: Any, justification: Any) -> None:
    await world.imported(tools.file(tools.seen("a")))
    is_free = justification in {RemovalJustification.DUPLICATED, RemovalJustification.REPORTING_ERROR}
    gone = await world.remove_finding("R1", justification)
    record = await world.imported(tools.file(tools.seen("a"), tools.seen("b", line=2), tools.seen("c", rule="R2")))
    assert gone.state.status is FindingStateStatus.DELETED
    assert record.progress.counts == (ImportCounts(created=3) if is_free else ImportCounts(ignored=2, created=1))


async def test_a_freed_identity_is_reported_anew(world: Any, tools: Any) -> None:
    await world.imported(tools.file(tools.seen("a")))
    (known,) = await world.vulnerabilities()
    await world.remove(known.id, RemovalJustification.DUPLICATED)
    record = await world.imported(tools.file(tools.seen("a")))
    assert record.progress.counts == ImportCounts(created=1)
    assert [each.id for each in await world.vulnerabilities()] != [known.id]
    assert (await world.got_any(VULNERABILITY, vulnerability_key(known.id))).state.status is VulnerabilityStatus.DELETED


async def test_a_removed_identity_is_ignored_before_places_are_looked_at(world: Any, tools: Any) -> None:
    """The result of the removed one must not hold the other one open, which no result names any more."""
    await world.imported(tools.file(tools.seen("gone", line=3), tools.seen("other", line=3)))
    known = {each.tool.fingerprint: each.id for each in await world.vulnerabilities()}
    await world.alter(known["mark=gone"], removed)
    record = await world.imported(tools.file(tools.seen("gone", line=3)))
    assert record.progress.counts == ImportCounts(ignored=1, closed=1)
    (left,) = await world.vulnerabilities()
    assert (left.id, left.state.closing_reason) == (known["mark=other"], ClosingReason.NOT_REPORTED)


async def test_suppressed_results_make_nothing(world: Any, tools: Any) -> None:
    record = await world.imported(tools.file(tools.seen("a", suppressions=[{}]), tools.seen("b", suppressions=[])))
    assert record.progress.counts == ImportCounts(suppressed=1, created=1)
    assert [mark for *_, mark in await world.rows()] == ["b"]


async def test_counts_add_up_to_the_results(world: Any, tools: Any) -> None:
    results = [
        *(tools.seen(str(number), line=number) for number in range(30)),
        tools.seen("0", line=0),
        tools.seen("1", line=100),
        tools.seen("s", line=2, suppressions=[{}]),
        tools.seen(None, line=5),
        tools.seen(None, line=5),
        tools.seen(None, path="../out.py"),
        tools.seen("p", kind="pass"),
        {"ruleId": "R1", "message": {"text": "Nowhere."}},
    ]
    record = await world.imported(tools.file(*results))
    counts = record.progress.counts
    assert counts == ImportCounts(created=32, suppressed=1, duplicate=2, skipped=3)
    assert [(each.pointer, each.reason) for each in record.problems] == [
        ("/runs/0/results/35", "bad_path"),
        ("/runs/0/results/37", "no_location"),
    ]
    assert record.progress.position == len(results)


async def test_a_file_without_results_ends_at_its_end(world: Any, tools: Any) -> None:
    record = await world.imported(tools.file())
    assert (record.state.status, record.progress.counts) == (ImportStatus.COMPLETED, ImportCounts())
    assert record.progress.position == 0
    assert await world.running() is None


async def test_a_file_of_which_nothing_counts_ends_at_its_end(world: Any, tools: Any) -> None:
    record = await world.imported(tools.file(tools.seen("a", kind="pass"), tools.seen(None, path="../out.py")))
    assert (record.state.status, record.progress.counts) == (ImportStatus.COMPLETED, ImportCounts(skipped=2))
    assert record.progress.position == 2


async def test_a_rule_with_suppressed_results_alone_makes_no_finding(world: Any, tools: Any) -> None:
    record = await world.imported(tools.file(tools.seen("a", suppressions=[{}]), tools.seen("b", rule="R2")))
    assert record.progress.counts == ImportCounts(suppressed=1, created=1)
    assert list(await world.findings()) == ["R2"]
    assert (await world.imported(tools.file(tools.seen("a")))).progress.counts == ImportCounts(created=1, closed=1)


def in_column(tools: Any, line: int, column: int, mark: str = "Bad.") -> Any:
    place = {"artifactLocation": {"uri": "src/app.py"}, "region": {"startLine": line, "startColumn": column}}
    return tools.seen(message={"text": mark}, locations=[{"physicalLocation": place}])


async def test_a_neighbour_that_moved_to_a_place_is_looked_for_there(world: Any, tools: Any) -> None:
    await world.imported(tools.file(in_column(tools, 5, 3, "a"), in_column(tools, 20, 9, "b")))
    await world.imported(tools.file(in_column(tools, 5, 3, "a"), in_column(tools, 5, 9, "b")))
    await world.imported(tools.file(in_column(tools, 5, 9, "b")))
    states = {each.location.detail: each.state.status.value for each in await world.vulnerabilities()}
    assert states == {"a": "SAFE", "b": "VULNERABLE"}


async def test_many_of_one_identity_are_read_in_few_calls(world: Any, tools: Any) -> None:
    content = tools.file(*(in_column(tools, 5, column) for column in range(1, 601)))
    await world.imported(content)
    calls: list[int] = []

    async def get(keys: Any) -> Any:
        calls.append(len(keys))
        return await world.store.get(keys)

    record = await world.imported(content, store=replace(world.store, get=get))
    assert record.progress.counts == ImportCounts(unchanged=600)
    assert len(calls) < 60


@pytest.mark.parametrize(("per_path", "asked"), [(0, 40), (1_000, 1)])
async def test_paths_are_asked_for_or_picked_from_the_whole_root(
    world: Any, tools: Any, monkeypatch: pytest.MonkeyPatch, per_path: int, asked: int
) -> None:
    """Either way the same is found: what moved within a path, among others that the file does not name."""
    before = [tools.seen(f"f{n}", path=f"src/{n}.py", line=10) for n in range(60)]
    await world.imported(tools.file(*before))
    monkeypatch.setattr(survey, "_PER_PATH", per_path)
    queries: list[int] = []

    async def query(wanted: Any) -> Any:
        queries.append(len(wanted))
        return await world.store.query(wanted)

    moved = [tools.seen(f"f{n}", path=f"src/{n}.py", line=20) for n in range(20)]
    fresh = [tools.seen(f"g{n}", path=f"new/{n}.py", line=1) for n in range(20)]
    store = replace(world.store, query=query)
    found = await world.imported(tools.file(*moved, *fresh), ImportOptions(close_missing=False), store)
    assert found.progress.counts == ImportCounts(moved=20, created=20)
    assert queries[0] == asked


async def test_open_in_one_category_and_suppressed_in_another(world: Any, tools: Any) -> None:
    """Both are kept, so that the last category that is open decides when it goes."""

    def run(category: str, **members: Any) -> Any:
        return tools.one_run(tools.seen("a", **members), automationDetails={"id": category})

    await world.imported(tools.sarif(run("x/"), run("y/", suppressions=[{"kind": "inSource"}])))
    (one,) = await world.vulnerabilities()
    assert (set(one.tool.categories), [each.category for each in one.tool.suppressions]) == ({"x/", "y/"}, ["y/"])
    assert not is_suppressed(one.tool)
    await world.imported(tools.sarif(tools.one_run(automationDetails={"id": "x/"})))
    (one,) = await world.vulnerabilities()
    assert (one.tool.categories, is_suppressed(one.tool)) == (("y/",), True)
