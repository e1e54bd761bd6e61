"""``integrates check``: compare everything that is stored beside entities with the entities."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import msgspec
import typer

from integrates.db_model.inspection.types import Difference
from integrates.db_model.inspection.walk import inspected
from integrates.db_model.store.port import Store
from integrates.server.cli.failure import explained
from integrates.server.cli.option import StoreOption, lasting_settings
from integrates.server.process import clock
from integrates.server.process.open import open_entities

DIFFERENT = 1
"""The exit code when there are differences."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """How many entities and counters were compared, and how many differences there are."""

    entities: int = 0
    counters: int = 0
    differences: int = 0


def check(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print each difference, and the sums, as a line of JSON.")] = False,
    store: StoreOption = None,
) -> None:
    """Compare counters, claims, index keys and revisions with the entities, and print each difference.

    It only reads. While the service writes, what is changed just then may look different: check again before you act. Exit code
    0 means that there is no difference, 1 that there are some.

    \b
    integrates check --store sqlite:///integrates-demo/store.db
    integrates check --json | tail -n 1
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        settings = lasting_settings(context, store)

        async def printed() -> Compared:
            async with open_entities(settings) as opened:
                return await compared(opened, lambda one: typer.echo(_json(one) if as_json else sentence(one)))

        total = asyncio.run(printed())
        typer.echo(_json(total) if as_json else _summary(total))
    if total.differences:
        raise typer.Exit(DIFFERENT)


async def compared(store: Store, tell: Callable[[Difference], None]) -> Compared:
    """Inspect a whole store; tell each difference as soon as it is found, and return the sums."""
    total = Compared()
    async for report in inspected(store, clock.now()):
        for one in report.differences:
            tell(one)
        total = Compared(
            entities=total.entities + report.entities,
            counters=total.counters + report.counters,
            differences=total.differences + len(report.differences),
        )
    return total


def _json(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def sentence(one: Difference) -> str:
    """Return a difference as a line for people."""
    sides = (("expected", one.expected), ("found", one.found))
    told = ", ".join(f"{name} {value}" for name, value in sides if value is not None)
    return " ".join(part for part in (one.fault.value, one.entity, one.at) if part) + (f": {told}" if told else "")


def _summary(total: Compared) -> str:
    return f"{total.entities:,} entities and {total.counters:,} counters compared, {total.differences:,} differences"
