"""Twenty typical queries: the calls of the store that they take grow with their depth, never with the number of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import add_vulnerability, stamping
from packages.api.tests.test_store_calls import counting

from integrates.db_model.access.commands import add_to_organization, organization_member
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.comments.types import CommentType
from integrates.db_model.testing.scene import (
    add_comment,
    add_finding,
    add_group,
    add_member,
    add_root,
    address_of,
)
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.types import Labels, Treatment, TreatmentStatus, VulnerabilityStatus, ZeroRiskStatus

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

FIRST: Final = "first: 100"
QUERIES: Final[dict[str, tuple[str, str, int]]] = {
    "who am I": ("olga", "{ me { email role organizations { name userRole } groups { name userRole } } }", 6),
    "my groups and what is open in them": ("olga", "{ me { groups { name summary { open closed maxOpenScore } } } }", 7),
    "what I have to do": (
        "uri",
        f"""{{ me {{ assignedVulnerabilities({FIRST}) {{ nodes {{
           where finding {{ title }} root {{ nickname }} group {{ name }} }} }} }} }}""",
        5,
    ),
    "groups of an organization": (
        "olga",
        '{ organization(name: "aurora") { groups { name description tags policies { maxAcceptanceDays } } } }',
        5,
    ),
    "vulnerabilities of an organization": (
        "olga",
        f"""{{ organization(name: "aurora") {{ vulnerabilities({FIRST}) {{ totalCount
           nodes {{ where group {{ name }} }} }} }} }}""",
        8,
    ),
    "members of an organization": (
        "olga",
        f'{{ organization(name: "aurora") {{ members({FIRST}) {{ nodes {{ role stakeholder {{ firstName }} }} }} }} }}',
        5,
    ),
    "a group's dashboard": (
        "greta",
        """{ group(name: "webshop") { summary { open openFindings meanOpenAgeDays lastClosedAt
           openByLevel { name count } treatment { name count cvssf } } } }""",
        5,
    ),
    "roots with their figures": (
        "greta",
        '{ group(name: "webshop") { roots { nickname criticality summary { open closed } } } }',
        4,
    ),
    "findings with their figures": (
        "greta",
        f"""{{ group(name: "webshop") {{ findings({FIRST}) {{ totalCount
           nodes {{ title status summary {{ open maxOpenScore }} }} }} }} }}""",
        5,
    ),
    "findings by status": (
        "uri",
        f"""{{ group(name: "webshop") {{ findings({FIRST}, filter: {{statuses: [VULNERABLE]}}) {{
           nodes {{ title where openAgeDays }} }} }} }}""",
        6,
    ),
    "open vulnerabilities": (
        "uri",
        f"""{{ group(name: "webshop") {{ vulnerabilities({FIRST}, filter: {{states: [VULNERABLE]}}) {{ totalCount nodes {{
           where specific severity {{ score level }} treatment {{ status assigned }} }} }} }} }}""",
        5,
    ),
    "vulnerabilities that may be accepted": (
        "vera",
        f"""{{ group(name: "webshop") {{ vulnerabilities({FIRST}, filter: {{
           maxScore: 7.5, isUnassigned: true, states: [VULNERABLE]}}) {{ nodes {{ where finding {{ title }} }} }} }} }}""",
        4,
    ),
    "what was closed since": (
        "uri",
        f"""{{ group(name: "webshop") {{ vulnerabilities({FIRST}, filter: {{closedSince: "2026-01-01T00:00:00Z"}}) {{
           nodes {{ where closedAt root {{ nickname }} }} }} }} }}""",
        4,
    ),
    "drafts to review": (
        "remy",
        f"""{{ group(name: "webshop") {{ vulnerabilities({FIRST}, filter: {{states: [SUBMITTED]}}) {{
           nodes {{ where source finding {{ title severity {{ score }} }} }} }} }} }}""",
        4,
    ),
    "a finding with its page": (
        "uri",
        f"""query ($finding: ID!) {{ finding(id: $finding) {{ title description status where ageDays
           vulnerabilities({FIRST}) {{ totalCount nodes {{ where state treatment {{ status }} }} }} }} }}""",
        5,
    ),
    "what is said about a finding": (
        "hana",
        f"""query ($finding: ID!) {{ finding(id: $finding) {{ comments({FIRST}) {{
           nodes {{ content by parent {{ id }} }} }} }} }}""",
        5,
    ),
    "a root and what was found there": (
        "uri",
        f"""query ($root: ID!) {{ root(id: $root) {{ nickname summary {{ open }} vulnerabilities({FIRST}) {{
           nodes {{ where finding {{ title }} }} }} }} }}""",
        6,
    ),
    "a vulnerability with its histories": (
        "uri",
        f"""query ($vulnerability: ID!) {{ vulnerability(id: $vulnerability) {{ where finding {{ title }} root {{ nickname }}
           history({FIRST}) {{ nodes {{ at by operation aspects }} }}
           stateHistory({FIRST}) {{ nodes {{ at }} }} treatmentHistory({FIRST}) {{ nodes {{ at }} }} }} }}""",
        5,
    ),
    "a finding as it was": (
        "uri",
        f"""query ($finding: ID!) {{ finding(id: $finding, asOf: "2026-04-25T00:00:00Z") {{ title status summary {{ open }}
           vulnerabilities({FIRST}) {{ nodes {{ where state }} }} }} }}""",
        9,
    ),
    "the audit trail of a group": (
        "greta",
        f'{{ group(name: "webshop") {{ audit({FIRST}) {{ nodes {{ at by operation entity }} }} }} }}',
        5,
    ),
}
"""By name: who asks, what, and at most how many calls of the store that takes."""


def busy(number: int, at: datetime) -> Any:
    """Change something of a vulnerability, which is somebody's from then on."""
    by = address_of("uri")
    treatment = Treatment(status=TreatmentStatus.IN_PROGRESS, assigned=by, justification="Because it is so", at=at, by=by)
    return lambda old, _: replace(old, treatment=treatment, labels=Labels(tags=(f"t{number}",)))


