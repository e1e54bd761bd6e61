"""Importing scanner reports."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from integrates.api.authorization.scope import new_scopes
from integrates.api.context import Context, Info
from integrates.api.guard.sight import Sight
from integrates.api.imports.read.confine import confined
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.api.imports.work.begin import begin
from integrates.api.imports.work.job import Job
from integrates.api.imports.work.work import run
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, new_stamp, refresh
from integrates.api.resolve.lookup import find
from integrates.api.upload import Upload
from integrates.db_model.entity.loader import new_loaders
from integrates.db_model.entity.types import Stamp
from integrates.db_model.groups.types import Group
from integrates.db_model.imports import commands
from integrates.db_model.imports.commands import Destination, Running
from integrates.db_model.imports.rules import ARGUMENTS
from integrates.db_model.imports.types import Import, ImportFile, ImportOptions
from integrates.db_model.roots.facet import GIT_ROOT, root_key
from integrates.db_model.roots.rules import is_active
from integrates.db_model.roots.types import Root
from integrates.db_model.values.check import checked

PATIENCE: Final = 20.0
"""Seconds after which the answer does not wait any longer for the end of the work."""
_ANSWERING: Final = 1.0
"""Seconds that the answer takes: what is left of the time of a request when it waits no longer."""
_RUN: Final = "import:run"
_LOG: Final = logging.getLogger("integrates.api")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The checked arguments of an import, with what the file says."""

    file: ImportFile
    content: bytes
    options: ImportOptions
    scan: Scan


async def _asked(file: Upload, given: Mapping[str, Any]) -> Asked:
    """Check the arguments and read the file, in a thread because that takes long for a large one."""
    details = checked(ARGUMENTS, {"file": file.file_name, **given})
    options = ImportOptions(close_missing=details.close_missing, strip_prefix=details.strip_prefix, technique=details.technique)
    content = await file.read()
    scan = await asyncio.to_thread(read, content, Options(strip_prefix=options.strip_prefix, technique=options.technique))
    about = ImportFile(file_name=details.file, sha256=sha256(content).hexdigest(), size=len(content))
    return Asked(file=about, content=content, options=options, scan=scan)


def _destination(context: Context, group_name: str, root_id: str) -> Callable[[], Awaitable[Destination | None]]:
    """Return what looks again, with nothing remembered, whether the caller may still import into the root."""
    store, actor = context.call.store, context.actor

    async def look() -> Destination | None:
        loaders = new_loaders(store)
        scope = await new_scopes(loaders, actor).groups.load(group_name)
        root = await find(loaders, GIT_ROOT, root_key, root_id)
        usable = root is not None and root.group_name == group_name and is_active(root)
        return Destination(scope.group, root) if scope.group and root and usable and _RUN in scope.permissions else None

    return look


async def _job(context: Context, root: Root, scan: Scan, stamp: Stamp) -> Job:
    call = context.call
    return Job(
        store=call.store,
        scan=await asyncio.to_thread(confined, scan, root),
        root_id=root.id,
        group_name=root.group_name,
        organization_id=root.organization_id,
        by=stamp.by,
        change_id=stamp.change_id,
        now=call.now,
        new_id=call.new_id,
        destination=_destination(context, root.group_name, root.id),
    )


async def _finished(context: Context, job: Job, begun: Running, until: float) -> Import:
    """Do the work in the background and wait for it a while; then answer with the record as it is."""
    done: asyncio.Future[Running | Exception] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        try:
            outcome: Running | Exception = await run(job, begun)
        except Exception as error:  # noqa: BLE001 -- it is raised in the request, or logged when that is over
            outcome = error
            _LOG.warning("an import was interrupted", exc_info=error, extra={"request_id": context.call.request_id})
        if not done.done():
            done.set_result(outcome)

    context.call.spawn(work())
    try:
        async with asyncio.timeout_at(until):
            outcome = await asyncio.shield(done)
    except TimeoutError:
        return (await commands.find(context.store, begun.record.id) or begun).record
    if isinstance(outcome, Exception):
        raise outcome
    return outcome.record


async def import_vulnerabilities(seen: Sight[Group], info: Info, *, file: Upload, **given: Any) -> Payload:
    """Import a file into a root; answers when that is finished, after ``PATIENCE``, or just before the request's deadline."""
    context = info.context
    until = min(asyncio.get_running_loop().time() + PATIENCE, context.deadline - _ANSWERING)
    asked = await _asked(file, given)
    job = await _job(context, seen.named["root_id"], asked.scan, new_stamp(info))
    begun = await begin(job, context.call.files, asked.content, asked.file, asked.options)
    record = await _finished(context, job, begun.running, until) if begun.mine else begun.running.record
    refresh(context)
    return {"import": record}


MUTATIONS: Final[Fields] = {"Mutation": {"importVulnerabilities": import_vulnerabilities}}
