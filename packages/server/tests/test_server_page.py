"""The pages: one layout, nothing inline, and whatever is put into them escaped."""

import re
from importlib.resources import files

import pytest
from jinja2 import UndefinedError
from packages.server.tests.conftest import ADA, ORIGIN, World, new_world

from integrates.db_model.store.memory import memory_store
from integrates.server.http.refusal import ASK, refuse_login
from integrates.server.pages.render import render
from integrates.server.settings import Settings

TEMPLATES = files("integrates.server.pages").joinpath("templates")
FRAMES, PARTS = {"base.html", "frame.html"}, {"macro.html", "chart.html", "course.html", "ended.html", "said.html", "past.html"}
"""What pages extend, and what they import."""
PAGES = sorted(entry.name for entry in TEMPLATES.iterdir() if entry.name not in FRAMES | PARTS)
INLINE = re.compile(r"<style|<script(?! src=\"/static/)|\sstyle=|\son\w+=|javascript:|\|\s*safe|autoescape", re.IGNORECASE)


def test_what_is_put_into_a_page_is_escaped() -> None:
    values = {"status": "404", "title": "Not found", "advice": "None.", "retry": None, "request_id": "<b>"}
    page = render("error.html", text="<script>alert('x')</script> & \"more\"", **values)
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &#34;more&#34;" in page
    assert "<code>&lt;b&gt;</code>" in page
    assert not INLINE.search(page)


def test_a_page_with_a_hole_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("error.html", status="404", text="There is nothing here.")


@pytest.mark.parametrize("name", sorted(entry.name for entry in TEMPLATES.iterdir()))
def test_a_template_holds_nothing_inline(name: str) -> None:
    assert not INLINE.search(TEMPLATES.joinpath(name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_the_one_layout(name: str) -> None:
    first = TEMPLATES.joinpath(name).read_text(encoding="utf-8").partition("\n")[0]
    assert first in {'{% extends "base.html" %}', '{% extends "frame.html" %}'}


LOGIN, LOGOUT = 'href="/login?provider=local"', '<form method="post" action="/logout">'


async def test_the_landing_page_leads_to_the_login_and_out_again(world: World) -> None:
    async with world.client(follow_redirects=True, headers={"origin": ORIGIN}) as client:
        before = (await client.get("/")).text
        home = await client.get("/login", params={"provider": "local"})
        inside = (await client.get("/")).text
        after = (await client.post("/logout")).text
    assert (home.url.path, "<h1>Your groups</h1>" in home.text) == ("/home", True)
    assert [(LOGIN in page, LOGOUT in page, ADA in page) for page in (before, inside, after)] == [
        (True, False, False),
        (False, True, True),
        (True, False, False),
    ]


async def test_without_a_login_the_landing_page_offers_none() -> None:
    world = World(memory_store(), Settings())
    async with world.client() as client:
        page = (await client.get("/")).text
    assert "Integrates" in page
    assert "/login" not in page


async def test_an_error_page_shows_its_status_and_the_id_of_the_request() -> None:
    world = await new_world(login_rate=1)
    async with world.client() as client:
        answers = [await client.get("/nowhere")] + [await client.get("/login?provider=other") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    for answer in answers:
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert f"<h1>{answer.reason_phrase.capitalize()}</h1>" in answer.text
        assert f"Status {answer.status_code}, request <code>{answer.headers['x-request-id']}</code>" in answer.text


def test_a_login_that_failed_tells_why_what_to_do_and_where_to_begin_again() -> None:
    scope = {"type": "http", "path": "/auth/callback", "state": {"request_id": "request-1"}}
    answer = refuse_login(scope, 403, "Your e-mail is not verified.", "Verify it.", retry="/login?provider=a&next=/x")
    page = bytes(answer.body).decode()
    assert answer.status_code == 403
    assert [
        text in page for text in ("<p>Your e-mail is not verified.</p>", "<p>Verify it.</p>", "<code>request-1</code>")
    ] == [
        True,
        True,
        True,
    ]
    assert 'href="/login?provider=a&amp;next=/x"' in page


def test_a_login_that_cannot_be_tried_again_has_no_link_for_it() -> None:
    page = bytes(refuse_login({"type": "http", "path": "/login"}, 503, "The provider does not answer.").body).decode()
    assert ASK in page
    assert "Try again</a>" not in page
