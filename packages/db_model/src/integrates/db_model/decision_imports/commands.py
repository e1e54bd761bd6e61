"""The work of an import of decisions in the store: begin, write one chunk after the other, end.

Each step is one transaction that also moves the progress item, conditional on the version read: of two workers on one import,
one gets ``Overtaken``, and nothing is decided twice.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from integrates.db_model.decision_imports import rules
from integrates.db_model.decision_imports.facet import (
    DECISION_IMPORT,
    DECISION_PROGRESS,
    decision_import_key,
    unfinished_decisions_key,
)
from integrates.db_model.decision_imports.rules import Advance
from integrates.db_model.decision_imports.types import DecisionImport, DecisionProgress
from integrates.db_model.entity import claim, command, read
from integrates.db_model.entity.facet import id_of
from integrates.db_model.entity.listing import everywhere
from integrates.db_model.entity.plan import Plan, together
from integrates.db_model.entity.progress import progress_key, progress_of
from integrates.db_model.entity.steps import move_progress, progress_moved, progress_stored
from integrates.db_model.entity.transaction import repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import LEASE, Overtaken, given_back, taken_up
from integrates.db_model.errors import Stale
from integrates.db_model.imports.rules import is_running
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities.types import Vulnerability


class Deciding(msgspec.Struct, frozen=True):
    """An import of decisions and how far it has come."""

    record: DecisionImport
    progress: DecisionProgress


async def find(store: Store, import_id: str) -> Deciding | None:
    """Read an import of decisions and its progress."""
    record, progress = await store.get((decision_import_key(import_id), progress_key(DECISION_PROGRESS, import_id)))
    found, moved = read.live(DECISION_IMPORT, record), progress_of(DECISION_PROGRESS, progress)
    return Deciding(found, moved) if found and moved else None


async def find_unfinished(store: Store, group_name: str) -> Deciding | None:
    """Read the import of decisions that is unfinished in a group."""
    (item,) = await store.get((unfinished_decisions_key(group_name),))
    holder = claim.holder_of(item)
    return None if holder is None else await find(store, holder)


async def unfinished_ids(store: Store) -> tuple[str, ...]:
    """Read the ids of the unfinished imports of decisions of the whole store, at most a page of each shard."""
    pages = await store.query(everywhere(DECISION_IMPORT.name, "decision_imports_unfinished"))
    return tuple(id_of(item.key) for page in pages for item in page.items)


async def begin(store: Store, new: DecisionImport, stamp: Stamp, token_id: str | None = None) -> Deciding:
    """Store a new import of decisions and its progress.

    ``token_id`` is the access token with which it is begun, if there is one. Raise ``AlreadyExists`` (``already_running``)
    while another one of the group is unfinished, ``Raced`` after a lost race, ``Rejections`` (``wrong_parent``).
    """
    progress = DecisionProgress(lease_until=stamp.at + LEASE, worker=stamp.change_id, token_id=token_id)
    made = await command.planned(store, DECISION_IMPORT, None, new, stamp)
    await write(store, (together(made, progress_moved(DECISION_PROGRESS, new.id, progress)),))
    return Deciding(made.entity, progress_stored(progress))


async def take_up(store: Store, running: Deciding, stamp: Stamp) -> Deciding:
    """Continue an import whose worker's lease is over. Raise ``Overtaken`` when another worker was faster."""
    progress = taken_up(running.progress, stamp.at, stamp.change_id)
    return Deciding(running.record, await move_progress(store, DECISION_PROGRESS, running.record.id, progress))


async def give_back(store: Store, import_id: str, stamp: Stamp) -> None:
    """End the lease of a worker that goes away; nothing happens when another worker holds it, or the import has ended.

    The change id of the stamp is that of the worker.
    """

    async def attempt() -> None:
        found = await find(store, import_id)
        if found and is_running(found.record) and found.progress.worker == stamp.change_id:
            await move_progress(store, DECISION_PROGRESS, import_id, given_back(found.progress, stamp.at))

    await repeated(attempt, on=(Overtaken,))


async def write_chunk(
    store: Store, running: Deciding, plans: Sequence[Plan[Vulnerability]], step: Advance, stamp: Stamp
) -> Deciding:
    """Write one chunk of decisions and the progress that it makes.

    Raise ``Overtaken`` when another worker has moved the progress, and the refusal of a plan, such as ``Stale`` or ``Raced``.
    """
    progress = rules.advanced_by(running.progress, step, stamp.at)
    return Deciding(running.record, await move_progress(store, DECISION_PROGRESS, running.record.id, progress, plans))


async def end(store: Store, running: Deciding, stamp: Stamp, reason: str | None = None) -> Deciding:
    """End an import: everything is done or, with a reason, it failed; what was decided so far stays.

    The group is free for the next one. Raise ``Overtaken`` when another worker has it.
    """
    progress = replace(running.progress, lease_until=stamp.at)
    closed = rules.ended(running.record, reason, stamp.by, stamp.at)
    made = await command.planned(store, DECISION_IMPORT, running.record, closed, stamp)
    try:
        await write(store, (together(made, progress_moved(DECISION_PROGRESS, closed.id, progress)),))
    except Stale as error:
        raise Overtaken(closed.id) from error
    return Deciding(made.entity, progress_stored(progress))
