"""Changing roots."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields, Resolver
from integrates.api.resolve.change import Payload, changed, changing
from integrates.db_model import roots
from integrates.db_model.groups.types import Group
from integrates.db_model.roots.types import Root, RootKind


def adding(kind: RootKind) -> Resolver:
    """Return the resolver that adds a root of a kind to a group."""

    async def add_root(seen: Sight[Group], info: Info, **given: Any) -> Payload:
        identity = info.context.call.new_id()
        return await changed(info, "root", partial(roots.create, group=seen.found, kind=kind, given=given, identity=identity))

    return add_root


def updating(kind: RootKind) -> Resolver:
    """Return the resolver that changes a root of a kind."""
    return changing("root", partial(roots.describe, kind=kind))


async def activate_root(seen: Sight[Root], info: Info, *, expected_version: int | None = None) -> Payload:
    """Test a root again."""
    return await changed(info, "root", partial(roots.activate, seen=seen.found, expected_version=expected_version))


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "activateRoot": activate_root,
        "addGitRoot": adding(RootKind.GIT),
        "addImageRoot": adding(RootKind.IMAGE),
        "addIpRoot": adding(RootKind.IP),
        "addUrlRoot": adding(RootKind.URL),
        "deactivateRoot": changing("root", roots.deactivate),
        "updateGitRoot": updating(RootKind.GIT),
        "updateImageRoot": updating(RootKind.IMAGE),
        "updateIpRoot": updating(RootKind.IP),
        "updateUrlRoot": updating(RootKind.URL),
    }
}
