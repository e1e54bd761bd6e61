"""What admins change of people."""

from functools import partial
from typing import Final

from integrates.api.authorization.sight import Sight
from integrates.api.context import Info
from integrates.api.resolve.attribute import Fields
from integrates.api.resolve.change import Payload, changed, ended
from integrates.db_model import stakeholders
from integrates.db_model.stakeholders.types import PlatformRole


async def update_stakeholder_role(
    _seen: Sight[None], info: Info, *, email: str, role: PlatformRole, expected_version: int | None = None
) -> Payload:
    """Give a person another role on the platform."""
    change = partial(stakeholders.change_role, email=email, role=role, expected_version=expected_version)
    return await changed(info, "stakeholder", change)


async def remove_stakeholder(_seen: Sight[None], info: Info, *, email: str, expected_version: int | None = None) -> Payload:
    """Remove a person, with everything that lets them in."""
    remove = partial(stakeholders.remove, email=email, expected_version=expected_version)
    return await ended(info, remove, by="email")


MUTATIONS: Final[Fields] = {
    "Mutation": {"updateStakeholderRole": update_stakeholder_role, "removeStakeholder": remove_stakeholder}
}
