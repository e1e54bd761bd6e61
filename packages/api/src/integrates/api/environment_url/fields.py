"""Fields of environment urls, and those of a root."""

from typing import Final

from integrates.api.context import Info
from integrates.api.environment_url.mutations import MUTATIONS
from integrates.api.resolve.binding import Binding
from integrates.api.resolve.parent import root
from integrates.api.resolve.walk import pages
from integrates.db_model.entity.read import live
from integrates.db_model.environment_urls.facet import ENVIRONMENT_URL, environment_urls_of_root
from integrates.db_model.environment_urls.types import CloudName, EnvironmentUrl, EnvironmentUrlType
from integrates.db_model.roots.types import GitRoot


async def environment_urls(source: GitRoot, info: Info) -> tuple[EnvironmentUrl, ...]:
    """Return the environment urls of the root, by id.

    They are few and small, so they are read without letting others have a turn. In turns, those of several roots would be there
    one after another, and what is asked of them would be read once for each root.
    """
    items = [item async for page in pages(info.context, environment_urls_of_root(source.id)) for item in page]
    return tuple(found for item in items if (found := live(ENVIRONMENT_URL, item)))


BINDING: Final = Binding(
    shows={"EnvironmentUrl": EnvironmentUrl},
    fields={
        **MUTATIONS,
        "EnvironmentUrl": {"root": root},
        "GitRoot": {"environmentUrls": environment_urls},
    },
    enums={"CloudName": CloudName, "EnvironmentUrlType": EnvironmentUrlType},
)
