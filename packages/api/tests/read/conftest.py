"""Small files, written in the test that reads them: of SARIF, and an example of every format."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import pytest
from msgspec import Struct

from integrates.api.imports.read.observation import Observation, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import FORMATS, read
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.types import VulnerabilityType

Json: TypeAlias = dict[str, Any]
Build: TypeAlias = Callable[..., bytes]
Make: TypeAlias = Callable[..., Json]
Read: TypeAlias = Callable[..., Scan]
One: TypeAlias = Callable[..., Observation]


def make_result(uri: str = "src/a.py", line: int = 1, **members: Any) -> Json:
    location = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
    return {"ruleId": "R1", "message": {"text": "Bad."}, "locations": [location]} | members


def make_run(*results: Json, rules: list[Json] | None = None, driver: Json | None = None, **members: Any) -> Json:
    tool = {"driver": {"name": "Scanner", "rules": rules or []} | (driver or {})}
    return {"tool": tool, "results": list(results)} | members


def make_file(*runs: Json, **members: Any) -> bytes:
    return json.dumps({"version": "2.1.0", "runs": list(runs)} | members).encode()


@pytest.fixture
def result() -> Make:
    """A result at src/a.py:1 of rule R1, with other members put in."""
    return make_result


@pytest.fixture
def run() -> Make:
    """A run of `Scanner` with the given results and rules, with other members put in."""
    return make_run


@pytest.fixture
def file() -> Build:
    """A file of the given runs."""
    return make_file


@pytest.fixture
def scan() -> Read:
    """What is read from one run, made as by `run`; `options` are those of the caller."""

    def read_run(*results: Json, options: Mapping[str, Any] | None = None, **members: Any) -> Scan:
        return read(make_file(make_run(*results, **members)), Options(**(options or {})))

    return read_run


@pytest.fixture
def scan_of() -> Callable[..., Scan]:
    """What is read from a file, without options or with those given."""

    def read_file(content: bytes, options: Options | None = None) -> Scan:
        return read(content, options or Options())

    return read_file


@pytest.fixture
def observe() -> One:
    """The one observation of a run with one result, made as by `result`; `run` holds other members of the run."""

    def read_result(*, run: Json | None = None, **members: Any) -> Observation:
        (one,) = read(make_file(make_run(make_result(**members), **(run or {}))), Options()).observations
        return one

    return read_result


class Example(Struct, frozen=True, kw_only=True):
    """How to write a file of one format.

    ``seen`` makes a result of a ``path``, ``line``, ``rule`` and ``fingerprint``; ``skipped`` is one outside of any root, or of
    no rule; ``write`` makes a file of results. In packages the line is the version. A format ``names_paths``, and
    ``names_fingerprints``, when the file tells them, and not the reader alone. ``marker`` stands in each file.
    """

    format: ImportFormat
    seen: Callable[..., Any]
    skipped: Any
    write: Callable[..., bytes]
    kind: VulnerabilityType = VulnerabilityType.LINES
    names_paths: bool = True
    names_fingerprints: bool = True
    marker: bytes = b"src/a.py"

    @property
    def most_rules(self) -> int:
        """How many rules a file may have."""
        return 5_000 if self.kind is VulnerabilityType.PACKAGES else 2_000


def make_sarif_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    return make_result(path, line, ruleId=rule, fingerprints={"v1": fingerprint} if fingerprint else {})


def make_bandit_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    code = {"code": f"{line} {fingerprint}\n"} if fingerprint else {}
    return {"test_id": rule, "test_name": "test", "filename": path, "line_number": line, "issue_severity": "LOW"} | code


def make_bandit_file(*results: Json) -> bytes:
    return json.dumps({"errors": [], "generated_at": "", "metrics": {}, "results": list(results)}).encode()


def make_checkov_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    return {"check_id": rule, "file_path": path, "file_line_range": [line, line + 1], "resource": fingerprint}


def make_checkov_file(*results: Json) -> bytes:
    return json.dumps({"check_type": "terraform", "results": {"failed_checks": list(results)}}).encode()


def make_gitleaks_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    return {"RuleID": rule, "File": path, "StartLine": line, "Secret": fingerprint, "Match": "key", "Commit": ""}


def make_semgrep_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    return {"check_id": rule, "path": path, "start": {"line": line}, "extra": {"fingerprint": fingerprint}}


def make_cyclonedx_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    del fingerprint
    component = {"name": "left-pad", "version": str(line), "properties": [{"name": "SrcFile", "value": path}]}
    return {"component": component, "vulnerability": {"id": rule, "ratings": [{"severity": "high"}]}}


def make_cyclonedx_file(*results: Json) -> bytes:
    numbered = list(enumerate(results))
    components = [{"bom-ref": str(number)} | one["component"] for number, one in numbered]
    vulnerabilities = [one["vulnerability"] | {"affects": [{"ref": str(number)}]} for number, one in numbered]
    top = {"bomFormat": "CycloneDX", "specVersion": "1.6"}
    return json.dumps(top | {"components": components, "vulnerabilities": vulnerabilities}).encode()


def make_dependency_check_result(
    *, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None
) -> Json:
    del fingerprint
    found = {"vulnerabilities": [{"name": rule, "severity": "HIGH"}]}
    return {"fileName": "left-pad.js", "filePath": path, "packages": [{"id": f"pkg:npm/left-pad@{line}"}]} | found


def make_grype_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    del fingerprint
    artifact = {"name": "left-pad", "version": str(line), "type": "npm", "locations": [{"path": path}]}
    return {"vulnerability": {"id": rule, "severity": "High"}, "artifact": artifact}


def make_osv_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    del fingerprint
    package = {"name": "left-pad", "version": str(line), "ecosystem": "npm"}
    return {"source": {"path": path}, "packages": [{"package": package, "groups": [{"ids": [rule]}]}]}


def make_generic_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    seen = {"type": "LINES", "where": path, "specific": str(line)} | ({"fingerprint": fingerprint} if fingerprint else {})
    return {"rule_id": rule, "title": "Bad.", "severity": "high", "vulnerabilities": [seen]}


def make_generic_file(*findings: Json) -> bytes:
    head = {"format": "integrates-generic", "version": 1, "tool": "own"}
    return json.dumps(head | {"findings": list(findings)}).encode()


def make_table(*findings: Json) -> bytes:
    columns = ["tool", "rule_id", "title", "severity", "type", "where", "specific", "fingerprint"]
    written = io.StringIO()
    table = csv.DictWriter(written, columns, extrasaction="ignore")
    table.writeheader()
    table.writerows({"tool": "own"} | finding | finding["vulnerabilities"][0] for finding in findings)
    return written.getvalue().encode()


def make_npm_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    del path, fingerprint
    return {"module_name": "left-pad", "url": f"https://x.example/{rule}", "findings": [{"version": str(line)}]}


def make_npm_file(*advisories: Json) -> bytes:
    return json.dumps({"advisories": {str(number): one for number, one in enumerate(advisories)}}).encode()


def make_nuclei_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    del fingerprint
    return {"template-id": rule, "info": {"name": "Bad."}, "type": "network", "matched-at": f"192.0.2.7:{line}", "path": path}


def make_nuclei_file(*results: Json) -> bytes:
    return json.dumps(list(results)).encode()


def make_pip_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    del fingerprint
    return {"name": "left-pad", "version": str(line), "path": path, "vulns": [{"id": rule, "fix_versions": []}]}


def make_pip_file(*dependencies: Json) -> bytes:
    return json.dumps({"dependencies": list(dependencies), "fixes": []}).encode()


def make_zap_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    del fingerprint
    return {"pluginid": rule, "instances": [{"uri": f"https://x.example/{path}", "param": str(line)}]}


def make_zap_file(*alerts: Json) -> bytes:
    return json.dumps({"@version": "2.16.1", "site": [{"alerts": list(alerts)}]}).encode()


def make_trivy_result(*, path: str = "src/a.py", line: int = 1, rule: str = "R1", fingerprint: str | None = None) -> Json:
    del fingerprint
    return {"PkgName": "left-pad", "InstalledVersion": str(line), "PkgPath": path, "VulnerabilityID": rule, "Severity": "HIGH"}


def make_trivy_file(*results: Json) -> bytes:
    return json.dumps({"SchemaVersion": 2, "ArtifactName": ".", "Results": [{"Vulnerabilities": list(results)}]}).encode()


EXAMPLES: Mapping[ImportFormat, Example] = {
    ImportFormat.BANDIT: Example(
        format=ImportFormat.BANDIT,
        seen=make_bandit_result,
        skipped=make_bandit_result(path="../a.py"),
        write=make_bandit_file,
    ),
    ImportFormat.CHECKOV: Example(
        format=ImportFormat.CHECKOV,
        seen=make_checkov_result,
        skipped=make_checkov_result(path="../a.py"),
        write=make_checkov_file,
    ),
    ImportFormat.GITLEAKS: Example(
        format=ImportFormat.GITLEAKS,
        seen=make_gitleaks_result,
        skipped=make_gitleaks_result(path="../a.py"),
        write=lambda *results: json.dumps(results).encode(),
    ),
    ImportFormat.CYCLONEDX: Example(
        format=ImportFormat.CYCLONEDX,
        seen=make_cyclonedx_result,
        skipped=make_cyclonedx_result(path="../a.py"),
        write=make_cyclonedx_file,
        kind=VulnerabilityType.PACKAGES,
        names_fingerprints=False,
    ),
    ImportFormat.DEPENDENCY_CHECK: Example(
        format=ImportFormat.DEPENDENCY_CHECK,
        seen=make_dependency_check_result,
        skipped=make_dependency_check_result(path="../a.py"),
        write=lambda *results: json.dumps({"reportSchema": "1.1", "dependencies": results}).encode(),
        kind=VulnerabilityType.PACKAGES,
        names_fingerprints=False,
    ),
    ImportFormat.GRYPE: Example(
        format=ImportFormat.GRYPE,
        seen=make_grype_result,
        skipped=make_grype_result(path="../a.py"),
        write=lambda *results: json.dumps({"matches": results, "descriptor": {}}).encode(),
        kind=VulnerabilityType.PACKAGES,
        names_fingerprints=False,
    ),
    ImportFormat.OSV: Example(
        format=ImportFormat.OSV,
        seen=make_osv_result,
        skipped=make_osv_result(path="../a.py"),
        write=lambda *results: json.dumps({"results": results}).encode(),
        kind=VulnerabilityType.PACKAGES,
        names_fingerprints=False,
    ),
    ImportFormat.GENERIC_CSV: Example(
        format=ImportFormat.GENERIC_CSV,
        seen=make_generic_result,
        skipped=make_generic_result(path="../a.py"),
        write=make_table,
    ),
    ImportFormat.GENERIC_JSON: Example(
        format=ImportFormat.GENERIC_JSON,
        seen=make_generic_result,
        skipped=make_generic_result(path="../a.py"),
        write=make_generic_file,
    ),
    ImportFormat.NPM_AUDIT: Example(
        format=ImportFormat.NPM_AUDIT,
        seen=make_npm_result,
        skipped=make_npm_result(rule=""),
        write=make_npm_file,
        kind=VulnerabilityType.PACKAGES,
        names_paths=False,
        names_fingerprints=False,
        marker=b"left-pad",
    ),
    ImportFormat.NUCLEI: Example(
        format=ImportFormat.NUCLEI,
        seen=make_nuclei_result,
        skipped={"template-id": "R1", "info": {}, "type": "network"},
        write=make_nuclei_file,
        kind=VulnerabilityType.PORTS,
        names_paths=False,
        names_fingerprints=False,
    ),
    ImportFormat.PIP_AUDIT: Example(
        format=ImportFormat.PIP_AUDIT,
        seen=make_pip_result,
        skipped=make_pip_result(rule=""),
        write=make_pip_file,
        kind=VulnerabilityType.PACKAGES,
        names_paths=False,
        names_fingerprints=False,
    ),
    ImportFormat.SARIF: Example(
        format=ImportFormat.SARIF,
        seen=make_sarif_result,
        skipped=make_result("../a.py"),
        write=lambda *results: make_file(make_run(*results, driver={"name": "Example"})),
    ),
    ImportFormat.SEMGREP: Example(
        format=ImportFormat.SEMGREP,
        seen=make_semgrep_result,
        skipped=make_semgrep_result(path="../a.py"),
        write=lambda *results: json.dumps({"results": results, "errors": []}).encode(),
    ),
    ImportFormat.TRIVY: Example(
        format=ImportFormat.TRIVY,
        seen=make_trivy_result,
        skipped=make_trivy_result(path="../a.py"),
        write=make_trivy_file,
        kind=VulnerabilityType.PACKAGES,
        names_fingerprints=False,
    ),
    ImportFormat.ZAP: Example(
        format=ImportFormat.ZAP,
        seen=make_zap_result,
        skipped={"pluginid": "R1", "instances": [{"uri": "mailto:x.example"}]},
        write=make_zap_file,
        kind=VulnerabilityType.INPUTS,
        names_paths=False,
        names_fingerprints=False,
    ),
}


@pytest.fixture(params=FORMATS)
def any_example(request: pytest.FixtureRequest) -> Example:
    """An example of each format that is read."""
    assert request.param in EXAMPLES, f"the tests of readers need an example of {request.param}: add one to EXAMPLES"
    return EXAMPLES[request.param]


@pytest.fixture(params=[each for each in FORMATS if each is not ImportFormat.GENERIC_CSV])
def example(request: pytest.FixtureRequest) -> Example:
    """An example of each format that is JSON."""
    assert request.param in EXAMPLES, f"the tests of readers need an example of {request.param}: add one to EXAMPLES"
    return EXAMPLES[request.param]
