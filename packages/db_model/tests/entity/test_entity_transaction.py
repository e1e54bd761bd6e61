"""Plans into transactions: what a refused write means, and how often a lost race is decided again."""

from datetime import UTC, datetime

import pytest

from integrates.db_model.entity import packing, transaction
from integrates.db_model.entity.counter import guarded, passed
from integrates.db_model.entity.facet import Beside, Given
from integrates.db_model.entity.plan import Needs, Plan, plan, together
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Conflict, Failure, ModelError, Raced, Reason, Rejected, Rejections, Stale
from integrates.db_model.stakeholders.commands import new_stakeholder
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder, StakeholderInfo
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import ABSENT, Change, Item, Key, Put
from integrates.db_model.store.retry import Policy
from integrates.db_model.testing.scene import HANA, uid

ONE, TWO = Key("ONE", "ONE"), Key("TWO", "TWO")
STAMP = Stamp(by=HANA, at=datetime(2024, 5, 1, tzinfo=UTC), operation="test", change_id=uid("call"))


def refusal(*errors: tuple[Change, ModelError]) -> Plan[Stakeholder]:
    """Return a plan that puts an entity, then its revision, and has these changes beside it."""
    made = plan(STAKEHOLDER, None, new_stakeholder(StakeholderInfo(email=HANA), PlatformRole.USER, STAMP), STAMP)
    return together(made, *(Beside(change, error) for change, error in errors))


FULL, TAKEN = Rejected(Reason.TOO_MANY), Rejected(Reason.NAME_TAKEN, ("name",))


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ([Failure(2, "out_of_bounds", attribute="a")], FULL),
        ([Failure(2, "out_of_bounds", attribute="g")], Raced),
        ([Failure(2, "out_of_bounds", attribute="free")], Raced),
        ([Failure(2, "out_of_bounds")], Raced),
        ([Failure(3, "exists", 4)], TAKEN),
        ([Failure(2, "out_of_bounds", attribute="a"), Failure(3, "exists", 4)], Rejections),
        ([Failure(0, "stale", 7), Failure(3, "exists", 4)], Stale),
        ([Failure(3, "exists", 4), Failure(1, "exists", 1)], Stale),
        ([Failure(3, "exists", 4), Failure(2, "out_of_bounds", attribute="g")], Raced),
    ],
)
def test_what_failed_has_the_refusal_that_stands_beside_it(
    failures: list[Failure], expected: ModelError | type[ModelError]
) -> None:
    made = refusal(
        (guarded(ONE, "a", high=5), FULL),
        (passed(ONE, {"g": 0}, {"free": 1}), Raced("gate")),
        (Put(Item(TWO, 1, {}), ABSENT), TAKEN),
    )
    write = packing.joined([made])
    found = transaction.refusals(Conflict(failures), write, [made])
    assert list(found) == [0]
    if isinstance(expected, type):
        assert isinstance(found[0], expected)
    else:
        assert found[0] is expected


def test_a_change_without_a_refusal_fails_because_a_race_was_lost() -> None:
    made = together(refusal(), Beside(passed(ONE, {"g": 0})))
    write = packing.joined([made], [Beside(Put(Item(TWO, 1, {}), ABSENT))])
    assert [[share.refusal for share in shares] for shares in write.shares[:2]] == [[None], [None]]
    for position, key in ((2, ONE), (3, TWO)):
        (found,) = transaction.refusals(Conflict([Failure(position, "exists", 1)]), write, [made]).values()
        assert type(found) is Raced
        assert found.args == (key.pk,)


def test_a_stale_plan_names_its_entity_and_the_version_now() -> None:
    made = refusal()
    found = transaction.refusals(Conflict([Failure(0, "stale", 7)]), packing.joined([made]), [made])[0]
    assert isinstance(found, Stale)
    assert (found.facet, found.identity, found.current) == ("stakeholder", HANA, 7)


async def test_what_is_read_beside_what_was_given_leaves_that_as_it_is() -> None:
    item, parent = Item(ONE, 1, {}), new_stakeholder(StakeholderInfo(email=HANA), PlatformRole.USER, STAMP)
    given = Given(known={ONE: parent}, items={ONE: item}, vacant=frozenset({ONE}))
    found = await transaction.gathered(memory_store(), (Needs((), (TWO,)),), given)
    assert found == Given(known={ONE: parent}, items={ONE: item, TWO: None}, vacant=frozenset({ONE}))


@pytest.mark.parametrize(("losses", "is_done"), [(0, True), (5, True), (6, False)])
async def test_lost_races_are_decided_again_so_often(losses: int, is_done: object) -> None:
    tried: list[int] = []
    policy = Policy(base=0, cap=0, attempts=6)

    async def attempt() -> str:
        tried.append(1)
        if len(tried) <= losses:
            raise Raced("x")
        return "done"

    if is_done:
        assert await transaction.repeated(attempt, policy=policy) == "done"
    else:
        with pytest.raises(Raced):
            await transaction.repeated(attempt, policy=policy)
    assert len(tried) == min(losses + 1, 6)


async def test_only_the_named_errors_are_decided_again() -> None:
    tried: list[int] = []

    async def attempt() -> None:
        tried.append(1)
        raise Stale("group", "webshop", 2)

    with pytest.raises(Stale):
        await transaction.repeated(attempt)
    assert len(tried) == 1
