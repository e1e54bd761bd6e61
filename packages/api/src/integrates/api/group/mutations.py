"""Changing groups."""

from collections.abc import Mapping
from typing import Any, Final

from integrates.api.attribute import Fields
from integrates.api.change import new_stamp, refresh
from integrates.api.request import Info
from integrates.db_model import values
from integrates.db_model.entity import claim, read, transaction
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Rejected, Stale
from integrates.db_model.groups.change import added
from integrates.db_model.groups.types import Group, GroupInfo, GroupState, GroupStatus, Language
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.store.port import Store


def _info(organization_id: str, name: str, description: str, language: Language | None) -> GroupInfo:
    checked, text = values.gather(
        lambda: values.name(name, ("name",)),
        lambda: values.group_description(description, ("description",)),
    )
    return GroupInfo(name=checked, organization_id=organization_id, description=text, language=language or Language.EN)


def _made(info: GroupInfo, stamp: Stamp) -> Group:
    state = GroupState(status=GroupStatus.ACTIVE, at=stamp.at, by=stamp.by)
    return Group(info=info, state=state, created_at=stamp.at, created_by=stamp.by)


async def _stored(store: Store, group: Group, stamp: Stamp) -> Group:
    """Store the group unless its name is, or ever was, a group's."""
    organization = await read.get(store, ORGANIZATION, organization_key(group.organization_id))
    if organization is None:
        raise Rejected("not_found", ("organizationId",))
    (held,) = await claim.holders(store, (claim.claim_key("group_name", group.name),))
    if held is not None:
        raise AlreadyExists("group_name", held.owner)
    plan = added(group, organization, stamp)
    try:
        await transaction.write(store, (plan,))
    except Stale as error:
        raise AlreadyExists("group_name", group.name) from error
    return plan.entity


async def add_group(
    _source: Any,
    info: Info,
    *,
    organization_id: str,
    name: str,
    description: str,
    language: Language | None = None,
) -> Mapping[str, Any]:
    """Add a group to an organization."""
    request = info.context
    details = _info(organization_id, name, description, language)
    stamp = new_stamp(request, "add_group")
    group = await transaction.retried(lambda: _stored(request.store, _made(details, stamp), stamp))
    refresh(request)
    return {"group": group}


MUTATIONS: Final[Fields] = {"Mutation": {"addGroup": add_group}}
