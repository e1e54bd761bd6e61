"""Reports of real tools through the API: what the first import finds, the second one finds unchanged.

The files are not part of the repository: INTEGRATES_FORMAT_SAMPLES names their folder. Counts are those of examples B1 to B18
of the domain, or were counted in the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from integrates.api.upload import in_memory
from integrates.db_model.entity import read
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_root

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

_REPOSITORY = Path(__file__).parents[3]
SAMPLES = Path(os.environ.get("INTEGRATES_FORMAT_SAMPLES") or _REPOSITORY.parent / "shared" / "data" / "formats")

IMPORT = """mutation ($root: ID!, $file: Upload!, $format: ImportFormat) {
  importVulnerabilities(groupName: "webshop", rootId: $root, file: $file, format: $format) {
    import { format state artifact { name tag digest } problemCounts { reason count }
             counts { created reopened moved unchanged closed ignored suppressed duplicate reviewable skipped } }
    errors { code reason message } } }"""
ROOTS = {
    "git": """mutation { added: addGitRoot(groupName: "webshop", url: "https://git.example/samples", branch: "main")
              { root { id } errors { message } } }""",
    "image": """mutation { added: addImageRoot(groupName: "webshop", reference: "teamdojo:latest", nickname: "samples")
                { root { id } errors { message } } }""",
}

# file: kind of root, format, findings, counts of the first import that are not zero
EXPECTED: Mapping[str, tuple[str, str, int, Mapping[str, int]]] = {
    "anchore_grype-check_all_fields.json": ("image", "GRYPE", 4, {"created": 5, "duplicate": 1}),
    "anchore_grype-issue_9618.json": ("image", "GRYPE", 19, {"created": 35}),
    "bandit-dd.json": ("git", "BANDIT", 8, {"created": 47}),
    "bandit-one_vuln.json": ("git", "BANDIT", 1, {"created": 1}),
    "checkov-checkov-report-0-vuln.json": ("git", "CHECKOV", 0, {}),
    "checkov-checkov-report-many-vuln.json": ("git", "CHECKOV", 3, {"created": 3}),
    "cyclonedx-jake2.json": ("git", "CYCLONEDX", 7, {"created": 7}),
    "cyclonedx-log4j.json": ("git", "CYCLONEDX", 8, {"created": 8}),
    "cyclonedx-nested-component-log4j.json": ("git", "CYCLONEDX", 8, {"created": 8}),
    "gitleaks-gitleaks8_many.json": ("git", "GITLEAKS", 3, {"created": 4}),
    "npm_audit-many_vuln.json": ("git", "NPM_AUDIT", 5, {"created": 5}),
    "npm_audit_7_plus-many_vulns.json": ("git", "NPM_AUDIT", 3, {"created": 3}),
    "osv_scanner-some_findings.json": ("git", "OSV", 1, {"created": 1}),
    "pip_audit-many_vulns.json": ("git", "PIP_AUDIT", 7, {"created": 7}),
    "pip_audit-many_vulns_new.json": ("git", "PIP_AUDIT", 7, {"created": 7}),
    "secobserve-trivy_poetry.json": ("git", "CYCLONEDX", 13, {"created": 13}),
    "semgrep-close_old_findings_report_line31.json": ("git", "SEMGREP", 1, {"created": 1}),
    "semgrep-many_findings.json": ("git", "SEMGREP", 1, {"created": 3}),
    "trivy-all_statuses.json": ("image", "TRIVY", 8, {"created": 8}),
    "trivy-cvss_severity_source.json": ("git", "TRIVY", 2, {"created": 2}),
    "trivy-misconfigurations_and_secrets.json": ("git", "TRIVY", 4, {"created": 5}),
    "trivy-scheme_2_many_vulns.json": ("image", "TRIVY", 5, {"created": 5}),
}
REFUSED: Mapping[str, str] = {
    "gitleaks-data_many.json": "bad_file",
    "npm_audit-empty_with_error.json": "bad_file",
    "secobserve-csaf_product_no_branch.json": "is_decision",
    "secobserve-openvex_product_no_branch.json": "is_decision",
    "secobserve-so_openvex_2020_0001_0001.json": "is_decision",
}


def sample(name: str) -> bytes:
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip(f"no {name} in {SAMPLES}: set INTEGRATES_FORMAT_SAMPLES to a folder that has it")
    return path.read_bytes()


async def root_of(world: World, kind: str) -> str:
    """Add a root, and return its id."""
    added = (await world.data("vera", ROOTS[kind]))["added"]
    assert added["errors"] == []
    return str(added["root"]["id"])


async def imported(world: World, root: str, name: str) -> Any:
    """Import a file and return the payload."""
    given = {"root": root, "file": in_memory(name, sample(name))}
    return (await world.data("hana", IMPORT, **given))["importVulnerabilities"]


def counted(payload: Any) -> dict[str, int]:
    """Return the counts that are not zero."""
    assert (payload["errors"], payload["import"]["state"]) == ([], "COMPLETED")
    return {name: count for name, count in payload["import"]["counts"].items() if count}


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_report_is_read_once_and_found_unchanged(world: World, name: str) -> None:
    kind, found, findings, counts = EXPECTED[name]
    root = await root_of(world, kind)
    first = await imported(world, root, name)
    assert (first["import"]["format"], counted(first)) == (found, counts)
    stored = await read.everything(world.store, VULNERABILITY, of_root(root))
    assert len({one.finding_id for one in stored}) == findings
    again = {**counts, "unchanged": counts.get("created", 0)}
    assert counted(await imported(world, root, name)) == {one: n for one, n in again.items() if n and one != "created"}
    assert await read.everything(world.store, VULNERABILITY, of_root(root)) == stored


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_report_is_refused(world: World, name: str) -> None:
    payload = await imported(world, await root_of(world, "git"), name)
    assert [(one["code"], one["reason"].lower()) for one in payload["errors"]] == [("INVALID", REFUSED[name])]


async def test_a_moved_line_keeps_its_vulnerability(world: World) -> None:
    root, names = await root_of(world, "git"), ("report_line31", "report_second_run_line24")
    ids, lines = [], []
    for name in names:
        await imported(world, root, f"semgrep-close_old_findings_{name}.json")
        (one,) = await read.everything(world.store, VULNERABILITY, of_root(root))
        ids.append(one.id)
        lines.append(one.location.specific)
    assert (len(set(ids)), lines) == (1, ["31", "24"])


async def test_a_report_without_findings_closes_those_of_before(world: World) -> None:
    root = await root_of(world, "git")
    await imported(world, root, "checkov-checkov-report-many-vuln.json")
    assert counted(await imported(world, root, "checkov-checkov-report-0-vuln.json")) == {"closed": 3}


async def test_both_forms_of_pip_audit_mean_the_same(world: World) -> None:
    root = await root_of(world, "git")
    await imported(world, root, "pip_audit-many_vulns.json")
    assert counted(await imported(world, root, "pip_audit-many_vulns_new.json"))["unchanged"] == 7


async def test_a_report_of_another_image_is_told(world: World) -> None:
    root = await root_of(world, "image")
    own = (await imported(world, root, "trivy-scheme_2_many_vulns.json"))["import"]
    assert (own["artifact"], own["problemCounts"]) == (
        {"name": "docker.io/library/teamdojo", "tag": "latest", "digest": None},
        [],
    )
    other = (await imported(world, root, "anchore_grype-issue_9618.json"))["import"]
    assert other["artifact"]["name"] == "quay.io/cloudservices/xjoin-kafka-connect-strimzi"
    assert other["artifact"]["digest"].startswith("sha256:")
    assert other["problemCounts"] == [{"reason": "other_image", "count": 1}]
