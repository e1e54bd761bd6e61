"""Reading an organization by id or name."""

from typing import Any, Final

from integrates.api.context import Info
from integrates.api.guard.target import organization_id_of
from integrates.api.resolve.attribute import Fields
from integrates.db_model.organizations.types import Organization


async def organization(
    _source: Any,
    info: Info,
    *,
    id: str | None = None,  # noqa: A002 -- the name of the argument
    name: str | None = None,
) -> Organization | None:
    """The organization."""
    identity = await organization_id_of(info.context, id, name)
    return (await info.context.scopes.organizations.load(identity)).organization


QUERIES: Final[Fields] = {"Query": {"organization": organization}}
