"""The folder in which the demo keeps its store, made anew at each start."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from integrates.server.settings import BadSetting

FOLDER: Final = Path("integrates-demo")
STORE: Final = f"sqlite:///{FOLDER}/store.db"
MARK: Final = "DEMO.txt"
LOCK: Final = "running.lock"
COMPLETE: Final = "complete"
_NOTE: Final = "The demo of Integrates lives here. Whoever starts it again loses what is in this folder.\n"


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the folder for this process alone. Raise :class:`BadSetting` when another demo runs in it or it holds no demo."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise BadSetting("demo", f"the folder {folder} holds something else; start the demo elsewhere")
    folder.mkdir(exist_ok=True)
    (folder / MARK).write_text(_NOTE, encoding="utf-8")
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout as error:
        raise BadSetting("demo", f"another demo runs in the folder {folder}; start this one elsewhere") from error


def clear(folder: Path) -> None:
    """Remove what an earlier demo left in a folder that is held."""
    for entry in folder.iterdir():
        if entry.name in {MARK, LOCK}:
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def note_complete(folder: Path) -> None:
    """Note that everything of the demo is in its store."""
    (folder / COMPLETE).touch()


def is_complete(folder: Path) -> bool:
    """Return whether everything of the demo is in its store."""
    return (folder / COMPLETE).exists()
