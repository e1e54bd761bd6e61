"""A finding is removed with all its vulnerabilities: in chunks, the finding last; a cut removal is finished by repeating it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.errors import NotFound, Raced, Rejections, Stale
from integrates.db_model.findings import removal
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.rules import frees_claim
from integrates.db_model.findings.types import FindingStateStatus, RemovalJustification
from integrates.db_model.testing.scene import HANA, add_finding, add_vulnerability, uid
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.identity import identity_claim
from integrates.db_model.vulnerabilities.lists import live_of_finding, of_finding, of_root
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.db_model.tests.entity.conftest import House, Intrude

    from integrates.db_model.findings.types import Finding
    from integrates.db_model.store.port import Change, Store

WHY = {"justification": "DUPLICATED"}
FEW = 14
"""Changes in one write: one or two of the twelve vulnerabilities fit, so that a removal takes several chunks."""


class Killed(Exception):
    """The process ends here."""


def safe(old: Vulnerability, at: datetime) -> Vulnerability:
    return rules.closed(old, ClosingReason.VERIFIED, by=HANA, at=at)


def hidden(old: Vulnerability, at: datetime) -> Vulnerability:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=at, by=HANA, requested_by=HANA))


async def full(store: Store, house: House) -> Finding:
    """A finding with vulnerabilities in every state: two of each, hidden ones of two states, and six that are open."""
    finding = await add_finding(store, house.group, "R2", house.stamp)
    leads = (None, house.rejected, None, safe, hidden, hidden, *[None] * 6)
    for number, lead in enumerate(leads):
        known = await read.get(store, FINDING, finding_key(finding.id))
        assert known is not None
        first = house.draft if number < 2 else lambda new: new
        one = await add_vulnerability(store, known, house.root, f"src/{number}.py", house.stamp, first)
        if lead:
            await vulnerabilities.update(store, one.id, lead, house.stamp())
            if number == 5:
                await vulnerabilities.update(store, one.id, safe, house.stamp())
    known = await read.get(store, FINDING, finding_key(finding.id))
    assert known is not None
    return known


async def below(store: Store, finding: Finding) -> list[Vulnerability]:
    """All vulnerabilities of a finding, removed ones too."""
    keys = [item.key async for items in read.pages(store, of_finding(finding.id)) for item in items]
    found = [await read.get_any(store, VULNERABILITY, key) for key in keys]
    return [one for one in found if one]


async def left(store: Store, finding: Finding) -> int:
    return len([item async for items in read.pages(store, live_of_finding(finding.id)) for item in items])


async def known_now(store: Store, finding: Finding) -> Finding:
    found = await read.get_any(store, FINDING, finding_key(finding.id))
    assert found is not None
    return found


@pytest.mark.parametrize("why", RemovalJustification)
async def test_a_finding_goes_with_its_vulnerabilities_in_any_state(
    store: Store, house: House, why: RemovalJustification
) -> None:
    finding, stamp = await full(store, house), house.stamp()
    assert await left(store, finding) == 12
    states = {one.state.status for one in await below(store, finding)}
    assert states == set(VulnerabilityStatus) - {VulnerabilityStatus.DELETED}
    gone = await removal.remove(store, finding, {"justification": why.value}, stamp)
    assert (gone.state.status, gone.state.justification, gone.state.by) == (FindingStateStatus.DELETED, why, stamp.by)
    removed = await below(store, finding)
    assert {(one.state.status, one.state.justification) for one in removed} == {(VulnerabilityStatus.DELETED, why)}
    assert await left(store, finding) == 0
    assert await house.is_exact()
    holders = {await house.holder(identity_claim(one.identity)) == one.id for one in removed}
    assert holders == {not frees_claim(why)}
    listed = [item async for items in read.pages(store, of_root(house.root.id)) for item in items]
    assert len(listed) == (1 if frees_claim(why) else 13)


async def test_all_of_it_is_one_change(store: Store, house: House) -> None:
    finding, stamp = await full(store, house), house.stamp()
    before = {one.id: one.version for one in await below(store, finding)}
    gone = await removal.remove(replace(store, max_changes=FEW), finding, WHY, stamp)
    last = (await read.history(store, finding_key(finding.id)))[-1]
    assert (last.change_id, last.operation, last.version) == (stamp.change_id, stamp.operation, gone.version)
    removed = await below(store, finding)
    assert {one.id: one.version for one in removed} == {name: version + 1 for name, version in before.items()}


async def test_a_finding_without_vulnerabilities_goes_too(store: Store, house: House) -> None:
    finding = await add_finding(store, house.group, "R3", house.stamp, title="Nothing below")
    gone = await removal.remove(store, finding, WHY, house.stamp(), expected_version=1)
    assert (gone.version, gone.state.status) == (2, FindingStateStatus.DELETED)


async def test_a_version_is_compared_before_the_first_chunk(store: Store, house: House) -> None:
    finding = await full(store, house)
    with pytest.raises(Stale) as caught:
        await removal.remove(store, finding, {"justification": "?"}, house.stamp(), expected_version=finding.version - 1)
    assert caught.value.current == finding.version
    with pytest.raises(Rejections, match="bad_format"):
        await removal.remove(store, finding, {"justification": "?"}, house.stamp())
    assert await left(store, finding) == 12


@pytest.mark.parametrize("number", range(1, 6))
async def test_a_removal_that_was_cut_at_a_write_is_finished_by_repeating_it(
    store: Store, house: House, intrude: Intrude, number: int
) -> None:
    finding = await full(store, house)
    few = replace(store, max_changes=FEW)
    writes: list[int] = []

    async def killed(count: int, _: Sequence[Change]) -> None:
        writes.append(count)
        if count >= number:
            raise Killed

    with pytest.raises(Killed):
        await removal.remove(intrude(few, killed), finding, WHY, house.stamp())
    assert len(writes) == number
    assert (await left(store, finding) < 12) == (number > 1)
    assert (await known_now(store, finding)).state.status is FindingStateStatus.CREATED
    assert await house.is_exact()
    gone = await removal.remove(few, await known_now(store, finding), WHY, house.stamp())
    assert gone.state.status is FindingStateStatus.DELETED
    assert await left(store, finding) == 0
    assert {one.version for one in await below(store, finding)} <= {2, 3, 4}
    assert await house.is_exact()


async def test_a_removal_takes_as_many_writes_as_are_cut_above(store: Store, house: House, intrude: Intrude) -> None:
    finding, writes = await full(store, house), list[int]()

    async def note(count: int, _: Sequence[Change]) -> None:
        writes.append(count)

    await removal.remove(intrude(replace(store, max_changes=FEW), note), finding, WHY, house.stamp())
    assert len(writes) == 5


async def test_what_comes_meanwhile_is_removed_too(store: Store, house: House, intrude: Intrude) -> None:
    finding, late = await full(store, house), list[str]()

    async def others(count: int, _: Sequence[Change]) -> None:
        if count in {1, 2}:
            one = await add_vulnerability(store, finding, house.root, f"late-{count}.py", house.stamp)
            late.append(one.id)

    gone = await removal.remove(intrude(store, others), finding, WHY, house.stamp())
    assert gone.state.status is FindingStateStatus.DELETED
    assert len(late) == 2
    assert await left(store, finding) == 0
    assert await house.is_exact()


async def test_what_somebody_else_removes_meanwhile_is_no_obstacle(store: Store, house: House, intrude: Intrude) -> None:
    finding = await full(store, house)
    first = (await below(store, finding))[0]

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            await vulnerabilities.update(store, first.id, house.removed(RemovalJustification.EXCLUSION), house.stamp())

    await removal.remove(intrude(store, others), finding, WHY, house.stamp())
    kept = next(one for one in await below(store, finding) if one.id == first.id)
    assert kept.state.justification is RemovalJustification.EXCLUSION
    assert await house.is_exact()


async def test_of_two_who_remove_it_at_once_one_is_told_that_it_is_gone(store: Store, house: House, intrude: Intrude) -> None:
    finding = await full(store, house)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            await removal.remove(store, finding, {"justification": "EXCLUSION"}, house.stamp())

    with pytest.raises(NotFound):
        await removal.remove(intrude(store, others), finding, WHY, house.stamp())
    assert (await known_now(store, finding)).state.justification is RemovalJustification.EXCLUSION
    assert {one.state.justification for one in await below(store, finding)} == {RemovalJustification.EXCLUSION}
    assert await house.is_exact()


async def test_below_a_group_that_is_removed_meanwhile_nothing_more_is_removed(
    store: Store, house: House, intrude: Intrude
) -> None:
    finding = await full(store, house)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 2:
            await house.remove_group()

    with pytest.raises(NotFound) as caught:
        await removal.remove(intrude(replace(store, max_changes=FEW), others), finding, WHY, house.stamp())
    assert caught.value.facet == "group"
    assert 0 < await left(store, finding) < 12
    assert (await known_now(store, finding)).state.status is FindingStateStatus.CREATED


async def test_a_text_that_is_changed_meanwhile_does_not_keep_it(store: Store, house: House, intrude: Intrude) -> None:
    finding = await full(store, house)

    async def others(count: int, _: Sequence[Change]) -> None:
        if count == 1:
            await command.update(store, FINDING, finding_key(finding.id), _retitled, house.stamp())

    gone = await removal.remove(intrude(store, others), finding, WHY, house.stamp(), expected_version=finding.version)
    assert (gone.description.title, gone.state.status) == ("Another title", FindingStateStatus.DELETED)


def _retitled(old: Finding, _: datetime) -> Finding:
    return replace(old, description=replace(old.description, title="Another title"))


async def test_one_that_never_becomes_empty_is_raced(store: Store, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that lags forever: nothing is removed in part for good, and the caller is told to try again."""
    finding = await full(store, house)

    async def query(_: object) -> object:
        return await store.query([live_of_finding(uid("nothing"))])

    lagging = replace(store, query=query)
    monkeypatch.setattr("integrates.db_model.entity.transaction.pause", _at_once)
    with pytest.raises(Raced):
        await removal.remove(lagging, finding, WHY, house.stamp())
    assert await left(store, finding) == 12


async def _at_once(*_: object) -> None:
    return None


async def test_the_title_of_one_that_keeps_its_claim_can_be_reported_again(store: Store, house: House) -> None:
    finding = await add_finding(store, house.group, "titled", house.stamp, title="A title")
    await removal.remove(store, finding, {"justification": "NOT_REQUIRED"}, house.stamp())
    assert (await add_finding(store, house.group, "again", house.stamp, title="A TITLE")).version == 1
    assert not (await known_now(store, finding)).state.keeps_claim
