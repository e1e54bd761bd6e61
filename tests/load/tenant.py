"""Two tenants beside the demo, with somebody in each role, whose every text and name says whose it is."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from tests.load.pair import UNBOUND
from tests.serving import Caller, Running, result, sarif

from integrates.db_model.access.commands import add_to_organization, organization_member
from integrates.db_model.access.rules import ci_identity
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import (
    Stamping,
    add_environment_url,
    add_finding,
    add_group,
    add_member,
    add_organization,
    add_person,
    add_root,
    add_vulnerability,
    address_of,
    ticking,
)
from integrates.server.cli.group import issued_to_group
from integrates.server.cli.token import issued
from integrates.server.process.open import open_installation
from integrates.server.settings import read_settings

ROLES = {role.name.lower(): role for role in GroupRole if role is not GroupRole.SERVICE_FORCES}
"""The roles that people have in a group."""
MANAGER = "manager"
FORCES = "forces"
ROLELESS = ("insider", "nobody")
PEOPLE = (MANAGER, *ROLELESS, *ROLES)
EVERYBODY = (*PEOPLE, FORCES)
"""Who walks, of each tenant: its manager, a member of the organization alone, a person without any role, one of each role in
the group, and the group's CI identity."""
TREAT = """mutation ($id: ID!, $text: String!) {
  updateVulnerabilitiesTreatment(items: [{id: $id}], treatment: IN_PROGRESS, justification: $text) { errors { reason } } }"""

REPORT = """mutation ($group: ID!, $text: String!) {
  addEvent(groupName: $group, type: OTHER, description: $text, eventDate: "2020-01-01T00:00:00Z") {
    event { id } errors { reason } } }"""
ASK = """mutation ($organization: ID!, $text: String!) {
  addOrganizationFindingPolicy(organizationId: $organization, title: $text) {
    findingPolicy { id } errors { reason } } }"""
INVITE = """mutation ($group: ID!, $email: String!) {
  addGroupMember(groupName: $group, email: $email, role: USER) { member { id } invitationUrl errors { reason } } }"""
GATE = """mutation ($group: ID!, $id: ID!) {
  addForcesExecution(groupName: $group, id: $id, strictness: STRICT) { execution { id } errors { reason } } }"""
DECIDE = """mutation ($group: ID!, $file: Upload!) {
  importDecisions(groupName: $group, file: $file) { decisionImport { id } errors { reason } } }"""
KNOWN = """query ($name: ID!) { group(name: $name) {
  forcesToken { id } audit(first: 100) { nodes { changeId } } organization { members(first: 1) { nodes { id } } } } }"""
SAY = """mutation ($finding: ID!, $text: String!) {
  addFindingComment(findingId: $finding, type: CONSULT, content: $text) { comment { id } errors { reason } } }"""


@dataclass(frozen=True)
class Tenant:
    """The ids of everything that a tenant has, by the type that shows it, and the tokens of its people."""

    mark: str
    """Part of each text, name and address of the tenant."""
    ids: Mapping[str, str]
    more: tuple[str, ...]
    """Other texts of the tenant: addresses, paths, titles, and ids that no query takes."""
    tokens: Mapping[str, str]

    @property
    def marks(self) -> frozenset[str]:
        """What occurs in no answer to another tenant."""
        return frozenset({self.mark, *self.ids.values(), *(text for text in self.more if self.mark not in text)})


async def _people(store: Store, mark: str, group: Group, stamp: Stamping) -> None:
    for name in ("insider", *ROLES):
        await add_person(store, address_of(f"{mark}.{name}"), stamp)
        made = stamp()
        access = organization_member(address_of(f"{mark}.{name}"), group.info.organization_id, OrganizationRole.USER, made)
        await add_to_organization(store, access, made)
        if name in ROLES:
            await add_member(store, group, address_of(f"{mark}.{name}"), ROLES[name], stamp)
    await add_person(store, address_of(f"{mark}.nobody"), stamp)


async def _settled(store: Store, mark: str, stamp: Stamping) -> tuple[dict[str, str], tuple[str, ...]]:
    manager = address_of(f"{mark}.{MANAGER}")
    organization = await add_organization(store, f"{mark}-organization", stamp, manager=manager)
    group = await add_group(store, f"{mark}-group", stamp, organization=f"{mark}-organization")
    await _people(store, mark, group, stamp)
    root = await add_root(store, group, f"{mark}-root", stamp, url=f"https://git.example/{mark}")
    finding = await add_finding(store, group, f"{mark}-rule", stamp, score="7.5", title=f"Title of {mark}")
    found = await add_vulnerability(store, finding, root, f"src/{mark}.py", stamp)
    await add_vulnerability(store, finding, root, f"lib/{mark}.py", stamp)
    environment = await add_environment_url(store, root, f"https://{mark}.example/app", stamp)
    ids = {
        "Organization": organization.id,
        "Group": group.name,
        "Root": root.id,
        "EnvironmentUrl": environment.id,
        "Finding": finding.id,
        "Vulnerability": found.id,
    }
    return ids, (organization.info.name, root.info.nickname, manager, found.location.where, f"Title of {mark}")


