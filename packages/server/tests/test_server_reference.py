"""The pages of the reference: what they show, to whom, and what a search finds."""

import asyncio
import re
from urllib.parse import urlsplit

import pytest
from packages.server.tests.conftest import ADA, NOW, URI, World, new_world
from packages.server.tests.page import seen

from integrates.server.pages.page import Address, Shown, drawn
from integrates.server.pages.reference import (
    LONGEST,
    MOST,
    Piece,
    by_name,
    contents_shown,
    entries,
    name_shown,
    pieces_of,
    search_shown,
)


def page_of(shown: Shown | None) -> str:
    """A page as a visitor sees it."""
    assert shown is not None
    return drawn(shown, Address(path="/reference", at=NOW), "token")


async def test_the_first_page_links_every_name(world: World) -> None:
    page = await seen(world, URI, "/reference")
    assert page.status_code == 200
    assert "<h1>Reference of the API</h1>" in page.text
    links = re.findall(r'href="/reference/(\w+)"', page.text)
    assert sorted(links) == sorted(by_name())


async def test_a_name_is_told_with_arguments_permission_and_reasons(world: World) -> None:
    page = await seen(world, URI, "/reference/addGroup")
    assert page.status_code == 200
    for text in (
        "<h1>addGroup</h1>",
        '<span class="tag">mutation</span>',
        'Answers <a href="/reference/AddGroupPayload"><code>AddGroupPayload</code></a>.',
        'Needs the permission <a href="/reference?q=group%3Aadd"><code>group:add</code></a>.',
        '<h3 id="language"><code>language</code>: <a href="/reference/Language"><code>Language</code></a> = <code>EN</code>',
        '<a href="/reference/Reason#NAME_TAKEN"><code>NAME_TAKEN</code></a>',
        "Like every mutation also for",
    ):
        assert text in page.text, text


async def test_a_field_is_told_with_arguments_errors_and_cost(world: World) -> None:
    text = (await seen(world, URI, "/reference/Group")).text
    field = text.split('<h3 id="vulnerabilities">', 1)[1].split("<h3", 1)[0]
    assert '<a href="/reference/VulnerabilityConnection!"' not in field
    assert '<a href="/reference/VulnerabilityConnection"><code>VulnerabilityConnection!</code></a>' in field
    assert "<code>BAD_CURSOR</code>, <code>BAD_USER_INPUT</code>" in field
    assert "<dt><code>first</code>: <code>Int</code> = <code>50</code></dt>" in field
    assert 'Some of it needs <a href="/reference?q=draft%3Aread"><code>draft:read</code></a>' in field
    assert "Adds 200 to the cost of a query." in text


async def test_a_reason_is_told_where_links_to_it_lead(world: World) -> None:
    page = (await seen(world, URI, "/reference/Reason")).text
    assert '<h3 id="NAME_TAKEN">' in page
    assert '<a href="/reference/UserError#reason"><code>UserError.reason</code></a>' in page


@pytest.mark.parametrize("name", sorted(by_name()))
def test_every_link_of_every_page_leads_somewhere(name: str) -> None:
    for href in set(re.findall(r'href="(/reference[^"]*)"', page_of(name_shown(name)))):
        parts = urlsplit(href)
        if parts.path == "/reference":
            continue
        wanted = by_name()[parts.path.removeprefix("/reference/")]
        assert not parts.fragment or parts.fragment in {part.name for part in (*wanted.arguments, *wanted.parts)}, href


async def test_a_search_finds_names_and_parts(world: World) -> None:
    page = (await seen(world, URI, "/reference?q=location_taken")).text
    assert "Found by “location_taken”" in page
    assert 'value="location_taken"' in page
    assert '<a href="/reference/Reason#LOCATION_TAKEN">' in page
    assert '<a href="/reference/addGitRoot">' in page
    assert "<h2>Queries</h2>" not in page


async def test_a_search_for_blanks_is_the_first_page(world: World) -> None:
    assert (await seen(world, URI, "/reference?q=%20%20")).text == (await seen(world, URI, "/reference")).text


