"""An independent oracle of who may do what: the text of domain section 10.1, asked naively, against the answers of the API.

Every role (and every combination of platform, organization and group role), every object in every state, every action. The
oracle shares nothing with the service but the names of roles: it reads the table as the domain has it, with dots, and a table
of the permission that each action asks for, from section 11.2. No write is taken, so that one platform serves all calls: what
is allowed ends in a refusal of the store or of the arguments, which are neither "not found" nor "forbidden".
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from msgspec.structs import replace
from packages.api.tests.authorization.matrix import ACTIONS, GROUP_TABLE, ORGANIZATION_TABLE, PLATFORM_TABLE
from packages.api.tests.conftest import _add_person, stamping
from packages.api.tests.test_walker import ERRORS, MUTATIONS, OWN, QUERIES, decisions_of, ids_of, no_ids, run_of, taken

from integrates.api.authorization.actor import Actor, Means
from integrates.api.execute import execute
from integrates.db_model.access.commands import add_to_organization, organization_member
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.comments.types import CommentType
from integrates.db_model.errors import Unavailable
from integrates.db_model.stakeholders.types import PlatformRole
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import address_of
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus, ZeroRiskStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packages.api.tests.conftest import World

    from integrates.db_model.store.port import Change

GROUP_COLUMNS: Final = ("GM", "VM", "US", "HK", "RE", "RV", "SF")
STORED: Final[Mapping[str, GroupRole]] = {
    "GM": GroupRole.GROUP_MANAGER,
    "VM": GroupRole.VULNERABILITY_MANAGER,
    "US": GroupRole.USER,
    "HK": GroupRole.HACKER,
    "RE": GroupRole.REATTACKER,
    "RV": GroupRole.REVIEWER,
}
CI: Final = "service:forces:webshop"


class Who(NamedTuple):
    """The roles that somebody was given; the CI identity has one in the group only."""

    platform: str | None
    organization: str | None
    group: str | None

    @property
    def name(self) -> str:
        """What they are called on the platform of the test."""
        return ".".join((self.platform or "-", self.organization or "none", self.group or "none")).lower()


EVERYBODY: Final = [
    *(Who(*each) for each in product(("admin", "user"), (None, "manager", "user"), (None, *GROUP_COLUMNS[:-1]))),
    Who(None, None, "SF"),
]


def rows(table: str, columns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield each permission of a table with each column that has a dot in its row."""
    for line in table.strip().splitlines():
        names, *dots = (cell.strip() for cell in line.strip().strip("|").split("|"))
        assert len(dots) == len(columns), line
        for permission in names.split(","):
            yield from ((permission.strip().strip("`"), column) for column, dot in zip(columns, dots, strict=True) if dot)


IN_GROUP: Final = set(rows(GROUP_TABLE, GROUP_COLUMNS))
IN_ORGANIZATION: Final = set(rows(ORGANIZATION_TABLE, ("manager", "user")))
ON_PLATFORM: Final = set(rows(PLATFORM_TABLE, ("admin", "user")))


def has(who: Who, permission: str) -> bool:
    """Whether somebody has a permission: an admin manages all organizations, who manages one manages its groups."""
    organization = "manager" if who.platform == "admin" else who.organization
    group = "GM" if organization == "manager" else who.group
    return (
        (permission, who.platform) in ON_PLATFORM
        or (permission, organization) in IN_ORGANIZATION
        or (permission, group) in IN_GROUP
    )


READ: Final[Mapping[str, str]] = {
    "organization": "organization:read",
    "organizationName": "organization:read",
    "group": "group:read",
    "root": "root:read",
    "environment": "root:read",
    "finding": "finding:read",
    "vulnerability": "vulnerability:read",
    "event": "event:read",
    "import": "import:read",
    "execution": "forces:read",
    "decisions": "decision:import",
    "policy": "finding_policy:read",
}
"""What reading each kind of object takes (V1)."""
OF_STATE: Final[Mapping[str, tuple[str, ...]]] = {
    "finding": (),
    "finding in draft": ("draft:read",),
    "vulnerability": (),
    "vulnerability safe": (),
    "vulnerability asked to be no risk": (),
    "vulnerability refused to be no risk": (),
    "vulnerability submitted": ("draft:read",),
    "vulnerability rejected": ("draft:read",),
    "vulnerability hidden": ("zero_risk:read",),
    "vulnerability hidden and safe": ("zero_risk:read",),
}
"""What seeing a finding or vulnerability of each state takes beside that."""


