"""Files in which one long part serves many short ones: reading takes time that grows with the file, not with its square."""

import json
from collections.abc import Callable
from contextlib import suppress
from time import process_time
from typing import Any

import pytest

from integrates.api.imports.read.error import BadFile
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read

_BLANKS = " " * 1000


def _file(results: list[Any], rules: list[Any] | None = None, tool: Any = None, **members: Any) -> bytes:
    driver = {"name": "Scanner", "rules": rules or []}
    run = {"tool": {"driver": driver} | (tool or {}), "results": results} | members
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()


def _result(number: int, **members: Any) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": number}}}
    return {"ruleId": "A", "locations": [place]} | members


def _described(size: int, **members: Any) -> bytes:
    """A description that many rules share."""
    return _file([_result(number, ruleId=f"A/{number}") for number in range(size)], [{"id": "A"} | members])


def _components(size: int) -> bytes:
    reference = {"id": "B", "toolComponent": {"name": f"e{size - 1}", "guid": "G"}}
    results = [_result(number, ruleId=None, rule=reference) for number in range(10 * size)]
    return _file(results, tool={"extensions": [{"name": f"e{number}"} for number in range(10 * size)]})


def _unknown_rules(size: int) -> bytes:
    results = [_result(number, ruleId="/".join("abcdefgh")) for number in range(4 * size)]
    return _file(results, tool={"extensions": [{"name": f"e{number}"} for number in range(4 * size)]})


def _taxonomies(size: int) -> bytes:
    target = {"target": {"id": "79", "toolComponent": {"name": f"t{10 * size}"}}}
    taxonomies = [{"name": f"t{number}"} for number in range(40 * size)]
    return _file([_result(1)], [{"id": "A", "relationships": [target] * (40 * size)}], taxonomies=taxonomies)


def _long_taxonomy(size: int) -> bytes:
    target = {"target": {"id": "79", "toolComponent": {"index": 0}}}
    rules = [{"id": f"A{number}", "relationships": [target] * 100} for number in range(size)]
    results = [_result(number, ruleId=f"A{number}") for number in range(size)]
    return _file(results, rules, taxonomies=[{"name": _BLANKS * size}])


def _twins(size: int) -> bytes:
    return b'{"a": 1, "%s": [%s], "a": 1}' % (b"b" * (2000 * size), b",".join([b"0"] * (20 * size)))


def _based(base: str, uri: str = "a.py") -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": base}}}


def _at(uri: str) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": uri}}}


def _indexed() -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"index": 0}}}


def _npm(size: int, **members: Any) -> bytes:
    """An advisory that many installed versions share."""
    advice = {"module_name": "a", "url": "https://x.example/1", "findings": [{"version": str(n)} for n in range(10 * size)]}
    return json.dumps({"advisories": {"1": advice | members}}).encode()


def _zap(size: int, *, uri: str = "https://x.example/", **members: Any) -> bytes:
    alert = {"pluginid": "1", "instances": [{"uri": uri, "param": str(number)} for number in range(10 * size)]}
    return json.dumps({"@version": "2", "site": {"alerts": [alert | members]}}).encode()


def _npm_7(size: int) -> bytes:
    via = [{"name": "b", "url": "https://x.example/1"}] * (10 * size)
    entries = {"a": {"via": via}, "b": {"via": ["c"] * (100 * size), "isDirect": True}}
    return json.dumps({"auditReportVersion": 2, "vulnerabilities": entries}).encode()


def _pip(size: int) -> bytes:
    vulns = [{"id": str(number)} for number in range(min(5_000, 5 * size))]
    return json.dumps([{"name": "a" * (1000 * size), "version": "1" * (1000 * size), "vulns": vulns}]).encode()


def _generic(size: int) -> bytes:
    seen = [{"type": "LINES", "where": "a.py", "specific": number} for number in range(10 * size)]
    rule = {"rule_id": "A", "title": _BLANKS * size, "description": _BLANKS * size, "vulnerabilities": seen}
    return json.dumps({"format": "integrates-generic", "version": 1, "tool": "x", "findings": [rule]}).encode()


