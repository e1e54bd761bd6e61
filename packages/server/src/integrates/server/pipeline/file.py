"""Files that a command sends."""

from pathlib import Path


def end_of(path: Path, most: int) -> bytes:
    """Return the end of a text file in UTF-8, at most so many bytes of it; what is no text is replaced."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - most))
        text = file.read(most).decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}").encode()
    return text[-most:].decode(errors="ignore").encode()