def sees(who: Who, kind: str, state: str) -> bool:
    return has(who, READ[kind]) and all(has(who, each) for each in OF_STATE.get(state, ()))


def unseen_by(who: Who, named: tuple[str, ...], state: str) -> list[str]:
    """The kinds of what an action names that is not visible."""
    return [kind for kind in named if not sees(who, kind, state if kind == state.split(" ", maxsplit=1)[0] else kind)]


def expected(who: Who, action: str, named: tuple[str, ...], state: str) -> str:
    """What the domain says of an action on an object in a state: V2, then V3."""
    if unseen_by(who, named, state):
        return "not found"
    if has(who, ACTIONS[action]):
        return "allowed"
    return "not found" if "errors {" not in ASKED[action] else "forbidden"  # a query that may not be answered is null (V4)


async def refused(_changes: tuple[Change, ...]) -> NoReturn:
    raise Unavailable("this platform is only looked at")


async def populated(world: World) -> Mapping[str, Mapping[str, Any]]:
    """Add everybody, and objects in every state; return the ids of each state, that of its kind being the state's own."""
    tenant = world.aurora
    stamp = stamping()
    for who in EVERYBODY[:-1]:
        await _add_person(world.store, who.name, stamp, PlatformRole.ADMIN if who.platform == "admin" else PlatformRole.USER)
        if who.group:
            await scene.add_member(world.store, tenant.group, address_of(who.name), STORED[who.group], stamp)
        if who.organization:
            role = OrganizationRole.ORGANIZATION_MANAGER if who.organization == "manager" else OrganizationRole.USER
            access = organization_member(address_of(who.name), tenant.organization.id, role, stamp())
            await add_to_organization(world.store, access, stamp())
    issued = await world.data("ada", MUTATIONS["issueForcesToken"], group=tenant.group.name)
    assert issued["issueForcesToken"]["errors"] == []
    for kind in CommentType:
        await scene.add_comment(world.store, tenant.finding, kind.value, stamp, kind=kind)
    vulnerable, safe = VulnerabilityStatus.VULNERABLE, VulnerabilityStatus.SAFE
    more = {
        "vulnerability asked to be no risk": (vulnerable, ZeroRiskStatus.REQUESTED),
        "vulnerability refused to be no risk": (vulnerable, ZeroRiskStatus.REJECTED),
        "vulnerability rejected": (VulnerabilityStatus.REJECTED, None),
        "vulnerability hidden and safe": (safe, ZeroRiskStatus.CONFIRMED),
    }
    made = {name: (await world.report(tenant, f"more/{n}.py", *state)).id for n, (name, state) in enumerate(more.items())}
    made |= {"vulnerability safe": tenant.safe.id, "vulnerability submitted": tenant.submitted.id}
    made |= {"vulnerability hidden": tenant.hidden.id, "vulnerability": tenant.vulnerable.id}
    made |= {"finding": tenant.finding.id, "finding in draft": tenant.draft_finding.id}
    usual = ids_of(tenant, await run_of(world, "ada", tenant))
    usual |= {"decisions": await decisions_of(world, "ada", tenant)}
    return {state: {**usual, state.split(" ")[0]: made[state]} for state in OF_STATE} | {"": usual}


async def answer(world: World, who: Who, query: str, ids: Mapping[str, Any]) -> Any:
    actor = Actor(address_of(who.name), Means.SESSION) if who.platform else Actor(CI, Means.CI_TOKEN)
    call = replace(world.call(None, store=replace(world.store, write=refused)), actor=actor)
    return await execute(world.api, {"query": query, "variables": taken(query, dict(ids))}, call)


