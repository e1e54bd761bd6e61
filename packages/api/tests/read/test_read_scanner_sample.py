"""Files of real scanners, which are not part of the repository: the folder is named by INTEGRATES_FORMAT_SAMPLES."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from integrates.api.imports.read.observation import Observation, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.values import text as texts
from integrates.db_model.vulnerabilities.location import location_refusals
from integrates.db_model.vulnerabilities.types import VulnerabilityLocation, VulnerabilityType

_REPOSITORY = Path(__file__).parents[4]
SAMPLES = Path(os.environ.get("INTEGRATES_FORMAT_SAMPLES") or _REPOSITORY.parent / "shared" / "data" / "formats")

# file: tool, findings, observations, duplicates, skipped, suppressed
EXPECTED: Mapping[str, tuple[str, int, int, int, int, int]] = {
    "anchore_grype-check_all_fields.json": ("grype", 4, 5, 1, 0, 0),
    "anchore_grype-issue_9618.json": ("grype", 19, 35, 0, 0, 0),
    "cyclonedx-jake2.json": ("cyclonedx-python-lib", 7, 7, 0, 0, 0),
    "cyclonedx-log4j.json": ("grype", 8, 8, 0, 0, 0),
    "cyclonedx-nested-component-log4j.json": ("grype", 8, 8, 0, 0, 0),
    "osv_scanner-some_findings.json": ("osv-scanner", 1, 1, 0, 0, 0),
    "secobserve-cyclonedx_product_no_branch.json": ("secobserve / 1.52.0", 0, 0, 0, 3, 0),
    "secobserve-cyclonedx_vex_test_dedicated.json": ("cyclonedx", 13, 13, 0, 0, 1),
    "secobserve-grype_2.json": ("grype", 1, 1, 0, 0, 0),
    "secobserve-trivy_poetry.json": ("trivy", 13, 13, 0, 0, 0),
    "trivy-all_statuses.json": ("trivy", 8, 8, 0, 0, 0),
    "trivy-cvss_severity_source.json": ("trivy", 2, 2, 0, 0, 0),
    "trivy-misconfigurations_and_secrets.json": ("trivy", 4, 5, 0, 0, 0),
    "trivy-scheme_2_many_vulns.json": ("trivy", 5, 5, 0, 0, 0),
}


def sample(name: str) -> Scan:
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip(f"no {name} in {SAMPLES}: set INTEGRATES_FORMAT_SAMPLES to a folder that has it")
    return read(path.read_bytes(), Options())


@pytest.mark.parametrize("name", EXPECTED)
def test_numbers(name: str) -> None:
    scan = sample(name)
    suppressed = sum(one.suppression is not None for one in scan.observations)
    (series,) = scan.series
    counts = (len(scan.rules), len(scan.observations), scan.duplicates, scan.skipped, suppressed)
    assert (series.tool, *counts) == EXPECTED[name]
    assert scan.remarks == ()


@pytest.mark.parametrize("name", EXPECTED)
def test_everything_read_is_valid(name: str) -> None:
    scan = sample(name)
    for rule in scan.rules:
        assert texts.title(rule.title, ()) == rule.title
        assert texts.finding_description(rule.description, ()) == rule.description
        assert texts.finding_text(rule.recommendation, ()) == rule.recommendation
    for one in scan.observations:
        seen = one.location
        assert location_refusals(seen.type, VulnerabilityLocation(where=seen.where, specific=seen.specific)) == ()


def of(scan: Scan, rule: str) -> Observation:
    return next(one for one in scan.observations if one.rule.rule_id == rule)


def test_an_image_by_trivy() -> None:
    scan = sample("trivy-scheme_2_many_vulns.json")
    one, (rule, *_) = of(scan, "CVE-2020-15999"), scan.rules
    assert (one.location.where, one.location.specific) == ("os", "freetype@2.9.1-r2")
    assert (str(rule.tool_score), one.advisory and one.advisory.fixed_version) == ("6.5", "2.9.1-r3")


def test_a_folder_by_trivy() -> None:
    types = [one.location.type for one in sample("trivy-misconfigurations_and_secrets.json").observations]
    assert (types.count(VulnerabilityType.PACKAGES), types.count(VulnerabilityType.LINES)) == (2, 3)


def test_the_source_of_the_severity_counts() -> None:
    scan = sample("trivy-cvss_severity_source.json")
    assert {rule.rule.rule_id: str(rule.tool_score) for rule in scan.rules}["CVE-2023-37920"] == "7.5"


def test_a_lock_file_by_trivy_as_cyclonedx() -> None:
    assert {one.location.where for one in sample("secobserve-trivy_poetry.json").observations} == {"backend/poetry.lock"}


def test_the_path_of_osv() -> None:
    (one,) = sample("osv_scanner-some_findings.json").observations
    assert (one.location.where, one.location.specific) == ("tmp/components/yarn.lock", "flot-axis@0.0.0")
