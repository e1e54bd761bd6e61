"""``integrates expire``: end the temporary acceptances whose date has come."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

import msgspec
import typer

from integrates.db_model.vulnerabilities.expiry import Expired
from integrates.server.cli.failure import explained, fail
from integrates.server.cli.option import StoreOption, lasting_settings
from integrates.server.process import clock
from integrates.server.process.expiry import expired_now
from integrates.server.process.open import open_entities


class Told(msgspec.Struct, frozen=True):
    """How many acceptances were ended, and why others were not, by id of the vulnerability or name of the group."""

    done: int
    refused: Mapping[str, str]


def expire(
    context: typer.Context,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print how many were ended, and what could not be, as a line of JSON.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """End the temporary acceptances whose date has come.

    The service does so by itself every hour. This does it at once, in all groups and in the name of the system; the service may
    be using the store. It prints how many there were.

    \b
    integrates expire --store sqlite:///integrates-demo/store.db
    integrates expire --json
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        settings = lasting_settings(context, store)

        async def ended() -> Expired:
            async with open_entities(settings) as opened:
                return await expired_now(opened, clock.now(), clock.new_id())

        tell(asyncio.run(ended()), as_json=as_json)


def tell(made: Expired, *, as_json: bool) -> None:
    """Print how many acceptances were ended; end the command when some could not be."""
    told = Told(made.done, {name: f"{type(error).__name__} {error}" for name, error in made.refused.items()})
    number = f"{told.done} acceptance{'' if told.done == 1 else 's'} ended"
    typer.echo(msgspec.json.encode(told).decode() if as_json else number)
    if told.refused:
        first, why = next(iter(told.refused.items()))
        fail(f"store: {len(told.refused)} could not be ended, the first is {first}: {why}")
