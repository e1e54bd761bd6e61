"""Telling subscribers what other processes commit, and ending their streams when the service stops."""

import asyncio
from typing import Final

from integrates.api.live.poll import INTERVAL, new_poll
from integrates.server.process.background import repeatedly
from integrates.server.service import Service

_FAILED: Final = "the store could not be asked for what others have committed"


async def tell_until(service: Service, stopping: asyncio.Event) -> None:
    """Look at the store again and again for what other processes have committed, until the service is about to stop.

    Then all streams end, so that no stop waits for them, and their clients go to another process.
    """
    try:
        await repeatedly(new_poll(service.live), stopping, otherwise=INTERVAL, failed=_FAILED)
        await stopping.wait()
    finally:
        service.live.ended.set()
