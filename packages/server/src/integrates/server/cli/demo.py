"""``integrates demo``: load the demo data into a store."""

import asyncio
import os
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from integrates.server.cli.failure import explained
from integrates.server.cli.option import StoreOption, lasting_settings
from integrates.server.demo.fill import fill
from integrates.server.process import clock
from integrates.server.process.open import open_installation
from integrates.server.settings import BadSetting

_GONE: Final = "what is in memory is gone when this command ends; `integrates serve --demo` takes it"


def demo(
    context: typer.Context,
    now: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="The moment the demo ends at, as 2026-01-31T12:00:00+00:00. [default: now]", show_default=False
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Load the demo data into an empty store.

    The entities come from the design that the package carries; their dates are moved so that the demo ends now. What needs a
    past (reviews, imports, treatments …) is then played as calls to the API.

    \b
    integrates demo --store sqlite:///try.db
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        at = _date(now) if now else clock.now()
        settings = lasting_settings(context, store, why=_GONE)

        async def loaded() -> int:
            async with open_installation(settings, os.environ, create=True) as installation:
                return await fill(installation, at)

        typer.echo(f"{asyncio.run(loaded())} demo entities in {settings.store}")


def _date(text: str) -> datetime:
    try:
        date = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSetting("now", "a date like 2026-01-31T12:00:00+00:00 is expected") from error
    return date if date.tzinfo else date.replace(tzinfo=UTC)
