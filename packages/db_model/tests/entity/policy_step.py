"""What people and workers do about a finding policy, for machines that try it in any order."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from integrates.db_model import finding_policies
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.read import everything, get
from integrates.db_model.entity.types import Stamp
from integrates.db_model.finding_policies.facet import FINDING_POLICY, finding_policy_key
from integrates.db_model.finding_policies.types import FindingPolicy
from integrates.db_model.finding_policies.work import Worker, carry_out
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import uid
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.rules import is_hidden, is_released
from integrates.db_model.vulnerabilities.types import Vulnerability

TITLE: Final = "Title of R1"
POLICY: Final = uid(f"aurora/{TITLE}")
NewId: TypeAlias = Callable[[], str]
Answer: TypeAlias = Callable[[Store, FindingPolicy, Stamp, NewId], Awaitable[object]]


async def _approve(store: Store, policy: FindingPolicy, stamp: Stamp, _: NewId) -> object:
    return await finding_policies.handle(store, policy, stamp, approve=True)


async def _refuse(store: Store, policy: FindingPolicy, stamp: Stamp, _: NewId) -> object:
    return await finding_policies.handle(store, policy, stamp, approve=False)


async def _deactivate(store: Store, policy: FindingPolicy, stamp: Stamp, _: NewId) -> object:
    return await finding_policies.deactivate(store, policy, stamp)


async def _resubmit(store: Store, policy: FindingPolicy, stamp: Stamp, _: NewId) -> object:
    return await finding_policies.resubmit(store, policy, stamp)


async def _work(store: Store, policy: FindingPolicy, stamp: Stamp, new_id: NewId) -> object:
    return await carry_out(Worker(store, lambda: stamp.at, new_id()), policy.id)


ANSWERS: Final[Mapping[str, Answer]] = {
    "approve": _approve,
    "refuse": _refuse,
    "deactivate": _deactivate,
    "resubmit": _resubmit,
    "work": _work,
}


async def steer(store: Store, number: int, stamp: Stamp, new_id: NewId) -> str:
    """Answer the policy, or apply what was answered; return what was done. Raise what refuses it."""
    name = list(ANSWERS)[number % len(ANSWERS)]
    policy = await get(store, FINDING_POLICY, finding_policy_key(POLICY))
    assert policy is not None
    await ANSWERS[name](store, policy, stamp, new_id)
    return f"policy {name}"


async def meant(store: Store) -> list[Vulnerability]:
    """Return what a policy in force is about: what is released and not hidden, of the findings with its title."""
    findings = await everything(store, FINDING, listing("finding", "findings_of_group", {"group_name": "webshop"}))
    below = [
        await everything(store, VULNERABILITY, lists.of_finding(one.id)) for one in findings if one.description.title == TITLE
    ]
    return [one for some in below for one in some if is_released(one) and not is_hidden(one)]
