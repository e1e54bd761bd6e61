"""What is read from both generic formats (domain section 19, table *Generic*)."""

import csv
import io
import json
from typing import Any

import pytest

from integrates.api.imports.read.error import BadFile, TooLarge, rendered
from integrates.api.imports.read.format.generic_csv import COLUMNS
from integrates.api.imports.read.observation import Location, Observation, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.api.imports.read.result import line_at
from integrates.db_model.imports.types import ClosingOutcome
from integrates.db_model.vulnerabilities.types import Technique

Json = dict[str, Any]
HEAD = {"format": "integrates-generic", "version": 1, "tool": "Own"}
SEEN = {"type": "LINES", "where": "src/a.py", "specific": "7"}
RULE = {"rule_id": "R1", "title": "Bad."}
PACKAGE = {"type": "PACKAGES", "where": "package-lock.json", "specific": "@a/b@1.0"}


def document(*seen: Json, rule: Json | None = None, **members: Any) -> bytes:
    return json.dumps(HEAD | {"findings": [RULE | (rule or {}) | {"vulnerabilities": list(seen)}]} | members).encode()


def table(*lines: Json) -> bytes:
    names = dict.fromkeys(name for line in lines for name in line)
    written = io.StringIO()
    into = csv.DictWriter(written, list(names))
    into.writeheader()
    into.writerows(lines)
    return written.getvalue().encode()


def row(**cells: Any) -> Json:
    return {"tool": "Own"} | RULE | SEEN | cells


def only(content: bytes, options: Options | None = None) -> Observation:
    (one,) = read(content, options or Options()).observations
    return one


def told(content: bytes) -> str:
    with pytest.raises(BadFile) as caught:
        read(content, Options())
    return rendered(caught.value.defects[0])


def same(one: Scan, other: Scan) -> bool:
    """Whether both say the same, but for the format and the pointers."""
    places = [
        [
            (each.rule, each.location, each.fingerprint, each.technique, each.advisory, each.suppression)
            for each in scan.observations
        ]
        for scan in (one, other)
    ]
    texts = [[(each.snippet, each.detail, each.own_score) for each in scan.observations] for scan in (one, other)]
    return (one.rules, places[0], texts[0]) == (other.rules, places[1], texts[1])


