"""The work of an import in the store: begin, write one chunk after the other, end.

Each step is one transaction that also moves the progress item, conditional on the version read: of two workers on one import,
one gets ``Overtaken``, and nothing is done twice.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from integrates.db_model.entity import claim, command, read
from integrates.db_model.entity.facet import Beside, id_of
from integrates.db_model.entity.listing import everywhere
from integrates.db_model.entity.plan import Plan, held, together
from integrates.db_model.entity.progress import progress_key, progress_of
from integrates.db_model.entity.steps import move_progress, progress_moved, progress_stored
from integrates.db_model.entity.transaction import repeated, write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import Overtaken, given_back, taken_up
from integrates.db_model.errors import Stale
from integrates.db_model.groups.facet import within_group
from integrates.db_model.groups.types import Group
from integrates.db_model.imports import rules
from integrates.db_model.imports.facet import IMPORT, IMPORT_PROGRESS, import_key
from integrates.db_model.imports.rules import Step
from integrates.db_model.imports.types import Import, ImportCounts, ImportProgress, SeriesClosing
from integrates.db_model.roots.facet import running_import_key, within_root
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Store


class Running(msgspec.Struct, frozen=True):
    """An import and how far it has come."""

    record: Import
    progress: ImportProgress


class Destination(msgspec.Struct, frozen=True):
    """The group and the root that an import may write into, as read before a chunk.

    The chunk is written only while the group exists and the root is as it was.
    """

    group: Group
    root: Root


def _held(destination: Destination, stamp: Stamp) -> tuple[Beside, ...]:
    root = within_root(destination.root.id)
    return (held(within_group(destination.group.name), destination.group, stamp), held(root, destination.root, stamp))


async def find(store: Store, import_id: str) -> Running | None:
    """Read an import and its progress."""
    record, progress = await store.get((import_key(import_id), progress_key(IMPORT_PROGRESS, import_id)))
    found, moved = read.live(IMPORT, record), progress_of(IMPORT_PROGRESS, progress)
    return Running(found, moved) if found and moved else None


async def find_unfinished(store: Store, root_id: str) -> Running | None:
    """Read the import that is unfinished in a root."""
    (item,) = await store.get((running_import_key(root_id),))
    holder = claim.holder_of(item)
    return None if holder is None else await find(store, holder)


async def unfinished_ids(store: Store) -> tuple[str, ...]:
    """Read the ids of the unfinished imports of the whole store, at most a page of each shard."""
    pages = await store.query(everywhere(IMPORT.name, "imports_unfinished"))
    return tuple(id_of(item.key) for page in pages for item in page.items)


async def begin(
    store: Store,
    new: Import,
    skipped: ImportCounts,
    closing: tuple[SeriesClosing, ...],
    stamp: Stamp,
    token_id: str | None = None,
) -> Running:
    """Store a new import and its progress; ``skipped`` counts the results that need no work.

    ``closing`` has each series of the file with what is known of closing what it does not report. ``token_id`` is the access
    token with which the import is begun, if there is one.

    Raise ``AlreadyExists`` (``import_running``) while another import of the root is unfinished, ``Raced`` after a lost race,
    ``Rejections`` (``inactive_root``).
    """
    progress = rules.begun(skipped, closing, stamp.at, stamp.change_id, token_id)
    made = await command.planned(store, IMPORT, None, new, stamp)
    await write(store, (together(made, progress_moved(IMPORT_PROGRESS, new.id, progress)),))
    return Running(made.entity, progress_stored(progress))


async def take_up(store: Store, running: Running, stamp: Stamp) -> Running:
    """Continue an import whose worker's lease is over. Raise ``Overtaken`` when another worker was faster."""
    progress = taken_up(running.progress, stamp.at, stamp.change_id)
    return Running(running.record, await move_progress(store, IMPORT_PROGRESS, running.record.id, progress))


async def give_back(store: Store, import_id: str, stamp: Stamp) -> None:
    """End the lease of a worker that goes away; nothing happens when another worker holds it, or the import has ended.

    The change id of the stamp is that of the worker.
    """

    async def attempt() -> None:
        found = await find(store, import_id)
        if found and rules.is_running(found.record) and found.progress.worker == stamp.change_id:
            await move_progress(store, IMPORT_PROGRESS, import_id, given_back(found.progress, stamp.at))

    await repeated(attempt, on=(Overtaken,))


async def keep_plan(store: Store, running: Running, plan: str, stamp: Stamp) -> Running:
    """Record the SHA-256 of the plan that all workers follow. Raise ``Overtaken`` when another worker was faster."""
    progress = rules.with_plan(running.progress, plan, stamp.at)
    return Running(running.record, await move_progress(store, IMPORT_PROGRESS, running.record.id, progress))


async def write_chunk(
    store: Store, running: Running, plans: Sequence[Plan[Any]], stamp: Stamp, step: Step, destination: Destination
) -> Running:
    """Write one chunk and the progress that it makes.

    Raise ``Overtaken`` when another worker has moved the progress, and the refusal of a plan, such as ``Stale`` or ``Raced``.
    """
    progress, beside = rules.advanced(running.progress, step, stamp.at), _held(destination, stamp)
    return Running(running.record, await move_progress(store, IMPORT_PROGRESS, running.record.id, progress, plans, beside))


async def _ended(store: Store, running: Running, ended: Import, position: int, stamp: Stamp) -> Running:
    """End an import; its root is free for the next one."""
    progress = replace(running.progress, position=position, lease_until=stamp.at)
    made = await command.planned(store, IMPORT, running.record, ended, stamp)
    try:
        await write(store, (together(made, progress_moved(IMPORT_PROGRESS, ended.id, progress)),))
    except Stale as error:
        raise Overtaken(ended.id) from error
    return Running(made.entity, progress_stored(progress))


async def complete(store: Store, running: Running, end: int, stamp: Stamp) -> Running:
    """End an import whose work is done; ``end`` is the number of results. Raise ``Overtaken`` when another worker has it."""
    return await _ended(store, running, rules.completed(running.record, stamp.by, stamp.at), end, stamp)


async def fail(store: Store, running: Running, reason: str, stamp: Stamp) -> Running:
    """End an import early; the chunks done so far stay. Raise ``Overtaken`` when another worker has it."""
    ended = rules.failed(running.record, reason, stamp.by, stamp.at)
    return await _ended(store, running, ended, running.progress.position, stamp)
