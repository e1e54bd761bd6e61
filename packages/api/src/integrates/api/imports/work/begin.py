"""How an import begins: a root has one unfinished import, whose record a second caller gets."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import attrgetter

from integrates.api.imports.read.error import MAX_DEFECTS
from integrates.api.imports.read.observation import CHOSEN, Problem, Remark, Scan
from integrates.api.imports.read.redact import redacted
from integrates.api.imports.read.text import block, line
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.series import closing_of
from integrates.api.imports.work.wait import Begun
from integrates.api.unfinished import ABANDONED
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import Overtaken, is_leased, may_be_taken_up
from integrates.db_model.errors import AlreadyExists, LimitExceeded, ModelError, Raced, Reason, Rejected, Rejections
from integrates.db_model.files.port import Files
from integrates.db_model.imports import commands
from integrates.db_model.imports.commands import Running
from integrates.db_model.imports.rules import MAX_DIGEST, MAX_IMAGE, MAX_PROBLEMS, MAX_URI
from integrates.db_model.imports.types import (
    Import,
    ImportArtifact,
    ImportCounts,
    ImportFile,
    ImportOptions,
    ImportProblem,
    ImportState,
    ImportStatus,
    ProblemCount,
)
from integrates.db_model.roots.image import image_reference


def file_key(record: Import) -> str:
    """Return the key of the imported file in the file store."""
    return f"imports/{record.id}.{record.format.lower()}"


def problems_of(scan: Scan) -> Iterator[Problem]:
    """Yield what was skipped and should not have been; what a person excluded from the root is none of it."""
    return (one for one in scan.problems if one.reason not in CHOSEN)


def _problem(one: Problem | Remark) -> ImportProblem:
    return ImportProblem(pointer=one.pointer, reason=str(one.reason), uri=block(one.uri, MAX_URI) or None)


def _noted(scan: Scan) -> Iterator[Problem | Remark]:
    """Yield everything that people are told, in the order of the file."""
    return merge(scan.remarks, problems_of(scan), key=attrgetter("ordinal"))


def told(scan: Scan) -> tuple[ImportProblem, ...]:
    """Return the problems that people are told, the first ones."""
    return tuple(map(_problem, islice(_noted(scan), MAX_PROBLEMS)))


def _problem_counts(scan: Scan) -> tuple[ProblemCount, ...]:
    counts = Counter(str(one.reason) for one in _noted(scan))
    return tuple(ProblemCount(reason=reason, count=count) for reason, count in sorted(counts.items()))


def check_placed(scan: Scan) -> None:
    """Raise ``Rejections`` (``nothing_placed``) when each result of the file was skipped with a problem, or repeats such."""
    problems = list(problems_of(scan))
    if problems and len(problems) + scan.duplicates == scan.total:
        raise Rejections([_refusal(one) for one in problems[:MAX_DEFECTS]])


def _refusal(one: Problem) -> Rejected:
    where = f"`{block(one.uri, MAX_URI)}` " if one.uri else ""
    return Rejected(Reason.NOTHING_PLACED, ("file",), f"{one.reason} {where}{one.pointer}")


def _artifact(scan: Scan) -> ImportArtifact | None:
    """Return the image that was scanned: by its parts, or in the words of the file when these name no image."""
    if scan.artifact is None:
        return None
    digest = line((scan.artifact.digest or "").rpartition("@")[2], MAX_DIGEST) or None
    try:
        found = image_reference(scan.artifact.reference, ())
    except ModelError:
        name = line(scan.artifact.reference, MAX_IMAGE)
        return ImportArtifact(name=name, digest=digest) if name else None
    return ImportArtifact(name=f"{found.registry}/{found.repository}", tag=found.tag, digest=digest)


def _made(job: Job, identity: str, file: ImportFile, options: ImportOptions, stamp: Stamp) -> Import:
    return Import(
        id=identity,
        group_name=job.group_name,
        organization_id=job.organization_id,
        root_id=job.root_id,
        format=job.scan.format,
        file=file,
        options=options,
        artifact=_artifact(job.scan),
        problems=told(job.scan),
        problem_counts=_problem_counts(job.scan),
        state=ImportState(status=ImportStatus.RUNNING, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def _started(job: Job, files: Files, content: bytes, file: ImportFile, options: ImportOptions) -> Begun[Running]:
    """Store the file without the secrets that it shows, then the import; the file goes away again when the import is refused.

    After an outage it stays: the import may have begun all the same.
    """
    stamp = job.stamp()
    new = _made(job, job.new_id(), file, options, stamp)
    scan = job.scan
    skipped = ImportCounts(skipped=scan.skipped, duplicate=scan.duplicates, reviewable=scan.reviewable)
    await files.put(file_key(new), await asyncio.to_thread(redacted, content, scan.format))
    try:
        running = await commands.begin(job.store, new, skipped, closing_of(scan, options), stamp, job.token_id)
    except (ModelError, LimitExceeded):
        await files.delete(file_key(new))
        raise
    return Begun(running, mine=True)


def _is_same(record: Import, job: Job, file: ImportFile, options: ImportOptions) -> bool:
    """Return whether an import reads the same bytes in the same way."""
    return (record.file.sha256, record.format, record.options) == (file.sha256, job.scan.format, options)


async def _joined(job: Job, current: Running, now: datetime, *, same: bool) -> Begun[Running] | None:
    """Take part in the unfinished import, or end it; ``None`` when a new one may begin."""
    if is_leased(current.progress, now):
        if same:
            return Begun(current, mine=False)
        raise Rejected(Reason.IMPORT_RUNNING, ("root_id",))
    if same and may_be_taken_up(current.progress):
        return Begun(await commands.take_up(job.store, current, job.stamp()), mine=True)
    await commands.fail(job.store, current, ABANDONED, job.stamp())
    return None


async def begin(job: Job, files: Files, content: bytes, file: ImportFile, options: ImportOptions) -> Begun[Running]:
    """Store the file and the record of a new import, or join the unfinished one of the root.

    While another worker holds the lease, the same file with the same options gets that import, and another file is refused
    with ``Rejected`` (``import_running``). After the lease the same file continues the import, and another one ends it.
    Raise ``Rejected`` (``inactive_root``) when the import has no destination.
    """

    async def attempt() -> Begun[Running]:
        if await job.destination() is None:
            raise Rejected(Reason.INACTIVE_ROOT, ("root_id",))
        current = await commands.find_unfinished(job.store, job.root_id)
        joined = await _joined(job, current, job.now(), same=_is_same(current.record, job, file, options)) if current else None
        return joined or await _started(job, files, content, file, options)

    return await repeated(attempt, on=(Raced, Overtaken, AlreadyExists))
