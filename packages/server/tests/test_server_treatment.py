"""The dialog in which people decide about vulnerabilities: who may, what is refused, and that nothing typed is lost."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from packages.server.tests.conftest import ADA, OLGA, ORIGIN, URI, World, new_world
from packages.server.tests.page import NINA, NONE, WHERE, draft_of, released, seen

from integrates.db_model.errors import Unavailable
from integrates.server.http.routes.treatment import ENDED, NONE_CHOSEN, NOT_ALLOWED, RENEWED, SILENT, TOO_MANY
from integrates.server.pages.decide import Form, Reference, Typed
from integrates.server.pages.part import Titled
from integrates.server.pages.treatment import (
    Conflict,
    History,
    Item,
    Outcome,
    Treatment,
    conflict_of,
    lines_again,
    outcome_of,
)
from integrates.server.pages.vulnerability import Group, Revision

FORM = "application/x-www-form-urlencoded"
AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
PATH = "/groups/webshop/treatment"
WHY = "Behind the <firewall> until the release."
VERA = "vera@demo.example"
STATE = (
    """query ($id: ID!) { vulnerability(id: $id) { version treatment { status justification assigned acceptedUntil by } } }"""
)
TREAT = """mutation ($id: ID!, $why: String!) { updateVulnerabilitiesTreatment(items: [{id: $id}], treatment: IN_PROGRESS,
  justification: $why) { errors { reason } } }"""


@asynccontextmanager
async def visiting(world: World, email: str = OLGA) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which somebody is logged in; its forms come from pages of this server."""
    async with world.client(headers={"origin": ORIGIN}) as client:
        await client.get("/login", params={"provider": "local", "email": email})
        yield client


def sent(page: httpx.Response, **typed: str) -> dict[str, Any]:
    """Return what the form of a page sends when somebody has typed this; everything that is ticked stays so."""
    return {
        "form_token": re.findall(r'name="form_token" value="([^"]*)"', page.text),
        "shown": re.findall(r'name="shown" value="([^"]*)"', page.text),
        "item": re.findall(r'name="item" value="([^"]*)" checked', page.text),
        "treatment": "IN_PROGRESS",
        "justification": WHY,
        "accepted_until": "",
        "assigned": "",
        **typed,
    }


async def opened(client: httpx.AsyncClient, *ids: str) -> httpx.Response:
    page = await client.get(PATH, params={"id": list(ids)})
    assert page.status_code == 200, page.text
    return page


