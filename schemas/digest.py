"""The digests by which one sees without ``cue`` what was edited after the last export, as ``sha256sum`` writes them."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

DIGESTS = "schemas/export.sha256"
"""Where the export leaves them. ``sha256sum --check`` in the folder of the checkout reads the file too."""


def sources(root: Path) -> Mapping[str, bytes]:
    """Return the content of each CUE file of the design by its path below ``root``."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted((root / "schemas").rglob("*.cue"))}


def digests(files: Mapping[str, bytes]) -> str:
    """Return a line for each file, by path."""
    return "".join(f"{sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items()))


def edits(recorded: str, root: Path) -> Iterator[str]:
    """Yield in words what is not as it was exported."""
    told = {path: digest for digest, _, path in (line.partition("  ") for line in recorded.splitlines())}
    found = {**sources(root), **{path: (root / path).read_bytes() for path in told if (root / path).is_file()}}
    now = {path: sha256(content).hexdigest() for path, content in found.items()}
    for path in sorted({*told, *now}):
        if path not in now:
            yield f"{path} is gone"
        elif path not in told:
            yield f"{path} is new"
        elif now[path] != told[path]:
            yield f"{path} was edited" if path.endswith(".cue") else f"{path} is written by the export and was edited by hand"