def test_both_formats_say_the_same() -> None:
    advisory: Json = {"id": "GHSA-a", "package": "@a/b", "version": "1.0", "fixed_version": "1.1", "purl": "pkg:npm/%40a/b@1.0"}
    rule = {"description": "D.", "recommendation": "R.", "cwe_ids": ["CWE-79", "80"]}
    more: Json = {"technique": "SCR", "fingerprint": "f", "snippet": "x = 1", "detail": "d\ne", "suppressed": True}
    rated: Json = {"severity": "high", "cvss_vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}
    seen: list[Json] = [SEEN | more | rated, PACKAGE | {"advisory": advisory} | rated]
    cells: Json = {"description": "D.", "recommendation": "R.", "cwe_ids": "CWE-79;80"} | rated
    flat = {"advisory": "GHSA-a"} | {name: advisory[name] for name in ("package", "version", "fixed_version", "purl")}
    lines = [row(**cells, **more | {"suppressed": "True"}), row(**cells, **PACKAGE | flat)]
    one, other = read(document(*seen, rule=rule), Options()), read(table(*lines), Options())
    assert same(one, other)
    assert (one.series, len(one.observations), one.remarks) == (other.series, 2, ())
    assert [each.pointer for each in other.observations] == ["line 2", "line 4"]


def test_a_line_of_source() -> None:
    one = only(document(SEEN))
    assert (one.location.where, one.location.specific, one.rule.tool, one.fingerprint) == ("src/a.py", "7", "own", None)
    assert only(document(SEEN | {"specific": 7})).location == one.location
    assert only(document(SEEN), Options(add_prefix="web")).location.where == "web/src/a.py"


def test_packages_of_a_distribution_are_in_no_folder() -> None:
    for where, found in (("os", "os"), ("a.lock", "web/a.lock")):
        assert only(document(PACKAGE | {"where": where}), Options(add_prefix="web")).location.where == found


@pytest.mark.parametrize(
    ("number", "line"),
    [(None, "0"), (-1, "0"), (0, "0"), (1.0, "1"), (10_000_000, "10000000"), (10_000_001, "0"), (float("inf"), "0")],
)
def test_what_is_no_line_is_the_whole_file(number: float | None, line: str) -> None:
    found = line_at("a.py", number)
    assert isinstance(found, Location)
    assert found.specific == line


@pytest.mark.parametrize(
    ("seen", "where", "specific"),
    [
        ({"type": "INPUTS", "where": "https://x.example/a?b", "specific": "q"}, "https://x.example/a", "q"),
        ({"type": "PORTS", "where": "X.example", "specific": "022"}, "x.example", "22"),
        ({"type": "LINES", "where": "./a.py", "specific": "0"}, "a.py", "0"),
        (PACKAGE, "package-lock.json", "@a/b@1.0"),
        (PACKAGE | {"where": "os", "specific": "tar"}, "os", "tar"),
    ],
)
def test_where_it_is(seen: Json, where: str, specific: str) -> None:
    for content in (document(seen), table(row(**seen))):
        found = only(content).location
        assert (found.type.value, found.where, found.specific) == (seen["type"], where, specific)


@pytest.mark.parametrize(
    "seen",
    [
        SEEN | {"where": "../a"},
        {"type": "INPUTS", "where": "a", "specific": "b"},
        {"type": "PORTS", "where": "_ _", "specific": "1"},
    ],
)
def test_where_it_cannot_be(seen: Json) -> None:
    (one,) = read(document(seen), Options()).problems
    (other,) = read(table(row(**seen)), Options()).problems
    assert (one.reason.value, one.pointer) == ("bad_path", "/findings/0/vulnerabilities/0")
    assert (other.reason, other.uri, other.pointer) == (one.reason, seen["where"], "line 2")


@pytest.mark.parametrize(
    ("advisory", "package", "version", "id_"),
    [
        (None, "@a/b", "1.0", "R1"),
        ({}, "@a/b", "1.0", "R1"),
        ({"id": "GHSA-a", "aliases": ["CVE-2020-1234"]}, "@a/b", "1.0", "CVE-2020-1234"),
        ({"package": "@a/b"}, "@a/b", "1.0", "R1"),
        ({"package": "@a/b@1.0"}, "@a/b@1.0", "", "R1"),
        ({"package": "@a/b", "version": "1.0"}, "@a/b", "1.0", "R1"),
    ],
)
def test_the_advisory_of_a_package(advisory: Json | None, package: str, version: str, id_: str) -> None:
    one = only(document(PACKAGE | {"advisory": advisory}))
    assert one.advisory is not None
    assert (one.advisory.package, one.advisory.vulnerable_version, one.advisory.id) == (package, version, id_)
    assert one.rule.rule_id == id_


def test_a_package_is_known_by_its_place_and_name() -> None:
    assert only(document(PACKAGE)).fingerprint == "package-lock.json|pkg:/@a/b"
    assert only(document(PACKAGE | {"advisory": {"purl": "pkg:npm/x@1"}})).fingerprint == "package-lock.json|pkg:npm/x"
    assert only(document(PACKAGE | {"fingerprint": "f"})).fingerprint == "f"
    (rule,) = read(document(PACKAGE, rule={"title": "R1: Bad."}), Options()).rules
    assert (rule.title, rule.recommendation) == ("R1: Bad.", "No fixed version is known.")


@pytest.mark.parametrize(
    ("of_rule", "own", "score", "own_score"),
    [
        ({}, {}, "5.0", None),
        ({"severity": "high"}, {}, "7.0", None),
        ({"severity": 7.55}, {}, "7.6", None),
        ({"severity": "9.8"}, {}, "9.8", None),
        ({"severity": "unknown"}, {}, "5.0", None),
        ({"severity": ""}, {}, "5.0", None),
        ({"severity": 0}, {}, "0.0", None),
        ({"severity": "high"}, {"severity": "low"}, "7.0", "2.0"),
        ({}, {"severity": "low"}, "2.0", None),
        ({"cvss_vector": "AV:N/AC:L/Au:N/C:N/I:N/A:C"}, {}, "7.8", None),
        ({"severity": 4, "cvss_vector": "AV:N/AC:L/Au:N/C:N/I:N/A:C"}, {}, "4.0", None),
        ({"severity": "high"}, {"cvss_vector": "AV:N/AC:L/Au:N/C:N/I:N/A:C"}, "7.0", "7.8"),
    ],
)
def test_how_bad_it_is(of_rule: Json, own: Json, score: str, own_score: str | None) -> None:
    scan = read(document(SEEN | own, rule=of_rule), Options())
    (one,) = scan.observations
    assert (str(scan.rules[0].tool_score), one.own_score and str(one.own_score)) == (score, own_score)


def test_a_vector_that_is_none_is_told() -> None:
    for content in (document(SEEN, rule={"cvss_vector": "x"}), table(row(cvss_vector="x"))):
        assert [one.reason.value for one in read(content, Options()).remarks] == ["bad_vector"]


@pytest.mark.parametrize(
    ("members", "category", "outcome"),
    [
        ({}, "", ClosingOutcome.DONE),
        ({"category": "api", "complete": True}, "api/", ClosingOutcome.DONE),
        ({"category": "api/", "complete": None}, "api/", ClosingOutcome.DONE),
        ({"complete": False}, "", ClosingOutcome.NOT_SUCCESSFUL),
    ],
)
def test_what_the_file_says_of_itself(members: Json, category: str, outcome: ClosingOutcome) -> None:
    (series,) = read(document(SEEN, **members), Options()).series
    assert (series.tool, series.category, series.outcome) == ("own", category, outcome)


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        ({"type": "lines"}, "Invalid enum value 'lines': {}/type"),
        ({"specific": "x"}, "Expected the number of a line, 0 for the whole file: {}/specific"),
        ({"specific": "10000001"}, "Expected the number of a line, 0 for the whole file: {}/specific"),
        ({"type": "PORTS", "specific": "70000"}, "Expected the number of a port: {}/specific"),
        ({"type": "INPUTS", "specific": ""}, "Expected the name of a field: {}/specific"),
        ({"type": "PACKAGES", "specific": ""}, "Expected a package, `name@version` or `name`: {}/specific"),
        ({"technique": "sca"}, "Invalid enum value 'sca': {}/technique"),
        ({"severity": "purple"}, "Expected a word, such as `high`, or a number from 0.0 to 10.0: {}/severity"),
        ({"severity": "10.1"}, "Expected a word, such as `high`, or a number from 0.0 to 10.0: {}/severity"),
        ({"severity": "-1"}, "Expected a word, such as `high`, or a number from 0.0 to 10.0: {}/severity"),
        ({"suppressed": "maybe"}, "Expected true or false or null, got a text: {}/suppressed"),
    ],
)
def test_defects_of_both(seen: Json, message: str) -> None:
    assert told(document(SEEN | seen)).replace("null or ", "") == message.format("/findings/0/vulnerabilities/0")
    assert told(table(row(), row(**seen))) == "In line 3: " + message.format("")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            document(SEEN, rule={"severity": 11}),
            "Expected a word, such as `high`, or a number from 0.0 to 10.0: /findings/0/severity",
        ),
        (document(SEEN, version=2), "Expected 1: /version"),
        (document(SEEN, tool=None), "Expected a text, got null: /tool"),
        (document(SEEN, tool=" "), "Expected a name of at most 200 characters on one line: /tool"),
        (document(SEEN, category="a\nb"), "Expected at most 200 characters on one line: /category"),
        (document(SEEN, x=1), "There is no such member (unknown_column): /x"),
        (document(SEEN, rule={"x": 1}), "There is no such member (unknown_column): /findings/0/x"),
        (document(SEEN | {"x/y": 1}), "There is no such member (unknown_column): /findings/0/vulnerabilities/0/x~1y"),
        (
            document(PACKAGE | {"advisory": {"x": 1}}),
            "There is no such member (unknown_column): /findings/0/vulnerabilities/0/advisory/x",
        ),
        (
            document(SEEN | {"advisory": {}}),
            "Only what is of the type PACKAGES has an advisory: /findings/0/vulnerabilities/0/advisory",
        ),
        (
            document(PACKAGE | {"advisory": {"package": "c"}}),
            "Expected `name@version` of the package of the advisory, or its `name`: /findings/0/vulnerabilities/0/specific",
        ),
        (json.dumps(HEAD).encode(), "The member is missing: /findings"),
        (json.dumps(HEAD | {"findings": [{"title": "a"}]}).encode(), "The member is missing: /findings/0/rule_id"),
    ],
    ids=range(13),
)
def test_defects_of_json(content: bytes, message: str) -> None:
    assert told(content) == message


