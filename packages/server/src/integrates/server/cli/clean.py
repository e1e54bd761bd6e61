"""``integrates clean``: delete the files of evidence and the logs that nothing has referred to for 60 days."""

import asyncio
import os

import typer

from integrates.db_model.evidences.cleaning import Cleaned
from integrates.server.cli.failure import explained, fail
from integrates.server.cli.option import StoreOption, lasting_settings
from integrates.server.process import clock
from integrates.server.process.cleaning import unneeded_deleted
from integrates.server.process.open import open_installation


def clean(context: typer.Context, store: StoreOption = None) -> None:
    """Delete the files that nothing has referred to for 60 days: evidence, and logs of executions.

    The service does so by itself every hour. This does it at once; the service may be using the store and the files. It prints
    how many there were.

    \b
    integrates clean --store sqlite:///integrates-demo/store.db
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        settings = lasting_settings(context, store)

        async def cleaned() -> Cleaned:
            async with open_installation(settings, os.environ) as installation:
                return await unneeded_deleted(installation.store, installation.files, clock.now())

        shown(asyncio.run(cleaned()))


def shown(made: Cleaned) -> None:
    """Print how many files were deleted; end the command when some belong to nothing that the store knows or can read."""
    typer.echo(f"{made.deleted} file{'' if made.deleted == 1 else 's'} deleted")
    why = []
    if made.unknown:
        kept = "1 file was" if made.unknown == 1 else f"{made.unknown} files were"
        why.append(f"{kept} kept, of findings, events or groups that it does not know; are they of another store?")
    if made.refused:
        first, error = next(iter(made.refused.items()))
        why.append(f"{len(made.refused)} could not be read, the first is {first}: {type(error).__name__} {error}")
    if why:
        fail(f"store: {' '.join(why)}")
