"""Each member of VulnerabilityFilter in each list that takes it: what it keeps, leaves out, and looks at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from ariadne.utils import convert_camel_case_to_snake
from graphql import GraphQLInputObjectType
from msgspec.structs import replace
from packages.api.tests.conftest import ANCHOR, CLOSED, REPORTED, stamping
from packages.api.tests.test_package import ADVISORY, in_package
from packages.api.tests.test_store_calls import counting

from integrates.api.resolve import connection
from integrates.api.schema import new_schema
from integrates.api.vulnerability.filter import RULES, Filter
from integrates.db_model.entity.command import update
from integrates.db_model.findings.commands import rescore
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.policies.types import Policies
from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import add_finding, add_root, add_vulnerability, scored
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Labels,
    SeriesSuppression,
    Source,
    Technique,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    Vulnerability,
    ZeroRisk,
    ZeroRiskStatus,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.api.tests.conftest import World

    from integrates.db_model.entity.types import Stamp
    from integrates.db_model.findings.types import Finding
    from integrates.db_model.store.port import Page, Query

LIST: Final = """query ($filter: VulnerabilityFilter, $finding: ID!, $root: ID!) {
  group(name: "webshop") { vulnerabilities(first: 50, filter: $filter) { nodes { id } } }
  organization(name: "aurora") { vulnerabilities(first: 50, filter: $filter) { nodes { id } } }
  finding(id: $finding) { vulnerabilities(first: 50, filter: $filter) { nodes { id } } }
  root(id: $root) { vulnerabilities(first: 50, filter: $filter) { nodes { id } } } }"""
DAY: Final = timedelta(days=1)
UNTIL: Final = ANCHOR + 20 * DAY


def at(date: Any) -> str:
    """Write a date as clients do."""
    return str(date.isoformat())


MEMBERS: Final[list[tuple[str, Any, bool]]] = [
    ("states", ["VULNERABLE"], True),
    ("states", ["SAFE"], False),
    ("zeroRisks", ["REQUESTED"], True),
    ("zeroRisks", [None], False),
    ("treatments", ["ACCEPTED"], True),
    ("treatments", ["IN_PROGRESS", "ACCEPTED_UNDEFINED"], False),
    ("acceptances", [None], True),
    ("acceptances", ["SUBMITTED", "APPROVED", "REJECTED"], False),
    ("verifications", ["REQUESTED"], True),
    ("verifications", [None, "VERIFIED"], False),
    ("types", ["PACKAGES"], True),
    ("types", ["INPUTS", "PORTS", "LINES"], False),
    ("techniques", ["SCA"], True),
    ("techniques", ["SAST", "DAST"], False),
    ("sources", ["MACHINE"], True),
    ("sources", ["ANALYST", "CUSTOMER"], False),
    ("minScore", 7.5, True),
    ("minScore", 7.6, False),
    ("maxScore", 7.5, True),
    ("maxScore", 7.4, False),
    ("rootId", "root", True),
    ("rootId", "elsewhere", False),
    ("rootNickname", "special", True),
    ("rootNickname", "Special", False),
    ("tool", " SCANNER ", True),
    ("tool", "scan", False),
    ("ruleId", "special", True),
    ("ruleId", "Special", False),
    ("cve", "cve-2017-16137", True),
    ("cve", "CVE-2017-1613", False),
    ("cwe", "cwe-79", True),
    ("cwe", "CWE-7", False),
    ("package", "Debug", True),
    ("package", "debu", False),
    ("tag", "kitchen", True),
    ("tag", "kitche", False),
    ("assigned", "URI@Demo.example", True),
    ("assigned", "vera@demo.example", False),
    ("text", "LOCK.JSON", True),
    ("text", "debug@2", True),
    ("text", "title OF special", True),
    ("text", "nowhere", False),
    ("isUnassigned", False, True),
    ("isUnassigned", True, False),
    ("isOverdue", False, True),
    ("isOverdue", True, False),
    ("isSuppressed", True, True),
    ("isSuppressed", False, False),
    ("openedSince", at(REPORTED), True),
    ("openedSince", at(REPORTED + timedelta(microseconds=1)), False),
    ("openedBefore", at(REPORTED + timedelta(microseconds=1)), True),
    ("openedBefore", at(REPORTED), False),
    ("closedSince", at(REPORTED), False),
    ("acceptedUntilBefore", at(UNTIL + timedelta(microseconds=1)), True),
    ("acceptedUntilBefore", at(UNTIL), False),
]
"""A member, a value, and whether that keeps the special one."""


def test_every_member_has_a_rule_and_is_in_the_schema() -> None:
    kind = new_schema().type_map["VulnerabilityFilter"]
    assert isinstance(kind, GraphQLInputObjectType)
    assert {convert_camel_case_to_snake(name) for name in kind.fields} == set(RULES) == set(Filter.__struct_fields__)
    assert {name for name, _, _ in MEMBERS} == set(kind.fields)


def special(old: Vulnerability) -> Vulnerability:
    """Give a new vulnerability everything that can be asked for."""
    made, by = in_package(ADVISORY, "debug@2.6.8")(old), "uri@demo.example"
    assert made.tool
    return replace(
        made,
        source=Source.MACHINE,
        technique=Technique.SCA,
        severity=None,
        tool=replace(made.tool, suppressions=(SeriesSuppression(category="", kind="inSource"),)),
        labels=Labels(tags=("kitchen",)),
        treatment=Treatment(status=TreatmentStatus.ACCEPTED, accepted_until=UNTIL, assigned=by, at=REPORTED, by=by),
        verification=Verification(status=VerificationStatus.REQUESTED, at=REPORTED, by=by),
        zero_risk=ZeroRisk(status=ZeroRiskStatus.REQUESTED, requested_by=by, at=REPORTED, by=by),
    )


@pytest.fixture
async def ids(world: World) -> dict[str, str]:
    """Store a vulnerability that can be found by everything, in a finding and a root of its own; return their ids."""
    stamp = stamping()
    root = await add_root(world.store, world.aurora.group, "special", stamp)
    finding = await add_finding(world.store, world.aurora.group, "special", stamp, score="7.5")

    def weak(old: Finding, _: Any) -> Finding:
        return replace(old, description=replace(old.description, cwe_ids=("CWE-79",)))

    finding = await update(world.store, FINDING, finding_key(finding.id), weak, stamp())
    made = await add_vulnerability(world.store, finding, root, "package-lock.json", stamp, special)
    return {"vulnerability": made.id, "finding": finding.id, "root": root.id}


@pytest.mark.parametrize(("member", "value", "keeps"), MEMBERS)
async def test_each_list_keeps_what_is_asked_for(
    world: World, ids: dict[str, str], member: str, value: Any, *, keeps: bool
) -> None:
    wanted = (
        {"rootId": {"root": ids["root"], "elsewhere": world.aurora.root.id}.get(value, value)} if member == "rootId" else {}
    )
    found = await world.data("greta", LIST, filter={member: value, **wanted}, finding=ids["finding"], root=ids["root"])
    assert len(found) == 4
    for name, parent in found.items():
        nodes = [node["id"] for node in parent["vulnerabilities"]["nodes"]]
        assert (ids["vulnerability"] in nodes) is keeps, name


OTHERS_TOO: Final = {
    "acceptances",
    "isOverdue",
    "minScore",
    "maxScore",
    "states",
    "sources",
    "text",
    "openedSince",
    "openedBefore",
}
"""Members whose value is that of others, too."""


@pytest.mark.parametrize(("member", "value", "keeps"), [row for row in MEMBERS if row[2] and row[0] not in OTHERS_TOO])
async def test_others_are_left_out(world: World, ids: dict[str, str], member: str, value: Any, *, keeps: bool) -> None:
    wanted = {member: ids["root"] if member == "rootId" else value}
    if member == "tool":
        wanted["ruleId"] = "special"
    found = await world.data("greta", LIST, filter=wanted, finding=ids["finding"], root=ids["root"])
    assert [node["id"] for node in found["group"]["vulnerabilities"]["nodes"]] == [ids["vulnerability"]] * keeps


async def test_dates_keep_the_closed_by_the_date_of_closing(world: World) -> None:
    vulnerable, safe = world.aurora.vulnerable.id, world.aurora.safe.id
    query = """query ($filter: VulnerabilityFilter) { group(name: "webshop") {
      vulnerabilities(filter: $filter) { nodes { id } } } }"""
    micro = timedelta(microseconds=1)
    for wanted, expected in (
        ({"closedSince": at(CLOSED)}, {safe}),
        ({"closedSince": at(CLOSED + micro)}, set()),
        ({"openedSince": at(REPORTED)}, {safe, vulnerable}),
        ({"openedSince": at(REPORTED + micro)}, set()),
        ({"openedBefore": at(REPORTED + micro)}, {safe, vulnerable}),
        ({"openedBefore": at(REPORTED)}, set()),
        ({"openedSince": at(REPORTED), "closedSince": at(CLOSED)}, {safe}),
        ({"openedSince": at(CLOSED), "openedBefore": at(REPORTED)}, set()),
        ({"openedSince": at(REPORTED), "states": ["SUBMITTED", "VULNERABLE"]}, {vulnerable}),
        ({"openedBefore": "9999-12-31T23:59:59Z"}, {safe, vulnerable}),
        ({"openedSince": "0001-01-01T00:00:00Z"}, {safe, vulnerable}),
    ):
        nodes = (await world.data("greta", query, filter=wanted))["group"]["vulnerabilities"]["nodes"]
        assert {node["id"] for node in nodes} == expected, wanted


async def test_what_lies_outside_the_dates_is_never_read(world: World) -> None:
    for number in range(40):
        await world.report(world.aurora, f"lib/{number}.py", span=(REPORTED - 2 * DAY, CLOSED))
    looked_at: list[int] = []

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        pages = await world.store.query(queries)
        looked_at.extend(len(page.items) for page in pages)
        return pages

    watched = replace(world.store, query=query)
    text = """query ($filter: VulnerabilityFilter) { group(name: "webshop") {
      vulnerabilities(filter: $filter) { nodes { id } } } }"""
    for wanted, number in (
        ({"openedSince": at(REPORTED - DAY)}, 2),
        ({"openedBefore": at(REPORTED - DAY), "states": ["VULNERABLE"]}, 40),
        ({"closedSince": at(CLOSED)}, 1),
        ({"closedSince": at(CLOSED + DAY)}, 0),
        ({"openedSince": at(REPORTED - DAY), "states": ["SUBMITTED"]}, 0),
    ):
        looked_at.clear()
        answer = await world.answer("greta", text, store=watched, filter=wanted)
        assert len(answer.body["data"]["group"]["vulnerabilities"]["nodes"]) == number, wanted
        assert sum(looked_at) == number, wanted


@pytest.mark.parametrize("member", ["text", "tool", "cve", "cwe", "package", "rootNickname", "ruleId", "assigned"])
async def test_a_text_that_none_can_hold_is_refused(world: World, ids: dict[str, str], member: str) -> None:
    answer = await world.answer("greta", LIST, filter={member: "x" * 1_001}, finding=ids["finding"], root=ids["root"])
    assert {error["extensions"]["code"] for error in answer.body["errors"]} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize(
    "wanted", [{"rootNickname": "webshop"}, {"cwe": "CWE-1"}, {"minScore": 1.0, "rootNickname": "webshop"}]
)
async def test_a_filter_reads_what_is_above_once_for_each_page(world: World, wanted: dict[str, Any]) -> None:
    numbers = []
    query = """query ($filter: VulnerabilityFilter) { group(name: "webshop") {
      vulnerabilities(first: 100, filter: $filter) { nodes { id } } } }"""
    for breadth in (5, 40):
        for number in range(breadth):
            await world.report(world.aurora, f"src/{breadth}/{number}.py")
        calls: list[str] = []
        await world.answer("greta", query, store=counting(world.store, calls), filter=wanted)
        numbers.append(len(calls))
    assert numbers[0] == numbers[1] <= 5


@pytest.mark.parametrize("wanted", [{"cve": "CVE-1"}, {"rootNickname": "nowhere"}, {"isSuppressed": True}])
async def test_a_page_in_which_nothing_passes_looks_at_a_bounded_number(
    world: World, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any]
) -> None:
    monkeypatch.setattr(connection, "_FILTERED_PAGE", 2)
    monkeypatch.setattr(connection, "MAX_LOOKED_AT", 6)
    for number in range(20):
        await world.report(world.aurora, f"lib/{number}.py")
    read: list[int] = []

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        pages = await world.store.query(queries)
        read.extend(len(page.items) for page in pages)
        return pages

    watched = Store(world.store.get, query, world.store.write, world.store.max_changes)
    text = """query ($filter: VulnerabilityFilter, $after: String) { %s {
      vulnerabilities(first: 5, filter: $filter, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }"""
    for parent in ('group(name: "webshop")', 'organization(name: "aurora")', f'root(id: "{world.aurora.root.id}")'):
        read.clear()
        answer = await world.answer("greta", text % parent, store=watched, filter=wanted)
        (found,) = answer.body["data"].values()
        page = found["vulnerabilities"]
        assert (page["nodes"], page["pageInfo"]["hasNextPage"]) == ([], True), parent
        assert 6 <= sum(read) < 20, parent


async def test_the_past_is_filtered_by_the_past(world: World, ids: dict[str, str]) -> None:
    before = world.now()
    await rescore(world.store, ids["finding"], scored("9.8"), world.stamp())

    def renamed(old: Finding, _: Any) -> Finding:
        return replace(old, description=replace(old.description, cwe_ids=("CWE-89",), title="Another title"))

    await update(world.store, FINDING, finding_key(ids["finding"]), renamed, world.stamp())
    query = """query ($id: ID!, $at: DateTime, $filter: VulnerabilityFilter) {
      a: finding(id: $id) { vulnerabilities(asOf: $at, filter: $filter) { nodes { id } } }
      b: finding(id: $id, asOf: $at) { vulnerabilities(filter: $filter) { nodes { id } } } }"""
    for wanted, keeps in (
        ({"maxScore": 7.5}, True),
        ({"minScore": 9.0}, False),
        ({"cwe": "CWE-79"}, True),
        ({"cwe": "CWE-89"}, False),
        ({"text": "title of special"}, True),
        ({"text": "another"}, False),
        ({"rootNickname": "special", "tool": "scanner", "package": "debug", "isSuppressed": True}, True),
        ({"rootNickname": "webshop"}, False),
    ):
        found = await world.data("greta", query, id=ids["finding"], at=at(before), filter=wanted)
        for shown in found.values():
            assert [node["id"] for node in shown["vulnerabilities"]["nodes"]] == [ids["vulnerability"]] * keeps, wanted


async def test_what_was_closed_is_found_by_its_closing(world: World, ids: dict[str, str]) -> None:
    closing: Stamp = stamping(CLOSED)()
    await commands.close(world.store, ids["vulnerability"], ClosingReason.VERIFIED, closing)
    found = await world.data(
        "greta", LIST, filter={"closedSince": at(CLOSED), "package": "debug"}, finding=ids["finding"], root=ids["root"]
    )
    for parent in found.values():
        assert [node["id"] for node in parent["vulnerabilities"]["nodes"]] == [ids["vulnerability"]]


async def with_policies(world: World, **days: Any) -> None:
    """Give the group of aurora days for repairing."""
    policies = Policies(**days)
    await update(world.store, GROUP, group_key("webshop"), lambda old, _: replace(old, policies=policies), world.stamp())


async def test_what_is_overdue_is_what_the_field_says(world: World, ids: dict[str, str]) -> None:
    """HIGH ones have to be repaired within 10 days; those that are accepted until later, or closed, are excused."""
    before = world.now()
    await with_policies(world, remediation_days_high=10, remediation_days_low=1)
    query = """query ($filter: VulnerabilityFilter) {
      group(name: "webshop") { vulnerabilities(filter: $filter) { nodes { id isOverdue } } }
      organization(name: "aurora") { vulnerabilities(filter: $filter) { nodes { id isOverdue } } } }"""
    for wanted, expected in ((True, {world.aurora.vulnerable.id}), (False, {world.aurora.safe.id, ids["vulnerability"]})):
        for parent in (await world.data("greta", query, filter={"isOverdue": wanted})).values():
            nodes = parent["vulnerabilities"]["nodes"]
            assert {node["id"] for node in nodes} == expected
            assert {node["isOverdue"] for node in nodes} == {wanted}
    past = """query ($id: ID!, $at: DateTime, $wanted: Boolean) { finding(id: $id) {
      vulnerabilities(asOf: $at, filter: {isOverdue: $wanted}) { nodes { id } } } }"""
    for moment, overdue in ((before, []), (world.now(), [{"id": world.aurora.vulnerable.id}])):
        shown = await world.data("greta", past, id=world.aurora.finding.id, at=at(moment), wanted=True)
        assert shown["finding"]["vulnerabilities"]["nodes"] == overdue


async def test_what_is_overdue_now_was_not_before_it_was_due(world: World) -> None:
    await with_policies(world, remediation_days_high=10)
    later = REPORTED + timedelta(milliseconds=500)
    one = await world.report(world.aurora, "lib/late.py", span=(later, later + DAY))
    before = world.now()
    assert before < later + 10 * DAY
    while world.now() < later + 10 * DAY:
        pass
    query = """query ($id: ID!, $at: DateTime) { finding(id: $id) {
      vulnerabilities(asOf: $at, filter: {isOverdue: true}) { nodes { id } } } }"""
    for moment, is_late in ((before, False), (world.now(), True)):
        found = await world.data("greta", query, id=world.aurora.finding.id, at=at(moment))
        assert ({"id": one.id} in found["finding"]["vulnerabilities"]["nodes"]) is is_late