async def _stored(
    running: Running, marks: tuple[str, ...]
) -> dict[str, tuple[dict[str, str], tuple[str, ...], dict[str, str]]]:
    """Store the tenants beside the service that runs, and make a token of each person."""
    store_url = f"sqlite:///{running.folder / 'shared.db'}"
    stamp, found = ticking(), {}
    async with open_installation(read_settings(UNBOUND, {"store": store_url}), os.environ | UNBOUND) as installation:
        for mark in marks:
            ids, more = await _settled(installation.store, mark, stamp)
            tokens = {name: await issued(installation, address_of(f"{mark}.{name}"), None, 1, replace=False) for name in PEOPLE}
            found[mark] = (ids, more, {**tokens, FORCES: await issued_to_group(installation, ids["Group"])})
    return found


def vex(mark: str) -> bytes:
    """A document of OpenVEX that is about nothing that the tenant has."""
    statement = {"vulnerability": {"name": f"{mark}-advisory"}, "products": [{"@id": f"pkg:npm/{mark}"}], "status": "fixed"}
    told = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": f"https://{mark}.example/vex", "author": f"Somebody of {mark}"}
    return json.dumps({**told, "timestamp": "2020-01-01T00:00:00Z", "version": 1, "statements": [statement]}).encode()


def _gated(running: Running, mark: str, group: str, token: str) -> str:
    """Let the CI identity ask the gate; the id of the execution."""
    with running.client(token) as client:
        made: str = Caller(client).change(GATE, group=group, id=f"{mark}-build")["execution"]["id"]
        return made


def _acted(running: Running, mark: str, ids: Mapping[str, str], token: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Let the manager import a report and decisions, treat a vulnerability, say something and invite somebody.

    Return the ids of what that made, and of what managers are told of tokens, members and changes; and other texts.
    """
    with running.client(token) as client:
        who = Caller(client)
        report = sarif([result(f"{mark}-lint", f"app/{mark}.py", 3)], tool=f"{mark} scanner")
        done = who.import_(report, group=ids["Group"], root=ids["Root"])
        assert done["errors"] == []
        decided = who.send(vex(mark), DECIDE, group=ids["Group"]).json()["data"]["importDecisions"]
        assert decided["errors"] == []
        who.change(TREAT, id=ids["Vulnerability"], text=f"Somebody of {mark} works on it.")
        event = who.change(REPORT, group=ids["Group"], text=f"The shop of {mark} is closed.")["event"]
        policy = who.change(ASK, organization=ids["Organization"], text=f"Titles of {mark}")["findingPolicy"]
        comment = who.change(SAY, finding=ids["Finding"], text=f"What {mark} says.")["comment"]
        guest = who.change(INVITE, group=ids["Group"], email=address_of(f"{mark}.guest"))
        (own,) = who.ask("{ me { accessTokens { id } } }")["me"]["accessTokens"]
        group = who.ask(KNOWN, name=ids["Group"])["group"]
        made = {
            "Import": done["import"]["id"],
            "DecisionImport": decided["decisionImport"]["id"],
            "AccessToken": own["id"],
            "Event": event["id"],
            "OrganizationFindingPolicy": policy["id"],
            "Comment": comment["id"],
            "ForcesToken": group["forcesToken"]["id"],
            "GroupMember": guest["member"]["id"],
            "OrganizationMember": group["organization"]["members"]["nodes"][0]["id"],
            "Change": group["audit"]["nodes"][-1]["changeId"],
        }
        return made, (guest["invitationUrl"].rpartition("/")[2], address_of(f"{mark}.guest"))


def settle(running: Running, marks: tuple[str, ...]) -> tuple[Tenant, ...]:
    """Give each mark a tenant with a bit of everything."""
    tenants = []
    for mark, (ids, more, tokens) in asyncio.run(_stored(running, marks)).items():
        made, told = _acted(running, mark, ids, tokens[MANAGER])
        made |= {"ForcesExecution": _gated(running, mark, ids["Group"], tokens[FORCES])}
        tenants.append(Tenant(mark, {**ids, **made}, (*more, *told, ci_identity(ids["Group"])), tokens))
    return tuple(tenants)
