"""The explorer of the API: who gets it, what it may do, and that its examples work."""

import hashlib
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from packages.server.tests.conftest import ADA, ORIGIN, World, new_world

from integrates.server.pages.explorer import EXAMPLES, Example

HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
"""As browsers say it."""
SCRIPT = re.compile(r'<script src="/static/explorer/explorer\.js" nonce="([\w-]{22})" defer></script>')
SOURCE = Path(__file__).parents[1] / "explorer"
STATIC = files("integrates.server") / "static/explorer"


def directives(answer: httpx.Response) -> dict[str, str]:
    policy = answer.headers["content-security-policy"]
    return {name: value for part in policy.split(";") for name, _, value in [part.strip().partition(" ")]}


async def test_a_browser_gets_the_page_and_a_program_what_it_got_before(world: World) -> None:
    pages = [HTML["accept"], "text/html", "TEXT/HTML;q=0.5, */*"]
    others = ["*/*", "application/json", "text/*", "text/htmlx", ""]
    async with world.client() as client:
        answers = [await client.get("/api", headers={"accept": accept}) for accept in (*pages, *others)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 404, 404, 404, 404]
    assert {answer.headers["content-type"] for answer in answers[:3]} == {"text/html; charset=utf-8"}
    assert {answer.headers["content-type"] for answer in answers[3:]} == {"application/json"}


async def test_a_query_in_the_address_is_answered_also_to_who_accepts_pages(world: World) -> None:
    headers = {"authorization": f"Bearer {await world.token()}", **HTML}
    async with world.client() as client:
        answer = await client.get("/api", params={"query": "{ me { email } }"}, headers=headers)
    assert answer.json()["data"] == {"me": {"email": ADA}}


async def test_the_page_runs_one_script_and_nothing_else(world: World) -> None:
    async with world.client(headers=HTML) as client:
        first, second = await client.get("/api"), await client.get("/api")
    nonces = [
        re.findall(r'<script src="/static/explorer/explorer\.js" nonce="([\w-]{22})" defer>', one.text)
        for one in (first, second)
    ]
    assert [len(found) for found in nonces] == [1, 1]
    assert nonces[0] != nonces[1]
    [nonce] = nonces[0]
    assert directives(first) == {
        "default-src": "'none'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "script-src": f"'nonce-{nonce}'",
        "style-src": f"'self' 'nonce-{nonce}'",
        "frame-ancestors": "'none'",
        "form-action": "'none'",
        "base-uri": "'none'",
    }
    assert first.headers["vary"] == "accept"
    assert first.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("settings", [{"explorer": False}, {"explorer": False, "introspection": False}])
async def test_it_is_a_switch(settings: Any) -> None:
    world = await new_world(**settings)
    async with world.client() as client:
        page, before = await client.get("/api", headers=HTML), await client.get("/api")
        asked = await client.post("/api", json={"query": "{ __typename }"})
    assert (page.status_code, before.status_code, asked.status_code) == (404, 404, 200)
    assert [one.json()["errors"][0]["message"] for one in (page, before)] == ["There is nothing here."] * 2


@pytest.mark.parametrize(("introspection", "told"), [(True, "on"), (False, "off")])
async def test_the_page_knows_whether_it_may_ask_for_the_schema(*, introspection: bool, told: str) -> None:
    world = await new_world(introspection=introspection)
    async with world.client(headers=HTML) as client:
        assert f'data-introspection="{told}"' in (await client.get("/api")).text


async def test_it_says_as_whom_one_asks_which_is_nobody_for_a_token(world: World) -> None:
    async with world.client(headers=HTML) as client:
        nobody = (await client.get("/api")).text
        bearer = (await client.get("/api", headers={"authorization": f"Bearer {await world.token()}"})).text
        await client.get("/login", params={"provider": "local"})
        session = (await client.get("/api")).text
    assert [f"<strong>{ADA}</strong>" in page for page in (nobody, bearer, session)] == [False, False, True]
    assert ['href="/login?next=/api"' in page for page in (nobody, bearer, session)] == [True, True, False]


async def test_it_has_the_rate_of_the_api() -> None:
    world = await new_world(api_rate=2)
    async with world.client(headers=HTML) as client:
        assert [(await client.get("/api")).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.title)
async def test_an_example_is_answered_to_the_session(world: World, example: Example) -> None:
    asked = {"query": example.query, "variables": msgspec.json.decode(example.variables or "{}")}
    async with world.client(headers={"origin": ORIGIN}) as client:
        await client.get("/login", params={"provider": "local"})
        answer = (await client.post("/api", json=asked)).json()
        client.headers["origin"] = "https://evil.example"
        forged = await client.post("/api", json=asked)
    assert "errors" not in answer
    [(_, shown)] = answer["data"].items()
    assert shown.get("errors", []) == []
    assert forged.status_code == 403


def test_a_title_is_what_the_first_line_says() -> None:
    titles = [example.title for example in EXAMPLES]
    assert titles[0] == "Who am I, and what may I see?"
    assert all(example.query.startswith(f"# {example.title}\n") and example.title for example in EXAMPLES)


def test_what_is_served_was_made_of_these_sources() -> None:
    """``nox -s explorer`` makes it; ``nox -s pages`` makes it again and compares."""
    made = msgspec.json.decode((STATIC / "made.json").read_bytes())
    assert made["files"] == {name: digest((STATIC / name).read_bytes()) for name in made["files"]}
    assert set(made["files"]) | {"made.json"} == {entry.name for entry in STATIC.iterdir()}
    assert made["of"] == {entry.name: digest(entry.read_bytes()) for entry in SOURCE.iterdir() if entry.is_file()}


def test_the_licence_of_each_package_is_beside_it() -> None:
    """Of each package that stands in the lock with a licence of its own, if anything of it was taken."""
    told = (STATIC / "LICENSES.txt").read_text(encoding="utf-8")
    locked = msgspec.json.decode((SOURCE / "package-lock.json").read_bytes())["packages"]
    known = {f"{name_of(path)} {one['version']} ({one['license']})" for path, one in locked.items() if path}
    heads = re.findall(r"^(\S+ \d\S* \([\w.-]+\))$", told, re.MULTILINE)
    assert set(heads) <= known
    assert {head.split()[0] for head in heads} >= {"graphiql", "@graphiql/react", "graphql", "react", "react-dom", "codemirror"}
    assert not {"esbuild"} & {head.split()[0] for head in heads}


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def name_of(path: str) -> str:
    """The name of a package that a lock keeps below that path."""
    return path.rpartition("node_modules/")[2]


async def test_browsers_keep_its_script_and_ask_whether_it_is_the_same(world: World) -> None:
    async with world.client() as client:
        first = await client.get("/static/explorer/explorer.js")
        again = await client.get("/static/explorer/explorer.js", headers={"if-none-match": first.headers["etag"]})
        missing = await client.get("/static/explorer/nothing.js")
    assert [one.status_code for one in (first, again, missing)] == [200, 304, 404]
    assert [one.headers.get_list("cache-control") for one in (first, again, missing)] == [
        ["no-cache"],
        ["no-cache"],
        ["no-store"],
    ]
