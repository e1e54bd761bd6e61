"""Files of real scanners, which are not part of the repository: the folder is named by INTEGRATES_SARIF_SAMPLES."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.imports.types import ClosingOutcome
from integrates.db_model.values import text as texts
from integrates.db_model.vulnerabilities.location import location_refusals
from integrates.db_model.vulnerabilities.types import VulnerabilityLocation

_REPOSITORY = Path(__file__).parents[4]
SAMPLES = Path(os.environ.get("INTEGRATES_SARIF_SAMPLES") or _REPOSITORY.parent / "shared" / "data" / "sarif")
BASH = "file:///home/damien/dd/"

DONE, FAILED = ClosingOutcome.DONE, ClosingOutcome.NOT_SUCCESSFUL
NONE: frozenset[str] = frozenset()
SCAN = frozenset({"scanFileHash", "scanPrimaryLocationHash"})

# file, prefix: total, observations, skipped, duplicates, suppressed, rules, names of fingerprints, outcome of the only series
EXPECTED: Mapping[tuple[str, str | None], tuple[int, int, int, int, int, int, frozenset[str], ClosingOutcome]] = {
    ("semgrepowasp-benchmark-sample.sarif", None): (1768, 1768, 0, 0, 0, 7, NONE, DONE),
    ("codeQL-output.sarif", None): (72, 72, 0, 0, 0, 13, frozenset({"primaryLocationLineHash"}), DONE),
    ("spotbugs.sarif", None): (56, 56, 0, 0, 0, 9, NONE, FAILED),
    ("flawfinder.sarif", None): (54, 53, 1, 0, 0, 9, frozenset({"contextHash/v1"}), DONE),
    ("gitleaks_7.5.0.sarif", None): (8, 4, 0, 4, 0, 1, NONE, DONE),
    ("SuppressionTestCurrent.sarif", None): (4, 0, 4, 0, 0, 0, NONE, DONE),
    ("SuppressionTestCurrent.sarif", "C:/code"): (4, 4, 0, 0, 3, 4, NONE, DONE),
    ("appendix_k.sarif", None): (1, 1, 0, 0, 1, 1, NONE, FAILED),
    ("bash-report.sarif", None): (27, 12, 0, 15, 0, 5, SCAN, DONE),
    ("bash-report.sarif", BASH): (27, 12, 0, 15, 0, 5, SCAN, DONE),
    ("bash-report-subset-same-hash-code-same-unique-id.sarif", BASH): (4, 2, 0, 2, 0, 1, NONE, DONE),
}


def sample(name: str, prefix: str | None = None) -> Scan:
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip(f"no {name} in {SAMPLES}: set INTEGRATES_SARIF_SAMPLES to a folder that has it")
    return read(path.read_bytes(), Options(strip_prefix=prefix))


@pytest.mark.parametrize(("name", "prefix"), EXPECTED)
def test_numbers(name: str, prefix: str | None) -> None:
    scan = sample(name, prefix)
    suppressed = sum(one.suppression is not None for one in scan.observations)
    names = frozenset(each.name for one in scan.observations for each in one.fingerprints)
    (series,) = scan.series
    counts = (scan.total, len(scan.observations), scan.skipped, scan.duplicates, suppressed, len(scan.rules))
    assert (*counts, names, series.outcome) == EXPECTED[name, prefix]


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
    assert len({(one.rule, one.fingerprint, one.location, one.mark) for one in scan.observations}) == 72
    assert all((one.fingerprint or "").startswith("primaryLocationLineHash=") for one in scan.observations)
    assert "CWE-390" in {cwe_id for rule in scan.rules for cwe_id in rule.cwe_ids}


def test_flawfinder_relates_to_a_taxonomy() -> None:
    scan = sample("flawfinder.sarif")
    assert ("CWE-327",) in {rule.cwe_ids for rule in scan.rules}
    assert all((one.fingerprint or "").startswith("contextHash/v1=") for one in scan.observations)


def test_spotbugs_keeps_its_messages_with_its_rules() -> None:
    one = sample("spotbugs.sarif").observations[0]
    assert one.detail == "Hard coded reference to an absolute pathname in Boot.main(String[])."


def test_gitleaks_names_no_rules() -> None:
    (rule,) = sample("gitleaks_7.5.0.sarif").rules
    assert (rule.rule.rule_id, rule.title) == ("-", "Not classified by gitleaks")


def test_the_example_of_the_standard() -> None:
    (one,) = sample("appendix_k.sarif").observations
    assert (one.location.where, one.location.specific, one.rule.rule_id) == ("src/collections/list.h", "15", "C2001")
    assert one.detail == 'Variable "ptr" was used without being initialized. It was declared [here](0).'


def test_the_smaller_bash_report_is_part_of_the_larger() -> None:
    larger = {(one.rule, one.location) for one in sample("bash-report.sarif", BASH).observations}
    smaller = sample("bash-report-subset-same-hash-code-same-unique-id.sarif", BASH).observations
    assert {(one.rule, one.location) for one in smaller} <= larger