HEADER = b"tool,rule_id,title,type,where,specific"
LINE = b"x,R1,Bad.,LINES,a.py,1"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + b",odd\n" + LINE + b",1", "In line 1: There is no such column (unknown_column): odd"),
        (HEADER + b", snippet\n" + LINE + b",1", "In line 1: There is no such column (unknown_column): snippet"),
        (HEADER + b",tool\n" + LINE + b",x", "In line 1: The column `tool` occurs twice."),
        (HEADER + b"\n" + LINE + b"\n" + LINE + b",y", "In line 3: It has 7 cells in place of 6."),
        (HEADER + b"\n" + LINE + b"\n\n" + LINE, "In line 3: It has 0 cells in place of 6."),
        (HEADER + b"\n" + LINE + b"\ny,R1,Bad.,LINES,a.py,1", "In line 3: `tool` is not that of the lines above."),
        (HEADER + b"\n" + LINE + b"\n" + HEADER, "In line 3: `tool` is not that of the lines above."),
        (HEADER + b"\n" + LINE + b'\nx,"R1', "In line 3: This is not CSV, unexpected end of data."),
        (HEADER + b"\n" + LINE + b'\nx,"R1"2,Bad.,LINES,a.py,1', "In line 3: This is not CSV, ',' expected after '\"'."),
        (HEADER + b"\n" + LINE + b"\nx,\xe4,Bad.,LINES,a.py,1", "In line 3: This is not UTF-8 text."),
        (HEADER + b"\n" + LINE + b"\nx,\0,Bad.,LINES,a.py,1", "In line 3: There is a NUL."),
        (HEADER + b'\nx,R1,"a\r\nb\n\nc",LINES,a.py,1\r\n' + LINE + b",", "In line 6: It has 7 cells in place of 6."),
        (HEADER + b"\n,R1,Bad.,LINES,a.py,1", "Expected a name of at most 200 characters on one line: /tool"),
    ],
    ids=range(13),
)
def test_defects_of_a_table(content: bytes, message: str) -> None:
    assert told(content) == message


