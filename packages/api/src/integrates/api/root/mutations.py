"""Changing roots."""

from collections.abc import Mapping
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import new_stamp, refresh
from integrates.db_model.errors import NotFound
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.roots.commands import add_git, new_git_root
from integrates.db_model.roots.rules import git_root
from integrates.db_model.roots.types import GitLocation, RootInfo


async def add_git_root(_source: Any, info: Info, *, group_name: str, **given: Any) -> Mapping[str, Any]:
    """Add a branch of a git repository to a group."""
    context = info.context
    details = git_root(given)
    stamp, identity = new_stamp(context, "add_git_root"), context.call.new_id()
    group = (await context.scopes.groups.load(group_name)).group
    if group is None:
        raise NotFound(GROUP.name, group_name, ("group_name",))
    location = GitLocation(url=details.url, branch=details.branch, gitignore=details.gitignore)
    about = RootInfo(nickname=details.nickname, criticality=details.criticality)
    root = await add_git(context.store, new_git_root(identity, group, location, about, stamp), stamp)
    refresh(context)
    return {"root": root}


MUTATIONS: Final[Fields] = {"Mutation": {"addGitRoot": add_git_root}}
