"""Importing a file through the API."""

from __future__ import annotations

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.api.authorization.actor import Actor, Means
from integrates.api.imports.work import wait
from integrates.api.imports.work.compare import compared
from integrates.api.imports.work.job import new_job, scanned
from integrates.api.upload import in_memory
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.types import GroupGrant, GroupRole
from integrates.db_model.entity import command, read
from integrates.db_model.imports.types import ImportOptions
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import deactivate_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.api.tests.conftest import World

IMPORT = """mutation ($root: ID!, $file: Upload!, $closeMissing: Boolean, $prefix: String, $technique: Technique) {
  importVulnerabilities(groupName: "webshop", rootId: $root, file: $file, closeMissing: $closeMissing,
                        stripPrefix: $prefix, technique: $technique) {
    import { id state reason fileName format sha256 attempts createdBy version finishedAt position
             options { closeMissing stripPrefix technique }
             counts { created reopened moved unchanged closed ignored suppressed duplicate skipped }
             problems { pointer reason } }
    errors { code reason message path }
  } }"""
FOUND = """{ group(name: "webshop") { summary { open closed openFindings }
  vulnerabilities(first: 50, filter: {text: "app/"}) { nodes { where specific state source finding { title } } } } }"""


def sarif(*seen: tuple[str, str, int]) -> bytes:
    """Write a file of results: rule, path and line each."""
    results = [
        {
            "ruleId": rule,
            "message": {"text": rule},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}],
        }
        for rule, uri, line in seen
    ]
    run = {"tool": {"driver": {"name": "Lint"}}, "results": results}
    return json.dumps({"version": "2.1.0", "runs": [run]}).encode()


async def run(world: World, content: bytes, person: str = "hana", **variables: Any) -> Any:
    """Import a file and return the payload."""
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", content), **variables}
    return (await world.data(person, IMPORT, **given))["importVulnerabilities"]


def reasons(payload: Any) -> list[tuple[str, str, list[str]]]:
    """Return code, reason and path of each refusal."""
    return [(error["code"], error["reason"].lower(), error["path"]) for error in payload["errors"]]


async def test_an_import_creates_finds_again_and_closes(world: World) -> None:
    first = (await run(world, sarif(("r1", "app/a.py", 1), ("r1", "app/b.py", 2), ("r2", "app/c.py", 3))))["import"]
    assert (first["state"], first["counts"]["created"], first["fileName"]) == ("COMPLETED", 3, "scan.sarif")
    assert (first["format"], first["createdBy"], first["attempts"]) == ("SARIF", "hana@demo.example", 0)
    assert first["options"] == {"closeMissing": True, "stripPrefix": None, "technique": None}
    assert (first["finishedAt"] is not None, first["position"]) == (True, 3)
    again = (await run(world, sarif(("r1", "app/a.py", 1))))["import"]
    assert (again["counts"]["unchanged"], again["counts"]["closed"]) == (1, 2)
    shown = (await world.data("uri", FOUND))["group"]
    assert [(one["where"], one["state"]) for one in shown["vulnerabilities"]["nodes"]] == [
        ("app/b.py", "SAFE"),
        ("app/c.py", "SAFE"),
        ("app/a.py", "VULNERABLE"),
    ]
    assert shown["summary"] == {"open": 1 + 1, "closed": 1 + 2, "openFindings": 1 + 1}
    assert {one["source"] for one in shown["vulnerabilities"]["nodes"]} == {"MACHINE"}


