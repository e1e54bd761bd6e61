"""The page of an invitation: who may see it, what the answers do, and that everything else looks the same."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from packages.server.tests.conftest import ADA, KEYS, ORIGIN, URI, World, new_world

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.invite import invite_to_group, invite_to_organization
from integrates.db_model.access.rules import role_of
from integrates.db_model.access.types import GroupAccess, GroupRole, OrganizationAccess, OrganizationRole
from integrates.db_model.entity import read
from integrates.db_model.errors import Unavailable
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.types import Organization
from integrates.db_model.tokens.rules import hash_jti
from integrates.server.auth.invitation import sign_invitation
from integrates.server.auth.token import new_jti
from integrates.server.http.routes.invitation import UNUSABLE

GUEST = "guest@demo.example"
ACCEPT, DECLINE = {"answer": "accept"}, {"answer": "decline"}


async def cargo(world: World) -> Group:
    found = await read.get(world.store, GROUP, group_key("cargo"))
    assert found
    return found


async def harbor(world: World) -> Organization:
    found = await read.get(world.store, ORGANIZATION, organization_key((await cargo(world)).organization_id))
    assert found
    return found


async def invite(world: World, email: str = GUEST, **given: Any) -> str:
    """The path of a link to the group cargo."""
    jti = new_jti("cargo")
    values = {"email": email, "role": "hacker", **given}
    access = await invite_to_group(
        world.store, await cargo(world), values, world.stamp(), grantable=frozenset(GroupRole), jti_hash=hash_jti(jti)
    )
    return f"/invitations/{sign_invitation(KEYS, access, jti)}"


async def invite_above(world: World, email: str = GUEST, role: str = "user") -> str:
    """The path of a link to the organization harbor."""
    above = await harbor(world)
    jti = new_jti(above.id)
    access = await invite_to_organization(
        world.store,
        above,
        {"email": email, "role": role},
        world.stamp(),
        grantable=frozenset(OrganizationRole),
        jti_hash=hash_jti(jti),
    )
    return f"/invitations/{sign_invitation(KEYS, access, jti)}"


@asynccontextmanager
async def being(world: World, email: str | None = GUEST, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which somebody has logged in."""
    async with world.client(headers={"origin": ORIGIN, **headers}) as client:
        if email:
            await client.get("/login", params={"provider": "local", "email": email})
        yield client


async def in_group(world: World, email: str = GUEST) -> GroupAccess | None:
    return await read.get(world.store, GROUP_ACCESS, group_access_key(email, "cargo"))


async def in_organization(world: World, email: str = GUEST) -> OrganizationAccess | None:
    return await read.get(world.store, ORGANIZATION_ACCESS, organization_access_key(email, (await harbor(world)).id))


async def test_the_invited_person_sees_who_invites_to_what_in_which_role_and_until_when(world: World) -> None:
    path = await invite(world, responsibility="the crane")
    async with being(world) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    told = ("invited to cargo</h1>", f"<dd>{ADA}</dd>", "<dd>harbor</dd>", "<dd>hacker</dd>", "<dd>the crane</dd>")
    assert [text for text in (*told, ">7 July 2026, 12:00 UTC</time>") if text not in answer.text] == []


async def test_an_invitation_to_an_organization_names_no_group(world: World) -> None:
    path = await invite_above(world, role="organization_manager")
    async with being(world) as client:
        page = (await client.get(path)).text
    assert "invited to harbor</h1>" in page
    assert "<dd>organization manager</dd>" in page
    assert "Group</dt>" not in page


async def test_who_is_not_logged_in_is_led_to_the_login_and_back_and_told_nothing(world: World) -> None:
    path = await invite(world)
    async with world.client(follow_redirects=True) as client:
        before = await client.get(path)
        assert before.status_code == 200
        assert [word for word in ("cargo", "harbor", "hacker", ADA, GUEST) if word in before.text] == []
        assert f'href="/login?provider=local&amp;next={path.replace("/", "%2F")}"' in before.text
        after = await client.get("/login", params={"provider": "local", "email": GUEST, "next": path})
    assert after.url.path == path
    assert "invited to cargo</h1>" in after.text