def outcome(body: Mapping[str, Any]) -> str:
    """What an answer says: of a query that what it names was not found, or not."""
    if body.get("errors"):
        assert {error["extensions"]["code"] for error in body["errors"]} <= {"UNAVAILABLE"}, body
        return "allowed"
    (payload,) = body["data"].values()
    if payload is None:
        return "not found"
    errors = {(error["code"], error["reason"]) for error in payload.get("errors", ())}
    if ("NOT_FOUND", "NOT_FOUND") in errors:
        return "not found"
    return "forbidden" if ("FORBIDDEN", "MISSING_PERMISSION") in errors else "allowed"


def named_in(query: str) -> tuple[str, ...]:
    return tuple(kind for kind in READ if f"${kind}:" in query)


def states_of(named: tuple[str, ...]) -> list[str]:
    """The states of what an action is about: of a vulnerability or, where none is named, of a finding."""
    kind = next((each for each in ("vulnerability", "finding") if each in named), None)
    return [state for state in OF_STATE if state.split(" ")[0] == kind] if kind else [""]


OBSERVE: Final = MUTATIONS["addFindingComment"].replace("CONSULT", "OBSERVATION")
FOR_EVER: Final = MUTATIONS["updateVulnerabilitiesTreatment"].replace("UNTREATED", "ACCEPTED_UNDEFINED")
ONES_OWN: Final = {"removeMe", "revokeAccessToken"}
"""What is about the caller, or about a token of theirs: no role gives it to anybody else."""
ASKED: Final[Mapping[str, str]] = {
    **QUERIES,
    **{name: query for name, query in MUTATIONS.items() if name not in ONES_OWN},
    "addFindingComment(OBSERVATION)": OBSERVE,
    "updateVulnerabilitiesTreatment(ACCEPTED_UNDEFINED)": FOR_EVER,
    "stakeholders": "{ stakeholders(first: 1) { nodes { email } } }",
    "addOrganization": f'mutation {{ addOrganization(name: "another") {{ organization {{ id }} {ERRORS} }} }}',
    "updateMe": f'mutation {{ updateMe(firstName: "Another") {{ me {{ email }} {ERRORS} }} }}',
    "acknowledgeConcurrentSession": f"mutation {{ acknowledgeConcurrentSession {{ me {{ email }} {ERRORS} }} }}",
    "addAccessToken": f"""mutation {{
      addAccessToken(name: "another", expiresAt: "2026-06-01T00:00:00Z") {{ token {{ id }} {ERRORS} }} }}""",
}


def test_every_action_has_a_row() -> None:
    assert set(ACTIONS) == {*ASKED}, "name each action with the permission that the domain asks for"
    assert {*OWN, *MUTATIONS} - {*ACTIONS} == ONES_OWN
    assert {*ACTIONS.values()} <= {permission for permission, _ in IN_GROUP | IN_ORGANIZATION | ON_PLATFORM}


async def test_the_api_answers_as_the_domain_says(world: World) -> None:
    ids = await populated(world)
    nothing = no_ids()
    compared, wrong = 0, []
    for who, (action, query) in product(EVERYBODY, ASKED.items()):
        named = named_in(query)
        for state in states_of(named):
            found = await answer(world, who, query, ids[state])
            wanted, got = expected(who, action, named, state), outcome(found.body)
            compared += 1
            if got != wanted:
                wrong.append((who, action, state, wanted, got))
            unseen = {kind: nothing[kind] for kind in unseen_by(who, named, state)}
            if unseen and found != await answer(world, who, query, {**ids[state], **unseen}):
                wrong.append((who, action, state, "the answer for what does not exist", "another one"))
    print(f"{compared:,} combinations of role, object state and action compared")  # noqa: T201 -- how many is part of the proof
    assert wrong == []
    assert compared == len(EVERYBODY) * sum(len(states_of(named_in(query))) for query in ASKED.values())