async def test_imports_are_listed_newest_first(world: World) -> None:
    ids = [(await run(world, sarif(("r1", "app/a.py", line))))["import"]["id"] for line in (1, 2, 3)]
    query = """query ($root: ID) { group(name: "webshop") { imports(rootId: $root, first: 2) {
      nodes { id history { nodes { version aspects } } } pageInfo { hasNextPage } totalCount } } }"""
    for root in (None, world.aurora.root.id):
        page = (await world.data("uri", query, root=root))["group"]["imports"]
        assert [node["id"] for node in page["nodes"]] == ids[:0:-1]
        assert page["pageInfo"]["hasNextPage"] is True
        assert "lease_until" not in str(page)
    assert (await world.data("uri", query, root="a#b"))["group"]["imports"]["nodes"] == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"not json", [("INVALID", "bad_file", ["file"])]),
        (b"{}", [("INVALID", "unknown_format", ["file"])]),
        (b'{"statements": [], "@context": "https://openvex.dev/ns"}', [("INVALID", "is_decision", ["file"])]),
        (b'{"version": "2.0.0", "runs": []}', [("INVALID", "bad_file", ["file"])]),
        (b" " * (20 * 1024 * 1024 + 1), [("LIMIT_EXCEEDED", "file_too_large", ["file"])]),
        (sarif(*[("r", "app/a.py", line) for line in range(25_001)]), [("LIMIT_EXCEEDED", "too_many_results", ["file"])]),
    ],
)
async def test_files_are_refused(world: World, content: bytes, expected: Any) -> None:
    payload = await run(world, content)
    assert reasons(payload)[:1] == expected
    assert payload["import"] is None
    assert (await world.data("uri", '{ group(name: "webshop") { imports { nodes { id } } } }'))["group"]["imports"][
        "nodes"
    ] == []


async def test_each_defect_is_told_with_its_pointer(world: World) -> None:
    content = b'{"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": [{"ruleId": 7}]}]}'
    payload = await run(world, content)
    assert {error["code"] for error in payload["errors"]} == {"INVALID"}
    assert all(error["message"].split(" ")[-1].startswith("/runs/0/") for error in payload["errors"])


async def test_other_arguments_are_checked(world: World) -> None:
    payload = await run(world, sarif(), prefix="x" * 1_001, file=in_memory("a\0b", b""))
    assert reasons(payload) == [("INVALID", "bad_characters", ["file"]), ("INVALID", "too_long", ["stripPrefix"])]


async def test_prefix_and_technique_are_used(world: World) -> None:
    record = (await run(world, sarif(("r1", "build/app/a.py", 1)), prefix="build", technique="SCA"))["import"]
    assert record["options"] == {"closeMissing": True, "stripPrefix": "build", "technique": "SCA"}
    query = """{ group(name: "webshop") { vulnerabilities(filter: {text: "app/"}) { nodes { where technique } } } }"""
    (one,) = (await world.data("uri", query))["group"]["vulnerabilities"]["nodes"]
    assert one == {"where": "app/a.py", "technique": "SCA"}


async def test_an_inactive_root_takes_no_imports(world: World) -> None:
    await deactivate_root(world.store, world.aurora.root.id, world.stamp())
    assert reasons(await run(world, sarif())) == [("INVALID", "inactive_root", ["rootId"])]


async def test_imports_are_run_by_those_who_may(world: World) -> None:
    assert reasons(await run(world, sarif(), "uri")) == [("FORBIDDEN", "missing_permission", ["groupName"])]
    assert [code for code, *_ in reasons(await run(world, sarif(), "uri2"))] == ["NOT_FOUND", "NOT_FOUND"]


async def test_two_at_once_leave_the_same_as_one(world: World) -> None:
    content = sarif(*[("r1", f"app/{number}.py", 1) for number in range(40)])
    payloads = await asyncio.gather(*(run(world, content) for _ in range(3)))
    assert [payload["errors"] for payload in payloads] == [[], [], []]
    await asyncio.gather(*world.tasks)
    shown = (await world.data("uri", FOUND))["group"]
    assert len(shown["vulnerabilities"]["nodes"]) == 40


def waiting(store: Store, gate: asyncio.Event) -> Store:
    """Return a store whose writes wait for the gate, all but the first."""
    writes: list[int] = []

    async def write(changes: Sequence[Any]) -> None:
        writes.append(len(changes))
        if len(writes) > 1:
            await gate.wait()
        await store.write(changes)

    return replace(store, write=write)


