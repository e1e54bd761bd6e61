"""Changes of roots with everything that has to change in the same transaction."""

from datetime import datetime

import msgspec

from integrates.db_model.entity import claim, counter
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.claim import Held
from integrates.db_model.entity.plan import Plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.groups.facet import group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.roots.facet import GIT_ROOT
from integrates.db_model.roots.types import Root, RootState, RootStatus
from integrates.db_model.store.port import Check, Key, Version


def location_claim(organization_id: str, url: str, branch: str) -> Key:
    """Build the key of the claim of a git location in an organization."""
    return claim.claim_key("root_location", organization_id, url, branch)


def nickname_claim(group_name: str, nickname: str) -> Key:
    """Build the key of the claim of a nickname in a group."""
    return claim.claim_key("root_nickname", group_name, nickname)


def added(root: Root, group: Group, stamp: Stamp) -> Plan[Root]:
    """Plan to store a new GIT root, claim its location and its nickname; refused with ``too_many`` when the group is full."""
    location = (root.organization_id, root.location.url, root.location.branch)
    return planning.together(
        planning.added(GIT_ROOT, root, stamp),
        claim.taken("root_location", *location, owner=root.id),
        claim.taken("root_nickname", root.group_name, root.info.nickname, owner=root.id),
        counter.group_guard(root.group_name, "roots", counter.MAX_ROOTS),
        Check(group_key(group.name), Version(group.version)),
    )


def deactivated(root: Root, reason: str, held: Held | None, stamp: Stamp, *, other: str | None = None) -> Plan[Root]:
    """Plan to take a root out of scope: its location is free for another, its nickname is not.

    ``held`` is the claim of its location as read.
    """

    def alter(old: Root, at: datetime) -> Root:
        state = RootState(status=RootStatus.INACTIVE, at=at, by=stamp.by, reason=reason, other=other)
        return old if old.state.status is RootStatus.INACTIVE else msgspec.structs.replace(old, state=state)

    location = (root.organization_id, root.location.url, root.location.branch)
    freed = (claim.freed("root_location", *location, held=held),) if held and held.owner == root.id else ()
    return planning.together(planning.changed(GIT_ROOT, root, alter, stamp), *freed)
