"""A store that is gone stays gone."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec.structs import replace

from integrates.db_model.errors import Gone
from integrates.db_model.store.port import Store

T = TypeVar("T")
A = TypeVar("A")


def latched(store: Store, name: str) -> Store:
    """Return the store of a ``name``, such as its path, each call of which raises ``Gone`` once one of them has.

    The reason has the name in it. What was read before, and what another file holds that has come in the place of the first, do
    not belong together.
    """
    gone: list[Gone] = []

    def barred(call: Callable[[A], Awaitable[T]]) -> Callable[[A], Awaitable[T]]:
        async def checked(argument: A) -> T:
            if not gone:
                try:
                    return await call(argument)
                except Gone as error:
                    gone.append(Gone(error.reason if name in error.reason else f"{name}: {error.reason}"))
            raise Gone(gone[0].reason)

        return checked

    return replace(store, get=barred(store.get), query=barred(store.query), write=barred(store.write))
