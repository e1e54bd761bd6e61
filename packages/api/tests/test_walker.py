"""Walks every query and mutation as every person of two tenants, with the ids of the other tenant."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_store_calls import counting

from integrates.api.authorization.actor import Actor, Means
from integrates.api.execute import execute
from integrates.api.upload import in_memory
from integrates.db_model import forces
from integrates.db_model.access.rules import ci_identity
from integrates.db_model.errors import Corrupt, Unavailable
from integrates.db_model.testing.scene import address_of
from integrates.db_model.tokens.ci import issue_ci_token

if TYPE_CHECKING:
    from packages.api.tests.conftest import Tenant, World

    from integrates.api.request.answer import Answer
    from integrates.db_model.store.port import Store

NOWHERE = "99999999-9999-4999-8999-999999999999"
NO_NAME = "nothing-here"
MARKER = "arn:aws:secret-of-ours"
PEOPLE = ("greta", "vera", "uri", "hana", "reto", "remy", "olga", "otto")
QUERIES = {
    "organization(id)": "query ($organization: ID!) { organization(id: $organization) { name } }",
    "organization(name)": "query ($organizationName: String!) { organization(name: $organizationName) { id } }",
    "group": "query ($group: ID!) { group(name: $group) { name } }",
    "root": "query ($root: ID!) { root(id: $root) { id } }",
    "finding": "query ($finding: ID!) { finding(id: $finding) { id } }",
    "finding(asOf)": "query ($finding: ID!, $at: DateTime) { finding(id: $finding, asOf: $at) { id } }",
    "vulnerability": "query ($vulnerability: ID!) { vulnerability(id: $vulnerability) { id } }",
    "vulnerability(asOf)": "query ($vulnerability: ID!, $at: DateTime) { vulnerability(id: $vulnerability, asOf: $at) { id } }",
    "event": "query ($event: ID!) { event(id: $event) { id } }",
    "import": "query ($import: ID!) { import(id: $import) { id } }",
    "forcesExecution": "query ($group: ID!, $execution: ID!) { forcesExecution(groupName: $group, id: $execution) { id } }",
    "decisionImport": "query ($decisions: ID!) { decisionImport(id: $decisions) { id } }",
}
ERRORS = "errors { code reason message path currentVersion }"
MUTATIONS = {
    "addEvent": f"""mutation ($group: ID!, $root: ID!) {{
      addEvent(groupName: $group, type: OTHER, description: "Down", eventDate: "2026-04-30T00:00:00Z", rootId: $root) {{
        event {{ id }} {ERRORS} }} }}""",
    "addEventComment": f"""mutation ($event: ID!) {{
      addEventComment(eventId: $event, content: "Hello") {{ comment {{ id }} {ERRORS} }} }}""",
    "updateEvent": f"""mutation ($event: ID!) {{
      updateEvent(id: $event, description: "Down again") {{ event {{ id }} {ERRORS} }} }}""",
    "requestEventVerification": f"""mutation ($event: ID!) {{
      requestEventVerification(id: $event, comments: "For the walker.") {{ event {{ id }} {ERRORS} }} }}""",
    "rejectEventSolution": f"""mutation ($event: ID!) {{
      rejectEventSolution(id: $event, comments: "For the walker.") {{ event {{ id }} {ERRORS} }} }}""",
    "requestVulnerabilitiesHold": f"""mutation ($vulnerability: ID!, $event: ID!) {{
      requestVulnerabilitiesHold(items: [{{id: $vulnerability}}], eventId: $event)
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "solveEvent": f"""mutation ($event: ID!) {{
      solveEvent(id: $event, reason: OTHER, other: "For the walker.") {{ event {{ id }} {ERRORS} }} }}""",
    "addFinding": f"""mutation ($group: ID!) {{
      addFinding(groupName: $group, title: "Another", description: "Another") {{ finding {{ id }} {ERRORS} }} }}""",
    "addFindingComment": f"""mutation ($finding: ID!) {{
      addFindingComment(findingId: $finding, type: CONSULT, content: "Hello") {{ comment {{ id }} {ERRORS} }} }}""",
    "addForcesExecution": f"""mutation ($group: ID!, $execution: ID!) {{
      addForcesExecution(groupName: $group, id: $execution, strictness: STRICT) {{ execution {{ id }} {ERRORS} }} }}""",
    "addGroupComment": f"""mutation ($group: ID!) {{
      addGroupComment(groupName: $group, content: "Hello") {{ comment {{ id }} {ERRORS} }} }}""",
    "addGroupMember": f"""mutation ($group: ID!) {{
      addGroupMember(groupName: $group, email: "walker@demo.example", role: USER) {{ member {{ id }} {ERRORS} }} }}""",
    "updateStakeholderRole": f"""mutation ($member: ID!) {{
      updateStakeholderRole(email: $member, role: USER) {{ stakeholder {{ id }} {ERRORS} }} }}""",
    "removeStakeholder": f"""mutation ($member: ID!) {{ removeStakeholder(email: $member) {{ id {ERRORS} }} }}""",
    "updateGroupMember": f"""mutation ($group: ID!, $member: String!) {{
      updateGroupMember(groupName: $group, email: $member, role: USER) {{ member {{ id }} {ERRORS} }} }}""",
    "removeGroupMember": f"""mutation ($group: ID!, $member: String!) {{
      removeGroupMember(groupName: $group, email: $member) {{ id {ERRORS} }} }}""",
    "updateOrganizationMember": f"""mutation ($organization: ID!, $member: String!) {{
      updateOrganizationMember(organizationId: $organization, email: $member, role: USER) {{ member {{ id }} {ERRORS} }} }}""",
    "removeOrganizationMember": f"""mutation ($organization: ID!, $member: String!) {{
      removeOrganizationMember(organizationId: $organization, email: $member) {{ id {ERRORS} }} }}""",
    "addOrganizationMember": f"""mutation ($organization: ID!) {{
      addOrganizationMember(organizationId: $organization, email: "walker@demo.example", role: USER) {{
      member {{ id }} {ERRORS} }} }}""",
    "addGroup": f"""mutation ($organization: ID!) {{
      addGroup(organizationId: $organization, name: "another", description: "Another") {{ group {{ name }} {ERRORS} }} }}""",
    "addGitRoot": f"""mutation ($group: ID!) {{
      addGitRoot(groupName: $group, url: "https://git.example/new", branch: "main") {{ root {{ id }} {ERRORS} }} }}""",
    "addImageRoot": f"""mutation ($group: ID!) {{
      addImageRoot(groupName: $group, reference: "new") {{ root {{ id }} {ERRORS} }} }}""",
    "addIpRoot": f"""mutation ($group: ID!) {{
      addIpRoot(groupName: $group, address: "192.0.2.7", nickname: "new") {{ root {{ id }} {ERRORS} }} }}""",
    "addUrlRoot": f"""mutation ($group: ID!) {{
      addUrlRoot(groupName: $group, url: "https://new.example", nickname: "new") {{ root {{ id }} {ERRORS} }} }}""",
    "addVulnerabilities": f"""mutation ($finding: ID!, $root: ID!) {{ addVulnerabilities(findingId: $finding, vulnerabilities: [
      {{rootId: $root, type: LINES, technique: SCR, where: "new.py", specific: "1"}}])
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "addOrganizationFindingPolicy": f"""mutation ($organization: ID!) {{
      addOrganizationFindingPolicy(organizationId: $organization, title: "For the walker") {{
      findingPolicy {{ id }} {ERRORS} }} }}""",
    "handleOrganizationFindingPolicy": f"""mutation ($policy: ID!) {{
      handleOrganizationFindingPolicy(id: $policy, approve: false) {{ findingPolicy {{ id }} {ERRORS} }} }}""",
    "deactivateOrganizationFindingPolicy": f"""mutation ($policy: ID!) {{
      deactivateOrganizationFindingPolicy(id: $policy) {{ findingPolicy {{ id }} {ERRORS} }} }}""",
    "submitOrganizationFindingPolicy": f"""mutation ($policy: ID!) {{
      submitOrganizationFindingPolicy(id: $policy) {{ findingPolicy {{ id }} {ERRORS} }} }}""",
    "compareScan": f"""mutation ($group: ID!, $root: ID!, $file: Upload!) {{
      compareScan(groupName: $group, rootId: $root, file: $file) {{ comparison {{ new }} {ERRORS} }} }}""",
    "importDecisions": f"""mutation ($group: ID!, $root: ID!, $file: Upload!) {{
      importDecisions(groupName: $group, rootId: $root, file: $file) {{ decisionImport {{ id }} {ERRORS} }} }}""",
    "importVulnerabilities": f"""mutation ($group: ID!, $root: ID!, $file: Upload!) {{
      importVulnerabilities(groupName: $group, rootId: $root, file: $file) {{ import {{ id }} {ERRORS} }} }}""",
    "removeEventEvidence": f"""mutation ($event: ID!) {{
      removeEventEvidence(id: $event, slot: FILE_1) {{ event {{ id }} {ERRORS} }} }}""",
    "removeFinding": f"""mutation ($finding: ID!) {{
      removeFinding(id: $finding, justification: DUPLICATED) {{ id {ERRORS} }} }}""",
    "removeFindingEvidence": f"""mutation ($finding: ID!) {{
      removeFindingEvidence(id: $finding, slot: RECORDS) {{ finding {{ id }} {ERRORS} }} }}""",
    "confirmVulnerabilities": f"""mutation ($vulnerability: ID!) {{
      confirmVulnerabilities(items: [{{id: $vulnerability}}]) {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "rejectVulnerabilities": f"""mutation ($vulnerability: ID!) {{
      rejectVulnerabilities(items: [{{id: $vulnerability}}], reasons: [NAMING]) {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "removeVulnerabilities": f"""mutation ($vulnerability: ID!) {{
      removeVulnerabilities(items: [{{id: $vulnerability}}], justification: DUPLICATED) {{ ids {ERRORS} }} }}""",
    "reopenVulnerabilities": f"""mutation ($vulnerability: ID!) {{
      reopenVulnerabilities(items: [{{id: $vulnerability}}], justification: "For the walker.")
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "resubmitVulnerabilities": f"""mutation ($vulnerability: ID!) {{
      resubmitVulnerabilities(items: [{{id: $vulnerability}}]) {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "issueForcesToken": f"mutation ($group: ID!) {{ issueForcesToken(groupName: $group) {{ token {{ id }} {ERRORS} }} }}",
    "revokeAccessToken": f"mutation ($token: ID!) {{ revokeAccessToken(id: $token) {{ id {ERRORS} }} }}",
    "revokeForcesToken": f"mutation ($group: ID!) {{ revokeForcesToken(groupName: $group) {{ id {ERRORS} }} }}",
    "resumeImport": f"""mutation ($import: ID!) {{ resumeImport(id: $import) {{ import {{ id }} {ERRORS} }} }}""",
    "updateFinding": f"""mutation ($finding: ID!) {{
      updateFinding(id: $finding, threat: "New") {{ finding {{ id }} {ERRORS} }} }}""",
    "updateEventEvidence": f"""mutation ($event: ID!, $file: Upload!) {{
      updateEventEvidence(id: $event, slot: FILE_1, file: $file) {{ event {{ id }} {ERRORS} }} }}""",
    "updateFindingEvidence": f"""mutation ($finding: ID!, $file: Upload!) {{
      updateFindingEvidence(id: $finding, slot: EXPLOITATION, file: $file) {{ finding {{ id }} {ERRORS} }} }}""",
    "updateFindingSeverity": f"""mutation ($finding: ID!) {{ updateFindingSeverity(id: $finding,
      cvssV3: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N") {{ finding {{ id }} {ERRORS} }} }}""",
    "addEnvironmentUrl": f"""mutation ($root: ID!) {{
      addEnvironmentUrl(rootId: $root, url: "https://new.example", urlType: URL) {{ environmentUrl {{ id }} {ERRORS} }} }}""",
    "removeEnvironmentUrl": f"""mutation ($environment: ID!) {{ removeEnvironmentUrl(id: $environment) {{ id {ERRORS} }} }}""",
    "activateRoot": f"""mutation ($root: ID!) {{ activateRoot(id: $root) {{ root {{ id }} {ERRORS} }} }}""",
    "deactivateRoot": f"""mutation ($root: ID!) {{
      deactivateRoot(id: $root, reason: OUT_OF_SCOPE) {{ root {{ id }} {ERRORS} }} }}""",
    "updateGitRoot": f"""mutation ($root: ID!) {{ updateGitRoot(id: $root, branch: "new") {{ root {{ id }} {ERRORS} }} }}""",
    "updateImageRoot": f"""mutation ($root: ID!) {{
      updateImageRoot(id: $root, reference: "new") {{ root {{ id }} {ERRORS} }} }}""",
    "updateIpRoot": f"""mutation ($root: ID!) {{ updateIpRoot(id: $root, nickname: "new") {{ root {{ id }} {ERRORS} }} }}""",
    "updateUrlRoot": f"""mutation ($root: ID!) {{ updateUrlRoot(id: $root, nickname: "new") {{ root {{ id }} {ERRORS} }} }}""",
    "updateOrganization": f"""mutation ($organization: ID!) {{
      updateOrganization(id: $organization, country: "CO") {{ organization {{ id }} {ERRORS} }} }}""",
    "updateOrganizationPolicies": f"""mutation ($organization: ID!) {{
      updateOrganizationPolicies(id: $organization, policies: {{maxAcceptanceDays: 7}})
      {{ organization {{ id }} {ERRORS} }} }}""",
    "removeOrganization": f"""mutation ($organization: ID!) {{ removeOrganization(id: $organization) {{ id {ERRORS} }} }}""",
    "updateGroup": f"""mutation ($group: ID!) {{
      updateGroup(name: $group, description: "For the walker") {{ group {{ name }} {ERRORS} }} }}""",
    "updateGroupPolicies": f"""mutation ($group: ID!) {{
      updateGroupPolicies(name: $group, policies: {{maxAcceptanceDays: 7}}) {{ group {{ name }} {ERRORS} }} }}""",
    "resetGroupPolicies": f"""mutation ($group: ID!) {{
      resetGroupPolicies(name: $group) {{ group {{ name }} {ERRORS} }} }}""",
    "removeGroup": f"""mutation ($group: ID!) {{
      removeGroup(name: $group, reason: MISTAKE) {{ id {ERRORS} }} }}""",
    "updateVulnerabilitiesTreatment": f"""mutation ($vulnerability: ID!) {{
      updateVulnerabilitiesTreatment(items: [{{id: $vulnerability}}], treatment: UNTREATED, justification: "For the walker.")
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "confirmVulnerabilitiesZeroRisk": f"""mutation ($vulnerability: ID!) {{
      confirmVulnerabilitiesZeroRisk(items: [{{id: $vulnerability}}], justification: "For the walker.")
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "handleVulnerabilitiesAcceptance": f"""mutation ($vulnerability: ID!) {{
      handleVulnerabilitiesAcceptance(items: [{{id: $vulnerability}}], approve: true, justification: "For the walker.")
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "rejectVulnerabilitiesZeroRisk": f"""mutation ($vulnerability: ID!) {{
      rejectVulnerabilitiesZeroRisk(items: [{{id: $vulnerability}}], justification: "For the walker.")
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "requestVulnerabilitiesVerification": f"""mutation ($vulnerability: ID!) {{
      requestVulnerabilitiesVerification(items: [{{id: $vulnerability}}], justification: "For the walker.")
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "requestVulnerabilitiesZeroRisk": f"""mutation ($vulnerability: ID!) {{
      requestVulnerabilitiesZeroRisk(items: [{{id: $vulnerability}}], justification: "For the walker.")
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "verifyVulnerabilities": f"""mutation ($vulnerability: ID!) {{
      verifyVulnerabilities(open: [], closed: [{{id: $vulnerability}}], justification: "For the walker.")
      {{ vulnerabilities {{ id }} {ERRORS} }} }}""",
    "updateVulnerabilityLabels": f"""mutation ($vulnerability: ID!) {{
      updateVulnerabilityLabels(id: $vulnerability, tags: ["walked"]) {{ vulnerability {{ id }} {ERRORS} }} }}""",
    "updateVulnerabilitySeverity": f"""mutation ($vulnerability: ID!) {{
      updateVulnerabilitySeverity(id: $vulnerability, cvssV3: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
      {{ vulnerability {{ id }} {ERRORS} }} }}""",
}
DECIDERS = {"ada", "olga", "greta", "vera", "uri"}
"""Those who may import decisions, and see what came of that."""
OWN = {"acknowledgeConcurrentSession", "addOrganization", "addAccessToken", "removeMe", "updateMe"}
"""Mutations without an object of a tenant."""


def ids_of(tenant: Tenant, run: str) -> dict[str, Any]:
    return {
        "organization": tenant.organization.id,
        "organizationName": tenant.organization.info.name,
        "group": tenant.group.name,
        "member": address_of("uri" if tenant.group.name == "webshop" else "uri2"),
        "root": tenant.root.id,
        "finding": tenant.finding.id,
        "vulnerability": tenant.vulnerable.id,
        "environment": tenant.environment.id,
        "event": tenant.event.id,
        "policy": tenant.policy.id,
        "import": run,
        "execution": run,
        "decisions": NOWHERE,
        "token": NOWHERE,
        "at": "2026-04-30T00:00:00Z",
        "file": in_memory("scan.sarif", b"{}"),
    }


def no_ids() -> dict[str, Any]:
    kinds = (
        "organization",
        "root",
        "finding",
        "vulnerability",
        "environment",
        "event",
        "policy",
        "import",
        "execution",
        "decisions",
        "token",
    )
    ids = dict.fromkeys(kinds, NOWHERE)
    names = dict.fromkeys(("organizationName", "group"), NO_NAME)
    return {
        **ids,
        **names,
        "member": address_of("nobody"),
        "at": "2026-04-30T00:00:00Z",
        "file": in_memory("scan.sarif", b"{}"),
    }


def taken(query: str, ids: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in ids.items() if f"${name}:" in query}


async def token_of(world: World, group_name: str) -> str:
    """Issue a token of the group's CI identity; return its id."""
    return (await issue_ci_token(world.store, group_name, world.stamp(), world.new_id(), "0" * 64)).id


async def answered(world: World, who: Actor, query: str, ids: dict[str, Any]) -> tuple[Answer, list[str]]:
    """Return the answer about what the ids name, and the calls of the store that it took."""
    calls: list[str] = []
    call = replace(world.call("uri", store=counting(world.store, calls)), actor=who)
    return await execute(world.api, {"query": query, "variables": taken(query, ids)}, call), calls


async def run_of(world: World, name: str, tenant: Tenant) -> str:
    """Make an import and, with the same id, an execution of the gate; return the id."""
    empty = b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint"}}, "results": []}]}'
    ids = {**ids_of(tenant, ""), "file": in_memory("scan.sarif", empty)}
    query = MUTATIONS["importVulnerabilities"]
    payload = (await world.data(name, query, **taken(query, ids)))["importVulnerabilities"]
    assert payload["errors"] == []
    made = str(payload["import"]["id"])
    await forces.execute(world.store, tenant.group, {"id": made, "strictness": "STRICT"}, world.stamp(), world.files)
    return made


async def decisions_of(world: World, name: str, tenant: Tenant) -> str:
    """Import decisions about nothing; return the id of the import."""
    empty = b'{"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}'
    ids = {**ids_of(tenant, ""), "file": in_memory("acme.json", empty)}
    query = MUTATIONS["importDecisions"]
    payload = (await world.data(name, query, **taken(query, ids)))["importDecisions"]
    assert payload["errors"] == []
    return str(payload["decisionImport"]["id"])


def test_the_walk_is_complete(world: World) -> None:
    schema = world.api.schema
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    assert {name.split("(")[0] for name in QUERIES} | {"me", "stakeholders"} == set(schema.query_type.fields)
    assert MUTATIONS.keys() | OWN == set(schema.mutation_type.fields), "name each mutation in MUTATIONS or OWN"


@pytest.mark.parametrize("suffix", ["", "2"])
async def test_the_other_tenant_looks_like_nothing_and_costs_as_much(world: World, suffix: str) -> None:
    own, other = (world.aurora, world.harbor) if not suffix else (world.harbor, world.aurora)
    runs = {tenant.group.name: await run_of(world, "ada", tenant) for tenant in (own, other)}
    tokens = {tenant.group.name: await token_of(world, tenant.group.name) for tenant in (own, other)}
    decisions = await decisions_of(world, "ada", other)
    theirs = {**ids_of(other, runs[other.group.name]), "token": tokens[other.group.name], "decisions": decisions}
    people = [Actor(address_of(name if name == "otto" else name + suffix), Means.SESSION) for name in PEOPLE]
    for who in (*people, Actor(ci_identity(own.group.name), Means.CI_TOKEN)):
        for query in (*QUERIES.values(), *MUTATIONS.values()):
            seen, missing = [await answered(world, who, query, ids) for ids in (theirs, no_ids())]
            assert seen == missing, (who.email, query)


@pytest.mark.parametrize("person", [*PEOPLE[:-1], "ada"])
async def test_people_see_their_own_tenant(world: World, person: str) -> None:
    ids = ids_of(world.aurora, await run_of(world, "ada", world.aurora))
    ids |= {"decisions": await decisions_of(world, "ada", world.aurora)}
    for label, query in QUERIES.items():
        shown = await world.data(person, query, **taken(query, ids))
        is_seen = label != "decisionImport" or person in DECIDERS
        assert (None not in shown.values()) is is_seen, (person, label)


async def test_nested_paths_and_filters_lead_nowhere_else(world: World) -> None:
    run = await run_of(world, "ada", world.harbor)
    query = """query ($root: ID!) { me { groups { name imports(rootId: $root, first: 5) { nodes { id } }
      vulnerabilities(filter: {rootId: $root}, first: 5) { nodes { id } totalCount } } organizations { groups { name } } } }"""
    foreign = await world.answer("uri", query, root=world.harbor.root.id)
    assert foreign == await world.answer("uri", query, root=NOWHERE)
    assert run not in str(foreign.body)
    assert [group["name"] for group in foreign.body["data"]["me"]["groups"]] == ["webshop"]


async def test_tenants_interleaved_on_one_process_do_not_mix(world: World) -> None:
    query = "{ me { groups { name findings(first: 5) { nodes { title } } } } }"
    names = ["uri", "uri2"] * 500
    answers = await asyncio.gather(*(world.data(name, query) for name in names))
    for name, answer in zip(names, answers, strict=True):
        group = "cargo" if name.endswith("2") else "webshop"
        titles = [{"title": f"Injection {group}"}]
        assert answer["me"]["groups"] == [{"name": group, "findings": {"nodes": titles}}]


@pytest.mark.parametrize(
    "error", [RuntimeError(MARKER), Unavailable(MARKER), Corrupt(MARKER, MARKER), OSError(MARKER)], ids=repr
)
async def test_what_the_store_says_when_it_fails_is_nowhere_in_answers(
    world: World, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "integrates.api")  # thousands of tracebacks, which nobody reads
    ids = ids_of(world.aurora, await run_of(world, "ada", world.aurora))
    codes = set()
    for query, calls in itertools.product((*QUERIES.values(), *MUTATIONS.values()), range(8)):
        answer = await world.answer("ada", query, store=_failing(world.store, calls, error), **taken(query, ids))
        assert MARKER not in str(answer)
        codes |= {one["extensions"]["code"] for one in answer.body.get("errors", ())}
    assert codes == {"UNAVAILABLE" if isinstance(error, Unavailable) else "INTERNAL"}


def _failing(store: Store, calls: int, error: Exception) -> Store:
    """A store that fails after so many calls."""
    count = itertools.count()

    def failing(function: Any) -> Any:
        async def call(argument: Any) -> Any:
            if next(count) >= calls:
                raise error
            return await function(argument)

        return call

    return replace(store, get=failing(store.get), query=failing(store.query), write=failing(store.write))
