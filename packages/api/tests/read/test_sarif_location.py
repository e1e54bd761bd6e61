"""Result → Vulnerability, the rows on locations (domain section 8) and their limits (section 3)."""

from typing import Any

import pytest

from integrates.api.imports.read.observation import Location, SkipReason
from integrates.db_model.vulnerabilities.location import location_refusals
from integrates.db_model.vulnerabilities.types import Technique, VulnerabilityLocation, VulnerabilityType

LINES, INPUTS, PORTS = VulnerabilityType.LINES, VulnerabilityType.INPUTS, VulnerabilityType.PORTS


def reasons(scan: Any) -> list[SkipReason]:
    assert scan.observations == ()
    assert scan.skipped == len(scan.problems)
    return [problem.reason for problem in scan.problems]


@pytest.mark.parametrize(
    ("uri", "where"),
    [
        ("src/a.py", "src/a.py"),
        ("./src/./a.py", "src/a.py"),
        ("src%2Fa%20b.py", "src/a b.py"),
        ("a%252e.py", "a%2e.py"),
        (r"src\win\a.py", "src/win/a.py"),
        ("src%5Ca.py", "src/a.py"),
        (" src/a.py ", "src/a.py"),
        ("src/\u00e9.py", "src/\u00e9.py"),
        ("src/e\u0301.py", "src/\u00e9.py"),
        ("src/%C3%A9.py", "src/\u00e9.py"),
        ("...", "..."),
        ("a/..b/c", "a/..b/c"),
        ("a#b.py", "a#b.py"),
        ("a?b.py", "a?b.py"),
        ("file:src/a.py", "src/a.py"),
        ("d/" * 498 + "1234", "d/" * 498 + "1234"),
        ("src/../a.py", "a.py"),
        ("src/lib/../../a.py", "a.py"),
        ("src/%2e%2e/a.py", "a.py"),
        ("src/", "src"),
        ("src//a.py", "src/a.py"),
        ("src/%2Fa.py", "src/a.py"),
        ("src/C:/a.py", "src/C:/a.py"),
        ("./C:a.py", "C:a.py"),
        ("100%.py", "100%.py"),
    ],
)
def test_paths(observe: Any, uri: str, where: str) -> None:
    one = observe(uri=uri, line=7)
    assert one.location == Location(LINES, where, "7")
    assert location_refusals(LINES, VulnerabilityLocation(where=where, specific="7")) == ()
    assert one.technique is Technique.SAST


@pytest.mark.parametrize(
    "uri",
    [
        "../a.py",
        "src/../../a.py",
        "%2e%2e/a.py",
        "%2E%2E%2Fa.py",
        r"..\a.py",
        "src/..",
        " %20../a.py",
        "/etc/passwd",
        "%2Fetc/passwd",
        r"\\server\share",
        r"C:\code\a.py",
        "C:/code/a.py",
        "c%3A/code/a.py",
        "C:a.py",
        "file:///src/a.py",
        "file:///C:/code/a.py",
        "file://host/src/a.py",
        "FILE:///src/a.py",
        "=cmd.py",
        "%3Dcmd.py",
        "",
        " ",
        ".",
        "./",
        "/",
        r"\a.py",
        "/../a.py",
        "C:/../../a.py",
        "/C:/code/a.py",
        "a\x00b.py",
        "a%00b.py",
        "a%0Ab.py",
        "a\u202eb.py",
        "a%FFb.py",
        "a" * 1001,
        "a" * 100_000,
        "git://host/a.py",
        "javascript:alert(1)",
        "urn:uuid:5",
    ],
)
def test_paths_that_are_refused(scan: Any, result: Any, uri: str) -> None:
    assert reasons(scan(result(uri=uri))) == [SkipReason.BAD_PATH]


