"""Review, reopening and removal, labels and own severity: every refusal, and two at once (domain sections 4.2 and 11.2)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import ROLES, stamping
from packages.api.tests.test_report import add, is_exact, report
from packages.api.tests.test_store_calls import counting
from packages.api.tests.test_treatment import racing, reasons, stored

from integrates.db_model.entity import command, read
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import deactivate_root
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import RejectionReason, Vulnerability, VulnerabilityStatus, ZeroRiskStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packages.api.tests.conftest import World

    from integrates.db_model.findings.types import Finding
    from integrates.db_model.store.port import Store

ERRORS = "errors { code reason message path currentVersion }"
SHOWN = f"{{ vulnerabilities {{ id version state stateReasons cycles openedAt closedAt reportedAt }} {ERRORS} }}"
NOWHERE = "99999999-9999-4999-8999-999999999999"
V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
BULK = {
    "confirm": f"confirmVulnerabilities(items: $items) {SHOWN}",
    "reject": f"rejectVulnerabilities(items: $items, reasons: [NAMING, WRITING]) {SHOWN}",
    "resubmit": f"resubmitVulnerabilities(items: $items) {SHOWN}",
    "reopen": f'reopenVulnerabilities(items: $items, justification: "It is back again.") {SHOWN}',
    "remove": f"removeVulnerabilities(items: $items, justification: FALSE_POSITIVE) {{ ids {ERRORS} }}",
}
SINGLE = {
    "label": f'updateVulnerabilityLabels(id: $id, tags: ["payment"], expectedVersion: $version) {{ vulnerability {{ id version '
    f"tags bugTrackingSystemUrl }} {ERRORS} }}",
    "score": f'updateVulnerabilitySeverity(id: $id, cvssV3: "{V3}", expectedVersion: $version) {{ vulnerability {{ id version '
    f"ownSeverity {{ score cvssV3 }} severity {{ score }} }} {ERRORS} }}",
}
MAY: Mapping[str, frozenset[str]] = {
    "confirm": frozenset({"greta", "remy"}),
    "reject": frozenset({"greta", "remy"}),
    "resubmit": frozenset({"greta", "hana", "reto"}),
    "reopen": frozenset({"greta", "hana", "reto"}),
    "remove": frozenset({"greta", "hana", "remy"}),
    "label": frozenset({"greta", "vera", "uri", "hana"}),
    "score": frozenset({"greta", "hana", "remy"}),
}
"""Who of the group may what: a second copy of the matrix of the domain."""


async def ask(world: World, person: str, name: str, *items: Any, store: Store | None = None) -> Any:
    """Ask for a change of several, each an id or an id with a version; return the payload."""
    given = [item if isinstance(item, dict) else {"id": item} for item in items]
    query = f"mutation ($items: [VulnerabilityRef!]!) {{ x: {BULK[name]} }}"
    answer = await world.answer(person, query, store=store, items=given)
    assert "errors" not in answer.body, answer.body["errors"]
    return answer.body["data"]["x"]


async def tell(world: World, person: str, name: str, identity: str, version: int | None = None) -> Any:
    """Ask for a change of one; return the payload."""
    query = f"mutation ($id: ID!, $version: Int) {{ x: {SINGLE[name]} }}"
    return (await world.data(person, query, id=identity, version=version))["x"]


async def ready(world: World) -> Finding:
    """Give the finding of the tenant evidence, so that its drafts may be released."""
    return await evidenced(world, world.aurora.finding)


async def evidenced(world: World, finding: Finding) -> Finding:
    key = finding_key(finding.id)
    return await command.update(world.store, FINDING, key, lambda old, _: scene.evidenced(old), world.stamp())


async def each_state(world: World) -> dict[str, Vulnerability]:
    """Store one vulnerability of each state."""
    made = {
        state: await world.report(world.aurora, f"{state}.py", state)
        for state in VulnerabilityStatus
        if state is not VulnerabilityStatus.DELETED
    }
    hidden = await world.report(world.aurora, "hidden.py", zero_risk=ZeroRiskStatus.CONFIRMED)
    return {**{state.value: one for state, one in made.items()}, "hidden": hidden}


OUTCOMES: Mapping[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "confirm": (
        "VULNERABLE",
        {
            "REJECTED": ("not_submitted",),
            "VULNERABLE": ("not_submitted",),
            "SAFE": ("not_submitted",),
            "hidden": ("not_submitted", "hidden"),
        },
    ),
    "reject": (
        "REJECTED",
        {
            "REJECTED": ("not_submitted",),
            "VULNERABLE": ("not_submitted",),
            "SAFE": ("not_submitted",),
            "hidden": ("not_submitted", "hidden"),
        },
    ),
    "resubmit": (
        "SUBMITTED",
        {
            "SUBMITTED": ("not_rejected",),
            "VULNERABLE": ("not_rejected",),
            "SAFE": ("not_rejected",),
            "hidden": ("not_rejected", "hidden"),
        },
    ),
    "reopen": (
        "VULNERABLE",
        {
            "SUBMITTED": ("not_safe",),
            "REJECTED": ("not_safe",),
            "VULNERABLE": ("not_safe",),
            "hidden": ("not_safe", "hidden"),
        },
    ),
    "remove": ("DELETED", {"SAFE": ("is_safe",)}),
}
"""By command: the state to which it leads, and the refusals by state."""


@pytest.mark.parametrize("name", BULK)
async def test_every_command_in_every_state(world: World, name: str) -> None:
    await ready(world)
    all_, (leads_to, refused) = await each_state(world), OUTCOMES[name]
    payload = await ask(world, "greta", name, *(one.id for one in all_.values()))
    expected = [
        ("INVALID", reason, ["items", str(at), "id"]) for at, state in enumerate(all_) for reason in refused.get(state, ())
    ]
    assert reasons(payload) == expected
    assert payload.get("vulnerabilities") is payload.get("ids") is None
    assert [(await stored(world, one.id)).version for one in all_.values()] == [one.version for one in all_.values()]
    good = [one for state, one in all_.items() if state not in refused]
    payload = await ask(world, "greta", name, *(one.id for one in good))
    assert payload["errors"] == []
    if name == "remove":
        assert payload["ids"] == [one.id for one in good]
    else:
        assert [(one["id"], one["state"]) for one in payload["vulnerabilities"]] == [(one.id, leads_to) for one in good]
    for one in good:
        last = (await read.history(world.store, vulnerability_key(one.id)))[-1]
        assert (last.version, last.by) == (one.version + 1, "greta@demo.example")
        assert last.operation == f"{name}_vulnerabilities"
        assert last.aspects["state"]["status"] == leads_to
    assert await is_exact(world)


@pytest.mark.parametrize("person", ROLES)
@pytest.mark.parametrize("name", MAY)
async def test_only_those_may_who_have_the_permission(world: World, name: str, person: str) -> None:
    await ready(world)
    state = {"confirm": "SUBMITTED", "reject": "SUBMITTED", "resubmit": "REJECTED", "reopen": "SAFE"}.get(name, "VULNERABLE")
    one = (await each_state(world))[state]
    payload = await (ask(world, person, name, one.id) if name in BULK else tell(world, person, name, one.id))
    path = ["items"] if name in BULK else ["id"]
    if person in MAY[name]:
        assert payload["errors"] == []
    elif state in {"SUBMITTED", "REJECTED"} and person in {"vera", "uri"}:
        assert reasons(payload) == [("NOT_FOUND", "not_found", [*path, "0", "id"] if name in BULK else path)]
    else:
        assert reasons(payload) == [("FORBIDDEN", "missing_permission", path)]


@pytest.mark.parametrize("name", MAY)
async def test_what_one_does_not_see_is_not_there(world: World, name: str) -> None:
    """A draft for those who read none, a hidden one, what is another tenant's, and what was removed."""
    person = {"label": "uri"}.get(name, "hana")
    removed = await world.report(world.aurora, "gone.py")
    assert (await ask(world, "greta", "remove", removed.id))["errors"] == []
    unseen = [world.harbor.vulnerable.id, world.harbor.submitted.id, world.aurora.hidden.id, removed.id, "no id"]
    unseen += [world.aurora.submitted.id] if person == "uri" else []
    for identity in unseen:
        if name in BULK:
            seen, missing = [await ask(world, person, name, each) for each in (identity, NOWHERE)]
            path = ["items", "0", "id"]
        else:
            seen, missing = [await tell(world, person, name, each) for each in (identity, NOWHERE)]
            path = ["id"]
        assert seen == missing
        assert reasons(seen) == [("NOT_FOUND", "not_found", path)]


