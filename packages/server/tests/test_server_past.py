"""What is in the demo once its past has been played: the counts that its story promises, through the API and the model."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from logging.handlers import BufferingHandler
from typing import Any

import msgspec
import pytest

from integrates.api.execute import new_api
from integrates.db_model.comments.facet import COMMENT, comments_of_event, comments_of_finding, comments_of_group
from integrates.db_model.comments.types import Comment
from integrates.db_model.entity import read
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import entity_key
from integrates.db_model.entity.listing import listing
from integrates.db_model.events.facet import EVENT, events_of_group
from integrates.db_model.events.types import Event
from integrates.db_model.files.memory import memory_files
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.findings.types import Finding
from integrates.db_model.forces.facet import FORCES_EXECUTION, executions_of_group
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.imports.types import Import
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.store.design import design
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Query, Store
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Vulnerability
from integrates.server.auth.secret import derive
from integrates.server.demo.load import load_demo
from integrates.server.demo.scenario import STEPS, play
from integrates.server.demo.stage import Stage, ask
from integrates.server.demo.step import ADA, Step, asked, mutation, named, reported
from integrates.server.process import clock
from integrates.server.process.open import Installation

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
GROUPS = ("webshop", "payments", "cargo")
SHOWN = """query ($group: ID!) { group(name: $group) {
  vulnerabilities(first: 40, filter: {
    states: [SUBMITTED, REJECTED, VULNERABLE, SAFE], zeroRisks: [null, REQUESTED, CONFIRMED, REJECTED]
  }) { totalCount nodes {
    id state cycles temporaryAcceptances
    treatment { status acceptanceStatus } verification { status } zeroRisk { status }
    stateHistory(first: 5) { nodes { operation } }
  } }
} }"""
ABOUT = """query ($group: ID!) { group(name: $group) {
  comments { nodes { type parent { id } } }
  findings(first: 10) { nodes {
    status rule { tool } evidences { slot } severity { cvssV4 cvssV3 toolScore level } comments { nodes { type parent { id } } }
  } }
  events { nodes { state solvingReason heldVulnerabilities { specific } comments { nodes { type parent { id } } } } }
  forcesExecutions(first: 10) { nodes { id strictness exitCode root { nickname } gitBranch counts { blocking } } }
  imports(first: 10) { nodes { state reason counts { created reopened moved unchanged closed ignored } } }
} }"""
POLICIES = 'query { organization(name: "aurora") { findingPolicies { title state applicationStatus processed } } }'

Shown = Mapping[str, Any]


class Told(msgspec.Struct, frozen=True):
    """Everything of the demo, as ada sees it and as it is stored, removed ones included."""

    store: Store
    warnings: tuple[str, ...]
    groups: Mapping[str, Shown]
    about: Mapping[str, Shown]
    findings: tuple[Finding, ...]
    vulnerabilities: tuple[Vulnerability, ...]
    comments: tuple[Comment, ...]
    imports: tuple[Import, ...]
    events: tuple[Event, ...]
    policies: tuple[Shown, ...]

    @property
    def shown(self) -> list[Shown]:
        return [node for group in self.groups.values() for node in group["vulnerabilities"]["nodes"]]

    def named(self, state: str) -> list[Shown]:
        return [node for node in self.shown if node["state"] == state]


def new_installation() -> Installation:
    return Installation(memory_store(), memory_files(), lambda: derive(b"the secret of the tests, 32 bytes and more"))


async def loaded() -> Installation:
    installation = new_installation()
    await load_demo(installation.store, design(), NOW, clock.new_id)
    return installation


def stage_of(installation: Installation) -> Stage:
    return Stage(installation, new_api(), NOW, frozenset())


async def joined(store: Store, facet: Any, queries: Iterable[Query]) -> tuple[Any, ...]:
    """Whole lists, with those that were removed."""
    return tuple([decoded(facet, item) for query in queries async for page in read.pages(store, query) for item in page])


async def told() -> Told:
    installation = await loaded()
    await play(installation, NOW)
    store, stage = installation.store, stage_of(installation)
    groups = {name: (await ask(stage, ADA, NOW, SHOWN, {"group": name}))["group"] for name in GROUPS}
    about = {name: (await ask(stage, ADA, NOW, ABOUT, {"group": name}))["group"] for name in GROUPS}
    policies = tuple((await ask(stage, ADA, NOW, POLICIES, {}))["organization"]["findingPolicies"])
    of_group = [{"group_name": name} for name in GROUPS]
    findings = await joined(store, FINDING, [listing("finding", "findings_of_group", each) for each in of_group])
    imports = await joined(store, IMPORT, [listing("import", "imports_of_group", each) for each in of_group])
    places = await joined(store, VULNERABILITY, [lists.of_finding(each.id) for each in findings])
    events = await joined(store, EVENT, map(events_of_group, GROUPS))
    threads = [
        *map(comments_of_group, GROUPS),
        *(comments_of_finding(each.id) for each in findings),
        *(comments_of_event(each.id) for each in events),
    ]
    comments = await joined(store, COMMENT, threads)
    return Told(
        store, (), groups, about, tuple(findings), tuple(places), tuple(comments), tuple(imports), tuple(events), policies
    )


@pytest.fixture(scope="module")
def demo() -> Told:
    kept = BufferingHandler(1000)
    logging.getLogger("integrates").addHandler(kept)
    try:
        found = asyncio.run(told())
    finally:
        logging.getLogger("integrates").removeHandler(kept)
    return msgspec.structs.replace(found, warnings=tuple(record.getMessage() for record in kept.buffer))


def test_no_step_is_skipped_and_nothing_is_complained_about(demo: Told) -> None:
    assert demo.warnings == ()


def counts(of: Iterable[Any], by: Callable[[Any], Hashable]) -> Counter[Hashable]:
    return Counter(map(by, of))


BY_GROUP = {"webshop": 34, "payments": 14, "cargo": 12}
BY_TYPE = {"LINES": 40, "INPUTS": 14, "PORTS": 6}
BY_STATE = {"SUBMITTED": 4, "REJECTED": 3, "VULNERABLE": 36, "SAFE": 14, "DELETED": 3}
BY_TREATMENT = {
    ("UNTREATED", None): 14,
    ("IN_PROGRESS", None): 8,
    ("ACCEPTED", None): 5,
    ("ACCEPTED_UNDEFINED", "SUBMITTED"): 3,
    ("ACCEPTED_UNDEFINED", "APPROVED"): 4,
    ("IN_PROGRESS", "REJECTED"): 1,  # restored after a refused request
    ("UNTREATED", "REJECTED"): 1,
}
BY_VERIFICATION = {"REQUESTED": 3, "ON_HOLD": 2, "VERIFIED": 2, None: 29}
BY_ZERO_RISK = {"REQUESTED": 2, "CONFIRMED": 2, "REJECTED": 1, None: 31}


def test_there_are_sixty_vulnerabilities(demo: Told) -> None:
    assert counts(demo.vulnerabilities, lambda one: one.group_name) == BY_GROUP
    assert counts(demo.vulnerabilities, lambda one: one.type) == BY_TYPE
    assert counts(demo.vulnerabilities, lambda one: one.state.status) == BY_STATE


def test_all_but_the_removed_ones_are_shown(demo: Told) -> None:
    assert {**counts(demo.shown, lambda one: one["state"]), "DELETED": 3} == BY_STATE
    assert {one["id"] for one in demo.shown} == {one.id for one in demo.vulnerabilities if one.state.status != "DELETED"}
    assert [group["vulnerabilities"]["totalCount"] for group in demo.groups.values()] == [33, 13, 11]


def test_what_is_done_about_the_vulnerable_ones(demo: Told) -> None:
    assert (
        counts(demo.named("VULNERABLE"), lambda one: (one["treatment"]["status"], one["treatment"]["acceptanceStatus"]))
        == BY_TREATMENT
    )
    stored = [one.treatment for one in demo.vulnerabilities if one.state.status == "VULNERABLE"]
    assert counts(stored, lambda one: (one.status, one.acceptance_status)) == BY_TREATMENT
    until = sorted(one.accepted_until - NOW for one in stored if one.accepted_until)
    assert [round(left / timedelta(days=1)) for left in until] == [-1, 3, 15, 18, 45]
    assert sum(one.policy_id is not None for one in stored) == 2


def test_what_is_checked_again(demo: Told) -> None:
    shown = counts(demo.named("VULNERABLE"), lambda one: one["verification"] and one["verification"]["status"])
    assert shown == BY_VERIFICATION
    found = [one.verification for one in demo.vulnerabilities if one.state.status == "VULNERABLE"]
    assert counts(found, lambda one: one and one.status) == BY_VERIFICATION


def test_what_is_said_to_do_no_harm(demo: Told) -> None:
    assert counts(demo.named("VULNERABLE"), lambda one: one["zeroRisk"] and one["zeroRisk"]["status"]) == BY_ZERO_RISK
    found = [one.zero_risk for one in demo.vulnerabilities if one.state.status == "VULNERABLE"]
    assert counts(found, lambda one: one and one.status) == BY_ZERO_RISK


def test_how_the_safe_ones_came_to_be_so(demo: Told) -> None:
    closed = counts(demo.named("SAFE"), lambda one: one["stateHistory"]["nodes"][-1]["operation"])
    assert closed == {"verify_vulnerabilities": 6, "import_vulnerabilities": 8}
    stored = [one.state.closing_reason for one in demo.vulnerabilities if one.state.status == "SAFE"]
    assert Counter(stored) == {"VERIFIED": 6, "NOT_REPORTED": 8}


def test_some_came_back(demo: Told) -> None:
    cycles = {1: 33, 2: 3}
    assert counts(demo.named("VULNERABLE"), lambda one: one["cycles"]) == cycles
    assert Counter(one.cycle.cycles for one in demo.vulnerabilities if one.state.status == "VULNERABLE") == cycles
    assert [one["temporaryAcceptances"] for one in demo.shown].count(2) == 1


def test_what_was_accepted_twice_was_ended_by_the_system_in_between(demo: Told) -> None:
    [twice] = [one for one in demo.vulnerabilities if one.cycle.temporary_acceptances == 2]
    history = asyncio.run(read.history(demo.store, entity_key(VULNERABILITY, twice)))
    assert [(revision.operation, revision.by.partition("@")[0]) for revision in history] == [
        ("import_vulnerabilities", "hana"),
        ("update_vulnerabilities_treatment", "vera"),
        ("expire_acceptances", "system"),
        ("update_vulnerabilities_treatment", "vera"),
    ]


def test_drafts_were_rejected_and_details_given(demo: Told) -> None:
    reasons = [sorted(one.state.rejection_reasons) for one in demo.vulnerabilities if one.state.status == "REJECTED"]
    assert sorted(reasons) == [["CONSISTENCY", "EVIDENCE"], ["OTHER"], ["SCORING", "WRITING"]]
    assert [one.location.specific for one in demo.vulnerabilities if one.severity] == ["502"]
    assert counts(demo.vulnerabilities, lambda one: one.labels.tags) == {
        (): 57,
        ("accepted-by-policy",): 2,
        ("chargeback",): 1,
    }
    kept = [one.state.justification for one in demo.vulnerabilities if one.state.status == "DELETED"]
    assert Counter(kept) == {"DUPLICATED": 2, "FALSE_POSITIVE": 1}


def test_there_are_twelve_findings(demo: Told) -> None:
    findings = [node for group in demo.about.values() for node in group["findings"]["nodes"]]
    assert {name: len(group["findings"]["nodes"]) for name, group in demo.about.items()} == {
        "webshop": 6,
        "payments": 3,
        "cargo": 3,
    }
    assert len(demo.findings) == len(findings)
    assert counts(findings, lambda one: one["status"]) == {"VULNERABLE": 9, "SAFE": 2, "DRAFT": 1}
    assert counts(findings, lambda one: one["rule"] is not None) == {True: 4, False: 8}
    severities = [one["severity"] for one in findings if one["severity"]]
    assert {one["level"] for one in severities} == {"LOW", "MEDIUM", "HIGH", "CRITICAL"}
    members = ("cvssV4", "cvssV3", "toolScore")
    assert counts(severities, lambda one: tuple(name for name in members if one[name] is not None)) == {
        ("cvssV4",): 2,
        ("cvssV3",): 3,
        ("cvssV4", "cvssV3"): 2,
        ("toolScore",): 4,
    }
    assert counts(findings, lambda one: one["status"] == "DRAFT" or one["rule"] is not None or bool(one["evidences"])) == {
        True: 12
    }


def test_there_are_four_imports(demo: Told) -> None:
    imports = demo.about["webshop"]["imports"]["nodes"]
    names = ("created", "reopened", "moved", "unchanged", "closed", "ignored")
    assert [(one["state"], one["reason"], *(one["counts"][name] for name in names)) for one in imports] == [
        ("COMPLETED", None, 0, 2, 0, 12, 0, 1),  # newest first
        ("COMPLETED", None, 0, 0, 0, 13, 10, 0),
        ("FAILED", "abandoned", 0, 0, 0, 0, 0, 0),
        ("COMPLETED", None, 23, 0, 0, 0, 0, 0),
    ]
    assert counts(demo.imports, lambda one: one.state.status) == {"COMPLETED": 3, "FAILED": 1}


def test_the_gate_was_asked_three_times(demo: Told) -> None:
    made = demo.about["webshop"]["forcesExecutions"]["nodes"]
    names = ("strictness", "exitCode", "root", "gitBranch")
    assert [(*(one[name] for name in names), one["counts"]["blocking"] > 0) for one in made] == [
        ("STRICT", 0, {"nickname": "frontend"}, "main", False),  # newest first
        ("LAX", 0, None, "main", True),
        ("STRICT", 1, {"nickname": "backend"}, "main", True),
    ]
    stored = asyncio.run(read.everything(demo.store, FORCES_EXECUTION, executions_of_group("webshop")))
    assert [one.log is not None for one in stored] == [False, False, True]
    assert [demo.about[name]["forcesExecutions"]["nodes"] for name in ("payments", "cargo")] == [[], []]


def test_there_are_two_policies_one_of_which_applies(demo: Told) -> None:
    """One vulnerability was accepted when the policy was approved, another one when it was released."""
    assert sorted(demo.policies, key=lambda policy: str(policy["state"])) == [
        {"title": "Error pages show stack traces", "state": "APPROVED", "applicationStatus": "DONE", "processed": 1},
        {
            "title": "Text of a request written to the log as it is",
            "state": "SUBMITTED",
            "applicationStatus": None,
            "processed": None,
        },
    ]
    by_policy = [one.treatment.at for one in demo.vulnerabilities if one.treatment.policy_id]
    assert sorted(by_policy) == [NOW - timedelta(days=27), NOW - timedelta(days=25.5)]


def test_there_are_three_events_one_of_which_holds_two_verifications(demo: Told) -> None:
    held = [
        (name, event["state"], event["solvingReason"], sorted(one["specific"] for one in event["heldVulnerabilities"]))
        for name, group in demo.about.items()
        for event in group["events"]["nodes"]
    ]
    assert held == [
        ("webshop", "CREATED", None, ["amount", "unit_price"]),
        ("payments", "VERIFICATION_REQUESTED", None, []),
        ("cargo", "SOLVED", "RESOURCE_REMOVED_FROM_SCOPE", []),
    ]
    assert [one.state.status for one in demo.events] == ["CREATED", "VERIFICATION_REQUESTED", "SOLVED"]


def test_people_have_said_ten_things(demo: Told) -> None:
    """Beside what explains verifications and claims of no risk."""
    told = {"CONSULT": 5, "OBSERVATION": 1, None: 4}
    said = [one for one in demo.comments if one.type not in {"VERIFICATION", "ZERO_RISK"}]
    assert len(said) == 10
    assert counts(said, lambda one: one.type) == told
    assert sum(one.parent_id is not None for one in said) == 1
    threads = [
        thread for group in demo.about.values() for thread in (group, *group["findings"]["nodes"], *group["events"]["nodes"])
    ]
    shown = [node for thread in threads for node in thread["comments"]["nodes"]]
    assert len(shown) == len(demo.comments)
    assert sum(one["parent"] is not None for one in shown) == 1


def test_steps_have_names_of_their_own_and_lie_in_the_past() -> None:
    assert len({step.name for step in STEPS}) == len(STEPS)
    assert all(step.days > 0 for step in STEPS)
    assert [step.days for step in STEPS] == sorted((step.days for step in STEPS), reverse=True)


def test_each_revision_of_the_past_lies_at_the_moment_of_its_step(demo: Told) -> None:
    """An entity that a step would change before it was stored gets a date of its own: a mistake of the story."""

    async def dates() -> set[datetime]:
        keys = [entity_key(VULNERABILITY, one) for one in demo.vulnerabilities]
        histories = [await read.history(demo.store, key) for key in keys]
        return {revision.at for history in histories for revision in history if revision.operation != "load_demo"}

    assert asyncio.run(dates()) <= {NOW - timedelta(days=step.days) for step in STEPS}


@pytest.mark.parametrize("group", GROUPS)
def test_the_counters_are_what_a_recount_gives(demo: Told, group: str) -> None:
    async def compared() -> None:
        counted = await recount(demo.store, group)
        assert counted == await stored_counters(demo.store, counted, group)

    asyncio.run(compared())


LABEL = mutation("updateVulnerabilityLabels", id="ID!", tags="[String!]")
TREAT = mutation(
    "updateVulnerabilitiesTreatment", items="[VulnerabilityRef!]!", treatment="TreatmentStatus!", justification="String!"
)


@pytest.mark.parametrize(
    "act, reason",
    [
        (
            asked(ADA, LABEL, id=named("vulnerability", "webshop/gone"), tags=["lost"]),
            "There is no such object, or you may not see it.",
        ),
        (
            asked(ADA, TREAT, items=reported("webshop", "gone"), treatment="IN_PROGRESS", justification="Nobody is there"),
            "there is no such vulnerability",
        ),
        (
            asked(ADA, "mutation { addNothing { errors { message } } }"),
            "Cannot query field 'addNothing' on type 'Mutation'.",
        ),
        (asked(ADA, 'query { group(name: "nowhere") { name } }'), "there is no such object"),
    ],
    ids=["by id", "by items", "no such mutation", "no such object"],
)
async def test_a_step_whose_entity_is_gone_is_skipped_with_a_warning(
    act: Any, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await play(await loaded(), NOW, [Step(1, "something odd", act)]) == 1
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"demo: something odd is skipped: {reason}")


async def test_what_is_left_of_the_entities_of_a_step_is_changed() -> None:
    installation = await loaded()
    remove = mutation("removeVulnerabilities", items="[VulnerabilityRef!]!", justification="RemovalJustification!")
    items = reported("webshop", "gone", "cart_price")
    step = Step(1, "a removal", asked(ADA, remove, items=items, justification="DUPLICATED"))
    assert await play(installation, NOW, [step]) == 0
    found = await read.history(installation.store, vulnerability_key(str(items[1])))
    assert [revision.operation for revision in found] == ["load_demo", "remove_vulnerabilities"]
