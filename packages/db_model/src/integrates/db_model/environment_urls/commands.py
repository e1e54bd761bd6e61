"""Adding and removing environment urls."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrates.db_model.entity import command
from integrates.db_model.entity.types import Stamp
from integrates.db_model.environment_urls import rules
from integrates.db_model.environment_urls.facet import ENVIRONMENT_URL, environment_url_key
from integrates.db_model.environment_urls.rules import GivenEnvironmentUrl, given_environment_url
from integrates.db_model.environment_urls.types import EnvironmentUrl, EnvironmentUrlState, EnvironmentUrlStatus
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Store


def new_environment_url(identity: str, root: Root, given: GivenEnvironmentUrl, stamp: Stamp) -> EnvironmentUrl:
    """Return a new environment url of a root. It is not stored yet."""
    return EnvironmentUrl(
        id=identity,
        root_id=root.id,
        group_name=root.group_name,
        organization_id=root.organization_id,
        url=given.url,
        url_type=given.url_type,
        cloud_name=given.cloud_name,
        include=given.include,
        state=EnvironmentUrlState(status=EnvironmentUrlStatus.ACTIVE, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def add(store: Store, new: EnvironmentUrl, stamp: Stamp) -> EnvironmentUrl:
    """Store a new environment url; return it as stored.

    Raise ``NotFound`` when there is no such group or root, ``Rejections`` when the root is not of a repository
    (``wrong_root_kind``) or not ACTIVE (``inactive_root``), ``AlreadyExists`` (``url_taken``) when the root has that url,
    ``Rejected`` (``too_many``) when it has ``MAX_ENVIRONMENT_URLS`` others.
    """
    return await command.add(store, ENVIRONMENT_URL, new, stamp)


async def create(store: Store, root: Root, given: Mapping[str, Any], stamp: Stamp, identity: str) -> EnvironmentUrl:
    """Store a new environment url of a root, made of the arguments ``given``; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`add` raises.
    """
    return await add(store, new_environment_url(identity, root, given_environment_url(given), stamp), stamp)


async def remove(store: Store, seen: EnvironmentUrl, stamp: Stamp, *, expected_version: int | None = None) -> EnvironmentUrl:
    """Remove an environment url, whatever state its root is in; return it as stored. What was found there stays.

    Raise what :func:`integrates.db_model.entity.command.update` raises.
    """

    def alter(old: EnvironmentUrl, at: datetime) -> EnvironmentUrl:
        return rules.abandoned(old, by=stamp.by, at=at)

    key = environment_url_key(seen.id)
    return await command.update(store, ENVIRONMENT_URL, key, alter, stamp, expected_version=expected_version, seen=seen)