async def test_a_long_import_is_answered_while_it_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "PATIENCE", 0.2)
    gate = asyncio.Event()
    slow = waiting(world.store, gate)
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(("r1", "app/a.py", 1)))}
    answer = await world.answer("hana", IMPORT, store=slow, **given)  # type: ignore[arg-type] # variables, not keywords
    record = answer.body["data"]["importVulnerabilities"]["import"]
    assert (record["state"], record["counts"]["created"]) == ("RUNNING", 0)
    other = await run(world, sarif(("r1", "app/b.py", 1)))
    assert reasons(other) == [("CONFLICT", "import_running", ["rootId"])]
    gate.set()
    await asyncio.gather(*world.tasks)
    query = "query ($id: ID!) { import(id: $id) { state counts { created } } }"
    done = await world.data("uri", query, id=record["id"])
    assert done["import"] == {"state": "COMPLETED", "counts": {"created": 1}}


async def test_a_long_import_is_answered_before_the_deadline_of_the_request(world: World) -> None:
    gate = asyncio.Event()
    slow = waiting(world.store, gate)
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(("r1", "app/a.py", 1)))}
    answer = await world.answer("hana", IMPORT, store=slow, seconds=1.5, **given)  # type: ignore[arg-type] # variables, not keywords
    gate.set()
    await asyncio.gather(*world.tasks)
    assert answer.body["data"]["importVulnerabilities"]["import"]["state"] == "RUNNING"


async def test_an_import_that_a_stop_cancels_is_answered_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "PATIENCE", 3600.0)
    gate, writing = asyncio.Event(), asyncio.Event()

    async def write(changes: Sequence[Any]) -> None:
        if writing.is_set():
            await gate.wait()
        await world.store.write(changes)
        writing.set()

    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(("r1", "app/a.py", 1)))}
    stopping = replace(world.store, write=write)
    answering = asyncio.ensure_future(world.answer("hana", IMPORT, store=stopping, **given))  # type: ignore[arg-type] # variables, not keywords
    await writing.wait()
    await asyncio.sleep(0)
    (work,) = world.tasks
    work.cancel()
    gate.set()
    async with asyncio.timeout(60):
        answer = await answering
    world.tasks.clear()
    assert answer.body["data"]["importVulnerabilities"]["import"]["state"] == "RUNNING"


async def test_no_import_begins_of_which_the_answer_could_not_tell(world: World) -> None:
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(("r1", "app/a.py", 1)))}
    answer = await world.answer("hana", IMPORT, seconds=wait.BEGINNING, **given)  # type: ignore[arg-type] # variables, not keywords
    assert (answer.status, answer.body["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert (await world.data("uri", '{ group(name: "webshop") { imports { nodes { id } } } }'))["group"]["imports"] == {
        "nodes": []
    }


async def test_an_import_has_a_worker_though_its_request_ended_meanwhile(world: World) -> None:
    gate, writing = asyncio.Event(), asyncio.Event()

    async def write(changes: Sequence[Any]) -> None:
        writing.set()
        await gate.wait()
        await world.store.write(changes)

    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(("r1", "app/a.py", 1)))}
    slow = replace(world.store, write=write)
    answering = asyncio.ensure_future(world.answer("hana", IMPORT, store=slow, **given))  # type: ignore[arg-type] # likewise
    await writing.wait()
    answering.cancel()
    await asyncio.wait([answering])
    gate.set()
    await asyncio.gather(*world.tasks)
    query = '{ group(name: "webshop") { imports { nodes { state counts { created } } } } }'
    found = (await world.data("uri", query))["group"]["imports"]["nodes"]
    assert (answering.cancelled(), found) == (True, [{"state": "COMPLETED", "counts": {"created": 1}}])


