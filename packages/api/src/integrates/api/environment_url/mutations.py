"""Adding and removing environment urls."""

from functools import partial
from typing import Any, Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed, ended
from integrates.db_model import environment_urls
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.roots.types import Root


async def add_environment_url(seen: Sight[Root], info: Info, **given: Any) -> Payload:
    """Say where a root runs."""
    identity = info.context.call.new_id()
    command = partial(environment_urls.create, root=seen.found, given=given, identity=identity)
    return await changed(info, "environment_url", command)


async def remove_environment_url(seen: Sight[EnvironmentUrl], info: Info, *, expected_version: int | None = None) -> Payload:
    """Say that a root does not run there any more."""
    return await ended(info, partial(environment_urls.remove, seen=seen.found, expected_version=expected_version))


MUTATIONS: Final[Fields] = {
    "Mutation": {
        "addEnvironmentUrl": add_environment_url,
        "removeEnvironmentUrl": remove_environment_url,
    }
}
