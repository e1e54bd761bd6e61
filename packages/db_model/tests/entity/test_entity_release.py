"""The first release of a finding is recorded once, in the transaction that releases its first vulnerability."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import command, read, transaction
from integrates.db_model.errors import Raced, Rejected, Stale
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import add_finding, add_vulnerability, scored, sighted, uid
from integrates.db_model.vulnerabilities import commands, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Cycle, Vulnerability, VulnerabilityStatus

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

DRAFT = uid("draft")


def released(old: Vulnerability, at: datetime) -> Vulnerability:
    return replace(
        old, state=replace(old.state, status=VulnerabilityStatus.VULNERABLE, at=at), cycle=Cycle(opened_at=at, cycles=1)
    )


def described(text: str, old: Finding) -> Finding:
    return replace(old, description=replace(old.description, threat=text))


async def drafted(house: House) -> Finding:
    """Store a finding that has only a draft."""
    finding = await add_finding(house.store, house.group, "R2", house.stamp, score="5.0")
    await add_vulnerability(house.store, finding, house.root, "draft.py", house.stamp, house.draft, identity=DRAFT)
    return finding


async def known(store: Store, finding: Finding) -> Finding:
    found = await read.get(store, FINDING, finding_key(finding.id))
    assert found is not None
    return found


async def test_the_first_release_is_recorded_once(store: Store, house: House) -> None:
    first = await house.known()
    assert first.release.released_at is not None
    assert first.release.released_at == house.one.created_at
    await add_vulnerability(store, first, house.root, "two.py", house.stamp)
    assert await house.known() == first


async def test_a_draft_is_no_release(store: Store, house: House) -> None:
    finding = await drafted(house)
    await commands.update(store, DRAFT, house.rejected, house.stamp())
    assert await known(store, finding) == finding


async def test_of_two_first_releases_at_once_one_is_recorded_and_both_are_stored(store: Store, house: House) -> None:
    """Each of them has read a finding that nobody has released."""
    finding = await add_finding(store, house.group, "R2", house.stamp)
    waiting = asyncio.Barrier(2)

    async def before() -> None:
        await waiting.wait()

    async def report(where: str) -> Vulnerability:
        first = True

        async def write(changes: Sequence[Change]) -> None:
            nonlocal first
            if first:
                first = False
                await before()
            await store.write(changes)

        return await add_vulnerability(replace(store, write=write), finding, house.root, where, house.stamp)

    one, other = await asyncio.gather(report("one.py"), report("other.py"))
    now = await known(store, finding)
    assert (now.version, len(await read.history(store, finding_key(finding.id)))) == (2, 2)
    assert now.release.released_at in {one.created_at, other.created_at}
    stored = await read.get_many(store, VULNERABILITY, [vulnerability_key(each.id) for each in (one, other)])
    assert list(stored) == [one, other]
    assert await house.is_exact()


async def test_a_first_release_that_loses_a_race_leaves_the_record_to_the_winner(
    store: Store, house: House, intrude: Intrude
) -> None:
    finding = await add_finding(store, house.group, "R2", house.stamp)
    winner: list[Vulnerability] = []

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            winner.append(await add_vulnerability(store, finding, house.root, "winner.py", house.stamp))

    loser = await add_vulnerability(intrude(store, before), finding, house.root, "loser.py", house.stamp)
    now = await known(store, finding)
    assert (now.version, now.release.released_at) == (2, winner[0].created_at)
    assert await read.get(store, VULNERABILITY, vulnerability_key(loser.id)) == loser
    assert await house.is_exact()


async def test_a_draft_is_not_released_without_the_record(store: Store, house: House) -> None:
    """The generic verbs change one entity each: they cannot record it, so they are refused."""
    finding = await drafted(house)
    keys = (vulnerability_key(DRAFT), finding_key(finding.id))
    before = await store.get(keys)
    with pytest.raises(Rejected, match=r"inconsistent \(release\)"):
        await commands.update(store, DRAFT, released, house.stamp())
    with pytest.raises(Rejected, match=r"inconsistent \(release\)"):
        await commands.update(store, DRAFT, released, house.stamp(), expected_version=1)
    written = await commands.update_each(store, [DRAFT], released, house.stamp())
    assert {position: str(error) for position, error in written.refused.items()} == {0: "inconsistent (release)"}
    assert await store.get(keys) == before
    assert len(await read.history(store, keys[0])) == 1
    assert await house.is_exact()


async def test_nothing_is_stored_released_without_the_record(store: Store, house: House) -> None:
    finding = await add_finding(store, house.group, "R2", house.stamp)
    made = house.stamp()
    new = rules.reported(uid("new"), finding, house.root.id, sighted(finding, "new.py"), by=made.by, at=made.at)
    with pytest.raises(Rejected, match=r"inconsistent \(release\)"):
        await command.add(store, VULNERABILITY, new, made)
    assert await read.get_any(store, VULNERABILITY, vulnerability_key(uid("new"))) is None
    assert await known(store, finding) == finding


@pytest.mark.parametrize("rescoring", [True, False])
async def test_another_change_of_the_finding_is_no_record(
    store: Store, house: House, intrude: Intrude, *, rescoring: bool
) -> None:
    """Not even one that gives the finding, meanwhile, the version which a record would give it."""
    finding = await drafted(house)

    async def before(number: int, _: Sequence[Change]) -> None:
        if number > 1:
            return
        if rescoring:
            await findings.rescore(store, finding.id, scored("9.8"), house.stamp())
        else:
            key, made = finding_key(finding.id), house.stamp()
            await command.update(store, FINDING, key, lambda old, _: described("Somebody may.", old), made)

    with pytest.raises(Rejected, match=r"inconsistent \(release\)"):
        await commands.update(intrude(store, before), DRAFT, released, house.stamp())
    now = await read.get(store, VULNERABILITY, vulnerability_key(DRAFT))
    assert now is not None
    assert now.state.status is VulnerabilityStatus.SUBMITTED
    assert (await known(store, finding)).release.released_at is None
    assert await house.is_exact()


async def test_a_draft_is_released_with_the_record_in_one_transaction(store: Store, house: House) -> None:
    finding, draft = await drafted(house), await read.get(store, VULNERABILITY, vulnerability_key(DRAFT))
    assert draft is not None
    made = house.stamp()
    release = await command.planned(store, VULNERABILITY, draft, released(draft, made.at), made)
    await transaction.write(store, (release, findings.released(finding, made)))
    assert (await known(store, finding)).release.released_at == made.at
    assert await read.get(store, VULNERABILITY, vulnerability_key(DRAFT)) == release.entity
    assert await house.is_exact()


@pytest.mark.parametrize("recorded", [True, False])
async def test_a_release_that_another_change_of_the_finding_overtakes_is_decided_again(
    store: Store, house: House, *, recorded: bool
) -> None:
    """With or without its record in the transaction: the finding is not as it was read, so this is no refusal for good."""
    finding, draft = await drafted(house), await read.get(store, VULNERABILITY, vulnerability_key(DRAFT))
    assert draft is not None
    made = house.stamp()
    release = await command.planned(store, VULNERABILITY, draft, released(draft, made.at), made)
    record = (findings.released(finding, made),) if recorded else ()
    key = finding_key(finding.id)
    await command.update(store, FINDING, key, lambda old, _: described("Somebody may.", old), house.stamp())
    before = await store.get((vulnerability_key(DRAFT), key))
    with pytest.raises(Stale if recorded else Raced):
        await transaction.write(store, (release, *record))
    assert await store.get((vulnerability_key(DRAFT), key)) == before
    assert await house.is_exact()


async def test_whatever_follows_the_first_release_needs_no_record(store: Store, house: House) -> None:
    finding = await drafted(house)
    await add_vulnerability(store, finding, house.root, "first.py", house.stamp)
    record = await known(store, finding)
    await commands.update(store, DRAFT, released, house.stamp())
    assert await known(store, finding) == record
    assert await house.is_exact()
