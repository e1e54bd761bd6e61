"""Fills an installation with the demo: its entities, then their past."""

from datetime import datetime, timedelta
from typing import Final

from integrates.db_model import snapshots
from integrates.db_model.groups.commands import names_of_platform
from integrates.db_model.snapshots.count import day_of
from integrates.db_model.store.design import design
from integrates.server.demo.load import load_demo
from integrates.server.demo.scenario import play
from integrates.server.process import clock
from integrates.server.process.open import Installation

_DAYS: Final = timedelta(days=90)
"""Of how many days before its end the demo has snapshots."""


async def fill(installation: Installation, at: datetime) -> int:
    """Load the demo entities into an empty store and play their past, which ends at ``at``; return the number of entities.

    Then take the snapshots of the last 90 days, as the service would have done night after night.
    """
    count = await load_demo(installation.store, design(), at, clock.new_id)
    await play(installation, at)
    for name in [name async for name in names_of_platform(installation.store)]:
        await snapshots.rebuild(installation.store, name, day_of(at) - _DAYS, at)
    return count
