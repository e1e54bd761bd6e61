"""Files of real scanners, which are not part of the repository: the folder is named by INTEGRATES_SARIF_SAMPLES."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from integrates.api.imports.read.observation import Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.values import text as texts
from integrates.db_model.vulnerabilities.location import location_refusals
from integrates.db_model.vulnerabilities.types import VulnerabilityLocation

_REPOSITORY = Path(__file__).parents[4]
SAMPLES = Path(os.environ.get("INTEGRATES_SARIF_SAMPLES") or _REPOSITORY.parent / "shared" / "data" / "sarif")
BASH = "file:///home/damien/dd/"

# file, prefix: total, observations, skipped, duplicates, suppressed, rules, whether the only series is complete
EXPECTED: Mapping[tuple[str, str | None], tuple[int, int, int, int, int, int, bool]] = {
    ("semgrepowasp-benchmark-sample.sarif", None): (1768, 1768, 0, 0, 0, 7, True),
    ("codeQL-output.sarif", None): (72, 72, 0, 0, 0, 13, True),
    ("spotbugs.sarif", None): (56, 56, 0, 0, 0, 9, False),
    ("flawfinder.sarif", None): (54, 53, 1, 0, 0, 9, True),
    ("gitleaks_7.5.0.sarif", None): (8, 0, 8, 0, 0, 0, True),
    ("SuppressionTestCurrent.sarif", None): (4, 0, 4, 0, 0, 0, True),
    ("SuppressionTestCurrent.sarif", "C:/code"): (4, 4, 0, 0, 3, 4, True),
    ("appendix_k.sarif", None): (1, 1, 0, 0, 1, 1, True),
    ("bash-report.sarif", None): (27, 0, 27, 0, 0, 0, True),
    ("bash-report.sarif", BASH): (27, 12, 0, 15, 0, 5, True),
    ("bash-report-subset-same-hash-code-same-unique-id.sarif", BASH): (4, 2, 0, 2, 0, 1, True),
}


def sample(name: str, prefix: str | None = None) -> Scan:
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip(f"no {name} in {SAMPLES}: set INTEGRATES_SARIF_SAMPLES to a folder that has it")
    return read(path.read_bytes(), Options(strip_prefix=prefix))


@pytest.mark.parametrize(("name", "prefix"), EXPECTED)
def test_numbers(name: str, prefix: str | None) -> None:
    scan = sample(name, prefix)
    suppressed = sum(one.suppressed for one in scan.observations)
    (series,) = scan.series
    found = (scan.total, len(scan.observations), scan.skipped, scan.duplicates, suppressed, len(scan.rules), series.complete)
    assert found == EXPECTED[name, prefix]


@pytest.mark.parametrize(("name", "prefix"), EXPECTED)
def test_everything_read_is_valid(name: str, prefix: str | None) -> None:
    scan = sample(name, prefix)
    for rule in scan.rules:
        assert texts.title(rule.title, ()) == rule.title
        assert texts.finding_description(rule.description, ()) == rule.description
        assert texts.finding_text(rule.recommendation, ()) == rule.recommendation
    for one in scan.observations:
        seen = one.location
        assert location_refusals(seen.type, VulnerabilityLocation(where=seen.where, specific=seen.specific)) == ()


def test_every_sample_is_expected() -> None:
    if not SAMPLES.is_dir():
        pytest.skip(f"no {SAMPLES}: set INTEGRATES_SARIF_SAMPLES to a folder with samples")
    assert {path.name for path in SAMPLES.glob("*.sarif")} <= {name for name, _ in EXPECTED}


def test_semgrep_has_distinct_places() -> None:
    scan = sample("semgrepowasp-benchmark-sample.sarif")
    assert len({(one.rule, one.location) for one in scan.observations}) == 1768
    assert {one.fingerprint for one in scan.observations} == {None}


def test_codeql_has_distinct_fingerprints_and_weaknesses() -> None:
    scan = sample("codeQL-output.sarif")
    assert len({(one.rule, one.fingerprint) for one in scan.observations}) == 72
    assert "CWE-390" in {cwe_id for rule in scan.rules for cwe_id in rule.cwe_ids}


def test_flawfinder_relates_to_a_taxonomy() -> None:
    scan = sample("flawfinder.sarif")
    assert ("CWE-327",) in {rule.cwe_ids for rule in scan.rules}
    assert all((one.fingerprint or "").startswith("contextHash/v1=") for one in scan.observations)


def test_spotbugs_keeps_its_messages_with_its_rules() -> None:
    one = sample("spotbugs.sarif").observations[0]
    assert one.detail == "Hard coded reference to an absolute pathname in Boot.main(String[])."


def test_gitleaks_names_no_rules() -> None:
    assert {problem.reason for problem in sample("gitleaks_7.5.0.sarif").problems} == {SkipReason.NO_RULE}


def test_the_example_of_the_standard() -> None:
    (one,) = sample("appendix_k.sarif").observations
    assert (one.location.where, one.location.specific, one.rule.rule_id) == ("src/collections/list.h", "15", "C2001")
    assert one.detail == 'Variable "ptr" was used without being initialized. It was declared [here](0).'


def test_the_smaller_bash_report_is_part_of_the_larger() -> None:
    larger = {(one.rule, one.location) for one in sample("bash-report.sarif", BASH).observations}
    smaller = sample("bash-report-subset-same-hash-code-same-unique-id.sarif", BASH).observations
    assert {(one.rule, one.location) for one in smaller} <= larger


def test_ten_thousand_results_are_quick(file: Any, run: Any, result: Any) -> None:
    rules = [{"id": f"R{number}", "help": {"text": "h" * 200}} for number in range(100)]
    results = (
        result(ruleId=f"R{n % 100}", line=n, partialFingerprints={"primaryLocationLineHash": f"{n:x}:1"}) for n in range(10_000)
    )
    content = file(run(*results, rules=rules))
    begin = time.process_time()
    assert len(read(content, Options()).observations) == 10_000
    assert time.process_time() - begin < 1.0