async def test_an_import_ends_when_the_caller_may_no_longer_run_it(world: World) -> None:
    key = group_access_key("hana@demo.example", "webshop")

    async def write(changes: Sequence[Any]) -> None:
        await world.store.write(changes)
        access = await read.get(world.store, GROUP_ACCESS, key)
        if access and access.access.role is GroupRole.HACKER:
            grant = GroupGrant(role=GroupRole.REATTACKER)
            await command.update(world.store, GROUP_ACCESS, key, lambda old, _: replace(old, access=grant), world.stamp())

    lowered = Store(world.store.get, world.store.query, write, world.store.max_changes)
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(("r1", "app/a.py", 1)))}
    answer = await world.answer("hana", IMPORT, store=lowered, **given)  # type: ignore[arg-type] # variables, not keywords
    record = answer.body["data"]["importVulnerabilities"]["import"]
    assert (record["state"], record["reason"]) == ("FAILED", "not_allowed")


async def test_an_import_ends_when_its_root_is_no_longer_active(world: World) -> None:
    async def write(changes: Sequence[Any]) -> None:
        await world.store.write(changes)
        await deactivate_root(world.store, world.aurora.root.id, world.stamp())

    lowered = Store(world.store.get, world.store.query, write, world.store.max_changes)
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(("r1", "app/a.py", 1)))}
    answer = await world.answer("hana", IMPORT, store=lowered, **given)  # type: ignore[arg-type] # variables, not keywords
    record = answer.body["data"]["importVulnerabilities"]["import"]
    assert (record["state"], record["reason"], record["counts"]["created"]) == ("FAILED", "not_allowed", 0)


async def test_what_the_root_excludes_is_no_problem_and_not_imported(world: World) -> None:
    add = """mutation { addGitRoot(groupName: "webshop", url: "https://git.example/other", branch: "main",
      gitignore: ["vendor/"]) { root { id } } }"""
    root = (await world.data("olga", add))["addGitRoot"]["root"]["id"]
    url = ("r1", "https://shop.example/login", 1)
    payload = await run(world, sarif(("r1", "vendor/lib.py", 1), ("r1", "app/a.py", 1), url), root=root)
    assert (payload["import"]["counts"]["created"], payload["import"]["counts"]["skipped"]) == (1, 2)
    assert payload["import"]["problems"] == [
        {"pointer": "/runs/0/results/2", "reason": "outside_root"},
    ]
    found = (await world.data("uri", FOUND))["group"]["vulnerabilities"]["nodes"]
    assert [one["where"] for one in found] == ["app/a.py"]


ADD_TOKEN = """mutation { addAccessToken(name: "nightly", expiresAt: "2026-06-01T00:00:00Z") {
  token { id } errors { reason } } }"""
BY_NICKNAME = """mutation ($id: ID, $nickname: String, $file: Upload!) {
  importVulnerabilities(groupName: "webshop", rootId: $id, rootNickname: $nickname, file: $file) {
    import { root { id } } errors { code reason message path } } }"""


async def test_a_root_is_named_in_one_way(world: World) -> None:
    root = world.aurora.root
    content = sarif(("r1", "app/a.py", 1))

    async def asked(**names: Any) -> Any:
        answer = await world.data("hana", BY_NICKNAME, file=in_memory("scan.sarif", content), **names)
        return answer["importVulnerabilities"]

    assert (await asked(nickname=root.info.nickname))["import"] == {"root": {"id": root.id}}
    for names in ({}, {"id": root.id, "nickname": root.info.nickname}):
        assert reasons(await asked(**names)) == [("INVALID", "required", ["rootId"])]
    assert reasons(await asked(nickname="nothing")) == [("NOT_FOUND", "not_found", ["rootNickname"])]
    assert reasons(await asked(nickname=world.harbor.root.info.nickname + "x")) == [
        ("NOT_FOUND", "not_found", ["rootNickname"])
    ]


OPTIONS = """mutation ($root: ID!, $file: Upload!, $add: String, $category: String, $tool: String) {
  importVulnerabilities(groupName: "webshop", rootId: $root, file: $file, addPrefix: $add, category: $category, tool: $tool) {
    import { options { addPrefix category tool } counts { created skipped reviewable }
             problems { reason uri } problemCounts { reason count } closing { tool category outcome closed } }
    errors { code reason message path } } }"""


