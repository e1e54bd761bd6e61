"""What is read from the results of Nuclei (domain section 19, row *NUCLEI*)."""

import json
from typing import Any

import pytest
from packages.api.tests.read.sample import sample

from integrates.api.imports.read.error import BadFile, rendered
from integrates.api.imports.read.format.nuclei import port_at
from integrates.api.imports.read.observation import Observation, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.types import VulnerabilityType

Json = dict[str, Any]
PAGE = {"type": "http", "matched-at": "https://x.example/a?b=1&a=2#c"}
PORT = {"type": "network", "matched-at": "x.example:22"}


def matched(*, info: Json | None = None, **members: Any) -> Json:
    return {"template-id": "R1", "info": {"name": "Bad."} | (info or {})} | {
        name.replace("_", "-"): member for name, member in members.items()
    }


def scan(*results: Json, options: Options | None = None) -> Scan:
    return read(json.dumps(list(results)).encode(), options or Options())


def only(result: Json, options: Options | None = None) -> Observation:
    (one,) = scan(result, options=options).observations
    return one


def test_a_page() -> None:
    one = only(matched() | PAGE)
    assert (one.location.type, one.location.where) == (VulnerabilityType.INPUTS, "https://x.example/a")
    assert (one.location.specific, one.fingerprint, one.rule.tool) == ("a,b", None, "nuclei")


@pytest.mark.parametrize(
    ("members", "specific"),
    [
        ({"matcher-name": "wix"}, "wix"),
        ({"matcher_name": "old"}, "old"),
        ({"matcher-name": "wix", "matcher_name": "old"}, "wix"),
        ({"matcher-name": ""}, "a,b"),
        ({"matched-at": "https://x.example"}, "general"),
    ],
)
def test_what_of_a_page(members: Json, specific: str) -> None:
    assert only(matched() | PAGE | members).location.specific == specific


def test_a_port() -> None:
    one = only(matched() | PORT)
    assert (one.location.type, one.location.where, one.location.specific) == (VulnerabilityType.PORTS, "x.example", "22")
    assert one.fingerprint == "x.example:22|"
    assert only(matched(matcher_name="ssh") | PORT).fingerprint == "x.example:22|ssh"
    assert only(matched() | PORT | {"matcher_name": "old"}).fingerprint == "x.example:22|old"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("x.example:22", "x.example", "22"),
        ("X.example", "x.example", "0"),
        ("www.x.example.", "www.x.example", "0"),
        ("https://x.example/a", "x.example", "0"),
        ("tls://x.example:443", "x.example", "443"),
        ("10.0.0.1", "10.0.0.1", "0"),
        ("10.0.0.1:80", "10.0.0.1", "80"),
        ("2001:DB8::1", "2001:db8::1", "0"),
        ("[2001:db8::1]:22", "2001:db8::1", "22"),
    ],
)
def test_hosts_and_ports(text: str, host: str, port: str) -> None:
    found = port_at(text)
    assert found is not None
    assert (found.host, found.number) == (host, port)


@pytest.mark.parametrize("text", ["", " ", "x.example:99999", "x.example:a", "://", "[::1", "a b", "x" * 300, "a" * 20_000])
def test_what_is_no_host(text: str) -> None:
    assert port_at(text) is None


@pytest.mark.parametrize(
    ("ip", "host"),
    [("10.10.10.10.", "10.10.10.10"), ("10.10.10.10", "10.10.10.10"), ("::1", "::1"), (None, "x.example"), ("?", "x.example")],
)
def test_a_root_that_is_an_address_takes_that(ip: str | None, host: str) -> None:
    one = only(matched(ip=ip, matcher_name="m") | PORT, Options(by_address=True))
    assert (one.location.where, one.fingerprint) == (host, f"{host}:22|m")
    assert only(matched(ip=ip) | PORT).location.where == "x.example"


@pytest.mark.parametrize(
    ("members", "reason", "uri"),
    [
        ({"type": "http"}, "no_location", None),
        ({"type": "dns"}, "no_location", None),
        ({"type": "http", "matched-at": "x.example"}, "bad_path", "x.example"),
        ({"type": "dns", "matched": "a b"}, "bad_path", "a b"),
    ],
)
def test_where_it_cannot_be(members: Json, reason: str, uri: str | None) -> None:
    (one,) = scan(matched() | members).problems
    assert (one.reason.value, one.uri, one.pointer) == (reason, uri, "/0")


