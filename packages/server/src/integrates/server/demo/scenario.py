"""A past for the demo."""

from datetime import datetime

from integrates.server.parts import Parts


async def play(parts: Parts, now: datetime) -> None:
    """Nothing yet."""
