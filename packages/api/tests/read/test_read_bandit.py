"""Bandit's JSON (domain section 19, row *BANDIT*)."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from packages.api.tests.read.sample import sample

from integrates.api.imports.read.error import BadFile
from integrates.api.imports.read.observation import Observation, Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.imports.types import ClosingOutcome, ImportFormat

LINE = "8ff436def1451285"
"""The first digits of the SHA-256 of `x = 1`."""
RESULT = {
    "code": "2 \n3     x = 1\n4 y = 2\n",
    "filename": "./src/a.py",
    "issue_cwe": {"id": 78, "link": "https://cwe.example/78"},
    "issue_severity": "HIGH",
    "issue_text": "Bad.",
    "line_number": 3,
    "more_info": "https://bandit.example/b101",
    "test_id": "B101",
    "test_name": "assert_used",
}


def report(*results: Any, errors: Any = ()) -> bytes:
    given = {"errors": errors, "generated_at": "2026-11-26T09:48:29Z", "metrics": {"_totals": {}}, "results": results}
    return json.dumps(given).encode()


def scan_of(**members: Any) -> Scan:
    return read(report(RESULT | members), Options())


def one(**members: Any) -> Observation:
    (found,) = scan_of(**members).observations
    return found


def test_a_result() -> None:
    scan = scan_of()
    (rule,), (seen,) = scan.rules, scan.observations
    assert (scan.format, rule.rule.tool, rule.rule.rule_id) == (ImportFormat.BANDIT, "bandit", "B101")
    assert (rule.title, rule.description) == ("B101: assert_used", "Bad.\n\nhttps://bandit.example/b101")
    assert (rule.cwe_ids, rule.tool_score) == (("CWE-78",), Decimal("7.0"))
    assert (seen.location.where, seen.location.specific) == ("src/a.py", "3")
    assert (seen.snippet, seen.detail, seen.fingerprint) == ("x = 1", "Bad.", f"src/a.py:line={LINE}")


@pytest.mark.parametrize(
    ("code", "number", "snippet"),
    [
        ("3 x = 1\n", 3, "x = 1"),
        ("3\tx = 1", 3, "x = 1"),
        ("13 a\n3 x = 1", 3, "x = 1"),
        ("1 3 a\n3 x = 1", 3, "x = 1"),
        ("2 a\n30 b\n", 3, None),
        ("3 ", 3, None),
        ("3", 3, None),
        (None, 3, None),
        ("", 3, None),
        ("0 a", None, None),
    ],
)
def test_the_reported_line_is_that_with_its_number(code: str | None, number: int | None, snippet: str | None) -> None:
    seen = one(code=code, line_number=number)
    assert seen.snippet == snippet
    assert seen.fingerprint == (f"src/a.py:line={LINE}" if snippet else None)


@pytest.mark.parametrize(
    ("members", "score", "classes"),
    [
        ({"issue_severity": "MEDIUM"}, "5.0", ("CWE-78",)),
        ({"issue_severity": "LOW", "issue_cwe": {"id": 0}}, "2.0", ()),
        ({"issue_severity": "UNDEFINED", "issue_cwe": {}}, "5.0", ()),
        ({"issue_severity": None, "issue_cwe": None}, "5.0", ()),
    ],
)
def test_words_and_classes(members: dict[str, Any], score: str, classes: tuple[str, ...]) -> None:
    (rule,) = scan_of(**members).rules
    assert (rule.tool_score, rule.cwe_ids) == (Decimal(score), classes)


@pytest.mark.parametrize(
    ("members", "title", "description"),
    [
        ({"test_name": None}, "B101", "Bad.\n\nhttps://bandit.example/b101"),
        ({"more_info": None}, "B101: assert_used", "Bad."),
        ({"issue_text": None, "more_info": ""}, "B101: assert_used", "B101: assert_used"),
    ],
)
def test_texts(members: dict[str, Any], title: str, description: str) -> None:
    (rule,) = scan_of(**members).rules
    assert (rule.title, rule.description) == (title, description)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"test_id": None}, SkipReason.BAD_RULE),
        ({"filename": None}, SkipReason.NO_LOCATION),
        ({"filename": "/srv/a.py"}, SkipReason.BAD_PATH),
    ],
)
def test_a_result_without_a_rule_or_a_place_is_skipped(members: dict[str, Any], reason: SkipReason) -> None:
    assert [each.reason for each in scan_of(**members).problems] == [reason]


@pytest.mark.parametrize("number", [None, 0, -1, 10**9])
def test_what_is_no_line_is_the_whole_file(number: int | None) -> None:
    assert one(line_number=number).location.specific == "0"


@pytest.mark.parametrize(
    ("errors", "spared"),
    [
        ([{"filename": "./src/b.py", "reason": "syntax error"}], {"src/b.py"}),
        ([{"filename": "src/b.py"}, {"filename": "c.py"}], {"src/b.py", "c.py"}),
        ([{"filename": "src/b.py"}, {"reason": "?"}], set()),
        ([{"filename": "/elsewhere/b.py"}], set()),
    ],
)
def test_what_bandit_failed_at_proves_nothing(errors: Any, spared: set[str]) -> None:
    (series,) = read(report(RESULT, errors=errors), Options()).series
    assert (series.outcome, set(series.spared)) == (ClosingOutcome.NOT_SUCCESSFUL, spared)


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (b'{"results": {}, "metrics": {}, "generated_at": ""}', "/results"),
        (report(5), "/results/0"),
        (report(RESULT, {"line_number": "3"}), "/results/1/line_number"),
        (report({"issue_cwe": 78}), "/results/0/issue_cwe"),
        (report({"issue_cwe": {"id": []}}), "/results/0/issue_cwe/id"),
        (report(errors=[{"filename": 1}]), "/errors/0/filename"),
        (report(errors={}), "/errors"),
    ],
)
def test_what_is_of_a_wrong_kind_is_told(content: bytes, pointer: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(content, Options())
    assert [defect.pointer for defect in caught.value.defects] == [pointer]


def test_a_real_report() -> None:
    content = sample("bandit-dd.json")
    scan, document = read(content, Options()), json.loads(content)
    assert (scan.total, len(scan.observations), len(scan.rules), scan.skipped, scan.duplicates) == (47, 47, 8, 0, 0)
    assert Counter(each.rule.rule_id for each in scan.observations) == Counter(each["test_id"] for each in document["results"])
    assert all(each.fingerprint and each.snippet for each in scan.observations)
    assert scan.series[0].outcome is ClosingOutcome.DONE


def test_a_small_real_report() -> None:
    (seen,) = read(sample("bandit-one_vuln.json"), Options()).observations
    assert (seen.location.where, seen.location.specific, seen.snippet) == ("one/one.py", "2", "assert False")