@pytest.mark.parametrize(
    ("prefix", "uri", "where"),
    [
        ("src", "src/a.py", "a.py"),
        ("src/", "src/a.py", "a.py"),
        ("./src/", "./src/a.py", "a.py"),
        ("src", "srcs/a.py", "srcs/a.py"),
        ("src", "src/src/a.py", "src/a.py"),
        ("src", "lib/src/a.py", "lib/src/a.py"),
        (r"src\x", "src/x/a.py", "a.py"),
        ("/home/me/repo", "/home/me/repo/a.py", "a.py"),
        ("/home/me/repo/", "file:///home/me/repo/a.py", "a.py"),
        ("file:///home/me/re%20po", "file:///home/me/re%20po/a.py", "a.py"),
        ("file://localhost/home", "file:///home/a.py", "a.py"),
        ("C:/code", "file:///C:/code/a.py", "a.py"),
        ("C:\\code\\", "C:\\code\\a.py", "a.py"),
        ("c:/code", "C:\\code\\a.py", "a.py"),
        ("C:/code", "file:///c%3A/code/a.py", "a.py"),
        ("/c:/code", "C:/code/a.py", "a.py"),
        ("C:", "C:/code/a.py", "code/a.py"),
        ("C:code", "src/a.py", "src/a.py"),
        ("Src", "src/a.py", "src/a.py"),
        (r"\\server\share", r"\\server\share\a.py", "a.py"),
        ("src/../lib/", "lib/a.py", "a.py"),
        ("../other", "../other/a.py", "a.py"),
        ("src", "lib/../src/a.py", "a.py"),
        ("src", "src/../a.py", "a.py"),
        ("src", "src//etc/passwd", "etc/passwd"),
        ("re%20po", "re%2520po/a.py", "a.py"),
        ("/", "a.py", "a.py"),
        ("/", "/a.py", "a.py"),
        ("", "a.py", "a.py"),
        (" ", "a.py", "a.py"),
        ("file:", "a.py", "a.py"),
        ("file:%FF", "a.py", "a.py"),
        ("file:%00", "a.py", "a.py"),
        ("\x00", "a.py", "a.py"),
        (None, "a.py", "a.py"),
    ],
)
def test_prefixes(scan: Any, result: Any, prefix: str | None, uri: str, where: str) -> None:
    (one,) = scan(result(uri=uri), options={"strip_prefix": prefix}).observations
    assert one.location.where == where


@pytest.mark.parametrize(
    ("prefix", "uri"),
    [
        ("src/a.py", "src/a.py"),
        ("/home/you", "file:///home/me/a.py"),
        ("src", "src/=a.py"),
        ("src", "src/C:/a.py"),
        ("src", "src/../../a.py"),
        ("/", "/../../=a.py"),
    ],
)
def test_what_a_prefix_leaves_is_checked(scan: Any, result: Any, prefix: str, uri: str) -> None:
    assert reasons(scan(result(uri=uri), options={"strip_prefix": prefix})) == [SkipReason.BAD_PATH]


@pytest.mark.parametrize(
    ("prefixes", "uri", "where"),
    [
        (("", "services/api"), "src/a.py", "services/api/src/a.py"),
        (("", "/services/api/"), "src/a.py", "services/api/src/a.py"),
        (("", r".\services\api"), "src/a.py", "services/api/src/a.py"),
        (("", "services/api"), "../lib/a.py", "services/lib/a.py"),
        (("", "services/api"), "../../../a.py", None),
        (("", "services/api"), "/src/a.py", None),
        (("", "services/api"), "C:/src/a.py", None),
        (("/src", "services/api"), "/src/a.py", "services/api/a.py"),
        (("/src", "/"), "/src/a.py", "a.py"),
        (("", "../x"), "a.py", None),
        (("", "a\x00b"), "a.py", None),
        (("", "C:/x"), "a.py", None),
        (("", "services"), "https://example.com/a", "https://example.com/a"),
        (("", "services"), "tcp://example.com:1", "example.com"),
    ],
)
def test_what_is_put_in_front(scan: Any, result: Any, prefixes: tuple[str, str], uri: str, where: str | None) -> None:
    found = scan(result(uri=uri), options={"strip_prefix": prefixes[0], "add_prefix": prefixes[1]})
    assert [one.location.where for one in found.observations] == ([] if where is None else [where])


