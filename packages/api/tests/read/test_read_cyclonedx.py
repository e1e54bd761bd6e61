"""CycloneDX in JSON (domain section 19, row *CYCLONEDX*)."""

import json
from typing import Any

import pytest

from integrates.api.imports.read.error import BadFile
from integrates.api.imports.read.observation import Observation, RuleSeen, Scan, SkipReason
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.errors import Rejected
from integrates.db_model.imports.types import ClosingOutcome, ImportFormat
from integrates.db_model.vulnerabilities.types import Fix

V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"  # 7.5
V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"  # 7.5
COMPONENT = {"bom-ref": "c", "name": "left-pad", "version": "1.0", "purl": "pkg:npm/left-pad@1.0"}


def scan(*vulnerabilities: Any, options: Options | None = None, **top: Any) -> Scan:
    given = {"components": [COMPONENT], "vulnerabilities": list(vulnerabilities)} | top
    return read(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6"} | given).encode(), options or Options())


def found(ref: str = "c", **members: Any) -> dict[str, Any]:
    return {"id": "GHSA-1", "affects": [{"ref": ref}]} | members


def one_of(given: Scan) -> tuple[Observation, RuleSeen]:
    (one,), (rule,) = given.observations, given.rules
    return one, rule


def test_a_vulnerability_with_all_that_is_told() -> None:
    references = [{"id": "CVE-2024-0002"}, {"id": "CVE-2024-0001"}]
    one, rule = one_of(
        scan(
            found(
                references=references,
                description="First line\nSecond.",
                detail="Detail.",
                cwes=[79, 0, -1],
                recommendation="Throw it away.",
                properties=[{"name": "grype:fixed_versions", "value": "1.1, 2.0"}, {"name": "x", "value": "y"}],
            )
        )
    )
    assert (rule.rule.tool, rule.title) == ("cyclonedx", "CVE-2024-0001: First line")
    assert (rule.description, rule.cwe_ids) == ("First line\nSecond.", ("CWE-79",))
    assert rule.recommendation == "Throw it away."
    assert (one.location.where, one.location.specific) == ("bom.json", "left-pad@1.0")
    assert (one.fingerprint, one.pointer) == ("bom.json|pkg:npm/left-pad", "/vulnerabilities/0/affects/0")
    assert one.advisory is not None
    assert (one.advisory.aliases, one.advisory.fixed_version, one.advisory.fix) == (("GHSA-1",), "1.1, 2.0", Fix.AVAILABLE)


@pytest.mark.parametrize(
    ("members", "title", "description"),
    [
        ({"detail": "Detail."}, "GHSA-1: left-pad", "Detail."),
        ({"id": "own", "references": [{"id": "GHSA-1"}]}, "GHSA-1: own", "own"),
        ({"description": " \n\nText\n"}, "GHSA-1: Text", "Text"),
    ],
)
def test_texts(members: dict[str, Any], title: str, description: str) -> None:
    _, rule = one_of(scan(found(**members)))
    assert (rule.title, rule.description, rule.recommendation) == (title, description, "No fixed version is known.")


@pytest.mark.parametrize(
    ("tools", "tool"),
    [
        ([{"name": "Grype"}, {"name": "b"}], "grype"),
        ({"components": [{"name": "Trivy"}]}, "trivy"),
        ({"services": [{"name": "x"}]}, "cyclonedx"),
        ([], "cyclonedx"),
        ([{"name": " \n"}], "cyclonedx"),
        (None, "cyclonedx"),
    ],
)
def test_the_tool(tools: Any, tool: str) -> None:
    (series,) = scan(metadata={"tools": tools}).series
    assert (series.tool, series.category, series.outcome) == (tool, "", ClosingOutcome.DONE)


NESTED = [{"name": "a", "components": [{"bom-ref": "x", "name": "b", "components": [{"bom-ref": "c c", "name": "d"}]}]}]


@pytest.mark.parametrize(
    ("ref", "top", "specific"),
    [
        ("c", {}, "left-pad@1.0"),
        ("c c", {"components": NESTED}, "d"),
        ("m", {"metadata": {"component": {"bom-ref": "m", "name": "shop", "version": "3"}}}, "shop@3"),
        ("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#c", {}, "left-pad@1.0"),
        ("urn:cdx:x/1#c%20c", {"components": NESTED}, "d"),
        ("urn:cdx:x/1#pkg:pypi/cryptography@4.0", {}, "cryptography@4.0"),
        ("pkg:deb/debian/tar@1.30+dfsg-6", {}, "tar@1.30+dfsg-6"),
        ("pkg:maven/org.a/b@1", {}, "org.a:b@1"),
        ("pkg:npm/%40a/b@1", {}, "@a/b@1"),
        ("pkg:composer/a/b@1", {}, "a/b@1"),
    ],
)
def test_what_is_referred_to(ref: str, top: dict[str, Any], specific: str) -> None:
    assert one_of(scan(found(ref), **top))[0].location.specific == specific


@pytest.mark.parametrize(
    ("members", "reason", "uri"),
    [
        ({"affects": [{"ref": "nowhere"}]}, SkipReason.NO_LOCATION, "nowhere"),
        ({"affects": [{"ref": "urn:cdx:2/vex_comp:2.0"}]}, SkipReason.NO_LOCATION, "urn:cdx:2/vex_comp:2.0"),
        ({"affects": [{}]}, SkipReason.NO_LOCATION, None),
        ({"affects": []}, SkipReason.NO_LOCATION, None),
        ({"affects": None}, SkipReason.NO_LOCATION, None),
        ({"id": None}, SkipReason.BAD_RULE, None),
    ],
)
def test_what_cannot_be_placed_is_told(members: dict[str, Any], reason: SkipReason, uri: str | None) -> None:
    (problem,) = scan(found(**members)).problems
    assert (problem.reason, problem.uri) == (reason, uri)


def test_all_that_is_affected_counts() -> None:
    given = scan(found(affects=[{"ref": "c"}, {"ref": "c"}, {"ref": "pkg:npm/b@1"}]))
    assert (given.total, len(given.observations), given.duplicates, len(given.rules)) == (3, 2, 1, 1)


@pytest.mark.parametrize(
    ("purl", "specific"),
    [
        ("pkg:maven/g/a@1", "g:a@1"),
        ("pkg:npm/g/a@1", "g/a@1"),
        ("pkg:pypi/a@1", "a@1"),
        (None, "a@1"),
    ],
)
def test_the_group_belongs_to_some_names(purl: str | None, specific: str) -> None:
    component = {"bom-ref": "c", "group": "g", "name": "a", "version": "1", "purl": purl}
    assert one_of(scan(found(), components=[component]))[0].location.specific == specific


def told(**paths: str) -> list[dict[str, str]]:
    names = {"trivy": "aquasecurity:trivy:FilePath", "syft": "syft:location:0:path", "source": "SrcFile"}
    return [{"name": names[name], "value": path} for name, path in paths.items()]


DISTRIBUTIONS = ("deb", "rpm", "apk", "alpm")
EVIDENCE = {"occurrences": [{"location": "e.txt"}, {"location": "f.txt"}]}


@pytest.mark.parametrize(
    ("component", "manifest", "about", "where"),
    [
        ({"properties": told(source="s", syft="/y", trivy="t"), "evidence": EVIDENCE}, "m", "a.lock", "t"),
        ({"properties": told(source="s", syft="/y"), "evidence": EVIDENCE}, "m", "a.lock", "y"),
        ({"properties": told(source="s", syft=""), "evidence": EVIDENCE}, "m", "a.lock", "s"),
        ({"evidence": EVIDENCE}, "m", "a.lock", "e.txt"),
        ({"evidence": {"occurrences": []}}, "m", "a.lock", "m"),
        *(
            ({}, None, f"backend/a{end}", f"backend/a{end}")
            for end in (".lock", ".lockfile", ".json", ".toml", ".txt", ".xml", ".mod", ".yaml", ".yml")
        ),
        ({}, None, "shop", "bom.json"),
        ({}, None, None, "bom.json"),
        *(({"purl": f"pkg:{kind}/d/a@1", "properties": told(syft="/x")}, None, None, "os") for kind in DISTRIBUTIONS),
    ],
)
def test_where_a_package_is(component: dict[str, Any], manifest: str | None, about: str | None, where: str) -> None:
    metadata = {"component": {"name": about}}
    given = scan(found(), components=[COMPONENT | component], metadata=metadata, options=Options(manifest=manifest))
    assert one_of(given)[0].location.where == where


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([("high", "CVSSv31", V31, None)], ("7.5", V31)),
        ([("high", "CVSSv31", V31.removeprefix("CVSS:3.1/"), None)], ("7.5", V31)),
        ([("high", "CVSSv3", V31.removeprefix("CVSS:3.1/"), None)], ("7.5", V31.replace("3.1", "3.0"))),
        ([("high", "CVSSv2", V2, None), ("high", "CVSSv31", V31, None)], ("7.5", V31)),
        ([("high", "CVSSv2", V2, "a"), ("high", "CVSSv31", V31, "b")], ("7.5", V2)),
        ([("low", "other", None, "a"), ("critical", None, None, "b"), ("high", "CVSSv31", V31, "c")], ("9.0", None)),
        ([("unknown", "CVSSv31", V31, None)], ("7.5", V31)),
        ([("medium", "OWASP", "SL:1/M:1", None)], ("5.0", None)),
        ([("high", "other", V31, None)], ("7.5", V31)),
        ([], ("5.0", None)),
    ],
)
def test_vectors(ratings: list[tuple[str, str, str, str]], expected: tuple[str, str | None]) -> None:
    names = ("severity", "method", "vector")
    given = [dict(zip(names, one[:3], strict=True)) | {"source": {"name": one[3]}} for one in ratings]
    read_one = scan(found(ratings=given))
    (rule,) = read_one.rules
    assert (str(rule.tool_score), rule.tool_vector, read_one.remarks) == (*expected, ())


