"""Changing finding policies, and the work of applying them in the store.

Each step of the work is one transaction that also moves the application, conditional on the version read; and so does each
answer that begins another application. Of two workers on one policy one gets ``Overtaken``, as does a worker whose policy was
answered anew, and nothing is done twice.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import Beside, Facet
from integrates.db_model.entity.plan import Plan, together
from integrates.db_model.entity.steps import progress_stored
from integrates.db_model.entity.transaction import write
from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import Overtaken
from integrates.db_model.finding_policies import rules
from integrates.db_model.finding_policies.application import (
    application_key,
    application_of,
    policy_id_of,
    put_application,
    unfinished,
)
from integrates.db_model.finding_policies.facet import FINDING_POLICY, finding_policy_key
from integrates.db_model.finding_policies.types import Application, FindingPolicy, FindingPolicyState, FindingPolicyStatus
from integrates.db_model.organizations.types import Organization
from integrates.db_model.store.port import Store
from integrates.db_model.values.check import checked


class Followed(msgspec.Struct, frozen=True):
    """A policy and how far it has been applied; ``None`` when nothing was ever to be done."""

    policy: FindingPolicy
    application: Application | None


def new_finding_policy(identity: str, organization: Organization, given: rules.GivenPolicy, stamp: Stamp) -> FindingPolicy:
    """Return a new policy of an organization, which somebody asks for. It is not stored yet."""
    return FindingPolicy(
        id=identity,
        organization_id=organization.id,
        title=given.title,
        tags=given.tags,
        state=FindingPolicyState(status=FindingPolicyStatus.SUBMITTED, at=stamp.at, by=stamp.by),
        created_at=stamp.at,
        created_by=stamp.by,
    )


async def add(store: Store, new: FindingPolicy, stamp: Stamp) -> FindingPolicy:
    """Store a new policy; return it as stored.

    Raise ``AlreadyExists`` (``title_taken``) when the organization has a policy for the title, ignoring case.
    """
    return await command.add(store, FINDING_POLICY, new, stamp)


async def create(
    store: Store, organization: Organization, given: Mapping[str, Any], stamp: Stamp, identity: str
) -> FindingPolicy:
    """Store a new policy of the arguments ``given``; return it as stored.

    Raise ``Rejections`` for arguments at fault, and what :func:`add` raises.
    """
    return await add(store, new_finding_policy(identity, organization, checked(rules.ARGUMENTS, given), stamp), stamp)


async def find(store: Store, policy_id: str) -> Followed | None:
    """Read a policy and its application."""
    item, beside = await store.get((finding_policy_key(policy_id), application_key(policy_id)))
    found = read.live(FINDING_POLICY, item)
    return Followed(found, application_of(beside)) if found else None


async def _stored(
    store: Store, facet: Facet[FindingPolicy], old: FindingPolicy | None, new: FindingPolicy, stamp: Stamp
) -> FindingPolicy:
    """Store a policy after an answer, and begin the application that follows from it in the same transaction."""
    (item,) = await store.get((application_key(new.id),))
    made = await command.planned(store, facet, old, new, stamp)
    begun = rules.application_begun(made.entity, application_of(item), stamp)
    follows = (Beside(put_application(new.id, begun)),) if begun else ()
    await write(store, (together(made, *follows),))
    return made.entity


async def _answered(
    store: Store,
    policy_id: str,
    alter: Callable[[FindingPolicy, datetime], FindingPolicy],
    stamp: Stamp,
    expected_version: int | None,
) -> FindingPolicy:
    """Change the state of a policy, which is read anew together with its application each time a race is lost."""
    key = finding_policy_key(policy_id)
    return await command.update(store, FINDING_POLICY, key, alter, stamp, expected_version=expected_version, storing=_stored)


async def handle(
    store: Store, seen: FindingPolicy, stamp: Stamp, *, approve: bool, expected_version: int | None = None
) -> FindingPolicy:
    """Approve or reject a policy; return it as stored. When approved, it is to be applied by ``work.carry_out``.

    Raise ``Rejected`` (``not_submitted``), ``NotFound``, and ``Stale`` when it is not at the expected version.
    """

    def alter(old: FindingPolicy, at: datetime) -> FindingPolicy:
        return rules.policy_handled(old, approve=approve, by=stamp.by, at=at)

    return await _answered(store, seen.id, alter, stamp, expected_version)


async def deactivate(store: Store, seen: FindingPolicy, stamp: Stamp, *, expected_version: int | None = None) -> FindingPolicy:
    """Deactivate a policy; return it as stored. What it accepted is to be taken back by ``work.carry_out``.

    Raise ``Rejected`` (``not_approved``), ``NotFound``, and ``Stale`` when it is not at the expected version.
    """

    def alter(old: FindingPolicy, at: datetime) -> FindingPolicy:
        return rules.policy_deactivated(old, by=stamp.by, at=at)

    return await _answered(store, seen.id, alter, stamp, expected_version)


async def resubmit(store: Store, seen: FindingPolicy, stamp: Stamp, *, expected_version: int | None = None) -> FindingPolicy:
    """Ask once more for a policy that was rejected or deactivated; return it as stored.

    Raise ``Rejected`` (``already_active``), ``NotFound``, and ``Stale`` when it is not at the expected version.
    """

    def alter(old: FindingPolicy, at: datetime) -> FindingPolicy:
        return rules.policy_resubmitted(old, by=stamp.by, at=at)

    return await _answered(store, seen.id, alter, stamp, expected_version)


async def unfinished_policies(store: Store) -> tuple[str, ...]:
    """Read the ids of the policies of the whole store that have work left, at most a page of each shard."""
    return tuple(policy_id_of(item) for page in await store.query(unfinished()) for item in page.items)


async def move_application(
    store: Store,
    policy_id: str,
    moved: Application,
    plans: Sequence[Plan[Any]] = (),
    beside: tuple[Beside, ...] = (),
) -> Application:
    """Store the next version of an application, with the changes that it records and others beside them; return it as stored.

    Raise ``Overtaken`` when it was moved meanwhile, and the refusal of a plan, such as ``Stale`` or ``Raced``.
    """
    put = Beside(put_application(policy_id, moved), Overtaken(policy_id))
    await write(store, plans, (put, *beside))
    return progress_stored(moved)
