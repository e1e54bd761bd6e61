"""Semgrep's JSON (domain section 19, row *SEMGREP*)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from packages.api.tests.read.sample import sample

from integrates.api.imports.read.error import BadFile
from integrates.api.imports.read.observation import Observation, Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.imports.types import ClosingOutcome, ImportFormat
from integrates.db_model.vulnerabilities.types import Suppression

LINE = "8ff436def1451285"
"""The first digits of the SHA-256 of `x = 1`."""


def report(*results: Any, errors: Any = ()) -> bytes:
    return json.dumps({"version": "1.97.0", "results": results, "errors": errors}).encode()


def result(**members: Any) -> dict[str, Any]:
    extra = {"message": "Do not.", "severity": "ERROR", "lines": "  x = 1\n  y = 2", "metadata": {}}
    given = {"check_id": "python.lang.bad", "path": "src/a.py", "start": {"line": 3, "col": 1}}
    return given | {name: one for name, one in members.items() if name in given} | {"extra": extra | members.get("extra", {})}


def one(**members: Any) -> Observation:
    (found,) = read(report(result(**members)), Options()).observations
    return found


def test_a_result() -> None:
    scan = read(report(result(extra={"fix": "pass", "metadata": {"cwe": ["CWE-78: OS Command", "CWE-79"]}})), Options())
    (rule,), (seen,) = scan.rules, scan.observations
    assert (scan.format, rule.rule.tool, rule.rule.rule_id) == (ImportFormat.SEMGREP, "semgrep", "python.lang.bad")
    assert (rule.title, rule.description, rule.recommendation) == ("bad", "Do not.", "pass")
    assert (rule.cwe_ids, rule.tool_score, rule.tool_vector) == (("CWE-78", "CWE-79"), Decimal("7.0"), None)
    assert (seen.location.where, seen.location.specific) == ("src/a.py", "3")
    assert (seen.detail, seen.snippet, seen.suppression) == ("Do not.", "x = 1\n  y = 2", None)
    assert seen.fingerprint == f"src/a.py:line={LINE}"


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"fingerprint": "abc_0"}, "matchBasedId/v1=abc_0"),
        ({"fingerprint": " abc_0\n"}, "matchBasedId/v1=abc_0"),
        ({"fingerprint": "requires login"}, f"src/a.py:line={LINE}"),
        ({"fingerprint": None}, f"src/a.py:line={LINE}"),
        ({"fingerprint": ""}, f"src/a.py:line={LINE}"),
        ({"fingerprint": "requires login", "lines": "requires login"}, None),
        ({"lines": None}, None),
        ({"lines": " \n x = 1"}, None),
    ],
)
def test_fingerprints(extra: Mapping[str, Any], expected: str | None) -> None:
    assert one(extra=extra).fingerprint == expected


@pytest.mark.parametrize(
    ("severity", "score"),
    [
        ("ERROR", "7.0"),
        ("WARNING", "5.0"),
        ("INFO", "0.0"),
        ("CRITICAL", "9.0"),
        ("LOW", "2.0"),
        ("INVENTORY", "5.0"),
        (None, "5.0"),
    ],
)
def test_severities(severity: str | None, score: str) -> None:
    (rule,) = read(report(result(extra={"severity": severity})), Options()).rules
    assert rule.tool_score == Decimal(score)


@pytest.mark.parametrize(
    ("given", "classes"),
    [("CWE-696: Incorrect", ("CWE-696",)), (79, ("CWE-79",)), ([79, "CWE-1"], ("CWE-79", "CWE-1")), (None, ()), ("none", ())],
)
def test_classes(given: Any, classes: tuple[str, ...]) -> None:
    (rule,) = read(report(result(extra={"metadata": {"cwe": given}})), Options()).rules
    assert rule.cwe_ids == classes


def test_what_semgrep_withholds_is_no_snippet() -> None:
    assert one(extra={"lines": "requires login"}).snippet is None


def test_a_comment_suppresses() -> None:
    assert one(extra={"is_ignored": True}).suppression == Suppression(kind="inSource")
    assert one(extra={"is_ignored": False}).suppression is None


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"check_id": None}, SkipReason.BAD_RULE),
        ({"path": None}, SkipReason.NO_LOCATION),
        ({"path": ""}, SkipReason.NO_LOCATION),
        ({"path": "/srv/a.py"}, SkipReason.BAD_PATH),
        ({"path": "../a.py"}, SkipReason.BAD_PATH),
    ],
)
def test_a_result_without_a_rule_or_a_place_is_skipped(members: Mapping[str, Any], reason: SkipReason) -> None:
    scan = read(report(result(**members), result()), Options())
    assert ([each.reason for each in scan.problems], len(scan.observations)) == ([reason], 1)


def test_a_path_is_literal() -> None:
    assert one(path="src/%41 b.py").location.where == "src/%41 b.py"


DONE, FAILED = ClosingOutcome.DONE, ClosingOutcome.NOT_SUCCESSFUL


@pytest.mark.parametrize(
    ("errors", "outcome", "spared"),
    [
        ([], DONE, set()),
        ([{"level": "error", "path": "src/b.py"}], FAILED, {"src/b.py"}),
        ([{"level": "error", "path": "src/b.py"}, {"level": "error", "path": "./c.py"}], FAILED, {"src/b.py", "c.py"}),
        ([{"level": "error"}], FAILED, set()),
        ([{"level": "error", "path": "src/b.py"}, {"level": "error", "path": None}], FAILED, set()),
        ([{"level": "error", "path": "/elsewhere/b.py"}], FAILED, set()),
        ([{"level": "warn", "path": "src/b.py", "type": ["PartialParsing", []]}], DONE, set()),
        ([{"level": "warn", "path": "src/b.py", "type": "Syntax error"}], DONE, set()),
        ([{"level": "info", "type": 5}], DONE, set()),
        ([{"level": "warn", "path": "src/b.py", "type": "Timeout"}], FAILED, {"src/b.py"}),
        ([{"level": "warn", "type": "Timeout during interfile analysis"}], FAILED, set()),
        ([{"path": "src/b.py"}], FAILED, {"src/b.py"}),
    ],
)
def test_what_semgrep_failed_at_proves_nothing(errors: Any, outcome: ClosingOutcome, spared: set[str]) -> None:
    (series,) = read(report(result(), errors=errors), Options()).series
    assert (series.tool, series.category, series.outcome, set(series.spared)) == ("semgrep", "", outcome, spared)


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (b'{"results": {}, "errors": []}', "/results"),
        (b'{"results": [], "errors": null}', "/errors"),
        (report({"check_id": 5}), "/results/0/check_id"),
        (report(result(), result(start=[])), "/results/1/start"),
        (report(result(start={"line": "3"})), "/results/0/start/line"),
        (report(result(extra={"severity": 1})), "/results/0/extra/severity"),
        (report(errors=[5]), "/errors/0"),
        (report(errors=[{"level": []}]), "/errors/0/level"),
    ],
)
def test_what_is_of_a_wrong_kind_is_told(content: bytes, pointer: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(content, Options())
    assert [defect.pointer for defect in caught.value.defects] == [pointer]


def scan_of(name: str) -> Scan:
    return read(sample(name), Options())


def test_a_real_report_moves() -> None:
    first, second = (scan_of(f"semgrep-close_old_findings_report_{name}.json") for name in ("line31", "second_run_line24"))
    assert [(each.location.where, each.location.specific) for each in first.observations] == [("sample/brute.py", "31")]
    assert [each.location.specific for each in second.observations] == ["24"]
    assert [each.fingerprint for each in first.observations] == [each.fingerprint for each in second.observations]
    assert [rule.cwe_ids for rule in first.rules] == [("CWE-78",)]


def test_an_older_real_report() -> None:
    scan = scan_of("semgrep-many_findings.json")
    assert (scan.total, len(scan.observations), len(scan.rules), scan.duplicates) == (3, 3, 1, 0)
    assert scan.rules[0].title == "cbc-padding-oracle"
    assert [str(each.own_score) for each in scan.observations] == ["None", "None", "0.0"]


@pytest.mark.parametrize("metadata", [[], "x", {"cwe": {"id": "CWE-79"}}, {"cwe": [{}, "CWE-79"]}])
def test_what_the_author_of_a_rule_writes_costs_no_result(metadata: Any) -> None:
    found = read(report(result(extra={"metadata": metadata})), Options())
    assert (len(found.observations), found.rules[0].cwe_ids in {(), ("CWE-79",)}) == (1, True)
