"""Walking the connections of the API, page by page."""

from collections.abc import Iterator, Mapping
from typing import Any

from integrates.server.client.call import Session, data_of
from integrates.server.client.fault import Fault


def nodes(session: Session, query: str, variables: Mapping[str, Any], *path: str, most: int | None = None) -> Iterator[Any]:
    """Yield the nodes of a connection, at most ``most``, reading a page when it is needed.

    The query takes ``$after: String`` and asks for ``nodes`` and ``pageInfo { hasNextPage endCursor }`` of the connection
    that lies at ``path`` in its data. Raise :class:`Fault` when there is nothing at the path: what a caller may not see
    looks like what does not exist.
    """
    after: str | None = None
    left = most
    while left is None or left > 0:
        page = reached(data_of(session, query, {**variables, "after": after}), path)
        yield from page["nodes"][:left]
        left = None if left is None else left - len(page["nodes"])
        info = page["pageInfo"]
        if not info["hasNextPage"] or info["endCursor"] == after:
            return
        after = info["endCursor"]


def reached(data: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Return what lies at a path of names. Raise :class:`Fault` when there is nothing."""
    found: Any = data
    for name in path:
        found = found.get(name)
        if found is None:
            raise Fault(f"{name}: there is none, or the token does not let you see it")
    return found
