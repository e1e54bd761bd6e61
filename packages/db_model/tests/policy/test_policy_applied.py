"""A policy that is approved or ended, and what becomes of what is there (domain section 3)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from packages.db_model.tests.policy.conftest import GUS, OLGA, TITLE, Scene, begun, filled, intruded

from integrates.db_model import finding_policies, vulnerabilities
from integrates.db_model.entity import command, read
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Corrupt, NotFound, Rejected, Rejections, Stale
from integrates.db_model.finding_policies.facet import finding_policy_key
from integrates.db_model.finding_policies.types import ApplicationStatus, FindingPolicyStatus
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group, GroupRemovalReason, GroupStatus
from integrates.db_model.organizations.facet import organization_key
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import ANYTHING, Change, Item, Key, Page, Put, Query, Store
from integrates.db_model.testing.scene import add_finding_policy, add_organization
from integrates.db_model.vulnerabilities.facet import vulnerability_key
from integrates.db_model.vulnerabilities.policy import ACCEPTED
from integrates.db_model.vulnerabilities.types import AcceptanceStatus, Labels, TreatmentStatus

MINE = {f"{name}/{number}.py" for name in ("shop", "pay") for number in range(3)}


async def test_a_title_has_one_policy_in_an_organization(scene: Scene) -> None:
    with pytest.raises(AlreadyExists, match="title_taken"):
        await add_finding_policy(scene.store, scene.organization, TITLE.lower(), scene.stamp)
    other = await add_organization(scene.store, "boreal", scene.stamp)
    assert (await add_finding_policy(scene.store, other, TITLE, scene.stamp)).title == TITLE


async def test_the_arguments_of_a_policy_are_checked(scene: Scene) -> None:
    given = {"title": "=cmd()", "tags": ("Bad",)}
    with pytest.raises(Rejections) as caught:
        await finding_policies.create(scene.store, scene.organization, given, scene.stamp(), scene.clock.new_id())
    assert [one.path for one in caught.value.refusals] == [("title",), ("tags", "0")]
    made = await finding_policies.create(
        scene.store, scene.organization, {"title": " Another one "}, scene.stamp(GUS), scene.clock.new_id()
    )
    assert (made.title, made.tags, made.state.status, made.state.by) == ("Another one", (), FindingPolicyStatus.SUBMITTED, GUS)


async def test_an_approved_policy_accepts_what_was_released_in_all_groups(scene: Scene) -> None:
    policy = await scene.approve()
    assert (await scene.application()).status is ApplicationStatus.PENDING
    done = await scene.carry_out_now()
    assert done is not None
    assert (done.application.status, done.application.processed, done.refused) == (ApplicationStatus.DONE, 6, {})
    assert await scene.accepted() == MINE
    for one in await scene.all():
        if one.location.where in MINE:
            treatment = one.treatment
            assert (treatment.status, treatment.acceptance_status, treatment.by) == (
                TreatmentStatus.ACCEPTED_UNDEFINED,
                AcceptanceStatus.APPROVED,
                OLGA,
            )
            assert (treatment.justification, treatment.policy_id) == (ACCEPTED, policy.id)
            assert one.labels.tags == ("by-policy", "accepted")
            assert treatment.at >= policy.state.at
    assert await scene.is_exact()


async def test_the_changes_are_those_of_the_answer(scene: Scene) -> None:
    one = (await scene.all())[0]
    await scene.approve()
    await scene.carry_out_now()
    record = (await scene.history(one.id))[-1]
    answer = (await read.history(scene.store, finding_policy_key(scene.policy.id)))[-1]
    assert (record.by, record.operation, record.change_id) == (OLGA, "handle_organization_finding_policy", answer.change_id)
    assert set(record.aspects) == {"treatment", "labels"}


async def test_drafts_hidden_and_removed_ones_are_left_alone(store: Store) -> None:
    scene = await begun(store)
    draft = await scene.add("shop", "draft.py", alter=drafted)
    hidden, removed = await scene.add("shop", "hidden.py"), await scene.add("shop", "removed.py")
    await scene.hide(hidden)
    await vulnerabilities.update(scene.store, removed, removal, scene.stamp())
    await scene.approve()
    done = await scene.carry_out_now()
    assert done is not None
    assert done.application.processed == 0
    assert (await scene.now(draft)).version == 1
    assert (await scene.now(hidden)).version == 2


def drafted(new: vulnerabilities.types.Vulnerability) -> vulnerabilities.types.Vulnerability:
    kinds = vulnerabilities.types
    state = replace(new.state, status=kinds.VulnerabilityStatus.SUBMITTED)
    return replace(new, source=kinds.Source.ANALYST, tool=None, state=state, cycle=kinds.Cycle())


def removal(old: vulnerabilities.types.Vulnerability, _at: object) -> vulnerabilities.types.Vulnerability:
    gone, why = vulnerabilities.types.VulnerabilityStatus.DELETED, RemovalJustification.DUPLICATED
    return replace(old, state=replace(old.state, status=gone, justification=why))


async def test_every_treatment_gives_way(store: Store) -> None:
    scene = await begun(store)
    until = scene.clock.at + timedelta(days=9)
    members: dict[TreatmentStatus, dict[str, Any]] = {
        TreatmentStatus.ACCEPTED: {"accepted_until": until, "justification": "for a while"},
        TreatmentStatus.IN_PROGRESS: {"assigned": GUS},
        TreatmentStatus.ACCEPTED_UNDEFINED: {
            "acceptance_status": AcceptanceStatus.APPROVED,
            "justification": "for ever and ever",
        },
        TreatmentStatus.UNTREATED: {},
    }
    ids = {status: await scene.add("shop", f"{status}.py") for status in TreatmentStatus}
    for status, own in members.items():
        await scene.treat(ids[status], status, **own)
    await scene.approve()
    await scene.carry_out_now()
    assert await scene.accepted() == {f"{status}.py" for status in TreatmentStatus}
    assert (await scene.now(ids[TreatmentStatus.IN_PROGRESS])).treatment.assigned == GUS
    assert await scene.is_exact()


async def test_doing_it_again_changes_nothing_more(scene: Scene) -> None:
    await scene.approve()
    await scene.carry_out_now()
    before, position = await scene.picture(), await scene.application()
    assert await scene.carry_out() is None
    assert (await scene.picture(), await scene.application()) == (before, position)
    assert await finding_policies.unfinished_policies(scene.store) == ()


async def test_a_policy_that_ended_gives_back_what_it_still_accepts(scene: Scene) -> None:
    await scene.approve()
    await scene.carry_out_now()
    await scene.retitle("pay", "Called otherwise now")
    first, second, third = sorted(one.id for one in await scene.all() if one.location.where.startswith("shop"))
    await scene.treat(first, TreatmentStatus.IN_PROGRESS, assigned=GUS)
    await scene.hide(second)
    await scene.change(third, labels=Labels(tags=("mine", "accepted", "by-policy")))
    await scene.deactivate()
    done = await scene.carry_out_now()
    assert done is not None
    assert (done.application.status, done.application.processed) == (ApplicationStatus.DONE, 5)
    assert await scene.accepted() == set()
    kept, given_back, tagged = await scene.now(first), await scene.now(second), await scene.now(third)
    assert (kept.treatment.status, kept.labels.tags) == (TreatmentStatus.IN_PROGRESS, ("by-policy", "accepted"))
    assert (given_back.treatment.status, given_back.treatment.by) == (TreatmentStatus.UNTREATED, GUS)
    assert tagged.labels.tags == ("mine",)
    assert await scene.is_exact()
    before = await scene.picture()
    assert await scene.carry_out() is None
    assert await scene.picture() == before


async def test_a_removed_group_is_passed_over(scene: Scene) -> None:
    def removed(old: Group, _at: object) -> Group:
        return replace(old, state=replace(old.state, status=GroupStatus.DELETED, reason=GroupRemovalReason.NO_SYSTEM))

    person = next(one for one in await scene.all() if one.location.where == "pay/0.py")
    await scene.treat(
        person.id, TreatmentStatus.ACCEPTED_UNDEFINED, acceptance_status=AcceptanceStatus.APPROVED, justification="for ever so"
    )
    await command.update(scene.store, GROUP, group_key(scene.pay.name), removed, scene.stamp())
    await scene.approve()
    done = await scene.carry_out_now()
    assert done is not None
    assert (done.application.processed, done.refused) == (3, {})
    assert await scene.accepted() == {place for place in MINE if place.startswith("shop")}
    await scene.deactivate()
    ended = await scene.carry_out_now()
    assert ended is not None
    assert (ended.application.processed, ended.application.status) == (3, ApplicationStatus.DONE)


REFUSALS = {"handle": "not_submitted", "deactivate": "not_approved", "resubmit": "already_active"}


@pytest.mark.parametrize("act", REFUSALS)
async def test_each_refusal_of_a_policy(scene: Scene, act: str) -> None:
    store, policy = scene.store, scene.policy
    if act == "handle":
        await scene.approve()
    with pytest.raises(Rejected, match=REFUSALS[act]):
        await acts(act)(store, policy, scene.stamp())
    with pytest.raises(Stale):
        await acts(act)(store, policy, scene.stamp(), expected_version=7)
    with pytest.raises(NotFound):
        await acts(act)(store, replace(policy, id=scene.clock.new_id()), scene.stamp())


def acts(name: str) -> Any:
    """Return a command that answers a policy, approving it where it may."""

    async def handle(store: Store, policy: finding_policies.types.FindingPolicy, stamp: Stamp, **more: int) -> object:
        return await finding_policies.handle(store, policy, stamp, approve=True, **more)

    return {"handle": handle, "deactivate": finding_policies.deactivate, "resubmit": finding_policies.resubmit}[name]


@pytest.mark.parametrize("act", REFUSALS)
@pytest.mark.parametrize("named", [False, True])
async def test_of_two_at_once_one_wins(scene: Scene, act: str, *, named: bool) -> None:
    if act != "handle":
        await scene.approve()
    if act == "resubmit":
        await scene.deactivate()
    version = (await scene.latest()).version
    expected = {"expected_version": version} if named else {}

    async def first(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:
            await acts(act)(scene.store, scene.policy, scene.stamp(GUS))

    with pytest.raises(Stale if named else Rejected):
        await acts(act)(intruded(scene.store, first), scene.policy, scene.stamp(OLGA), **expected)
    latest = await scene.latest()
    assert (latest.version, latest.state.by) == (version + 1, GUS)


async def test_a_rejected_policy_does_nothing(scene: Scene) -> None:
    before = await scene.picture()
    rejected = await finding_policies.handle(scene.store, scene.policy, scene.stamp(), approve=False)
    assert rejected.state.status is FindingPolicyStatus.REJECTED
    found = await finding_policies.find(scene.store, scene.policy.id)
    assert found is not None
    assert found.application is None
    assert await scene.carry_out() is None
    assert await scene.picture() == before
    assert (await scene.resubmit()).state.status is FindingPolicyStatus.SUBMITTED


async def test_an_organization_that_changed_is_no_matter_and_one_that_is_gone_is(scene: Scene) -> None:
    await damage(scene.store, organization_key(scene.organization.id))
    with pytest.raises(Corrupt):
        await scene.approve()


async def damage(store: Store, key: Key) -> None:
    """Store something under a key that cannot be read, where it stands in its lists."""
    (item,) = await store.get((key,))
    assert item is not None
    await store.write((Put(Item(item.key, item.version + 1, {"odd": 1}, item.index_keys), ANYTHING),))


async def test_a_damaged_vulnerability_is_told_and_costs_no_other(scene: Scene) -> None:
    one = (await scene.all())[0]
    await damage(scene.store, vulnerability_key(one.id))
    await scene.approve()
    done = await scene.carry_out_now()
    assert done is not None
    assert (done.application.processed, done.application.status) == (5, ApplicationStatus.DONE)
    assert {each: type(error) for each, error in done.refused.items()} == {one.id: Corrupt}


@pytest.mark.parametrize("name", ["shop", "pay"])
async def test_a_damaged_group_keeps_no_other_from_being_applied_to(scene: Scene, name: str) -> None:
    await damage(scene.store, group_key(scene.findings[name].group_name))
    await scene.approve()
    done = await scene.carry_out_now()
    assert done is not None
    assert (done.application.processed, done.application.status, done.refused) == (3, ApplicationStatus.DONE, {})
    assert await scene.accepted() == {place for place in MINE if not place.startswith(name)}


@pytest.mark.parametrize("name", ["shop", "pay"])
async def test_what_a_damaged_group_cannot_give_back_is_told_and_costs_no_other(scene: Scene, name: str) -> None:
    await scene.approve()
    await scene.carry_out_now()
    await damage(scene.store, group_key(scene.findings[name].group_name))
    await scene.deactivate()
    done = await scene.carry_out_now()
    assert done is not None
    damaged = {one.id: Corrupt for one in await scene.all() if one.location.where.startswith(name)}
    assert (done.application.processed, done.application.status) == (3, ApplicationStatus.DONE)
    assert {each: type(error) for each, error in done.refused.items()} == damaged
    assert await scene.accepted() == {place for place in MINE if place.startswith(name)}


async def test_lists_that_lag_are_walked_once_more() -> None:
    inner = memory_store()
    scene = await filled(inner)
    hidden = {one.id for one in await scene.all() if one.location.where == "shop/0.py"}

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        pages = await inner.query(queries)
        return tuple(replace(page, **kept(page)) for page in pages)

    def kept(page: Page) -> dict[str, object]:
        rows = [(item, at) for item, at in zip(page.items, page.cursors, strict=True) if item.key.pk[5:] not in hidden]
        return {"items": tuple(item for item, _ in rows), "cursors": tuple(at for _, at in rows)}

    lagging = replace(inner, query=query, index_delay=60.0)
    await scene.approve()
    first = await scene.carry_out_now(lagging)
    assert first is not None
    assert (first.application.status, first.application.processed) == (ApplicationStatus.RUNNING, 5)
    hidden.clear()
    scene.clock.at += timedelta(seconds=59)
    assert await scene.carry_out_now(lagging) is None
    scene.clock.at += timedelta(seconds=1)
    assert await finding_policies.unfinished_policies(inner) == (scene.policy.id,)
    second = await scene.carry_out_now(lagging)
    assert second is not None
    assert (second.application.status, second.application.processed) == (ApplicationStatus.DONE, 6)
    assert await scene.accepted() == MINE
