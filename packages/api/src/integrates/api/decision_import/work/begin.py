"""How an import of decisions begins: a group has one unfinished one."""

import asyncio

from integrates.api.decision_import.work.job import DecisionJob
from integrates.api.imports.read.redact import redacted
from integrates.api.imports.work.wait import Begun
from integrates.api.unfinished import ABANDONED
from integrates.db_model.decision_imports import commands
from integrates.db_model.decision_imports.commands import Deciding
from integrates.db_model.decision_imports.rules import GivenDecisions
from integrates.db_model.decision_imports.types import DecisionFormat, DecisionImport
from integrates.db_model.entity.transaction import repeated
from integrates.db_model.entity.work import Overtaken, is_leased, may_be_taken_up
from integrates.db_model.errors import LimitExceeded, ModelError, Raced, Reason, Rejected
from integrates.db_model.imports.types import ImportFile, ImportFormat, ImportState, ImportStatus


def decisions_key(record: DecisionImport) -> str:
    """Return the key of the file in the file store."""
    return f"decisions/{record.id}.{record.format.lower()}"


def _made(job: DecisionJob, file: ImportFile, given: GivenDecisions) -> DecisionImport:
    stamp = job.stamp()
    return DecisionImport(
        id=job.new_id(),
        group_name=job.group_name,
        organization_id=job.organization_id,
        root_id=job.root_id,
        format=job.decisions.format,
        file=file,
        suppressions_as=given.suppressions_as,
        dry_run=given.dry_run,
        state=ImportState(status=ImportStatus.RUNNING, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def _started(job: DecisionJob, content: bytes, new: DecisionImport) -> Begun[Deciding]:
    """Store the file, without secrets that a report shows, then the import; the file goes again when that is refused."""
    is_report = new.format is DecisionFormat.SARIF
    kept = await asyncio.to_thread(redacted, content, ImportFormat.SARIF) if is_report else content
    await job.files.put(decisions_key(new), kept)
    try:
        return Begun(await commands.begin(job.store, new, job.stamp(), job.token_id), mine=True)
    except (ModelError, LimitExceeded):
        await job.files.delete(decisions_key(new))
        raise


def _is_same(record: DecisionImport, new: DecisionImport) -> bool:
    """Return whether an import reads the same bytes in the same way, in the same name."""
    return all(
        getattr(record, name) == getattr(new, name)
        for name in ("root_id", "format", "suppressions_as", "dry_run", "created_by")
    ) and (record.file.sha256 == new.file.sha256)


async def _joined(job: DecisionJob, current: Deciding, new: DecisionImport) -> Begun[Deciding] | None:
    """Go on with an unfinished import that nobody works on, or end it; ``None`` when a new one may begin."""
    if is_leased(current.progress, job.now()):
        raise Rejected(Reason.ALREADY_RUNNING, ("group_name",))
    if _is_same(current.record, new) and may_be_taken_up(current.progress):
        return Begun(await commands.take_up(job.store, current, job.stamp()), mine=True)
    await commands.end(job.store, current, job.stamp(), ABANDONED)
    return None


async def begin_decisions(job: DecisionJob, content: bytes, file: ImportFile, given: GivenDecisions) -> Begun[Deciding]:
    """Store the file and the record of a new import of decisions, or go on with an interrupted one of the same file.

    Raise ``Rejected`` (``already_running``) while another worker holds the lease of one in the group. After the lease the same
    file of the same person continues it, and another one ends it.
    """

    async def attempt() -> Begun[Deciding]:
        new = _made(job, file, given)
        current = await commands.find_unfinished(job.store, job.group_name)
        joined = await _joined(job, current, new) if current else None
        return joined or await _started(job, content, new)

    return await repeated(attempt, on=(Raced, Overtaken))
