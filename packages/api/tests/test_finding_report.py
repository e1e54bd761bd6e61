"""Findings that people report: what they are given, who may, and which titles are taken (domain sections 3 and 11.2)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_adding import ERRORS, beaten, call, reasons

from integrates.db_model.entity import read
from integrates.db_model.entity.command import update
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import FindingStateStatus, RemovalJustification
from integrates.db_model.groups.facet import GROUP, group_key, group_shard
from integrates.db_model.groups.types import GroupRemovalReason, GroupStatus
from integrates.db_model.store.port import ANYTHING, Add

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

    from integrates.db_model.findings.types import Finding

V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:H/VA:N/SC:N/SI:N/SA:N"
V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"
SHOWN = """id title description threat attackVectorDescription recommendation cweIds minTimeToRemediate status version createdBy
  severity { cvssV4 cvssV3 toolScore score level } releasedAt ageDays openAgeDays where rule { tool }"""
ADD = f"""mutation ($group: ID!, $title: String!, $description: String!, $threat: String, $how: String, $repair: String,
    $cwe: [String!], $minutes: Int, $v4: String, $v3: String) {{
  addFinding(groupName: $group, title: $title, description: $description, threat: $threat, attackVectorDescription: $how,
    recommendation: $repair, cweIds: $cwe, minTimeToRemediate: $minutes, cvssV4: $v4, cvssV3: $v3) {{
  finding {{ {SHOWN} }} {ERRORS} }} }}"""
UPDATE = f"""mutation ($id: ID!, $title: String, $description: String, $threat: String, $how: String, $repair: String,
    $cwe: [String!], $minutes: Int, $version: Int) {{
  updateFinding(id: $id, title: $title, description: $description, threat: $threat, attackVectorDescription: $how,
    recommendation: $repair, cweIds: $cwe, minTimeToRemediate: $minutes, expectedVersion: $version) {{
  finding {{ {SHOWN} }} {ERRORS} }} }}"""
Variables = dict[str, Any]
GIVEN: Variables = {"group": "webshop", "title": "Open redirect", "description": "The page sends people anywhere."}


async def add(world: World, person: str = "hana", **changes: Any) -> Any:
    return await call(world, person, ADD, **{**GIVEN, **changes})


async def edit(world: World, person: str = "hana", **changes: Any) -> Any:
    return await call(world, person, UPDATE, **{"id": world.aurora.finding.id, **changes})


async def stored(world: World, identity: str) -> Finding:
    found = await read.get_any(world.store, FINDING, finding_key(identity))
    assert found is not None
    return found


async def remove(world: World, identity: str, why: RemovalJustification) -> None:
    gone = FindingStateStatus.DELETED

    def removed(old: Finding, _: object) -> Finding:
        return replace(old, state=replace(old.state, status=gone, justification=why))

    await update(world.store, FINDING, finding_key(identity), removed, world.stamp())


async def test_a_finding_is_reported_with_all_that_is_known_of_it(world: World) -> None:
    given: Variables = {"threat": "Phishing", "how": "Send a link", "repair": "Check it", "minutes": 30}
    payload = await add(world, **given, cwe=["CWE-601", "CWE-0601"], v4=V4, v3=V3)
    assert reasons(payload) == []
    shown = payload["finding"]
    assert shown.pop("id")
    assert shown == {
        "title": "Open redirect",
        "description": "The page sends people anywhere.",
        "threat": "Phishing",
        "attackVectorDescription": "Send a link",
        "recommendation": "Check it",
        "cweIds": ["CWE-601"],
        "minTimeToRemediate": 30,
        "status": "DRAFT",
        "version": 1,
        "createdBy": "hana@demo.example",
        "severity": {"cvssV4": V4, "cvssV3": V3, "toolScore": None, "score": 8.7, "level": "HIGH"},
        "releasedAt": None,
        "ageDays": None,
        "openAgeDays": None,
        "where": [],
        "rule": None,
    }


async def test_what_is_left_out_is_empty_and_a_severity_is_not_needed(world: World) -> None:
    shown = (await add(world))["finding"]
    texts = [shown[name] for name in ("threat", "attackVectorDescription", "recommendation")]
    assert (texts, shown["cweIds"], shown["minTimeToRemediate"], shown["severity"]) == (["", "", ""], [], None, None)
    history = "query ($id: ID!) { finding(id: $id) { history { nodes { operation aspects } } } }"
    (revision,) = (await world.data("hana", history, id=shown["id"]))["finding"]["history"]["nodes"]
    assert (revision["operation"], revision["aspects"]["description"]["title"]) == ("add_finding", "Open redirect")


async def test_vectors_are_stored_in_canonical_form(world: World) -> None:
    mixed = "CVSS:3.1/PR:N/AV:N/AC:L/UI:N/S:U/I:H/C:H/A:N/E:X"
    severity = (await add(world, v3=f" {mixed} "))["finding"]["severity"]
    assert (severity["cvssV3"], severity["cvssV4"], severity["score"]) == (V3, None, 9.1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": "ab"}, [("INVALID", "too_short", ["title"])]),
        ({"title": "t" * 201}, [("INVALID", "too_long", ["title"])]),
        ({"title": "two\nlines"}, [("INVALID", "bad_characters", ["title"])]),
        ({"title": "=cmd()"}, [("INVALID", "bad_format", ["title"])]),
        ({"title": ""}, [("INVALID", "required", ["title"])]),
        ({"description": " "}, [("INVALID", "required", ["description"])]),
        ({"description": "d" * 20_001}, [("INVALID", "too_long", ["description"])]),
        ({"threat": "t" * 20_001}, [("INVALID", "too_long", ["threat"])]),
        ({"how": "h" * 20_001}, [("INVALID", "too_long", ["attackVectorDescription"])]),
        ({"repair": "r" * 20_001}, [("INVALID", "too_long", ["recommendation"])]),
        ({"cwe": ["CWE-79", "79"]}, [("INVALID", "bad_format", ["cweIds", "1"])]),
        ({"cwe": [f"CWE-{number}" for number in range(21)]}, [("LIMIT_EXCEEDED", "too_many_items", ["cweIds"])]),
        ({"minutes": 0}, [("INVALID", "out_of_range", ["minTimeToRemediate"])]),
        ({"v4": V3}, [("INVALID", "bad_vector", ["cvssV4"])]),
        ({"v3": V4}, [("INVALID", "bad_vector", ["cvssV3"])]),
        ({"v3": V3.replace("3.1", "3.0")}, [("INVALID", "bad_vector", ["cvssV3"])]),
        ({"v3": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}, [("INVALID", "bad_vector", ["cvssV3"])]),
        ({"v4": "", "v3": "x"}, [("INVALID", "bad_vector", ["cvssV4"]), ("INVALID", "bad_vector", ["cvssV3"])]),
        ({"title": "INJECTION webshop"}, [("ALREADY_EXISTS", "title_taken", ["title"])]),
        ({"title": "Injection webshop", "v4": "x"}, [("INVALID", "bad_vector", ["cvssV4"])]),
    ],
)
async def test_findings_are_refused(world: World, changes: dict[str, Any], expected: Any) -> None:
    assert reasons(await add(world, **changes)) == expected


async def test_the_longest_texts_are_taken(world: World) -> None:
    text = "d" * 20_000
    most = {"title": "t" * 200, "description": text, "threat": text, "how": text, "repair": text}
    assert reasons(await add(world, **most, cwe=[f"CWE-{number}" for number in range(20)])) == []


@pytest.mark.parametrize(
    ("person", "refused"),
    [
        ("greta", None),
        ("hana", None),
        ("reto", None),
        ("olga", None),
        ("ada", None),
        ("vera", "FORBIDDEN"),
        ("uri", "FORBIDDEN"),
        ("remy", "FORBIDDEN"),
        ("hana2", "NOT_FOUND"),
        ("otto", "NOT_FOUND"),
    ],
)
async def test_who_may_report_and_edit_findings(world: World, person: str, refused: str | None) -> None:
    version = (await stored(world, world.aurora.finding.id)).version
    added, edited = await add(world, person), await edit(world, person, threat="Theft")
    wanted = [] if refused is None else [refused]
    assert [[code for code, *_ in reasons(payload)] for payload in (added, edited)] == [wanted, wanted]
    assert [path for *_, path in (*reasons(added), *reasons(edited))] == [["groupName"], ["id"]] * len(wanted)
    assert (await stored(world, world.aurora.finding.id)).version == version + (refused is None)


async def test_a_group_takes_no_more_findings_than_it_may_have(world: World) -> None:
    shard = group_shard("webshop", world.stamp())
    full = replace(shard, pk=f"{shard.pk.rsplit('#', 1)[0]}#0", sk=f"{shard.sk.rsplit('#', 1)[0]}#0")
    await world.store.write((Add(full, {"findings": 20_000 - 3}, {}, ANYTHING),))
    assert reasons(await add(world)) == []
    payload = await add(world, title="One too many")
    assert reasons(payload) == [("LIMIT_EXCEEDED", "too_many", [])]
    assert "20,000 findings of a group" in payload["errors"][0]["message"]


async def test_nothing_is_reported_in_a_removed_group(world: World) -> None:
    async def gone() -> None:
        state = replace(world.aurora.group.state, status=GroupStatus.DELETED, reason=GroupRemovalReason.NO_SYSTEM)
        await update(world.store, GROUP, group_key("webshop"), lambda old, _: replace(old, state=state), world.stamp())

    answer = await world.answer("hana", ADD, store=beaten(world, gone), **GIVEN)
    assert reasons(answer.body["data"]["addFinding"]) == [("NOT_FOUND", "not_found", ["groupName"])]


async def test_of_two_who_report_one_title_at_once_one_is_told_that_it_is_taken(world: World) -> None:
    both = await asyncio.gather(add(world), add(world, "reto", title="OPEN REDIRECT"))
    assert sorted(reasons(payload) for payload in both) == [[], [("ALREADY_EXISTS", "title_taken", ["title"])]]


async def test_the_same_title_stands_once_in_each_group(world: World) -> None:
    assert reasons(await add(world)) == []
    assert reasons(await add(world, "hana2", group="cargo")) == []


@pytest.mark.parametrize("why", RemovalJustification)
async def test_the_title_of_a_removed_finding_can_be_reported_again(world: World, why: RemovalJustification) -> None:
    first = (await add(world))["finding"]["id"]
    await remove(world, first, why)
    assert reasons(await add(world, title="open REDIRECT")) == []
    assert not (await stored(world, first)).state.keeps_claim
    assert reasons(await add(world)) == [("ALREADY_EXISTS", "title_taken", ["title"])]


async def test_what_is_left_out_stays_and_null_takes_it_away(world: World) -> None:
    everything: Variables = {"threat": "Theft", "how": "By hand", "repair": "Mend it", "cwe": ["CWE-89"], "minutes": 60}
    full = (await edit(world, title="Injection", description="It is bad", **everything))["finding"]
    assert (full["title"], full["description"], full["cweIds"]) == ("Injection", "It is bad", ["CWE-89"])
    assert (await edit(world))["finding"] == full
    bare = (await edit(world, threat=None, how=None, repair=None, cwe=None, minutes=None))["finding"]
    emptied: Variables = {
        "threat": "",
        "attackVectorDescription": "",
        "recommendation": "",
        "cweIds": [],
        "minTimeToRemediate": None,
    }
    assert bare == {**full, **emptied, "version": full["version"] + 1}


@pytest.mark.parametrize("name", ["title", "description"])
async def test_what_a_finding_needs_is_not_taken_away(world: World, name: str) -> None:
    nothing: Variables = {name: None}
    assert reasons(await edit(world, **nothing)) == [("INVALID", "required", [name])]


async def test_equal_texts_write_nothing_and_the_severity_stays(world: World) -> None:
    before = await stored(world, world.aurora.finding.id)
    same: Variables = {"title": before.description.title, "description": f" {before.description.description} "}
    assert (await edit(world, **same))["finding"]["version"] == before.version
    await edit(world, threat="Theft")
    after = await stored(world, world.aurora.finding.id)
    assert (after.severity, after.scored, after.release) == (before.severity, before.scored, before.release)


async def test_a_title_that_only_changes_its_case_is_the_findings_own(world: World) -> None:
    assert (await edit(world, title="INJECTION WEBSHOP"))["finding"]["title"] == "INJECTION WEBSHOP"
    taken = await edit(world, title="draft webshop")
    assert reasons(taken) == [("ALREADY_EXISTS", "title_taken", ["title"])]


async def test_the_former_title_is_free(world: World) -> None:
    await edit(world, title="Injection of code")
    assert reasons(await add(world, title="Injection webshop")) == []


async def test_versions_come_before_arguments_and_arguments_before_titles(world: World) -> None:
    version = (await stored(world, world.aurora.finding.id)).version
    await edit(world, threat="Theft")
    late = await edit(world, title="ab", version=version)
    assert reasons(late) == [("CONFLICT", "stale_version", [])]
    assert late["errors"][0]["currentVersion"] == version + 1
    assert reasons(await edit(world, title="draft webshop", description=" ", version=version + 1)) == [
        ("INVALID", "required", ["description"])
    ]


async def test_of_two_edits_with_one_version_one_wins(world: World) -> None:
    version = (await stored(world, world.aurora.finding.id)).version
    both = await asyncio.gather(*(edit(world, threat=text, version=version) for text in ("Theft", "Fraud")))
    assert sorted(reasons(payload) for payload in both) == [[], [("CONFLICT", "stale_version", [])]]
    assert (await stored(world, world.aurora.finding.id)).version == version + 1


async def test_without_a_version_an_edit_is_decided_again(world: World) -> None:
    seen = await stored(world, world.aurora.finding.id)

    async def others() -> None:
        await findings.describe(world.store, seen, {"threat": "Theft"}, world.stamp())

    variables = {"id": world.aurora.finding.id, "repair": "Mend it"}
    answer = await world.answer("hana", UPDATE, store=beaten(world, others), **variables)  # type: ignore[arg-type] # variables
    shown = answer.body["data"]["updateFinding"]["finding"]
    assert (shown["threat"], shown["recommendation"]) == ("Theft", "Mend it")


async def test_a_removed_finding_is_like_one_that_never_was(world: World) -> None:
    finding = (await add(world))["finding"]["id"]
    await remove(world, finding, RemovalJustification.EXCLUSION)
    assert reasons(await edit(world, id=finding, threat="Theft")) == [("NOT_FOUND", "not_found", ["id"])]


async def test_a_draft_is_edited_by_those_who_see_it(world: World) -> None:
    draft = world.aurora.draft_finding.id
    assert reasons(await edit(world, "uri", id=draft, threat="Theft")) == [("NOT_FOUND", "not_found", ["id"])]
    assert (await edit(world, "reto", id=draft, threat="Theft"))["finding"]["threat"] == "Theft"
