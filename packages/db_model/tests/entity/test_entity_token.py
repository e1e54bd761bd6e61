"""Access tokens: five slots and one name each; usage stamps."""

import asyncio
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from integrates.db_model.entity import claim, read
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, NotFound, Raced, Rejected
from integrates.db_model.store.port import Key, Store
from integrates.db_model.testing.scene import FIRST, add_person, address_of, ticking, uid
from integrates.db_model.tokens import commands, usage
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key
from integrates.db_model.tokens.rules import SLOTS
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus

URI, VERA = address_of("uri"), address_of("vera")
DAY = timedelta(days=1)


async def people(store: Store) -> None:
    stamp = ticking(FIRST - DAY)
    for person in (URI, VERA):
        await add_person(store, person, stamp)


def made_at(at: datetime, by: str = URI) -> Stamp:
    return Stamp(by=by, at=at, operation="add_access_token", change_id=uid(str(at)))


async def issued(
    store: Store, name: str, *, at: datetime = FIRST, days: float = 30, owner: str = URI, named: str = ""
) -> AccessToken:
    stamp = made_at(at, owner)
    token = AccessToken(
        id=uid(named or f"{owner}/{name}/{at}"),
        owner=owner,
        name=name,
        kind=TokenKind.API,
        issued_at=at,
        expires_at=at + timedelta(days=days),
        jti_hash=sha256(name.encode()).hexdigest(),
        slot=1,
        state=TokenState(status=TokenStatus.ACTIVE, at=at, by=owner),
        created_at=at,
        created_by=owner,
    )
    return await commands.issue(store, token, stamp)


async def holders(store: Store, *keys: Key) -> list[str | None]:
    return [claim.holder_of(item) for item in await store.get(keys)]


async def test_live_tokens_have_a_slot_each_and_there_are_no_more(store: Store) -> None:
    await people(store)
    tokens = [await issued(store, f"token {number}") for number in range(SLOTS)]
    assert [token.slot for token in tokens] == list(range(1, SLOTS + 1))
    with pytest.raises(Rejected, match="too_many_tokens"):
        await issued(store, "one more")
    assert (await issued(store, "token 0", owner=VERA)).slot == 1
    assert set(await commands.tokens_of(store, URI)) == set(tokens)


async def test_a_name_is_taken_once(store: Store) -> None:
    await people(store)
    first = await issued(store, "ci")
    with pytest.raises(AlreadyExists) as caught:
        await issued(store, "ci", named="second")
    assert (caught.value.reason, caught.value.owner) == ("name_taken", first.id)


async def test_a_token_belongs_to_somebody_who_is_known(store: Store) -> None:
    with pytest.raises(NotFound) as caught:
        await issued(store, "ci")
    assert (caught.value.facet, caught.value.path) == ("stakeholder", ("owner",))


@pytest.mark.parametrize("end", ["expired", "revoked"])
async def test_a_dead_token_gives_up_its_slot_and_its_name(store: Store, end: str) -> None:
    await people(store)
    tokens = [await issued(store, f"token {number}", days=1 if number == 2 else 30) for number in range(SLOTS)]
    if end == "revoked":
        revoked = await commands.revoke(store, tokens[2].id, made_at(FIRST + DAY / 2))
        assert revoked.state.status is TokenStatus.REVOKED
    new = await issued(store, "token 2", at=FIRST + DAY)
    assert (new.slot, new.version) == (3, 1)
    keys = (claim.claim_key("token_name", URI, "token 2"), claim.claim_key("token_slot", URI, "3"))
    assert await holders(store, *keys) == [new.id, new.id]
    if end == "expired":
        await commands.revoke(store, tokens[2].id, made_at(FIRST + 2 * DAY))
        assert await holders(store, *keys) == [new.id, new.id], "what was taken over is not freed by who had it before"


async def test_a_token_lives_until_the_moment_it_expires(store: Store) -> None:
    await people(store)
    token = await issued(store, "ci", days=1)
    with pytest.raises(AlreadyExists):
        await issued(store, "ci", at=token.expires_at - timedelta(microseconds=1))
    assert (await issued(store, "ci", at=token.expires_at)).id != token.id


async def test_issued_at_once_they_never_share_a_slot_or_a_name(store: Store) -> None:
    await people(store)
    found = await asyncio.gather(
        *(issued(store, f"token {number % 3}", named=f"id {number}") for number in range(4)), return_exceptions=True
    )
    tokens = [each for each in found if isinstance(each, AccessToken)]
    assert len({token.slot for token in tokens}) == len({token.name for token in tokens}) == len(tokens) >= 3
    assert {type(each) for each in found} <= {AccessToken, AlreadyExists, Raced}
    assert {token.id for token in await commands.tokens_of(store, URI)} == {token.id for token in tokens}


async def test_a_refused_token_leaves_nothing_behind(store: Store) -> None:
    await people(store)
    await issued(store, "ci")
    with pytest.raises(AlreadyExists):
        await issued(store, "ci", named="refused")
    assert await read.get_any(store, ACCESS_TOKEN, access_token_key(uid("refused"))) is None
    assert await holders(store, claim.claim_key("token_slot", URI, "2")) == [None]


async def used(store: Store, at: datetime) -> tuple[int, datetime | None]:
    """Record a use as the service does; return version and date of the stamp then."""
    key = usage.usage_key("TOKEN", "id")
    await usage.record_use(store, "TOKEN", "id", (await store.get((key,)))[0], at)
    (item,) = await store.get((key,))
    assert item is not None
    return item.version, usage.used_at(item)


async def test_a_use_is_stamped_once_a_minute(store: Store) -> None:
    for seconds, version, expected in ((0, 1, 0), (59.9, 1, 0), (60, 2, 60), (30, 2, 60), (0, 2, 60), (200, 3, 200)):
        assert await used(store, FIRST + timedelta(seconds=seconds)) == (version, FIRST + timedelta(seconds=expected))
    assert usage.used_at(None) is None


async def test_a_stamp_from_the_future_has_lapsed(store: Store) -> None:
    """A clock that was wrong for a moment must not hide all uses until that date (E15)."""
    ahead = FIRST + timedelta(days=300)
    assert await used(store, ahead) == (1, ahead)
    assert await used(store, ahead - usage.PRECISION) == (1, ahead)
    late = ahead - usage.PRECISION - timedelta(microseconds=1)
    assert await used(store, late) == (2, late)
    assert await used(store, FIRST) == (3, FIRST)


async def test_uses_at_once_are_one_stamp(store: Store) -> None:
    await asyncio.gather(*(usage.record_use(store, "USER", URI, None, FIRST) for _ in range(5)))
    (item,) = await store.get((usage.usage_key("USER", URI),))
    assert item is not None
    assert item.version == 1
