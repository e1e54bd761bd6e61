"""Where an installation keeps what it keeps, as far as that follows from the URL of its store."""

from pathlib import Path
from typing import Final

SQLITE: Final = "sqlite:///"
MEMORY: Final = "memory:"
"""How the URL of a store, or of files, that end with the process begins."""


def database_file(store_url: str) -> Path | None:
    """The file of an embedded store; ``None`` for a store that is elsewhere."""
    path = store_url.removeprefix(SQLITE)
    return Path(path) if path not in {store_url, "", "/"} else None


def key_file(store_url: str) -> Path | None:
    """Where the secret of an embedded store lies when no setting gives one: beside the database."""
    database = database_file(store_url)
    return database.with_name(f"{database.name}.key") if database else None


def files_url(store_url: str) -> str:
    """Where files go when no setting says so: a folder beside the database, else one in the current folder.

    Those of a store that ends with the process end with it.
    """
    if store_url.startswith(MEMORY):
        return f"{MEMORY}//"
    database = database_file(store_url)
    folder = database.with_name(f"{database.name}.files") if database else Path("integrates.files")
    return f"file://{folder}"
