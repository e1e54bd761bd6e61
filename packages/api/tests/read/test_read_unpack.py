"""Packed files: what comes out of them, and how little it takes to refuse a bomb (domain section 8, *limits*)."""

import gzip
import zlib

import pytest

from integrates.api.imports.read.error import BadFile, TooLarge
from integrates.api.imports.read.unpack import MAX_MEMBERS, unpacked

ALLOWED = 20 * 1024 * 1024
TEXT = b'{"version": "2.1.0"}'
NOTHING = gzip.compress(b"")


@pytest.mark.parametrize(
    ("packed", "content"),
    [
        pytest.param(TEXT, TEXT, id="not packed"),
        pytest.param(b"", b"", id="empty"),
        pytest.param(b"\x1f", b"\x1f", id="half a magic number"),
        pytest.param(gzip.compress(TEXT), TEXT, id="packed"),
        pytest.param(gzip.compress(TEXT[:5]) + gzip.compress(TEXT[5:]), TEXT, id="two parts"),
        pytest.param(gzip.compress(TEXT) + bytes(512), TEXT, id="zeros behind it"),
        pytest.param(NOTHING, b"", id="nothing packed"),
        pytest.param(gzip.compress(TEXT, compresslevel=0), TEXT, id="stored"),
        pytest.param(gzip.compress(b"\x1f\x8b"), b"\x1f\x8b", id="packed magic number"),
        pytest.param(gzip.compress(bytes(ALLOWED)), bytes(ALLOWED), id="as large as may be"),
        pytest.param(NOTHING * MAX_MEMBERS, b"", id="as many parts as may be"),
    ],
)
def test_unpacked(packed: bytes, content: bytes) -> None:
    assert unpacked(packed) == content


@pytest.mark.parametrize("end", range(2, len(gzip.compress(TEXT))))
def test_no_beginning_of_a_packed_file_is_one(end: int) -> None:
    with pytest.raises(BadFile):
        unpacked(gzip.compress(TEXT)[:end])


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(gzip.compress(TEXT) + b"x", id="something behind it"),
        pytest.param(gzip.compress(TEXT) + gzip.compress(TEXT)[:9], id="second part cut off"),
        pytest.param(gzip.compress(TEXT)[:-8] + bytes(8), id="wrong checksum"),
        pytest.param(b"\x1f\x8b" + bytes(100), id="unknown method"),
        pytest.param(b"\x1f\x8b\x08\x04" + bytes(6) + b"\xff\xff" + bytes(100), id="extra field cut off"),
        pytest.param(b"\x1f\x8b" + zlib.compress(TEXT), id="zlib"),
        pytest.param(NOTHING * (MAX_MEMBERS + 1), id="too many parts"),
        pytest.param(NOTHING * (ALLOWED // len(NOTHING)), id="nothing, a million times"),
    ],
)
def test_damaged_files_are_refused(packed: bytes) -> None:
    with pytest.raises(BadFile) as caught:
        unpacked(packed)
    assert [defect.pointer for defect in caught.value.defects] == [""]


@pytest.mark.parametrize("size", [ALLOWED + 1, 4 * ALLOWED])
@pytest.mark.parametrize("parts", [1, 3])
def test_no_more_is_unpacked_than_may_be_read(size: int, parts: int) -> None:
    with pytest.raises(TooLarge) as caught:
        unpacked(gzip.compress(bytes(size // parts + 1)) * parts)
    assert (caught.value.limit, caught.value.actual, caught.value.allowed) == ("file_too_large", ALLOWED + 1, ALLOWED)


def test_a_packed_file_is_no_larger_than_one_that_is_not() -> None:
    with pytest.raises(TooLarge):
        unpacked(gzip.compress(TEXT) + bytes(ALLOWED))
