"""Importing scanner reports."""

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.imports.work.begin import begin, check_placed
from integrates.api.imports.work.compare import compared
from integrates.api.imports.work.job import Job, new_job, scanned
from integrates.api.imports.work.resume import taken_up
from integrates.api.imports.work.wait import Begun, Kind, finished, require_time
from integrates.api.imports.work.work import run
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, new_stamp
from integrates.api.upload import Upload
from integrates.db_model.entity.work import Overtaken, is_leased
from integrates.db_model.errors import NotFound, Reason, Rejected, Stale
from integrates.db_model.groups.types import Group
from integrates.db_model.imports import commands
from integrates.db_model.imports.commands import Running
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.imports.rules import ARGUMENTS, is_running
from integrates.db_model.imports.types import Import, ImportFile, ImportOptions
from integrates.db_model.roots.types import Root
from integrates.db_model.values.check import checked


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The checked arguments of an import, with what the file says of the root."""

    file: ImportFile
    content: bytes
    options: ImportOptions
    job: Job


def _one_root(named: Mapping[str, Any]) -> Root:
    """Return the root that is named, by its id or its nickname. Raise ``Rejected`` (``required``) unless just one is."""
    found: list[Root] = [root for root in named.values() if root is not None]
    if len(found) != 1:
        raise Rejected(Reason.REQUIRED, ("root_id",), "give one of `rootId` and `rootNickname`")
    return found[0]


async def _asked(seen: Sight[Group], info: Info, file: Upload, given: Mapping[str, Any]) -> Asked:
    """Check the arguments, read the file, and find out what of it concerns the root."""
    details = checked(ARGUMENTS, {"file": file.file_name, **given})
    root = _one_root(seen.named)
    options = ImportOptions(
        close_missing=details.close_missing,
        manifest=details.manifest,
        strip_prefix=details.strip_prefix,
        add_prefix=details.add_prefix,
        technique=details.technique,
        category=details.category,
        tool=details.tool,
    )
    content = await file.read()
    scan = await scanned(content, options, details.format, root)
    job = await new_job(info.context.call, info.context.actor, root, scan, new_stamp(info))
    check_placed(job.scan)
    about = ImportFile(file_name=details.file, sha256=sha256(content).hexdigest(), size=len(content))
    return Asked(file=about, content=content, options=options, job=job)


async def import_vulnerabilities(seen: Sight[Group], info: Info, *, file: Upload, **given: Any) -> Payload:
    """Import a file into a root.

    Return the import when it has ended, or as it is when the answer cannot wait any longer.
    """
    context = info.context
    asked = await _asked(seen, info, file, given)
    require_time(context)
    job = asked.job
    beginning = begin(job, context.call.files, asked.content, asked.file, asked.options)
    del asked  # the content of the file is not kept in memory for as long as the work takes
    return {"import": await finished(context, _kind(job), beginning)}


async def compare_scan(seen: Sight[Group], info: Info, *, file: Upload, **given: Any) -> Payload:
    """Tell what an import of the file would do. Nothing is stored."""
    asked = await _asked(seen, info, file, given)
    return {"comparison": await compared(asked.job, asked.options)}


async def resume_import(seen: Sight[Import], info: Info, *, expected_version: int | None = None) -> Payload:
    """Go on with an import that nobody works on, in the name of the caller; one that was begun too often ends."""
    context, began = info.context, new_stamp(info)
    require_time(context)
    running = await commands.find(context.store, seen.found.id)
    if running is None:
        raise NotFound(IMPORT.name, seen.found.id, ("id",))
    if expected_version not in {None, running.record.version}:
        raise Stale(IMPORT.name, running.record.id, running.record.version)
    if not is_running(running.record):
        raise Rejected(Reason.NOT_RUNNING, ("id",))
    if is_leased(running.progress, context.call.now()):
        raise Rejected(Reason.IMPORT_RUNNING, ("id",))
    try:
        found = await taken_up(context.call, context.actor, running, lambda: replace(began, at=context.call.now()))
    except Overtaken:
        raise Rejected(Reason.IMPORT_RUNNING, ("id",)) from None
    if isinstance(found, Running):
        return {"import": found.record}
    return {"import": await finished(context, _kind(found[0]), _begun(found[1]))}


def _kind(job: Job) -> Kind[Import, Running]:
    return Kind(IMPORT, import_key, attrgetter("record"), partial(run, job))


async def _begun(running: Running) -> Begun[Running]:
    return Begun(running, mine=True)


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "importVulnerabilities": import_vulnerabilities,
        "compareScan": compare_scan,
        "resumeImport": resume_import,
    }
}
