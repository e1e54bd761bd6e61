"""Files that a command sends."""

from pathlib import Path
from typing import Final

_BLOCK: Final = 1024 * 1024


def end_of(path: Path, most: int) -> bytes:
    """Return the end of a text in UTF-8, at most so many bytes of it; what is no text is replaced. It may come from a pipe."""
    tail = b""
    with path.open("rb", buffering=0) as file:
        if file.seekable():
            file.seek(max(0, file.seek(0, 2) - most))
        while block := file.read(_BLOCK):
            tail = (tail + block)[-most:]
    text = tail.decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}").encode()
    return text[-most:].decode(errors="ignore").encode()
