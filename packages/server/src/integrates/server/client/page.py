"""Walking the connections of the API, page by page."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from integrates.server.client.call import Session, data_of
from integrates.server.client.fault import Fault, warn

T = TypeVar("T")

PAGE: Final = 500
"""The most items that the API gives at once."""


def nodes(session: Session, query: str, variables: Mapping[str, Any], *path: str, most: int = 0) -> Iterator[Any]:
    """Yield the nodes of a connection, at most ``most`` unless that is 0, reading a page when it is needed.

    The query takes ``$first: Int`` and ``$after: String``, and asks for ``nodes`` and
    ``pageInfo { hasNextPage endCursor }`` of the connection that lies at ``path`` in its data. Raise :class:`Fault` when
    there is nothing at the path: what a caller may not see looks like what does not exist.
    """
    after: str | None = None
    given = 0
    while not most or given < most:
        size = min(PAGE, most - given) if most else PAGE
        page = reached(data_of(session, query, {**variables, "first": size, "after": after}), path)
        yield from page["nodes"]
        given += len(page["nodes"])
        info = page["pageInfo"]
        if not info["hasNextPage"] or info["endCursor"] == after:
            return
        after = info["endCursor"]


def cut(rows: Iterator[T], limit: int) -> Iterator[T]:
    """Yield at most ``limit`` rows unless that is 0, and tell on standard error when there are more."""
    for number, row in enumerate(rows):
        if limit and number == limit:
            warn(f"these are the first {limit:,}, and there are more; --limit 0 shows all")
            return
        yield row


def reached(data: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Return what lies at a path of names. Raise :class:`Fault` when there is nothing."""
    found: Any = data
    for name in path:
        found = found.get(name)
        if found is None:
            raise Fault(f"{name}: there is none, or the token does not let you see it")
    return found
