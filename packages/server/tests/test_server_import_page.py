"""The pages of imports: the list of a group, and one import with its problems and what it changed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from packages.server.tests.conftest import ADA, URI, World
from packages.server.tests.page import NINA, NONE, draft_of, same_page, seen
from packages.server.tests.upload import form

from integrates.server.pages.imports import (
    EFFECTS,
    Artifact,
    Change,
    Closing,
    Counts,
    Import,
    Listed,
    Options,
    Problem,
    ProblemCount,
    Row,
    Vulnerability,
    import_page,
    list_page,
)
from integrates.server.pages.page import Address, Shown, drawn
from integrates.server.pages.part import Connection, Named, Nickname, Severity, Stretch, Titled

AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
HANA = "hana@demo.example"
ROOT = """{ group(name: "webshop") { roots { __typename id } } }"""
IMPORT = """mutation ($root: ID!, $file: Upload!) { importVulnerabilities(groupName: "webshop", rootId: $root, file: $file) {
  import { id } errors { reason } } }"""
NO = Counts(*[0] * 10)
SHOWN = Vulnerability("v-1", "src/cart.py", "12", "SAFE", Severity(9.8, "CRITICAL"), Titled("SQL injection"))
END = Stretch(has_next_page=False)
PLAIN = Import(
    id="i-1",
    file_name="scan.sarif",
    format="SARIF",
    state="COMPLETED",
    reason=None,
    created_at=AT,
    created_by=HANA,
    finished_at=AT,
    position=3,
    root=Nickname("backend"),
    counts=NO,
    sha256="ab" * 32,
    attempts=0,
    group=Named("webshop"),
    artifact=None,
    options=Options(True, None, None, None, None, None, None),  # noqa: FBT003 - it is `close_missing`, the first of seven
    problems=(),
    problem_counts=(),
    closing=(),
    changes=Connection(END, ()),
)


def one(**values: Any) -> Import:
    return msgspec.structs.replace(PLAIN, **values)


def counts(**values: int) -> Counts:
    return msgspec.structs.replace(NO, **values)


def page_of(shown: Shown, **given: tuple[str, ...]) -> str:
    return drawn(shown, Address(path="/imports/i-1", given=given, at=AT), "token")


def report(*lines: int) -> bytes:
    places = [{"physicalLocation": {"artifactLocation": {"uri": "src/a.py"}, "region": {"startLine": line}}} for line in lines]
    results = [{"ruleId": "r1", "message": {"text": "Bad."}, "locations": [place]} for place in places]
    run = {"tool": {"driver": {"name": "Lint"}}, "results": [*results, {"ruleId": "r1", "message": {"text": "Nowhere."}}]}
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()


async def imported(world: World, *lines: int) -> str:
    """Import a report as hana; return the id of the import."""
    token = await world.token(HANA)
    found = (await world.ask(token, {"query": ROOT})).json()["data"]["group"]["roots"]
    root = next(each["id"] for each in found if each["__typename"] == "GitRoot")
    async with world.client(headers={"authorization": f"Bearer {token}"}) as client:
        answer = await client.post("/api", **form(IMPORT, {"root": root}, report(*lines)))
    payload = answer.json()["data"]["importVulnerabilities"]
    assert payload["errors"] == []
    return str(payload["import"]["id"])


async def test_the_pages_of_imports_lead_from_the_list_to_what_one_changed(world: World) -> None:
    identity = await imported(world, 1, 2)
    listed = await seen(world, URI, "/groups/webshop/imports")
    assert listed.status_code == 200
    assert f'<a href="/imports/{identity}">scan.sarif</a>' in listed.text
    assert "2 new" in listed.text
    assert "(1 not usable)" in listed.text
    shown = await seen(world, URI, f"/imports/{identity}")
    for text in (
        "<h1>Import of scan.sarif</h1>",
        "src/a.py, 1</a>",
        "src/a.py, 2</a>",
        '<span class="word">created</span>',
        f'href="/imports/{identity}?effect=created#changes">2 created</a>',
        "<code>/runs/0/results/2</code>",
        "1 × ",
        "by hana@demo.example",
    ):
        assert text in shown.text, text
    assert "It changed no vulnerability" in (await seen(world, URI, f"/imports/{identity}?effect=closed")).text


@pytest.mark.parametrize("path", [f"/imports/{NONE}", "/imports/abc", "/groups/nowhere/imports", "/groups/%00/imports"])
async def test_an_import_that_does_not_exist_is_not_found(world: World, path: str) -> None:
    assert (await seen(world, ADA, path)).status_code in {400, 404}


async def test_imports_that_one_may_not_see_have_the_page_of_what_does_not_exist(world: World) -> None:
    identity = await imported(world, 1)
    assert same_page(await seen(world, NINA, f"/imports/{identity}"), await seen(world, NINA, f"/imports/{NONE}"))
    assert same_page(await seen(world, NINA, "/groups/webshop/imports"), await seen(world, NINA, "/groups/nowhere/imports"))


async def test_the_changes_of_an_import_that_are_drafts_or_gone_are_left_out(world: World) -> None:
    await draft_of(world)
    shown = await seen(world, URI, f"/imports/{await imported(world, 5)}")
    assert shown.text.count('href="/vulnerabilities/') == 1


@pytest.mark.parametrize("query", ["effect=CREATED", "effect=gone", "effect=moved&effect=closed", "after=x"])
async def test_an_address_of_an_import_that_asks_for_nonsense_is_told_so(world: World, query: str) -> None:
    assert (await seen(world, URI, f"/imports/{await imported(world, 1)}?{query}")).status_code == 400


@pytest.mark.parametrize("name", EFFECTS)
def test_each_kind_of_change_is_a_link(name: str) -> None:
    page = page_of(import_page(one(counts=counts(**{name: 7})), name))
    assert f'aria-current="page" href="/imports/i-1?effect={name}#changes">7 {name}</a>' in page


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ({}, ["The report has no results.", "Every result could be used.", "It changed no vulnerability that is still there."]),
        ({"counts": counts(created=1, moved=2, duplicate=3)}, ["<li>1 new</li>", "<li>2 moved</li>", "<li>3 said twice</li>"]),
        ({"state": "FAILED", "reason": "too_many"}, ['<section class="notice">', "as many vulnerabilities as it may have"]),
        ({"state": "FAILED", "reason": "new_reason"}, ["new_reason"]),
        (
            {"state": "RUNNING", "finished_at": None, "attempts": 2},
            ['data-import-progress="i-1"', "3 results done, attempt 2", '<a href="/imports/i-1">Look again</a>'],
        ),
        ({"artifact": Artifact("shop/backend", "1.4", "sha256:1")}, ["<code>shop/backend:1.4</code> <code>sha256:1</code>"]),
        (
            {"options": msgspec.structs.replace(PLAIN.options, close_missing=False, add_prefix="services/shop")},
            ["<dt>Add prefix</dt><dd><code>services/shop</code></dd>", "It was to close nothing"],
        ),
        ({"closing": (Closing("lint", "", "NOT_SUCCESSFUL", 0),)}, ["nothing was closed where the tool says that it failed"]),
        (
            {"problems": (Problem("/runs/0", "no_location", None),), "problem_counts": (ProblemCount("no_location", 4),)},
            ["4 × no location", "The first 1 results", "<code>/runs/0</code>"],
        ),
        (
            {"changes": Connection(Stretch(has_next_page=True, end_cursor="x"), (Change("CLOSED", AT, SHOWN),))},
            ['<a href="/vulnerabilities/v-1">src/cart.py, 12</a>', "critical 9.8", 'href="/imports/i-1?after=x">Next page'],
        ),
    ],
)
def test_each_case_of_an_import_is_told(values: Mapping[str, Any], texts: list[str]) -> None:
    page = page_of(import_page(one(**values)))
    assert [text for text in texts if text not in page] == []


def test_who_may_not_read_histories_is_not_told_what_an_import_changed() -> None:
    assert "What it changed" not in page_of(import_page(one(changes=None)))


def test_what_scanners_and_callers_wrote_into_an_import_is_escaped() -> None:
    bad = "<script>alert('x')</script>"
    changed = Vulnerability(bad, bad, bad, "SAFE", None, Titled(bad))
    page = page_of(
        import_page(
            one(
                file_name=bad,
                created_by=bad,
                root=Nickname(bad),
                artifact=Artifact(bad, bad, bad),
                options=msgspec.structs.replace(PLAIN.options, manifest=bad, tool=bad),
                problems=(Problem(bad, bad, bad),),
                closing=(Closing(bad, bad, "DONE", 0),),
                changes=Connection(END, (Change("MOVED", AT, changed),)),
            )
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 15


def test_a_list_of_imports_says_when_it_is_empty_or_over() -> None:
    empty = Listed("webshop", Connection(END, ()))
    assert "No report was read" in page_of(list_page(empty))
    assert "There are no more of them." in page_of(list_page(empty), after=("x",))
    row = Row(**{name: getattr(PLAIN, name) for name in Row.__struct_fields__})
    assert '<span class="quiet">none</span>' in page_of(list_page(Listed("webshop", Connection(END, (row,)))))


async def test_the_pages_of_imports_are_only_read(world: World) -> None:
    async with world.client() as client:
        answers: list[httpx.Response] = [await client.post(f"/imports/{NONE}"), await client.post("/groups/webshop/imports")]
    assert [answer.status_code for answer in answers] == [405, 405]
