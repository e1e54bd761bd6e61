"""The page of a finding: what it shows, and to whom."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from packages.server.tests.conftest import ADA, URI, World
from packages.server.tests.page import NINA, NONE, WHERE, draft_of, released, same_page, seen

from integrates.server.http.routes.look import ODD, OUTDATED
from integrates.server.pages.finding import (
    Above,
    Comment,
    Evidence,
    Finding,
    Numbers,
    Place,
    Rule,
    effort,
    size_text,
    threads,
)
from integrates.server.pages.finding import finding_page as shown_of
from integrates.server.pages.page import Address, drawn
from integrates.server.pages.part import Connection, Named, Nickname, Rating, Severity, Status, Stretch

AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
ADD = """mutation ($id: ID!, $content: String!, $parent: ID) {
  addFindingComment(findingId: $id, type: CONSULT, content: $content, parentId: $parent) {
    comment { id } errors { reason } } }"""
PLACE = Place(
    id="v-1",
    where="src/cart.py",
    specific="12",
    state="VULNERABLE",
    is_overdue=True,
    treatment=Status("IN_PROGRESS"),
    severity=Severity(9.8, "CRITICAL"),
    root=Nickname("backend"),
)
PLAIN = Finding(
    id="f-1",
    title="SQL injection",
    status="VULNERABLE",
    description="Text *with* weight.",
    threat="",
    attack_vector_description="",
    recommendation="Use parameters.",
    cwe_ids=(),
    min_time_to_remediate=None,
    severity=None,
    rule=None,
    released_at=None,
    open_age_days=None,
    group=Named("webshop"),
    summary=Numbers(1, 2, None, None),
    evidences=(),
    vulnerabilities=Connection(Stretch(has_next_page=False), (PLACE,)),
    comments=Connection(Stretch(has_next_page=False), ()),
)

REMARK = Comment("c-0", "OBSERVATION", "Seen.", AT, ADA, None)


def finding_page(found: Finding, listed: str = "open", **given: tuple[str, ...]) -> str:
    return drawn(shown_of(found, listed), Address(path="/findings/f-1", given=given, at=AT), "token")


def one(**values: Any) -> Finding:
    return msgspec.structs.replace(PLAIN, **values)


def evidence(media_type: str, **values: Any) -> Evidence:
    shown = Evidence("EVIDENCE1", "The <order>.", "f-1.png", media_type, 1_500, "/evidence/f-1/f-1.png", AT, ADA)
    return msgspec.structs.replace(shown, **values)


def comment(identity: str, above: str | None = None, **values: Any) -> Comment:
    said = Comment(identity, "CONSULT", f"Content of {identity}.", AT, ADA, Above(above) if above else None)
    return msgspec.structs.replace(said, **values)


async def test_the_page_of_a_finding_shows_texts_places_evidence_and_comments(world: World) -> None:
    found = await released(world)
    asked = {"id": found.finding_id, "content": "Is **this** still so?"}
    answer = await world.ask(await world.token(URI), {"query": ADD, "variables": asked})
    assert answer.json()["data"]["addFindingComment"]["errors"] == []
    page = await seen(world, URI, f"/findings/{found.finding_id}")
    assert page.status_code == 200
    for text in (
        "<h1>Order total computed from prices that the browser sends</h1>",
        '<a href="/groups/webshop">webshop</a>',
        f'<a href="/vulnerabilities/{found.id}">{WHERE}, name</a>',
        "Is <strong>this</strong> still so?",
        f"<h3>{URI} ",
        "1 open, 0 safe<",
    ):
        assert text in page.text, text


async def test_each_list_of_places_is_a_link(world: World) -> None:
    draft = await draft_of(world)
    path = f"/findings/{draft['finding']['id']}"
    shown = await seen(world, ADA, path)
    assert "No place is open." in shown.text
    assert f'href="{path}?state=drafts#places"' in shown.text
    drafts = await seen(world, ADA, f"{path}?state=drafts")
    assert f'href="/vulnerabilities/{draft["id"]}"' in drafts.text
    assert f'aria-current="page" href="{path}?state=drafts#places"' in drafts.text


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("state=closed", "The places of a finding are listed by state: open, safe, drafts."),
        ("state=safe&state=open", "The address gives state more than once."),
        ("after=nonsense", OUTDATED),
        ("after=%00", ODD),
    ],
)
async def test_an_address_that_asks_for_nonsense_is_told_so(world: World, query: str, text: str) -> None:
    page = await seen(world, ADA, f"/findings/{(await released(world)).finding_id}?{query}")
    assert page.status_code == 400
    assert text in page.text


@pytest.mark.parametrize("identity", [NONE, "abc", "x" * 3_000, "%00", "webshop"])
async def test_a_finding_that_does_not_exist_is_not_found(world: World, identity: str) -> None:
    assert (await seen(world, ADA, f"/findings/{identity}")).status_code == 404


async def test_a_finding_that_one_may_not_see_has_the_page_of_what_does_not_exist(world: World) -> None:
    draft = (await draft_of(world))["finding"]["id"]
    nothing = await seen(world, NINA, f"/findings/{NONE}")
    for email in (NINA, URI):
        assert same_page(await seen(world, email, f"/findings/{draft}"), nothing)
    assert (await seen(world, ADA, f"/findings/{draft}")).status_code == 200
    assert (await released(world)).finding_id == draft
    assert same_page(await seen(world, NINA, f"/findings/{draft}"), nothing)
    assert (await seen(world, URI, f"/findings/{draft}")).status_code == 200


async def test_the_login_leads_back_to_the_same_list_of_a_finding(world: World) -> None:
    async with world.client() as client:
        away = await client.get(f"/findings/{NONE}?state=safe")
    assert (away.status_code, away.headers["location"]) == (303, f"/login?next=%2Ffindings%2F{NONE}%3Fstate%3Dsafe")


def test_a_list_of_places_goes_on() -> None:
    more = Connection(Stretch(has_next_page=True, end_cursor="a+b/c=="), (PLACE,))
    page = finding_page(one(vulnerabilities=more), "safe", state=("safe",))
    assert 'href="/findings/f-1?state=safe&amp;after=a%2Bb%2Fc%3D%3D">Next page' in page
    assert "First page" not in page
    later = finding_page(one(vulnerabilities=Connection(Stretch(has_next_page=False), ())), after=("x",))
    assert "There are no more of them." in later
    assert 'href="/findings/f-1">First page' in later


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (
            {},
            [
                "not rated",
                "</span> <strong>overdue</strong></td>",
                "critical 9.8",
                "Nobody has added a file yet.",
                "1 open, 2 safe",
            ],
        ),
        ({"severity": Rating(5.0, "MEDIUM", None, "CVSS:3.1/X")}, ["medium 5.0", "<code>CVSS:3.1/X</code>"]),
        ({"severity": Rating(5.0, "MEDIUM", "CVSS:4.0/Y", "CVSS:3.1/X")}, ["<code>CVSS:4.0/Y</code>"]),
        ({"rule": Rule("bandit", "B608")}, ["bandit, rule <code>B608</code>"]),
        ({"cwe_ids": ("CWE-89", "CWE-20")}, ["<dd>CWE-89, CWE-20</dd>"]),
        ({"min_time_to_remediate": 90}, ["<dd>1 h 30 min</dd>"]),
        ({"open_age_days": 1}, ["since 1 day<"]),
        ({"open_age_days": 0}, ["since 0 days<"]),
        ({"released_at": AT}, ["30 June 2026, 12:00 UTC"]),
        ({"summary": Numbers(0, 0, 3, 1)}, ["0 open, 0 safe, 4 in review"]),
        ({"evidences": (evidence("image/png"),)}, ['<img src="/evidence/f-1/f-1.png" alt="The &lt;order&gt;."', "1.5 KB"]),
        ({"evidences": (evidence("image/png", description=""),)}, ['alt="evidence1"']),
        ({"evidences": (evidence("video/webm"),)}, ['<video src="/evidence/f-1/f-1.png" controls']),
        ({"evidences": (evidence("text/csv"),)}, ['<a href="/evidence/f-1/f-1.png">f-1.png</a>']),
        (
            {"comments": Connection(Stretch(has_next_page=True), (comment("c-1", type="OBSERVATION"),))},
            ["observation</span>", "Later comments"],
        ),
    ],
)
def test_each_case_of_a_finding_is_told(values: Mapping[str, Any], texts: list[str]) -> None:
    page = finding_page(one(**values))
    assert [text for text in texts if text not in page] == []


def test_what_one_may_not_read_of_a_finding_is_left_out() -> None:
    page = finding_page(one(evidences=None, comments=None))
    assert "Evidence</h2>" not in page
    assert "Comments</h2>" not in page


def test_what_people_wrote_about_a_finding_is_escaped() -> None:
    bad = "<script>alert('x')</script>"
    place = msgspec.structs.replace(PLACE, where=bad, specific=bad, root=Nickname(bad))
    page = finding_page(
        one(
            title=bad,
            description=bad,
            threat=bad,
            recommendation=bad,
            attack_vector_description=bad,
            cwe_ids=(bad,),
            rule=Rule(bad, bad),
            evidences=(evidence("image/png", description=bad), evidence("text/plain", description=bad, file_name=bad)),
            comments=Connection(Stretch(has_next_page=False), (comment("c-1", content=bad, by=bad),)),
            vulnerabilities=Connection(Stretch(has_next_page=False), (place,)),
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 15


def test_comments_stand_by_thread_in_the_order_of_their_dates() -> None:
    said = [comment("a"), comment("b"), comment("a1", "a"), comment("b1", "b"), comment("a2", "a1"), comment("lost", "unknown")]
    assert [[each.id for each in thread] for thread in threads(said)] == [["a", "a1", "a2"], ["b", "b1"], ["lost"]]
    assert list(threads([])) == []


@pytest.mark.parametrize(("size", "expected"), [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 KB"), (2_000_000, "2.0 MB")])
def test_sizes_are_told_in_units(size: int, expected: str) -> None:
    assert size_text(size) == expected


@pytest.mark.parametrize(("minutes", "expected"), [(0, "0 min"), (59, "59 min"), (60, "1 h"), (61, "1 h 1 min")])
def test_efforts_are_told_in_hours(minutes: int, expected: str) -> None:
    assert effort(minutes) == expected


async def test_a_page_of_a_finding_is_only_read(world: World) -> None:
    async with world.client() as client:
        answers: list[httpx.Response] = [await client.post(f"/findings/{NONE}"), await client.put(f"/findings/{NONE}")]
    assert [answer.status_code for answer in answers] == [405, 405]
