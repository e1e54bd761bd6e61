"""``integrates snapshots``: the figures of groups at the ends of days, from which curves are drawn."""

import asyncio
from datetime import date
from typing import Annotated

import msgspec
import typer

from integrates.db_model import snapshots
from integrates.db_model.errors import NotFound
from integrates.db_model.snapshots.commands import Rebuilt
from integrates.server.cli.failure import explained, fail
from integrates.server.cli.operate import JsonOption
from integrates.server.cli.option import StoreOption, lasting_settings, new_commands
from integrates.server.process import clock
from integrates.server.process.open import open_entities
from integrates.server.settings import BadSetting

COMMANDS = new_commands("snapshots", "Figures of groups at the ends of days: rebuild.")
"""The commands ``integrates snapshots …``."""


@COMMANDS.command("rebuild")
def rebuild(
    context: typer.Context,
    *,
    group: Annotated[str, typer.Option(help="Name of the group.", metavar="NAME")],
    since: Annotated[str, typer.Option("--from", help="The first day, as 2026-01-31.", metavar="DAY")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace snapshots that tell something else, too.")] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Make the snapshots of a group that are missing, from what the store keeps of each change.

    The service takes them by itself each night. This fills gaps of days on which it did not run, and goes back further than
    it does. Running it again changes nothing more; the service may be using the store. It prints how many were made.

    \b
    integrates snapshots rebuild --group webshop --from 2026-01-01
    integrates snapshots rebuild --group webshop --from 2026-01-01 --replace --json
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        first, settings = _day(since), lasting_settings(context, store)

        async def done() -> Rebuilt:
            async with open_entities(settings) as opened:
                return await snapshots.rebuild(opened, group, first, clock.now(), is_replacing=replace)

        try:
            made = asyncio.run(done())
        except NotFound:
            fail(f"group: there is no group {group}")
        text = f"{made.made} made, {made.replaced} replaced" if replace else f"{made.made} made"
        typer.echo(msgspec.json.encode(made).decode() if as_json else text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadSetting("from", "a day like 2026-01-31 is expected") from error
