"""Access tokens: five slots and one name each; usage stamps; loaders."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import claim, loader, read
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.counter import finding_counters_key, root_counters_key
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import AlreadyExists, Raced, Rejected
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.store.port import Store
from integrates.db_model.tokens import change, usage
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY

OWNER = "uri@demo.example"


async def issued(scene: Any, name: str, *, days: float = 30, owner: str = OWNER) -> AccessToken:
    stamp = scene.stamp(by=owner)
    token = AccessToken(
        id=f"id-{name}-{scene.calls}",
        owner=owner,
        name=name,
        kind=TokenKind.API,
        issued_at=stamp.at,
        expires_at=stamp.at + timedelta(days=days),
        jti_hash="hash",
        slot=0,
        state=TokenState(status=TokenStatus.ACTIVE, at=stamp.at, by=owner),
        created_at=stamp.at,
        created_by=owner,
    )
    return await change.issue(scene.store, token, stamp)


async def revoked(scene: Any, token: AccessToken) -> None:
    state = TokenState(status=TokenStatus.REVOKED, at=token.issued_at, by=OWNER)
    await scene.write(planning.changed(ACCESS_TOKEN, token, lambda old, _: replace(old, state=state), scene.stamp()))


async def test_five_live_tokens_and_no_more(scene: Any) -> None:
    tokens = [await issued(scene, f"token {number}") for number in range(5)]
    assert [token.slot for token in tokens] == [1, 2, 3, 4, 5]
    with pytest.raises(Rejected, match="too_many_tokens"):
        await issued(scene, "token 5")
    assert (await issued(scene, "token 0", owner="vera@demo.example")).slot == 1


async def test_a_name_is_taken_once(scene: Any) -> None:
    first = await issued(scene, "ci")
    with pytest.raises(AlreadyExists) as caught:
        await issued(scene, "ci")
    assert (caught.value.kind, caught.value.owner) == ("token_name", first.id)


@pytest.mark.parametrize("end", ["expired", "revoked"])
async def test_a_dead_token_gives_up_its_slot_and_its_name(scene: Any, end: str) -> None:
    tokens = [await issued(scene, f"token {number}", days=1 if number == 2 else 30) for number in range(5)]
    if end == "expired":
        scene.at += timedelta(days=1)
    else:
        await revoked(scene, tokens[2])
    again = await issued(scene, "token 2")
    assert (again.slot, again.version) == (3, 1)
    keys = (claim.claim_key("token_name", OWNER, "token 2"), claim.claim_key("token_slot", OWNER, "3"))
    assert [held.owner for held in await claim.holders(scene.store, keys) if held] == [again.id, again.id]


async def test_a_token_lives_until_the_moment_it_expires(scene: Any) -> None:
    token = await issued(scene, "ci", days=1)
    scene.at = token.expires_at - timedelta(seconds=1, microseconds=1)
    with pytest.raises(AlreadyExists):
        await issued(scene, "ci")
    scene.at = token.expires_at - timedelta(seconds=1)
    assert (await issued(scene, "ci")).id != token.id


async def test_issued_at_once_they_never_share_a_slot_or_a_name(scene: Any) -> None:
    found = await asyncio.gather(*(issued(scene, f"token {number % 3}") for number in range(4)), return_exceptions=True)
    tokens = [each for each in found if isinstance(each, AccessToken)]
    assert len({token.slot for token in tokens}) == len({token.name for token in tokens}) == len(tokens) >= 3
    assert {type(each) for each in found} <= {AccessToken, AlreadyExists, Raced}
    listed = await read.everything(scene.store, ACCESS_TOKEN, listing("access_token", "tokens_of_owner", {"owner": OWNER}))
    assert {token.id for token in listed} == {token.id for token in tokens}


async def test_a_refused_token_leaves_nothing_behind(scene: Any) -> None:
    await issued(scene, "ci")
    with pytest.raises(AlreadyExists):
        await issued(scene, "ci")
    assert await read.get_any(scene.store, ACCESS_TOKEN, access_token_key(f"id-ci-{scene.calls}")) is None
    assert await claim.holders(scene.store, (claim.claim_key("token_slot", OWNER, "2"),)) == (None,)


async def test_a_use_is_stamped_once_a_minute(scene: Any) -> None:
    key = usage.usage_key("TOKEN", "id")
    at = scene.at
    for seconds, version, expected in ((0, 1, 0), (59.9, 1, 0), (60, 2, 60), (30, 2, 60), (200, 3, 200)):
        (known,) = await scene.store.get((key,))
        await usage.stamp(scene.store, "TOKEN", "id", known, at + timedelta(seconds=seconds))
        (item,) = await scene.store.get((key,))
        assert (item.version, usage.used_at(item)) == (version, at + timedelta(seconds=expected))
    assert usage.used_at(None) is None


async def test_uses_at_once_are_one_stamp(scene: Any) -> None:
    await asyncio.gather(*(usage.stamp(scene.store, "USER", OWNER, None, scene.at) for _ in range(5)))
    (item,) = await scene.store.get((usage.usage_key("USER", OWNER),))
    assert item.version == 1


def counted(store: Store, calls: list[str]) -> Store:
    async def get(keys: Any) -> Any:
        calls.append("get")
        return await store.get(keys)

    async def query(queries: Any) -> Any:
        calls.append("query")
        return await store.query(queries)

    return replace(store, get=get, query=query)


async def test_what_is_loaded_together_is_read_together(scene: Any) -> None:
    await scene.root("root")
    for rule in ("R1", "R2"):
        await scene.finding(rule)
        for number in range(3):
            await scene.report(f"{rule}-{number}", rule, "root")
    calls: list[str] = []
    ours = loader.new_loaders(counted(scene.store, calls))
    found: list[Any] = await asyncio.gather(
        *(loader.load(ours, FINDING, finding_key(rule)) for rule in ("R1", "R2", "none", "R1")),
        loader.load(ours, GROUP, group_key("webshop")),
        *(loader.page(ours, VULNERABILITY, lists.of_finding(rule, limit=2)) for rule in ("R1", "R2")),
        loader.counts(ours, (root_counters_key("root"), finding_counters_key("none"))),
    )
    assert [each.id if each else None for each in found[:4]] == ["R1", "R2", None, "R1"]
    assert [[each.id for each in page.entities] for page in found[5:7]] == [["R1-0", "R1-1"], ["R2-0", "R2-1"]]
    assert found[7]["reported"] == 6
    assert sorted(calls) == ["get", "get", "query"]
    await loader.load_many(ours, FINDING, (finding_key("R1"), finding_key("R2")))
    assert len(calls) == 3
    loader.forget(ours)
    assert await loader.load_many(ours, FINDING, (finding_key("none"), finding_key("R1"))) == (None, found[0])
    assert len(calls) == 4