async def test_accepting_makes_a_member_of_the_group_and_of_its_organization(world: World) -> None:
    path = await invite(world, responsibility="the crane")
    async with being(world) as client:
        answer = await client.post(path, data=ACCEPT)
        start = (await client.get("/")).text
    assert (answer.status_code, "Welcome to cargo</h1>" in answer.text) == (200, True)
    group, organization = await in_group(world), await in_organization(world)
    assert group
    assert organization
    assert (role_of(group), group.access.responsibility, group.state.by) == (GroupRole.HACKER, "the crane", GUEST)
    assert role_of(organization) is OrganizationRole.USER
    assert "<strong>cargo</strong>" in start.partition("Your groups")[2]
    assert "Invitations that wait" not in start


async def test_declining_takes_the_invitation_away(world: World) -> None:
    path = await invite(world)
    async with being(world) as client:
        answer = await client.post(path, data=DECLINE)
        start = (await client.get("/")).text
    assert (answer.status_code, f"ask {ADA} for a new link" in answer.text) == (200, True)
    assert (await in_group(world), await in_organization(world)) == (None, None)
    assert "You are in no group" in start


async def test_seeing_an_invitation_answers_nothing(world: World) -> None:
    path = await invite(world)
    before = await in_group(world)
    async with being(world) as client:
        for _ in range(2):
            assert (await client.get(path)).status_code == 200
            assert (await client.head(path)).status_code == 200
    assert await in_group(world) == before


def blank(answer: httpx.Response) -> tuple[int, str]:
    """An answer without the id of its request."""
    return answer.status_code, answer.text.replace(answer.headers["x-request-id"], "")


async def unusable(world: World) -> Mapping[str, str]:
    """Links that are good for nothing when the guest opens them."""
    used, declined, cancelled = await invite(world), await invite_above(world), ""
    async with being(world) as client:
        assert (await client.post(used, data=ACCEPT)).status_code == 200
        assert (await client.post(await invite_above(world, URI), data=ACCEPT)).status_code == 404
        assert (await client.post(declined, data=DECLINE)).status_code == 404  # the group has made the guest a member
    cancelled = await invite_above(world, "other@demo.example")
    world.now += timedelta(minutes=2)
    await invite_above(world, "other@demo.example")
    foreign = await invite(world, "other@demo.example")
    return {
        "used": used,
        "overtaken": declined,
        "cancelled": cancelled,
        "foreign": foreign,
        "tampered": foreign[:-2],
        "garbage": "/invitations/x",
        "access token": f"/invitations/{await world.token(GUEST)}",
        "long": f"/invitations/{'x' * 4000}",
    }


async def test_whatever_is_wrong_with_a_link_the_page_is_one_and_the_same(world: World) -> None:
    links = await unusable(world)
    async with being(world) as client:
        found = {name: blank(await client.get(path)) for name, path in links.items()}
        posted = {name: blank(await client.post(path, data=ACCEPT)) for name, path in links.items()}
    assert {status for status, _ in found.values()} == {404}
    assert len({text for _, text in found.values()}) == 1
    assert posted == found
    assert UNUSABLE in found["garbage"][1]


async def test_a_link_expires_after_seven_days(world: World) -> None:
    path = await invite(world)
    found = []
    for passed in (timedelta(days=7) - timedelta(seconds=1), timedelta(seconds=1), timedelta(days=1)):
        world.now += passed
        async with being(world) as client:
            found.append((await client.get(path)).status_code)
    assert found == [200, 404, 404]


async def test_a_link_that_is_none_of_ours_tells_nobody_more(world: World) -> None:
    async with world.client() as client, being(world) as guest:
        assert blank(await client.get("/invitations/x")) == blank(await guest.get("/invitations/x"))


async def test_a_link_is_for_one_person_and_stays_good_when_others_try_it(world: World) -> None:
    path = await invite(world)
    async with being(world, URI) as other:
        assert (await other.get(path)).status_code == 404
        assert (await other.post(path, data=ACCEPT)).status_code == 404
    async with being(world) as guest:
        assert (await guest.post(path, data=ACCEPT)).status_code == 200


async def test_a_removed_group_invites_nobody(world: World) -> None:
    path = await invite(world)
    inner, gone = world.store, group_key("cargo")

    async def get(keys: Any) -> Any:
        return tuple(None if key == gone else item for key, item in zip(keys, await inner.get(keys), strict=True))

    world.serve_with(get=get)
    async with being(world) as client:
        assert UNUSABLE in (await client.get(path)).text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", f"{ORIGIN}.evil.example"])
