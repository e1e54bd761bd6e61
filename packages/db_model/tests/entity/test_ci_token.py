"""The token of a group's CI identity: one lives at a time, and the identity's access with it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from integrates.db_model import tokens
from integrates.db_model.access import commands as accesses
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.types import AccessStatus, GroupAccess, GroupGrant, GroupRole
from integrates.db_model.entity import claim, command, counter, read
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import ModelError, NotFound, Raced, Reason, Rejected, Rejections
from integrates.db_model.groups.facet import GROUP, group_counters_keys, group_key
from integrates.db_model.groups.types import Group, GroupRemovalReason, GroupStatus
from integrates.db_model.inspection.types import Difference, Fault
from integrates.db_model.inspection.walk import inspected
from integrates.db_model.store.port import ANYTHING, Delete, Store
from integrates.db_model.testing.scene import Stamping, add_group, add_member, address_of, ticking, uid
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key, ci_token_claim
from integrates.db_model.tokens.rules import MAX_LIFE, NOTICE, expires_soon, is_usable, whole
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenStatus

GUS = address_of("gus")
CI = "service:forces:webshop"


@dataclass(frozen=True)
class Place:
    """A group with one member, and a clock."""

    store: Store
    stamp: Stamping
    group: Group

    async def issue(self, name: str = "one") -> AccessToken:
        return await tokens.issue_ci_token(self.store, "webshop", self.stamp(by=GUS), uid(name), "0" * 64)

    async def revoke(self) -> AccessToken:
        return await tokens.revoke_ci_token(self.store, "webshop", self.stamp(by=GUS))

    async def access(self) -> GroupAccess:
        found = await read.get_any(self.store, GROUP_ACCESS, group_access_key(CI, "webshop"))
        assert found is not None
        return found

    async def holder(self) -> str | None:
        return claim.holder_of((await self.store.get((ci_token_claim("webshop"),)))[0])

    async def live(self) -> list[str]:
        query = listing("access_token", "tokens_of_owner", {"owner": CI})
        return [token.id for token in await read.everything(self.store, ACCESS_TOKEN, query)]

    async def differences(self) -> list[object]:
        now = self.stamp().at
        return [each async for report in inspected(self.store, now) for each in report.differences]

    async def members(self) -> int:
        items = await self.store.get(group_counters_keys("webshop"))
        return counter.summed(items).get("members", 0)


@pytest.fixture
async def place(store: Store) -> Place:
    stamp = ticking()
    group = await add_group(store, "webshop", stamp)
    await add_group(store, "payments", stamp)
    await add_member(store, group, GUS, GroupRole.GROUP_MANAGER, stamp)
    return Place(store, stamp, group)


async def test_a_token_lives_exactly_180_days_and_brings_the_identitys_access(place: Place) -> None:
    token = await place.issue()
    assert (token.owner, token.kind, token.slot, token.created_by) == (CI, TokenKind.FORCES, 0, GUS)
    assert token.expires_at - token.issued_at == timedelta(days=180)
    access = await place.access()
    assert (access.state.status, access.access.role, access.created_by) == (AccessStatus.ACTIVE, GroupRole.SERVICE_FORCES, GUS)
    assert await place.holder() == token.id
    assert await place.members() == 1, "the CI identity is no member"
    assert await place.differences() == []


async def test_an_inspection_comes_to_tokens_of_ci_identities(place: Place) -> None:
    async def entities() -> int:
        return sum([report.entities async for report in inspected(place.store, place.stamp().at)])

    before = await entities()
    token = await place.issue()
    assert await entities() == before + 2, "the token and the access"
    await place.store.write((Delete(ci_token_claim("webshop"), ANYTHING),))
    (found,) = await place.differences()
    assert isinstance(found, Difference)
    assert (found.fault, found.entity, found.at) == (Fault.CLAIM_MISSING, f"TOKEN#{token.id}", "forces_token")


async def test_issuing_again_revokes_the_former_in_one_transaction(place: Place) -> None:
    first, second = await place.issue(), await place.issue("two")
    former = await read.get_any(place.store, ACCESS_TOKEN, access_token_key(first.id))
    assert former is not None
    assert (former.state.status, former.state.by, former.version) == (TokenStatus.REVOKED, GUS, 2)
    assert (await place.live(), await place.holder()) == ([second.id], second.id)
    assert (await place.access()).version == 1, "what is granted already is not granted again"
    assert await place.differences() == []


async def test_revoking_takes_the_access_and_frees_the_claim(place: Place) -> None:
    token = await place.issue()
    assert (await place.revoke()).id == token.id
    assert (await place.access()).state.status is AccessStatus.REMOVED
    assert (await place.live(), await place.holder()) == ([], None)
    with pytest.raises(Rejected) as refused:
        await place.revoke()
    assert refused.value.reason is Reason.NO_TOKEN
    assert await place.differences() == []
    again = await place.issue("two")
    access = await place.access()
    assert (access.state.status, access.version, await place.live()) == (AccessStatus.ACTIVE, 3, [again.id])
    assert await place.members() == 1
    assert await place.differences() == []


async def test_without_a_token_there_is_none_to_revoke(place: Place) -> None:
    with pytest.raises(Rejected, match="no_token"):
        await place.revoke()


async def test_a_token_that_has_expired_makes_way_like_any_other(place: Place) -> None:
    first = await place.issue()
    late = replace(place.stamp(by=GUS), at=first.expires_at)
    assert not is_usable(first, late.at)
    second = await tokens.issue_ci_token(place.store, "webshop", late, uid("two"), "1" * 64)
    assert await place.live() == [second.id]
    assert (await tokens.revoke_ci_token(place.store, "webshop", replace(late, at=second.expires_at))).id == second.id


async def test_of_many_that_issue_at_once_one_token_is_left(place: Place) -> None:
    made = await asyncio.gather(*(place.issue(str(number)) for number in range(8)), return_exceptions=True)
    assert {type(one) for one in made} <= {AccessToken, Raced}
    issued = {one.id for one in made if isinstance(one, AccessToken)}
    (left,) = await place.live()
    assert left in issued
    assert await place.holder() == left
    assert await place.differences() == []


async def test_issuing_and_revoking_at_once_leave_either_outcome_and_nothing_between(place: Place) -> None:
    await place.issue()
    await asyncio.gather(place.issue("two"), place.revoke(), return_exceptions=True)
    live, access = await place.live(), await place.access()
    assert (access.state.status is AccessStatus.ACTIVE) == bool(live)
    assert await place.holder() == (live[0] if live else None)
    assert await place.differences() == []


async def test_each_group_has_a_token_of_its_own(place: Place) -> None:
    first = await place.issue()
    await tokens.issue_ci_token(place.store, "payments", place.stamp(by=GUS), uid("other"), "0" * 64)
    assert await place.live() == [first.id]


async def test_there_is_no_token_of_a_group_that_is_not_there(place: Place) -> None:
    with pytest.raises(NotFound):
        await tokens.issue_ci_token(place.store, "nothing", place.stamp(by=GUS), uid("x"), "0" * 64)

    def removed(old: Group, at: datetime) -> Group:
        return replace(old, state=replace(old.state, status=GroupStatus.DELETED, at=at, reason=GroupRemovalReason.NO_SYSTEM))

    await command.update(place.store, GROUP, group_key("webshop"), removed, place.stamp())
    with pytest.raises(NotFound):
        await place.issue()
    assert await place.live() == []


async def test_the_audit_trail_of_the_group_tells_of_its_token(place: Place) -> None:
    await place.issue()
    await place.issue("two")
    await place.revoke()
    month = f"{place.stamp().at:%Y-%m}"
    (page,) = await place.store.query((listing("revision", "audit_of_group", {"name": "webshop", "month": month}),))
    told = [item.key.pk.partition("#")[0] for item in page.items]
    assert told.count("TOKEN") == 4
    assert sum("service:forces" in item.key.pk for item in page.items) == 2


WRONG: dict[str, Callable[[AccessToken], AccessToken]] = {
    "slot": lambda token: replace(token, slot=1),
    "expires_at": lambda token: replace(token, expires_at=token.expires_at - timedelta(microseconds=1)),
    "owner": lambda token: replace(token, owner=GUS),
    "kind": lambda token: replace(token, kind=TokenKind.API),
    "owner of another kind": lambda token: replace(token, owner="service:oidc:corporate"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_token_against_its_rule_is_not_stored(place: Place, wrong: str) -> None:
    token = WRONG[wrong](tokens.new_ci_token(uid("one"), "webshop", "0" * 64, place.stamp(by=GUS)))
    assert list(whole(token))
    with pytest.raises((ModelError, ValueError)):
        await command.add(place.store, ACCESS_TOKEN, token, place.stamp())


@pytest.mark.parametrize(("email", "role"), [(GUS, GroupRole.SERVICE_FORCES), (CI, GroupRole.HACKER)])
async def test_nobody_else_is_ever_the_ci_identity(place: Place, email: str, role: GroupRole) -> None:
    access = accesses.group_member(email, "payments", GroupGrant(role=role), place.stamp())
    with pytest.raises(Rejections):
        await accesses.add_to_group(place.store, access, place.stamp())


async def test_an_owner_is_told_two_weeks_before(place: Place) -> None:
    token = await place.issue()
    moment = timedelta(microseconds=1)
    assert not expires_soon(token, token.expires_at - NOTICE - moment)
    assert expires_soon(token, token.expires_at - NOTICE)
    assert token.expires_at - token.issued_at == MAX_LIFE
