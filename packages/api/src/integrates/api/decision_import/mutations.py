"""Importing decisions."""

import asyncio
from functools import partial
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.decision_import.read.registry import read_decisions
from integrates.api.decision_import.work.begin import begin_decisions
from integrates.api.decision_import.work.job import DecisionJob, Within, new_decision_job
from integrates.api.decision_import.work.work import run_decisions
from integrates.api.imports.work.wait import Kind, finished, require_time
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, new_stamp
from integrates.api.upload import Upload
from integrates.db_model.decision_imports.commands import Deciding
from integrates.db_model.decision_imports.facet import DECISION_IMPORT, decision_import_key
from integrates.db_model.decision_imports.rules import ARGUMENTS
from integrates.db_model.decision_imports.types import DecisionImport
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.types import ImportFile
from integrates.db_model.roots.types import Root
from integrates.db_model.values.check import checked


def _kind(job: DecisionJob) -> Kind[DecisionImport, Deciding]:
    return Kind(DECISION_IMPORT, decision_import_key, attrgetter("record"), partial(run_decisions, job))


async def import_decisions(seen: Sight[Group], info: Info, *, file: Upload, **given: Any) -> Payload:
    """Make the decisions of a file, in the name of the caller.

    Return the import when it has ended, or as it is when the answer cannot wait any longer.
    """
    context, group = info.context, seen.found
    details = checked(ARGUMENTS, {"file": file.file_name, **given})
    root: Root | None = seen.named.get("root_id")
    content = await file.read()
    decisions = await asyncio.to_thread(read_decisions, content, details.format, details.suppressions_as)
    if root is None and not decisions.names_roots:
        raise Rejected(Reason.REQUIRED, ("root_id",), "the file does not tell which root it is about")
    require_time(context)
    within = Within(group_name=group.name, organization_id=group.organization_id, root_id=None if root is None else root.id)
    job = new_decision_job(context.call, context.actor, decisions, within, new_stamp(info).change_id)
    about = ImportFile(file_name=details.file, sha256=sha256(content).hexdigest(), size=len(content))
    beginning = begin_decisions(job, content, about, details)
    del content  # it is not kept in memory for as long as the work takes
    return {"decision_import": await finished(context, _kind(job), beginning)}


MUTATIONS: Final[Fields] = {"Mutation": {"importDecisions": import_decisions}}