async def test_a_draft_passes_review(world: World) -> None:
    finding = await evidenced(world, world.aurora.draft_finding)
    payload = await add(world, "hana", report(world.aurora), report(world.aurora, "two.py"), finding=finding.id)
    one, two = [each["id"] for each in payload["vulnerabilities"]]
    payload = await ask(world, "remy", "confirm", one)
    assert payload["errors"] == []
    (shown,) = payload["vulnerabilities"]
    assert (shown["state"], shown["version"], shown["cycles"], shown["closedAt"]) == ("VULNERABLE", 2, 1, None)
    assert shown["openedAt"] == shown["reportedAt"] is not None
    query = "query ($id: ID!) { finding(id: $id) { version status releasedAt } }"
    released = (await world.data("uri", query, id=finding.id))["finding"]
    assert released == {"version": finding.version + 1, "status": "VULNERABLE", "releasedAt": shown["openedAt"]}
    last = (await read.history(world.store, finding_key(finding.id)))[-1]
    first = (await read.history(world.store, vulnerability_key(one)))[-1]
    assert (last.change_id, last.operation, list(last.aspects)) == (first.change_id, "confirm_vulnerabilities", ["release"])
    assert (await ask(world, "remy", "confirm", two))["errors"] == []
    assert (await world.data("uri", query, id=finding.id))["finding"] == released
    assert await is_exact(world)


