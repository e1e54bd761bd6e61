"""Comments: what they are about, what they answer, how many there are, and that they never change (domain section 3)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model import comments
from integrates.db_model.comments.facet import (
    COMMENT,
    COMMENTS,
    comment_key,
    comments_of_event,
    comments_of_finding,
    comments_of_group,
)
from integrates.db_model.comments.rules import MAX_COMMENTS, Author
from integrates.db_model.comments.types import Comment, CommentType
from integrates.db_model.entity import command, read
from integrates.db_model.entity.counter import summed
from integrates.db_model.errors import NotFound, Reason, Rejected, Rejections
from integrates.db_model.events.facet import event_counters_key
from integrates.db_model.findings.facet import finding_counters_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.facet import group_counters_key
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import ANYTHING, Add, Change, Key
from integrates.db_model.testing.scene import HANA, add_comment, add_event, add_finding, add_vulnerability, uid

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude

EVERYBODY = Author(readable=frozenset(CommentType), may_observe=True)
USER = Author(readable=frozenset({CommentType.CONSULT, CommentType.VERIFICATION}), may_observe=False)


async def say(house: House, about: Finding | Group, author: Author = EVERYBODY, **given: Any) -> Comment:
    """Create a comment, whose id is that of its content."""
    arguments = {"content": "Hello", **({"type": "CONSULT"} if isinstance(about, Finding) else {}), **given}
    return await comments.create(house.store, about, arguments, house.stamp(), uid(f"said {arguments['content'][:20]}"), author)


async def refused(house: House, about: Finding | Group, author: Author = EVERYBODY, **given: Any) -> list[tuple[Reason, Any]]:
    """Return why a comment is refused; nothing of it is stored then."""
    before = await read.everything(house.store, COMMENT, comments_of_finding(house.finding.id))
    with pytest.raises((Rejected, Rejections)) as caught:
        await say(house, about, author, **given)
    assert await read.everything(house.store, COMMENT, comments_of_finding(house.finding.id)) == before
    assert await house.is_exact()
    error = caught.value
    refusals = error.refusals if isinstance(error, Rejections) else (error,)
    return [(one.reason, one.path) for one in refusals if isinstance(one, Rejected)]


async def test_comments_stand_in_the_list_of_their_object_by_date(house: House) -> None:
    first = await add_comment(house.store, house.finding, "first", house.stamp)
    second = await add_comment(house.store, house.finding, "second", house.stamp, kind=CommentType.OBSERVATION, parent=first.id)
    of_group = await add_comment(house.store, house.group, "third", house.stamp)
    assert await read.everything(house.store, COMMENT, comments_of_finding(house.finding.id)) == (first, second)
    assert await read.everything(house.store, COMMENT, comments_of_group("webshop")) == (of_group,)
    assert await read.everything(house.store, COMMENT, comments_of_group("rival")) == ()
    assert (first.created_by, first.version, second.parent_id, of_group.type) == (HANA, 1, first.id, None)
    assert await house.is_exact()
    (revision,) = await read.history(house.store, comment_key(second.id))
    assert (revision.version, revision.aspects["content"]) == (1, "It says second")


async def test_comments_are_counted_with_their_object(house: House) -> None:
    for name in ("one more", "two more"):
        await add_comment(house.store, house.finding, name, house.stamp)
    await add_comment(house.store, house.group, "of the group", house.stamp)
    found = await house.store.get((finding_counters_key(house.finding.id, 0), group_counters_key("webshop", 0)))
    assert [summed([item])[COMMENTS] for item in found] == [2, 1]
    assert await house.is_exact()


@pytest.mark.parametrize("change", [{"content": "Other"}, {"type": CommentType.OBSERVATION}, {"parent_id": uid("other")}])
async def test_a_comment_never_changes(house: House, change: Mapping[str, Any]) -> None:
    said = await add_comment(house.store, house.finding, "first", house.stamp)
    with pytest.raises(Rejections) as caught:
        await command.update(house.store, COMMENT, comment_key(said.id), lambda old, _: replace(old, **change), house.stamp())
    assert [one.reason for one in caught.value.refusals] == [Reason.FIXED]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"content": " "}, [("required", ("content",))]),
        ({"content": "a" * 20_001}, [("too_long", ("content",))]),
        ({"content": "a\u202eb"}, [("bad_characters", ("content",))]),
        ({"type": "VERIFICATION"}, [("wrong_type", ("type",))]),
        ({"type": "ZERO_RISK"}, [("wrong_type", ("type",))]),
        ({"type": "ZERO_RISK", "content": ""}, [("wrong_type", ("type",)), ("required", ("content",))]),
        ({"type": "NONE"}, [("bad_format", ("type",))]),
        ({"parent_id": uid("nobody")}, [("no_parent", ("parent_id",))]),
        ({"parent_id": "no id"}, [("no_parent", ("parent_id",))]),
        ({"parent_id": "#"}, [("no_parent", ("parent_id",))]),
        ({"parent_id": ""}, [("no_parent", ("parent_id",))]),
    ],
)
async def test_what_a_comment_is_given_is_checked(house: House, given: Mapping[str, Any], told: list[Any]) -> None:
    assert await refused(house, house.finding, **given) == told


async def test_the_longest_and_the_shortest_content_are_taken(house: House) -> None:
    assert len((await say(house, house.finding, content="a" * 20_000)).content) == 20_000
    assert (await say(house, house.group, content=" x\n")).content == "x"


async def test_an_answer_is_about_the_same_object(house: House) -> None:
    other = await add_finding(house.store, house.group, "R2", house.stamp)
    await add_vulnerability(house.store, other, house.root, "two.py", house.stamp)
    elsewhere = await add_comment(house.store, other, "elsewhere", house.stamp)
    of_group = await add_comment(house.store, house.group, "group", house.stamp)
    of_rival = await add_comment(house.store, house.other, "rival", house.stamp)
    own = await add_comment(house.store, house.finding, "own", house.stamp)
    no_parent = [(Reason.NO_PARENT, ("parent_id",))]
    for parent in (elsewhere, of_group, of_rival):
        assert await refused(house, house.finding, parent_id=parent.id) == no_parent
        new = comments.new_comment(uid("new"), house.finding, "Hello", house.stamp(), type=CommentType.CONSULT)
        with pytest.raises(Rejections, match="no_parent"):
            await comments.add(house.store, replace(new, parent_id=parent.id), house.stamp())
    for parent in (own, of_rival):
        assert await refused(house, house.group, parent_id=parent.id) == no_parent
    assert (await say(house, house.group, parent_id=of_group.id)).parent_id == of_group.id


async def test_comments_on_an_event(house: House) -> None:
    event, other = [await add_event(house.store, house.group, name, house.stamp) for name in ("event", "other")]
    said = await add_comment(house.store, event, "said", house.stamp)
    elsewhere = await add_comment(house.store, other, "elsewhere", house.stamp)
    of_group = await add_comment(house.store, house.group, "group", house.stamp)
    answer = await add_comment(house.store, event, "answer", house.stamp, parent=said.id)
    assert await read.everything(house.store, COMMENT, comments_of_event(event.id)) == (said, answer)
    assert (said.type, said.event_id, said.finding_id) == (None, event.id, None)
    for parent in (elsewhere, of_group):
        with pytest.raises(Rejections, match="no_parent"):
            await add_comment(house.store, event, "odd", house.stamp, parent=parent.id)
        with pytest.raises(Rejected, match="no_parent"):
            await comments.create(
                house.store, event, {"content": "Odd", "parent_id": parent.id}, house.stamp(), uid("odd"), EVERYBODY
            )
    foreign = comments.new_comment(uid("odd"), event, "Hello", house.stamp())
    with pytest.raises(Rejections, match="wrong_parent"):
        await comments.add(house.store, replace(foreign, group_name="rival", organization_id=uid("boreal")), house.stamp())
    assert summed(await house.store.get((event_counters_key(event.id),)))[COMMENTS] == 2
    assert await house.is_exact()


@pytest.mark.parametrize(
    ("kind", "author", "is_answered"),
    [
        (CommentType.CONSULT, USER, True),
        (CommentType.VERIFICATION, USER, True),
        (CommentType.OBSERVATION, USER, False),
        (CommentType.ZERO_RISK, USER, False),
        (CommentType.OBSERVATION, EVERYBODY, True),
        (CommentType.ZERO_RISK, EVERYBODY, True),
    ],
)
async def test_only_what_one_may_read_is_answered(
    house: House, kind: CommentType, author: Author, *, is_answered: bool
) -> None:
    parent = await add_comment(house.store, house.finding, "parent", house.stamp, kind=kind)
    if is_answered:
        assert (await say(house, house.finding, author, parent_id=parent.id)).parent_id == parent.id
    else:
        assert await refused(house, house.finding, author, parent_id=parent.id) == [(Reason.NO_PARENT, ("parent_id",))]


async def test_observations_need_a_permission_which_is_asked_before_arguments(house: House) -> None:
    missing = [(Reason.MISSING_PERMISSION, ("type",))]
    assert await refused(house, house.finding, USER, type="OBSERVATION", content="") == missing
    nobody = [(Reason.NO_PARENT, ("parent_id",))]
    assert await refused(house, house.finding, USER, type="OBSERVATION", parent_id=uid("nobody")) == nobody
    assert (await say(house, house.finding, EVERYBODY, type="OBSERVATION")).type is CommentType.OBSERVATION


async def test_a_draft_takes_observations_only(house: House) -> None:
    draft = await add_finding(house.store, house.group, "R2", house.stamp)
    assert await refused(house, draft) == [(Reason.DRAFT_FINDING, ("type",))]
    assert (await say(house, draft, type="OBSERVATION")).finding_id == draft.id
    await add_vulnerability(house.store, draft, house.root, "two.py", house.stamp, house.draft)
    assert await refused(house, draft) == [(Reason.DRAFT_FINDING, ("type",))]
    await add_vulnerability(house.store, draft, house.root, "three.py", house.stamp)
    assert (await say(house, draft, content="Now")).type is CommentType.CONSULT


@pytest.mark.parametrize("of_finding", [True, False])
async def test_an_object_takes_ten_thousand_comments(house: House, *, of_finding: bool) -> None:
    about: Finding | Group = house.finding if of_finding else house.group
    key = finding_counters_key(house.finding.id, 0) if of_finding else group_counters_key("webshop", 0)
    await house.store.write((Add(key, {COMMENTS: MAX_COMMENTS - 1}, {}, ANYTHING),))
    await say(house, about)
    with pytest.raises(Rejected, match=r"too_many.*10,000"):
        await say(house, about, content="One more")


async def test_of_two_at_the_limit_one_is_refused(house: House) -> None:
    key = finding_counters_key(house.finding.id, 0)
    await house.store.write((Add(key, {COMMENTS: MAX_COMMENTS - 1}, {}, ANYTHING),))
    names = ("this", "that")
    done = await asyncio.gather(*(say(house, house.finding, content=name) for name in names), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Comment", "Rejected"]
    assert summed(await house.store.get((key,)))[COMMENTS] == MAX_COMMENTS


async def test_two_at_once_on_one_finding_are_both_kept(house: House) -> None:
    await asyncio.gather(*(say(house, house.finding, content=str(number)) for number in range(8)))
    assert len(await read.everything(house.store, COMMENT, comments_of_finding(house.finding.id))) == 8
    assert await house.is_exact()


async def test_nothing_is_said_about_what_was_removed(house: House, intrude: Intrude) -> None:
    empty = await add_finding(house.store, house.group, "R2", house.stamp)

    async def remove(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:
            await house.remove_finding(empty.id)

    made = house.stamp()
    new = comments.new_comment(uid("late"), empty, "Hello", made, type=CommentType.OBSERVATION)
    with pytest.raises(NotFound, match="finding"):
        await comments.add(intrude(house.store, remove), new, made)
    await house.remove_group()
    with pytest.raises(NotFound, match="group"):
        await say(house, house.group)
    with pytest.raises(NotFound, match="group"):
        await say(house, house.finding)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"group_name": "rival"}, "wrong_parent"),
        ({"organization_id": uid("boreal")}, "wrong_parent (organization_id)"),
        ({"finding_id": uid("none")}, "finding"),
        ({"parent_id": uid("none")}, "comment"),
        ({"type": None}, "required (type)"),
        ({"finding_id": None}, "inconsistent (type)"),
        ({"parent_id": uid("new")}, "inconsistent (parent_id)"),
    ],
)
async def test_a_comment_fits_what_it_is_about(house: House, members: Mapping[str, Any], told: str) -> None:
    new = comments.new_comment(uid("new"), house.finding, "Hello", house.stamp(), type=CommentType.CONSULT)
    with pytest.raises((NotFound, Rejections)) as caught:
        await comments.add(house.store, replace(new, **members), house.stamp())
    assert told in str(caught.value)
    assert await house.store.get((Key("COMMENT#" + uid("new"), "COMMENT#" + uid("new")),)) == (None,)
