"""The file port, on each of its adapters."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from integrates.db_model.errors import NotFound, Unavailable, Unfit
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


async def keys_in(files: Files, folder: str) -> list[str]:
    return sorted([key async for key in files.keys(folder)])


async def test_the_keys_of_a_folder_are_told(files: Files) -> None:
    assert await keys_in(files, "imports/") == []
    for key in ("imports/a", "imports/b/c", "imports-of-others/a", "evidence/a", "b"):
        await files.put(key, b"x")
    assert await keys_in(files, "imports/") == ["imports/a", "imports/b/c"]
    assert await keys_in(files, "imports/b/") == ["imports/b/c"]
    assert await keys_in(files, "nothing/") == []
    await files.delete("imports/a")
    assert await keys_in(files, "imports/") == ["imports/b/c"]


async def test_more_keys_than_fit_one_page_are_told(files: Files) -> None:
    for number in range(1_003):
        await files.put(f"many/{number}", b"")
    assert len(await keys_in(files, "many/")) == 1_003


async def test_who_lists_may_delete_what_was_told_and_misses_none(files: Files) -> None:
    for number in range(1_003):
        await files.put(f"many/{number % 7}/{number}", b"")
    seen = set[str]()
    async for key in files.keys("many/"):
        await files.delete(key)
        seen.add(key)
    assert (len(seen), await keys_in(files, "many/")) == (1_003, [])


@pytest.mark.parametrize("folder", ["", "/", "imports", "../", ".unfinished/", "a//", "/etc/", "a/../"])
async def test_a_folder_never_leads_elsewhere(files: Files, folder: str) -> None:
    with pytest.raises(ValueError, match="not"):
        await keys_in(files, folder)


async def test_a_file_that_is_being_written_is_no_key(tmp_path: Path) -> None:
    files, seen = disk_files(tmp_path), list[str]()

    async def content() -> AsyncIterator[bytes]:
        yield b"half"
        seen.extend(await keys_in(files, "imports/"))
        yield b"rest"

    await files.put("imports/a", content())
    assert seen == []
    assert await keys_in(files, "imports/") == ["imports/a"]


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


async def test_a_disk_that_cannot_be_written_is_unfit(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unfit):
        await disk_files(tmp_path / "file").put(KEY, b"x")


def remove(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def replace(folder: Path) -> None:
    """Leave an empty folder there, as when a disk is no longer mounted."""
    remove(folder)
    folder.mkdir()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells here which files a process holds open")
async def test_a_file_is_closed_with_what_is_read_of_it(tmp_path: Path) -> None:
    """At once, and not when the garbage collector comes by."""

    def is_open() -> bool:
        return any(each.resolve() == tmp_path / KEY for each in Path("/proc/self/fd").iterdir())

    await disk_files(tmp_path).put(KEY, b"x" * (CHUNK_BYTES + 1))
    content = disk_files(tmp_path).get(KEY)
    await anext(content)
    assert is_open()
    await content.aclose()
    assert not is_open()


async def test_a_file_of_the_folder_that_came_in_its_place_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    files = disk_files(folder)
    await files.put(KEY, b"ours")
    remove(folder)
    await disk_files(folder).put(KEY, b"theirs")
    with pytest.raises(Unfit):
        await read_all(files.get(KEY))


@pytest.mark.parametrize("befall", [remove, replace])
async def test_a_folder_that_goes_while_it_is_open_acknowledges_nothing(tmp_path: Path, befall: Callable[[Path], None]) -> None:
    """A file that is out of reach is not a missing one, for which an import would be given up."""
    files, folder = disk_files(tmp_path / "files"), tmp_path / "files"
    await files.put(KEY, b"x")
    befall(folder)
    for call in (files.put("other", b"y"), read_all(files.get(KEY)), files.delete(KEY), keys_in(files, "imports/")):
        with pytest.raises(Unfit, match="removed" if befall is remove else "replaced"):
            await call
    assert found(tmp_path) == [f"elsewhere/{KEY}"]
    if befall is replace:
        folder.rmdir()
    folder.with_name("elsewhere").rename(folder)
    assert await read_all(files.get(KEY)) == b"x"


async def test_a_folder_that_goes_while_a_file_is_written_acknowledges_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "files"

    async def content() -> AsyncIterator[bytes]:
        yield b"half"
        remove(folder)
        yield b"rest"

    with pytest.raises(Unfit, match="removed"):
        await disk_files(folder).put(KEY, content())
    assert not folder.exists()


async def test_a_folder_that_was_there_at_the_start_is_the_one_that_counts(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    files = disk_files(folder)
    replace(folder)
    with pytest.raises(Unfit):
        await files.put(KEY, b"x")


FULL = """
import asyncio, resource, sys
from integrates.db_model.errors import Unavailable
from integrates.db_model.files.disk import disk_files
from integrates.db_model.files.port import read_all

async def main():
    files = disk_files(sys.argv[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        await files.put("a", b"x" * 2000)
    except Unavailable:
        print("full")
    await files.put("b", b"x" * 500)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await files.put("a", b"x" * 2000)
    print(len(await read_all(files.get("a"))))

asyncio.run(main())
"""


def test_a_full_disk_keeps_no_half_of_a_file_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["full", "2000"], "")
    assert sorted(found(tmp_path)) == ["a", "b"]


@pytest.mark.dynamodb
async def test_a_bucket_that_is_gone_acknowledges_nothing(emulator_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = bucket(emulator_endpoint, monkeypatch)
    async with open_files(url) as files:
        with closing(boto3.client("s3", endpoint_url=emulator_endpoint)) as client:
            client.delete_bucket(Bucket=url.removeprefix("s3://").partition("?")[0])
        for call in (files.put(KEY, b"x"), read_all(files.get(KEY)), keys_in(files, "imports/")):
            with pytest.raises(Unfit, match="NoSuchBucket"):
                await call


@pytest.mark.dynamodb
async def test_a_bucket_behind_an_endpoint_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    async with open_files("s3://bucket?endpoint=http://127.0.0.1:9&region=us-east-1") as files:
        with pytest.raises(Unavailable):
            await files.put(KEY, b"x")


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
