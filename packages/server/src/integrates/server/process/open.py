"""Opens what a process works with, and closes it again."""

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


class Parts(msgspec.Struct, frozen=True):
    """An open store, open files and the keys of the installation."""

    store: Store
    files: Files
    keys: Keys


@asynccontextmanager
async def open_parts(settings: Settings, environ: Mapping[str, str], *, create: bool = False) -> AsyncIterator[Parts]:
    """Open store and files; a store that is missing is made only with ``create``.

    Raise :class:`BadSetting` for what can never work, ``Unavailable`` for what does not now.
    """
    file = database_file(settings.store)
    if file is not None and not create and not file.exists():
        raise BadSetting("store", f"there is no store in {file}; `integrates serve` makes one")
    async with AsyncExitStack() as opened:
        store = await _entered(opened, "store", open_store(settings.store, create=create))
        keys = derive(_secret(settings, environ))
        files = await _entered(opened, "files", open_files(settings.files or files_url(settings.store)))
        yield Parts(store, files, keys)


async def _entered(opened: AsyncExitStack, name: str, resource: AbstractAsyncContextManager[T]) -> T:
    try:
        return await opened.enter_async_context(resource)
    except (ValueError, Unfit) as error:
        raise BadSetting(name, str(error)) from error


def _secret(settings: Settings, environ: Mapping[str, str]) -> bytes:
    if VARIABLE not in environ and settings.store.startswith(MEMORY):
        return secrets.token_bytes(MIN_BYTES)  # nothing outlives the process, so nobody else needs it
    return read_secret(environ, key_file(settings.store))
