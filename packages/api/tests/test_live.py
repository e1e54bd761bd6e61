"""Subscriptions: what is told, to whom, and when it ends."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.api.authorization.actor import Actor, Means
from integrates.api.live.hub import Hub, new_hub
from integrates.api.request.answer import Answer
from integrates.api.subscribe import Stream, Terms, Unproven, Unseen, subscribe
from integrates.db_model.testing.scene import address_of, uid
from integrates.db_model.vulnerabilities import commands as vulnerabilities

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

GROUP = """subscription ($name: ID!, $kinds: [EntityKind!]) {
  groupChanged(groupName: $name, kinds: $kinds) { at changeId by operation count items { kind id version } }
}"""
COMMENT = """mutation ($id: ID!, $text: String!, $type: CommentType!) {
  addFindingComment(findingId: $id, content: $text, type: $type) { comment { id } errors { reason } } }"""
REMOVE = """mutation ($items: [VulnerabilityRef!]!) {
  removeVulnerabilities(items: $items, justification: DUPLICATED) { errors { reason } } }"""
ISSUE = "mutation ($group: ID!) { issueForcesToken(groupName: $group) { errors { reason } } }"
LEAVE = """mutation ($group: ID!, $email: String!) {
  removeGroupMember(groupName: $group, email: $email) { errors { reason } } }"""
IMPORT = "subscription ($id: ID!) { importProgress(id: $id) { id state position } }"


class Listener:
    """Follows something as a person, in a process whose hub is given."""

    def __init__(self, world: World, hub: Hub) -> None:
        self.world = world
        self.hub = hub
        self.holds = True

    async def still(self) -> bool:
        return self.holds

    async def asked(self, name: str | None, query: str, /, **variables: Any) -> Answer | Stream:
        call = replace(self.world.call(name), store=self.hub.store, follow=self.hub.follow)
        terms = Terms(still_holds=self.still, seconds=60)
        return await subscribe(self.world.api, {"query": query, "variables": variables}, call, terms)

    async def stream(self, name: str, query: str = GROUP, /, **variables: Any) -> Stream:
        found = await self.asked(name, query, **(variables or {"name": "webshop"}))
        assert not isinstance(found, Answer), found.body
        return found


@pytest.fixture
def listener(world: World) -> Listener:
    return Listener(world, new_hub(world.store, world.now))


async def begun(stream: Stream) -> None:
    """The first event, which tells from when on changes are told."""
    first = (await anext(stream)).body["data"]["groupChanged"]
    assert (first["count"], first["items"], first["changeId"], first["by"]) == (0, [], None, None)


async def told(stream: Stream) -> Any:
    answer = await anext(stream)
    assert "errors" not in answer.body, answer.body
    return answer.body["data"]["groupChanged"]


async def labelled(listener: Listener, identity: str) -> None:
    """Change a vulnerability through the store of the process."""
    world = listener.world
    await vulnerabilities.update(
        listener.hub.store,
        identity,
        lambda old, at: replace(old, labels=replace(old.labels, tags=(f"tag-{at.microsecond}",))),
        world.stamp("label_it"),
    )


async def changed(listener: Listener, name: str, mutation: str, /, **variables: Any) -> Any:
    """Send a mutation that succeeds to the process, and return its payload."""
    answer = await listener.world.answer(name, mutation, store=listener.hub.store, **variables)
    (payload,) = answer.body["data"].values()
    assert payload["errors"] == []
    return payload


async def test_a_commit_of_this_process_is_told_at_once(listener: Listener) -> None:
    vulnerable = listener.world.aurora.vulnerable
    async with aclosing(await listener.stream("greta")) as stream:
        await begun(stream)
        await labelled(listener, vulnerable.id)
        change = await told(stream)
    item = {"kind": "VULNERABILITY", "id": vulnerable.id, "version": vulnerable.version + 1}
    expected = ([item], 1, "label_it", address_of("ada"))
    assert (change["items"], change["count"], change["operation"], change["by"]) == expected
    assert change["changeId"]


async def test_who_leaves_is_forgotten(listener: Listener) -> None:
    streams = [await listener.stream("greta"), await listener.stream("greta", IMPORT, id=uid(1))]
    for stream in streams:
        await anext(stream)
        await stream.aclose()
    followers = listener.hub.followers
    assert (followers.groups, followers.keys, followers.doubts) == ({}, {}, {})


@pytest.mark.parametrize(("name", "expected"), [("greta", 1), ("uri", 0), ("vera", 0), ("hana", 1)])
async def test_a_draft_is_told_to_whom_a_query_would_show_it(listener: Listener, name: str, expected: int) -> None:
    aurora = listener.world.aurora
    async with aclosing(await listener.stream(name)) as stream:
        await begun(stream)
        await labelled(listener, aurora.submitted.id)
        await labelled(listener, aurora.vulnerable.id)
        told_of = [(await told(stream))["items"][0]["id"] for _ in range(1 + expected)]
    assert told_of == [aurora.submitted.id] * expected + [aurora.vulnerable.id]


@pytest.mark.parametrize(("name", "expected"), [("remy", 1), ("uri", 0), ("hana", 0)])
async def test_what_is_hidden_by_a_zero_risk_likewise(listener: Listener, name: str, expected: int) -> None:
    aurora = listener.world.aurora
    async with aclosing(await listener.stream(name)) as stream:
        await begun(stream)
        await labelled(listener, aurora.hidden.id)
        await labelled(listener, aurora.safe.id)
        told_of = [(await told(stream))["items"][0]["id"] for _ in range(1 + expected)]
    assert told_of == [aurora.hidden.id] * expected + [aurora.safe.id]


@pytest.mark.parametrize(("name", "expected"), [("greta", [0, 1, 2]), ("reto", [0, 1, 2]), ("uri", [2]), ("vera", [2])])
async def test_comments_likewise(listener: Listener, name: str, expected: list[int]) -> None:
    """An observation on a draft, one on a finding, and what is for everybody."""
    aurora, written = listener.world.aurora, list[str]()
    about = ((aurora.draft_finding, "OBSERVATION"), (aurora.finding, "OBSERVATION"), (aurora.finding, "CONSULT"))
    async with aclosing(await listener.stream(name)) as stream:
        await begun(stream)
        for finding, kind in about:
            made = await changed(listener, "greta", COMMENT, id=finding.id, text="so", type=kind)
            written.append(made["comment"]["id"])
        found = [(await told(stream))["items"] for _ in expected]
    assert [[(item["kind"], item["id"]) for item in items] for items in found] == [
        [("COMMENT", written[at])] for at in expected
    ]


async def test_a_removed_vulnerability_is_told(listener: Listener) -> None:
    vulnerable = listener.world.aurora.vulnerable
    async with aclosing(await listener.stream("uri")) as stream:
        await begun(stream)
        await changed(listener, "greta", REMOVE, items=[{"id": vulnerable.id}])
        change = await told(stream)
    assert vulnerable.id in [item["id"] for item in change["items"]]


async def test_only_kinds_that_were_asked_for_are_told(listener: Listener) -> None:
    aurora = listener.world.aurora
    async with aclosing(await listener.stream("greta", GROUP, name="webshop", kinds=["FINDING", "COMMENT"])) as stream:
        await begun(stream)
        await labelled(listener, aurora.vulnerable.id)
        await changed(listener, "greta", COMMENT, id=aurora.finding.id, text="so", type="CONSULT")
        assert [item["kind"] for item in (await told(stream))["items"]] == ["COMMENT"]


async def test_another_tenants_changes_are_not_told(listener: Listener) -> None:
    world = listener.world
    async with aclosing(await listener.stream("greta")) as stream:
        await begun(stream)
        await labelled(listener, world.harbor.vulnerable.id)
        await labelled(listener, world.aurora.vulnerable.id)
        assert [item["id"] for item in (await told(stream))["items"]] == [world.aurora.vulnerable.id]


@pytest.mark.parametrize("name", ["cargo", "nothing", "a#b", "x" * 10_000, "|"])
async def test_what_one_may_not_see_looks_like_what_does_not_exist(listener: Listener, name: str) -> None:
    async with aclosing(await listener.stream("greta", GROUP, name=name)) as stream:
        answers = [answer.body async for answer in stream]
    assert [(found["data"], found.get("errors")) for found in answers] == [({"groupChanged": None}, None)]
    assert not listener.hub.followers.groups


@pytest.mark.parametrize("identity", [uid(1), "#", "x" * 10_000])
async def test_an_import_that_there_is_not_likewise(listener: Listener, identity: str) -> None:
    async with aclosing(await listener.stream("greta", IMPORT, id=identity)) as stream:
        assert [answer.body["data"] async for answer in stream] == [{"importProgress": None}]


async def test_who_loses_the_role_is_told_nothing_more(listener: Listener) -> None:
    aurora = listener.world.aurora
    async with aclosing(await listener.stream("uri")) as stream:
        await begun(stream)
        await changed(listener, "greta", LEAVE, group="webshop", email=address_of("uri"))
        await labelled(listener, aurora.vulnerable.id)
        with pytest.raises(Unseen):
            await anext(stream)


async def test_the_loss_of_a_role_is_noticed_without_any_other_change(listener: Listener) -> None:
    async with aclosing(await listener.stream("uri")) as stream:
        await begun(stream)
        (following,) = listener.hub.followers.groups["webshop"].feeds
        await changed(listener, "greta", LEAVE, group="webshop", email=address_of("uri"))
        following.waiting.clear()
        with pytest.raises(Unseen):
            await anext(stream)


async def test_a_proof_that_does_not_hold_any_more_ends_the_stream(listener: Listener) -> None:
    async with aclosing(await listener.stream("greta")) as stream:
        await begun(stream)
        listener.holds = False
        await labelled(listener, listener.world.aurora.vulnerable.id)
        with pytest.raises(Unproven):
            await anext(stream)


async def test_nobody_is_told_anything(listener: Listener) -> None:
    answer = await listener.asked(None, GROUP, name="webshop")
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ me { email } }", "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { updateMe(firstName: 1) { errors { code } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ('subscription { groupChanged(groupName: "a") { at } importProgress(id: 1) { id } }', "GRAPHQL_VALIDATION_FAILED"),
        ("subscription ($id: ID!) { importProgress(id: $id) { id } }", "BAD_USER_INPUT"),
        (
            'subscription { groupChanged(groupName: "a", kinds: [' + "ROOT, " * 21 + "]) { at } }",
            "QUERY_TOO_COMPLEX",
        ),
    ],
)
async def test_what_cannot_be_followed_is_refused(listener: Listener, query: str, code: str) -> None:
    answer = await listener.asked("greta", query)
    assert isinstance(answer, Answer)
    assert {error["extensions"]["code"] for error in answer.body["errors"]} == {code}


@pytest.mark.parametrize("body", [[], "x", {"query": 1}])
async def test_what_is_no_request_is_refused(listener: Listener, body: object) -> None:
    terms = Terms(still_holds=listener.still, seconds=60)
    answer = await subscribe(listener.world.api, body, listener.world.call("greta"), terms)
    assert isinstance(answer, Answer)
    assert answer.status == 400


async def test_a_subscription_is_no_query(world: World) -> None:
    answer = await world.answer("greta", 'subscription { groupChanged(groupName: "webshop") { at } }')
    assert (answer.status, answer.body["errors"][0]["extensions"]["code"]) == (400, "GRAPHQL_VALIDATION_FAILED")
    assert "data" not in answer.body


async def test_members_are_told_to_whom_a_query_would_show_them(listener: Listener) -> None:
    aurora, found = listener.world.aurora, {}
    streams = {name: await listener.stream(name) for name in ("greta", "vera", "uri")}
    for stream in streams.values():
        await begun(stream)
    await changed(listener, "greta", LEAVE, group="webshop", email=address_of("reto"))
    await labelled(listener, aurora.vulnerable.id)
    for name, stream in streams.items():
        async with aclosing(stream):
            found[name] = (await told(stream))["items"][0]["kind"]
    assert found == {"greta": "GROUP_MEMBER", "vera": "GROUP_MEMBER", "uri": "VULNERABILITY"}


async def test_a_ci_identity_is_not_told_who_changed_something(listener: Listener) -> None:
    """It may read the group, and no histories."""
    world = listener.world
    await changed(listener, "greta", ISSUE, group="webshop")
    call = replace(world.call("greta"), store=listener.hub.store, follow=listener.hub.follow)
    ci = replace(call, actor=Actor("service:forces:webshop", Means.CI_TOKEN, "token-id"))
    terms = Terms(still_holds=listener.still, seconds=60)
    stream = await subscribe(world.api, {"query": GROUP, "variables": {"name": "webshop"}}, ci, terms)
    assert not isinstance(stream, Answer)
    async with aclosing(stream):
        await begun(stream)
        await labelled(listener, world.aurora.vulnerable.id)
        change = await told(stream)
    assert (change["by"], change["operation"], change["count"]) == (None, "label_it", 1)


async def test_what_decides_about_a_caller_is_watched(listener: Listener) -> None:
    """The person with all accesses, the token, the session and the group."""
    world = listener.world
    call = replace(world.call("greta"), store=listener.hub.store, follow=listener.hub.follow)
    known = replace(call, actor=Actor(address_of("greta"), Means.SESSION, "token-id", "hash"))
    terms = Terms(still_holds=listener.still, seconds=60)
    stream = await subscribe(world.api, {"query": GROUP, "variables": {"name": "webshop"}}, known, terms)
    assert not isinstance(stream, Answer)
    async with aclosing(stream):
        await begun(stream)
        watched = {f"USER#{address_of('greta')}", "TOKEN#token-id", "SESSION#hash", "GROUP#webshop"}
        assert listener.hub.followers.doubts.keys() == watched
