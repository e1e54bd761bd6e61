"""A confirmed zero risk leaves no trace for those who may not read it (V1, V2, V4), and all of it for those who may."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_triage import run

from integrates.api.upload import in_memory
from integrates.db_model.testing.scene import address_of
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.types import Labels, Treatment, TreatmentStatus, Vulnerability

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

SUMMARY = """summary { open closed submitted rejected hidden openFindings maxOpenScore openCvssf closedCvssf
  openByLevel { name count cvssf } treatment { name count cvssf } verification { name count cvssf }
  zeroRisk { name count cvssf } meanOpenAgeDays meanRemediateDays meanRemediateByLevel { level days } lastClosedAt }"""
LISTED = "totalCount nodes { id where tags treatment { status assigned } zeroRisk { status } }"
FILTERS = (
    "",
    "zeroRisks: [CONFIRMED, REQUESTED, REJECTED, null]",
    "zeroRisks: [CONFIRMED]",
    "states: [VULNERABLE], treatments: [ACCEPTED]",
    'tag: "secret"',
    'text: "hidden"',
    "minScore: 9.0",
    "isUnassigned: false",
    'assigned: "uri@demo.example"',
)
LISTS = "\n".join(
    f"f{number}: vulnerabilities(first: 100{f', filter: {{{one}}}' if one else ''}) {{ {LISTED} }}"
    for number, one in enumerate(FILTERS)
)
EVERYTHING = [
    f"query ($group: ID!) {{ group(name: $group) {{ {SUMMARY} {LISTS} }} }}",
    f"query ($root: ID!) {{ root(id: $root) {{ {SUMMARY.replace('openFindings', '')} {LISTS} }} }}",
    f"""query ($finding: ID!) {{ finding(id: $finding) {{ status ageDays openAgeDays where version {SUMMARY} {LISTS}
      comments {{ nodes {{ type content }} totalCount }} history {{ nodes {{ version }} }} }} }}""",
    f"""query ($finding: ID!, $at: DateTime) {{ finding(id: $finding, asOf: $at) {{ status ageDays openAgeDays where
      summary {{ open closed hidden maxOpenScore openCvssf }} vulnerabilities(first: 100) {{ {LISTED} }} }} }}""",
    f"""{{ me {{ assignedVulnerabilities {{ {LISTED} }} groups {{ name summary {{ open hidden maxOpenScore }} }} }} }}""",
    f"query ($organization: ID!) {{ organization(id: $organization) {{ {LISTS} }} }}",
    """query ($group: ID!) { group(name: $group) { findings(first: 100, filter: {statuses: [VULNERABLE]}) {
      nodes { title where summary { open } } } } }""",
]
BLIND = ("uri", "hana", "reto")
SIGHTED = ("greta", "vera", "remy")


def _accepted(old: Vulnerability, at: datetime) -> Vulnerability:
    treatment = Treatment(
        status=TreatmentStatus.ACCEPTED,
        accepted_until=at + timedelta(days=30),
        justification="because of good reasons",
        assigned=address_of("uri"),
        at=at,
        by=address_of("uri"),
    )
    return replace(old, treatment=treatment, labels=Labels(tags=("secret",)))


async def hide(world: World, where: str = "src/hidden.py") -> str:
    """Report one that stands out in every list, and have it hidden; return its id."""
    one = await world.report(world.aurora, where, span=(world.now() - timedelta(days=90), world.now()))
    await vulnerabilities.update(world.store, one.id, _accepted, world.stamp())
    await run(world, "vera", "claim", one.id)
    assert (await run(world, "remy", "confirm", one.id))["errors"] == []
    return one.id


async def shown(world: World, person: str, at: datetime) -> list[str]:
    """Everything that a person sees, without the digits of a mean that depend on the moment of asking."""
    tenant = world.aurora
    ids = {
        "group": tenant.group.name,
        "root": tenant.root.id,
        "finding": tenant.finding.id,
        "organization": tenant.organization.id,
        "at": at.isoformat(),
    }
    answers = []
    for query in EVERYTHING:
        answer = await world.data(person, query, **{name: value for name, value in ids.items() if f"${name}:" in query})
        answers.append(re.sub(r"(\d+\.\d{3})\d+", r"\1", str(answer)))
    return answers


@pytest.mark.parametrize("person", BLIND)
async def test_for_those_who_may_not_read_it_nothing_is_different(world: World, person: str) -> None:
    at = world.now()
    before = await shown(world, person, at)
    one = await hide(world)
    after = await shown(world, person, at)
    assert after == before
    assert one not in str(after)


async def test_those_who_may_read_it_see_it_where_they_ask_for_it(world: World) -> None:
    before = {person: await shown(world, person, world.now()) for person in SIGHTED}
    one = await hide(world)
    for person in SIGHTED:
        group, root, finding, past, mine, organization, open_findings = await shown(world, person, world.now())
        for answer in (group, root, finding, past, organization):
            assert answer not in before[person]
        assert all(one in answer for answer in (group, root, finding, organization))
        assert (one in mine, open_findings == before[person][-1]) == (False, True), "nobody counts it as open"


async def test_whoever_it_is_assigned_to_does_not_see_it_unless_they_may(world: World) -> None:
    one = await hide(world)
    mine = "{ me { assignedVulnerabilities { nodes { id } } } }"
    assert (await world.data("uri", mine))["me"]["assignedVulnerabilities"]["nodes"] == []
    await run(world, "greta", "reject", one)
    assert (await world.data("uri", mine))["me"]["assignedVulnerabilities"]["nodes"] == [{"id": one}]


@pytest.mark.parametrize("person", BLIND)
@pytest.mark.parametrize("name", ["treat", "request", "open", "closed", "claim", "confirm", "reject", "approve", "refuse"])
async def test_its_id_is_as_good_as_any_other(world: World, person: str, name: str) -> None:
    one = await hide(world)
    payloads = [await run(world, person, name, identity) for identity in (one, "99999999-9999-4999-8999-999999999999")]
    assert payloads[0] == payloads[1]
    assert payloads[0]["errors"][0]["reason"] == "NOT_FOUND"
    query = (
        "query ($id: ID!, $at: DateTime) { now: vulnerability(id: $id) { id } past: vulnerability(id: $id, asOf: $at) { id } }"
    )
    past = world.now().isoformat()
    assert await world.data(person, query, id=one, at=past) == {"now": None, "past": None}


async def test_a_page_that_ends_at_it_does_not_tell(world: World) -> None:
    """Cursors and the number of pages are the same, too."""
    query = """query ($after: String) { group(name: "webshop") { vulnerabilities(first: 1, after: $after) {
      nodes { id } pageInfo { hasNextPage endCursor } } } }"""

    async def walk() -> list[tuple[list[Any], bool]]:
        pages, after = list[tuple[list[Any], bool]](), None
        while True:
            found = (await world.data("uri", query, after=after))["group"]["vulnerabilities"]
            pages.append((found["nodes"], found["pageInfo"]["hasNextPage"]))
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                return pages

    before = await walk()
    await hide(world)
    await hide(world, "a/first.py")
    assert await walk() == before


COMPARE = """mutation ($group: ID!, $root: ID!, $file: Upload!) { compareScan(groupName: $group, rootId: $root, file: $file) {
  comparison { new fixed moved reopened unchanged items { status where vulnerability { id } } } errors { reason } } }"""


async def test_a_comparison_does_not_show_it(world: World) -> None:
    one = await hide(world)
    places = ("src/hidden.py", "src/new.py")
    results = ",".join(
        f"""{{"ruleId": "R1", "message": {{"text": "x"}}, "locations": [{{"physicalLocation": {{
          "artifactLocation": {{"uri": "{where}"}}, "region": {{"startLine": 1}}}}}}]}}"""
        for where in places
    )
    content = f'{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "scanner"}}}}, "results": [{results}]}}]}}'
    ids = {"group": world.aurora.group.name, "root": world.aurora.root.id}
    for person in ("hana", "vera"):
        file = in_memory("scan.sarif", content.encode())
        payload = (await world.data(person, COMPARE, **ids, file=file))["compareScan"]
        assert payload["errors"] == []
        assert one not in str(payload)


@pytest.mark.parametrize("person", ["hana"])
async def test_what_hid_it_is_not_in_its_history(world: World, person: str) -> None:
    one = await hide(world)
    await run(world, "greta", "reject", one)
    query = "query ($id: ID!) { vulnerability(id: $id) { history { nodes { version operation } } } }"
    shown_to = {
        name: [node["operation"] for node in (await world.data(name, query, id=one))["vulnerability"]["history"]["nodes"]]
        for name in (person, "vera")
    }
    assert "confirm_vulnerabilities_zero_risk" in shown_to["vera"]
    assert [each for each in shown_to["vera"] if not each.startswith("confirm")] == shown_to[person]
