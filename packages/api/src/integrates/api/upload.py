"""Files that come with a request."""

import msgspec


class Upload(msgspec.Struct, frozen=True):
    """A file of a multipart request, put by the server in the place of the variable's ``null``."""

    file_name: str
    content: bytes
