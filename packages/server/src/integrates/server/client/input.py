"""What a command reads from standard input."""

import sys

from integrates.server.client.fault import Fault


def read_input(most: int = -1) -> str:
    """Return what stands on standard input, of at most so many bytes. Raise :class:`Fault` when it is not a text in UTF-8."""
    try:
        return sys.stdin.buffer.read(most).decode()
    except UnicodeDecodeError as error:
        raise Fault("what stands on standard input is not a text in UTF-8") from error
