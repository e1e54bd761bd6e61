"""Starts the service again when its code is edited."""

import os
import shlex
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
from watchfiles import Change, run_process

PACKAGES: Final = ("integrates.db_model", "integrates.api", "integrates.server")
SUFFIXES: Final = (".py", ".graphql", ".json", ".html", ".css")
PATIENCE: Final = 10
"""Seconds that a stopping service gets before it is killed."""
CHANGES: Final = "WATCHFILES_CHANGES"
"""The variable in which watchfiles gives a process the changed files as JSON, ``[]`` at the first start."""
DESIGN: Final = "design.json"


def supervise(arguments: Sequence[str]) -> None:
    """Run ``integrates`` with the arguments, less ``--reload``, and again after each edit, until a signal comes."""
    command = [sys.executable, "-m", "integrates.server.cli", *(each for each in arguments if each != "--reload")]
    run_process(
        *_folders(),
        target=shlex.join(command),
        target_type="command",
        watch_filter=_is_code,
        sigint_timeout=PATIENCE,
    )


def is_first_start() -> bool:
    """Return whether this process was started by a person, not by an edit."""
    return not _changed()


def is_design_changed() -> bool:
    """Return whether an edit of the exported design, which holds the demo data, started this process."""
    return any(Path(path).name == DESIGN for path in _changed())


def _changed() -> list[str]:
    changes = msgspec.json.decode(os.environ.get(CHANGES, "[]"), type=list[tuple[str, str]])
    return [path for _, path in changes]


def _folders() -> list[str]:
    return [str(files(package)) for package in PACKAGES]


def _is_code(_change: Change, path: str) -> bool:
    return path.endswith(SUFFIXES)