def test_a_search_without_a_hit_says_so() -> None:
    assert "Nothing has all of these words." in page_of(search_shown("qqq"))


def test_what_was_asked_is_escaped_and_cut_off() -> None:
    page = page_of(search_shown('"><script>alert(1)</script>' + "x" * 1_000))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "x" * LONGEST not in page


def test_a_search_that_finds_too_much_says_how_much_more_there_is() -> None:
    page = page_of(search_shown("e"))
    assert page.count("<dt>") == MOST
    assert re.search(r"And \d{3} more: give another word\.", page)
    assert "and 8 more" not in page_of(search_shown("addGroup"))


def test_code_in_a_description_that_is_a_name_is_a_link() -> None:
    assert pieces_of("As `Group` or `x:y`.") == (
        Piece("As "),
        Piece("Group", is_code=True, is_name=True),
        Piece(" or "),
        Piece("x:y", is_code=True),
        Piece("."),
    )
    assert pieces_of("") == ()


@pytest.mark.parametrize("name", ["Nothing", "group/x", "addgroup", "%00", "x" * 3_000, "Query", "__Schema"])
async def test_a_name_that_there_is_not_is_not_found(world: World, name: str) -> None:
    assert (await seen(world, URI, f"/reference/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/reference", "/login?next=%2Freference"),
        ("/reference?q=a+b", "/login?next=%2Freference%3Fq%3Da%2Bb"),
        ("/reference/Group", "/login?next=%2Freference%2FGroup"),
        ("/reference/Nothing", "/login?next=%2Freference%2FNothing"),
    ],
)
async def test_who_is_not_logged_in_is_led_to_the_login_and_back(world: World, path: str, way: str) -> None:
    async with world.client() as client:
        away = await client.get(path)
        assert (away.status_code, away.headers["location"]) == (303, way)
    async with world.client(headers={"authorization": f"Bearer {await world.token(ADA)}"}) as client:
        assert (await client.get(path)).status_code == 303


async def test_others_go_on_while_the_reference_is_made_for_the_first_who_asks(world: World) -> None:
    """Nobody who is not logged in has it made."""
    entries.cache_clear()
    by_name.cache_clear()
    async with world.client() as client:
        await client.get("/reference")
        assert not entries.cache_info().currsize
        await client.get("/login", params={"provider": "local", "email": URI})
        asking = asyncio.create_task(client.get("/reference"))
        turns = 0
        while not entries.cache_info().currsize:
            turns += 1
            await asyncio.sleep(0)
        assert not asking.done()
        assert (await asking).status_code == 200
    assert turns > 20


async def test_the_reference_goes_with_introspection() -> None:
    world = await new_world(introspection=False)
    for path in ("/reference", "/reference/Group", "/reference?q=group"):
        assert (await seen(world, URI, path)).status_code == 404
    async with world.client() as client:
        assert "/reference" not in (await client.get("/")).text
    shown = await new_world()
    async with shown.client() as client:
        assert 'href="/reference"' in (await client.get("/")).text
    assert 'href="/reference"' in (await seen(shown, URI, "/")).text
    assert 'href="/reference"' not in (await seen(world, URI, "/")).text


@pytest.mark.parametrize("explorer", [True, False])
async def test_who_is_logged_in_is_led_to_the_explorer_where_there_is_one(explorer: object) -> None:
    page = (await seen(await new_world(explorer=explorer), URI, "/")).text
    assert ('<a href="/api">Explorer</a>' in page) is explorer


async def test_it_is_shown_so_often_a_minute() -> None:
    world = await new_world(api_rate=2)
    async with world.client() as client:
        await client.get("/login", params={"provider": "local", "email": ADA})
        found = [(await client.get(path)).status_code for path in ("/reference", "/reference/Group", "/reference?q=x")]
    assert found == [200, 200, 429]


def test_no_page_is_larger_than_a_page_may_be() -> None:
    pages = [contents_shown(), search_shown("e"), *map(name_shown, by_name())]
    assert max(len(page_of(page)) for page in pages) < 100_000