async def optioned(world: World, content: bytes, **variables: Any) -> Any:
    """Import a file with options and return the payload."""
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", content), **variables}
    return (await world.data("hana", OPTIONS, **given))["importVulnerabilities"]


async def test_options_problems_and_closing_are_told(world: World) -> None:
    content = sarif(("r1", "app/a.py", 1), ("r1", "/etc/passwd", 2))
    found = (await optioned(world, content, add="services", category="nightly", tool="LINT 2"))["import"]
    assert found["options"] == {"addPrefix": "services", "category": "nightly/", "tool": "lint 2"}
    assert found["problems"] == [{"reason": "bad_path", "uri": "/etc/passwd"}]
    assert found["problemCounts"] == [{"reason": "bad_path", "count": 1}]
    outcome = {"tool": "lint 2", "category": "nightly/", "outcome": "UNPLACED_RESULTS", "closed": 0}
    assert found["closing"] == [outcome]
    query = """{ group(name: "webshop") { vulnerabilities(first: 50, filter: {text: "services/app/"}) { nodes {
      where tool { name categories ruleId fingerprint suppression { kind } } match { by import { fileName } } } } } }"""
    (shown,) = (await world.data("uri", query))["group"]["vulnerabilities"]["nodes"]
    assert shown["tool"] == {
        "name": "lint 2",
        "categories": ["nightly/"],
        "ruleId": "r1",
        "fingerprint": None,
        "suppression": None,
    }
    assert shown["match"] == {"by": "NEW", "import": {"fileName": "scan.sarif"}}


async def test_a_file_of_which_nothing_has_a_place_is_refused(world: World) -> None:
    payload = await optioned(world, sarif(*(("r1", f"/etc/{line}", line) for line in range(12))))
    assert reasons(payload) == [("INVALID", "nothing_placed", ["file"])] * 10
    assert payload["errors"][3]["message"].endswith("bad_path `/etc/3` /runs/0/results/3.")
    listed = (await world.data("uri", '{ group(name: "webshop") { imports { nodes { id } } } }'))["group"]["imports"]
    assert listed["nodes"] == []


async def test_one_name_for_several_tools_is_refused(world: World) -> None:
    runs = [{"tool": {"driver": {"name": name}}, "results": []} for name in ("One", "Two")]
    content = json.dumps({"version": "2.1.0", "runs": runs}).encode()
    assert reasons(await optioned(world, content, tool="three")) == [("INVALID", "several_tools", ["tool"])]


async def test_a_packed_file_is_unpacked(world: World) -> None:
    packed = gzip.compress(sarif(("r1", "app/a.py", 1)))
    assert (await optioned(world, packed))["import"]["counts"]["created"] == 1
    assert reasons(await optioned(world, packed[:-9])) == [("INVALID", "bad_file", ["file"])]
    bomb = gzip.compress(b" " * (20 * 1024 * 1024 + 1))
    assert reasons(await optioned(world, bomb)) == [("LIMIT_EXCEEDED", "file_too_large", ["file"])]


COMPARE = """mutation ($root: ID!, $file: Upload!) {
  compareScan(groupName: "webshop", rootId: $root, file: $file) {
    comparison { new reopened moved fixed unchanged problems { reason }
                 items { status title rule { ruleId } type where specific severity { score } vulnerability { state } } }
    errors { code reason message path } } }"""


