"""Files that come with a request."""

from collections.abc import Awaitable, Callable

import msgspec


class Upload(msgspec.Struct, frozen=True):
    """A file of a multipart request, put by the server in the place of the variable's ``null``.

    ``read`` returns its bytes, each time anew, as long as the request lasts: variables, which may well outlive the request,
    do not hold on to the file.
    """

    file_name: str
    read: Callable[[], Awaitable[bytes]]


def in_memory(file_name: str, content: bytes) -> Upload:
    """Return a file of bytes in memory."""

    async def read() -> bytes:
        return content

    return Upload(file_name, read)
