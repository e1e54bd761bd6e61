"""What the commands of pipelines print, from what the API answers: pure functions, without a service."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from integrates.server.pipeline import verdict
from integrates.server.pipeline.comparison import Comparison, comparison_lines, newly_open
from integrates.server.pipeline.fact import Facts
from integrates.server.pipeline.file import end_of
from integrates.server.pipeline.place import Kind
from integrates.server.pipeline.problem import Count, meanings
from integrates.server.pipeline.record import Record, Row, remarks, table
from integrates.server.pipeline.sheet import Line, counted, fitted, linked
from integrates.server.pipeline.target import Target, why_not_close
from integrates.server.pipeline.upload import code_of
from integrates.server.pipeline.verdict import Execution, Outlook, Vulnerability

ADDRESS = "https://integrates.example"
NOW = "2026-11-26T12:00:00+00:00"
TITLE = "SQL query built from text of a request"


def plain(lines: Iterable[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def vulnerability(identity: str = "v1", **given: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "type": "LINES",
        "where": "src/cart.py",
        "specific": "12",
        "openedAt": "2026-11-16T12:00:00+00:00",
        "severity": {"score": 8.8, "level": "HIGH"},
        "root": {"nickname": "backend"},
        "finding": {"title": TITLE, "rule": {"ruleId": "B608"}},
        "treatment": {"status": "UNTREATED", "acceptanceStatus": None, "acceptedUntil": None, "assigned": None},
        "zeroRisk": None,
        **given,
    }


def execution(*blocking: dict[str, Any], exit_code: int = 0, counts: dict[str, int] | None = None, **given: Any) -> Execution:
    names = ("blocking", "technicalDebt", "inGrace", "belowThreshold", "accepted", "suppressed", "closed")
    told = {
        "id": "e-1",
        "executionDate": NOW,
        "kind": "ALL",
        "strictness": "STRICT",
        "exitCode": exit_code,
        "severityThreshold": 4,
        "gracePeriod": 3,
        "daysUntilItBreaks": 180,
        "counts": {**dict.fromkeys(names, 0), "blocking": len(blocking), **(counts or {})},
        "blocking": list(blocking),
        **given,
    }
    return msgspec.convert(told, Execution)


def told(found: Execution, outlook: Outlook = Outlook(), *, width: int = 80, most: int = 20) -> list[str]:  # noqa: B008 -- frozen
    return plain(verdict.lines(found, outlook, ADDRESS, width, most))


def one_of(found: dict[str, Any]) -> Vulnerability:
    return msgspec.convert(found, Vulnerability)


def test_a_build_that_breaks_is_told_what_why_and_where_to_look() -> None:
    treated = {"status": "IN_PROGRESS", "assigned": "uri@demo.example"}
    page = vulnerability(
        "v3", type="INPUTS", where="https://shop.example/", specific="q", severity=None, finding={"title": "XSS"}
    )
    found = execution(vulnerability(), vulnerability("v2", specific="57", treatment=treated), page, exit_code=1)
    assert told(found) == [
        f" 8.8 HIGH      {TITLE}",
        "     10 days   src/cart.py:12 in backend",
        "               open since 2026-11-16, nobody works on it",
        f"               {ADDRESS}/vulnerabilities/v1",
        "     10 days   src/cart.py:57 in backend",
        "               open since 2026-11-16, in progress by uri@demo.example",
        f"               {ADDRESS}/vulnerabilities/v2",
        "",
        "   – UNRATED   XSS",
        "     10 days   https://shop.example/ (q) in backend",
        "               open since 2026-11-16, nobody works on it",
        f"               {ADDRESS}/vulnerabilities/v3",
        "",
        "       blocking       3  score 4.0 or more, 3 days old or more",
        " technical debt       0",
        "       in grace       0",
        "below threshold       0",
        "       accepted       0",
        "     suppressed       0",
        "         closed       0",
        "",
        "BREAK  3 vulnerabilities break this build",
    ]


def test_a_build_that_passes_is_told_what_is_to_come() -> None:
    accepted = vulnerability("v4", treatment={"status": "ACCEPTED", "acceptedUntil": "2026-11-29T00:00:00+00:00"})
    outlook = Outlook(ending=(one_of(accepted),), blocks_from=datetime(2026, 11, 28, tzinfo=UTC))
    numbers = {"technicalDebt": 2, "inGrace": 1, "belowThreshold": 1200, "accepted": 3, "suppressed": 1, "closed": 14}
    assert told(execution(counts=numbers), outlook) == [
        "Accepted until",
        f"  2026-11-29   {TITLE}",
        "               src/cart.py:12 in backend",
        f"               {ADDRESS}/vulnerabilities/v4",
        "",
        "       blocking       0",
        " technical debt       2  180 days old and more: no longer blocks",
        "       in grace       1  younger than 3 days; the first blocks from 2026-11-28",
        "below threshold   1,200  score below 4.0",
        "       accepted       3  in force; 1 of them ends within 30 days",
        "     suppressed       1  in the scanned source",
        "         closed      14  repaired",
        "",
        "PASS  nothing breaks this build",
    ]


def test_a_lax_gate_says_what_a_strict_one_would_do() -> None:
    assert (
        told(execution(vulnerability(), strictness="LAX"))[-1]
        == "PASS  1 vulnerability would break a strict build; this one is lax"
    )
    assert told(execution(vulnerability(), exit_code=1))[-1] == "BREAK  1 vulnerability breaks this build"


def test_no_more_is_shown_than_asked_for_and_what_is_left_is_counted() -> None:
    found = execution(*(vulnerability(f"v{number}") for number in range(5)), exit_code=1, counts={"blocking": 700})
    assert "and 698 more that block" in told(found, most=2)
    ending = tuple(one_of(vulnerability(f"a{number}")) for number in range(3))
    assert "and 1 more whose acceptance ends within 30 days" in told(found, Outlook(ending=ending), most=2)
    silent = told(found, Outlook(ending=ending), most=0)
    assert silent[0] == "       blocking     700  score 4.0 or more, 3 days old or more"


def test_no_line_is_wider_than_the_terminal_but_for_links() -> None:
    long = vulnerability(finding={"title": "word " * 60}, where="a/" * 100 + "b.py")
    for width in (60, 80, 120):
        lines = told(execution(long, exit_code=1), width=width)
        assert [line for line in lines if len(line) > width and "/vulnerabilities/" not in line and "a/a/" not in line] == []


@pytest.mark.parametrize(
    "given, reason",
    [
        ({}, "open since 2026-11-16, nobody works on it"),
        ({"openedAt": None}, "open, nobody works on it"),
        ({"treatment": {"status": "IN_PROGRESS"}}, "open since 2026-11-16, in progress"),
        ({"treatment": {"status": "ACCEPTED", "acceptedUntil": NOW}}, "open since 2026-11-16, its acceptance has ended"),
        (
            {"treatment": {"status": "ACCEPTED_UNDEFINED", "acceptanceStatus": "SUBMITTED"}},
            "open since 2026-11-16, accepting it for good is not approved",
        ),
        (
            {"zeroRisk": {"status": "REQUESTED"}},
            "open since 2026-11-16, nobody works on it, claimed to do no harm, which is not confirmed",
        ),
        ({"zeroRisk": {"status": "REJECTED"}}, "open since 2026-11-16, nobody works on it"),
        ({"treatment": {"status": "SOMETHING_LATER"}}, "open since 2026-11-16, SOMETHING_LATER"),
    ],
)
def test_the_reason_is_what_keeps_nobody_from_blocking(given: dict[str, Any], reason: str) -> None:
    assert verdict.reason_of(one_of(vulnerability(**given))) == reason


@pytest.mark.parametrize(
    "treatment, accepted",
    [
        ({"status": "ACCEPTED", "acceptedUntil": "2026-11-26T12:00:01+00:00"}, True),
        ({"status": "ACCEPTED", "acceptedUntil": NOW}, False),
        ({"status": "ACCEPTED"}, False),
        ({"status": "ACCEPTED_UNDEFINED", "acceptanceStatus": "APPROVED"}, True),
        ({"status": "ACCEPTED_UNDEFINED", "acceptanceStatus": "SUBMITTED"}, False),
        ({"status": "UNTREATED"}, False),
    ],
)
def test_an_acceptance_is_in_force_before_its_date_or_for_good(treatment: dict[str, Any], *, accepted: bool) -> None:
    assert verdict.is_accepted(one_of(vulnerability(treatment=treatment)), datetime.fromisoformat(NOW)) is accepted


def test_a_place_of_a_verdict_has_what_reports_need() -> None:
    found = verdict.place_of(one_of(vulnerability(finding={"title": TITLE})), ADDRESS, datetime.fromisoformat(NOW))
    assert (found.kind, found.rule, found.link) == (Kind.LINES, TITLE, f"{ADDRESS}/vulnerabilities/v1")
    assert found.why == "10 days old: open since 2026-11-16, nobody works on it."


def test_the_head_says_what_was_looked_at() -> None:
    built: dict[str, Any] = {
        "gitRepo": "acme/shop",
        "gitBranch": "cart",
        "gitCommit": "a" * 40,
        "root": {"nickname": "backend"},
    }
    assert verdict.heading(execution(kind="STATIC", **built), "shop") == (
        "shop, root backend · files only · strict · acme/shop cart aaaaaaaaa"
    )
    assert verdict.heading(execution(strictness="LAX"), "shop") == "shop, all roots · lax"


def item(status: str, **given: Any) -> dict[str, Any]:
    at = {
        "title": TITLE,
        "type": "LINES",
        "where": "src/cart.py",
        "specific": "12",
        "severity": {"score": 8.8, "level": "HIGH"},
    }
    return {"status": status, "rule": {"ruleId": "B608"}, "vulnerability": None, **at, **given}


def comparison(*items: dict[str, Any], **given: Any) -> Comparison:
    counts = dict.fromkeys(("new", "reopened", "moved", "fixed", "unchanged"), 0)
    return msgspec.convert({**counts, "items": items, **given}, Comparison)


def test_a_comparison_tells_what_changes() -> None:
    known = {"id": "v1", "where": "src/cart.py", "specific": "9"}
    items = [item("NEW"), item("MOVED", vulnerability=known), item("UNCHANGED", vulnerability=known)]
    found = comparison(*items, new=3, moved=1, unchanged=70)
    shown = [
        "New (3)",
        f" 8.8 HIGH      {TITLE}",
        "               src/cart.py:12",
        "               and 2 more",
        "",
        "Moved (1)",
        f" 8.8 HIGH      {TITLE}",
        "               src/cart.py:9 → src/cart.py:12",
        f"               {ADDRESS}/vulnerabilities/v1",
        "",
    ]
    counts = "3 new  0 reopened  1 moved  0 fixed  70 unchanged"
    assert plain(comparison_lines(found, ADDRESS, 80, is_whole=False)) == [*shown, counts]
    whole = plain(comparison_lines(found, ADDRESS, 80, is_whole=True))
    assert whole[len(shown) :][:3] == ["Unchanged (70)", f" 8.8 HIGH      {TITLE}", "               src/cart.py:12"]
    assert (newly_open(found), newly_open(comparison(new=1, reopened=2, fixed=4))) == (3, 3)


def record(state: str = "COMPLETED", **given: Any) -> Record:
    counts = given.pop("counts", {})
    return msgspec.convert({"id": "i1", "state": state, "format": "SARIF", "counts": counts, **given}, Record)


def test_imports_are_a_table() -> None:
    rows = [
        Row(
            file="scan.sarif",
            record=record(counts={"created": 1200, "reopened": 1, "closed": 4, "suppressed": 2, "skipped": 3}),
        ),
        Row(file="a/very/long/folder/with/reports/of/scanners/zap.json", record=record()),
        Row(file="bad.sarif", refusal=("The file cannot be read",)),
    ]
    assert plain(table(rows)) == [
        "File                          Created  Reopened  Moved  Unchanged  Closed  Other",
        "scan.sarif                      1,200         1      0          0       4      5",
        "…eports/of/scanners/zap.json        0         0      0          0       0      0",
    ]
    assert plain(table(rows[2:])) == []


def remarked(row: Row, note: str | None = None) -> list[str]:
    return [line.strip() for line in plain(remarks(row, note, 200))]


def closing(outcome: str, closed: int = 0, category: str = "") -> dict[str, Any]:
    return {"tool": "bandit", "category": category, "outcome": outcome, "closed": closed}


def test_what_came_of_an_import_is_told_in_words() -> None:
    counts = {"suppressed": 1, "duplicate": 2, "ignored": 3, "reviewable": 4, "skipped": 5}
    found = record(counts=counts, problemCounts=[{"reason": "bad_path", "count": 1}], closing=[closing("DONE", 7, "web/")])
    assert remarked(Row(file="x", record=found, advice="--add-prefix web would place it")) == [
        "3 results not touched, e.g. drafts and confirmed zero risks",
        "1 result suppressed in the scanned source",
        "2 results that say the same as another one",
        "4 results of which the scanner is not sure: look at them there",
        "1 result skipped: the path leads out of the repository",
        "bandit (web/): 7 vulnerabilities closed that it no longer reports",
        "--add-prefix web would place it",
    ]


@pytest.mark.parametrize(
    "outcome, text",
    [
        ("OFF", "bandit: nothing was closed: a run in the report has no list of results"),
        ("NOT_SUCCESSFUL", "bandit: nothing was closed where the tool says that it failed: look at its log"),
        ("UNPLACED_RESULTS", "bandit: nothing was closed, since some results could not be used"),
    ],
)
def test_why_nothing_was_closed_is_told(outcome: str, text: str) -> None:
    assert remarked(Row(file="x", record=record(closing=[closing(outcome)]))) == [text]


def test_what_the_caller_wanted_is_told_once() -> None:
    found = record(closing=[closing("OFF"), closing("OFF", category="web/")])
    assert remarked(Row(file="x", record=found), "this is the branch cart, not main") == [
        "what the report lacks was not closed: this is the branch cart, not main"
    ]


@pytest.mark.parametrize(
    "reason, text",
    [
        ("abandoned", "FAILED: it was given up after 5 attempts: the service needs its operator"),
        ("not_allowed", "FAILED: the token, or its permission, has ended meanwhile, or the root is no longer ACTIVE"),
        ("too_many", "FAILED: the root or the group has no room for more"),
        ("something_later", "FAILED: something_later"),
        (None, "FAILED: no reason is known"),
    ],
)
def test_why_an_import_failed_is_told(reason: str | None, text: str) -> None:
    assert remarked(Row(file="x", record=record("FAILED", reason=reason))) == [text]


def test_of_many_refusals_the_first_are_told() -> None:
    assert remarked(Row(file="x", refusal=tuple("abcde"))) == ["a", "b", "c", "and 2 more"]


def test_every_problem_has_a_sentence() -> None:
    counts = [Count(reason=reason, count=2) for reason in ("no_location", "bad_rule", "outside_root", "bad_vector", "later")]
    assert list(meanings(counts)) == [
        "2 results skipped: no file is named",
        "2 results skipped: the rule has no usable id",
        "2 results skipped: of another kind than the root, or on another host",
        "2 results with a CVSS vector that cannot be read: the word of the tool counts",
        "2 results: later",
    ]
    assert list(meanings([Count(reason="other_image", count=1)])) == [
        "the report is about another image than the root: is it the right root?"
    ]


DONE, BAD, UNPLACED = (
    Row(file="a", record=record()),
    Row(file="b", refusal=("no",)),
    Row(file="c", refusal=("no",), nothing_placed=True),
)


@pytest.mark.parametrize(
    "rows, code",
    [
        ([], 0),
        ([DONE], 0),
        ([DONE, UNPLACED], 1),
        ([UNPLACED, BAD], 2),
        ([DONE, BAD], 2),
        ([Row(file="d", record=record("FAILED"))], 2),
        ([Row(file="d", record=record("RUNNING"))], 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst_file(rows: list[Row], code: int) -> None:
    assert code_of(rows) == code


GIT = Target(type="GitRoot", id="r", nickname="backend", state="ACTIVE", branch="main")
PAGE = Target(type="URLRoot", id="r", nickname="shop", state="ACTIVE")


@pytest.mark.parametrize(
    "target, facts, why",
    [
        (GIT, Facts(branch="main", commit="a" * 40), None),
        (GIT, Facts(branch="cart"), "this is the branch cart, not main"),
        (GIT, Facts(commit="a" * 40), "it is not known whether this is the branch main"),
        (GIT, Facts(is_unread=True), "it is not known whether this is the branch main"),
        (GIT, Facts(branch="main", is_unread=True), None),
        (GIT, Facts(), None),
        (GIT, Facts(repo="acme/shop", pipeline="Jenkins"), None),
        (PAGE, Facts(branch="cart"), None),
    ],
)
def test_only_a_scan_of_the_branch_of_the_root_closes(target: Target, facts: Facts, why: str | None) -> None:
    assert why_not_close(target, facts) == why


@pytest.mark.parametrize("length, margin", [(10, 15), (65, 15), (66, 14), (79, 1), (80, 0), (200, 0)])
def test_a_link_fits_if_it_can(length: int, margin: int) -> None:
    assert plain([linked("x" * length, 80)]) == [" " * margin + "x" * length]


def test_a_text_is_fitted_and_a_link_stays_whole() -> None:
    link = "https://integrates.example/" + "x" * 50
    assert plain(fitted((("ab ", ""),), f"one two three {link}", 30)) == ["ab one two three", f"   {link}"]
    assert plain(fitted((("ab ", ""),), "", 30)) == ["ab"]
    assert plain(fitted((), "\x1b[2Jx\ny", 80)) == ["\\x1b[2Jx y"]
    assert (counted(1, "day"), counted(1200, "day"), counted(0, "child", "children")) == ("1 day", "1,200 days", "0 children")


def test_a_log_may_come_from_a_pipe() -> None:
    """A shell gives such a file by the name of a number, as in `--log <(command)`."""
    reading, writing = os.pipe()
    os.write(writing, b"one two")
    os.close(writing)
    assert end_of(Path(f"/dev/fd/{reading}"), 3) == b"two"
    os.close(reading)


def test_of_a_long_log_the_end_is_kept_as_text(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes("äöü".encode() * 10)
    assert end_of(file, 1000).decode() == "äöü" * 10
    assert end_of(file, 3).decode() == "ü"
    file.write_bytes(b"a\xff\x00b" * 4)
    kept = end_of(file, 10)
    assert len(kept) <= 10
    assert set(kept.decode()) <= set("ab\ufffd")
