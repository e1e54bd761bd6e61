"""Finding policies through the API: who may do what, each refusal, and the work in the background."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import ANCHOR, uid
from packages.api.tests.test_import_mutation import sarif
from packages.api.tests.test_walker import token_of

from integrates.api.authorization.actor import Actor, Means
from integrates.api.execute import execute
from integrates.api.finding_policy.work import apply_unfinished
from integrates.api.upload import in_memory
from integrates.db_model.entity.work import LEASE
from integrates.db_model.errors import Gone, Unavailable
from integrates.db_model.finding_policies.commands import unfinished_policies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.api.tests.conftest import World

SHOWN = "id title tags state version applicationStatus processed"
REST = f"findingPolicy {{ {SHOWN} }} errors {{ code reason path currentVersion }}"
ADD = f"""mutation ($organization: ID!, $title: String!, $tags: [String!]) {{
  x: addOrganizationFindingPolicy(organizationId: $organization, title: $title, tags: $tags) {{ {REST} }} }}"""
ACTS = {
    "approve": f"""mutation ($id: ID!, $version: Int) {{
      x: handleOrganizationFindingPolicy(id: $id, approve: true, expectedVersion: $version) {{ {REST} }} }}""",
    "reject": f"""mutation ($id: ID!, $version: Int) {{
      x: handleOrganizationFindingPolicy(id: $id, approve: false, expectedVersion: $version) {{ {REST} }} }}""",
    "deactivate": f"""mutation ($id: ID!, $version: Int) {{
      x: deactivateOrganizationFindingPolicy(id: $id, expectedVersion: $version) {{ {REST} }} }}""",
    "submit": f"""mutation ($id: ID!, $version: Int) {{
      x: submitOrganizationFindingPolicy(id: $id, expectedVersion: $version) {{ {REST} }} }}""",
}
LIST = f'{{ organization(name: "aurora") {{ findingPolicies {{ {SHOWN} }} }} }}'
TREATMENT = """query ($id: ID!) { vulnerability(id: $id) {
  treatment { status acceptanceStatus by policy { title } } tags } }"""


async def add(world: World, person: str, title: str, **given: Any) -> Any:
    return (await world.data(person, ADD, organization=world.aurora.organization.id, title=title, **given))["x"]


async def act(world: World, person: str, name: str, identity: str | None = None, **given: Any) -> Any:
    return (await world.data(person, ACTS[name], id=identity or world.aurora.policy.id, **given))["x"]


async def settled(world: World) -> None:
    """Wait for what goes on in the background."""
    while world.tasks:
        await world.tasks.pop()


async def policies(world: World, person: str = "uri") -> Any:
    return {one["title"]: one for one in (await world.data(person, LIST))["organization"]["findingPolicies"]}


async def asked(world: World) -> str:
    """Ask for a policy for the findings of the group, as somebody without a special role, and return its id."""
    payload = await add(world, "uri", world.aurora.finding.description.title.upper(), tags=["by-policy"])
    assert payload["errors"] == []
    return str(payload["findingPolicy"]["id"])


async def test_a_policy_from_the_question_to_the_end(world: World) -> None:
    identity, title = await asked(world), world.aurora.finding.description.title.upper()
    assert (await policies(world))[title] == {
        "id": identity,
        "title": title,
        "tags": ["by-policy"],
        "state": "SUBMITTED",
        "version": 1,
        "applicationStatus": None,
        "processed": None,
    }
    approved = await act(world, "olga", "approve", identity)
    assert approved["findingPolicy"]["state"] == "APPROVED"
    assert approved["findingPolicy"]["applicationStatus"] in {"PENDING", "RUNNING"}
    await settled(world)
    found = (await policies(world))[title]
    assert (found["applicationStatus"], found["processed"], found["version"]) == ("DONE", 2, 2)
    for one in (world.aurora.vulnerable, world.aurora.safe):
        shown = (await world.data("uri", TREATMENT, id=one.id))["vulnerability"]
        assert shown == {
            "treatment": {
                "status": "ACCEPTED_UNDEFINED",
                "acceptanceStatus": "APPROVED",
                "by": "olga@demo.example",
                "policy": {"title": title},
            },
            "tags": ["by-policy"],
        }
    hidden = (await world.data("greta", TREATMENT, id=world.aurora.hidden.id))["vulnerability"]
    assert hidden["treatment"]["policy"] is None
    ended = await act(world, "ada", "deactivate", identity)
    assert ended["findingPolicy"]["state"] == "INACTIVE"
    await settled(world)
    shown = (await world.data("uri", TREATMENT, id=world.aurora.safe.id))["vulnerability"]
    assert (shown["treatment"]["status"], shown["treatment"]["policy"], shown["tags"]) == ("UNTREATED", None, [])
    assert (await act(world, "hana", "submit", identity))["findingPolicy"]["state"] == "SUBMITTED"
    assert (await act(world, "olga", "reject", identity))["findingPolicy"]["state"] == "REJECTED"
    history = await world.data(
        "olga", '{ organization(name: "aurora") { findingPolicies { title history(first: 9) { nodes { operation by } } } } }'
    )
    told = next(one for one in history["organization"]["findingPolicies"] if one["title"] == title)["history"]["nodes"]
    assert [one["operation"] for one in told] == [
        "add_organization_finding_policy",
        "handle_organization_finding_policy",
        "deactivate_organization_finding_policy",
        "submit_organization_finding_policy",
        "handle_organization_finding_policy",
    ]


async def test_an_import_meets_the_policy(world: World) -> None:
    """What it reports for the first time, and again, is accepted in the same transaction."""
    text = """mutation ($root: ID!, $file: Upload!) { x: importVulnerabilities(
      groupName: "webshop", rootId: $root, file: $file) { import { state counts { created reopened } } errors { reason } } }"""

    async def run(*results: tuple[str, str, int]) -> Any:
        given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(*results))}
        payload = (await world.data("hana", text, **given))["x"]
        assert payload["errors"] == []
        return payload["import"]["counts"]

    await run(("r1", "app/a.py", 1))
    await run()
    group = '{ group(name: "webshop") { findings(first: 9) { nodes { title rule { ruleId } } } } }'
    findings = (await world.data("greta", group))["group"]["findings"]["nodes"]
    title = next(one["title"] for one in findings if one["rule"] and one["rule"]["ruleId"] == "r1")
    identity = (await add(world, "uri", title))["findingPolicy"]["id"]
    await act(world, "olga", "approve", identity)
    await settled(world)
    assert await run(("r1", "app/a.py", 1), ("r1", "app/b.py", 1), ("r2", "app/c.py", 1)) == {"created": 2, "reopened": 1}
    shown = """{ group(name: "webshop") { vulnerabilities(first: 50, filter: {states: [VULNERABLE]}) {
      nodes { where treatment { status by policy { id } } } } } }"""
    nodes = (await world.data("uri", shown))["group"]["vulnerabilities"]["nodes"]
    found = {one["where"]: one["treatment"] for one in nodes if one["where"].startswith("app/")}
    accepted = {"status": "ACCEPTED_UNDEFINED", "by": "olga@demo.example", "policy": {"id": identity}}
    assert (found["app/a.py"], found["app/b.py"]) == (accepted, accepted)
    assert found["app/c.py"]["policy"] is None


REFUSALS: list[tuple[list[str], str, str]] = [
    ([], "deactivate", "NOT_APPROVED"),
    ([], "submit", "ALREADY_ACTIVE"),
    (["approve"], "approve", "NOT_SUBMITTED"),
    (["approve"], "reject", "NOT_SUBMITTED"),
    (["approve"], "submit", "ALREADY_ACTIVE"),
    (["reject"], "approve", "NOT_SUBMITTED"),
    (["reject"], "deactivate", "NOT_APPROVED"),
    (["approve", "deactivate"], "deactivate", "NOT_APPROVED"),
    (["approve", "deactivate"], "approve", "NOT_SUBMITTED"),
]


@pytest.mark.parametrize(("before", "name", "reason"), REFUSALS)
async def test_each_wrong_state_is_refused(world: World, before: list[str], name: str, reason: str) -> None:
    for each in before:
        assert (await act(world, "olga", each))["errors"] == []
    payload = await act(world, "olga", name)
    refused = {"code": "INVALID", "reason": reason, "path": ["id"], "currentVersion": None}
    assert payload == {"findingPolicy": None, "errors": [refused]}


async def test_a_taken_title(world: World) -> None:
    payload = await add(world, "uri", "ACCEPTED by Policy")
    assert [(one["code"], one["reason"], one["path"]) for one in payload["errors"]] == [
        ("ALREADY_EXISTS", "TITLE_TAKEN", ["title"])
    ]


@pytest.mark.parametrize(
    ("given", "path", "reason"),
    [
        ({"title": "ab"}, ["title"], "TOO_SHORT"),
        ({"title": "x" * 201}, ["title"], "TOO_LONG"),
        ({"title": "=cmd()"}, ["title"], "BAD_FORMAT"),
        ({"title": "two\nlines"}, ["title"], "BAD_CHARACTERS"),
        ({"title": "Fine", "tags": ["No!"]}, ["tags", "0"], "BAD_CHARACTERS"),
        ({"title": "Fine", "tags": [f"tag-{number}" for number in range(21)]}, ["tags"], "TOO_MANY_ITEMS"),
        ({"title": "Fine", "tags": ["a" * 31]}, ["tags", "0"], "TOO_LONG"),
    ],
)
async def test_bad_arguments(world: World, given: dict[str, Any], path: list[str], reason: str) -> None:
    payload = await add(world, "uri", **given)
    assert [(one["reason"], one["path"]) for one in payload["errors"]] == [(reason, path)]
    assert len(await policies(world)) == 1


@pytest.mark.parametrize("name", ACTS)
async def test_an_old_version_is_told_with_the_new_one(world: World, name: str) -> None:
    payload = await act(world, "olga", name, version=7)
    assert [(one["code"], one["reason"], one["currentVersion"]) for one in payload["errors"]] == [
        ("CONFLICT", "STALE_VERSION", 1)
    ]


@pytest.mark.parametrize("name", ["approve", "reject", "deactivate"])
@pytest.mark.parametrize("person", ["uri", "greta", "hana"])
async def test_only_managers_of_the_organization_answer(world: World, person: str, name: str) -> None:
    payload = await act(world, person, name)
    assert [(one["code"], one["reason"]) for one in payload["errors"]] == [("FORBIDDEN", "MISSING_PERMISSION")]
    assert (await policies(world))["Accepted by policy"]["version"] == 1


@pytest.mark.parametrize("name", ACTS)
async def test_another_tenant_finds_nothing(world: World, name: str) -> None:
    foreign, none = await act(world, "olga2", name), await act(world, "olga2", name, uid(987_654))
    assert foreign == none
    assert [one["code"] for one in foreign["errors"]] == ["NOT_FOUND"]
    payload = (await world.data("olga2", ADD, organization=world.aurora.organization.id, title="Of a stranger"))["x"]
    assert [one["code"] for one in payload["errors"]] == ["NOT_FOUND"]


async def test_the_ci_identity_sees_no_policy_of_the_organization(world: World) -> None:
    identity = await asked(world)
    await act(world, "olga", "approve", identity)
    await settled(world)
    await token_of(world, "webshop")
    call = replace(world.call("uri"), actor=Actor("service:forces:webshop", Means.CI_TOKEN))
    answer = await execute(world.api, {"query": TREATMENT, "variables": {"id": world.aurora.vulnerable.id}}, call)
    treatment = answer.body["data"]["vulnerability"]["treatment"]
    assert (treatment["status"], treatment["policy"]) == ("ACCEPTED_UNDEFINED", None)


async def test_of_two_answers_at_once_one_wins(world: World) -> None:
    payloads = await asyncio.gather(act(world, "olga", "approve"), act(world, "ada", "reject"))
    assert sorted(len(one["errors"]) for one in payloads) == [0, 1]
    lost = next(one for one in payloads if one["errors"])
    assert lost["errors"][0]["reason"] in {"NOT_SUBMITTED", "CONCURRENT_CHANGE"}


async def test_what_was_cut_off_is_taken_up_by_the_service(world: World, caplog: pytest.LogCaptureFixture) -> None:
    identity, count = await asked(world), 0

    async def write(changes: Sequence[Any]) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise Unavailable("for a moment")
        await world.store.write(changes)

    await world.answer("olga", ACTS["approve"], store=replace(world.store, write=write), id=identity)
    await settled(world)
    assert "was interrupted" in caplog.text
    assert await unfinished_policies(world.store) == (identity,)
    assert await apply_unfinished(world.store, world.now, world.new_id, lambda: True) == LEASE
    assert await unfinished_policies(world.store) == (identity,), "a service that stops begins nothing"
    assert await apply_unfinished(world.store, world.now, world.new_id, lambda: False) == LEASE
    assert await unfinished_policies(world.store) == ()
    found = (await policies(world))[world.aurora.finding.description.title.upper()]
    assert (found["applicationStatus"], found["processed"]) == ("DONE", 2)


async def test_the_service_looks_again_when_lists_have_caught_up(world: World) -> None:
    identity = await asked(world)
    lagging = replace(world.store, index_delay=30.0)
    await world.answer("olga", ACTS["approve"], store=lagging, id=identity)
    await settled(world)
    after = await apply_unfinished(lagging, world.now, world.new_id, lambda: False)
    assert timedelta(seconds=29) < after <= timedelta(seconds=30)
    later = ANCHOR + timedelta(minutes=5)
    assert await apply_unfinished(lagging, lambda: later, world.new_id, lambda: False) == LEASE
    assert await unfinished_policies(world.store) == ()


async def test_a_store_that_is_gone_ends_the_looking(world: World) -> None:
    await act(world, "olga", "approve")
    await settled(world)

    async def query(_queries: Any) -> Any:
        raise Gone("removed")

    with pytest.raises(Gone):
        await apply_unfinished(replace(world.store, query=query), world.now, world.new_id, lambda: False)
