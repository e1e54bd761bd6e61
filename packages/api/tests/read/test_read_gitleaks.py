"""The JSON of gitleaks 8 (domain section 19, row *GITLEAKS*)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from packages.api.tests.read.sample import sample

from integrates.api.imports.read.error import BadFile, rendered
from integrates.api.imports.read.observation import Observation, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.imports.types import ClosingOutcome, ImportFormat

LEAKED = "hunter2-is-no-password"
DIGEST = sha256(LEAKED.encode()).hexdigest()[:4]
COMMIT = "74d53286c550630f80847d37f68aa3065554ac81"
LEAK: Mapping[str, Any] = {
    "RuleID": "aws",
    "Description": "An AWS key",
    "StartLine": 7,
    "Match": f"key = {LEAKED}",
    "Secret": LEAKED,
    "File": "conf/aws.tf",
    "Commit": "",
}


def content(*leaks: Any) -> bytes:
    return json.dumps(leaks).encode()


def one(**members: Any) -> Observation:
    (found,) = read(content({**LEAK, **members}), Options()).observations
    return found


def test_a_secret() -> None:
    scan = read(content(LEAK), Options())
    (rule,), (seen,) = scan.rules, scan.observations
    assert (scan.format, rule.rule.tool, rule.rule.rule_id) == (ImportFormat.GITLEAKS, "gitleaks", "aws")
    assert (rule.title, rule.cwe_ids, rule.tool_score) == ("An AWS key", ("CWE-798",), Decimal("7.0"))
    assert (seen.location.where, seen.location.specific) == ("conf/aws.tf", "7")
    assert (seen.snippet, seen.detail, seen.commit) == (None, None, None)
    assert LEAKED not in repr(scan)


@pytest.mark.parametrize(
    ("members", "fingerprint"),
    [
        ({}, f"aws|conf/aws.tf|{DIGEST}"),
        ({"File": "/conf/aws.tf"}, f"aws|conf/aws.tf|{DIGEST}"),
        ({"Commit": None}, f"aws|conf/aws.tf|{DIGEST}"),
        ({"Commit": COMMIT}, f"aws|conf/aws.tf|{COMMIT}|7"),
        ({"Commit": COMMIT, "Secret": "REDACTED"}, f"aws|conf/aws.tf|{COMMIT}|7"),
        ({"Secret": ""}, None),
        ({"Secret": None}, None),
        ({"Secret": "REDACTED"}, None),
        ({"Secret": "***"}, None),
        ({"Secret": "***", "SecretDigest": "0a1f"}, "aws|conf/aws.tf|0a1f"),
        ({"Secret": "***", "SecretDigest": "0a1"}, None),
        ({"Secret": "***", "SecretDigest": "0A1F"}, None),
        ({"Secret": "***", "SecretDigest": 5}, None),
        ({"SecretDigest": "0a1f"}, f"aws|conf/aws.tf|{DIGEST}"),
        ({"Secret": "REDACTED", "SecretDigest": "0a1f"}, None),
    ],
)
def test_fingerprints(members: Mapping[str, Any], fingerprint: str | None) -> None:
    assert one(**members).fingerprint == fingerprint


@pytest.mark.parametrize(("given", "kept"), [(COMMIT, COMMIT), ("a" * 64, None), (COMMIT[:7], None), (None, None)])
def test_a_commit_is_kept_when_it_is_one(given: str | None, kept: str | None) -> None:
    assert one(Commit=given).commit == kept


def test_the_prefixes_are_taken_off_before_the_fingerprint_is_made() -> None:
    leaks = [{**LEAK, "File": "/builds/17/conf/aws.tf", "Commit": given} for given in ("", COMMIT)]
    scan = read(content(*leaks), Options(strip_prefix="/builds/17"))
    assert {one.location.where for one in scan.observations} == {"conf/aws.tf"}
    expected = [f"aws|conf/aws.tf|{DIGEST}", f"aws|conf/aws.tf|{COMMIT}|7"]
    assert [one.fingerprint for one in scan.observations] == expected


def test_a_long_fingerprint_is_hashed() -> None:
    seen = one(RuleID="r" * 990)
    assert seen.fingerprint == sha256(f"{'r' * 990}|conf/aws.tf|{DIGEST}".encode()).hexdigest()


@pytest.mark.parametrize(
    ("members", "reason"),
    [({"RuleID": ""}, SkipReason.BAD_RULE), ({"File": ""}, SkipReason.NO_LOCATION), ({"File": "../a"}, SkipReason.BAD_PATH)],
)
def test_a_secret_without_a_rule_or_a_place_is_skipped(members: Mapping[str, Any], reason: SkipReason) -> None:
    scan = read(content({**LEAK, **members}), Options())
    assert [(each.pointer, each.reason) for each in scan.problems] == [("/0", reason)]


@pytest.mark.parametrize("given", [b"[]", b"null", b" []\n", b"null\n"])
def test_no_secrets_are_a_scan_when_the_caller_says_so(given: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        read(given, Options())
    assert caught.value.reason is Reason.UNKNOWN_FORMAT
    scan = read(given, Options(format=ImportFormat.GITLEAKS))
    assert (scan.total, [each.outcome for each in scan.series]) == (0, [ClosingOutcome.DONE])


OLD = {"line": LEAKED, "lineNumber": 3, "offender": LEAKED, "rule": "AWS", "file": "a"}


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (content(OLD), "/0"),
        (content(LEAK, OLD), "/1/RuleID"),
        (content(LEAK, 5), "/1"),
        (content({**LEAK, "RuleID": 5}), "/0/RuleID"),
        (content({**LEAK, "StartLine": "7"}), "/0/StartLine"),
        (content({**LEAK, "StartLine": None}), "/0/StartLine"),
        (content({**LEAK, "File": None}), "/0/File"),
        (content({**LEAK, "Secret": [LEAKED]}), "/0/Secret"),
        (content({**LEAK, "Commit": 5}), "/0/Commit"),
        (content({**LEAK, "Description": {LEAKED: LEAKED}}), "/0/Description"),
    ],
)
def test_what_is_of_a_wrong_kind_is_told_without_the_secret(given: bytes, pointer: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(given, Options())
    assert [defect.pointer for defect in caught.value.defects] == [pointer]
    assert LEAKED not in "".join(map(rendered, caught.value.defects))


def test_a_real_report() -> None:
    scan = read(sample("gitleaks-gitleaks8_many.json"), Options())
    assert (scan.total, len(scan.observations), len(scan.rules), scan.duplicates) == (4, 4, 3, 0)
    assert len({each.fingerprint for each in scan.observations}) == 4
    assert [each.location.where for each in scan.observations] == ["conf/aws.tf", "conf/aws.tf", "conf/rsa.pk", "tests/api.py"]


def test_a_real_report_of_version_7() -> None:
    with pytest.raises(BadFile):
        read(sample("gitleaks-data_many.json"), Options())