async def widened(world: World, breadth: int) -> None:
    """Add so many objects of each kind."""
    store, stamp, tenant = world.store, stamping(), world.aurora
    for number in range(breadth):
        name = f"{breadth}-{number}"
        group = await add_group(store, f"wide-{name}", stamp)
        await add_member(store, group, address_of("uri"), GroupRole.USER, stamp)
        person, made = address_of(f"person-{name}"), world.stamp()
        await add_member(store, tenant.group, person, GroupRole.USER, stamp)
        await add_to_organization(store, organization_member(person, tenant.organization.id, OrganizationRole.USER, made), made)
        root = await add_root(store, tenant.group, f"root-{name}", stamp)
        finding = await add_finding(store, tenant.group, f"rule-{name}", stamp, score="5.0")
        await add_vulnerability(store, world.new_id(), finding, root, f"lib/{name}.py", VulnerabilityStatus.VULNERABLE)
        treatment = replace(tenant.vulnerable.treatment, status=TreatmentStatus.IN_PROGRESS, assigned=address_of("uri"))
        await world.report(tenant, f"src/open/{name}.py", treatment=treatment)
        await world.report(tenant, f"src/safe/{name}.py", VulnerabilityStatus.SAFE)
        await world.report(tenant, f"src/draft/{name}.py", VulnerabilityStatus.SUBMITTED)
        await world.report(tenant, f"src/none/{name}.py", zero_risk=ZeroRiskStatus.REQUESTED)
        made = world.stamp()
        await commands.update(store, tenant.vulnerable.id, busy(number, made.at), made)
        await add_comment(store, tenant.finding, f"comment {name}", stamp, kind=CommentType.CONSULT)


def test_there_are_twenty() -> None:
    assert len(QUERIES) == 20


@pytest.mark.parametrize("name", QUERIES)
async def test_more_objects_take_no_more_calls(world: World, name: str) -> None:
    person, query, most = QUERIES[name]
    tenant = world.aurora
    ids = {"finding": tenant.finding.id, "root": tenant.root.id, "vulnerability": tenant.vulnerable.id}
    given: dict[str, Any] = {key: value for key, value in ids.items() if f"${key}:" in query}
    numbers, sizes = [], []
    for breadth in (6, 15):
        await widened(world, breadth)
        calls: list[str] = []
        answer = await world.answer(person, query, store=counting(world.store, calls), **given)
        assert "errors" not in answer.body, answer.body
        numbers.append(len(calls))
        sizes.append(len(str(answer.body["data"])))
        assert "write" not in calls
    assert sizes[1] > sizes[0]
    assert numbers[0] == numbers[1] <= most
