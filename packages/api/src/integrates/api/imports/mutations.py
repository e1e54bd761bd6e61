"""Importing scanner reports."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.work.begin import begin
from integrates.api.imports.work.job import new_job, scanned
from integrates.api.imports.work.wait import finished, require_time
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, new_stamp
from integrates.api.upload import Upload
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.rules import ARGUMENTS
from integrates.db_model.imports.types import ImportFile, ImportOptions
from integrates.db_model.values.check import checked


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The checked arguments of an import, with what the file says."""

    file: ImportFile
    content: bytes
    options: ImportOptions
    scan: Scan


async def _asked(file: Upload, given: Mapping[str, Any]) -> Asked:
    """Check the arguments and read the file."""
    details = checked(ARGUMENTS, {"file": file.file_name, **given})
    options = ImportOptions(close_missing=details.close_missing, strip_prefix=details.strip_prefix, technique=details.technique)
    content = await file.read()
    scan = await scanned(content, options)
    about = ImportFile(file_name=details.file, sha256=sha256(content).hexdigest(), size=len(content))
    return Asked(file=about, content=content, options=options, scan=scan)


async def import_vulnerabilities(seen: Sight[Group], info: Info, *, file: Upload, **given: Any) -> Payload:
    """Import a file into a root.

    Return the import when it has ended, or as it is when the answer cannot wait any longer.
    """
    context = info.context
    asked = await _asked(file, given)
    job = await new_job(context.call, context.actor, seen.named["root_id"], asked.scan, new_stamp(info))
    require_time(context)
    beginning = begin(job, context.call.files, asked.content, asked.file, asked.options)
    del asked  # the content of the file is not kept in memory for as long as the work takes
    return {"import": await finished(context, job, beginning)}


MUTATIONS: Final[Fields] = {"Mutation": {"importVulnerabilities": import_vulnerabilities}}
