"""Whatever comes in, only a scan, a bad file or a file too large comes out."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import ValidationError, convert, inspect

from integrates.api.imports.read.error import MAX_DEFECTS, BadFile, TooLarge
from integrates.api.imports.read.mismatch import mismatches
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.api.imports.read.sarif.document import Document
from integrates.api.imports.read.text import block, headline, line
from integrates.db_model.values import text as texts
from integrates.db_model.vulnerabilities.location import location_refusals
from integrates.db_model.vulnerabilities.types import VulnerabilityLocation

RULE = {
    "id": "R1",
    "name": "Name",
    "shortDescription": {"text": "Short"},
    "help": {"text": "Help"},
    "defaultConfiguration": {"level": "error"},
    "properties": {"tags": ["CWE-79"], "security-severity": "7.5"},
    "relationships": [{"target": {"id": "CWE-1", "toolComponent": {"name": "CWE", "index": 0}}}],
    "messageStrings": {"m": {"text": "At {0}"}},
}
RESULT = {
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
                "region": {"startLine": 3, "snippet": {"text": "x = 1"}},
            },
            "logicalLocations": [{"name": "p", "kind": "parameter", "index": 0}],
        }
    ],
    "fingerprints": {"v1": "f"},
    "partialFingerprints": {"primaryLocationLineHash": "h"},
    "suppressions": [{"status": "accepted"}],
    "baselineState": "new",
    "properties": {"security-severity": 3},
}
DOCUMENT = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {"driver": {"name": "T", "rules": [RULE]}, "extensions": [{"name": "E", "guid": "g", "rules": [RULE]}]},
            "results": [
                RESULT,
                RESULT | {"locations": [{"physicalLocation": {"artifactLocation": {"uri": "https://h/?q=1"}}}]},
            ],
            "invocations": [{"executionSuccessful": True}],
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
        ["a/b", "../x", "file:///x", "https://h/a?b=c", "tcp://h:1", "%2e%2e", "=x", "\x00", "\u202e", "{0}", "9.8"]
    ),
    st.text(alphabet="a\u0301\u0316\u0344\x00 \n\u2028", max_size=80),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.integers(10**17, 10**25), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from paths(member, (*path, name))


PATHS = list(paths(DOCUMENT))


def changed(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        return value | {head: changed(value[head], tuple(rest), new)}
    return [changed(member, tuple(rest), new) if index == head else member for index, member in enumerate(value)]


@st.composite
def documents(draw: st.DrawFn) -> Any:
    """The document above with one or two members replaced by anything."""
    once = changed(DOCUMENT, draw(st.sampled_from(PATHS)), draw(VALUES))
    again = draw(st.sampled_from(list(paths(once))))
    return changed(once, again, draw(VALUES)) if draw(st.booleans()) else once


def answered(content: bytes, prefix: str | None) -> object:
    try:
        return read(content, Options(strip_prefix=prefix))
    except BadFile as error:
        return error.defects
    except TooLarge as error:
        return error.args


def outcome(content: bytes, prefix: str | None = None) -> object:
    """Read twice, to see that the answer is the same. Any other exception is a failed test."""
    answer = answered(content, prefix)
    assert answer == answered(content, prefix)
    assert isinstance(answer, Scan) or (isinstance(answer, tuple) and 1 <= len(answer) <= MAX_DEFECTS)
    return answer


def check(scan: Scan) -> None:
    """What a scan promises."""
    assert scan.total == len(scan.observations) + scan.skipped + scan.duplicates
    assert {one.rule for one in scan.observations} == {rule.rule for rule in scan.rules}
    assert len({(one.rule, one.fingerprint or one.location) for one in scan.observations}) == len(scan.observations)
    for rule in scan.rules:
        assert texts.title(rule.title, ()) == rule.title
        assert texts.finding_description(rule.description, ()) == rule.description
        assert texts.finding_text(rule.recommendation, ()) == rule.recommendation
        assert texts.finding_text(rule.threat, ()) == rule.threat
        assert texts.cwe_ids(rule.cwe_ids, ()) == rule.cwe_ids
    for one in scan.observations:
        seen = one.location
        assert location_refusals(seen.type, VulnerabilityLocation(where=seen.where, specific=seen.specific)) == ()
        for text in (one.snippet, one.detail):
            assert text is None or texts.multi_line(text, (), low=1, high=2000) == text
        assert one.fingerprint is None or texts.one_line(one.fingerprint, (), low=1, high=1000) == one.fingerprint


def test_the_document_itself_is_read() -> None:
    scan = read(CONTENT, Options())
    check(scan)
    assert [one.location.where for one in scan.observations] == ["src/a.py", "https://h/"]


@settings(max_examples=300)
@given(documents(), st.one_of(st.none(), TEXTS))
def test_any_document(document: Any, prefix: str | None) -> None:
    answer = outcome(json.dumps(document).encode(), prefix)
    if isinstance(answer, Scan):
        check(answer)


@given(documents())
@example(DOCUMENT)
def test_the_slow_check_agrees_with_the_fast_one(document: Any) -> None:
    """Both look at the same types; the slow one also sees numbers that are out of a float's range as what they are."""
    found = list(mismatches(document, inspect.type_info(Document)))
    try:
        convert(document, Document)
    except ValidationError:
        assert found
    else:
        assert found == []


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
