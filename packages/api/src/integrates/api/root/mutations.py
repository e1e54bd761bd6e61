"""Changing roots."""

from functools import partial
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.guard.sight import Sight
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed
from integrates.db_model import roots
from integrates.db_model.groups.types import Group


async def add_git_root(seen: Sight[Group], info: Info, **given: Any) -> Payload:
    """Add a branch of a git repository to a group."""
    identity = info.context.call.new_id()
    return await changed(info, "root", partial(roots.create_git, group=seen.found, given=given, identity=identity))


MUTATIONS: Final[Fields] = {"Mutation": {"addGitRoot": add_git_root}}
