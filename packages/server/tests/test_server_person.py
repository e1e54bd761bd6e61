"""The start page of who is logged in, and the pages before and after."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from packages.server.tests.conftest import ADA, NOW, ORIGIN, URI, World, new_world

from integrates.db_model.errors import Unavailable
from integrates.db_model.store.port import Key
from integrates.server.app import new_app
from integrates.server.auth.provider import ClientAuth, Provider
from integrates.server.http.routes.link import login_links
from integrates.server.http.routes.slot import CALLERS
from integrates.server.pages.page import Address, Shown, drawn
from integrates.server.pages.person import MOST, Group, Organization, Parent, Person, Waiting, person_of
from integrates.server.pages.render import day, in_words, rounded
from integrates.server.settings import Settings

NINA = "nina@demo.example"
LOGIN = 'href="/login?provider=local"'
CONCURRENT = "Your login ended another session of yours"


def person(**values: Any) -> Person:
    plain = Person(
        email=ADA,
        first_name="Ada",
        last_name="Novak",
        role="ADMIN",
        session_expires_at=None,
        is_concurrent_session=False,
        organizations=(),
        groups=(),
        invitations=(),
    )
    return msgspec.structs.replace(plain, **values)


def page_of(one: Person) -> str:
    values = {"person": one, "most": MOST, "has_reference": True, "has_explorer": True}
    shown = Shown(template="person.html", values=values)
    return drawn(shown, Address(path="/", at=NOW), "token")


async def shown_to(world: World, email: str) -> str:
    async with world.client(follow_redirects=True) as client:
        return (await client.get("/login", params={"provider": "local", "email": email, "next": "/"})).text


async def test_who_is_logged_in_sees_who_they_are_and_when_the_session_ends(world: World) -> None:
    page = await shown_to(world, ADA)
    assert "<h1>Ada Novak</h1>" in page
    assert f"<dd>{ADA}</dd>" in page
    assert "<dd>admin</dd>" in page
    assert ">30 June 2026, 12:40 UTC</time>; with each request later, until 12 hours after the login" in page


async def test_the_end_of_a_session_moves_with_its_use(world: World) -> None:
    async with world.client(follow_redirects=True) as client:
        await client.get("/login", params={"provider": "local"})
        world.now += timedelta(minutes=30)
        page = (await client.get("/")).text
    assert ">30 June 2026, 13:10 UTC</time>" in page


@pytest.mark.parametrize(
    ("email", "groups"),
    [
        (ADA, ["archive", "cargo", "payments", "webshop"]),
        (URI, ["payments", "webshop"]),
        ("gus@demo.example", ["archive", "cargo", "webshop"]),
        (NINA, []),
    ],
)
async def test_the_page_shows_the_groups_of_the_person_and_no_others(world: World, email: str, groups: Sequence[str]) -> None:
    page = await shown_to(world, email)
    below = page.partition("<h2>Your groups</h2>")[2]
    assert [name for name in ("archive", "cargo", "payments", "webshop") if f"<strong>{name}</strong>" in below] == groups


async def test_the_page_shows_the_roles_that_the_person_acts_in(world: World) -> None:
    page = await shown_to(world, "gus@demo.example")
    own, _, below = page.partition("<h2>Your groups</h2>")
    assert '<strong>harbor</strong></a> <span class="tag">organization manager</span>' in own
    assert '<strong>aurora</strong></a> <span class="tag">user</span>' in own
    assert below.count('<span class="tag">group manager</span>') == 3


async def test_an_invitation_waits_until_it_can_no_longer_be_accepted(world: World) -> None:
    waiting = await shown_to(world, NINA)
    world.now += timedelta(days=7)
    late = await shown_to(world, NINA)
    assert [("Invitations that wait for you" in page, "<strong>payments</strong>" in page) for page in (waiting, late)] == [
        (True, True),
        (False, False),
    ]


def test_what_people_wrote_is_escaped() -> None:
    page = page_of(person(first_name="<script>x</script>", last_name='"&'))
    assert "<h1>&lt;script&gt;x&lt;/script&gt; &#34;&amp;</h1>" in page


def test_who_has_told_no_name_is_known_by_their_mail() -> None:
    page = page_of(person(first_name=None, last_name=None))
    assert "<h1>You are logged in</h1>" in page
    assert f"<title>{ADA} · Integrates</title>" in page


@pytest.mark.parametrize("more", [0, 1])
def test_a_page_shows_so_many_of_each_and_says_how_many_there_are(more: int) -> None:
    names = [f"name-{number}" for number in range(MOST + more)]
    page = page_of(
        person(
            organizations=tuple(Organization(name, "USER") for name in names),
            groups=tuple(Group(name, None, Parent("above")) for name in names),
            invitations=tuple(Waiting(name, None, "USER", datetime(2026, 7, 6, tzinfo=UTC)) for name in names),
        )
    )
    assert page.count("<strong>name-") == 3 * MOST
    assert page.count("And 1 more.") == 3 * more


def test_a_group_whose_organization_one_may_not_read_stands_alone() -> None:
    assert " in " not in page_of(person(groups=(Group("alone", None, None),))).partition("Your groups")[2]


async def test_who_comes_with_a_token_is_no_visitor_of_pages(world: World) -> None:
    token = await world.token()
    async with world.client(headers={"authorization": f"Bearer {token}"}) as client:
        page = (await client.get("/")).text
    assert LOGIN in page
    assert ADA not in page


async def test_a_login_that_ended_another_session_is_told_until_the_person_says_that_it_was_theirs(world: World) -> None:
    await shown_to(world, ADA)
    async with world.client(follow_redirects=True, headers={"origin": ORIGIN}) as client:
        told = (await client.get("/login", params={"provider": "local"})).text
        again = (await client.get("/")).text
        known = await client.post("/")
        later = (await client.get("/")).text
    assert [CONCURRENT in page for page in (told, again, known.text, later)] == [True, True, False, False]
    assert [one.status_code for one in (*known.history, known)] == [303, 200]


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example"])
async def test_only_a_page_of_this_server_can_say_so(world: World, origin: str | None) -> None:
    await shown_to(world, ADA)
    async with world.client(follow_redirects=True) as client:
        await client.get("/login", params={"provider": "local"})
        refused = await client.post("/", headers={"origin": origin} if origin else {})
        page = (await client.get("/")).text
    assert (refused.status_code, CONCURRENT in page) == (403, True)


async def test_nobody_has_nothing_to_say(world: World) -> None:
    async with world.client(follow_redirects=True, headers={"origin": ORIGIN}) as client:
        answer = await client.post("/")
    assert (answer.status_code, LOGIN in answer.text) == (200, True)


async def test_logging_out_everywhere_ends_the_session(world: World) -> None:
    async with world.client(follow_redirects=True, headers={"origin": ORIGIN}) as client:
        await client.get("/login", params={"provider": "local"})
        kept = dict(client.cookies)
        answer = await client.post("/logout?everywhere")
    async with world.client(cookies=kept) as other:
        page = (await other.get("/")).text
    assert (answer.url.path, LOGIN in page) == ("/logged-out", True)


async def test_a_store_that_does_not_answer_is_told_and_nobody_is_shown(world: World) -> None:

    async def away(_keys: Sequence[Key]) -> Any:
        raise Unavailable("store")

    async with world.client(follow_redirects=True) as client:
        await client.get("/login", params={"provider": "local"})
        for part in ({"get": away}, {"query": away}):
            world.serve_with(**part)
            async with world.client(cookies=client.cookies) as other:
                answer = await other.get("/")
            assert (answer.status_code, "The store does not answer" in answer.text, ADA in answer.text) == (200, True, False)


async def test_a_store_that_does_not_answer_concerns_nobody_who_is_not_logged_in(world: World) -> None:
    async with world.client() as client:
        assert "The store does not answer" not in (await client.get("/")).text


async def test_one_person_cannot_have_all_pages_at_once() -> None:
    world = await new_world(concurrency=CALLERS)  # so that each person has one slot
    inner, started = world.store, 0

    async def slow(_queries: Any) -> Any:
        nonlocal started
        started += 1
        if started == 1:
            async with world.client(cookies=cookies) as second:
                found.append((await second.get("/")).status_code)
        return await inner.query(_queries)

    async with world.client(follow_redirects=True) as client:
        await client.get("/login", params={"provider": "local"})
        cookies, found = client.cookies, list[int]()
        world.serve_with(query=slow)
        async with world.client(cookies=cookies) as first:
            found.append((await first.get("/")).status_code)
    assert found == [429, 200]


async def test_logging_out_leads_to_a_page_that_says_so(world: World) -> None:
    async with world.client(follow_redirects=True, headers={"origin": ORIGIN}) as client:
        await client.get("/login", params={"provider": "local"})
        inside = await client.get("/logged-out")
        outside = await client.post("/logout")
    assert [(answer.url.path, "You are logged out" in answer.text) for answer in (inside, outside)] == [
        ("/", False),
        ("/logged-out", True),
    ]
    assert 'href="/login?provider=local"' in outside.text


def test_a_link_to_the_login_carries_where_to_go_on(world: World) -> None:
    service = msgspec.structs.replace(world.service, settings=Settings(local_login=True))
    assert [link.href for link in login_links(service)] == ["/login?provider=local"]
    assert [link.href for link in login_links(service, "/a?b=c&d")] == ["/login?provider=local&next=%2Fa%3Fb%3Dc%26d"]
    assert login_links(msgspec.structs.replace(service, settings=Settings())) == ()


async def test_the_start_page_offers_every_provider_by_its_title(world: World) -> None:
    one = Provider(
        name="corporate-sso",
        title='Corporate <"SSO">',
        issuer="https://sso.example",
        client_id="integrates",
        client_auth=ClientAuth.NONE,
        secret=None,
        scopes=(),
        groups_claim="groups",
        roles=(),
    )
    world.app = new_app(msgspec.structs.replace(world.service, providers={one.name: one}))
    async with world.client() as client:
        page = (await client.get("/")).text
    assert 'href="/login?provider=corporate-sso">Log in with Corporate &lt;&#34;SSO&#34;&gt;</a>' in page
    assert page.index("corporate-sso") < page.index("provider=local")


def test_an_answer_with_errors_shows_nobody() -> None:
    assert person_of({"data": None, "errors": [{}]}) is None


def test_words_and_dates() -> None:
    assert [in_words(name) for name in ("GROUP_MANAGER", "SAST", "NPM_AUDIT")] == ["group manager", "SAST", "npm audit"]
    assert day(datetime(2026, 7, 6, 9, 5, tzinfo=UTC)) == "6 July 2026, 09:05 UTC"


def test_figures_have_three_digits_or_all_of_their_whole_part_and_none_is_a_dash() -> None:
    assert [rounded(number) for number in (0, 0.125, 3.2, 99.96, 12_345.6, None)] == ["0", "0.125", "3.2", "100", "12,346", "–"]