async def test_a_comparison_says_what_an_import_would_do_and_does_nothing(world: World) -> None:
    await run(world, sarif(("r1", "app/a.py", 1), ("r1", "app/b.py", 2), ("r1", "app/c.py", 3)))
    await run(world, sarif(("r1", "app/a.py", 1), ("r1", "app/b.py", 2)))
    content = sarif(("r1", "app/a.py", 1), ("r1", "app/c.py", 3), ("r9", "app/d.py", 4))

    async def write(_changes: Sequence[Change]) -> None:
        raise AssertionError("nothing is stored")

    given: dict[str, Any] = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", content)}
    answer = await world.answer("hana", COMPARE, store=replace(world.store, write=write), **given)
    payload = answer.body["data"]["compareScan"]
    assert payload["errors"] == []
    found = payload["comparison"]
    assert [(one["status"], one["where"], one["vulnerability"]) for one in found["items"]] == [
        ("NEW", "app/d.py", None),
        ("REOPENED", "app/c.py", {"state": "SAFE"}),
        ("FIXED", "app/b.py", {"state": "VULNERABLE"}),
        ("UNCHANGED", "app/a.py", {"state": "VULNERABLE"}),
    ]
    told = [(one["rule"]["ruleId"], one["type"], one["specific"]) for one in found["items"]]
    assert told == [("r9", "LINES", "4"), ("r1", "LINES", "3"), ("r1", "LINES", "2"), ("r1", "LINES", "1")]
    assert {name: found[name] for name in ("new", "reopened", "moved", "fixed", "unchanged")} == {
        "new": 1,
        "reopened": 1,
        "moved": 0,
        "fixed": 1,
        "unchanged": 1,
    }
    done = (await run(world, content))["import"]["counts"]
    assert [done[name] for name in ("created", "reopened", "moved", "closed", "unchanged")] == [1, 1, 0, 1, 1]


async def test_nothing_is_compared_with_a_root_that_is_not_active(world: World) -> None:
    await deactivate_root(world.store, world.aurora.root.id, world.stamp())
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(("r1", "app/a.py", 1)))}
    payload = (await world.data("hana", COMPARE, **given))["compareScan"]
    assert reasons(payload) == [("INVALID", "inactive_root", ["rootId"])]


async def test_who_may_not_import_may_not_compare(world: World) -> None:
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif())}
    payload = (await world.data("reto", COMPARE, **given))["compareScan"]
    assert reasons(payload) == [("FORBIDDEN", "missing_permission", ["groupName"])]


async def test_what_another_series_still_sees_is_not_compared_as_fixed(world: World) -> None:
    seen = sarif(("r1", "app/a.py", 1))
    for category in ("one", "two"):
        assert (await optioned(world, seen, category=category))["errors"] == []
    options, actor = ImportOptions(category="one/"), Actor("hana@demo.example", Means.API_TOKEN)
    job = await new_job(world.call("hana"), actor, world.aurora.root, await scanned(sarif(), options), world.stamp())
    found = await compared(job, options)
    assert (found.fixed, found.items) == (0, ())


@pytest.mark.parametrize("late, may", [(timedelta(seconds=-1), True), (timedelta(), False)])
async def test_a_token_that_expires_ends_what_it_began(world: World, late: timedelta, *, may: bool) -> None:
    made = (await world.data("uri", ADD_TOKEN))["addAccessToken"]["token"]["id"]
    actor, now = Actor("hana@demo.example", Means.API_TOKEN, made), datetime(2026, 6, 1, tzinfo=UTC) + late
    scan = await scanned(sarif(("r1", "app/a.py", 1)), ImportOptions())
    job = await new_job(replace(world.call("hana"), now=lambda: now), actor, world.aurora.root, scan, world.stamp())
    assert (await job.destination() is not None) is may


async def test_a_token_that_is_revoked_ends_what_it_began(world: World) -> None:
    made = (await world.data("uri", ADD_TOKEN))["addAccessToken"]["token"]["id"]
    query = "mutation ($id: ID!) { revokeAccessToken(id: $id) { errors { code } } }"
    call, root = world.call("hana"), world.aurora.root
    actor = Actor("hana@demo.example", Means.API_TOKEN, made)
    scan = await scanned(sarif(("r1", "app/a.py", 1)), ImportOptions())
    job = await new_job(call, actor, root, scan, world.stamp())
    assert await job.destination() is not None
    assert (await world.data("uri", query, id=made))["revokeAccessToken"]["errors"] == []
    assert await job.destination() is None