@pytest.mark.parametrize(
    ("analysis", "why"),
    [
        ({"state": "not_affected", "justification": "code_not_reachable", "detail": "Never called."}, "Never called."),
        ({"state": "false_positive", "justification": "code_not_reachable"}, "code_not_reachable"),
        ({"state": "resolved"}, "resolved"),
        ({"state": "resolved_with_pedigree"}, "resolved_with_pedigree"),
        ({"state": "in_triage", "detail": "Soon."}, None),
        ({"state": "exploitable"}, None),
        (None, None),
    ],
)
def test_what_people_say_of_a_vulnerability(analysis: Any, why: str | None) -> None:
    one, _ = one_of(scan(found(analysis=analysis)))
    assert (one.suppression.justification if one.suppression else None) == why


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
def test_a_file_without_vulnerabilities_is_valid(version: str) -> None:
    content = json.dumps({"bomFormat": "CycloneDX", "specVersion": version}).encode()
    assert (read(content, Options()).total, len(read(content, Options()).series)) == (0, 1)


@pytest.mark.parametrize(
    ("top", "pointer"),
    [
        ({"specVersion": "1.3"}, "/specVersion"),
        ({"specVersion": 1.6}, "/specVersion"),
        ({"vulnerabilities": {}}, "/vulnerabilities"),
        ({"vulnerabilities": [found(), found(description=7)]}, "/vulnerabilities/1/description"),
        ({"vulnerabilities": [found(affects=[{"ref": 7}])]}, "/vulnerabilities/0/affects/0/ref"),
        ({"vulnerabilities": [found(cwes=[{}])]}, "/vulnerabilities/0/cwes/0"),
        ({"components": [COMPONENT, {"components": [{"name": 7}]}]}, "/components/1/components/0/name"),
        ({"components": [{"bom-ref": 7}]}, "/components/0/bom-ref"),
        ({"metadata": {"tools": 7}}, "/metadata/tools"),
    ],
)
def test_a_bad_file(top: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadFile) as caught:
        scan(**top)
    assert [one.pointer for one in caught.value.defects] == [pointer]


@pytest.mark.parametrize("kind", [None, ImportFormat.CYCLONEDX])
@pytest.mark.parametrize("name", ["", 'a="1, 2"'])
def test_xml_is_a_bad_file(kind: ImportFormat | None, name: str) -> None:
    with pytest.raises(BadFile):
        read(f'<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5" {name}/>'.encode(), Options(format=kind))


def test_other_bills_of_materials_are_of_another_format() -> None:
    with pytest.raises(Rejected):
        read(b'{"bomFormat": "Other", "specVersion": "1.5"}', Options())