async def state(world: World, identity: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (await world.ask(await world.token(), {"query": STATE, "variables": {"id": identity}})).json()[
        "data"
    ]["vulnerability"]
    return found


async def others_change(world: World, identity: str, why: str = "Somebody else was faster.") -> None:
    answer = await world.ask(await world.token(VERA), {"query": TREAT, "variables": {"id": identity, "why": why}})
    assert answer.json()["data"]["updateVulnerabilitiesTreatment"]["errors"] == []


def kept(page: httpx.Response, *, why: str = WHY) -> None:
    """What was typed stands in the form that comes back."""
    assert '<form method="post" action="/groups/webshop/treatment">' in page.text
    assert f"{why.replace('<', '&lt;').replace('>', '&gt;')}</textarea>" in page.text


async def test_a_decision_is_made_in_the_form(world: World) -> None:
    found = await released(world)
    world.now += timedelta(minutes=1)
    async with visiting(world) as client:
        page = await opened(client, found.id)
        assert f"{WHERE}, name" in page.text
        assert f'name="item" value="{found.id}:{found.version}" checked' in page.text
        until = f"{world.now + timedelta(days=10):%Y-%m-%d}"
        done = await client.post(PATH, data=sent(page, treatment="ACCEPTED", accepted_until=until))
    assert done.status_code == 200
    assert "<h1>Decided</h1>" in done.text
    assert "accepted, until 10 July 2026, 23:59 UTC" in done.text
    after = await state(world, found.id)
    assert after["version"] == found.version + 1
    assert after["treatment"] == {
        "status": "ACCEPTED",
        "justification": WHY,
        "assigned": None,
        "acceptedUntil": "2026-07-10T23:59:59.000000+00:00",
        "by": OLGA,
    }


async def test_a_conflict_shows_both_and_lets_one_decide_again(world: World) -> None:
    found = await released(world)
    world.now += timedelta(minutes=1)
    async with visiting(world) as client:
        page = await opened(client, found.id)
        await others_change(world, found.id)
        world.now += timedelta(minutes=1)
        again = await client.post(PATH, data=sent(page, assigned=OLGA))
        assert again.status_code == 409
        kept(again)
        for text in (
            "Since you opened the form, one vulnerability has changed",
            "<td>untreated</td><td>in progress, assigned to vera@demo.example</td><td>in progress, assigned to olga@",
            "Somebody else was faster.",
            f"<strong>{VERA}</strong>: update vulnerabilities treatment",
            f'name="item" value="{found.id}:{found.version + 1}" checked',
            f'value="{OLGA}"',
            "Decide again</button>",
        ):
            assert text in again.text, text
        assert (await state(world, found.id))["treatment"]["by"] == VERA, "nothing of others is overwritten unseen"
        done = await client.post(PATH, data=sent(again, assigned=OLGA))
    assert done.status_code == 200
    assert (await state(world, found.id))["treatment"]["by"] == OLGA


async def test_a_form_that_is_sent_twice_blames_nobody_else(world: World) -> None:
    found = await released(world)
    async with visiting(world) as client:
        form = sent(await opened(client, found.id))
        first, second = await client.post(PATH, data=form), await client.post(PATH, data=form)
    assert [first.status_code, second.status_code] == [200, 409]
    assert f"<strong>{OLGA}</strong>: update vulnerabilities treatment" in second.text
    assert "sent twice" in second.text
    assert "thers changed" not in second.text
    assert (await state(world, found.id))["version"] == found.version + 1


async def test_what_others_changed_besides_is_told_too(world: World) -> None:
    found = await released(world)
    label = """mutation ($id: ID!) { updateVulnerabilityLabels(id: $id, tags: ["payment"]) { errors { reason } } }"""
    async with visiting(world) as client:
        page = await opened(client, found.id)
        await world.ask(await world.token(), {"query": label, "variables": {"id": found.id}})
        again = await client.post(PATH, data=sent(page))
    assert again.status_code == 409
    assert "Tags: payment" in again.text


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"justification": "Short <b>"}, "It is too short: at least 10 characters."),
        ({"treatment": ""}, "Choose what is done."),
        ({"treatment": "NONSENSE"}, "Choose what is done."),
        ({"treatment": "ACCEPTED", "accepted_until": "next week"}, "Write the date like 2026-12-31."),
        ({"treatment": "ACCEPTED"}, 'id="wrong-accepted_until"'),
        ({"treatment": "ACCEPTED", "accepted_until": "2020-01-01"}, 'id="wrong-accepted_until"'),
        ({"accepted_until": "2026-07-20"}, "Leave the date out: only a risk that is accepted until a date has one."),
        ({"treatment": "UNTREATED", "assigned": OLGA}, "Leave it empty: where nobody has decided, nobody is assigned."),
        ({"assigned": "nobody"}, 'id="wrong-assigned"'),
        ({"assigned": NINA}, 'id="wrong-assigned"'),
        ({"justification": "A character that is not taken: \0"}, "What was sent holds characters"),
    ],
)
async def test_what_is_refused_stands_at_its_field_and_nothing_is_lost(
    world: World, typed: Mapping[str, str], text: str
) -> None:
    found = await released(world)
    world.now += timedelta(minutes=1)
    async with visiting(world) as client:
        again = await client.post(PATH, data=sent(await opened(client, found.id), **typed))
    assert again.status_code == 400
    assert text in again.text
    assert f'name="item" value="{found.id}:{found.version}" checked' in again.text
    why = typed.get("justification", WHY)
    if "\0" not in why:
        assert "<h2>Nothing was changed</h2>" in again.text, "which is said where one looks first"
        kept(again, why=why)
    assert (await state(world, found.id))["version"] == found.version


async def test_a_refusal_does_not_hide_what_others_changed_meanwhile(world: World) -> None:
    """A form that comes back for another reason carries the version that was seen, not that of now."""
    found = await released(world)
    async with visiting(world) as client:
        page = await opened(client, found.id)
        world.now += timedelta(minutes=1)
        await others_change(world, found.id)
        again = await client.post(PATH, data=sent(page, treatment=""))
        assert again.status_code == 400
        assert f'name="shown" value="{found.id}:{found.version}"' in again.text
        conflict = await client.post(PATH, data=sent(again))
    assert conflict.status_code == 409
    assert (await state(world, found.id))["treatment"]["by"] == VERA


async def test_what_was_not_ticked_is_left_alone(world: World) -> None:
    found = await released(world)
    async with visiting(world) as client:
        page = await opened(client, found.id)
        none = await client.post(PATH, data={**sent(page), "item": []})
        assert none.status_code == 400
        assert "Tick at least one of them." in none.text
        assert f'name="item" value="{found.id}:{found.version}">' in none.text, "and it is not ticked again"
    assert (await state(world, found.id))["version"] == found.version