async def test_an_answer_comes_from_a_page_of_this_server(world: World, origin: str) -> None:
    path = await invite(world)
    async with being(world) as client:
        refused = await client.post(path, data=ACCEPT, headers={"origin": origin})
    assert refused.status_code == 403
    found = await in_group(world)
    assert found
    assert role_of(found) is None


async def test_an_answer_without_an_origin_is_refused(world: World) -> None:
    path = await invite(world)
    async with being(world) as client:
        del client.headers["origin"]
        assert (await client.post(path, data=ACCEPT)).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"data": {}}, 415),
        ({"data": {"answer": "maybe"}}, 400),
        ({"data": {"answer": ""}}, 400),
        ({"data": {"other": "accept"}}, 400),
        ({"data": {"answer": ["accept", "decline"]}}, 400),
        ({"data": {"answer": ["accept", "accept", "accept"]}}, 400),
        ({"json": {"answer": "accept"}}, 415),
        ({"files": {"answer": "accept"}}, 415),
        ({"content": b"answer=accept", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"\xff=%ff", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
    ],
)
async def test_an_answer_is_one_of_two_in_the_form_of_the_page(world: World, body: Any, status: int) -> None:
    path = await invite(world)
    async with being(world) as client:
        assert (await client.post(path, **body)).status_code == status
        assert (await client.get(path)).status_code == 200


async def test_of_two_answers_at_once_one_counts(world: World) -> None:
    path = await invite(world)
    async with being(world) as client:
        answers = await asyncio.gather(*(client.post(path, data=data) for data in (ACCEPT, DECLINE, ACCEPT, DECLINE)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]
    [kept] = [answer.text for answer in answers if answer.status_code == 200]
    assert ("Welcome to cargo" in kept) == (await in_group(world) is not None)


async def test_who_is_logged_out_meanwhile_is_led_to_the_page_again(world: World) -> None:
    path = await invite(world)
    async with being(world, None) as client:
        answer = await client.post(path, data=ACCEPT)
    assert (answer.status_code, answer.headers["location"]) == (303, path)


async def test_a_token_of_the_api_is_no_login_of_a_person(world: World) -> None:
    path = await invite(world)
    async with being(world, None, authorization=f"Bearer {await world.token(GUEST)}") as client:
        assert "Log in to see your invitation" in (await client.get(path)).text
        assert (await client.post(path, data=ACCEPT)).status_code == 303


async def test_who_became_a_member_by_a_group_can_still_become_a_manager(world: World) -> None:
    """The access was changed by the guest, so the page does not say who invites."""
    above, below = await invite_above(world, role="organization_manager"), await invite(world)
    async with being(world) as client:
        await client.post(below, data=ACCEPT)
        page = (await client.get(above)).text
        answer = await client.post(above, data=ACCEPT)
    assert "<dd>organization manager</dd>" in page
    assert "Invited by" not in page
    assert answer.status_code == 200
    found = await in_organization(world)
    assert found
    assert role_of(found) is OrganizationRole.ORGANIZATION_MANAGER


async def test_what_is_asked_too_often_counts_against_the_person_else_against_the_address() -> None:
    world = await new_world(login_rate=3)
    path = await invite(world)
    async with being(world) as guest, being(world, None) as nobody:
        strange = [(await nobody.get("/invitations/x")).status_code for _ in range(4)]
        own = [(await guest.get(path)).status_code for _ in range(4)]
    assert strange == [404, 404, 404, 429]
    assert own == [200, 200, 200, 429]


async def test_the_log_has_neither_the_link_nor_the_guest_who_is_not_logged_in(world: World) -> None:
    path = await invite(world)
    async with being(world, None) as client:
        await client.get(path)
    [line] = world.lines
    assert (line["route"], line["actor"]) == ("/invitations/{token}", None)
    assert path.rpartition("/")[2] not in str(line)


async def test_a_store_that_does_not_answer_makes_no_invitation_bad(world: World) -> None:
    path = await invite(world)
    async with being(world) as client:

        async def away(_keys: Any) -> Any:
            raise Unavailable("store")

        world.serve_with(get=away)
        async with world.client(cookies=client.cookies) as other:
            assert (await other.get(path)).status_code == 503
