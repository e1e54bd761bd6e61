"""What holds of a store whatever happened to those who wrote into it."""

from pathlib import Path

from integrates.db_model import open_store
from integrates.db_model.indicators.recount import recount, stored_counters


async def miscounted(url: str, *groups: str) -> dict[str, object]:
    """Return the groups whose stored counters are not what they count, each with both."""
    found: dict[str, object] = {}
    async with open_store(url) as store:
        for group in groups:
            counted = await recount(store, group)
            stored = await stored_counters(store, counted, group)
            if counted != stored:
                found[group] = (counted, stored)
    return found


def shared(folder: Path) -> str:
    """Return the URL of the store that the services of a folder share, for a process that runs elsewhere."""
    return f"sqlite:///{folder / 'shared.db'}"
