"""What others may see and what does not exist take the same calls of the store, so that time tells nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from packages.api.tests.conftest import uid
from packages.api.tests.test_import_mutation import sarif
from packages.api.tests.test_store_calls import counting

from integrates.api.guard.target import Target
from integrates.api.upload import in_memory
from integrates.db_model import forces

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

TREAT: Final = """(%s) { x: updateVulnerabilitiesTreatment(
  items: [%s], treatment: IN_PROGRESS, justification: "Because it is so.") { errors { code } } }"""
QUERIES: Final = {
    "organization": (Target.ORGANIZATION, "query ($id: ID!) { x: organization(id: $id) { id } }"),
    "organization by name": (Target.ORGANIZATION, "query ($id: String!) { x: organization(name: $id) { id } }"),
    "organization to change": (
        Target.ORGANIZATION,
        'mutation ($id: ID!) { x: updateOrganization(id: $id, country: "DE") { errors { code } } }',
    ),
    "group": (Target.GROUP, "query ($id: ID!) { x: group(name: $id) { id } }"),
    "group to change": (
        Target.GROUP,
        """mutation ($id: ID!) { x: addGitRoot(
           groupName: $id, url: "https://git.example/a", branch: "main", nickname: "another") { errors { code } } }""",
    ),
    "root": (Target.ROOT, "query ($id: ID!) { x: root(id: $id) { id } }"),
    "root beside": (
        Target.ROOT,
        """mutation ($id: ID!, $file: Upload!) { x: importVulnerabilities(groupName: "webshop", rootId: $id, file: $file) {
           errors { code } } }""",
    ),
    "root by nickname": (
        Target.ROOT_NICKNAME,
        """mutation ($id: String!, $file: Upload!) { x: compareScan(groupName: "webshop", rootNickname: $id, file: $file) {
           errors { code } } }""",
    ),
    "root of a report": (
        Target.ROOT,
        """mutation ($id: ID!, $mine: ID!) { x: addVulnerabilities(findingId: $mine, vulnerabilities: [
           {rootId: $id, type: LINES, technique: SCR, where: "new.py", specific: "1"}]) { errors { code path } } }""",
    ),
    "finding to report": (
        Target.FINDING,
        """mutation ($id: ID!, $root: ID!) { x: addVulnerabilities(findingId: $id, vulnerabilities: [
           {rootId: $root, type: LINES, technique: SCR, where: "new.py", specific: "1"}]) { errors { code path } } }""",
    ),
    "finding": (Target.FINDING, "query ($id: ID!) { x: finding(id: $id) { id } }"),
    "finding in the past": (
        Target.FINDING,
        'query ($id: ID!) { x: finding(id: $id, asOf: "2026-05-01T00:00:00Z") { id } }',
    ),
    "vulnerability": (Target.VULNERABILITY, "query ($id: ID!) { x: vulnerability(id: $id) { id } }"),
    "vulnerability in the past": (
        Target.VULNERABILITY,
        'query ($id: ID!) { x: vulnerability(id: $id, asOf: "2026-05-01T00:00:00Z") { id } }',
    ),
    "vulnerabilities": (Target.VULNERABILITY, f"mutation {TREAT % ('$id: ID!', '{id: $id}')}"),
    "vulnerabilities with own ones": (
        Target.VULNERABILITY,
        f"mutation {TREAT % ('$id: ID!, $own: ID!', '{id: $own}, {id: $id}')}",
    ),
    "environment url": (
        Target.ENVIRONMENT_URL,
        "mutation ($id: ID!) { x: removeEnvironmentUrl(id: $id) { errors { code } } }",
    ),
    "event": (Target.EVENT, "query ($id: ID!) { x: event(id: $id) { id } }"),
    "event to change": (
        Target.EVENT,
        'mutation ($id: ID!) { x: updateEvent(id: $id, description: "Another text") { errors { code } } }',
    ),
    "import": (Target.IMPORT, "query ($id: ID!) { x: import(id: $id) { id } }"),
    "forces execution": (
        Target.FORCES_EXECUTION,
        'query ($id: ID!) { x: forcesExecution(groupName: "cargo", id: $id) { id } }',
    ),
    "import of decisions": (Target.DECISION_IMPORT, "query ($id: ID!) { x: decisionImport(id: $id) { id } }"),
    "finding policy": (
        Target.FINDING_POLICY,
        "mutation ($id: ID!) { x: submitOrganizationFindingPolicy(id: $id) { errors { code } } }",
    ),
    "token": (Target.ACCESS_TOKEN, "mutation ($id: ID!) { x: revokeAccessToken(id: $id) { errors { code } } }"),
}
IMPORT: Final = """mutation ($root: ID!, $file: Upload!) {
  x: importVulnerabilities(groupName: "cargo", rootId: $root, file: $file) { import { id } errors { code } } }"""
DECIDE: Final = """mutation ($file: Upload!) {
  x: importDecisions(groupName: "cargo", file: $file) { decisionImport { id } errors { code } } }"""
OTHERWISE: Final = {Target.PLATFORM, Target.PARENT}
"""Kinds that no argument names."""


async def _foreign(world: World) -> dict[str, str]:
    """Return what names something of the other tenant, by the kind of query."""
    harbor = world.harbor
    token = 'mutation { addAccessToken(name: "nightly", expiresAt: "2026-06-01T00:00:00Z") { token { id } } }'
    made = (await world.data("uri2", token))["addAccessToken"]["token"]["id"]
    imported = (await world.data("greta2", IMPORT, root=harbor.root.id, file=in_memory("scan.sarif", sarif())))["x"]["import"]
    gate = {"id": world.new_id(), "strictness": "STRICT"}
    execution = await forces.execute(world.store, harbor.group, gate, world.stamp(), world.files)
    document = b'{"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}'
    decided = (await world.data("greta2", DECIDE, file=in_memory("acme.json", document)))["x"]["decisionImport"]
    return {
        Target.ORGANIZATION: harbor.organization.id,
        Target.GROUP: harbor.group.name,
        Target.ROOT: harbor.root.id,
        Target.ENVIRONMENT_URL: harbor.environment.id,
        Target.ROOT_NICKNAME: f"{harbor.root.info.nickname}-of-others",
        Target.FINDING: harbor.finding.id,
        Target.VULNERABILITY: harbor.vulnerable.id,
        Target.EVENT: harbor.event.id,
        Target.IMPORT: imported["id"],
        Target.FORCES_EXECUTION: execution.id,
        Target.DECISION_IMPORT: decided["id"],
        Target.FINDING_POLICY: harbor.policy.id,
        Target.ACCESS_TOKEN: made,
    }


async def _calls(world: World, query: str, identity: str) -> tuple[list[str], Any]:
    calls: list[str] = []
    given: dict[str, Any] = {
        "id": identity,
        "own": world.aurora.vulnerable.id,
        "mine": world.aurora.finding.id,
        "root": world.aurora.root.id,
        "file": in_memory("scan.sarif", b"{}"),
    }
    declared = {name: value for name, value in given.items() if f"${name}: " in query}
    answer = await world.answer("greta", query, store=counting(world.store, calls), **declared)
    return calls, answer.body["data"]


@pytest.mark.parametrize("kind", QUERIES)
async def test_what_is_foreign_and_what_does_not_exist_are_read_alike(world: World, kind: str) -> None:
    target, query = QUERIES[kind]
    foreign = "harbor" if kind == "organization by name" else (await _foreign(world))[target]
    unknown = "nothing" if target is Target.GROUP or kind == "organization by name" else uid(987_654)
    assert await _calls(world, query, foreign) == await _calls(world, query, unknown)


def test_every_kind_of_target_is_asked_for() -> None:
    assert {target for target, _ in QUERIES.values()} == set(Target) - OTHERWISE
