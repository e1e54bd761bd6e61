"""Opens what a process works with, and closes it again."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from integrates.db_model.files.port import Files
from integrates.db_model.files.url import open_files
from integrates.db_model.store.port import Store
from integrates.db_model.store.url import open_store
from integrates.server.auth.secret import MIN_BYTES, VARIABLE, Keys, derive, read_secret
from integrates.server.place import files_url, key_file
from integrates.server.settings import BadSetting, Settings


class Parts(msgspec.Struct, frozen=True):
    """An open store, open files and the keys of the installation."""

    store: Store
    files: Files
    keys: Keys


@asynccontextmanager
async def open_parts(settings: Settings, environ: Mapping[str, str]) -> AsyncIterator[Parts]:
    """Open store and files. Raises :class:`BadSetting` for what can never work, ``Unavailable`` for what does not now."""
    keys = derive(_secret(settings, environ))
    try:
        opened = open_store(settings.store)
        store = await opened.__aenter__()
    except ValueError as error:
        raise BadSetting("store", str(error)) from error
    try:
        async with _files(settings) as files:
            yield Parts(store, files, keys)
    finally:
        await opened.__aexit__(None, None, None)


@asynccontextmanager
async def _files(settings: Settings) -> AsyncIterator[Files]:
    try:
        opened = open_files(settings.files or files_url(settings.store))
        files = await opened.__aenter__()
    except ValueError as error:
        raise BadSetting("files", str(error)) from error
    try:
        yield files
    finally:
        await opened.__aexit__(None, None, None)


def _secret(settings: Settings, environ: Mapping[str, str]) -> bytes:
    if VARIABLE not in environ and settings.store.startswith("memory:"):
        return secrets.token_bytes(MIN_BYTES)  # nothing outlives the process, so nobody else needs it
    return read_secret(environ, key_file(settings.store))
