"""Changing roots."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from integrates.api.attribute import Fields
from integrates.api.change import new_stamp, refresh
from integrates.api.request import Info
from integrates.db_model import values
from integrates.db_model.entity import claim, read, transaction
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Raced, Rejected, Rejections
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.roots import rules
from integrates.db_model.roots.change import added, location_claim, nickname_claim
from integrates.db_model.roots.types import Criticality, GitLocation, Root, RootInfo, RootKind, RootState, RootStatus
from integrates.db_model.store.port import Store


class Details(msgspec.Struct, frozen=True):
    """The checked arguments of a new root."""

    location: GitLocation
    info: RootInfo


def _details(
    url: str, branch: str, nickname: str | None, gitignore: Sequence[str] | None, criticality: Criticality | None
) -> Details:
    """Check the arguments; a nickname that is left out is the last segment of the url."""
    address, place, ignored, given = values.gather(
        lambda: rules.normalised_git_url(url, ("url",)),
        lambda: rules.branch(branch, ("branch",)),
        lambda: rules.gitignore(gitignore or (), ("gitignore",)),
        lambda: None if nickname is None else values.nickname(nickname, ("nickname",)),
    )
    return Details(
        GitLocation(url=address, branch=place, gitignore=ignored),
        RootInfo(
            nickname=given or values.nickname(rules.nickname_of(address), ("nickname",)),
            criticality=criticality or Criticality.MEDIUM,
        ),
    )


def _made(identity: str, details: Details, group: Group, stamp: Stamp) -> Root:
    return Root(
        id=identity,
        kind=RootKind.GIT,
        group_name=group.name,
        organization_id=group.organization_id,
        location=details.location,
        info=details.info,
        state=RootState(status=RootStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def _check_free(store: Store, root: Root) -> None:
    """Refuse what other roots have, all of it at once."""
    place = location_claim(root.organization_id, root.location.url, root.location.branch)
    held = await claim.holders(store, (place, nickname_claim(root.group_name, root.info.nickname)))
    reasons = (Rejected("location_taken", ("url",)), Rejected("nickname_taken", ("nickname",)))
    if taken := [reason for reason, holder in zip(reasons, held, strict=True) if holder]:
        raise Rejections(taken)


async def _stored(store: Store, group_name: str, identity: str, details: Details, stamp: Stamp) -> Root:
    group = await read.get(store, GROUP, group_key(group_name))
    if group is None:
        raise Rejected("not_found", ("groupName",))
    root = _made(identity, details, group, stamp)
    await _check_free(store, root)
    plan = added(root, group, stamp)
    await transaction.write(store, (plan,))
    return plan.entity


async def add_git_root(
    _source: Any,
    info: Info,
    *,
    group_name: str,
    url: str,
    branch: str,
    nickname: str | None = None,
    gitignore: Sequence[str] | None = None,
    criticality: Criticality | None = None,
) -> Mapping[str, Any]:
    """Add a branch of a git repository to a group."""
    request = info.context
    details = _details(url, branch, nickname, gitignore, criticality)
    stamp, identity = new_stamp(request, "add_git_root"), request.context.new_id()
    root = await transaction.retried(
        lambda: _stored(request.store, group_name, identity, details, stamp), on=(Raced, AlreadyExists)
    )
    refresh(request)
    return {"root": root}


MUTATIONS: Final[Fields] = {"Mutation": {"addGitRoot": add_git_root}}