async def test_without_severity_and_evidence_of_the_finding_nothing_is_released(world: World) -> None:
    bare = await scene.add_finding(world.store, world.aurora.group, "bare", stamping(), title="Bare")
    payload = await add(world, "hana", report(world.aurora), report(world.aurora, "two.py", cvssV3=V3), finding=bare.id)
    ids = [each["id"] for each in payload["vulnerabilities"]]
    expected = [("INVALID", reason, ["items", str(at), "id"]) for at in range(2) for reason in ("no_severity", "no_evidence")]
    assert reasons(await ask(world, "remy", "confirm", *ids)) == expected
    await evidenced(world, bare)
    assert reasons(await ask(world, "remy", "confirm", *ids)) == expected[::2]


async def test_a_rejected_draft_tells_why(world: World) -> None:
    one = world.aurora.submitted
    query = f"""mutation ($id: ID!) {{ rejectVulnerabilities(
      items: [{{id: $id}}], reasons: [OTHER, NAMING, NAMING], other: "The name of the parameter is missing.") {SHOWN} }}"""
    (shown,) = (await world.data("remy", query, id=one.id))["rejectVulnerabilities"]["vulnerabilities"]
    assert (shown["state"], shown["stateReasons"], shown["cycles"]) == ("REJECTED", ["OTHER", "NAMING"], 0)
    assert (await stored(world, one.id)).state.other == "The name of the parameter is missing."
    assert (await ask(world, "reto", "resubmit", one.id))["vulnerabilities"][0]["stateReasons"] is None
    assert (await ask(world, "remy", "reject", one.id))["errors"] == []


REJECTIONS: Mapping[str, tuple[str, list[tuple[str, str, list[str]]]]] = {
    "no reason": ("reasons: []", [("INVALID", "required", ["reasons"])]),
    "eight reasons": (
        f'reasons: [{", ".join([*RejectionReason, "NAMING"])}], other: "It is something else."',
        [("LIMIT_EXCEEDED", "too_many_items", ["reasons"])],
    ),
    "other without text": ("reasons: [OTHER]", [("INVALID", "required", ["other"])]),
    "a short text": ('reasons: [OTHER], other: "no"', [("INVALID", "too_short", ["other"])]),
    "a text without other": ('reasons: [NAMING], other: "It is something else."', [("INVALID", "inconsistent", ["other"])]),
}


@pytest.mark.parametrize(("given", "expected"), REJECTIONS.values(), ids=REJECTIONS)
async def test_a_rejection_has_reasons(world: World, given: str, expected: list[tuple[str, str, list[str]]]) -> None:
    query = f"""mutation ($items: [VulnerabilityRef!]!) {{ x: rejectVulnerabilities(items: $items, {given}) {SHOWN} }}"""
    wrong = [{"id": world.aurora.submitted.id}, {"id": world.aurora.vulnerable.id}]
    assert reasons((await world.data("remy", query, items=wrong))["x"]) == expected
    stale = [{"id": world.aurora.submitted.id, "expectedVersion": 7}]
    assert reasons((await world.data("remy", query, items=stale))["x"]) == [("CONFLICT", "stale_version", ["items", "0", "id"])]


