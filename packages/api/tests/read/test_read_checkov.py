"""Checkov's JSON (domain section 19, row *CHECKOV*)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from packages.api.tests.read.sample import sample

from integrates.api.imports.read.error import BadFile, TooLarge
from integrates.api.imports.read.observation import Observation, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.imports.types import ClosingOutcome, ImportFormat
from integrates.db_model.vulnerabilities.types import Suppression

CHECK: Mapping[str, Any] = {
    "check_id": "CKV_AWS_24",
    "check_name": "Ensure port 22 is closed",
    "check_result": {"result": "FAILED"},
    "code_block": [[5, 'resource "group" "till" {\n'], [6, "}\n"]],
    "file_path": "/main.tf",
    "file_abs_path": "/srv/shop/infra/main.tf",
    "repo_file_path": "/infra/main.tf",
    "file_line_range": [5, 6],
    "resource": "group.till",
    "severity": None,
    "guideline": "https://checkov.example/24",
}
SUMMARY = {"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0, "checkov_version": "3.3.30"}


def report(*failed: Any, kind: str = "terraform", summary: Any = None, **results: Any) -> dict[str, Any]:
    given = {"check_type": kind, "results": {"failed_checks": failed} | results}
    return given | ({"summary": summary} if summary else {})


def content(*reports: Any) -> bytes:
    return json.dumps(reports[0] if len(reports) == 1 else reports).encode()


def one(**members: Any) -> Observation:
    (found,) = read(content(report({**CHECK, **members})), Options()).observations
    return found


def test_a_check_that_failed() -> None:
    scan = read(content(report(CHECK)), Options())
    (rule,), (seen,) = scan.rules, scan.observations
    assert (scan.format, rule.rule.tool, rule.rule.rule_id) == (ImportFormat.CHECKOV, "checkov", "CKV_AWS_24")
    assert (rule.title, rule.recommendation) == ("Ensure port 22 is closed", "https://checkov.example/24")
    assert (rule.tool_score, rule.tool_vector) == (Decimal("5.0"), None)
    assert (seen.location.where, seen.location.specific) == ("infra/main.tf", "5")
    assert (seen.fingerprint, seen.suppression) == ("infra/main.tf:resource=group.till", None)
    assert seen.snippet == 'resource "group" "till" {\n}'


@pytest.mark.parametrize(
    ("members", "where", "line"),
    [
        ({"repo_file_path": None}, "main.tf", "5"),
        ({"repo_file_path": ""}, "main.tf", "5"),
        ({"file_line_range": None}, "infra/main.tf", "0"),
        ({"file_line_range": []}, "infra/main.tf", "0"),
        ({"file_line_range": [-1, 5]}, "infra/main.tf", "0"),
    ],
)
def test_places(members: Mapping[str, Any], where: str, line: str) -> None:
    seen = one(**members)
    assert (seen.location.where, seen.location.specific) == (where, line)


@pytest.mark.parametrize(
    ("members", "fingerprint"),
    [({"resource": None}, None), ({"resource": ""}, None), ({"repo_file_path": None}, "main.tf:resource=group.till")],
)
def test_fingerprints(members: Mapping[str, Any], fingerprint: str | None) -> None:
    assert one(**members).fingerprint == fingerprint


@pytest.mark.parametrize(("severity", "score"), [("HIGH", "7.0"), ("LOW", "2.0"), ("NONE", "0.0"), ("?", "5.0")])
def test_severities(severity: str, score: str) -> None:
    (rule,) = read(content(report({**CHECK, "severity": severity})), Options()).rules
    assert rule.tool_score == Decimal(score)


@pytest.mark.parametrize("code", [None, [], "x", [["5", "x"]], [[5]], {}])
def test_code_that_is_none_is_no_harm(code: Any) -> None:
    assert one(code_block=code).snippet is None


def test_the_code_of_secrets_is_not_kept() -> None:
    (seen,) = read(content(report(CHECK, kind="secrets")), Options()).observations
    assert (seen.snippet, seen.detail) == (None, None)


@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        ({"result": "SKIPPED", "suppress_comment": " by SSH"}, "by SSH"),
        ({"result": "SKIPPED"}, None),
        ({"suppress_comment": 5}, None),
        ("x", None),
        (None, None),
    ],
)
def test_skipped_checks_are_suppressed(verdict: Any, why: str | None) -> None:
    scan = read(content(report(skipped_checks=[{**CHECK, "check_result": verdict}])), Options())
    assert [each.suppression for each in scan.observations] == [Suppression(kind="inSource", justification=why)]
    assert [each.pointer for each in scan.observations] == ["/results/skipped_checks/0"]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"check_id": None}, SkipReason.BAD_RULE),
        ({"repo_file_path": None, "file_path": None}, SkipReason.NO_LOCATION),
        ({"repo_file_path": "../main.tf"}, SkipReason.BAD_PATH),
    ],
)
def test_a_check_without_a_rule_or_a_place_is_skipped(members: Mapping[str, Any], reason: SkipReason) -> None:
    scan = read(content(report({**CHECK, **members})), Options())
    assert [(each.pointer, each.reason) for each in scan.problems] == [("/results/failed_checks/0", reason)]


def test_several_types_of_checks() -> None:
    other = {**CHECK, "repo_file_path": "/Dockerfile", "check_id": "CKV_DOCKER_1"}
    scan = read(content(report(CHECK), report(other, kind="dockerfile")), Options())
    assert [each.pointer for each in scan.observations] == ["/0/results/failed_checks/0", "/1/results/failed_checks/0"]
    assert [each.location.where for each in scan.observations] == ["infra/main.tf", "Dockerfile"]
    assert len(scan.series) == 1


DONE, FAILED = ClosingOutcome.DONE, ClosingOutcome.NOT_SUCCESSFUL
OLD = {name: one for name, one in CHECK.items() if name not in {"repo_file_path", "file_abs_path"}}
BELOW = {"file_abs_path": "/src/a/main.tf", "repo_file_path": "/src/a/main.tf"}


@pytest.mark.parametrize(
    ("reports", "outcome", "spared"),
    [
        ([SUMMARY], DONE, set()),
        ([{"passed": 0, "failed": 2, "checkov_version": "3"}], FAILED, set()),
        ([SUMMARY | {"parsing_errors": 1}], FAILED, set()),
        ([report(parsing_errors=[])], DONE, set()),
        ([report(CHECK, parsing_errors=["/srv/shop/infra/broken.tf"])], FAILED, {"infra/broken.tf"}),
        ([report(CHECK, parsing_errors=["infra/broken.tf"])], FAILED, {"infra/broken.tf"}),
        ([report(passed_checks=[CHECK], parsing_errors=["/srv/shop/infra/broken.tf"])], FAILED, {"infra/broken.tf"}),
        ([report(skipped_checks=[CHECK], parsing_errors=["/srv/shop/b.tf"])], FAILED, {"b.tf"}),
        ([report(CHECK), report(parsing_errors=["/srv/shop/b.tf"])], FAILED, {"b.tf"}),
        ([report({**CHECK, **BELOW}, parsing_errors=["/src/a/b.tf"])], FAILED, {"src/a/b.tf"}),
        ([report(CHECK, parsing_errors=["/srv/shop2/b.tf"])], FAILED, set()),
        ([report(OLD, parsing_errors=["/srv/shop/b.tf"])], FAILED, set()),
        ([report(OLD, parsing_errors=["b.tf"])], FAILED, {"b.tf"}),
        ([report(passed_checks=5, parsing_errors=["/srv/shop/b.tf"])], FAILED, set()),
        ([report(CHECK, parsing_errors=[""])], FAILED, set()),
        ([report(CHECK, summary=SUMMARY | {"failed": 1, "parsing_errors": 1})], FAILED, set()),
        ([report(CHECK, summary={"parsing_errors": 1}, parsing_errors=["b.tf"])], FAILED, {"b.tf"}),
        ([{"check_type": "terraform", "results": {}}], FAILED, set()),
        ([{"check_type": "terraform", "results": {}, "summary": SUMMARY}], DONE, set()),
    ],
)
def test_what_checkov_could_not_parse_proves_nothing(reports: Any, outcome: ClosingOutcome, spared: set[str]) -> None:
    (series,) = read(content(*reports), Options()).series
    assert (series.tool, series.outcome, set(series.spared)) == ("checkov", outcome, spared)


def test_the_summary_alone_tells_that_there_is_nothing() -> None:
    scan = read(content(SUMMARY), Options())
    assert (scan.format, scan.total, scan.observations) == (ImportFormat.CHECKOV, 0, ())


@pytest.mark.parametrize(
    "given", [b"{}", b"[]", b'{"passed": 0, "failed": 0}', b'{"check_type": "x"}', b'[{"check_type": ""}]']
)
def test_less_is_no_report(given: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        read(given, Options())
    assert caught.value.reason is Reason.UNKNOWN_FORMAT


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (content(report(CHECK), 5), "/1"),
        (content(report(CHECK), {"check_type": "x"}), "/1/results"),
        (content({"check_type": 5, "results": {}}), "/check_type"),
        (content({"check_type": "x", "results": []}), "/results"),
        (content(report(5)), "/results/failed_checks/0"),
        (content(report(), report(CHECK, {"check_id": 5})), "/1/results/failed_checks/1/check_id"),
        (content(report({"file_line_range": ["5"]})), "/results/failed_checks/0/file_line_range/0"),
        (content(report(skipped_checks=[{"severity": {}}])), "/results/skipped_checks/0/severity"),
        (content(report(parsing_errors=["a", 5])), "/results/parsing_errors/1"),
        (content(SUMMARY | {"failed": "0"}), "/failed"),
    ],
)
def test_what_is_of_a_wrong_kind_is_told(given: bytes, pointer: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(given, Options(format=ImportFormat.CHECKOV))
    assert [defect.pointer for defect in caught.value.defects] == [pointer]


@pytest.mark.parametrize("name", ["failed_checks", "skipped_checks", "parsing_errors"])
def test_there_are_not_more_of_all_types_than_of_one(name: str) -> None:
    many: list[Any] = ["b.tf"] if name == "parsing_errors" else [{"check_id": "A", "file_path": "a.tf"}]
    reports = [{"check_type": "terraform", "results": {name: many * 13_000}}] * 2
    with pytest.raises(TooLarge) as caught:
        read(content(*reports), Options())
    assert (caught.value.limit, caught.value.actual) == ("too_many_results", 25_001)


@pytest.mark.parametrize(
    ("name", "counts"),
    [("checkov-checkov-report-0-vuln.json", (0, 0, 0)), ("checkov-checkov-report-many-vuln.json", (3, 3, 3))],
)
def test_real_reports(name: str, counts: tuple[int, int, int]) -> None:
    scan = read(sample(name), Options())
    assert (scan.total, len(scan.observations), len(scan.rules)) == counts
    assert scan.series[0].outcome is DONE
    assert {each.fingerprint for each in scan.observations} <= {"file_path:resource=azurerm_key_vault.main"}
