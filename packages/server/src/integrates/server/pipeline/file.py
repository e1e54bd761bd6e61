"""Files that a command writes: whole, or not at all."""

from pathlib import Path
from uuid import uuid4


def write_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole: who reads it meanwhile sees the old or the new one. A device is written to as it is."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def end_of(path: Path, most: int) -> bytes:
    """Return the end of a text file in UTF-8, at most so many bytes of it; what is no text is replaced."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - most))
        text = file.read(most).decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}").encode()
    return text[-most:].decode(errors="ignore").encode()