@pytest.mark.parametrize(("why", "reason"), [("", "required"), ("short", "too_short"), ("x" * 10_001, "too_long")])
async def test_a_reopening_needs_a_justification(world: World, why: str, reason: str) -> None:
    query = f"""mutation ($items: [VulnerabilityRef!]!, $why: String!) {{
      x: reopenVulnerabilities(items: $items, justification: $why) {SHOWN} }}"""
    items = [{"id": world.aurora.safe.id}, {"id": world.aurora.vulnerable.id}]
    payload = (await world.data("hana", query, items=items, why=why))["x"]
    assert reasons(payload) == [("INVALID", reason, ["justification"])]


async def test_what_is_back_is_in_its_next_cycle(world: World) -> None:
    one = world.aurora.safe
    (shown,) = (await ask(world, "reto", "reopen", one.id))["vulnerabilities"]
    assert (shown["state"], shown["cycles"], shown["closedAt"], shown["reportedAt"] != shown["openedAt"]) == (
        "VULNERABLE",
        2,
        None,
        True,
    )
    assert (await stored(world, one.id)).state.comments == "It is back again."
    assert await is_exact(world)


async def test_nothing_comes_back_in_an_inactive_root(world: World) -> None:
    one, root = world.aurora.safe, world.aurora.root
    await deactivate_root(world.store, root.id, world.stamp())
    payload = await ask(world, "hana", "reopen", one.id, world.aurora.vulnerable.id)
    assert reasons(payload) == [
        ("INVALID", "inactive_root", ["items", "0", "id"]),
        ("INVALID", "not_safe", ["items", "1", "id"]),
    ]
    assert (await ask(world, "remy", "remove", world.aurora.vulnerable.id))["errors"] == []
    assert await is_exact(world)


async def test_a_root_that_is_retired_in_the_meantime_keeps_what_is_safe(world: World) -> None:
    async def others() -> None:
        await deactivate_root(world.store, world.aurora.root.id, world.stamp())

    payload = await ask(world, "hana", "reopen", world.aurora.safe.id, store=racing(world, others))
    assert reasons(payload) == [("INVALID", "inactive_root", ["items", "0", "id"])]
    assert (await stored(world, world.aurora.safe.id)).version == world.aurora.safe.version


@pytest.mark.parametrize(
    ("justification", "kept"), [("DUPLICATED", False), ("REPORTING_ERROR", False), ("EXCLUSION", True), ("NOT_REQUIRED", True)]
)
async def test_what_is_removed_keeps_its_place_or_frees_it(world: World, justification: str, kept: bool) -> None:
    one = world.aurora.vulnerable
    query = f"""mutation ($id: ID!) {{ removeVulnerabilities(
      items: [{{id: $id}}], justification: {justification}) {{ ids {ERRORS} }} }}"""
    assert (await world.data("remy", query, id=one.id))["removeVulnerabilities"] == {"ids": [one.id], "errors": []}
    gone = await read.get_any(world.store, VULNERABILITY, vulnerability_key(one.id))
    assert gone is not None
    assert (gone.state.justification, gone.state.keeps_claim) == (justification, kept)
    assert (await world.data("remy", "query ($id: ID!) { vulnerability(id: $id) { id } }", id=one.id))["vulnerability"] is None
    payload = await add(world, "hana", report(world.aurora, one.location.where, one.location.specific))
    assert payload["errors"] == []
    assert await is_exact(world)


RACES: Mapping[str, tuple[str, str, str, str]] = {
    # the state, what one asks for, what another one has done just before, and the answer
    "confirm after confirm": ("SUBMITTED", "confirm", "confirm", "not_submitted"),
    "confirm after reject": ("SUBMITTED", "confirm", "reject", "not_submitted"),
    "confirm after remove": ("SUBMITTED", "confirm", "remove", "not_found"),
    "reject after confirm": ("SUBMITTED", "reject", "confirm", "not_submitted"),
    "reject after reject": ("SUBMITTED", "reject", "reject", "not_submitted"),
    "reject after remove": ("SUBMITTED", "reject", "remove", "not_found"),
    "resubmit after resubmit": ("REJECTED", "resubmit", "resubmit", "not_rejected"),
    "resubmit after remove": ("REJECTED", "resubmit", "remove", "not_found"),
    "reopen after reopen": ("SAFE", "reopen", "reopen", "not_safe"),
    "remove after remove": ("VULNERABLE", "remove", "remove", "not_found"),
}


