"""Events through the API: who reads, reports, holds and solves them, and what is refused (V1–V4, M3–M5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_walker import token_of

from integrates.api.authorization.actor import Actor, Means
from integrates.api.execute import execute
from integrates.db_model.events.facet import HELD, event_counters_key
from integrates.db_model.events.rules import MAX_HELD
from integrates.db_model.store.port import ANYTHING, Add
from integrates.db_model.testing.scene import deactivate_root
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.types import Verification, VerificationStatus, Vulnerability, VulnerabilityStatus

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

ERRORS = "errors { code reason path currentVersion }"
SHOWN = """id version group { name } root { nickname } type description eventDate state solvingReason other
  heldVulnerabilities { id } comments { totalCount }"""
READ = f"query ($id: ID!) {{ event(id: $id) {{ {SHOWN} }} }}"
LIST = """query ($state: EventState, $type: EventType, $first: Int, $after: String) { group(name: "webshop") {
  events(state: $state, type: $type, first: $first, after: $after) {
    nodes { description } totalCount pageInfo { hasNextPage endCursor } } } }"""
ADD = f"""mutation ($group: ID!, $type: EventType!, $description: String!, $date: DateTime!, $root: ID) {{
  addEvent(groupName: $group, type: $type, description: $description, eventDate: $date, rootId: $root) {{
    event {{ {SHOWN} }} {ERRORS} }} }}"""
CHANGES = {
    "updateEvent": ("$description: String", "description: $description", {"description": "Another text"}),
    "requestEventVerification": ("$comments: String!", "comments: $comments", {"comments": "It works again"}),
    "rejectEventSolution": ("$comments: String!", "comments: $comments", {"comments": "It does not work"}),
    "solveEvent": (
        "$reason: SolvingReason!, $other: String",
        "reason: $reason, other: $other",
        {"reason": "OTHER", "other": "It works again"},
    ),
}
HOLD = f"""mutation ($items: [VulnerabilityRef!]!, $event: ID!) {{
  requestVulnerabilitiesHold(items: $items, eventId: $event) {{
    vulnerabilities {{ id verification {{ status event {{ id }} }} }} {ERRORS} }} }}"""
COMMENT = f"""mutation ($event: ID!, $parent: ID) {{ addEventComment(eventId: $event, content: "Hello", parentId: $parent) {{
  comment {{ id type parent {{ id }} }} {ERRORS} }} }}"""
PEOPLE = ("greta", "vera", "uri", "hana", "reto", "remy", "olga", "ada")
TESTERS = {"greta", "hana", "reto", "olga", "ada"}
OWNERS = {"greta", "vera", "uri", "olga", "ada"}
MAY = {
    "updateEvent": TESTERS,
    "requestEventVerification": OWNERS,
    "rejectEventSolution": TESTERS,
    "solveEvent": TESTERS,
}
FORBIDDEN = {"code": "FORBIDDEN", "reason": "MISSING_PERMISSION", "currentVersion": None}


async def change(world: World, name: str, mutation: str, event: str | None = None, **variables: Any) -> Any:
    declared, handed, usual = CHANGES[mutation]
    query = f"""mutation ($id: ID!, {declared}, $expected: Int) {{
      {mutation}(id: $id, {handed}, expectedVersion: $expected) {{ event {{ {SHOWN} }} {ERRORS} }} }}"""
    given = {"id": event or world.aurora.event.id, **usual, **variables}
    return (await world.data(name, query, **given))[mutation]


async def add(world: World, name: str, **variables: Any) -> Any:
    given = {"group": "webshop", "type": "VPN_ISSUES", "description": "No answer", "date": "2026-04-30T00:00:00Z", **variables}
    return (await world.data(name, ADD, **given))["addEvent"]


async def hold(world: World, name: str, *found: Vulnerability, event: str | None = None, version: int | None = None) -> Any:
    items = [{"id": one.id, "expectedVersion": version} for one in found]
    return (await world.data(name, HOLD, items=items, event=event or world.aurora.event.id))["requestVulnerabilitiesHold"]


async def waiting(world: World, *names: str, zero: Any = None) -> list[Vulnerability]:
    asked = Verification(status=VerificationStatus.REQUESTED, at=world.now(), by="uri@demo.example")
    status = VulnerabilityStatus.VULNERABLE
    return [await world.report(world.aurora, f"src/{name}.py", status, zero, verification=asked) for name in names]


def told(payload: Any) -> list[tuple[str, str, list[str]]]:
    return [(one["code"], one["reason"], one["path"]) for one in payload["errors"]]


@pytest.mark.parametrize("name", PEOPLE)
async def test_people_of_the_group_read_its_events(world: World, name: str) -> None:
    found = (await world.data(name, READ, id=world.aurora.event.id))["event"]
    assert (found["group"], found["root"], found["type"], found["state"]) == ({"name": "webshop"}, None, "OTHER", "CREATED")
    assert (found["solvingReason"], found["heldVulnerabilities"], found["comments"]) == (None, [], {"totalCount": 0})
    assert (await world.data(name, LIST))["group"]["events"]["nodes"] == [{"description": "The event Event webshop"}]


async def test_the_identity_of_ci_reads_no_events(world: World) -> None:
    (one,) = await waiting(world, "one")
    assert (await hold(world, "hana", one))["errors"] == []
    await token_of(world, "webshop")
    ci = replace(world.call("hana"), actor=Actor("service:forces:webshop", Means.CI_TOKEN))
    query = """query ($event: ID!, $one: ID!) { event(id: $event) { id } group(name: "webshop") { events { nodes { id } } }
      vulnerability(id: $one) { verification { status event { id } } } }"""
    body = {"query": query, "variables": {"event": world.aurora.event.id, "one": one.id}}
    assert (await execute(world.api, body, ci)).body["data"] == {
        "event": None,
        "group": {"events": None},
        "vulnerability": {"verification": {"status": "ON_HOLD", "event": None}},
    }
    solve = (
        'mutation ($event: ID!) { x: solveEvent(id: $event, reason: OTHER, other: "It is over") { errors { reason path } } }'
    )
    answer = await execute(world.api, {"query": solve, "variables": {"event": world.aurora.event.id}}, ci)
    assert answer.body["data"]["x"]["errors"] == [{"reason": "NOT_FOUND", "path": ["id"]}], "as if there were none (V2)"


@pytest.mark.parametrize("name", PEOPLE)
async def test_who_reports_an_event(world: World, name: str) -> None:
    done = await add(world, name, root=world.aurora.root.id)
    if name in TESTERS:
        assert done["errors"] == []
        assert (done["event"]["root"], done["event"]["type"]) == ({"nickname": "webshop"}, "VPN_ISSUES")
        assert done["event"]["eventDate"] == "2026-04-30T00:00:00.000000+00:00"
    else:
        assert done == {"event": None, "errors": [{**FORBIDDEN, "path": ["groupName"]}]}


@pytest.mark.parametrize("mutation", CHANGES)
@pytest.mark.parametrize("name", PEOPLE)
async def test_who_changes_an_event(world: World, name: str, mutation: str) -> None:
    if mutation == "rejectEventSolution":
        assert (await change(world, "uri", "requestEventVerification"))["errors"] == []
    done = await change(world, name, mutation)
    if name in MAY[mutation]:
        assert done["errors"] == []
    else:
        assert done == {"event": None, "errors": [{**FORBIDDEN, "path": ["id"]}]}


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"description": ""}, ("INVALID", "REQUIRED", ["description"])),
        ({"description": "a" * 301}, ("INVALID", "TOO_LONG", ["description"])),
        ({"date": "2026-05-02T00:00:00Z"}, ("INVALID", "IN_FUTURE", ["eventDate"])),
        ({"root": "cargo"}, ("NOT_FOUND", "NOT_FOUND", ["rootId"])),
        ({"root": "99999999-9999-4999-8999-999999999999"}, ("NOT_FOUND", "NOT_FOUND", ["rootId"])),
        ({"group": "cargo"}, ("NOT_FOUND", "NOT_FOUND", ["groupName"])),
    ],
)
async def test_refusals_of_a_new_event(world: World, given: dict[str, Any], refusal: Any) -> None:
    known = {"cargo": world.harbor.root.id}
    root = {"root": known.get(given["root"], given["root"])} if "root" in given else {}
    assert told(await add(world, "hana", **{**given, **root})) == [refusal]


async def test_an_inactive_root_takes_no_events(world: World) -> None:
    await deactivate_root(world.store, world.aurora.root.id, world.stamp())
    done = await add(world, "hana", root=world.aurora.root.id)
    assert told(done) == [("INVALID", "INACTIVE_ROOT", ["rootId"])]


@pytest.mark.parametrize("mutation", CHANGES)
async def test_a_solved_event_is_final(world: World, mutation: str) -> None:
    solved = await change(world, "hana", "solveEvent")
    assert (solved["event"]["state"], solved["event"]["solvingReason"], solved["event"]["other"]) == (
        "SOLVED",
        "OTHER",
        "It works again",
    )
    assert told(await change(world, "greta", mutation)) == [("INVALID", "EVENT_SOLVED", ["id"])]


async def test_refusals_of_requests_and_solutions(world: World) -> None:
    assert told(await change(world, "hana", "rejectEventSolution")) == [("INVALID", "NOT_REQUESTED", ["id"])]
    assert (await change(world, "uri", "requestEventVerification"))["event"]["state"] == "VERIFICATION_REQUESTED"
    assert told(await change(world, "uri", "requestEventVerification")) == [("INVALID", "ALREADY_REQUESTED", ["id"])]
    assert told(await change(world, "uri", "requestEventVerification", comments="short")) == [
        ("INVALID", "TOO_SHORT", ["comments"])
    ]
    assert (await change(world, "hana", "rejectEventSolution"))["event"]["state"] == "CREATED"
    assert told(await change(world, "hana", "solveEvent", reason="ACCESS_GRANTED", other=None)) == [
        ("INVALID", "REASON_NOT_ALLOWED", ["reason"])
    ]
    assert told(await change(world, "hana", "solveEvent", other=None)) == [("INVALID", "REQUIRED", ["other"])]


@pytest.mark.parametrize("mutation", CHANGES)
async def test_a_stale_version_changes_nothing(world: World, mutation: str) -> None:
    await change(world, "hana", "updateEvent", description="Meanwhile")
    done = await change(world, "greta", mutation, expected=1)
    assert done["errors"] == [{"code": "CONFLICT", "reason": "STALE_VERSION", "path": [], "currentVersion": 2}]
    assert (await world.data("hana", READ, id=world.aurora.event.id))["event"]["version"] == 2


async def test_hold_and_release(world: World) -> None:
    one, two = await waiting(world, "one", "two")
    done = await hold(world, "reto", one, two)
    assert done["errors"] == []
    event = {"id": world.aurora.event.id}
    assert [found["verification"] for found in done["vulnerabilities"]] == [{"status": "ON_HOLD", "event": event}] * 2
    shown = (await world.data("uri", READ, id=world.aurora.event.id))["event"]
    assert {found["id"] for found in shown["heldVulnerabilities"]} == {one.id, two.id}
    assert (await change(world, "hana", "solveEvent"))["event"]["heldVulnerabilities"] == []
    query = "query ($id: ID!) { vulnerability(id: $id) { verification { status event { id } } } }"
    assert (await world.data("uri", query, id=one.id))["vulnerability"]["verification"] == {
        "status": "REQUESTED",
        "event": None,
    }


async def test_what_is_held_and_hidden_is_shown_to_those_who_may_see_it(world: World) -> None:
    one, two = await waiting(world, "one", "two")
    await hold(world, "hana", one, two)
    hide = world.aurora.hidden.zero_risk
    await vulnerabilities.update(world.store, two.id, lambda old, _: replace(old, zero_risk=hide), world.stamp())
    for name, seen in (("hana", {one.id}), ("uri", {one.id}), ("remy", {one.id, two.id}), ("vera", {one.id, two.id})):
        shown = (await world.data(name, READ, id=world.aurora.event.id))["event"]
        assert {found["id"] for found in shown["heldVulnerabilities"]} == seen, name


async def test_refusals_of_holding(world: World) -> None:
    one, two = await waiting(world, "one", "two")
    path = ["items", "0", "id"]
    assert told(await hold(world, "hana", world.aurora.vulnerable)) == [("INVALID", "NOT_REQUESTED", path)]
    assert told(await hold(world, "hana", world.aurora.safe)) == [("INVALID", "NOT_REQUESTED", path)]
    assert told(await hold(world, "greta", world.aurora.hidden)) == [
        ("INVALID", "NOT_REQUESTED", path),
        ("INVALID", "HIDDEN", path),
    ]
    unseen = told(await hold(world, "hana", world.aurora.hidden))
    assert unseen == [("NOT_FOUND", "NOT_FOUND", path), ("NOT_FOUND", "NOT_FOUND", ["eventId"])], (
        "of no group, so none is right"
    )
    assert told(await hold(world, "uri", one)) == [("FORBIDDEN", "MISSING_PERMISSION", ["items"])]
    for event in (world.harbor.event.id, "99999999-9999-4999-8999-999999999999", "no id"):
        assert told(await hold(world, "hana", one, event=event)) == [("NOT_FOUND", "NOT_FOUND", ["eventId"])]
    assert told(await hold(world, "hana", one, version=1)) == [("CONFLICT", "STALE_VERSION", path)]
    await world.store.write((Add(event_counters_key(world.aurora.event.id), {HELD: MAX_HELD - 1}, {}, ANYTHING),))
    assert told(await hold(world, "hana", one, two)) == [("LIMIT_EXCEEDED", "TOO_MANY_HELD", ["eventId"])]
    await world.store.write((Add(event_counters_key(world.aurora.event.id), {HELD: 1 - MAX_HELD}, {}, ANYTHING),))
    await change(world, "hana", "solveEvent")
    assert told(await hold(world, "hana", one, two)) == [("INVALID", "EVENT_SOLVED", ["eventId"])]


async def test_a_refusal_of_the_event_hides_none_of_an_item(world: World) -> None:
    (one,) = await waiting(world, "one")
    full, solved = ("LIMIT_EXCEEDED", "TOO_MANY_HELD", ["eventId"]), ("INVALID", "EVENT_SOLVED", ["eventId"])
    first, second = (("INVALID", "NOT_REQUESTED", ["items", str(number), "id"]) for number in range(2))
    refused = [world.aurora.vulnerable, world.aurora.safe]
    await world.store.write((Add(event_counters_key(world.aurora.event.id), {HELD: MAX_HELD}, {}, ANYTHING),))
    assert sorted(told(await hold(world, "hana", *refused, one))) == sorted([first, second, full])
    assert told(await hold(world, "hana", *refused)) == [first, second], "nothing would enter"
    await world.store.write((Add(event_counters_key(world.aurora.event.id), {HELD: -MAX_HELD}, {}, ANYTHING),))
    await change(world, "hana", "solveEvent")
    assert sorted(told(await hold(world, "hana", *refused, one))) == sorted([first, second, solved])
    assert sorted(told(await hold(world, "hana", *refused))) == sorted([first, second, solved])
    stale = told(await hold(world, "hana", *refused, one, version=99))
    assert {reason for _, reason, _ in stale} == {"STALE_VERSION"}
    assert told(await hold(world, "hana", one, one)) == [("INVALID", "BAD_FORMAT", ["items", "1", "id"])]


async def test_events_are_listed_by_state_and_type(world: World) -> None:
    for number, date in ((1, "2026-04-03T00:00:00Z"), (2, "2026-04-02T00:00:00Z"), (3, "2026-04-01T00:00:00Z")):
        await add(world, "hana", description=f"Number {number}", date=date, type="OTHER" if number == 3 else "VPN_ISSUES")
    everything = (await world.data("uri", LIST))["group"]["events"]
    assert (len(everything["nodes"]), everything["totalCount"]) == (4, None)
    created = (await world.data("uri", LIST, state="CREATED"))["group"]["events"]["nodes"]
    assert [one["description"][-1] for one in created][:3] in (["3", "2", "1"], ["3", "2", "1"])
    vpn = (await world.data("uri", LIST, state="CREATED", type="VPN_ISSUES"))["group"]["events"]["nodes"]
    assert [one["description"] for one in vpn] == ["Number 2", "Number 1"]
    assert (await world.data("uri", LIST, state="SOLVED"))["group"]["events"]["nodes"] == []
    first = (await world.data("uri", LIST, state="CREATED", first=2))["group"]["events"]
    rest = (await world.data("uri", LIST, state="CREATED", first=2, after=first["pageInfo"]["endCursor"]))["group"]["events"]
    assert [*first["nodes"], *rest["nodes"]] == created


async def test_comments_of_an_event(world: World) -> None:
    first = (await world.data("uri", COMMENT, event=world.aurora.event.id))["addEventComment"]
    assert first["errors"] == []
    await change(world, "hana", "solveEvent")
    given = {"event": world.aurora.event.id, "parent": first["comment"]["id"]}
    second = (await world.data("remy", COMMENT, **given))["addEventComment"]
    assert (second["comment"]["parent"], second["comment"]["type"]) == ({"id": first["comment"]["id"]}, None)
    assert (await world.data("vera", READ, id=world.aurora.event.id))["event"]["comments"]["totalCount"] == 2
    own = await add(world, "hana")
    foreign = (await world.data("uri", COMMENT, event=own["event"]["id"], parent=first["comment"]["id"]))["addEventComment"]
    assert told(foreign) == [("NOT_FOUND", "NO_PARENT", ["parentId"])]
