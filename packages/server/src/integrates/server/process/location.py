"""The locations of an installation's database, secret and files, as far as they follow from the URL of its store."""

from pathlib import Path
from typing import Final

SQLITE: Final = "sqlite:///"
MEMORY: Final = "memory:"
"""Begins the URL of a store, or of files, that end with the process."""


def database_file(store_url: str) -> Path | None:
    """Return the file of an embedded store, ``None`` for any other store."""
    path = store_url.removeprefix(SQLITE)
    return Path(path) if path not in {store_url, "", "/"} else None


def key_file(store_url: str) -> Path | None:
    """Return the file of an embedded store's secret, for when no setting gives one: beside the database."""
    database = database_file(store_url)
    return database.with_name(f"{database.name}.key") if database else None


def files_url(store_url: str) -> str:
    """Return the URL of the file store when no setting gives one: a folder beside the database, else in the current folder.

    Files of a store that ends with the process end with it too.
    """
    if store_url.startswith(MEMORY):
        return f"{MEMORY}//"
    database = database_file(store_url)
    folder = database.with_name(f"{database.name}.files") if database else Path("integrates.files")
    return f"file://{folder}"
