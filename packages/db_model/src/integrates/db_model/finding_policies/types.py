"""The finding policy entity, and how far it has been applied."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity
from integrates.db_model.entity.work import LongWork


class FindingPolicyStatus(StrEnum):
    """Whether findings follow the policy: only while it is APPROVED."""

    APPROVED = "APPROVED"
    INACTIVE = "INACTIVE"
    REJECTED = "REJECTED"
    SUBMITTED = "SUBMITTED"


class ApplicationStatus(StrEnum):
    """Whether what is there follows the last answer about the policy: not yet, partly or wholly."""

    DONE = "DONE"
    PENDING = "PENDING"
    RUNNING = "RUNNING"


class Task(StrEnum):
    """What is to be done with what is there: accept by the policy, or take back what the policy accepted."""

    APPLY = "APPLY"
    WITHDRAW = "WITHDRAW"


class FindingPolicyState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the policy; ``by`` is who asked for it, or answered."""

    status: FindingPolicyStatus
    at: datetime
    by: str


class FindingPolicy(Entity, frozen=True, kw_only=True):
    """The wish of an organization to accept all vulnerabilities of the findings with one title for ever.

    ``tags`` are those that its vulnerabilities get.
    """

    id: str
    organization_id: str
    title: str
    tags: tuple[str, ...] = ()
    state: FindingPolicyState


class Application(LongWork, frozen=True, kw_only=True, gc=False):
    """How far a policy has been applied: an item beside the policy, without revisions (E10).

    ``processed`` counts the vulnerabilities that were changed for the last answer. ``tasks`` are what is left to do, the first
    one being at work; the findings up to ``after`` are done with. ``again`` tells that its lists have been walked once and are
    walked once more. ``by``, ``operation`` and ``change_id`` are those of the answer, and of every change that follows from
    it; ``worker`` is who holds the lease. ``version`` is that of the item, 0 before it is stored.
    """

    status: ApplicationStatus = ApplicationStatus.PENDING
    processed: int = 0
    tasks: tuple[Task, ...]
    after: tuple[str, ...] = ()
    again: bool = False
    by: str
    operation: str
    change_id: str
