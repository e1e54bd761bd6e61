"""Changing organizations."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from integrates.api.attribute import Fields
from integrates.api.change import new_stamp, refresh
from integrates.api.request import Info
from integrates.db_model import values
from integrates.db_model.entity import transaction
from integrates.db_model.entity.types import Stamp
from integrates.db_model.organizations.change import founded
from integrates.db_model.organizations.rules import country as country_code
from integrates.db_model.organizations.types import (
    Organization,
    OrganizationInfo,
    OrganizationState,
    OrganizationStatus,
)


def _info(name: str, country: str | None) -> OrganizationInfo:
    checked, code = values.gather(
        lambda: values.name(name, ("name",)),
        lambda: None if country is None else country_code(country, ("country",)),
    )
    return OrganizationInfo(name=checked, country=code)


def _made(identity: str, info: OrganizationInfo, stamp: Stamp) -> Organization:
    state = OrganizationState(status=OrganizationStatus.ACTIVE, at=stamp.at, by=stamp.by)
    return Organization(id=identity, info=info, state=state, created_at=stamp.at, created_by=stamp.by)


async def add_organization(_source: Any, info: Info, *, name: str, country: str | None = None) -> Mapping[str, Any]:
    """Add an organization whose first manager is the caller."""
    request = info.context
    details = _info(name, country)
    stamp = new_stamp(request, "add_organization")
    plans = founded(_made(request.context.new_id(), details, stamp), stamp)
    await transaction.retried(partial(transaction.write, request.store, plans))
    refresh(request)
    return {"organization": plans[0].entity}


MUTATIONS: Final[Fields] = {"Mutation": {"addOrganization": add_organization}}
