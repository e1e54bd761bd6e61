"""Real output of tools, which is not part of the repository: the folder is named by INTEGRATES_FORMAT_SAMPLES."""

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[4]
FOLDER = Path(os.environ.get("INTEGRATES_FORMAT_SAMPLES") or _REPOSITORY.parent / "shared" / "data" / "formats")


def sample(name: str) -> bytes:
    """The content of a real file; the test is skipped where it is not."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"no {name} in {FOLDER}: set INTEGRATES_FORMAT_SAMPLES to a folder that has it")
    return path.read_bytes()