def _table(line: bytes) -> bytes:
    return b"tool,rule_id,title,type,where,specific\n" + line


def _checks(size: int) -> bytes:
    """Files that could not be parsed, and no check that tells in which folder Checkov ran."""
    results = {"failed_checks": [{"check_id": "A", "file_path": "a.tf"}], "passed_checks": [{}] * 10, "parsing_errors": ["/a"]}
    return json.dumps([{"check_type": "terraform", "results": results}] * (10 * size)).encode()


def _code(size: int) -> bytes:
    """A line that is asked for behind all others."""
    code = "".join(f"{number} x\n" for number in range(100 * size))
    results = [{"test_id": "A", "filename": "a.py", "line_number": 100 * size - 1, "code": code}]
    return json.dumps({"results": results, "metrics": {}, "generated_at": ""}).encode()


def _bill(size: int) -> bytes:
    """One component with many properties, to which many links lead, of a vulnerability with many names and ratings."""
    component = {
        "bom-ref": "c",
        "name": "c",
        "properties": [{"name": f"p{number}", "value": ""} for number in range(20 * size)],
    }
    found = {
        "id": "A",
        "description": _BLANKS * size,
        "references": [{"id": f"CVE-2024-{number:04}"} for number in range(5 * size)],
        "ratings": [{"severity": "high", "vector": f"x{number}"} for number in range(5 * size)],
        "affects": [{"ref": f"urn:cdx:x/{number}#c"} for number in range(10 * size)],
    }
    return json.dumps(
        {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component], "vulnerabilities": [found]}
    ).encode()


def _groups(size: int) -> bytes:
    """Many groups of the same vulnerabilities, each of which has many fixed versions."""
    package = {"name": "p", "ecosystem": "npm"}
    events = [{"fixed": str(number)} for number in range(size)]
    found = [{"id": f"v{number}", "affected": [{"package": package, "ranges": [{"events": events}]}]} for number in range(20)]
    groups = [{"ids": [one["id"] for one in found]} for _ in range(10 * size)]
    listed = {"package": package, "vulnerabilities": found, "groups": groups}
    return json.dumps({"results": [{"source": {"path": "a"}, "packages": [listed]}]}).encode()