BASES = {
    "ROOT": {"uri": "file:///build/tree/"},
    "HOST": {"uri": "file://build.example.com/tree/"},
    "DRIVE": {"uri": "C:\\code\\"},
    "SRC": {"uri": " src/", "uriBaseId": "ROOT"},
    "DEEP": {"uri": "deep", "uriBaseId": "SRC"},
    "WEB": {"uri": "https://example.com/app"},
    "UNKNOWN": {"description": {"text": "somewhere"}},
    "LOOP": {"uri": "x/", "uriBaseId": "POOL"},
    "POOL": {"uri": "y/", "uriBaseId": "LOOP"},
    "UP": {"uri": "../"},
    "DEEPER": {"uri": "/build/tree/deeper"},
    "RELATIVE_FILE": {"uri": "file:src"},
    "ODD": {"uri": 5},
    "ENCODED": {"uri": "a%20b/"},
    "LONG": {"uri": "a/" * 600},
    "LONG_WEB": {"uri": "https://example.com/" + "a" * 1000},
    "OTHER": {"uri": "git://example.com/"},
    "NOT_UTF8": {"uri": "%FF/"},
}


@pytest.mark.parametrize(
    ("base", "uri", "kind", "where"),
    [
        ("ROOT", "a.py", LINES, "a.py"),
        ("HOST", "a.py", LINES, "a.py"),
        ("DRIVE", "a.py", LINES, "a.py"),
        ("SRC", "a.py", LINES, "src/a.py"),
        ("DEEP", "a.py", LINES, "src/deep/a.py"),
        ("UNKNOWN", "a.py", LINES, "a.py"),
        ("%SRCROOT%", "a.py", LINES, "a.py"),
        ("WEB", "login?x=1", INPUTS, "https://example.com/app/login"),
        ("SRC", "https://example.com/a", INPUTS, "https://example.com/a"),
        ("WEB", "tcp://example.com:80", PORTS, "example.com"),
        ("SRC", "../a.py", LINES, "a.py"),
        ("SRC", "%2Fa.py", None, "/runs/0/results/0"),
        ("UP", "src/../../a/b.py", None, "/runs/0/results/0"),
        ("ODD", "a.py", LINES, "a.py"),
        ("ENCODED", "b%20c.py", LINES, "a b/b c.py"),
        ("ROOT", "file:///build/tree/a.py", LINES, "a.py"),
        ("SRC", "/build/tree/a.py", LINES, "a.py"),
        ("SRC", "/build/tree/deeper/a.py", LINES, "a.py"),
        ("SRC", "/build/trees/a.py", None, "/runs/0/results/0"),
        ("SRC", r"c:\code\a.py", LINES, "a.py"),
        ("SRC", "file://build.example.com/tree/a.py", LINES, "a.py"),
        ("SRC", "/build/tree/../other/a.py", None, "/runs/0/results/0"),
        ("SRC", r"\etc\a.py", None, "/runs/0/results/0"),
        ("LONG", "a.py", None, "/runs/0/results/0"),
        ("LONG_WEB", "a", None, "/runs/0/results/0"),
        ("OTHER", "a.py", None, "/runs/0/results/0"),
        ("NOT_UTF8", "a.py", None, "/runs/0/results/0"),
    ],
)
def test_bases(scan: Any, result: Any, base: str, uri: str, kind: VulnerabilityType | None, where: str) -> None:
    """Where ``kind`` is none, the path is bad."""
    location = {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": base}}}
    found = scan(result(locations=[location]), originalUriBaseIds=BASES)
    places = [(one.location.type, one.location.where) for one in found.observations]
    problems = [(None, one.pointer) for one in found.problems if one.reason is SkipReason.BAD_PATH]
    assert [*places, *problems] == [(kind, where)]


@pytest.mark.parametrize(
    ("directories", "prefix", "where"),
    [
        (["/w"], None, "shop/src/a.py"),
        (["file:///w/shop/"], None, "src/a.py"),
        (["/w/shop", "/w"], None, "src/a.py"),
        (["/w", "/w/shop/"], None, "src/a.py"),
        (["/"], None, "w/shop/src/a.py"),
        (["/w/shop"], "/w", "shop/src/a.py"),
        (["/w/shop"], "/v", "src/a.py"),
        (["w", "w/shop", "", "https://example.com/w", "/w/sho", "/v"], None, None),
        ([None, 5, {}, "/w"], None, "shop/src/a.py"),
    ],
)
def test_directories_in_which_the_tool_worked(
    scan: Any, result: Any, directories: list[Any], prefix: str | None, where: str | None
) -> None:
    invocations = [{"workingDirectory": {"uri": uri}} for uri in directories]
    found = scan(result(uri="file:///w/shop/src/a.py"), invocations=invocations, options={"strip_prefix": prefix})
    assert [one.location.where for one in found.observations] == ([] if where is None else [where])


def test_bases_that_lead_in_a_circle_end(observe: Any) -> None:
    location = {"physicalLocation": {"artifactLocation": {"uri": "a.py", "uriBaseId": "LOOP"}}}
    one = observe(locations=[location], run={"originalUriBaseIds": BASES})
    assert one.location.where.endswith("/y/x/a.py")


def test_first_location_with_a_uri_counts(observe: Any) -> None:
    locations = [
        {"logicalLocations": [{"name": "f"}]},
        {"physicalLocation": {"address": {"offset": 5}}},
        {"physicalLocation": {"artifactLocation": {"uri": "b.py"}, "region": {"startLine": 3}}},
        {"physicalLocation": {"artifactLocation": {"uri": "c.py"}}},
    ]
    assert observe(locations=locations).location == Location(LINES, "b.py", "3")


@pytest.mark.parametrize(
    "locations", [None, [], [{}], [{"physicalLocation": {}}], [{"physicalLocation": {"artifactLocation": {}}}]]
)
def test_results_without_place_are_skipped(scan: Any, result: Any, locations: object) -> None:
    assert reasons(scan(result(locations=locations))) == [SkipReason.NO_LOCATION]


@pytest.mark.parametrize(
    ("logical", "where"),
    [
        ([{"name": "f"}], "f"),
        ([{"name": "f", "fullyQualifiedName": "m::C.f(int)"}], "m::C.f(int)"),
        ([{"fullyQualifiedName": " "}, {"name": "g"}], "g"),
        ([{"index": 0}], "from run"),
        ([{"index": 0, "name": "own"}], "own"),
        ([{"index": 1}], None),
        ([5, {"name": "g"}], "g"),
        ([{"name": 5, "fullyQualifiedName": None}], None),
        ([{"name": r"a\b"}], "a/b"),
        ([{"name": "a\nb\x00c\u202ed"}], "a/b/c/d"),
        ([{"name": "../../etc/./passwd//x"}], "etc/passwd/x"),
        ([{"name": "==/cmd"}], "cmd"),
        ([{"name": "C:\\x"}], "C/x"),
        ([{"name": ".."}], None),
        ([{"name": "n" * 3_000}], "n" * 1_000),
        ([{"name": "e\u0301" + "\u0316" * 50}], "\u00e9" + "\u0316" * 9),
    ],
)
def test_what_has_a_name_but_no_file(scan: Any, result: Any, logical: list[Any], where: str | None) -> None:
    found = scan(result(locations=[{"logicalLocations": logical}]), logicalLocations=[{"name": "from run"}])
    assert [one.location for one in found.observations] == ([Location(LINES, where, "0")] if where else [])
    assert [one.reason for one in found.problems] == ([] if where else [SkipReason.NO_LOCATION])
    for one in found.observations:
        assert location_refusals(LINES, VulnerabilityLocation(where=one.location.where, specific="0")) == ()


@pytest.mark.parametrize(("index", "found"), [(1, True), (2, False), (-1, False), (0, False)])
def test_location_by_artifact(scan: Any, result: Any, index: int, found: object) -> None:
    location = {"physicalLocation": {"artifactLocation": {"index": index}}}
    read = scan(
        result(locations=[location]),
        artifacts=[{}, {"location": {"uri": "x.py", "uriBaseId": "SRC"}}],
        originalUriBaseIds=BASES,
    )
    assert [one.location.where for one in read.observations] == (["src/x.py"] if found else [])


@pytest.mark.parametrize(
    ("region", "specific"),
    [
        ({"startLine": 5}, "5"),
        ({}, "0"),
        (None, "0"),
        ({"startLine": 0}, "0"),
        ({"startLine": 10_000_000}, "10000000"),
        ({"startLine": -1}, "0"),
        ({"startLine": 12.0}, "12"),
        ({"startLine": 12.5}, "0"),
        ({"startLine": 10_000_001}, "0"),
        ({"startLine": "7"}, "0"),
        ({"startLine": None}, "0"),
        (5, "0"),
    ],
)
def test_line(observe: Any, region: object, specific: str) -> None:
    location = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": region}}
    assert observe(locations=[location]).location.specific == specific


PARAMETER = {"kind": "parameter", "name": "user"}


@pytest.mark.parametrize(
    ("uri", "logical", "where", "specific"),
    [
        ("https://example.com/a", [], "https://example.com/a", "general"),
        ("https://example.com/a?b=1&a=2&b=3&c#top", [], "https://example.com/a", "a,b,c"),
        ("https://example.com/a?x=1", [PARAMETER], "https://example.com/a", "user"),
        ("https://example.com/a", [{"kind": "function", "name": "f"}, PARAMETER], "https://example.com/a", "user"),
        ("https://example.com/a", [{"kind": "parameter", "fullyQualifiedName": "q.user"}], "https://example.com/a", "q.user"),
        ("https://example.com/a?x", [{"kind": "parameter", "name": " "}], "https://example.com/a", "x"),
        ("https://example.com/a", [{"index": 0}], "https://example.com/a", "from run"),
        ("https://example.com/a", [{"index": 4}], "https://example.com/a", "general"),
        ("HTTP://Example.COM:8080/A", [], "http://example.com:8080/A", "general"),
        ("http://[::1]/a", [], "http://[::1]/a", "general"),
        ("https://example.com/a?%C3%A9=1", [], "https://example.com/a", "\u00e9"),
        ("https://example.com/a?x%00y=1", [], "https://example.com/a", "xy"),
        ("https://example.com/a?" + "p" * 1_500, [], "https://example.com/a", "p" * 1_000),
        (
            "https://example.com/a?x",
            [{"kind": "parameter", "name": "a\nb" + "c" * 2_000}],
            "https://example.com/a",
            "a b" + "c" * 997,
        ),
    ],
)
def test_inputs(observe: Any, uri: str, logical: list[Any], where: str, specific: str) -> None:
    location = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 9}}, "logicalLocations": logical}
    one = observe(locations=[location], run={"logicalLocations": [{"kind": "parameter", "name": "from run"}]})
    assert one.location == Location(INPUTS, where, specific)
    assert location_refusals(INPUTS, VulnerabilityLocation(where=where, specific=specific)) == ()
    assert one.technique is Technique.DAST


