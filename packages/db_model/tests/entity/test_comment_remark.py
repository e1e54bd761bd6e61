"""The comment that explains a bulk change: one on each finding, in the transaction of its first vulnerability."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.comments.commands import add, new_comment
from integrates.db_model.comments.facet import COMMENT, COMMENTS, comment_key, comments_of_finding
from integrates.db_model.comments.remark import remarked
from integrates.db_model.comments.rules import MAX_COMMENTS
from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.entity import read
from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.entity.counter import summed
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected, Stale
from integrates.db_model.findings.facet import finding_counters_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import ANYTHING, Add, Change, Put, Store
from integrates.db_model.testing.scene import add_finding, add_vulnerability, uid
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.change import change_all
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Verification, VerificationStatus, Vulnerability

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

WHY = "It was repaired yesterday"


def requested(old: Vulnerability, _finding: Finding, at: datetime) -> Vulnerability:
    if old.verification is not None:
        raise Rejected(Reason.ALREADY_REQUESTED)
    return replace(old, verification=Verification(status=VerificationStatus.REQUESTED, at=at, by=old.created_by))


def ids() -> Callable[[], str]:
    numbers = count()
    return lambda: uid(f"comment {next(numbers)}")


async def ask(
    store: Store,
    found: Iterable[Vulnerability],
    stamp: Stamp,
    *,
    versions: bool = False,
    new_id: Callable[[], str] | None = None,
) -> Written | Refused:
    wanted = [Reference(one.id, one.version if versions else None) for one in found]
    why = remarked(CommentType.VERIFICATION, WHY, stamp, new_id or ids())
    return await change_all(store, wanted, requested, stamp, supplement=why)


async def several(house: House, number: int, finding: Finding | None = None) -> list[Vulnerability]:
    about = finding or house.finding
    name = about.description.title
    return [
        await add_vulnerability(house.store, about, house.root, f"src/{name}/{each}.py", house.stamp) for each in range(number)
    ]


async def said(house: House, finding: Finding) -> tuple[Comment, ...]:
    return await read.everything(house.store, COMMENT, comments_of_finding(finding.id))


def small(store: Store) -> Store:
    """A store that takes as few changes at once as any."""
    return replace(store, max_changes=100)


async def test_a_finding_gets_one_comment_with_its_first_vulnerability(house: House) -> None:
    other = await add_finding(house.store, house.group, "R2", house.stamp)
    mixed = [*await several(house, 2, other), *await several(house, 3)]
    stamp, writes = house.stamp(), []

    async def write(changes: Sequence[Change]) -> None:
        writes.append([change.key for change in changes if isinstance(change, Put)])
        await house.store.write(changes)

    done = await ask(replace(house.store, write=write), mixed, stamp)
    assert isinstance(done, Written)
    assert done.refused == {}
    for finding, first in ((other, mixed[0]), (house.finding, mixed[2])):
        (comment,) = await said(house, finding)
        assert (comment.type, comment.content, comment.created_by, comment.created_at) == (
            CommentType.VERIFICATION,
            WHY,
            stamp.by,
            stamp.at,
        )
        assert [{comment_key(comment.id), vulnerability_key(first.id)} <= set(keys) for keys in writes] == [True]
        (revision,) = await read.history(house.store, comment_key(comment.id))
        assert (revision.change_id, revision.operation) == (stamp.change_id, stamp.operation)
    assert await house.is_exact()


async def test_chunks_share_the_comment_without_losing_a_race(house: House) -> None:
    many = await several(house, 90)
    writes = []

    async def write(changes: Sequence[Change]) -> None:
        writes.append(len(changes))
        await house.store.write(changes)

    done = await ask(replace(small(house.store), write=write), many, house.stamp())
    assert isinstance(done, Written)
    assert (len(done.entities), done.refused) == (90, {})
    assert len(writes) > 1
    assert max(writes) <= 100
    assert sum(writes) < 100 * len(writes)
    assert len(await said(house, house.finding)) == 1
    assert await house.is_exact()


async def test_a_refusal_leaves_no_comment(house: House) -> None:
    two = await several(house, 2)
    assert isinstance(await ask(house.store, two[1:], house.stamp()), Written)
    done = await ask(house.store, two, house.stamp(), new_id=lambda: uid("never"))
    assert isinstance(done, Refused)
    assert list(done.errors) == [1]
    assert len(await said(house, house.finding)) == 1


@pytest.mark.parametrize("lost", [0, 1, 2])
async def test_the_comment_is_written_with_the_first_that_is_changed(house: House, intrude: Intrude, lost: int) -> None:
    three = await several(house, 3)

    async def overtake(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:
            await commands.update(house.store, three[lost].id, lambda old, _: replace(old, labels=tagged(old)), house.stamp())

    done = await ask(intrude(house.store, overtake), three, house.stamp(), versions=True)
    assert isinstance(done, Written)
    assert sorted(done.entities) == [at for at in range(3) if at != lost]
    assert isinstance(done.refused[lost], Stale)
    (comment,) = await said(house, house.finding)
    assert comment.content == WHY
    assert await house.is_exact()


def tagged(old: Vulnerability) -> object:
    return replace(old.labels, tags=("seen",))


async def test_what_is_decided_again_finds_the_comment_of_an_earlier_chunk(house: House, intrude: Intrude) -> None:
    many = await several(house, 90)

    async def overtake(number: int, _changes: Sequence[Change]) -> None:
        if number == 2:
            await commands.update(house.store, many[80].id, lambda old, _: replace(old, labels=tagged(old)), house.stamp())

    done = await ask(intrude(small(house.store), overtake), many, house.stamp())
    assert isinstance(done, Written)
    assert (len(done.entities), done.refused) == (90, {})
    assert done.entities[80].labels.tags == ("seen",)
    assert len(await said(house, house.finding)) == 1
    assert await house.is_exact()


async def test_when_all_are_lost_there_is_no_comment(house: House, intrude: Intrude) -> None:
    (only,) = await several(house, 1)

    async def overtake(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:
            await commands.update(house.store, only.id, lambda old, _: replace(old, labels=tagged(old)), house.stamp())

    done = await ask(intrude(house.store, overtake), [only], house.stamp(), versions=True)
    assert isinstance(done, Written)
    assert done.entities == {}
    assert await said(house, house.finding) == ()
    assert await house.is_exact()


async def test_no_number_of_comments_keeps_anybody_from_asking(house: House) -> None:
    """What people say is limited; what explains a request counts with it, and is always taken."""
    two, key = await several(house, 2), finding_counters_key(house.finding.id, 0)
    await house.store.write((Add(key, {COMMENTS: MAX_COMMENTS}, {}, ANYTHING),))
    for one, kind in zip(two, (CommentType.VERIFICATION, CommentType.ZERO_RISK), strict=True):
        made = house.stamp()
        why = remarked(kind, WHY, made, partial(uid, one.id))
        done = await change_all(house.store, [Reference(one.id)], requested, made, supplement=why)
        assert isinstance(done, Written)
        assert done.refused == {}
    assert [one.type for one in await said(house, house.finding)] == [CommentType.VERIFICATION, CommentType.ZERO_RISK]
    assert summed(await house.store.get((key,)))[COMMENTS] == MAX_COMMENTS + 2
    for kind in (CommentType.CONSULT, CommentType.OBSERVATION):
        new = new_comment(uid("late"), house.finding, "Hello", house.stamp(), type=kind)
        with pytest.raises(Rejected, match=r"too_many.*10,000"):
            await add(house.store, new, house.stamp())


async def test_a_comment_that_cannot_be_written_refuses_all_of_its_vulnerabilities(house: House) -> None:
    other = await add_finding(house.store, house.group, "R2", house.stamp)
    mixed, long = [*await several(house, 2, other), *await several(house, 2)], "x" * 20_001
    why = remarked(CommentType.VERIFICATION, long, house.stamp(), ids())
    done = await change_all(house.store, [Reference(one.id) for one in mixed], requested, house.stamp(), supplement=why)
    assert isinstance(done, Refused)
    assert {at: str(error) for at, error in done.errors.items()} == dict.fromkeys(
        range(4), "too_long (content) at most 20,000 characters"
    )
    unchanged = await read.get_many(house.store, VULNERABILITY, [vulnerability_key(one.id) for one in mixed])
    assert list(unchanged) == mixed