_FILES: dict[str, Callable[[int], bytes]] = {
    "bill of materials": _bill,
    "components": _components,
    "groups": _groups,
    "unknown rules": _unknown_rules,
    "taxonomies": _taxonomies,
    "long taxonomy": _long_taxonomy,
    "twins": _twins,
    "checks": _checks,
    "code": _code,
    "tags": lambda size: _described(size, properties={"tags": ["security"] * (10 * size)}),
    "relationships": lambda size: _described(size, relationships=[{"target": {"id": "79"}}] * (10 * size)),
    "description": lambda size: _described(size, fullDescription={"text": _BLANKS * size}),
    "title": lambda size: _described(size, shortDescription={"text": f"{_BLANKS * size}A rule."}),
    "score": lambda size: _described(size, properties={"security-severity": f"{_BLANKS * size}5.0"}),
    "message": lambda size: _file(
        [_result(number, message={"id": "m", "arguments": ["x"]}) for number in range(10 * size)],
        [{"id": "A", "messageStrings": {"m": {"text": f"{_BLANKS * size}{{0}}"}}}],
    ),
    "rule id": lambda size: _file(
        [_result(number, ruleId=None, ruleIndex=0) for number in range(10 * size)], [{"id": f"{_BLANKS * size}A"}]
    ),
    "bases": lambda size: _file(
        [_result(number, locations=[_based("b0")]) for number in range(10 * size)],
        originalUriBaseIds={
            f"b{number}": {"uri": f"https://x.example/{'a/' * min(10 * size, 8000)}", "uriBaseId": f"b{number + 1}"}
            for number in range(16)
        },
    ),
    "own bases": lambda size: _file(
        [_result(number, locations=[_based("b0", f"{number}.py")]) for number in range(10 * size)],
        originalUriBaseIds={
            f"b{number}": {"uri": "%41/" * min(10 * size, 4000), "uriBaseId": f"b{number + 1}"} for number in range(16)
        },
    ),
    "directories": lambda size: _file(
        [_result(number, locations=[_at(f"/{'a/' * 300}{number}.py")]) for number in range(size)],
        originalUriBaseIds={f"b{number}": {"uri": f"/{'a/' * 300}b{number}"} for number in range(size)},
    ),
    "fingerprints": lambda size: _file(
        [_result(number, fingerprints={"a": str(number), "b": "b"}, ruleId="A") for number in range(10 * size)]
    ),
    "many fingerprints": lambda size: _file([_result(1, fingerprints={f"f{number}": "x" for number in range(20 * size)})]),
    "twins at one place": lambda size: _file([_result(1, fingerprints={"a": str(number)}) for number in range(10 * size)]),
    "named": lambda size: _file(
        [_result(number, locations=[{"logicalLocations": [{"index": 0}]}]) for number in range(10 * size)],
        logicalLocations=[{"fullyQualifiedName": "a" * (1000 * size)}],
    ),
    "long rule id": lambda size: _file(
        [_result(number, ruleId=None, ruleIndex=0) for number in range(10 * size)], [{"id": "A" * (1000 * size)}]
    ),
    "tag": lambda size: _described(size, properties={"tags": [f"CWE-{'0' * (1000 * size)}1"], "cwe": _BLANKS * size}),
    "taxon": lambda size: _described(
        size, relationships=[{"target": {"id": "0" * (1000 * size), "toolComponent": {"name": "CWE"}}}]
    ),
    "odd results": lambda size: _file([_result(number, level=5, rank="x", ruleIndex=[]) for number in range(10 * size)]),
    "odd descriptions": lambda size: _file([_result(1, level=5)], [5] * (20 * size)),
    "odd member": lambda size: _file([_result(1, level=[{"a": 1}] * (20 * size))]),
    "halves of pairs": lambda size: _file([_result(1)], x=0).replace(b'"x": 0', b'"x": "%s"' % (rb"\\\ud800" * (200 * size))),
    "artifact": lambda size: _file(
        [_result(number, locations=[_indexed()]) for number in range(10 * size)],
        artifacts=[{"location": {"uri": "%41/" * min(10 * size, 4000)}}],
    ),
    "npm title": lambda size: _npm(size, title=_BLANKS * size, patched_versions=_BLANKS * size),
    "npm url": lambda size: _npm(size, url="/" * (1000 * size), cves=["CVE-2020-1234"] * (10 * size)),
    "npm entry": _npm_7,
    "pip name": _pip,
    "zap text": lambda size: _zap(size, desc="<p>" * (300 * size), solution="<a b='" * (100 * size)),
    "zap uri": lambda size: _zap(size, uri=f"https://x.example/?{'a&' * min(500, size)}"),
    "generic": _generic,
    "quotes in a table": lambda size: _table(b'"a\n",' * (200 * size)),
    "line breaks in a table": lambda size: _table(b'x,"' + b"\n" * (1000 * size) + b"x"),
    "lines of a table": lambda size: _table(b"x,R1,Bad.,LINES,a.py,1\n" * (20 * size)),
}


def _spent(content: bytes) -> float:
    started = process_time()
    with suppress(BadFile):
        read(content, Options())
    return process_time() - started


@pytest.mark.parametrize("name", _FILES)
def test_reading_takes_time_in_proportion_to_the_file(name: str) -> None:
    small, large = _FILES[name](100), _FILES[name](800)
    allowed = 3 * len(large) / len(small) * max(0.002, *(_spent(small) for _ in range(3)))
    assert any(_spent(large) < allowed for _ in range(3)), "once is enough: something else may have slowed the others down"