def test_all_unknown_columns_are_told() -> None:
    with pytest.raises(BadFile) as caught:
        read(HEADER + b",a,b\n" + LINE + b",1,2", Options())
    assert [one.message.rpartition(" ")[2] for one in caught.value.defects] == ["a", "b"]


def test_quotes_commas_and_line_breaks() -> None:
    written = (
        b'\xef\xbb\xbf"tool",rule_id,title,type,where,specific,detail\r\nx,R1,"A ""b"", c",LINES,"a,b.py",1,"d\r\ne"\r\n\r\n'
    )
    scan = read(written, Options())
    (one,) = scan.observations
    assert (scan.rules[0].title, one.location.where, one.detail) == ('A "b", c', "a,b.py", "d\ne")


def test_lines_have_a_limit() -> None:
    at_most = HEADER + b",detail\n" + LINE + b"," + b"d" * (100_000 - len(LINE) - 1)
    assert len(read(at_most + b"\r\n" + LINE + b",", Options()).observations) == 1
    assert told(at_most + b"d\n" + LINE) == "In line 2: It has more than 100,000 characters."
    assert told(HEADER + b'\nx,"' + b"\n" * 100_000 + b"x") == "In line 2: It has more than 100,000 characters."
    with pytest.raises(TooLarge):
        read(HEADER + (b"\n" + LINE) * 25_001, Options())


@pytest.mark.parametrize(
    ("options", "tool", "outcome"),
    [(Options(), "generic", ClosingOutcome.NOT_SUCCESSFUL), (Options(tool="own"), "own", ClosingOutcome.DONE)],
    ids=["not told", "told"],
)
def test_a_table_without_lines_closes_only_what_the_caller_names(options: Options, tool: str, outcome: ClosingOutcome) -> None:
    (series,) = read(HEADER + b"\n", options).series
    assert (series.tool, series.outcome) == (tool, outcome)


def test_empty_cells_are_absent() -> None:
    empty = dict.fromkeys(set(COLUMNS) - set(row()), "")
    assert same(read(table(row(**empty)), Options()), read(table(row()), Options()))
    assert only(table(row(technique="DAST"))).technique is Technique.DAST


@pytest.mark.parametrize(("cell", "is_suppressed"), [("true", True), ("TRUE", True), ("false", False), ("", False)])
def test_a_cell_says_that_it_does_not_count(cell: str, is_suppressed: bool) -> None:
    assert (only(table(row(suppressed=cell))).suppression is not None) is is_suppressed


@pytest.mark.parametrize("member", ["rule_id", "title"])
def test_what_is_required_is_not_blank(member: str) -> None:
    for content, pointer in (
        (document(SEEN, rule={member: " "}), f"/findings/0/{member}"),
        (table(row(**{member: ""})), f"/{member}"),
    ):
        with pytest.raises(BadFile) as caught:
            read(content, Options())
        assert caught.value.defects[0].pointer == pointer
