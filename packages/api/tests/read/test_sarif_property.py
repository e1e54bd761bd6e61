"""Whatever comes in, only a scan, a bad file or a file too large comes out; and what is odd costs nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrates.api.imports.read.error import MAX_DEFECTS, BadFile, TooLarge
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.api.imports.read.text import block, headline, line
from integrates.db_model.errors import Rejected
from integrates.db_model.values import text as texts
from integrates.db_model.vulnerabilities.location import location_refusals
from integrates.db_model.vulnerabilities.types import VulnerabilityLocation

RULE = {
    "id": "R1",
    "name": "Name",
    "shortDescription": {"text": "Short"},
    "help": {"text": "Help"},
    "defaultConfiguration": {"level": "error"},
    "properties": {"tags": ["CWE-79"], "cwe": ["CWE-80"], "security-severity": "7.5"},
    "relationships": [{"target": {"id": "CWE-1", "toolComponent": {"name": "CWE", "index": 0}}}],
    "messageStrings": {"m": {"text": "At {0}"}},
}
RESULT: dict[str, Any] = {
    "ruleId": "R1",
    "ruleIndex": 0,
    "rule": {"id": "R1", "toolComponent": {"index": 0}},
    "kind": "fail",
    "level": "note",
    "message": {"id": "m", "arguments": ["x"]},
    "locations": [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "a.py", "uriBaseId": "SRC", "index": 0},
                "region": {"startLine": 3, "startColumn": 7, "charOffset": 20, "byteOffset": 21, "snippet": {"text": "x = 1"}},
                "contextRegion": {"snippet": {"text": "y = 1"}},
            },
            "logicalLocations": [{"name": "p", "fullyQualifiedName": "q.p", "kind": "parameter", "index": 0}],
            "message": {"text": "Here."},
        }
    ],
    "fingerprints": {"v1": "f"},
    "partialFingerprints": {"primaryLocationLineHash": "h"},
    "suppressions": [{"kind": "inSource", "status": "accepted", "justification": "known"}],
    "baselineState": "new",
    "properties": {"security-severity": 3},
}
WITNESS = {"ruleId": "W", "message": {"text": "Seen."}, "locations": RESULT["locations"], "fingerprints": {"v1": "w"}}
"""A result that stands beside whatever is odd."""
DOCUMENT: dict[str, Any] = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {"driver": {"name": "T", "rules": [RULE]}, "extensions": [{"name": "E", "guid": "g", "rules": [RULE]}]},
            "results": [
                RESULT,
                WITNESS,
                RESULT | {"locations": [{"physicalLocation": {"artifactLocation": {"uri": "https://h/?q=1"}}}]},
                RESULT | {"locations": [{"logicalLocations": [{"index": 0}]}]},
            ],
            "invocations": [
                {
                    "executionSuccessful": True,
                    "workingDirectory": {"uri": "file:///w/"},
                    "toolExecutionNotifications": [{"level": "error", "locations": RESULT["locations"]}],
                }
            ],
            "automationDetails": {"id": "a/b"},
            "originalUriBaseIds": {"SRC": {"uri": "src/", "uriBaseId": "ROOT"}, "ROOT": {"uri": "file:///w/"}},
            "artifacts": [{"location": {"uri": "b.py"}}],
            "logicalLocations": [{"name": "l", "kind": "parameter"}],
            "taxonomies": [{"name": "CWE", "guid": "t", "taxa": [{"id": "79"}]}],
        }
    ],
}
CONTENT = json.dumps(DOCUMENT).encode()

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "a/b",
            "../x",
            "file:///x",
            "https://h/a?b=c",
            "tcp://h:1",
            "%2e%2e",
            "=x",
            "\x00",
            "\u202e",
            "{0}",
            "9.8",
            "C:x",
            r"\x",
        ]
    ),
    st.text(alphabet="a\u0301\u0316\u0344\x00 \n\u2028", max_size=80),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(10**17, 10**25),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)
PREFIXES = st.fixed_dictionaries({}, optional={"strip_prefix": TEXTS, "add_prefix": TEXTS, "category": TEXTS, "tool": TEXTS})
PLAIN = Options()
Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from paths(member, (*path, name))


def changed(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        return value | {head: changed(value[head], tuple(rest), new)}
    return [changed(member, tuple(rest), new) if index == head else member for index, member in enumerate(value)]


PATHS = list(paths(DOCUMENT))
OF_FIRST = [path for path in PATHS if path[:4] == ("runs", 0, "results", 0) and len(path) > 4]
"""Where something in the first result stands."""
FIRM: set[Path] = {(), ("version",), ("runs",), ("runs", 0), ("runs", 0, "results")}
NAME: set[Path] = {("runs", 0, "tool", "driver", "name")[:length] for length in (3, 4, 5)}
LOOSE = [
    path
    for path in PATHS
    if path not in FIRM | NAME and path[2:3] not in [("results",), ("originalUriBaseIds",), ("automationDetails",)]
]
"""Where an odd value leaves the other results, and their series and places, alone."""


@st.composite
def documents(draw: st.DrawFn) -> Any:
    """The document above with one or two members replaced by anything."""
    once = changed(DOCUMENT, draw(st.sampled_from(PATHS)), draw(VALUES))
    again = draw(st.sampled_from(list(paths(once))))
    return changed(once, again, draw(VALUES)) if draw(st.booleans()) else once


def answered(content: bytes, options: Options) -> object:
    try:
        return read(content, options)
    except BadFile as error:
        return error.defects
    except (TooLarge, Rejected) as error:
        return error.args


def outcome(content: bytes, options: Options = PLAIN) -> object:
    """Read twice, to see that the answer is the same. Any other exception is a failed test."""
    answer = answered(content, options)
    assert answer == answered(content, options)
    assert isinstance(answer, Scan) or (isinstance(answer, tuple) and 1 <= len(answer) <= MAX_DEFECTS)
    return answer


def check(scan: Scan) -> None:
    """What a scan promises."""
    assert scan.total == len(scan.observations) + scan.skipped + scan.reviewable + scan.duplicates
    assert {one.rule for one in scan.observations} == {rule.rule for rule in scan.rules}
    assert {(one.rule.tool, one.category) for one in scan.observations} <= {(one.tool, one.category) for one in scan.series}
    for rule in scan.rules:
        assert texts.tool_name(rule.rule.tool, ()) == rule.rule.tool
        assert texts.rule_id(rule.rule.rule_id, ()) == rule.rule.rule_id
        assert texts.title(rule.title, ()) == rule.title
        assert texts.finding_description(rule.description, ()) == rule.description
        assert texts.finding_text(rule.recommendation, ()) == rule.recommendation
        assert texts.finding_text(rule.threat, ()) == rule.threat
        assert texts.cwe_ids(rule.cwe_ids, ()) == rule.cwe_ids
    for one in scan.observations:
        seen = one.location
        assert location_refusals(seen.type, VulnerabilityLocation(where=seen.where, specific=seen.specific)) == ()
        for text in (one.snippet, one.detail, one.suppression.justification if one.suppression else None):
            assert text is None or texts.multi_line(text, (), low=1, high=2000) == text
        assert texts.category(one.category, ()) == one.category
        assert one.suppression is None or texts.suppression_kind(one.suppression.kind, ()) == one.suppression.kind
        assert {texts.fingerprint(each.text, ()) for each in one.fingerprints} == {each.text for each in one.fingerprints}
        assert (one.fingerprint in {each.text for each in one.fingerprints}) == bool(one.fingerprints)


def test_the_document_itself_is_read() -> None:
    scan = read(CONTENT, Options())
    check(scan)
    assert [one.location.where for one in scan.observations] == ["src/a.py", "src/a.py", "https://h/", "l"]


@settings(max_examples=300)
@given(documents(), PREFIXES)
def test_any_document(document: Any, options: Any) -> None:
    named = {name: " ".join(text.split())[:200] for name, text in options.items() if name in {"category", "tool"}}
    given_options = options | {name: text for name, text in named.items() if text.isprintable()}
    is_sound = all(text.isprintable() for text in named.values())
    answer = outcome(json.dumps(document).encode(), Options(**given_options) if is_sound else Options())
    if isinstance(answer, Scan) and not named:
        check(answer)


def witness(document: Any) -> Any:
    """What is read of the second result."""
    scan = read(json.dumps(document).encode(), Options())
    return next(one for one in scan.observations if one.ordinal == 1)


@given(st.sampled_from(OF_FIRST), VALUES)
def test_an_odd_member_never_costs_another_result(path: Path, value: Any) -> None:
    document = changed(DOCUMENT, path, value)
    assert witness(document) == witness(DOCUMENT)
    scan = read(json.dumps(document).encode(), Options())
    assert (scan.total, len(scan.observations) >= 3) == (4, True)


@given(st.sampled_from(LOOSE), VALUES)
def test_odd_members_of_a_run_leave_its_results(path: Path, value: Any) -> None:
    found = witness(changed(DOCUMENT, path, value))
    assert (found.rule.rule_id, found.location.specific, found.fingerprints) == ("W", "3", witness(DOCUMENT).fingerprints)


@pytest.mark.parametrize("value", [1, "x", None, [], True])
@pytest.mark.parametrize("path", OF_FIRST, ids=lambda path: "/".join(map(str, path[4:])))
def test_every_member_may_be_of_a_wrong_kind(path: Path, value: Any) -> None:
    assert witness(changed(DOCUMENT, path, value)) == witness(DOCUMENT)


@given(st.integers(0, len(CONTENT) - 1))
def test_any_truncated_file(end: int) -> None:
    assert not isinstance(outcome(CONTENT[:end]), Scan)


@given(st.integers(0, len(CONTENT) - 1), st.binary(max_size=3), st.integers(0, 3))
def test_any_damaged_file(at: int, instead: bytes, length: int) -> None:
    outcome(CONTENT[:at] + instead + CONTENT[at + length :])


@given(st.binary(max_size=200))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'"' * 100_000)
@example(b"\\" * 1001 + b'"')
@example(b"9" * 10_000)
@example(b"\x1f\x8b")
def test_any_bytes(content: bytes) -> None:
    assert not isinstance(outcome(content), Scan)


@given(TEXTS, st.integers(1, 60))
@example("a" + "\u0301\u0316" * 40, 60)
@example("\u0301\x00" * 40, 60)
@example("\u0344" * 40, 60)
@example("\ufb2c" + "\u0301" * 40, 60)
def test_texts_are_valid(text: str, high: int) -> None:
    assert texts.multi_line(block(text, high), (), low=0, high=high) == block(text, high)
    assert texts.one_line(line(text, high), (), low=0, high=high) == line(text, high)
    title = headline(text, "tool rule")
    assert not title or texts.title(title, ()) == title


def test_many_marks_are_quick() -> None:
    assert len(block("a" + "\u0316\u0301" * 10_000, 20_000)) < 50


@pytest.mark.parametrize("depth", [10, 1000, 100_000])
def test_deep_members_of_any_kind(depth: int) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"":', b"}")):
        nested = opening * depth + b"1" + closing * depth
        outcome(CONTENT.replace(b'"fail"', nested))