@pytest.mark.parametrize(
    "uri",
    [
        "https:///a",
        "http:",
        "https://me:secret@example.com/a",
        "https://example.com:99999/a",
        "https://[::1/a",
        "https://example.com/a b",
        "https://example.com/" + "a" * 1000,
        "https://example.com/\u202e",
    ],
)
def test_inputs_that_are_refused(scan: Any, result: Any, uri: str) -> None:
    assert reasons(scan(result(uri=uri))) == [SkipReason.BAD_PATH]


@pytest.mark.parametrize(
    ("uri", "where", "specific"),
    [
        ("tcp://example.com:443", "example.com", "443"),
        ("udp://10.0.0.1:53", "10.0.0.1", "53"),
        ("TCP://Example.COM:080/x", "example.com", "80"),
        ("tcp://[2001:DB8::0:1]:22", "2001:db8::1", "22"),
        ("tcp://h:0", "h", "0"),
        ("tcp://h:65535", "h", "65535"),
    ],
)
def test_ports(observe: Any, uri: str, where: str, specific: str) -> None:
    one = observe(uri=uri)
    assert one.location == Location(PORTS, where, specific)
    assert location_refusals(PORTS, VulnerabilityLocation(where=where, specific=specific)) == ()
    assert one.technique is Technique.DAST


@pytest.mark.parametrize(
    "uri", ["tcp://h", "tcp://h:65536", "tcp://h:x", "tcp://:80", "tcp:h:80", "udp://a_b!:1", "tcp://[::1:1"]
)
def test_ports_that_are_refused(scan: Any, result: Any, uri: str) -> None:
    assert reasons(scan(result(uri=uri))) == [SkipReason.BAD_PATH]
