"""Erasing a person, and issuing CI tokens, on every store: what no rule of one engine may make different."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from integrates.db_model import finding_policies, stakeholders, tokens, vulnerabilities
from integrates.db_model.access.facet import group_access_key
from integrates.db_model.access.grant import grant_in_group
from integrates.db_model.access.types import GroupGrant, GroupRole
from integrates.db_model.entity import claim, read
from integrates.db_model.entity.listing import listing
from integrates.db_model.erasure.commands import erase, erasure_claim
from integrates.db_model.erasure.disclosure import disclosed
from integrates.db_model.errors import NotFound, Raced, Unavailable
from integrates.db_model.groups.types import Group
from integrates.db_model.inspection.walk import inspected
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import StakeholderStatus
from integrates.db_model.store.dynamodb.store import dynamodb_store
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Change, Delete, Key, Store
from integrates.db_model.store.retry import Policy
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import Stamping, address_of, ticking
from integrates.db_model.tokens.facet import ACCESS_TOKEN
from integrates.db_model.vulnerabilities.types import Treatment, TreatmentStatus, Vulnerability

URI = address_of("uri")
TOKEN = "0123456789abcdef0123"
NAME = f"erased-{TOKEN}@erased.invalid"
NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite", pytest.param("dynamodb", marks=pytest.mark.dynamodb)])
async def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield memory_store()
        elif request.param == "sqlite":
            yield await stack.enter_async_context(sqlite_store(tmp_path / "store", create=True))
        else:
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                monkeypatch.setenv(name, "test")
            monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            endpoint, prefix = request.getfixturevalue("dynamodb_endpoint"), f"test_{uuid4().hex[:8]}_"
            policy = Policy(base=0.01, cap=0.1)
            opened = dynamodb_store(endpoint=endpoint, prefix=prefix, policy=policy, create=True)
            yield await stack.enter_async_context(opened)


def treated(old: Vulnerability, at: datetime, *, words: str) -> Vulnerability:
    work = Treatment(status=TreatmentStatus.IN_PROGRESS, assigned=URI, justification=words, at=at, by=URI)
    return replace(old, treatment=work)


async def furnished(store: Store, stamp: Stamping) -> Group:
    """Store somebody who is a member, has tokens, and answers for vulnerabilities that have several revisions."""
    group = await scene.add_group(store, "webshop", stamp)
    await scene.add_person(store, URI, stamp)
    await scene.add_member(store, group, URI, GroupRole.USER, stamp)
    root = await scene.add_root(store, group, "backend", stamp)
    finding = await scene.add_finding(store, group, "injection", stamp)
    for number in range(3):
        one = await scene.add_vulnerability(store, finding, root, f"src/{number}.py", stamp)
        for words in ("x" * 10, f"Says {URI}"):
            await vulnerabilities.update(store, one.id, partial(treated, words=words), stamp(by=URI))
    await scene.add_comment(store, finding, f"Hello {URI}", stamp)
    own = stamp(by=URI)
    made_token = tokens.new_token(scene.uid("token"), f"{URI} laptop", own.at.replace(month=own.at.month + 1), "0" * 64, own)
    await tokens.issue(store, made_token, own)
    return group


async def at_once(_seconds: float) -> None:
    """Do not wait: the emulator's lists never lag."""


async def differences(store: Store) -> list[object]:
    return [each async for report in inspected(store, NOW) for each in report.differences]


async def test_a_person_is_erased(store: Store) -> None:
    stamp = ticking()
    await furnished(store, stamp)
    sizes: list[int] = []

    async def write(changes: Sequence[Change]) -> None:
        sizes.append(len(changes))
        await store.write(changes)

    await erase(replace(store, write=write), URI, stamp(by="operator"), TOKEN, wait=at_once)
    assert max(sizes) <= store.max_changes
    assert await differences(store) == []
    assert await store.get((stakeholder_key(URI), erasure_claim(URI))) == (None, None)
    told = await disclosed(store, NAME)
    assert [one["name"] for one in told.tokens] == [f"{'*' * len(URI)} laptop"]
    assert len(told.memberships) == 1
    assert sum("treatment.assigned" in one.places for one in told.mentions) == 3
    assert sum(one.made for one in told.changes) == 7, "two treatments of three vulnerabilities, and a token"


async def test_lists_that_lag_are_waited_for(store: Store) -> None:
    stamp, waited = ticking(), list[float]()
    await furnished(store, stamp)

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        person = await read.get_any(store, STAKEHOLDER, stakeholder_key(URI))
        assert person is not None
        assert person.state.status is StakeholderStatus.DELETED, "nobody can write by the e-mail any more"

    await erase(store, URI, stamp(by="operator"), TOKEN, wait=wait)
    assert waited == ([store.index_delay] if store.index_delay else [])


async def holders(store: Store, *keys: Key) -> list[str | None]:
    return [None if item is None else claim.holder_of(item) or "free" for item in await store.get(keys)]


