"""A file store in an S3 bucket, or in anything that speaks its protocol. Needs the extra ``s3``."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Final, ParamSpec, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from integrates.db_model.errors import NotFound, Unavailable, Unfit
from integrates.db_model.files.port import CHUNK_BYTES, Content, Files, check_folder, check_key, in_chunks
from integrates.db_model.store.dynamodb.fault import ERRORS, is_transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_IN_MEMORY: Final = 4 * 1024 * 1024
"""How many bytes of a file that is being sent are kept in memory; a larger one waits on the disk."""
_MISSING: Final = frozenset({"NoSuchKey", "404"})


async def _blocking(call: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    try:
        return await asyncio.to_thread(call, *args, **kwargs)
    except ERRORS as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in _MISSING:
            raise
        raise (Unavailable if is_transient(error) else Unfit)(str(error)) from error


async def _put(client: "S3Client", bucket: str, name: str, content: Content) -> None:
    spool: IO[bytes]
    with SpooledTemporaryFile(_IN_MEMORY) as spool:
        async for chunk in in_chunks(content):
            await asyncio.to_thread(spool.write, chunk)
        await asyncio.to_thread(spool.seek, 0)
        await _blocking(client.put_object, Bucket=bucket, Key=name, Body=spool)


async def _get(client: "S3Client", bucket: str, prefix: str, key: str) -> AsyncGenerator[bytes]:
    check_key(key)
    try:
        answer = await _blocking(client.get_object, Bucket=bucket, Key=prefix + key)
    except ClientError as error:
        raise NotFound("file", key) from error
    with closing(answer["Body"]) as body:
        while chunk := await _blocking(body.read, CHUNK_BYTES):
            yield chunk


async def _names(client: "S3Client", bucket: str, beginning: str) -> AsyncIterator[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=beginning)
    following = iter(pages)
    while page := await _blocking(next, following, None):
        for found in page.get("Contents", ()):
            yield found["Key"]


def _files(client: "S3Client", bucket: str, prefix: str) -> Files:
    async def put(key: str, content: Content) -> None:
        check_key(key)
        await _put(client, bucket, prefix + key, content)

    def get(key: str) -> AsyncGenerator[bytes]:
        return _get(client, bucket, prefix, key)

    async def delete(key: str) -> None:
        check_key(key)
        await _blocking(client.delete_object, Bucket=bucket, Key=prefix + key)

    async def keys(folder: str) -> AsyncIterator[str]:
        check_folder(folder)
        async for name in _names(client, bucket, prefix + folder):
            yield name.removeprefix(prefix)

    return Files(put, get, delete, keys)


@asynccontextmanager
async def s3_files(
    bucket: str, *, endpoint: str | None = None, region: str | None = None, prefix: str = ""
) -> AsyncIterator[Files]:
    """Open the file store in an existing bucket, with ``prefix`` before all keys; boto3 finds the credentials.

    The SDK retries requests, which is safe because all functions may be repeated; after that they are ``Unavailable``.
    """
    config = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=30)
    client = boto3.session.Session().client("s3", endpoint_url=endpoint, region_name=region, config=config)
    with closing(client):
        yield _files(client, bucket, prefix)
