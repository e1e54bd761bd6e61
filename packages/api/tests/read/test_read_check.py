"""JSON from outside: what is refused before anything is made of it (domain section 8, *invalid file* and *limits*)."""

import gzip
import json
import tracemalloc

import pytest

from integrates.api.imports.read.check import checked
from integrates.api.imports.read.error import BadFile, TooLarge
from integrates.db_model.errors import IntegratesError

GOOD = b'{"version": "1", "results": [{"tool": {"name": "T"}}, []], "more": 1.5}'
ALLOWED = 20 * 1024 * 1024


def defects(content: bytes) -> list[tuple[str, str]]:
    with pytest.raises(BadFile) as caught:
        checked(content)
    assert isinstance(caught.value, IntegratesError)
    return [(defect.pointer, defect.message) for defect in caught.value.defects]


def limit(content: bytes) -> tuple[str, int, int]:
    with pytest.raises(TooLarge) as caught:
        checked(content)
    assert isinstance(caught.value, IntegratesError)
    return caught.value.limit, caught.value.actual, caught.value.allowed


def with_member(text: bytes) -> bytes:
    return GOOD.replace(b"{", b'{"x": ' + text + b", ", 1)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        with_member(b'[1.5e3, -0, null, true, "\\u0041\\\\\\""]'),
        with_member(b"9" * 5000),
        with_member(b"1e999"),
        with_member(b'"' + b'[{\\"' * 1000 + b'"'),
        with_member(b'"\\\\", "y": "' + b"[" * 1000 + b'"'),
        b"[]",
        b"null",
        b' "text" ',
    ],
)
def test_what_is_json_is_left_as_it_is(content: bytes) -> None:
    assert checked(content) == content


def test_a_byte_order_mark_is_taken_away() -> None:
    assert checked(b"\xef\xbb\xbf" + GOOD) == GOOD


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \n", "truncated", id="blank"),
        pytest.param(GOOD.decode().encode("utf-16"), "UTF-16", id="utf-16"),
        pytest.param(GOOD.decode().encode("utf-16-le"), "UTF-16", id="utf-16 without mark"),
        pytest.param(GOOD.decode().encode("utf-32"), "UTF-16", id="utf-32"),
        pytest.param(gzip.compress(GOOD), "not UTF-8", id="compressed"),
        pytest.param(with_member(b'"\xff"'), "not UTF-8", id="latin-1"),
        pytest.param(with_member(b'"\xed\xa0\x80"'), "not UTF-8", id="surrogate in UTF-8"),
        pytest.param(GOOD[:-1], "truncated", id="truncated"),
        pytest.param(GOOD[:9], "truncated", id="truncated text"),
        pytest.param(GOOD + b"x", "not JSON", id="trailing"),
        pytest.param(GOOD + GOOD, "not JSON", id="two"),
        pytest.param(b"<report/>", "not JSON", id="xml"),
        pytest.param(with_member(b"NaN"), "NaN", id="nan"),
        pytest.param(with_member(b"-Infinity"), "Infinity", id="infinity"),
        pytest.param(with_member(b"01"), "not JSON", id="leading zero"),
        pytest.param(with_member(b"[1,]"), "not JSON", id="trailing comma"),
        pytest.param(with_member(b'"a\x00b"'), "not JSON", id="nul"),
        pytest.param(with_member(b'"a\nb"'), "not JSON", id="newline in text"),
        pytest.param(b'"' * 1000, "not JSON", id="quotes"),
    ],
)
def test_what_is_no_json(content: bytes, words: str) -> None:
    ((pointer, message),) = defects(content)
    assert (pointer, words in message) == ("", True), message


@pytest.mark.parametrize("end", range(len(GOOD)))
def test_no_beginning_of_a_file_is_a_file(end: int) -> None:
    assert [pointer for pointer, _ in defects(GOOD[:end])] == [""]


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', ["/a"]),
        (b'{"a": 1, "\\u0061": 3}', ["/a"]),
        (b'{"a": {"b": [0, {"c": 1, "c": 2, "c": {"d": 1, "d": 1}}]}, "a": 1}', ["/a/b/1/c", "/a/b/1/c", "/a/b/1/c/d", "/a"]),
        (b'{"x/y~": 1, "x/y~": 3}', ["/x~1y~0"]),
        (b"[" + b",".join([b'{"a": 1, "a": 1}'] * 20) + b"]", [f"/{index}/a" for index in range(10)]),
    ],
)
def test_members_that_occur_twice(content: bytes, pointers: list[str]) -> None:
    assert [pointer for pointer, _ in defects(content)] == pointers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (rb"\ud83d\ude00", rb"\ud83d\ude00"),
        (rb"\ud83d", rb"\ufffd"),
        (rb"\ude00\ud83d", rb"\ufffd\ufffd"),
        (rb"\ud83d\ud83d\ude00\ude00", rb"\ufffd\ud83d\ude00\ufffd"),
        (rb"\\ud83d\ude00", rb"\\ud83d\ufffd"),
        (rb"\ud83d\\ude00", rb"\ufffd\\ude00"),
        (rb"\\\ud83d", rb"\\\ufffd"),
    ],
)
def test_half_a_surrogate_pair_is_replaced(text: bytes, found: bytes) -> None:
    assert checked(with_member(b'"' + text + b'"')) == with_member(b'"' + found + b'"')


def test_size() -> None:
    assert len(checked(GOOD + b" " * (ALLOWED - len(GOOD)))) == ALLOWED
    assert limit(GOOD + b" " * (ALLOWED - len(GOOD) + 1)) == ("file_too_large", ALLOWED + 1, ALLOWED)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"

    def nested(depth: int) -> bytes:
        return with_member(opening * depth + b"1" + closing * depth)

    assert checked(nested(99)) == nested(99)
    assert limit(nested(100)) == ("nested_too_deep", 101, 100)
    assert limit(nested(100_000))[0] == "nested_too_deep"
    assert limit(opening * 100_000)[0] == "nested_too_deep"


def test_number_of_values() -> None:
    assert limit(with_member(b"[" + b"[]," * 1_500_000 + b"0]"))[0] == "too_many_values"


def test_checking_takes_little_beside_the_file() -> None:
    content = json.dumps([{"name": "text", "list": [number]} for number in range(50_000)]).encode()
    checked(content)
    tracemalloc.start()
    checked(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * len(content)
