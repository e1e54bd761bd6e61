"""Requests and answers by people: permanent acceptance, verification, zero risk (domain sections 4.3, 4.4 and 11.2)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.testing.scene import address_of, uid
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    PreviousTreatment,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from packages.api.tests.conftest import World

WHY = "because of good reasons"
NOWHERE = "99999999-9999-4999-8999-999999999999"
EVENT = "Event webshop"
SHOWN = """{ vulnerabilities { id version state closedAt
  treatment { status acceptanceStatus justification assigned requestedBy by }
  verification { status by justification } zeroRisk { status by justification } }
  errors { code reason message path currentVersion } }"""
ITEMS = "($items: [VulnerabilityRef!]!, $why: String!)"


def simple(name: str, more: str = "") -> str:
    return f"mutation {ITEMS} {{ {name}(items: $items, justification: $why{more}) {SHOWN} }}"


MUTATIONS = {
    "approve": simple("handleVulnerabilitiesAcceptance", ", approve: true"),
    "refuse": simple("handleVulnerabilitiesAcceptance", ", approve: false"),
    "request": simple("requestVulnerabilitiesVerification"),
    "open": f"mutation {ITEMS} {{ verifyVulnerabilities(open: $items, closed: [], justification: $why) {SHOWN} }}",
    "closed": f"mutation {ITEMS} {{ verifyVulnerabilities(open: [], closed: $items, justification: $why) {SHOWN} }}",
    "claim": simple("requestVulnerabilitiesZeroRisk"),
    "confirm": simple("confirmVulnerabilitiesZeroRisk"),
    "reject": simple("rejectVulnerabilitiesZeroRisk"),
    "accept_forever": simple("updateVulnerabilitiesTreatment", ", treatment: ACCEPTED_UNDEFINED"),
    "treat": simple("updateVulnerabilitiesTreatment", ", treatment: IN_PROGRESS"),
}
LISTS = dict.fromkeys(MUTATIONS, "items") | {"open": "open", "closed": "closed"}
VERIFY = f"""mutation ($open: [VulnerabilityRef!]!, $closed: [VulnerabilityRef!]!, $why: String!) {{
  verifyVulnerabilities(open: $open, closed: $closed, justification: $why) {SHOWN} }}"""
MAY = {
    "approve": {"greta", "vera"},
    "refuse": {"greta", "vera"},
    "request": {"greta", "vera", "uri", "hana", "reto", "remy"},
    "open": {"greta", "hana", "reto"},
    "closed": {"greta", "hana", "reto"},
    "claim": {"greta", "vera", "uri"},
    "confirm": {"greta", "remy"},
    "reject": {"greta", "remy"},
}
"""By mutation: the people of the matrix of domain section 10.1."""


async def run(world: World, person: str, name: str, *ids: str, why: str = WHY, version: int | None = None) -> Any:
    """Call a mutation for vulnerabilities and return its payload."""
    items = [{"id": identity} | ({} if version is None else {"expectedVersion": version}) for identity in ids]
    ((_, payload),) = (await world.data(person, MUTATIONS[name], items=items, why=why)).items()
    return payload


def told(payload: Any) -> list[tuple[str, str, list[str]]]:
    """Return code, reason and path of each refusal."""
    assert (payload["vulnerabilities"] is None) == bool(payload["errors"])
    return [(error["code"], error["reason"].lower(), error["path"]) for error in payload["errors"]]


async def stored(world: World, identity: str) -> Vulnerability:
    found = await read.get(world.store, VULNERABILITY, vulnerability_key(identity))
    assert found is not None
    return found


def _pending(status: str, by: str, old: Vulnerability, at: datetime) -> Vulnerability:
    previous = PreviousTreatment(status=TreatmentStatus.IN_PROGRESS, justification=WHY, assigned=by, at=at, by=by)
    asked = Treatment(
        status=TreatmentStatus.ACCEPTED_UNDEFINED,
        acceptance_status=AcceptanceStatus.SUBMITTED,
        justification=WHY,
        requested_by=by,
        previous=previous,
        at=at,
        by=by,
    )
    event = uid(EVENT) if status == "held" else None
    check = Verification(
        status=VerificationStatus.ON_HOLD if event else VerificationStatus.REQUESTED, event_id=event, at=at, by=by
    )
    claim = ZeroRisk(
        status=ZeroRiskStatus.CONFIRMED if status == "hidden" else ZeroRiskStatus.REQUESTED, requested_by=by, at=at, by=by
    )
    return replace(old, treatment=asked, verification=check, zero_risk=claim)


async def pending(world: World, where: str = "src/pending.py", status: str = "", by: str = "uri") -> str:
    """Store a vulnerability with every request that there is, by somebody; return its id."""
    one = await world.report(world.aurora, where)
    await vulnerabilities.update(world.store, one.id, partial(_pending, status, address_of(by)), world.stamp())
    return one.id


async def test_a7_whoever_asks_for_a_permanent_acceptance_cannot_approve_it(world: World) -> None:
    one = world.aurora.vulnerable.id
    asked = await run(world, "vera", "accept_forever", one)
    assert asked["vulnerabilities"][0]["treatment"]["acceptanceStatus"] == "SUBMITTED"
    assert told(await run(world, "vera", "approve", one)) == [("INVALID", "own_request", ["items", "0", "id"])]
    assert (await stored(world, one)).version == 2
    (shown,) = (await run(world, "greta", "approve", one))["vulnerabilities"]
    assert (shown["version"], shown["treatment"]) == (
        3,
        {
            "status": "ACCEPTED_UNDEFINED",
            "acceptanceStatus": "APPROVED",
            "justification": WHY,
            "assigned": None,
            "requestedBy": "vera@demo.example",
            "by": "greta@demo.example",
        },
    )


async def test_a8_one_microsecond_before_the_approval_it_is_submitted(world: World) -> None:
    one = world.aurora.vulnerable.id
    await run(world, "uri", "accept_forever", one)
    await run(world, "vera", "approve", one)
    query = """query ($id: ID!, $at: DateTime) { vulnerability(id: $id, asOf: $at) {
      treatment { acceptanceStatus } treatmentHistory { nodes { version at by operation } } } }"""
    now = (await world.data("uri", query, id=one))["vulnerability"]
    *_, approval = now["treatmentHistory"]["nodes"]
    assert (approval["by"], approval["operation"]) == ("vera@demo.example", "handle_vulnerabilities_acceptance")
    at = (await stored(world, one)).treatment.at
    moments = [at.replace(microsecond=at.microsecond - 1), at]
    shown = [(await world.data("uri", query, id=one, at=each.isoformat()))["vulnerability"]["treatment"] for each in moments]
    assert [each["acceptanceStatus"] for each in shown] == ["SUBMITTED", "APPROVED"]


async def test_a_refused_acceptance_restores_what_was_before_in_one_revision(world: World) -> None:
    one = world.aurora.vulnerable.id
    await run(world, "uri", "treat", one)
    await run(world, "uri", "accept_forever", one)
    (shown,) = (await run(world, "vera", "refuse", one, why="the risk is too high"))["vulnerabilities"]
    assert shown["treatment"] == {
        "status": "IN_PROGRESS",
        "acceptanceStatus": "REJECTED",
        "justification": "the risk is too high",
        "assigned": "uri@demo.example",
        "requestedBy": None,
        "by": "vera@demo.example",
    }
    history = await read.history(world.store, vulnerability_key(one))
    assert [revision.version for revision in history] == [1, 2, 3, 4]
    assert told(await run(world, "vera", "approve", one)) == [("INVALID", "not_requested", ["items", "0", "id"])]


async def test_another_treatment_withdraws_the_request(world: World) -> None:
    one = world.aurora.vulnerable.id
    await run(world, "uri", "accept_forever", one)
    await run(world, "uri", "treat", one)
    assert told(await run(world, "vera", "approve", one)) == [("INVALID", "not_requested", ["items", "0", "id"])]


async def test_a_verification_is_requested_and_answered(world: World) -> None:
    kept, fixed = [(await world.report(world.aurora, f"src/{name}.py")).id for name in ("kept", "fixed")]
    asked = await run(world, "uri", "request", kept, fixed, why="repaired in release two")
    assert [one["verification"] for one in asked["vulnerabilities"]] == [
        {"status": "REQUESTED", "by": "uri@demo.example", "justification": "repaired in release two"}
    ] * 2
    answer = await world.data("reto", VERIFY, open=[{"id": kept}], closed=[{"id": fixed}], why="tried on the test system")
    shown = answer["verifyVulnerabilities"]
    assert shown["errors"] == []
    assert [(one["id"], one["state"], one["closedAt"] is not None) for one in shown["vulnerabilities"]] == [
        (kept, "VULNERABLE", False),
        (fixed, "SAFE", True),
    ]
    assert [one["verification"] for one in shown["vulnerabilities"]] == [
        {"status": "VERIFIED", "by": "reto@demo.example", "justification": "tried on the test system"}
    ] * 2
    closed = await stored(world, fixed)
    assert (closed.state.closing_reason, closed.cycle.closed_at) == ("VERIFIED", closed.state.at)


async def test_a_zero_risk_hides_once_it_is_confirmed_until_it_is_rejected(world: World) -> None:
    one = world.aurora.vulnerable.id
    query = "query ($id: ID!) { vulnerability(id: $id) { zeroRisk { status } } }"
    steps = [
        ("uri", "claim", "REQUESTED", True),
        ("remy", "confirm", "CONFIRMED", False),
        ("greta", "reject", "REJECTED", True),
    ]
    for person, name, status, is_visible in steps:
        assert (await run(world, person, name, one))["vulnerabilities"][0]["zeroRisk"]["status"] == status
        for viewer in ("uri", "hana", "reto"):
            shown = (await world.data(viewer, query, id=one))["vulnerability"]
            assert shown == ({"zeroRisk": {"status": status}} if is_visible else None)
        for viewer in ("vera", "remy", "greta"):
            assert (await world.data(viewer, query, id=one))["vulnerability"]["zeroRisk"]["status"] == status
    assert (await run(world, "uri", "claim", one))["errors"] == []


WORD = "VULNERABLE_CODE_NOT_IN_EXECUTE_PATH"


async def test_a_claim_may_say_why_in_the_words_of_vex_documents(world: World) -> None:
    one = world.aurora.vulnerable.id
    claim = """mutation ($id: ID!, $word: VexJustification) {
      requestVulnerabilitiesZeroRisk(items: [{id: $id}], justification: "The code is never run.", vexJustification: $word) {
        vulnerabilities { zeroRisk { status vexJustification } } errors { code reason path } } }"""
    history = "query ($id: ID!) { vulnerability(id: $id) { zeroRiskHistory { nodes { aspects } } } }"
    for word in (WORD, None):
        made = (await world.data("uri", claim, id=one, word=word))["requestVulnerabilitiesZeroRisk"]
        assert made == {"vulnerabilities": [{"zeroRisk": {"status": "REQUESTED", "vexJustification": word}}], "errors": []}
        newest = (await world.data("remy", history, id=one))["vulnerability"]["zeroRiskHistory"]["nodes"][-1]
        assert newest["aspects"]["zero_risk"].get("vex_justification") == word
        assert (await run(world, "remy", "confirm", one))["errors"] == []
        kept = await stored(world, one)
        assert kept.zero_risk is not None
        assert kept.zero_risk.vex_justification == word
        assert (await run(world, "remy", "reject", one))["errors"] == []


@pytest.mark.parametrize("person", ["greta", "vera", "uri", "hana", "reto", "remy"])
@pytest.mark.parametrize("name", MAY)
async def test_the_matrix_says_who_may(world: World, name: str, person: str) -> None:
    one = world.aurora.vulnerable.id
    payload = await run(world, person, name, one)
    path = [] if LISTS[name] != "items" else ["items"]
    forbidden = ("FORBIDDEN", "missing_permission", path)
    assert (forbidden in told(payload)) == (person not in MAY[name])
    if person not in MAY[name]:
        assert (await stored(world, one)).version == 1


REFUSALS: list[tuple[str, str, str, Sequence[str]]] = [
    ("uri", "request", "pending", ["already_requested"]),
    ("uri", "request", "held", ["already_requested"]),
    ("uri", "request", "safe", ["not_vulnerable"]),
    ("greta", "request", "submitted", ["not_vulnerable"]),
    ("vera", "request", "hidden", ["hidden", "already_requested"]),
    ("reto", "open", "vulnerable", ["not_requested"]),
    ("reto", "closed", "vulnerable", ["not_requested"]),
    ("reto", "closed", "safe", ["not_requested"]),
    ("greta", "closed", "hidden", ["hidden"]),
    ("uri", "claim", "pending", ["already_requested"]),
    ("vera", "claim", "hidden", ["already_confirmed"]),
    ("uri", "claim", "safe", ["not_vulnerable"]),
    ("greta", "claim", "submitted", ["not_vulnerable"]),
    ("remy", "confirm", "vulnerable", ["not_requested"]),
    ("remy", "confirm", "hidden", ["not_requested"]),
    ("remy", "confirm", "safe", ["not_requested"]),
    ("remy", "reject", "vulnerable", ["not_requested"]),
    ("vera", "approve", "vulnerable", ["not_requested"]),
    ("vera", "approve", "safe", ["not_requested"]),
    ("vera", "approve", "hidden", ["hidden"]),
    ("vera", "refuse", "vulnerable", ["not_requested"]),
    ("vera", "accept_forever", "pending", ["already_requested"]),
    ("vera", "treat", "hidden", ["hidden"]),
]


@pytest.mark.parametrize(("person", "name", "kind", "reasons"), REFUSALS)
async def test_one_that_is_refused_refuses_all(world: World, person: str, name: str, kind: str, reasons: Sequence[str]) -> None:
    fine = await pending(world, "src/fine.py")
    if name in {"request", "claim", "accept_forever"}:
        fine = world.aurora.vulnerable.id
    made = {
        "vulnerable": (await world.report(world.aurora, "src/plain.py")).id,
        "safe": world.aurora.safe.id,
        "submitted": world.aurora.submitted.id,
    }
    one = made.get(kind) or await pending(world, status=kind)
    before = [await stored(world, each) for each in (fine, one)]
    payload = await run(world, person, name, fine, one)
    assert told(payload) == [("INVALID", reason, [LISTS[name], "1", "id"]) for reason in reasons]
    assert [await stored(world, each) for each in (fine, one)] == before


async def test_whoever_claims_cannot_confirm_but_may_reject(world: World) -> None:
    one = await pending(world, by="greta")
    assert told(await run(world, "greta", "confirm", one)) == [("INVALID", "own_request", ["items", "0", "id"])]
    assert (await run(world, "greta", "reject", one))["errors"] == []


@pytest.mark.parametrize("name", MAY)
async def test_limits_of_arguments(world: World, name: str) -> None:
    one, others = await pending(world), [f"99999999-9999-4999-8999-{number:012}" for number in range(101)]
    where = LISTS[name]
    for why, reason in (("short", "too_short"), ("x" * 10_001, "too_long"), ("a bell \a rings", "bad_characters")):
        assert told(await run(world, "greta", name, one, why=why)) == [("INVALID", reason, ["justification"])]
    assert told(await run(world, "greta", name, *others)) == [("LIMIT_EXCEEDED", "too_many_items", [where])]
    absent = [("NOT_FOUND", "not_found", [where, str(at), "id"]) for at in range(100)]
    assert told(await run(world, "greta", name, *others[:100])) == absent
    expected = [("INVALID", "required", ["open" if where == "closed" else where])]
    assert told(await run(world, "greta", name)) == expected
    assert told(await run(world, "greta", name, one, one)) == [("INVALID", "bad_format", [where, "1", "id"])]
    wrong = await world.answer("greta", MUTATIONS[name], items=[{"id": one, "expectedVersion": "2"}], why=WHY)
    assert wrong.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await stored(world, one)).version == 2


@pytest.mark.parametrize("name", MAY)
async def test_what_is_out_of_sight_is_not_there(world: World, name: str) -> None:
    one, foreign, removed = await pending(world), world.harbor.vulnerable.id, await pending(world, "src/removed.py")
    await _remove(world, removed)
    for gone in (foreign, removed, world.aurora.hidden.id, world.aurora.submitted.id, NOWHERE, "no id"):
        payload = await run(world, "uri", name, one, gone)
        assert told(payload) == [("NOT_FOUND", "not_found", [LISTS[name], "1", "id"])]
    assert (await stored(world, one)).version == 2


async def _remove(world: World, identity: str) -> None:
    def removed(old: Vulnerability, at: datetime) -> Vulnerability:
        state = replace(old.state, status=VulnerabilityStatus.DELETED, at=at, justification=RemovalJustification.DUPLICATED)
        return replace(old, state=state)

    await vulnerabilities.update(world.store, identity, removed, world.stamp())


async def test_paths_name_the_right_list(world: World) -> None:
    one, two, none = await pending(world), await pending(world, "src/two.py"), (await world.report(world.aurora, "src/n.py")).id

    async def verify(opened: Sequence[str], closed: Sequence[str], **more: Any) -> list[tuple[str, str, list[str]]]:
        first, second = [{"id": each, **more} for each in opened], [{"id": each} for each in closed]
        return told((await world.data("reto", VERIFY, open=first, closed=second, why=WHY))["verifyVulnerabilities"])

    assert await verify([one], [two, none]) == [("INVALID", "not_requested", ["closed", "1", "id"])]
    assert await verify([one, none], [two]) == [("INVALID", "not_requested", ["open", "1", "id"])]
    assert await verify([one], [two, NOWHERE]) == [("NOT_FOUND", "not_found", ["closed", "1", "id"])]
    assert await verify([NOWHERE], [one, NOWHERE]) == [
        ("NOT_FOUND", "not_found", ["open", "0", "id"]),
        ("NOT_FOUND", "not_found", ["closed", "1", "id"]),
    ]
    assert await verify([one], [two, one]) == [("INVALID", "in_both_lists", ["closed", "1", "id"])]
    assert await verify([two, two, one], [one]) == [
        ("INVALID", "bad_format", ["open", "1", "id"]),
        ("INVALID", "in_both_lists", ["closed", "0", "id"]),
    ]
    assert await verify([one], [two], expectedVersion=1) == [("CONFLICT", "stale_version", ["open", "0", "id"])]
    assert await verify([], []) == [("INVALID", "required", ["open"])]
    many = [NOWHERE] * 60
    assert await verify(many, many) == [("LIMIT_EXCEEDED", "too_many_items", ["closed"])]
    assert await verify(many * 2, []) == [("LIMIT_EXCEEDED", "too_many_items", ["open"])]
    assert [(await stored(world, each)).version for each in (one, two)] == [2, 2]


TWICE = [
    ("vera", "approve", "greta", "approve", "not_requested"),
    ("vera", "approve", "greta", "refuse", "not_requested"),
    ("uri", "request", "hana", "request", "already_requested"),
    ("reto", "open", "hana", "closed", "not_requested"),
    ("reto", "closed", "hana", "closed", "not_requested"),
    ("uri", "claim", "vera", "claim", "already_requested"),
    ("remy", "confirm", "greta", "confirm", "not_requested"),
    ("remy", "reject", "greta", "reject", "not_requested"),
    ("vera", "accept_forever", "uri", "accept_forever", "already_requested"),
]


@pytest.mark.parametrize(("first", "one_way", "second", "other_way", "reason"), TWICE)
@pytest.mark.parametrize("version", [None, True])
async def test_of_two_at_once_one_wins_and_the_other_is_told(
    world: World, first: str, one_way: str, second: str, other_way: str, reason: str, *, version: bool | None
) -> None:
    is_request = one_way in {"request", "claim", "accept_forever"}
    one = world.aurora.vulnerable.id if is_request else await pending(world)
    before = (await stored(world, one)).version
    expected = before if version else None
    payloads = await asyncio.gather(
        run(world, first, one_way, one, version=expected), run(world, second, other_way, one, version=expected)
    )
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1]
    (lost,) = [told(payload) for payload in payloads if payload["errors"]]
    stale = ("CONFLICT", "stale_version", ["items", "0", "id"])
    assert [(code, why) for code, why, _ in lost] == [stale[:2] if version else ("INVALID", reason)]
    assert (await stored(world, one)).version == before + 1
