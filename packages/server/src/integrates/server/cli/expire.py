"""``integrates expire``: end the temporary acceptances whose date has come."""

import asyncio
import os

import typer

from integrates.db_model.vulnerabilities.expiry import Expired
from integrates.server.cli.failure import explained, fail
from integrates.server.cli.option import StoreOption, settings_of
from integrates.server.process import clock
from integrates.server.process.expiry import expired_now
from integrates.server.process.open import open_installation


def expire(context: typer.Context, store: StoreOption = None) -> None:
    """End the temporary acceptances whose date has come.

    The service does so by itself every hour. This does it at once, in all groups and in the name of the system; the service may
    be using the store. It prints how many there were.

    \b
    integrates expire --store sqlite:///integrates-demo/store.db
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        settings = settings_of(context, {"store": store})

        async def ended() -> Expired:
            async with open_installation(settings, os.environ) as installation:
                return await expired_now(installation.store, clock.now(), clock.new_id())

        told(asyncio.run(ended()))


def told(made: Expired) -> None:
    """Print how many acceptances were ended; end the command when some could not be."""
    typer.echo(f"{made.done} acceptance{'' if made.done == 1 else 's'} ended")
    if made.refused:
        first, error = next(iter(made.refused.items()))
        fail(f"store: {len(made.refused)} could not be ended, the first is {first}: {type(error).__name__} {error}")
