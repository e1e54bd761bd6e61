"""The gate through the API: who may ask it and read its verdicts, each refusal, and what is shown."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import World
from packages.api.tests.test_ci_token import CI, asked_by_ci, issued
from packages.api.tests.test_import_mutation import reasons

from integrates.api.upload import in_memory
from integrates.db_model import groups
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.forces.rules import MAX_LOG
from integrates.db_model.testing import scene
from integrates.db_model.values.instant import instant_text
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus, ZeroRisk, ZeroRiskStatus

FIELDS: Final = """id group { name } root { nickname } executionDate kind strictness gitRepo gitBranch gitCommit gitOrigin
  severityThreshold gracePeriod daysUntilItBreaks sourceSuppressionsPass exitCode log
  counts { accepted suppressed belowThreshold inGrace technicalDebt blocking closed } blocking { id where }"""
GATE: Final = f"""mutation ($group: ID!, $id: ID!, $strictness: ForcesStrictness!, $kind: ForcesKind, $root: String,
  $threshold: Float, $grace: Int, $repo: String, $branch: String, $commit: String, $origin: String, $log: Upload) {{
  addForcesExecution(groupName: $group, id: $id, strictness: $strictness, kind: $kind, rootNickname: $root,
    severityThreshold: $threshold, gracePeriod: $grace, gitRepo: $repo, gitBranch: $branch, gitCommit: $commit,
    gitOrigin: $origin, log: $log) {{ execution {{ {FIELDS} }} errors {{ code reason message path }} }} }}"""
SHOWN: Final = f"query ($group: ID!, $id: ID!) {{ forcesExecution(groupName: $group, id: $id) {{ {FIELDS} }} }}"
LISTED: Final = """query (
  $from: DateTime, $to: DateTime, $strictness: ForcesStrictness, $code: Int, $first: Int, $after: String) {
  group(name: "webshop") { forcesExecutions(from: $from, to: $to, strictness: $strictness, exitCode: $code, first: $first,
  after: $after) { nodes { id } pageInfo { hasNextPage endCursor } totalCount } } }"""
ID: Final = "build-4711"


async def gate(world: World, **given: Any) -> Any:
    """Ask the gate of ``webshop`` as its CI identity."""
    body = await asked_by_ci(world, GATE, **{"group": "webshop", "id": ID, "strictness": "STRICT", "kind": "ALL", **given})
    assert "errors" not in body, body["errors"]
    return body["data"]["addForcesExecution"]


@pytest.fixture(autouse=True)
async def identity(world: World) -> None:
    await issued(world)


async def test_a_verdict_tells_what_it_was_about_and_why(world: World) -> None:
    one = world.aurora.vulnerable
    payload = await gate(
        world,
        root="webshop",
        kind="STATIC",
        threshold=0.0,
        grace=0,
        repo="shop",
        branch="main",
        commit="4" * 40,
        origin="https://git.example/shop",
        log=in_memory("log.txt", "It broke: \x1b[31mé\n".encode()),
    )
    assert payload["errors"] == []
    shown = payload["execution"]
    assert shown.pop("executionDate").startswith("2026-05-01T12:00:0")
    assert shown == {
        "id": ID,
        "group": {"name": "webshop"},
        "root": {"nickname": "webshop"},
        "kind": "STATIC",
        "strictness": "STRICT",
        "gitRepo": "shop",
        "gitBranch": "main",
        "gitCommit": "4" * 40,
        "gitOrigin": "https://git.example/shop",
        "severityThreshold": 0.0,
        "gracePeriod": 0,
        "daysUntilItBreaks": None,
        "sourceSuppressionsPass": False,
        "exitCode": 1,
        "log": "It broke: \x1b[31mé\n",
        "counts": {
            "accepted": 0,
            "suppressed": 0,
            "belowThreshold": 0,
            "inGrace": 0,
            "technicalDebt": 0,
            "blocking": 1,
            "closed": 1,
        },
        "blocking": [{"id": one.id, "where": one.location.where}],
    }
    again = (await world.data("uri", SHOWN, group="webshop", id=ID))["forcesExecution"]
    assert {**shown, "executionDate": again["executionDate"]} == again


async def test_what_was_left_out_is_nothing(world: World) -> None:
    shown = (await gate(world, strictness="LAX", kind="DYNAMIC"))["execution"]
    empty = ("root", "gitRepo", "gitBranch", "gitCommit", "gitOrigin", "log", "daysUntilItBreaks")
    assert {name: shown[name] for name in empty} == dict.fromkeys(empty)
    assert (shown["exitCode"], shown["blocking"], shown["counts"]["blocking"]) == (0, [], 0)


@pytest.mark.parametrize("person", ["ada", "olga", "greta", "vera", "uri", "hana", "reto", "remy"])
async def test_no_person_asks_the_gate_but_all_of_the_group_read_its_verdicts(world: World, person: str) -> None:
    variables = {"group": "webshop", "id": ID, "strictness": "STRICT"}
    payload = (await world.data(person, GATE, **variables))["addForcesExecution"]
    assert (payload["execution"], reasons(payload)) == (None, [("FORBIDDEN", "missing_permission", ["groupName"])])
    await gate(world)
    assert (await world.data(person, SHOWN, group="webshop", id=ID))["forcesExecution"]["exitCode"] == 1
    assert [one["id"] for one in await listed(world, person)] == [ID]


async def listed(world: World, person: str = "uri", **given: Any) -> Any:
    return (await world.data(person, LISTED, **{"first": 50, **given}))["group"]["forcesExecutions"]["nodes"]


async def test_the_token_of_a_group_is_good_for_that_group_only(world: World) -> None:
    foreign = await asked_by_ci(world, GATE, group="cargo", id=ID, strictness="STRICT")
    assert foreign == await asked_by_ci(world, GATE, group="nothing-here", id=ID, strictness="STRICT")
    assert reasons(foreign["data"]["addForcesExecution"]) == [("NOT_FOUND", "not_found", ["groupName"])]
    await gate(world)
    for person, group in (("uri2", "webshop"), ("uri2", "cargo"), ("uri", "cargo"), ("otto", "webshop")):
        assert (await world.data(person, SHOWN, group=group, id=ID))["forcesExecution"] is None


REFUSALS: Final[Sequence[tuple[dict[str, Any], Sequence[Any]]]] = (
    ({"id": ""}, [("INVALID", "required", ["id"])]),
    ({"id": "seven-7"}, [("INVALID", "too_short", ["id"])]),
    ({"id": "x" * 65}, [("INVALID", "too_long", ["id"])]),
    ({"id": "build_4711"}, [("INVALID", "bad_characters", ["id"])]),
    ({"id": "build#4711"}, [("INVALID", "bad_characters", ["id"])]),
    ({"threshold": -0.1}, [("INVALID", "out_of_range", ["severityThreshold"])]),
    ({"threshold": 10.1}, [("INVALID", "out_of_range", ["severityThreshold"])]),
    ({"threshold": 4.05}, [("INVALID", "bad_format", ["severityThreshold"])]),
    ({"grace": -1}, [("INVALID", "out_of_range", ["gracePeriod"])]),
    ({"grace": 1000}, [("INVALID", "out_of_range", ["gracePeriod"])]),
    ({"repo": "r" * 501}, [("INVALID", "too_long", ["gitRepo"])]),
    ({"branch": "b" * 501}, [("INVALID", "too_long", ["gitBranch"])]),
    ({"commit": "c" * 501}, [("INVALID", "too_long", ["gitCommit"])]),
    ({"origin": "o\nrigin"}, [("INVALID", "bad_characters", ["gitOrigin"])]),
    ({"origin": "o" * 501}, [("INVALID", "too_long", ["gitOrigin"])]),
    ({"log": in_memory("log", b"x" * (MAX_LOG + 1))}, [("LIMIT_EXCEEDED", "file_too_large", ["log"])]),
    ({"log": in_memory("log", b"\xff\xfe")}, [("INVALID", "bad_file_type", ["log"])]),
    ({"log": in_memory("log", b"a\x00b")}, [("INVALID", "bad_file_type", ["log"])]),
    ({"root": "nowhere"}, [("NOT_FOUND", "no_root", ["rootNickname"])]),
    ({"root": ""}, [("NOT_FOUND", "no_root", ["rootNickname"])]),
    ({"root": "cargo"}, [("NOT_FOUND", "no_root", ["rootNickname"])]),
    ({"root": "nowhere", "grace": -1}, [("NOT_FOUND", "no_root", ["rootNickname"])]),
    (
        {"id": "seven-7", "threshold": 11.0, "grace": -1},
        [
            ("INVALID", "too_short", ["id"]),
            ("INVALID", "out_of_range", ["severityThreshold"]),
            ("INVALID", "out_of_range", ["gracePeriod"]),
        ],
    ),
)


@pytest.mark.parametrize(("given", "refused"), REFUSALS, ids=range(len(REFUSALS)))
async def test_a_refusal(world: World, given: dict[str, Any], refused: Sequence[Any]) -> None:
    payload = await gate(world, **given)
    assert (payload["execution"], reasons(payload)) == (None, refused)
    assert await listed(world) == []
    assert [key async for key in world.files.keys("executions/")] == []


ALLOWED: Final = {
    "a short id": {"id": "x" * 8},
    "a long id": {"id": "X-" * 32},
    "large numbers": {"threshold": 10.0, "grace": 999},
    "long texts": {"repo": "r" * 500, "branch": "b" * 500, "commit": "c" * 500, "origin": "o" * 500},
    "a large log": {"log": in_memory("log", b"x" * MAX_LOG)},
    "an empty log": {"log": in_memory("log", b"")},
}


@pytest.mark.parametrize("given", ALLOWED.values(), ids=ALLOWED)
async def test_what_is_just_allowed(world: World, given: dict[str, Any]) -> None:
    assert (await gate(world, **given))["errors"] == []


@pytest.mark.parametrize(
    "given", [{"strictness": "MILD"}, {"kind": "NONE"}, {"id": 7.5}, {"grace": "7"}, {"log": "text"}], ids=str
)
async def test_a_wrong_type_is_no_request(world: World, given: dict[str, Any]) -> None:
    body = await asked_by_ci(world, GATE, **{"group": "webshop", "id": ID, "strictness": "STRICT", **given})
    assert {one["extensions"]["code"] for one in body["errors"]} == {"BAD_USER_INPUT"}


async def test_the_same_call_again_gets_the_same_verdict_and_another_is_refused(world: World) -> None:
    log = in_memory("log", b"first")
    first = await gate(world, threshold=3.0, log=log)
    await world.report(world.aurora, "src/new.py")
    assert await gate(world, threshold=3.0, log=log) == first
    for change in ({"threshold": 3.1}, {"strictness": "LAX"}, {"log": None}, {"log": in_memory("log", b"second")}):
        again = await gate(world, **{"threshold": 3.0, "log": log, **change})
        assert (again["execution"], reasons(again)) == (None, [("ALREADY_EXISTS", "id_used", ["id"])])
    assert (await world.data("uri", SHOWN, group="webshop", id=ID))["forcesExecution"] == first["execution"]
    assert len([key async for key in world.files.keys("executions/")]) == 1


async def test_executions_are_listed_newest_first_and_filtered(world: World) -> None:
    for number, strictness in enumerate(["STRICT", "LAX", "STRICT", "LAX"]):
        await gate(world, id=f"build-000{number}", strictness=strictness, kind="DYNAMIC" if number == 2 else "ALL")
    dates = [
        (await world.data("uri", SHOWN, group="webshop", id=f"build-000{number}"))["forcesExecution"]["executionDate"]
        for number in range(4)
    ]

    async def numbers(**given: Any) -> list[int]:
        return [int(one["id"][-1]) for one in await listed(world, **given)]

    assert await numbers() == [3, 2, 1, 0]
    assert await numbers(strictness="STRICT") == [2, 0]
    assert await numbers(code=1) == [0]
    assert await numbers(code=0) == [3, 2, 1]
    assert await numbers(code=2) == []
    assert await numbers(strictness="LAX", code=1) == []
    assert await numbers(**{"from": dates[1]}) == [3, 2, 1]
    assert await numbers(to=dates[1]) == [1, 0]
    assert await numbers(**{"from": dates[1], "to": dates[2], "code": 0}) == [2, 1]
    assert await numbers(**{"from": dates[2], "to": dates[1]}) == []
    assert await numbers(**{"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}) == [3, 2, 1, 0]
    after, walked = None, []
    while True:
        page = (await world.data("uri", LISTED, first=1, after=after, code=0))["group"]["forcesExecutions"]
        walked += [int(one["id"][-1]) for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert walked == [3, 2, 1]


async def test_of_what_blocks_each_reader_sees_what_they_may_see_now(world: World) -> None:
    new = await world.report(world.aurora, "src/new.py")
    gone = await world.report(world.aurora, "src/gone.py")
    shown = (await gate(world))["execution"]
    assert {one["where"] for one in shown["blocking"]} == {"src/10.py", "src/new.py", "src/gone.py"}
    claim = ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=world.now(), by=scene.address_of("remy"))
    await vulnerabilities.update(world.store, new.id, lambda old, _: replace(old, zero_risk=claim), world.stamp())

    def removed(old: Any, at: Any) -> Any:
        why = RemovalJustification.DUPLICATED
        return replace(old, state=replace(old.state, status=VulnerabilityStatus.DELETED, at=at, justification=why))

    await vulnerabilities.update(world.store, gone.id, removed, world.stamp())
    seen = {}
    for person in ("uri", "remy"):
        found = (await world.data(person, SHOWN, group="webshop", id=ID))["forcesExecution"]
        seen[person] = ({one["where"] for one in found["blocking"]}, found["counts"]["blocking"])
    assert seen == {"uri": ({"src/10.py"}, 3), "remy": ({"src/10.py", "src/new.py"}, 3)}


async def test_policies_decide_and_count_from_the_next_build_on(world: World) -> None:
    group = world.aurora.group
    first = (await gate(world, id="build-0001"))["execution"]
    given = {"policies": {"min_breaking_severity": 7.6}}
    await groups.regulate(world.store, group, given, world.stamp())
    second = (await gate(world, id="build-0002"))["execution"]
    lower = (await gate(world, id="build-0003", threshold=7.5))["execution"]
    higher = (await gate(world, id="build-0004", threshold=9.0))["execution"]
    told = [
        (one["severityThreshold"], one["exitCode"], one["counts"]["belowThreshold"]) for one in (first, second, lower, higher)
    ]
    assert told == [(0.0, 1, 0), (7.6, 0, 1), (7.5, 1, 0), (7.6, 0, 1)]
    kept = (await world.data("uri", SHOWN, group="webshop", id="build-0001"))["forcesExecution"]
    assert kept == first


async def test_the_verdicts_of_a_group_go_with_it(world: World) -> None:
    await gate(world)
    await groups.remove(world.store, world.aurora.group, {"reason": "MISTAKE"}, world.stamp())
    assert (await world.data("ada", SHOWN, group="webshop", id=ID))["forcesExecution"] is None
    body = await asked_by_ci(world, GATE, group="webshop", id=ID, strictness="STRICT")
    assert reasons(body["data"]["addForcesExecution"]) == [("NOT_FOUND", "not_found", ["groupName"])]


async def test_a_verdict_stands_in_the_audit_trail_as_of_the_ci_identity(world: World) -> None:
    await gate(world)
    start = instant_text(world.now() - timedelta(hours=1))
    query = """query ($from: DateTime) { group(name: "webshop") { audit(from: $from, first: 50) {
      nodes { by operation entity } } } }"""
    nodes = (await world.data("greta", query, **{"from": start}))["group"]["audit"]["nodes"]
    assert {"by": CI, "operation": "add_forces_execution", "entity": f"EXEC#webshop#{ID}"} in nodes


async def test_a_page_of_logs_is_too_complex(world: World) -> None:
    """Each may have 5 MiB: four are shown at once, five are not."""
    await gate(world, log=in_memory("log", b"It broke."))
    query = """query ($first: Int) { group(name: "webshop") { forcesExecutions(first: $first) { nodes { log } } } }"""
    assert (await world.data("uri", query, first=4))["group"]["forcesExecutions"]["nodes"] == [{"log": "It broke."}]
    answer = await world.answer("uri", query, first=5)
    assert [one["extensions"]["code"] for one in answer.body["errors"]] == ["QUERY_TOO_COMPLEX"]
