"""Long work, step by step, among others who write: what a lost race leaves is decided again."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from integrates.db_model.entity.facet import Beside
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.progress import P, ProgressFacet, progress_key, progress_put
from integrates.db_model.entity.transaction import RACES, write
from integrates.db_model.entity.work import Overtaken
from integrates.db_model.errors import ModelError, Raced, Rejected, Rejections, Stale
from integrates.db_model.store.port import Store
from integrates.db_model.store.retry import pause

R = TypeVar("R")
T = TypeVar("T")

LOST: Final = (Raced, Stale, Rejected, Rejections)
"""The errors after which a chunk is decided anew: another writer was faster, or holds a claim that the chunk needs."""
MOST_LOSSES: Final = 20
"""How many races in a row may be lost before the work is left to its next worker."""


def progress_moved(facet: ProgressFacet[P], work_id: str, progress: P) -> Beside:
    """Return the change that stores the next version of a progress. When it fails, another worker was faster."""
    return Beside(progress_put(facet, work_id, progress), Overtaken(work_id))


def progress_stored(progress: P) -> P:
    """Return a progress as it is after that change."""
    return replace(progress, version=progress.version + 1)


async def move_progress(
    store: Store,
    facet: ProgressFacet[P],
    work_id: str,
    progress: P,
    plans: Sequence[Plan[Any]] = (),
    beside: tuple[Beside, ...] = (),
) -> P:
    """Store the next version of a progress, with the changes that it records and others beside them; return it as stored.

    Raise ``Overtaken`` when another worker has moved it, and the refusal of a plan, such as ``Stale`` or ``Raced``.
    """
    try:
        await write(store, plans, (progress_moved(facet, work_id, progress), *beside))
    except ModelError as error:  # what the other worker did may be told instead of its progress
        if not isinstance(error, Overtaken) and await _is_overtaken(store, facet, work_id, progress):
            raise Overtaken(work_id) from error
        raise
    return progress_stored(progress)


async def _is_overtaken(store: Store, facet: ProgressFacet[P], work_id: str, progress: P) -> bool:
    (item,) = await store.get((progress_key(facet, work_id),))
    return item is None or item.version != progress.version


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