SHOWN: Final = """query ($group: ID!, $finding: ID!, $organization: ID!) {
  group(name: $group) {
    organization { id } members(first: 1) { totalCount } audit(first: 1) { nodes { version } } forcesToken { id }
    events(first: 1) { nodes { id } } comments(first: 1) { nodes { id } } summary { submitted rejected hidden }
    drafts: vulnerabilities(filter: {states: [SUBMITTED, REJECTED]}) { totalCount nodes { id } }
    confirmed: vulnerabilities(filter: {states: [VULNERABLE, SAFE], zeroRisks: [CONFIRMED]}) { totalCount nodes { id } }
    plain: vulnerabilities { totalCount nodes { id } }
    findings { nodes { id } }
  }
  finding(id: $finding) { comments { nodes { type } } evidences { slot } history(first: 1) { nodes { version } } }
  organization(id: $organization) {
    members(first: 1) { nodes { role } } findingPolicies { id } audit(first: 1) { nodes { version } }
  }
}"""
FIELDS: Final[Mapping[str, str]] = {
    "group": "group:read",
    "group.organization": "organization:read",
    "group.members": "member:read",
    "group.audit": "audit:read",
    "group.forcesToken": "forces_token:manage",
    "group.events": "event:read",
    "group.comments": "comment:read",
    "group.summary.submitted": "draft:read",
    "group.summary.rejected": "draft:read",
    "group.summary.hidden": "zero_risk:read",
    "finding": "finding:read",
    "finding.comments": "comment:read",
    "finding.evidences": "evidence:read",
    "finding.history": "history:read",
    "organization": "organization:read",
    "organization.members": "organization_member:read",
    "organization.audit": "organization:audit",
}
"""What is null for those who lack a permission (V4)."""
COMMENTS: Final[Mapping[str, str]] = {
    "CONSULT": "comment:read",
    "VERIFICATION": "comment:read",
    "OBSERVATION": "observation:read",
    "ZERO_RISK": "zero_risk:read",
}


def at(shown: Any, path: str) -> Any:
    for name in path.split("."):
        shown = None if shown is None else shown[name]
    return shown


async def test_the_api_shows_as_the_domain_says(world: World) -> None:
    ids = await populated(world)
    listed = {
        "plain": {state for state in OF_STATE if state.startswith("vulnerability") and not OF_STATE[state]},
        "drafts": {"vulnerability submitted", "vulnerability rejected"},
        "confirmed": {"vulnerability hidden", "vulnerability hidden and safe"},
    }
    compared = 0
    for who in EVERYBODY:
        body = (await answer(world, who, SHOWN, ids[""])).body
        assert "errors" not in body, (who, body["errors"])
        shown = body["data"]
        for path, permission in FIELDS.items():
            parents = [FIELDS[above] for above in FIELDS if path.startswith(f"{above}.")]
            assert (at(shown, path) is not None) is all(has(who, each) for each in (permission, *parents)), (who, path)
            compared += 1
        for name, states in listed.items() if has(who, "group:read") else ():
            expected_ids = {ids[state]["vulnerability"] for state in states if sees(who, "vulnerability", state)}
            assert {node["id"] for node in shown["group"][name]["nodes"]} == expected_ids, (who, name)
            assert shown["group"][name]["totalCount"] == len(expected_ids), (who, name)
            compared += len(states)
        if has(who, "comment:read"):
            types = [node["type"] for node in shown["finding"]["comments"]["nodes"]]
            assert sorted(types) == sorted(kind for kind, permission in COMMENTS.items() if has(who, permission)), who
            compared += len(COMMENTS)
        if has(who, "group:read"):
            findings = [ids[state]["finding"] for state in ("finding", "finding in draft") if sees(who, "finding", state)]
            assert sorted(node["id"] for node in shown["group"]["findings"]["nodes"]) == sorted(findings), who
            compared += 2
    print(f"{compared:,} combinations of role and field or listed object compared")  # noqa: T201 -- likewise
    assert compared > 20 * len(EVERYBODY)
