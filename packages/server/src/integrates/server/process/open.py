"""Opens the store and the files that a process works with, and closes them again."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeVar

import msgspec

from integrates.db_model.errors import Unfit
from integrates.db_model.files.port import Files
from integrates.db_model.files.url import open_files
from integrates.db_model.store.port import Store
from integrates.db_model.store.url import open_store
from integrates.server.auth.secret import MIN_BYTES, VARIABLE, Keys, derive, read_secret
from integrates.server.process.location import MEMORY, database_file, files_url, key_file
from integrates.server.settings import BadSetting, Settings

T = TypeVar("T")


class Installation(msgspec.Struct, frozen=True):
    """The open store and files of an installation, and its keys."""

    store: Store
    files: Files
    keys: Keys


@asynccontextmanager
async def open_installation(
    settings: Settings, environ: Mapping[str, str], *, create: bool = False
) -> AsyncIterator[Installation]:
    """Open the store and the files; a store that is missing is made only with ``create``.

    Raise :class:`BadSetting` when they can never be opened as they are set, ``Unavailable`` when trying again may help.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_entities(settings, create=create))
        keys = derive(_secret(settings, environ))
        files = await _entered(stack, "files", open_files(settings.files or files_url(settings.store)))
        yield Installation(store, files, keys)


@asynccontextmanager
async def open_entities(settings: Settings, *, create: bool = False) -> AsyncIterator[Store]:
    """Open the store alone, which needs neither keys nor files. Raise as :func:`open_installation` does."""
    file = database_file(settings.store)
    if file is not None and not create and not file.exists():
        raise BadSetting("store", f"there is no store in {file}; `integrates serve` makes one")
    async with AsyncExitStack() as stack:
        yield await _entered(stack, "store", open_store(settings.store, create=create))


async def _entered(stack: AsyncExitStack, name: str, resource: AbstractAsyncContextManager[T]) -> T:
    try:
        return await stack.enter_async_context(resource)
    except (ValueError, Unfit) as error:
        raise BadSetting(name, str(error)) from error


def _secret(settings: Settings, environ: Mapping[str, str]) -> bytes:
    if VARIABLE not in environ and settings.store.startswith(MEMORY):
        return secrets.token_bytes(MIN_BYTES)  # nothing outlives the process, so no other process needs it
    return read_secret(environ, key_file(settings.store))
