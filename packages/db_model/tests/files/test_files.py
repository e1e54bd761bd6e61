"""The file port, on each of its adapters."""

import os
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from integrates.db_model.errors import NotFound, Unavailable
from integrates.db_model.files.disk import disk_files
from integrates.db_model.files.port import CHUNK_BYTES, Files, read_all
from integrates.db_model.files.url import open_files

KEY = "imports/0b6f-1/scan.sarif"


async def chunked(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def found(folder: Path) -> list[str]:
    return [each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()]


@pytest.fixture(params=["memory", "file", pytest.param("s3", marks=pytest.mark.dynamodb)])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "s3":
        return bucket(request.getfixturevalue("emulator_endpoint"), monkeypatch)
    return f"file://{tmp_path}/files" if request.param == "file" else "memory://"


def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a bucket on the emulator."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"test-{uuid4().hex[:8]}"
    with closing(boto3.client("s3", endpoint_url=endpoint)) as client:
        client.create_bucket(Bucket=name)
    return f"s3://{name}?endpoint={endpoint}&prefix=inner/"


@pytest.fixture
async def files(url: str) -> AsyncIterator[Files]:
    async with open_files(url) as opened:
        yield opened


async def test_what_was_put_is_got(files: Files) -> None:
    await files.put(KEY, b"content")
    assert await read_all(files.get(KEY)) == b"content"


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 1])
async def test_files_of_any_size_come_in_chunks(files: Files, size: int) -> None:
    content = os.urandom(size)
    await files.put("a", chunked(*(content[begin : begin + 1000] for begin in range(0, size, 1000))))
    chunks = [chunk async for chunk in files.get("a")]
    assert b"".join(chunks) == content
    assert all(len(chunk) <= CHUNK_BYTES for chunk in chunks)


async def test_putting_again_replaces(files: Files) -> None:
    for content in (b"first", b"second, and longer", b"x", b"x"):
        await files.put(KEY, content)
        assert await read_all(files.get(KEY)) == content


async def test_a_missing_file_is_not_found(files: Files) -> None:
    await files.put("other/a", b"x")
    for key in (KEY, "other"):
        with pytest.raises(NotFound) as caught:
            await read_all(files.get(key))
        assert (caught.value.facet, caught.value.identity) == ("file", key)


async def test_a_deleted_file_is_not_found_and_can_be_put_again(files: Files) -> None:
    await files.put(KEY, b"x")
    await files.delete(KEY)
    await files.delete(KEY)
    with pytest.raises(NotFound):
        await read_all(files.get(KEY))
    await files.put(KEY, b"y")
    assert await read_all(files.get(KEY)) == b"y"


async def test_a_content_that_fails_on_the_way_leaves_nothing(files: Files) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise KeyError("broken off")

    with pytest.raises(KeyError):
        await files.put(KEY, broken())
    with pytest.raises(NotFound):
        await read_all(files.get(KEY))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "..",
        "../a",
        "a/../../b",
        "a/..",
        "a//b",
        "a/",
        "./a",
        ".hidden",
        "a\\b",
        "a\0b",
        "a b",
        "é",
        "a" * 201,
        "a/" * 300 + "a",
        "a\n",
    ],
)
async def test_a_key_never_leads_elsewhere(files: Files, tmp_path: Path, key: str) -> None:
    for call in (files.put(key, b"x"), read_all(files.get(key)), files.delete(key)):
        with pytest.raises(ValueError, match="not the key of a file"):
            await call
    assert found(tmp_path) == []


async def test_the_disk_keeps_nothing_unfinished(tmp_path: Path) -> None:
    files = disk_files(tmp_path)
    await files.put(KEY, chunked(b"a", b"b"))
    assert found(tmp_path) == [KEY]
    assert await read_all(disk_files(tmp_path).get(KEY)) == b"ab"


async def test_a_disk_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable):
        await disk_files(tmp_path / "file").put(KEY, b"x")


@pytest.mark.parametrize("url", ["", "ftp://x", "memory://x", "file://", "s3://", "s3://b/path", "s3://b?endpiont=x"])
async def test_a_wrong_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="accepted are"):
        async with open_files(url):
            pytest.fail("opened")


async def test_files_on_disk_are_their_owners_only(tmp_path: Path) -> None:
    await disk_files(tmp_path).put(KEY, b"content")
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600


async def test_a_link_in_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"not ours")
    (tmp_path / "files" / "imports").mkdir(parents=True)
    (tmp_path / "files" / "imports" / "a").symlink_to(outside)
    files = disk_files(tmp_path / "files")
    await files.put("imports/a", b"ours")
    assert (outside.read_bytes(), await read_all(files.get("imports/a"))) == (b"not ours", b"ours")