def test_names_of_the_first_version() -> None:
    old = {"templateID": "R2", "info": {}, "type": "network", "matched": "x.example:22", "extracted_results": ["a", "b"]}
    one = only(old)
    assert (one.rule.rule_id, one.location.specific, one.detail) == ("R2", "22", "a\nb")
    new = matched(extracted_results=["c"]) | PORT | {"templateID": "R2", "matched": "y.example"}
    assert (only(new).rule.rule_id, only(new).location.where, only(new).detail) == ("R1", "x.example", "c")


def test_what_it_is_and_how_bad() -> None:
    vector = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"
    kind = {"cwe-id": ["cwe-362", "cwe-79"], "cvss-metrics": vector}
    info = {"description": "D.", "remediation": "R.", "severity": "medium", "classification": kind}
    (rule,) = scan(matched(info=info) | PORT).rules
    assert (rule.title, rule.description, rule.recommendation) == ("Bad.", "D.", "R.")
    assert (rule.cwe_ids, str(rule.tool_score), rule.tool_vector) == (("CWE-362", "CWE-79"), "5.3", vector)


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        (None, ()),
        ({"cwe-id": None}, ()),
        ({"cwe-id": "CWE-79"}, ("CWE-79",)),
        ({"cwe-id": ["nvd-cve-other", "cwe-0"]}, ()),
    ],
)
def test_classes_of_weaknesses(kind: Json | None, classes: tuple[str, ...]) -> None:
    assert scan(matched(info={"classification": kind}) | PORT).rules[0].cwe_ids == classes


def test_a_template_that_did_not_match_is_no_weakness() -> None:
    found = scan(matched(matcher_status=False), matched(matcher_status=True) | PORT)
    assert (found.total, found.skipped, found.problems, len(found.observations)) == (2, 1, (), 1)


def test_lines_a_list_and_one_object_say_the_same() -> None:
    results = [matched() | PORT, matched() | PAGE]
    lines = "\n".join(json.dumps(one) for one in results).encode()
    assert read(lines, Options()) == scan(*results)
    one = read(json.dumps(results[0], indent=1).encode(), Options())
    assert (one.rules, one.observations[0].location) == (scan(results[0]).rules, only(results[0]).location)


@pytest.mark.parametrize("content", [b"", b"\n", b"[]"])
def test_nothing_was_found(content: bytes) -> None:
    assert read(content, Options(format=ImportFormat.NUCLEI)).total == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[{"info": {}, "template-id": "a"}, {"info": {}}]', "The member is missing: /1/template-id"),
        ('[{"info": 5, "template-id": "a"}]', "Expected an object, got an integer: /0/info"),
        ('{"info": {}, "template-id": 5}', "Expected a text or null, got an integer: /template-id"),
        (
            '{"info": {}, "template-id": "a"}\n\n \n{"info": {"name": 5}, "template-id": "a"}\n',
            "In line 4: Expected a text or null, got an integer: /info/name",
        ),
        ('{"info": {}, "template-id": "a"}\r\n{"info": {}, "a": 1}\n', "In line 2: The member is missing: /template-id"),
        (
            '[{"info": {}, "template-id": "a", "extracted-results": "b"}]',
            "Expected an array or null, got a text: /0/extracted-results",
        ),
    ],
)
def test_a_defect_is_told_with_its_pointer_or_line(content: str, told: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(content.encode(), Options())
    assert rendered(caught.value.defects[0]) == told


def test_real_results_of_version_2() -> None:
    found = read(sample("nuclei-many_findings.json"), Options())
    assert (found.total, len(found.observations), len(found.rules), found.problems) == (18, 18, 7, ())
    kinds = [one.location.type for one in found.observations]
    assert (kinds.count(VulnerabilityType.PORTS), kinds.count(VulnerabilityType.INPUTS)) == (2, 16)


def test_real_results_of_version_3() -> None:
    found = read(sample("nuclei-multiple_v3.json"), Options())
    assert (found.total, len(found.observations), found.duplicates, len(found.rules)) == (6, 5, 1, 5)
    assert {one.location.specific for one in found.observations} == {"0", "443"}
