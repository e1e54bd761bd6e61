"""Writing comments."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.authorization.visibility import author_of
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed
from integrates.db_model import comments
from integrates.db_model.events.types import Event
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group


async def add_comment(seen: Sight[Finding | Event | Group], info: Info, **given: Any) -> Payload:
    """Say something about a finding, an event or a group."""
    identity, author = info.context.call.new_id(), author_of(seen.scope.permissions)
    command = partial(comments.create, about=seen.found, given=given, identity=identity, author=author)
    return await changed(info, "comment", command)


MUTATIONS: Final[Fields] = {"Mutation": {"addFindingComment": add_comment, "addGroupComment": add_comment}}
