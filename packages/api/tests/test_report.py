"""What people report: drafts at places that nobody has, in roots that can have them (domain sections 4.1, 4.2 and 11.2)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import ROLES, stamping
from packages.api.tests.test_store_calls import counting

from integrates.db_model.entity import command, read
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding, FindingStateStatus, RemovalJustification
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group, GroupRemovalReason, GroupStatus
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.roots.types import GitLocation, IPLocation, URLLocation, URLProtocol
from integrates.db_model.store.port import Page, Put
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import deactivate_root
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities import lists, review, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus, ZeroRiskStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from packages.api.tests.conftest import Tenant, World

    from integrates.db_model.roots.types import Root
    from integrates.db_model.store.port import Query, Store

ADD = """mutation ($finding: ID!, $reports: [VulnerabilityInput!]!) {
  addVulnerabilities(findingId: $finding, vulnerabilities: $reports) {
    vulnerabilities { id version state source where specific commit type technique createdBy ownSeverity { score cvssV3 }
      treatment { status } finding { id } root { id } }
    errors { code reason message path currentVersion } } }"""
V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
Refusals = list[tuple[str, str, list[str]]]


def report(tenant: Tenant, where: str = "new.py", specific: str = "1", **changes: Any) -> dict[str, Any]:
    """Return the input of a line in the repository of a tenant."""
    line = {"rootId": tenant.root.id, "type": "LINES", "technique": "SCR", "where": where, "specific": specific}
    return {**line, **changes}


async def add(world: World, person: str, *reports: dict[str, Any], store: Store | None = None, finding: str = "") -> Any:
    variables: dict[str, Any] = {"finding": finding or world.aurora.finding.id, "reports": list(reports)}
    answer = await world.answer(person, ADD, store=store, **variables)
    assert "errors" not in answer.body, answer.body["errors"]
    return answer.body["data"]["addVulnerabilities"]


def reasons(payload: Any) -> Refusals:
    return [(error["code"], error["reason"].lower(), error["path"]) for error in payload["errors"]]


def place(at: int, member: str = "where") -> list[str]:
    return ["vulnerabilities", str(at), member]


async def is_exact(world: World) -> bool:
    counted = await recount(world.store, "webshop")
    return counted == await stored_counters(world.store, counted, "webshop")


async def found(world: World, identity: str) -> Vulnerability:
    one = await read.get_any(world.store, VULNERABILITY, vulnerability_key(identity))
    assert one is not None
    return one


async def test_a_report_is_a_draft(world: World) -> None:
    payload = await add(world, "hana", report(world.aurora, commit="a" * 40, cvssV3=V3), report(world.aurora, "two.py"))
    assert payload["errors"] == []
    first, second = payload["vulnerabilities"]
    assert (first["where"], first["specific"], first["commit"], second["where"]) == ("new.py", "1", "a" * 40, "two.py")
    assert (first["state"], first["version"], first["treatment"]) == ("SUBMITTED", 1, {"status": "UNTREATED"})
    assert (first["ownSeverity"], second["ownSeverity"]) == ({"score": 9.8, "cvssV3": V3}, None)
    assert (first["createdBy"], first["technique"], first["type"]) == ("hana@demo.example", "SCR", "LINES")
    assert (first["finding"]["id"], first["root"]["id"]) == (world.aurora.finding.id, world.aurora.root.id)
    stored = await found(world, first["id"])
    assert (stored.cycle.cycles, stored.cycle.reported_at, stored.tool, stored.number) == (0, None, None, 1)
    (only,) = await read.history(world.store, vulnerability_key(first["id"]))
    (other,) = await read.history(world.store, vulnerability_key(second["id"]))
    assert (only.operation, only.by, only.change_id) == ("add_vulnerabilities", "hana@demo.example", other.change_id)
    assert await is_exact(world)


SOURCES = {"greta": "CUSTOMER", "hana": "ANALYST", "reto": "ANALYST", "olga": "CUSTOMER", "ada": "CUSTOMER"}


@pytest.mark.parametrize("person", [*ROLES, "olga", "ada"])
async def test_the_source_follows_from_the_role(world: World, person: str) -> None:
    reports = [report(world.aurora), report(world.aurora, "two.py", escaped=True)]
    payload = await add(world, person, *reports)
    if person not in SOURCES:
        assert reasons(payload) == [("FORBIDDEN", "missing_permission", ["findingId"])]
        return
    assert [one["source"] for one in payload["vulnerabilities"]] == [SOURCES[person], "ESCAPE"]


async def test_a_draft_releases_nothing(world: World) -> None:
    before = world.aurora.draft_finding
    payload = await add(world, "hana", report(world.aurora), finding=before.id)
    assert payload["errors"] == []
    shown = await world.data("hana", "query ($id: ID!) { finding(id: $id) { version status releasedAt } }", id=before.id)
    assert shown["finding"] == {"version": before.version, "status": "DRAFT", "releasedAt": None}


ARGUMENTS: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "no place": ({"where": ""}, ("INVALID", "required", "where")),
    "a place outside": ({"where": "../etc/passwd"}, ("INVALID", "bad_format", "where")),
    "a place that is a formula": ({"where": "=1"}, ("INVALID", "bad_format", "where")),
    "too long a place": ({"where": "x" * 1001}, ("INVALID", "too_long", "where")),
    "a line beyond": ({"specific": "10000001"}, ("INVALID", "out_of_range", "specific")),
    "no line": ({"specific": "x"}, ("INVALID", "bad_characters", "specific")),
    "a short commit": ({"commit": "abc"}, ("INVALID", "bad_format", "commit")),
    "no vector": ({"cvssV3": "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, ("INVALID", "bad_vector", "cvssV3")),
    "no vector of 4.0": ({"cvssV4": V3}, ("INVALID", "bad_vector", "cvssV4")),
    "a page in a repository": (
        {"type": "INPUTS", "where": "https://shop.example/search", "specific": "q"},
        ("INVALID", "outside_root", "where"),
    ),
    "a port in a repository": ({"type": "PORTS", "where": "192.0.2.7", "specific": "443"}, ("INVALID", "outside_root", "type")),
}


@pytest.mark.parametrize(("changes", "expected"), ARGUMENTS.values(), ids=ARGUMENTS)
async def test_an_argument_at_fault_refuses_all(world: World, changes: dict[str, Any], expected: tuple[str, str, str]) -> None:
    before = await recount(world.store, "webshop")
    payload = await add(world, "hana", report(world.aurora), report(world.aurora, **{"where": "two.py", **changes}))
    code, reason, member = expected
    assert reasons(payload) == [(code, reason, place(1, member))]
    assert payload["vulnerabilities"] is None
    assert await recount(world.store, "webshop") == before


URL = URLLocation(protocol=URLProtocol.HTTPS, host="shop.example", port=443, path="/app")
PLACES: dict[str, tuple[GitLocation | IPLocation | URLLocation, dict[str, str], dict[str, str], str]] = {
    "an address": (
        IPLocation(address="192.0.2.7"),
        {"type": "PORTS", "where": "192.0.2.7", "specific": "443"},
        {"type": "PORTS", "where": "192.0.2.8", "specific": "443"},
        "where",
    ),
    "a page": (
        URL,
        {"type": "INPUTS", "where": "http://SHOP.example:443/login", "specific": "user"},
        {"type": "INPUTS", "where": "https://shop.example:8443/login", "specific": "user"},
        "where",
    ),
    "a page and a line": (
        URL,
        {"type": "INPUTS", "where": "https://shop.example/", "specific": "q"},
        {"type": "LINES", "where": "a.py", "specific": "1"},
        "type",
    ),
    "a package": (
        GitLocation(url="https://git.example/second", branch="main"),
        {"type": "PACKAGES", "where": "package-lock.json", "specific": "express@4.17.1"},
        {"type": "PORTS", "where": "192.0.2.7", "specific": "1"},
        "type",
    ),
}


@pytest.mark.parametrize(("location", "inside", "outside", "member"), PLACES.values(), ids=PLACES)
async def test_the_root_decides_what_is_found_in_it(
    world: World, location: Any, inside: dict[str, str], outside: dict[str, str], member: str
) -> None:
    root = await scene.add_root_at(world.store, world.aurora.group, "second", stamping(), location)
    payload = await add(world, "hana", report(world.aurora, **{**inside, "rootId": root.id}))
    assert payload["errors"] == []
    assert payload["vulnerabilities"][0]["root"]["id"] == root.id
    payload = await add(world, "hana", report(world.aurora, **{**outside, "rootId": root.id}))
    assert reasons(payload) == [("INVALID", "outside_root", place(0, member))]


async def retired(world: World) -> Root:
    old = await scene.add_root(world.store, world.aurora.group, "old", stamping())
    return await deactivate_root(world.store, old.id, stamping()())


async def test_an_inactive_root_takes_nothing(world: World) -> None:
    old = await retired(world)
    payload = await add(world, "hana", report(world.aurora), report(world.aurora, rootId=old.id))
    assert reasons(payload) == [("INVALID", "inactive_root", place(1, "rootId"))]


async def test_lists_of_reports_have_bounds(world: World) -> None:
    assert reasons(await add(world, "hana")) == [("INVALID", "required", ["vulnerabilities"])]
    many = [report(world.aurora, f"{number}.py") for number in range(101)]
    assert reasons(await add(world, "hana", *many)) == [("LIMIT_EXCEEDED", "too_many_items", ["vulnerabilities"])]
    payload = await add(world, "hana", *many[:100])
    assert (len(payload["vulnerabilities"]), payload["errors"]) == (100, [])
    assert await is_exact(world)


@pytest.mark.parametrize("nothing", ["99999999-9999-4999-8999-999999999999", "no id", ""])
async def test_a_root_of_others_is_no_root(world: World, nothing: str) -> None:
    for person, code in (("hana", "NOT_FOUND"), ("uri", "NOT_FOUND")):
        foreign = await add(world, person, report(world.aurora), report(world.aurora, "two.py", rootId=world.harbor.root.id))
        missing = await add(world, person, report(world.aurora), report(world.aurora, "two.py", rootId=nothing))
        assert foreign == missing
        assert reasons(foreign) == [(code, "not_found", place(1, "rootId"))]


async def test_a_root_of_another_group_is_not_one_of_the_finding(world: World) -> None:
    """Also for somebody who sees both."""
    payload = await add(world, "ada", report(world.aurora), report(world.aurora, "two.py", rootId=world.harbor.root.id))
    assert reasons(payload) == [("NOT_FOUND", "not_found", place(1, "rootId"))]


async def test_checks_are_made_in_their_order(world: World) -> None:
    """Visibility, permission, arguments, state, uniqueness: only what the first of them refuses is told (M5)."""
    old, tenant = await retired(world), world.aurora
    steps = [
        report(tenant, "two.py", rootId=world.harbor.root.id),
        report(tenant, "", cvssV3="x"),
        report(tenant, "three.py", rootId=old.id),
        report(tenant, tenant.vulnerable.location.where, tenant.vulnerable.location.specific),
        report(tenant, "good.py"),
    ]
    assert reasons(await add(world, "uri", *steps)) == [("NOT_FOUND", "not_found", place(0, "rootId"))]
    assert reasons(await add(world, "uri", *steps[1:])) == [("FORBIDDEN", "missing_permission", ["findingId"])]
    assert reasons(await add(world, "hana", *steps[1:])) == [
        ("INVALID", "required", place(0, "where")),
        ("INVALID", "bad_vector", place(0, "cvssV3")),
    ]
    assert reasons(await add(world, "hana", *steps[2:])) == [("INVALID", "inactive_root", place(0, "rootId"))]
    assert reasons(await add(world, "hana", *steps[3:])) == [("ALREADY_EXISTS", "place_reported", place(0))]
    assert reasons(await add(world, "hana", *steps[4:])) == []


HOLDERS: dict[str, dict[str, Any]] = {
    "VULNERABLE": {"status": VulnerabilityStatus.VULNERABLE},
    "SAFE": {"status": VulnerabilityStatus.SAFE},
    "SUBMITTED": {"status": VulnerabilityStatus.SUBMITTED},
    "REJECTED": {"status": VulnerabilityStatus.REJECTED},
    "hidden": {"status": VulnerabilityStatus.VULNERABLE, "zero_risk": ZeroRiskStatus.CONFIRMED},
}


@pytest.mark.parametrize("person", ["hana", "greta"])
@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
async def test_a_place_is_reported_once_whatever_became_of_it(world: World, holder: dict[str, Any], person: str) -> None:
    """Also when a hidden one has it, which not everybody sees (V5)."""
    one = await world.report(world.aurora, "taken.py", **holder)
    payload = await add(world, person, report(world.aurora), report(world.aurora, "taken.py"))
    assert reasons(payload) == [("ALREADY_EXISTS", "place_reported", place(1))]
    assert one.id not in str(payload)
    assert payload["vulnerabilities"] is None
    payload = await add(world, person, report(world.aurora, "taken.py", "2"))
    assert payload["errors"] == []


async def test_the_same_place_in_another_finding_or_root_is_another_place(world: World) -> None:
    one = world.aurora.vulnerable.location
    payload = await add(world, "hana", report(world.aurora, one.where, one.specific), finding=world.aurora.draft_finding.id)
    assert payload["errors"] == []
    root = await scene.add_root(world.store, world.aurora.group, "second", stamping())
    payload = await add(world, "hana", report(world.aurora, one.where, one.specific, rootId=root.id))
    assert payload["errors"] == []


async def machine(world: World, where: str, **members: Any) -> Vulnerability:
    """Store what a scanner reports; ``members`` may have a fingerprint."""
    tenant = world.aurora
    made = world.stamp()
    seen = scene.sighted(tenant.finding, where, **members)
    new = rules.reported(world.new_id(), tenant.finding, tenant.root.id, seen, by=made.by, at=made.at)
    return await vulnerabilities.add(world.store, new, made)


async def test_a_place_held_by_a_fingerprint_is_reported(world: World) -> None:
    await machine(world, "taken.py", fingerprint="f=1")
    payload = await add(world, "hana", report(world.aurora, "taken.py"))
    assert reasons(payload) == [("ALREADY_EXISTS", "place_reported", place(0))]


@pytest.mark.parametrize("fingerprint", [None, "f=1"])
async def test_who_moved_has_the_place_where_it_is_now(world: World, fingerprint: str | None) -> None:
    one = await machine(world, "before.py", fingerprint=fingerprint)
    there = scene.sighted(world.aurora.finding, "after.py", fingerprint=fingerprint)
    await vulnerabilities.move(world.store, one.id, there, world.stamp())
    payload = await add(world, "hana", report(world.aurora, "after.py"))
    assert reasons(payload) == [("ALREADY_EXISTS", "place_reported", place(0))]
    payload = await add(world, "hana", report(world.aurora, "before.py"))
    assert payload["errors"] == []
    stored = await found(world, payload["vulnerabilities"][0]["id"])
    assert stored.number == (2 if fingerprint is None else 1)
    assert await is_exact(world)


async def test_who_claims_the_place_is_found_while_lists_trail(world: World) -> None:
    """Claims never do (E11); what a list names is read again, as it may have been removed since."""

    async def trailing(queries: Sequence[Query]) -> tuple[Page, ...]:
        return tuple(Page((), (), has_next=False) for _ in queries)

    one = await world.report(world.aurora, "taken.py")
    trail = replace(world.store, query=trailing)
    payload = await add(world, "hana", report(world.aurora, "taken.py"), store=trail)
    assert reasons(payload) == [("ALREADY_EXISTS", "place_reported", place(0))]
    listed = await world.store.query((lists.of_root_and_path(world.aurora.root.id, "taken.py"),))
    await remove(world, one, RemovalJustification.DUPLICATED)

    async def stale(_: Sequence[Query]) -> tuple[Page, ...]:
        return listed

    late = replace(world.store, query=stale)
    assert (await add(world, "hana", report(world.aurora, "taken.py"), store=late))["errors"] == []


async def test_a_place_twice_in_one_call_is_refused(world: World) -> None:
    payload = await add(world, "hana", report(world.aurora), report(world.aurora, "two.py"), report(world.aurora))
    assert reasons(payload) == [("ALREADY_EXISTS", "place_reported", place(2))]
    assert payload["vulnerabilities"] is None


async def remove(world: World, one: Vulnerability, why: RemovalJustification) -> None:
    def alter(old: Vulnerability, at: datetime) -> Vulnerability:
        return review.removed(old, why, by=old.created_by, at=at)

    await vulnerabilities.update(world.store, one.id, alter, world.stamp())


@pytest.mark.parametrize("fingerprint", [None, "f=1"])
@pytest.mark.parametrize("why", RemovalJustification)
async def test_a_removed_one_gives_up_the_place_that_a_person_reports_again(
    world: World, why: RemovalJustification, fingerprint: str | None
) -> None:
    one = await machine(world, "taken.py", fingerprint=fingerprint)
    await remove(world, one, why)
    kept = why.value not in {"DUPLICATED", "REPORTING_ERROR"}
    assert (await found(world, one.id)).state.keeps_claim is kept
    payload = await add(world, "hana", report(world.aurora, "taken.py"))
    assert payload["errors"] == []
    former, new = await found(world, one.id), await found(world, payload["vulnerabilities"][0]["id"])
    assert (former.state.keeps_claim, former.version) == (False, 3 if kept else 2)
    assert new.number == (2 if kept and fingerprint is None else 1)
    last = (await read.history(world.store, vulnerability_key(one.id)))[-1]
    (first,) = await read.history(world.store, vulnerability_key(new.id))
    assert (last.change_id == first.change_id) is kept
    (item,) = await world.store.get((vulnerability_key(one.id),))
    assert item is not None
    assert 2 not in item.index_keys
    again = await add(world, "hana", report(world.aurora, "taken.py"))
    assert reasons(again) == [("ALREADY_EXISTS", "place_reported", place(0))]
    assert await is_exact(world)


async def test_who_keeps_another_place_goes_on_keeping_it(world: World) -> None:
    """One was removed where it had moved to, so it does not keep the place that it was first reported at."""
    one = await machine(world, "before.py")
    await vulnerabilities.move(world.store, one.id, scene.sighted(world.aurora.finding, "after.py"), world.stamp())
    await remove(world, one, RemovalJustification.FALSE_POSITIVE)
    payload = await add(world, "hana", report(world.aurora, "before.py"))
    assert payload["errors"] == []
    assert (await found(world, one.id)).state.keeps_claim
    assert (await found(world, payload["vulnerabilities"][0]["id"])).number == 2


async def test_of_two_who_report_a_place_at_once_one_does(world: World) -> None:
    both = await asyncio.gather(*(add(world, name, report(world.aurora)) for name in ("hana", "reto")))
    assert sorted(len(payload["errors"]) for payload in both) == [0, 1]
    (lost,) = [payload for payload in both if payload["errors"]]
    assert reasons(lost) == [("ALREADY_EXISTS", "place_reported", place(0))]
    assert await is_exact(world)


async def test_of_two_who_report_a_kept_place_at_once_one_does(world: World) -> None:
    one = await machine(world, "taken.py")
    await remove(world, one, RemovalJustification.FALSE_POSITIVE)
    both = await asyncio.gather(*(add(world, name, report(world.aurora, "taken.py")) for name in ("hana", "reto")))
    assert sorted(len(payload["errors"]) for payload in both) == [0, 1]
    (lost,) = [payload for payload in both if payload["errors"]]
    assert reasons(lost) == [("ALREADY_EXISTS", "place_reported", place(0))]
    assert (await found(world, one.id)).version == 3
    assert await is_exact(world)


def gone(old: Finding, at: datetime) -> Finding:
    """Remove a finding."""
    status, why = FindingStateStatus.DELETED, RemovalJustification.DUPLICATED
    return replace(old, state=replace(old.state, status=status, at=at, justification=why))


def removed_group(old: Group, at: datetime) -> Group:
    """Remove a group."""
    return replace(old, state=replace(old.state, status=GroupStatus.DELETED, at=at, reason=GroupRemovalReason.NO_SYSTEM))


def before(call: Any, others: Any) -> Any:
    """Have others do something before each call."""

    async def later(argument: Any) -> Any:
        await others()
        return await call(argument)

    return later


def interrupted(world: World, others: Any) -> Store:
    """A store of small writes in which others do something just before the second one with vulnerabilities."""
    seen: list[int] = []

    async def write(changes: Sequence[Any]) -> None:
        if any(isinstance(one, Put) and one.key.pk.startswith("VULN#") for one in changes):
            seen.append(1)
            if len(seen) == 2:
                await others()
        await world.store.write(changes)

    return replace(world.store, write=write, max_changes=100)


async def test_a_place_that_is_taken_in_the_meantime_is_told_while_the_others_are_stored(world: World) -> None:
    reports = [report(world.aurora, f"{number}.py") for number in range(60)]

    async def others() -> None:
        assert (await add(world, "reto", report(world.aurora, "59.py")))["errors"] == []

    payload = await add(world, "hana", *reports, store=interrupted(world, others))
    assert reasons(payload) == [("ALREADY_EXISTS", "place_reported", place(59))]
    assert [one["where"] for one in payload["vulnerabilities"]] == [one["where"] for one in reports[:59]]
    assert await is_exact(world)


async def test_an_earlier_place_that_is_taken_and_left_again_costs_a_number(world: World) -> None:
    """Whoever took the number in the meantime has moved away: the place is free, and the next number is taken."""
    reports = [report(world.aurora, f"{number}.py") for number in range(60)]

    async def others() -> None:
        one = await machine(world, "59.py")
        await vulnerabilities.move(world.store, one.id, scene.sighted(world.aurora.finding, "away.py"), world.stamp())

    payload = await add(world, "hana", *reports, store=interrupted(world, others))
    assert payload["errors"] == []
    assert (await found(world, payload["vulnerabilities"][59]["id"])).number == 2
    assert await is_exact(world)


async def test_a_hundred_reports_take_few_calls(world: World) -> None:
    numbers = []
    for breadth in (3, 90):
        calls: list[str] = []
        reports = [report(world.aurora, f"{breadth}/{number}.py") for number in range(breadth)]
        payload = await add(world, "hana", *reports, store=counting(world.store, calls))
        assert len(payload["vulnerabilities"]) == breadth
        numbers.append(len(calls))
    assert numbers[0] == numbers[1] <= 12


async def test_a_removed_finding_takes_no_reports(world: World) -> None:
    """Whatever it names besides is not told: without the finding nothing is of its group."""
    nothing = "99999999-9999-4999-8999-999999999999"
    for finding in (nothing, world.harbor.finding.id):
        payload = await add(world, "hana", report(world.aurora, rootId=nothing), finding=finding)
        assert reasons(payload) == [("NOT_FOUND", "not_found", ["findingId"]), ("NOT_FOUND", "not_found", place(0, "rootId"))]


@pytest.mark.parametrize("is_group", [True, False])
async def test_a_finding_that_is_removed_in_the_meantime_takes_no_reports(world: World, *, is_group: bool) -> None:
    draft = await scene.add_finding(world.store, world.aurora.group, "gone", stamping(), title="Gone")

    async def others() -> None:
        if is_group:
            await command.update(world.store, GROUP, group_key("webshop"), removed_group, world.stamp())
        else:
            await command.update(world.store, FINDING, finding_key(draft.id), gone, world.stamp())

    store = replace(world.store, query=before(world.store.query, others))
    payload = await add(world, "hana", report(world.aurora), finding=draft.id, store=store)
    assert reasons(payload) == [("NOT_FOUND", "not_found", ["findingId"])]
