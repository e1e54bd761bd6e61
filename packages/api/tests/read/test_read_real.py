"""Real output of real tools: what they said of a small project of our own (`real/README.md`), counted without the readers."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest

from integrates.api.imports.read.error import BadFile
from integrates.api.imports.read.observation import Observation, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read

REAL = Path(__file__).parent / "real"
Expected: TypeAlias = Mapping[str, Any]

EXPECTED: Mapping[str, Expected] = json.loads((REAL / "expected.json").read_text())
"""What is in each output, and a sample of its places."""

READ = [name for name, one in EXPECTED.items() if "error" not in one]
FAULTY = [name for name, one in EXPECTED.items() if "error" in one]

SECRETS = ("AKIAINVENTEDFORTESTX", "inv3nted-k3y-0f-n0b0dy-x7q2")

AGREEING = [
    ("bandit/later", "bandit/later"),
    ("semgrep/first", "semgrep/first"),
    ("semgrep/old-first", "semgrep/old-first"),
    ("gitleaks/own-rules", "gitleaks/own-rules"),
    ("checkov/later", "checkov/later"),
    ("trivy/config-first", "trivy/config-first"),
]
"""Outputs of one run in the tool's own format and in SARIF, where both are about lines."""

# from, to: observations with the same fingerprint at the same place, at another one, gone, new
FLOWS: Mapping[tuple[str, str], tuple[int, int, int, int]] = {
    ("bandit/first", "bandit/later"): (6, 3, 3, 0),
    ("semgrep/old-first", "semgrep/old-later"): (4, 1, 2, 0),
    ("gitleaks/first", "gitleaks/later"): (0, 1, 1, 0),
    ("gitleaks/git-first", "gitleaks/git-later"): (2, 0, 0, 1),
    ("checkov/first", "checkov/later"): (4, 2, 2, 1),
    ("pip-audit/first", "pip-audit/later"): (0, 2, 3, 0),
    ("npm-audit/first", "npm-audit/later"): (4, 0, 3, 0),
    ("npm-audit/npm6-first", "npm-audit/npm6-later"): (2, 2, 3, 0),
    ("osv-scanner/first", "osv-scanner/later"): (2, 5, 7, 0),
    ("grype/first", "grype/later"): (0, 5, 7, 0),
    ("grype/image-first", "grype/image-later"): (4, 3, 1, 0),
    ("trivy/config-first", "trivy/config-later"): (6, 3, 1, 0),
    ("cyclonedx/grype-first", "cyclonedx/grype-later"): (0, 5, 7, 0),
    ("dependency-check/first", "dependency-check/later"): (0, 1, 1, 0),
}


def options(name: str) -> Options:
    return msgspec.convert(EXPECTED[name].get("options", {}), Options)


def scan(name: str) -> Scan:
    return read((REAL / name).read_bytes(), options(name))


def seen(found: Scan) -> Iterator[dict[str, Any]]:
    """Every observation by the words of `expected.json`."""
    rules = {each.rule: each for each in found.rules}
    for one in found.observations:
        rule, advisory = rules[one.rule], one.advisory
        yield {
            "type": one.location.type.value,
            "where": one.location.where,
            "specific": one.location.specific,
            "rule": one.rule.rule_id,
            "score": str(rule.tool_score if one.own_score is None else one.own_score),
            "fingerprint": one.fingerprint,
            "cwe": list(rule.cwe_ids),
            "suppressed": one.suppression is not None,
            "commit": one.commit,
        } | (
            {
                "package": advisory.package,
                "version": advisory.vulnerable_version,
                "fixed": advisory.fixed_version,
                "fix": advisory.fix.value,
                "relation": advisory.relation.value,
                "use": advisory.use.value,
            }
            if advisory
            else {}
        )


def test_every_output_is_in_the_table() -> None:
    kept = {str(path.relative_to(REAL)) for path in REAL.glob("*/*.json") if path.parent.name != "project"}
    assert kept == set(EXPECTED)


@pytest.mark.parametrize("name", READ)
def test_numbers(name: str) -> None:
    found, expected = scan(name), EXPECTED[name]
    assert {
        "format": found.format.value,
        "total": found.total,
        "skipped": found.skipped,
        "observations": len(found.observations),
        "suppressed": sum(one.suppression is not None for one in found.observations),
        "rules": len(found.rules),
    } == {key: expected[key] for key in ("format", "total", "skipped", "observations", "suppressed", "rules")}


@pytest.mark.parametrize("name", READ)
def test_the_only_series_says_what_may_be_closed(name: str) -> None:
    (series,), expected = scan(name).series, EXPECTED[name]
    assert (series.tool, series.outcome.value) == (expected["tool"], expected["outcome"])
    assert "spared" not in expected or series.spared == set(expected["spared"])


def is_at(place: Expected, one: Mapping[str, Any]) -> bool:
    return all(one.get(key) == value for key, value in place.items())


@pytest.mark.parametrize("name", [name for name in READ if EXPECTED[name]["places"]])
def test_places(name: str) -> None:
    found = list(seen(scan(name)))
    missing = [place for place in EXPECTED[name]["places"] if not any(is_at(place, one) for one in found)]
    assert missing == []


@pytest.mark.parametrize("name", READ)
def test_every_score_has_one_decimal(name: str) -> None:
    assert all(each.tool_score == each.tool_score.quantize(Decimal("0.1")) for each in scan(name).rules)


@pytest.mark.parametrize("name", FAULTY)
def test_an_error_of_the_tool_is_no_scan(name: str) -> None:
    with pytest.raises(BadFile) as caught:
        scan(name)
    assert EXPECTED[name].get("says", "") in str(caught.value.defects)


def places(found: Scan) -> set[tuple[str, str, str]]:
    """Where the open ones are. Line 0 is line 1 in SARIF, which has no line 0."""
    opened = [(one.rule.rule_id, one.location) for one in found.observations if one.suppression is None]
    return {(rule, at.where, "1" if at.specific == "0" else at.specific) for rule, at in opened}


@pytest.mark.parametrize(("own", "sarif"), AGREEING)
def test_the_own_format_and_sarif_say_the_same(own: str, sarif: str) -> None:
    assert places(scan(f"{own}.json")) == places(read((REAL / f"{sarif}.sarif").read_bytes(), Options()))


def test_semgrep_gives_the_same_fingerprints_in_both_formats() -> None:
    both = [scan("semgrep/old-first.json"), read((REAL / "semgrep/old-first.sarif").read_bytes(), Options())]
    own, sarif = ({(one.rule.rule_id, one.fingerprint) for one in each.observations} for each in both)
    assert own == sarif


def by_fingerprint(name: str) -> Mapping[tuple[str, str], Observation]:
    return {(one.rule.rule_id, one.fingerprint): one for one in scan(f"{name}.json").observations if one.fingerprint}


@pytest.mark.parametrize(("before", "after"), FLOWS)
def test_what_a_second_scan_means(before: str, after: str) -> None:
    first, later = by_fingerprint(before), by_fingerprint(after)
    stays = [first[key].location == later[key].location for key in first.keys() & later.keys()]
    gone, new = len(first.keys() - later.keys()), len(later.keys() - first.keys())
    assert (stays.count(True), stays.count(False), gone, new) == FLOWS[before, after]


@pytest.mark.parametrize("name", [name for name in READ if name.startswith(("gitleaks", "trivy"))])
def test_no_secret_is_quoted(name: str) -> None:
    assert [secret for secret in SECRETS if secret in repr(scan(name))] == []
