"""Asking the gate."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed
from integrates.api.upload import Upload
from integrates.db_model import forces
from integrates.db_model.groups.types import Group


async def add_forces_execution(seen: Sight[Group], info: Info, *, log: Upload | None = None, **given: Any) -> Payload:
    """Decide whether a build of the group passes, and store the verdict."""
    complete = {**given, "log": None if log is None else await log.read()}
    return await changed(
        info, "execution", partial(forces.execute, group=seen.found, given=complete, files=info.context.call.files)
    )


MUTATIONS: Final[Fields] = {"Mutation": {"addForcesExecution": add_forces_execution}}
