"""Long work, step by step, among others who write: what a lost race leaves is decided again."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from integrates.db_model.entity.transaction import RACES
from integrates.db_model.errors import Raced, Rejected, Rejections, Stale
from integrates.db_model.store.retry import pause

R = TypeVar("R")
T = TypeVar("T")

LOST: Final = (Raced, Stale, Rejected, Rejections)
"""The errors after which a chunk is decided anew: another writer was faster, or holds a claim that the chunk needs."""
MOST_LOSSES: Final = 20
"""How many races in a row may be lost before the work is left to its next worker."""


async def until_done(work_id: str, running: R, step: Callable[[R, T], Awaitable[tuple[R, T | None]]], left: T | None) -> R:
    """Repeat a step on what the last one has left to do, until nothing is left.

    A step that leaves just what it was given has lost a race: the next one waits, and after too many in a row ``Raced`` is
    raised.
    """
    losses = 0
    following = left
    while following is not None:
        given = following
        running, following = await step(running, given)
        losses = losses + 1 if following is given else 0
        if losses > MOST_LOSSES:
            raise Raced(work_id)
        await pause(min(RACES.cap, RACES.base * 2.0**losses) if losses else 0.0)
    return running
