"""Importing scanner reports."""

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.api.imports.work.begin import begin
from integrates.api.imports.work.job import new_job
from integrates.api.imports.work.wait import finished
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, new_stamp
from integrates.api.upload import Upload
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.rules import ARGUMENTS
from integrates.db_model.imports.types import ImportFile, ImportOptions
from integrates.db_model.values.check import checked

PATIENCE: Final = 20.0
"""Seconds after which the answer does not wait any longer for the end of the work."""
_ANSWERING: Final = 1.0
"""Seconds that the answer takes: what is left of the time of a request when it waits no longer."""


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


async def import_vulnerabilities(seen: Sight[Group], info: Info, *, file: Upload, **given: Any) -> Payload:
    """Import a file into a root.

    Return the import when it has ended, after ``PATIENCE``, or shortly before the request's deadline.
    """
    context = info.context
    until = min(asyncio.get_running_loop().time() + PATIENCE, context.deadline - _ANSWERING)
    asked = await _asked(file, given)
    job = await new_job(context, seen.named["root_id"], asked.scan, new_stamp(info))
    begun = await begin(job, context.call.files, asked.content, asked.file, asked.options)
    record = await finished(context, job, begun.running, until) if begun.mine else begun.running.record
    return {"import": record}


MUTATIONS: Final[Fields] = {"Mutation": {"importVulnerabilities": import_vulnerabilities}}