async def test_what_is_gone_stays_in_the_form_by_its_id_until_it_is_no_longer_ticked(world: World) -> None:
    found = await released(world)
    async with visiting(world) as client:
        form = sent(await opened(client, found.id))
        both = {name: [*form[name], f"{NONE}:1"] for name in ("shown", "item")}
        again = await client.post(PATH, data={**form, **both})
        assert again.status_code == 400
        kept(again)
        assert f'<a href="/vulnerabilities/{NONE}">{NONE}</a>' in again.text
        form = sent(again)
        assert form["item"] == both["item"]
        assert (await state(world, found.id))["version"] == found.version, "all or nothing"
        done = await client.post(PATH, data={**form, "item": form["item"][:1]})
    assert done.status_code == 200
    assert (await state(world, found.id))["treatment"]["by"] == OLGA


async def test_who_may_not_decide_gets_no_form(world: World) -> None:
    found = await released(world)
    refused = await seen(world, "hana@demo.example", f"{PATH}?id={found.id}")
    assert refused.status_code == 403
    assert NOT_ALLOWED in refused.text
    assert (await seen(world, NINA, f"{PATH}?id={found.id}")).status_code == 404
    assert (await seen(world, NINA, f"{PATH}?id={NONE}")).status_code == 404
    assert (await seen(world, OLGA, f"/groups/payments/treatment?id={found.id}")).status_code == 404
    assert (await seen(world, URI, f"{PATH}?id={(await draft_of(world))['id']}")).status_code in {200, 404}


async def test_who_may_not_decide_changes_nothing_by_a_form_of_their_own(world: World) -> None:
    found = await released(world)
    async with visiting(world) as client:
        page = await opened(client, found.id)
    for email, status in (("hana@demo.example", 400), (NINA, 400)):
        async with visiting(world, email) as client:
            token = re.findall(r'name="form_token" value="([^"]*)"', (await client.post(PATH, data=sent(page))).text)
            again = await client.post(PATH, data={**sent(page), "form_token": token})
        assert again.status_code == status
        assert (WHERE in again.text) is (email != NINA)
    assert (await state(world, found.id))["version"] == found.version


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_a_form_of_another_site_decides_nothing(world: World, origin: str | None) -> None:
    found = await released(world)
    async with visiting(world) as client:
        form = sent(await opened(client, found.id))
        cookies = client.cookies
    headers = {"origin": origin} if origin else {}
    async with world.client(cookies=cookies, headers=headers) as other:
        assert (await other.post(PATH, data=form)).status_code == 403
    assert (await state(world, found.id))["version"] == found.version


async def test_a_form_needs_the_token_of_its_session_and_comes_back_with_it(world: World) -> None:
    found = await released(world)
    async with visiting(world) as client:
        page = await opened(client, found.id)
        missing, again = [await client.post(PATH, data={**sent(page), "form_token": token}) for token in ("", "0" * 64)]
        for answer in (missing, again):
            assert answer.status_code == 403
            assert RENEWED in answer.text
            kept(answer)
        assert (await state(world, found.id))["version"] == found.version
        assert (await client.post(PATH, data=sent(again))).status_code == 200


async def test_a_form_outlives_the_session(world: World) -> None:
    found = await released(world)
    async with visiting(world) as client:
        form = sent(await opened(client, found.id))
        await client.post("/logout")
        again = await client.post(PATH, data=form)
        assert again.status_code == 401
        assert ENDED in again.text
        kept(again)
        assert WHERE not in again.text, "who is not logged in is told nothing"
        await client.get("/login", params={"provider": "local", "email": OLGA})
        renewed = await client.post(PATH, data=sent(again))
        assert renewed.status_code == 403
        assert (await client.post(PATH, data=sent(renewed))).status_code == 200


async def test_a_form_outlives_a_store_that_is_silent(world: World) -> None:
    found = await released(world)

    async def silent(_changes: Sequence[Any]) -> None:
        raise Unavailable("gone")

    async with visiting(world) as client:
        form, cookies = sent(await opened(client, found.id)), client.cookies
    world.serve_with(write=silent)
    async with world.client(cookies=cookies, headers={"origin": ORIGIN}) as other:
        again = await other.post(PATH, data=form)
    assert again.status_code == 503
    assert SILENT in again.text
    kept(again)


@pytest.mark.parametrize(
    ("query", "text"), [("", NONE_CHOSEN), ("id=", NONE_CHOSEN), ("id=%00", "What was sent holds characters")]
)
async def test_an_address_without_vulnerabilities_is_explained(world: World, query: str, text: str) -> None:
    page = await seen(world, OLGA, f"{PATH}?{query}")
    assert page.status_code == 400
    assert text in page.text


async def test_a_form_has_a_hundred_vulnerabilities_at_the_most(world: World) -> None:
    found = await released(world)
    ids = [f"00000000-0000-4000-8000-{number:012x}" for number in range(100)]
    async with visiting(world) as client:
        page = await opened(client, found.id, *ids[:99])
        assert page.text.count('name="item"') == 1, "what is not there is left out"
        over = await client.get(PATH, params={"id": [found.id, *ids]})
    assert over.status_code == 400
    assert TOO_MANY in over.text


