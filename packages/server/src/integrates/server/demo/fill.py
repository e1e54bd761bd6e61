"""Fills an installation with the demo: its entities, then their past."""

from datetime import datetime

from integrates.db_model.store.design import design
from integrates.server.demo.load import load_demo
from integrates.server.demo.scenario import play
from integrates.server.process import clock
from integrates.server.process.open import Installation


async def fill(installation: Installation, at: datetime) -> int:
    """Load the demo entities into an empty store and play their past, which ends at ``at``; return the number of entities."""
    count = await load_demo(installation.store, design(), at, clock.new_id)
    await play(installation, at)
    return count
