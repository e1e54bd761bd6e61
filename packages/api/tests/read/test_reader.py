"""What holds for the reader of every format.

A new one is added to FORMATS, gets an example in EXAMPLES, and is judged by all of this.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from integrates.api.imports.read import registry
from integrates.api.imports.read.error import BadFile, TooLarge
from integrates.api.imports.read.form import content_of
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import FORMATS, Format, detected
from integrates.api.upload import in_memory
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.values import text as texts
from integrates.db_model.vulnerabilities.types import Technique, VulnerabilityType

if TYPE_CHECKING:
    from packages.api.tests.conftest import World
    from packages.api.tests.read.conftest import Example

read = partial(registry.read, options=Options())


def test_every_format_has_a_reader() -> None:
    without = [each.value for each in ImportFormat if each not in FORMATS]
    assert not without, f"files of {', '.join(without)} cannot be imported: add them to FORMATS in imports/read/registry.py"


def whole(example: Example) -> bytes:
    """A file of two results."""
    return example.write(example.seen(line=1), example.seen(line=2, fingerprint="f"))


def test_a_file_is_read_by_the_reader_of_its_format(any_example: Example) -> None:
    content = whole(any_example)
    assert detected(content_of(content).top) is any_example.format
    assert read(content) == FORMATS[any_example.format].read(content_of(content).text, Options())
    assert (read(content).format, read(content).total) == (any_example.format, 2)
    assert {one.location.type for one in read(content).observations} == {any_example.kind}


def test_a_file_is_what_the_caller_says_that_it_is(any_example: Example) -> None:
    content = whole(any_example)
    assert registry.read(content, Options(format=any_example.format)) == read(content)
    for other in set(FORMATS) - {any_example.format}:
        with pytest.raises(BadFile):
            registry.read(content, Options(format=other))


@pytest.mark.parametrize("content", [b"", b" \n", b"[]", b"null", b"{}"])
def test_a_file_that_says_nothing_is_taken_only_from_tools_that_write_it(any_example: Example, content: bytes) -> None:
    asked = Options(format=any_example.format)
    if content.strip() in FORMATS[any_example.format].nothing:
        scan = registry.read(content, asked)
        assert (scan.total, scan.observations, len(scan.series)) == (0, (), 1)
    else:
        with pytest.raises(BadFile):
            registry.read(content, asked)


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b"null",
        b"7",
        b"9" * 5_000,
        b'"SARIF"',
        b'{"version": "2.1.0"}',
        b'{"runs": []}',
        b'[{"version": "2.1.0", "runs": []}]',
        b'["version", "runs"]',
        b'{"report": {"version": "2.1.0", "runs": []}}',
    ],
)
def test_a_file_of_another_format_is_refused_with_those_that_are_read(content: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        read(content)
    assert (caught.value.reason, caught.value.path) == (Reason.UNKNOWN_FORMAT, ("file",))
    assert all(each.value in caught.value.args[2] for each in FORMATS)


@pytest.mark.parametrize(
    "content",
    [
        b'{"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}',
        b'{"document": {"category": "csaf_vex", "csaf_version": "2.0"}, "vulnerabilities": []}',
    ],
)
def test_a_file_of_decisions_is_no_report(content: bytes) -> None:
    for options in (Options(), Options(format=ImportFormat.SARIF)):
        with pytest.raises(Rejected) as caught:
            registry.read(content, options)
        assert caught.value.reason is Reason.IS_DECISION


def test_a_file_that_looks_like_two_formats_is_of_none(monkeypatch: pytest.MonkeyPatch) -> None:
    both: dict[Any, Any] = {**FORMATS, "OTHER": Format(lambda _: True, FORMATS[ImportFormat.SARIF].read)}
    monkeypatch.setattr(registry, "FORMATS", both)
    with pytest.raises(Rejected):
        read(b'{"version": "2.1.0", "runs": []}')


BROKEN: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "empty": lambda _content, _marker: b"",
    "blank": lambda _content, _marker: b" \n",
    "UTF-16": lambda content, _: content.decode().encode("utf-16"),
    "UTF-16 without mark": lambda content, _: content.decode().encode("utf-16-be"),
    "UTF-32": lambda content, _: content.decode().encode("utf-32"),
    "packed twice": lambda content, _: gzip.compress(gzip.compress(content)),
    "packed and cut off": lambda content, _: gzip.compress(content)[:-9],
    "Latin-1": lambda content, marker: content.replace(marker, b"src/\xe4.py"),
    "NUL": lambda content, marker: content.replace(marker, b"src/\x00.py"),
}
BROKEN_JSON: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "trailing": lambda content, _: content + b"x",
    "twice": lambda content, _: content + content,
    "newline in a text": lambda content, marker: content.replace(marker, b"src/\n.py"),
    "NaN": lambda content, _: content.replace(b"{", b'{"x": NaN, ', 1),
    "a member twice": lambda content, _: content.replace(b"{", b'{"x": 1, "x": 1, ', 1),
}


def test_a_byte_order_mark_is_no_harm(any_example: Example) -> None:
    assert read(b"\xef\xbb\xbf" + whole(any_example)) == read(whole(any_example))


def test_a_packed_file_is_what_is_in_it(any_example: Example) -> None:
    assert read(gzip.compress(whole(any_example))) == read(whole(any_example))


def test_half_a_surrogate_pair_is_no_harm(example: Example) -> None:
    scan = read(whole(example).replace(example.marker, rb"src/\ud800.py"))
    assert len(scan.observations) == len(read(whole(example)).observations)
    assert not example.names_paths or scan.observations[0].location.where.endswith("src/\ufffd.py")


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_refused(any_example: Example, how: str) -> None:
    assert any_example.marker in whole(any_example)
    with pytest.raises((BadFile, Rejected)):
        read(BROKEN[how](whole(any_example), any_example.marker))


@pytest.mark.parametrize("how", BROKEN_JSON)
def test_broken_json_is_refused(example: Example, how: str) -> None:
    with pytest.raises(BadFile):
        read(BROKEN_JSON[how](whole(example), example.marker))


def test_no_beginning_of_a_file_is_a_file(example: Example) -> None:
    content = whole(example)
    for end in range(len(content)):
        with pytest.raises((BadFile, Rejected)):
            read(content[:end])


def altered(value: Any, instead: Any) -> Iterator[Any]:
    """Yield the document with another of its members or elements replaced, each once."""
    yield instead
    members = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    for name, member in members:
        for one in altered(member, instead):
            yield dict(members) | {name: one} if isinstance(value, dict) else [*value[:name], one, *value[name + 1 :]]


def outcome(content: bytes) -> object:
    """Return the scan or what is wrong. Any other error is a failed test."""
    try:
        return read(content)
    except (BadFile, Rejected, TooLarge) as error:
        return error.args


@pytest.mark.parametrize("instead", [None, True, -1, 1.5, 10**30, "", "x" * 2_000, "\n", [], [[]], {}, {"": None}], ids=repr)
def test_whatever_stands_at_the_place_of_a_member_only_a_scan_or_a_refusal_comes_out(example: Example, instead: Any) -> None:
    contents = [json.dumps(each).encode() for each in altered(json.loads(whole(example)), instead)]
    outcomes = [outcome(content) for content in contents]
    assert any(not isinstance(each, Scan) for each in outcomes)
    assert outcomes == [outcome(content) for content in contents], "equal arguments give equal answers"


def limit(content: bytes) -> tuple[str, int, int]:
    with pytest.raises(TooLarge) as caught:
        read(content)
    return caught.value.limit, caught.value.actual, caught.value.allowed


def test_the_size_of_a_file_is_limited(example: Example) -> None:
    content, allowed = whole(example), 20 * 1024 * 1024
    assert read(content + b" " * (allowed - len(content))) == read(content)
    assert limit(content + b" " * (allowed - len(content) + 1)) == ("file_too_large", allowed + 1, allowed)


def test_the_depth_of_a_file_is_limited(example: Example) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"x":', b"}")):
        deep = opening * 100 + b"1" + closing * 100
        assert limit(whole(example).replace(b"{", b'{"x": ' + deep + b", ", 1))[0] == "nested_too_deep"


def test_the_number_of_results_is_limited(any_example: Example) -> None:
    assert read(any_example.write(*[any_example.skipped] * 25_000)).skipped == 25_000
    assert limit(any_example.write(*[any_example.skipped] * 25_001)) == ("too_many_results", 25_001, 25_000)


def test_the_number_of_rules_is_limited(any_example: Example) -> None:
    allowed = any_example.most_rules
    results = [any_example.seen(rule=f"R{number}") for number in range(allowed + 1)]
    assert len(read(any_example.write(*results[1:])).rules) == allowed
    assert limit(any_example.write(*results)) == ("too_many_rules", allowed + 1, allowed)


def test_all_problems_are_told(any_example: Example) -> None:
    scan = read(any_example.write(*[any_example.skipped] * 120))
    assert ([one.ordinal for one in scan.problems], scan.skipped) == (list(range(120)), 120)


def test_each_result_has_an_ordinal(any_example: Example) -> None:
    """In order of appearance; those that are skipped or repeated, too."""
    example, skipped = any_example, any_example.skipped
    scan = read(example.write(skipped, example.seen(), skipped, example.seen(line=2), example.seen(), example.seen(line=3)))
    assert [one.ordinal for one in scan.observations] == [1, 3, 5]
    assert [one.ordinal for one in scan.problems] == [0, 2]
    assert (scan.total, scan.skipped, scan.duplicates) == (6, 2, 1)


def test_results_that_cannot_be_told_apart_are_one(any_example: Example) -> None:
    example = any_example
    scan = read(example.write(*[example.seen()] * 2, *[example.seen(fingerprint="f")] * 2, example.seen(rule="R2")))
    told_apart = ([0, 2, 4], 2) if example.names_fingerprints else ([0, 4], 3)
    assert ([one.ordinal for one in scan.observations], scan.duplicates) == told_apart


def test_equal_fingerprints_at_several_locations_are_several(any_example: Example) -> None:
    example = any_example
    scan = read(example.write(*(example.seen(fingerprint="f", line=line) for line in (30, 4))))
    assert [one.location.specific.rpartition("@")[2] for one in scan.observations] == ["30", "4"]
    assert len({one.fingerprint for one in scan.observations}) == 1 or not example.names_fingerprints


def test_rules_are_in_the_order_of_their_first_observation(any_example: Example) -> None:
    example = any_example
    scan = read(example.write(*(example.seen(rule=rule, line=line) for line, rule in enumerate(("B", "A", "B", "C")))))
    assert [seen.rule.rule_id for seen in scan.rules] == ["B", "A", "C"]
    assert [one.rule.rule_id for one in scan.observations] == ["B", "A", "B", "C"]


def test_a_file_without_results_is_a_scan(any_example: Example) -> None:
    scan = registry.read(any_example.write(), Options(format=any_example.format))
    assert (scan.total, scan.observations, scan.rules, scan.problems) == (0, (), (), ())
    assert len(scan.series) == 1


def test_what_is_read_can_be_stored(any_example: Example) -> None:
    example = any_example
    odd = ("=cmd", "-", "R\u0301" + "e\u0301" * 90, "@scope/rule")
    scan = read(example.write(*(example.seen(rule=rule, line=line) for line, rule in enumerate(odd))))
    assert len(scan.rules) == len(odd)
    for rule in scan.rules:
        assert texts.title(rule.title, ()) == rule.title
        assert texts.finding_description(rule.description, ()) == rule.description
        assert texts.finding_text(rule.recommendation, ()) == rule.recommendation
        assert texts.finding_text(rule.threat, ()) == rule.threat


def test_the_options_are_heeded(any_example: Example) -> None:
    content = any_example.write(any_example.seen(path="build/out/src/a.py"))
    asked = Options(strip_prefix="build/out", technique=Technique.MPT, category="nightly/", tool="renamed")
    (one,) = registry.read(content, asked).observations
    assert (one.technique, one.category, one.rule.tool) == (Technique.MPT, "nightly/", "renamed")
    (own,) = read(content).observations
    assert (own.category, own.rule.rule_id) == ("", one.rule.rule_id)
    if any_example.names_paths:
        assert (one.location.where, own.location.where) == ("src/a.py", "build/out/src/a.py")


IMPORT = """mutation ($root: ID!, $file: Upload!) {
  importVulnerabilities(groupName: "webshop", rootId: $root, file: $file) {
    import { format state position counts { created reopened moved unchanged closed ignored suppressed duplicate skipped } }
    errors { message }
  } }"""


ROOTS = {
    VulnerabilityType.INPUTS: """mutation { added: addUrlRoot(groupName: "webshop", url: "https://x.example", nickname: "own")
      { root { id } errors { message } } }""",
    VulnerabilityType.PORTS: """mutation { added: addIpRoot(groupName: "webshop", address: "192.0.2.7", nickname: "samples")
      { root { id } errors { message } } }""",
}


async def fitting_root(world: World, kind: VulnerabilityType) -> str:
    """The id of a root that takes vulnerabilities of the type."""
    if kind not in ROOTS:
        return world.aurora.root.id
    added = (await world.data("vera", ROOTS[kind]))["added"]
    assert added["errors"] == []
    return str(added["root"]["id"])


async def test_the_second_import_of_a_file_changes_nothing(world: World, any_example: Example) -> None:
    example = any_example
    skipped, ties = example.skipped, [example.seen(fingerprint="f", line=line) for line in (3, 4)]
    content = example.write(skipped, example.seen(), *ties, example.seen(), example.seen(rule="R2"))
    found, root = [], await fitting_root(world, example.kind)
    for _ in range(2):
        given = {"root": root, "file": in_memory("report", content)}
        payload = (await world.data("hana", IMPORT, **given))["importVulnerabilities"]
        assert payload["errors"] == []
        record = payload["import"]
        assert (record["format"], record["state"], record["position"]) == (example.format.value, "COMPLETED", 6)
        found.append({name: count for name, count in record["counts"].items() if count})
    assert found == [{"created": 4, "duplicate": 1, "skipped": 1}, {"unchanged": 4, "duplicate": 1, "skipped": 1}]
