"""How an import begins: one unfinished import a root, whoever comes second gets the first one's record."""

from datetime import datetime
from typing import Final

import msgspec

from integrates.api.importing import record
from integrates.api.importing.job import Gate, Job
from integrates.db_model.entity import claim, read, transaction
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.claim import Held
from integrates.db_model.entity.plan import Plan
from integrates.db_model.errors import AlreadyExists, Raced, Rejected, Stale
from integrates.db_model.files.port import Files
from integrates.db_model.groups.facet import group_key
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.imports.types import (
    Import,
    ImportCounts,
    ImportFile,
    ImportFormat,
    ImportOptions,
    ImportProblem,
    ImportProgress,
    ImportState,
    ImportStatus,
)
from integrates.db_model.roots.facet import root_key
from integrates.db_model.store.port import Change, Check, Version

_LOST: Final = (Raced, Stale, AlreadyExists)


class Begun(msgspec.Struct, frozen=True):
    """The import's record, and whether the caller is the one to do the work."""

    record: Import
    mine: bool


class Standing(msgspec.Struct, frozen=True):
    """What stands at the root now: the open gate, the claim of its unfinished import, and that import."""

    gate: Gate
    held: Held | None
    current: Import | None


def file_key(import_id: str) -> str:
    """Return the key of the imported file in the file store."""
    return f"imports/{import_id}.sarif"


def checks(gate: Gate) -> tuple[Change, ...]:
    """Return the checks that the group and the root are still as they were looked at."""
    return (
        Check(group_key(gate.group.name), Version(gate.group.version)),
        Check(root_key(gate.root.id), Version(gate.root.version)),
    )


def _made(job: Job, file: ImportFile, options: ImportOptions, at: datetime) -> Import:
    return Import(
        id=job.new_id(),
        group_name=job.group_name,
        organization_id=job.organization_id,
        root_id=job.root_id,
        format=ImportFormat.SARIF,
        file=file,
        options=options,
        problems=tuple(ImportProblem(pointer=each.pointer, reason=each.reason) for each in job.scan.problems),
        progress=ImportProgress(
            lease_until=at + record.LEASE,
            counts=ImportCounts(skipped=job.scan.skipped, duplicate=job.scan.duplicates),
        ),
        state=ImportState(status=ImportStatus.RUNNING, at=at, by=job.by),
        created_at=at,
        created_by=job.by,
    )


async def _standing(job: Job) -> Standing:
    gate = await job.gate()
    if gate is None:
        raise Rejected("inactive_root", ("rootId",))
    held = (await claim.holders(job.store, (claim.claim_key("running_import", job.root_id),)))[0]
    return Standing(gate, held, await read.get(job.store, IMPORT, import_key(held.owner)) if held else None)


def _abandoned(job: Job, current: Import | None) -> tuple[Plan[Import], ...]:
    if current is None or not record.is_running(current):
        return ()
    plan = planning.changed(IMPORT, current, lambda old, at: record.failed(old, "abandoned", job.by, at), job.stamp())
    return (plan,)


async def _started(job: Job, standing: Standing, new: Plan[Import], files: Files, content: bytes) -> Begun:
    key = file_key(new.entity.id)
    await files.put(key, content)
    taken = claim.taken("running_import", job.root_id, owner=new.entity.id, held=standing.held)
    plan = planning.together(new, taken, *checks(standing.gate))
    try:
        await transaction.write(job.store, (plan, *_abandoned(job, standing.current)))
    except _LOST:
        await files.delete(key)
        raise
    return Begun(plan.entity, mine=True)


async def _taken_up(job: Job, current: Import) -> Begun:
    plan = planning.changed(IMPORT, current, record.taken_up, job.stamp())
    await transaction.write(job.store, (plan,))
    return Begun(plan.entity, mine=True)


def _is_same(current: Import, file: ImportFile, options: ImportOptions) -> bool:
    return (current.file.sha256, current.options) == (file.sha256, options)


async def begin(job: Job, files: Files, content: bytes, file: ImportFile, options: ImportOptions) -> Begun:
    """Store the file and the record of a new import, or join the unfinished one of the root.

    While another worker holds the lease, the same file with the same options gets that import's record, and another file is
    refused with ``Rejected`` (``import_running``). After the lease the same file continues the import, and another one ends
    it. ``Rejected`` (``inactive_root``) when the gate is closed.
    """

    async def attempt() -> Begun:
        standing = await _standing(job)
        current = standing.current
        same = current is not None and record.is_running(current) and _is_same(current, file, options)
        if current and record.is_leased(current, job.now()):
            if same:
                return Begun(current, mine=False)
            raise Rejected("import_running", ("rootId",))
        if current and same and current.progress.attempts < record.MAX_ATTEMPTS:
            return await _taken_up(job, current)
        stamp = job.stamp()
        new = planning.added(IMPORT, _made(job, file, options, stamp.at), stamp)
        return await _started(job, standing, new, files, content)

    return await transaction.retried(attempt, on=_LOST)
