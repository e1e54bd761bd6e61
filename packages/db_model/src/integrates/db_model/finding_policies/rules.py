"""What a finding policy may hold, its states, and what follows from them (domain section 3)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.entity.types import Stamp
from integrates.db_model.entity.work import LEASE, taken_up
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.finding_policies.types import (
    Application,
    ApplicationStatus,
    FindingPolicy,
    FindingPolicyState,
    FindingPolicyStatus,
    Task,
)
from integrates.db_model.values.check import Arguments, Judge, remembered, whole_of
from integrates.db_model.values.instant import SKEW
from integrates.db_model.values.text import identifier, tags, title

_ENDED: Final = frozenset({FindingPolicyStatus.INACTIVE, FindingPolicyStatus.REJECTED})

_ITSELF: Final = ("id",)
"""The argument that names the policy, which is at fault where its state is."""
_FOLLOWS: Final[Mapping[FindingPolicyStatus, Task | None]] = {
    FindingPolicyStatus.APPROVED: Task.APPLY,
    FindingPolicyStatus.INACTIVE: Task.WITHDRAW,
    FindingPolicyStatus.REJECTED: None,
    FindingPolicyStatus.SUBMITTED: None,
}
"""By state: the task that begins with it; with the others what was begun goes on."""


class GivenPolicy(Struct, frozen=True, kw_only=True):
    """The checked arguments of a new policy."""

    title: str
    tags: tuple[str, ...] = ()


ARGUMENTS: Final = Arguments(GivenPolicy, {"title": title, "tags": tags})
"""What a new policy is given."""

whole: Final[Judge] = whole_of(
    FindingPolicy,
    {
        **ENTITY,
        "id": identifier,
        "organization_id": remembered(identifier),
        "title": title,
        "tags": tags,
        "state.by": by,
    },
)
"""Returns each refusal of a policy in any state (E13)."""


def is_approved(policy: FindingPolicy) -> bool:
    """Return whether findings follow the policy."""
    return policy.state.status is FindingPolicyStatus.APPROVED


def _led(policy: FindingPolicy, status: FindingPolicyStatus, who: str, at: datetime) -> FindingPolicy:
    return replace(policy, state=FindingPolicyState(status=status, at=at, by=who))


def policy_handled(policy: FindingPolicy, *, approve: bool, by: str, at: datetime) -> FindingPolicy:
    """Return the policy APPROVED or REJECTED. Raise ``Rejected`` (``not_submitted``)."""
    if policy.state.status is not FindingPolicyStatus.SUBMITTED:
        raise Rejected(Reason.NOT_SUBMITTED, _ITSELF)
    return _led(policy, FindingPolicyStatus.APPROVED if approve else FindingPolicyStatus.REJECTED, by, at)


def policy_deactivated(policy: FindingPolicy, *, by: str, at: datetime) -> FindingPolicy:
    """Return the policy INACTIVE. Raise ``Rejected`` (``not_approved``)."""
    if not is_approved(policy):
        raise Rejected(Reason.NOT_APPROVED, _ITSELF)
    return _led(policy, FindingPolicyStatus.INACTIVE, by, at)


def policy_resubmitted(policy: FindingPolicy, *, by: str, at: datetime) -> FindingPolicy:
    """Return the policy SUBMITTED once more. Raise ``Rejected`` (``already_active``) unless it was rejected or deactivated."""
    if policy.state.status not in _ENDED:
        raise Rejected(Reason.ALREADY_ACTIVE, _ITSELF)
    return _led(policy, FindingPolicyStatus.SUBMITTED, by, at)


def application_begun(policy: FindingPolicy, former: Application | None, stamp: Stamp) -> Application | None:
    """Return the application that follows from the state of a policy, in place of the former one; ``None`` to keep that.

    What a deactivation has not taken back yet is taken back before the policy is applied again, as if that had come later.
    """
    task = _FOLLOWS[policy.state.status]
    if task is None:
        return None
    left = former.tasks if former and task is Task.APPLY else ()
    return Application(
        tasks=(*(each for each in left if each is Task.WITHDRAW), task),
        lease_until=stamp.at - SKEW,
        by=stamp.by,
        operation=stamp.operation,
        change_id=stamp.change_id,
        version=former.version if former else 0,
    )


def is_done(application: Application) -> bool:
    """Return whether nothing is left to do."""
    return application.status is ApplicationStatus.DONE


def application_taken_up(application: Application, worker: str, at: datetime) -> Application:
    """Record that a worker takes up the work where it was left."""
    return replace(taken_up(application, at, worker), status=ApplicationStatus.RUNNING)


def application_advanced(application: Application, after: tuple[str, ...], changed: int, at: datetime) -> Application:
    """Record that so many vulnerabilities more were changed, and that the findings up to the after are done."""
    processed = application.processed + changed
    return replace(application, processed=processed, after=after, attempts=0, lease_until=at + LEASE)


def task_done(application: Application, at: datetime, delay: timedelta) -> Application:
    """Record that the lists of a task were walked to their ends.

    Where lists may trail by a ``delay``, they are walked once more after it, by whoever takes up the work then.
    """
    walked = replace(application, after=(), attempts=0, again=False, worker="")
    if delay and not application.again:
        return replace(walked, again=True, lease_until=at + delay)
    left = application.tasks[1:]
    if left:
        return replace(walked, tasks=left, worker=application.worker, lease_until=at + LEASE)
    return replace(walked, tasks=(), status=ApplicationStatus.DONE, lease_until=at - SKEW)
