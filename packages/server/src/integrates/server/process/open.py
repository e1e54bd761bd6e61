"""Opens the store and the files that a process works with, and closes them again."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeVar

import msgspec

from integrates.db_model.errors import Unfit
from integrates.db_model.files.port import Files
from integrates.db_model.files.url import open_files
from integrates.db_model.store.port import Store
from integrates.db_model.store.url import open_store
from integrates.server.auth.keyring import Keyring, following
from integrates.server.auth.secret import VARIABLE, Keys, keys_of, new_secret, read_secrets
from integrates.server.process.location import MEMORY, database_file, files_url, key_file
from integrates.server.settings import BadSetting, Settings

T = TypeVar("T")


class Installation(msgspec.Struct, frozen=True):
    """The open store and files of an installation, and its keys."""

    store: Store
    files: Files
    keyring: Keyring

    @property
    def keys(self) -> Keys:
        """The keys as they are now."""
        return self.keyring()


@asynccontextmanager
async def open_installation(
    settings: Settings, environ: Mapping[str, str], *, create: bool = False
) -> AsyncIterator[Installation]:
    """Open the store and the files; a store that is missing is made only with ``create``.

    Raise :class:`BadSetting` when they can never be opened as they are set, ``Unavailable`` when trying again may help.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_entities(settings, create=create))
        keyring = _keyring(settings, environ)
        files = await _entered(stack, "files", open_files(settings.files or files_url(settings.store)))
        yield Installation(store, files, keyring)


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


def _keyring(settings: Settings, environ: Mapping[str, str]) -> Keyring:
    if VARIABLE not in environ and settings.store.startswith(MEMORY):
        made = keys_of((new_secret(),))  # nothing outlives the process, so no other process needs it
        return lambda: made
    file = key_file(settings.store)
    keys = keys_of(read_secrets(environ, file))
    return (lambda: keys) if file is None or VARIABLE in environ else following(file, keys)
