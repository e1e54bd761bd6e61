"""Files that browsers download: the headers of one, the answer when its content is not asked for, and the one that sends it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send


def headers_of(name: str, size: int, sha256: str, *, is_shown: bool = False) -> Mapping[str, str]:
    """Return the headers of a file: the browser of the caller alone keeps it, and asks each time whether it is still the same.

    It shows the file by itself when that ``is_shown``, and else saves it.
    """
    return {
        "cache-control": "private, no-cache",
        "content-disposition": f'{"inline" if is_shown else "attachment"}; filename="{name}"',
        "content-length": str(size),
        "cross-origin-resource-policy": "same-origin",
        "etag": f'"{sha256}"',
    }


def unsent(request: Request, headers: Mapping[str, str], media_type: str) -> Response | None:
    """Return the answer to a caller who has the file already, or asks for its headers alone; ``None`` for who wants it."""
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(headers=headers, media_type=media_type) if request.method == "HEAD" else None


class Sending(StreamingResponse):
    """The answer with a file. What holds it, and the slot for sending it, is left when the answer ends, however it does."""

    def __init__(
        self,
        content: AsyncIterator[bytes],
        holding: AbstractAsyncContextManager[Any],
        headers: Mapping[str, str],
        media_type: str,
    ) -> None:
        super().__init__(content, headers=headers, media_type=media_type)
        self._holding = holding

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        async with self._holding:  # Starlette leaves what it has not read to the end to the garbage collector
            await super().__call__(scope, receive, send)