@pytest.mark.parametrize(
    "change",
    [
        {"shown": []},
        {"shown": ["x"]},
        {"shown": [f"{NONE}:0"]},
        {"shown": [f"{NONE}:1", f"{NONE}:2"]},
        {"shown": [f"{NONE}:1"], "item": [f"{NONE}:2"]},
        {"shown": [f"00000000-0000-4000-8000-{number:012x}:1" for number in range(101)]},
        {"shown": [f"{NONE}:1"] * 500},
    ],
)
async def test_what_the_page_does_not_send_is_refused(world: World, change: Mapping[str, Any]) -> None:
    async with visiting(world) as client:
        form = {"form_token": "x", "treatment": "IN_PROGRESS", "justification": WHY, **change}
        assert (await client.post(PATH, data=form)).status_code == 400


async def test_a_form_of_another_kind_is_refused(world: World) -> None:
    async with visiting(world) as client:
        assert (await client.post(PATH, json={"shown": []})).status_code == 415
        assert (await client.post(PATH, content=b"shown=\xff", headers={"content-type": FORM})).status_code == 400
        assert (await client.put(PATH)).status_code == 405


async def test_nobody_is_led_to_the_login_and_back_to_the_form(world: World) -> None:
    async with world.client() as client:
        away = await client.get(f"{PATH}?id={NONE}")
    assert (away.status_code, away.headers["location"]) == (303, f"/login?next=%2Fgroups%2Fwebshop%2Ftreatment%3Fid%3D{NONE}")


async def test_the_form_has_the_rate_of_all_pages() -> None:
    world = await new_world(api_rate=2)
    async with visiting(world, ADA) as client:
        found = [(await client.get(PATH)).status_code for _ in range(3)]
    assert found == [400, 400, 429]


def revision(version: int, **aspects: Any) -> Revision:
    return Revision(version=version, at=AT, by=f"{version}@demo.example", operation="test", aspects=aspects)


def item(*revisions: Revision) -> Item:
    return Item(
        id=NONE,
        version=len(revisions),
        where="src/cart.py",
        specific="12",
        state="VULNERABLE",
        finding=Titled("SQL injection"),
        severity=None,
        group=Group("webshop", ()),
        treatment=Treatment("UNTREATED", None, None, None, None, AT, ADA),
        history=History(revisions),
    )


def test_a_conflict_tells_what_held_when_one_looked_and_each_change_since() -> None:
    first, second = revision(1, treatment={"status": "UNTREATED"}), revision(2, treatment={"status": "IN_PROGRESS"})
    third, fourth = revision(3, labels={"tags": ["a"]}), revision(4, treatment={"status": "UNTREATED"})
    shown = item(first, second, third, fourth)
    found = {version: conflict_of(shown, version) for version in (1, 2, 3, 4)}
    assert [one.before for one in found.values()] == [first, second, second, fourth]
    assert [one.told for one in found.values()] == ["untreated", "in progress", "in progress", "untreated"]
    assert [len(one.changes) for one in found.values()] == [3, 2, 1, 0]
    assert conflict_of(shown, 0) == Conflict(before=None, changes=(first, second, third, fourth))
    assert conflict_of(shown, 0).told is None


def test_what_one_item_is_refused_for_stands_at_it_and_the_rest_is_done() -> None:
    chosen = tuple(Reference(f"id-{number}", 1) for number in range(3))
    errors = [
        {"code": "CONFLICT", "reason": "STALE_VERSION", "message": "Stale.", "path": ["items", "1", "id"]},
        {"code": "INVALID", "reason": "NOT_VULNERABLE", "message": "Not open.", "path": ["items", "2", "id"]},
        {"code": "INVALID", "reason": "TOO_MANY", "message": "Too many.", "path": ["items"]},
    ]
    outcome = outcome_of({"vulnerabilities": [{"id": "id-0"}], "errors": errors}, chosen)
    assert outcome == Outcome(
        changed=frozenset({"id-0"}),
        arguments={"item": "Too many."},
        items={"id-1": "Stale.", "id-2": "Not open."},
        stale=frozenset({"id-1"}),
    )
    form = Form(shown=chosen, chosen=chosen[:2], typed=Typed(), token=chosen[0].id)
    assert [(line.reference.id, line.is_chosen, line.refusal) for line in lines_again(form, (), outcome)] == [
        ("id-1", True, "Stale."),
        ("id-2", False, "Not open."),
    ]
    assert not outcome.is_done
    assert outcome_of({"vulnerabilities": [{"id": "id-0"}], "errors": []}, chosen).is_done