@pytest.mark.parametrize(("state", "name", "other", "expected"), RACES.values(), ids=RACES)
async def test_of_two_at_once_one_wins_and_the_other_learns_the_newer_state(
    world: World, state: str, name: str, other: str, expected: str
) -> None:
    await ready(world)
    one = (await each_state(world))[state]

    async def others() -> None:
        assert (await ask(world, "greta", other, one.id))["errors"] == []

    payload = await ask(world, "greta", name, one.id, store=racing(world, others))
    code = "NOT_FOUND" if expected == "not_found" else "INVALID"
    assert reasons(payload) == [(code, expected, ["items", "0", "id"])]
    assert len(await read.history(world.store, vulnerability_key(one.id))) == one.version + 1
    assert await is_exact(world)


@pytest.mark.parametrize(("state", "name", "other", "expected"), RACES.values(), ids=RACES)
async def test_of_two_with_one_version_one_wins(world: World, state: str, name: str, other: str, expected: str) -> None:
    await ready(world)
    one = (await each_state(world))[state]
    item = {"id": one.id, "expectedVersion": one.version}
    both = await asyncio.gather(*(ask(world, "greta", each, item) for each in (name, other)))
    assert sorted(len(payload["errors"]) for payload in both) == [0, 1]
    (lost,) = [payload for payload in both if payload["errors"]]
    assert reasons(lost) in (
        [("CONFLICT", "stale_version", ["items", "0", "id"])],
        [("NOT_FOUND", "not_found", ["items", "0", "id"])] if expected == "not_found" else [],
        [("NOT_FOUND", "not_found", ["items", "0", "id"])] if other == "remove" else [],
    )
    assert len(await read.history(world.store, vulnerability_key(one.id))) == one.version + 1
    assert await is_exact(world)


async def test_two_first_releases_at_once_are_both_done(world: World) -> None:
    finding = await evidenced(world, world.aurora.draft_finding)
    payload = await add(world, "hana", report(world.aurora), report(world.aurora, "two.py"), finding=finding.id)
    ids = [each["id"] for each in payload["vulnerabilities"]]

    async def others() -> None:
        assert (await ask(world, "greta", "confirm", ids[0]))["errors"] == []

    assert (await ask(world, "remy", "confirm", ids[1], store=racing(world, others)))["errors"] == []
    assert len(await read.history(world.store, finding_key(finding.id))) == finding.version + 1
    assert await is_exact(world)


@pytest.mark.parametrize("changes", [100, 1_000])
async def test_a_hundred_drafts_are_released_with_their_finding(world: World, changes: int) -> None:
    """In as many transactions as the store needs; the record of the release is written with the first of them."""
    finding = await evidenced(world, world.aurora.draft_finding)
    reports = [report(world.aurora, f"{number}.py") for number in range(99)]
    payload = await add(world, "hana", *reports, finding=finding.id)
    ids = [world.aurora.submitted.id, *(each["id"] for each in payload["vulnerabilities"])]
    calls: list[str] = []
    store = replace(counting(world.store, calls), max_changes=changes)
    payload = await ask(world, "remy", "confirm", *ids, store=store)
    assert (payload["errors"], [each["id"] for each in payload["vulnerabilities"]]) == ([], ids)
    assert len(await read.history(world.store, finding_key(finding.id))) == finding.version + 1
    assert await is_exact(world)
    assert len(calls) <= (5 if changes == 1_000 else 20), calls


@pytest.mark.parametrize("name", BULK)
async def test_lists_of_items_have_bounds(world: World, name: str) -> None:
    one = world.aurora.vulnerable.id
    assert reasons(await ask(world, "greta", name)) == [("INVALID", "required", ["items"])]
    assert reasons(await ask(world, "greta", name, *(f"x{n}" for n in range(101)))) == [
        ("LIMIT_EXCEEDED", "too_many_items", ["items"])
    ]
    assert reasons(await ask(world, "greta", name, one, one)) == [("INVALID", "bad_format", ["items", "1", "id"])]
