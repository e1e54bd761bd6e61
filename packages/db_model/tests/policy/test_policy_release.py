"""What is released or reopened while a policy is APPROVED gets it in the same transaction (domain section 3)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import pytest
from msgspec.structs import replace
from packages.db_model.tests.policy.conftest import GUS, OLGA, TITLE, Scene, begun, intruded

from integrates.db_model import finding_policies, vulnerabilities
from integrates.db_model.entity import command, transaction
from integrates.db_model.entity.bulk import Reference, Written
from integrates.db_model.entity.packing import joined
from integrates.db_model.entity.plan import needs, plan
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Conflict, Corrupt
from integrates.db_model.finding_policies.facet import finding_policy_key, policy_title_key
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import ABSENT, ANYTHING, Change, Check, Item, Put, Store, Version
from integrates.db_model.testing.scene import add_finding_policy, add_vulnerability, evidenced, sighted
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.change import AlterWithin, change_all
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.justification import Justification
from integrates.db_model.vulnerabilities.review import cleared, reopened_by_person
from integrates.db_model.vulnerabilities.types import (
    Cycle,
    Source,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityStatus,
)

FOREVER, UNTREATED = TreatmentStatus.ACCEPTED_UNDEFINED, TreatmentStatus.UNTREATED


def drafted(new: Vulnerability) -> Vulnerability:
    state = replace(new.state, status=VulnerabilityStatus.SUBMITTED)
    return replace(new, source=Source.ANALYST, tool=None, state=state, cycle=Cycle())


async def reported(scene: Scene, store: Store, finding: str = "shop") -> Vulnerability:
    owner = scene.findings[finding]
    return await add_vulnerability(store, owner, scene.roots[owner.group_name], "new.py", scene.stamp)


async def reopened(scene: Scene, store: Store) -> Vulnerability:
    identity = await scene.add("shop", "again.py")
    await scene.close(identity)
    seen = sighted(scene.findings["shop"], "again.py")
    return await vulnerabilities.reopen(store, identity, seen, scene.stamp(GUS))


async def changed(store: Store, identity: str, alter: AlterWithin, stamp: Stamp) -> Vulnerability:
    made = await change_all(store, [Reference(identity)], alter, stamp)
    assert isinstance(made, Written)
    assert made.refused == {}
    found: Vulnerability = made.entities[0]
    return found


async def reopened_by_hand(scene: Scene, store: Store) -> Vulnerability:
    identity = await scene.add("shop", "again.py")
    await scene.close(identity)
    why = Justification(justification="It is there again.")

    def alter(old: Vulnerability, _finding: Finding, at: datetime) -> Vulnerability:
        return reopened_by_person(old, why, by=GUS, at=at)

    return await changed(store, identity, alter, scene.stamp(GUS))


async def confirmed(scene: Scene, store: Store, *, first: bool = False) -> Vulnerability:
    if not first:
        await scene.add("shop", "released-before.py")
    owner = scene.findings["shop"]
    await command.update(scene.store, FINDING, finding_key(owner.id), lambda old, _: evidenced(old), scene.stamp())
    one = await add_vulnerability(store, owner, scene.roots[owner.group_name], "draft.py", scene.stamp, drafted)

    def alter(old: Vulnerability, finding: Finding, at: datetime) -> Vulnerability:
        return cleared(old, finding, by=GUS, at=at)

    return await changed(store, one.id, alter, scene.stamp(GUS))


async def confirmed_first(scene: Scene, store: Store) -> Vulnerability:
    return await confirmed(scene, store, first=True)


Begin = Callable[[Scene, Store], Awaitable[Vulnerability]]
WAYS: list[Begin] = [reported, reopened, reopened_by_hand, confirmed, confirmed_first]


@pytest.mark.parametrize("way", WAYS)
async def test_a_release_gets_the_policy_that_is_approved(store: Store, way: Begin) -> None:
    scene = await begun(store)
    await scene.approve()
    one = await way(scene, store)
    assert (one.treatment.status, one.treatment.policy_id, one.treatment.by) == (FOREVER, scene.policy.id, OLGA)
    assert one.labels.tags == ("by-policy", "accepted")
    assert await scene.is_exact()


@pytest.mark.parametrize("way", [reopened, confirmed])
async def test_it_is_the_release_that_gets_it(store: Store, way: Begin) -> None:
    scene = await begun(store)

    async def approve(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:  # the one before it was read before
            await scene.approve()

    one = await way(scene, intruded(store, approve) if way is confirmed else store)
    if way is not confirmed:
        await scene.approve()
        await scene.close(one.id)
        one = await vulnerabilities.reopen(store, one.id, sighted(scene.findings["shop"], "again.py"), scene.stamp(GUS))
    record = (await scene.history(one.id))[-1]
    assert {"state", "treatment", "labels"} <= set(record.aspects)
    assert (record.by, one.treatment.by) == (GUS, OLGA)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("acts", [(), ("reject",), ("reject", "ask"), ("approve", "end"), ("approve", "end", "ask")])
async def test_a_release_gets_nothing_while_no_policy_is_approved(store: Store, way: Begin, acts: Sequence[str]) -> None:
    scene = await begun(store)
    for act in acts:
        match act:
            case "reject":
                await finding_policies.handle(store, scene.policy, scene.stamp(), approve=False)
            case "approve":
                await scene.approve()
            case "end":
                await scene.deactivate()
            case _:
                await scene.resubmit()
    one = await way(scene, store)
    assert (one.treatment.status, one.labels.tags) == (UNTREATED, ())


@pytest.mark.parametrize("finding", ["other", "rival"])
async def test_a_policy_is_for_one_title_in_one_organization(store: Store, finding: str) -> None:
    scene = await begun(store)
    await scene.approve()
    assert (await reported(scene, store, finding)).treatment.status is UNTREATED


async def test_what_a_person_decided_gives_way_when_it_is_reopened(store: Store) -> None:
    scene = await begun(store)
    identity = await scene.add("shop", "again.py")
    await scene.treat(identity, TreatmentStatus.IN_PROGRESS, assigned=GUS)
    await scene.close(identity)
    await scene.approve()  # and the work on it has not begun
    seen = sighted(scene.findings["shop"], "again.py")
    one = await vulnerabilities.reopen(store, identity, seen, scene.stamp(GUS))
    assert (one.treatment.status, one.treatment.assigned) == (FOREVER, GUS)


def begins(changes: Sequence[Change]) -> bool:
    """Return whether a write releases or reopens something."""
    return any(isinstance(change, Check) and change.key.pk.startswith(("POLICY", "UNIQUE")) for change in changes)


@pytest.mark.parametrize("way", WAYS)
async def test_a_policy_that_is_approved_in_between_is_not_missed(store: Store, way: Begin) -> None:
    scene = await begun(store)

    async def approve(_number: int, changes: Sequence[Change]) -> None:
        if begins(changes) and (await scene.latest()).version == 1:
            await scene.approve()

    one = await way(scene, intruded(store, approve))
    assert (one.treatment.policy_id, (await scene.latest()).version) == (scene.policy.id, 2)


@pytest.mark.parametrize("way", [reported, confirmed, confirmed_first])
async def test_a_policy_that_ends_in_between_is_not_given(store: Store, way: Begin) -> None:
    scene = await begun(store)

    async def end(_number: int, changes: Sequence[Change]) -> None:
        if begins(changes) and (await scene.latest()).version == 2:
            await scene.deactivate()

    await scene.approve()
    one = await way(scene, intruded(store, end))
    assert (one.treatment.policy_id, (await scene.latest()).version) == (None, 3)


async def test_a_first_policy_that_is_asked_for_and_approved_in_between_is_not_missed(store: Store) -> None:
    scene = await begun(store)

    async def approve(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:
            made = await add_finding_policy(store, scene.organization, "something ELSE", scene.stamp)
            await finding_policies.handle(store, made, scene.stamp(), approve=True)

    one = await reported(scene, intruded(store, approve), "other")
    assert one.treatment.status is FOREVER


async def test_the_transaction_requires_the_policy_as_read(store: Store) -> None:
    scene = await begun(store)
    await scene.approve()
    for name, expected in (
        ("shop", Check(finding_policy_key(scene.policy.id), Version(2))),
        ("other", Check(policy_title_key(scene.organization.id, "Something else"), ABSENT)),
    ):
        owner, stamp = scene.findings[name], scene.stamp()
        seen = sighted(owner, "x.py")
        new = rules.reported(scene.clock.new_id(), owner, scene.roots["webshop"].id, seen, by=GUS, at=stamp.at)
        given = await transaction.gathered(store, (needs(VULNERABILITY, None, new),))
        made = joined((plan(VULNERABILITY, None, new, stamp, given),))
        assert expected in made.changes
    await scene.deactivate()
    with pytest.raises(Conflict):
        await store.write((Check(finding_policy_key(scene.policy.id), Version(2)),))


async def test_a_closing_and_a_treatment_need_no_policy(store: Store) -> None:
    """They are made while the policy cannot be read."""
    scene = await begun(store)
    identity = await scene.add("shop", "one.py")
    (item,) = await store.get((finding_policy_key(scene.policy.id),))
    assert item is not None
    await store.write((Put(Item(item.key, item.version + 1, {"odd": 1}, item.index_keys), ANYTHING),))
    await scene.treat(identity, TreatmentStatus.IN_PROGRESS, assigned=GUS)
    await scene.close(identity)
    with pytest.raises(Corrupt):
        await vulnerabilities.reopen(store, identity, sighted(scene.findings["shop"], "one.py"), scene.stamp())


async def test_a_title_is_compared_ignoring_case(store: Store) -> None:
    scene = await begun(store)
    await scene.approve()
    titles = {scene.policy.title, scene.findings["pay"].description.title}
    assert (len(titles), {title.casefold() for title in titles}) == (2, {TITLE.casefold()})
    assert (await reported(scene, store, "pay")).treatment.policy_id == scene.policy.id