async def test_no_claim_leads_from_the_e_mail_to_anything(store: Store) -> None:
    """Names and slots of tokens are claimed by a hash of the owner, titles by one of their text."""
    stamp = ticking()
    group = await furnished(store, stamp)
    finding = await scene.add_finding(store, group, "other", stamp, title=f"Found by {URI} alone")
    title = claim.claim_key("finding_title", "webshop", finding.description.title.lower())
    personal = (
        claim.claim_key("token_name", URI, f"{URI} laptop"),
        claim.claim_key("token_slot", URI, "1"),
        claim.claim_key("live_session", URI),
    )
    before = await holders(store, title, *personal)
    assert before[:3] == [finding.id, scene.uid("token"), scene.uid("token")]
    await erase(store, URI, stamp(by="operator"), TOKEN, wait=at_once)
    assert await holders(store, title, *personal) == [None] * 4
    again = claim.claim_key("finding_title", "webshop", f"found by {'*' * len(URI)} alone")
    assert await holders(store, again) == [finding.id]
    assert await differences(store) == []


async def test_who_answered_a_policy_is_not_named_by_its_application(store: Store) -> None:
    stamp = ticking()
    await furnished(store, stamp)
    organization = await scene.add_organization(store, "aurora", stamp)
    policy = await scene.add_finding_policy(store, organization, "Accepted by policy", stamp)
    await finding_policies.handle(store, policy, stamp(by=URI), approve=True)
    await erase(store, URI, stamp(by="operator"), TOKEN, wait=at_once)
    found = await finding_policies.find(store, policy.id)
    assert found is not None
    assert found.application is not None
    assert (found.application.by, found.policy.state.by) == (NAME, NAME)


@pytest.mark.parametrize("after", [1, 3, 6, 9, 10])
async def test_what_is_cut_off_goes_on(store: Store, after: int) -> None:
    stamp, count = ticking(), itertools.count()
    await furnished(store, stamp)

    async def write(changes: Sequence[Change]) -> None:
        if next(count) >= after:
            raise Unavailable("killed")
        await store.write(changes)

    with pytest.raises(Unavailable):
        await erase(replace(store, write=write), URI, stamp(by="operator"), TOKEN, wait=at_once)
    await erase(store, URI, stamp(by="operator"), TOKEN, wait=at_once)
    assert await differences(store) == []
    history = await read.history(store, stakeholder_key(NAME))
    assert [one.operation for one in history][-1] == "test"
    found = await read.get_any(store, STAKEHOLDER, stakeholder_key(NAME))
    assert found is not None
    assert found.version == len(history)


@pytest.mark.parametrize("after", range(45))
async def test_no_cut_leaves_a_past_or_a_claim_behind(after: int) -> None:
    """A membership with a long past, and claims, do not fit one transaction: whatever is left is found again."""
    whole, stamp, count = memory_store(), ticking(), itertools.count()
    group = await furnished(whole, stamp)
    for number in range(8):
        await grant_in_group(whole, URI, group, GroupGrant(role=list(GroupRole)[number % 2]), stamp())

    async def write(changes: Sequence[Change]) -> None:
        if next(count) >= after:
            raise Unavailable("killed")
        await whole.write(changes)

    await stakeholders.remove(whole, URI, stamp())
    small = replace(whole, max_changes=2)
    with suppress(Unavailable):
        await erase(replace(small, write=write), URI, stamp(by="operator"), TOKEN, wait=at_once)
    with suppress(NotFound):
        await erase(small, URI, stamp(by="operator"), TOKEN, wait=at_once)
    assert await read.history(whole, group_access_key(URI, "webshop")) == ()
    personal = (claim.claim_key("token_name", URI, f"{URI} laptop"), claim.claim_key("token_slot", URI, "1"))
    assert await holders(whole, *personal) == [None, None]
    assert len(await read.history(whole, group_access_key(NAME, "webshop"))) == 10
    assert await differences(whole) == []


async def test_of_many_ci_tokens_issued_at_once_one_is_left(store: Store) -> None:
    stamp = ticking()
    await scene.add_group(store, "webshop", stamp)
    calls = (tokens.issue_ci_token(store, "webshop", stamp(), scene.uid(number), "0" * 64) for number in range(5))
    made = await asyncio.gather(*calls, return_exceptions=True)
    assert not [one for one in made if isinstance(one, Exception) and not isinstance(one, Raced)]
    query = listing("access_token", "tokens_of_owner", {"owner": "service:forces:webshop"})
    assert len(await read.everything(store, ACCESS_TOKEN, query)) == 1
    assert await differences(store) == []
    await tokens.revoke_ci_token(store, "webshop", stamp())
    assert await read.everything(store, ACCESS_TOKEN, query) == ()
    assert await differences(store) == []


async def test_who_returns_while_an_erasure_is_cut_off_gets_another_pseudonym(store: Store) -> None:
    """What the first erasure has moved stays as it is; that it is finished is recorded before the next one."""
    stamp = ticking()
    await furnished(store, stamp)

    async def write(changes: Sequence[Change]) -> None:
        if any(change.key == erasure_claim(URI) and isinstance(change, Delete) for change in changes):
            raise Unavailable("killed")
        await store.write(changes)

    with pytest.raises(Unavailable):
        await erase(replace(store, write=write), URI, stamp(by="operator"), TOKEN, wait=at_once)
    before = await read.history(store, stakeholder_key(NAME))
    await scene.add_person(store, URI, stamp)
    other = (await erase(store, URI, stamp(by="operator"), TOKEN[::-1], wait=at_once)).pseudonym
    assert other != NAME
    for name, length in ((NAME, len(before) + 1), (other, 3)):
        history = await read.history(store, stakeholder_key(name))
        assert [one.version for one in history] == list(range(1, length + 1))
    assert (await read.history(store, stakeholder_key(NAME)))[:-1] == before
    assert await differences(store) == []
