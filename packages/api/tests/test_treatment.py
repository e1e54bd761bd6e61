"""Changing the treatment of several vulnerabilities: all or nothing, but for lost races (M1 to M5, A3, A4)."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.entity.command import update
from integrates.db_model.errors import Gone, Unavailable, Unfit
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import FindingStateStatus, RemovalJustification
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.policies.types import Policies
from integrates.db_model.store.port import Put, Store, Version
from integrates.db_model.testing.scene import scored
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import ClosingReason, Labels, Vulnerability, VulnerabilityStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from packages.api.tests.conftest import World

TREAT = """mutation (
  $items: [VulnerabilityRef!]!, $treatment: TreatmentStatus!, $why: String!, $until: DateTime, $assigned: String
) {
  updateVulnerabilitiesTreatment(
    items: $items, treatment: $treatment, justification: $why, acceptedUntil: $until, assigned: $assigned
  ) { vulnerabilities { id version treatment { status assigned by acceptedUntil acceptanceStatus requestedBy } }
      errors { code reason message path currentVersion } } }"""
WHY = "It is being looked into."


async def treat(world: World, person: str, items: Sequence[dict[str, Any]], **changes: Any) -> Any:
    """Ask for a treatment and return the payload."""
    variables = {"items": list(items), "treatment": "IN_PROGRESS", "why": WHY, **changes}
    return (await world.data(person, TREAT, **variables))["updateVulnerabilitiesTreatment"]


def reasons(payload: Any) -> list[tuple[str, str, list[str]]]:
    """Return code, reason and path of each refusal."""
    return [(error["code"], error["reason"].lower(), error["path"]) for error in payload["errors"]]


async def stored(world: World, identity: str) -> Vulnerability:
    """Read a vulnerability from the store."""
    found = await read.get(world.store, VULNERABILITY, vulnerability_key(identity))
    assert found is not None
    return found


async def test_a_treatment_is_given(world: World) -> None:
    one = world.aurora.vulnerable
    payload = await treat(world, "uri", [{"id": one.id, "expectedVersion": 1}])
    assert payload["errors"] == []
    (shown,) = payload["vulnerabilities"]
    assert (shown["id"], shown["version"]) == (one.id, 2)
    assert shown["treatment"]["status"] == "IN_PROGRESS"
    assert shown["treatment"]["assigned"] == shown["treatment"]["by"] == "uri@demo.example"
    summary = await world.data("uri", '{ group(name: "webshop") { summary { treatment { name count } } } }')
    shares = {share["name"]: share["count"] for share in summary["group"]["summary"]["treatment"]}
    assert shares == {"ACCEPTED": 0, "ACCEPTED_UNDEFINED": 0, "IN_PROGRESS": 1, "UNTREATED": 0}


async def test_the_same_again_changes_nothing(world: World) -> None:
    one = world.aurora.vulnerable
    await treat(world, "uri", [{"id": one.id}])
    payload = await treat(world, "uri", [{"id": one.id}])
    assert payload["errors"] == []
    assert payload["vulnerabilities"][0]["version"] == 2


@pytest.mark.parametrize(
    ("person", "changes", "expected"),
    [
        ("uri", {"why": "short"}, [("INVALID", "too_short", ["justification"])]),
        ("vera", {"assigned": "no mail"}, [("INVALID", "bad_characters", ["assigned"])]),
        ("vera", {"assigned": "x" * 5_000 + "@demo.example"}, [("INVALID", "too_long", ["assigned"])]),
        ("uri", {"treatment": "ACCEPTED"}, [("INVALID", "required", ["acceptedUntil"])]),
        ("uri", {"until": "2026-05-20T00:00:00Z"}, [("INVALID", "out_of_range", ["acceptedUntil"])]),
        (
            "uri",
            {"treatment": "ACCEPTED", "until": "2026-04-01T00:00:00Z"},
            [("INVALID", "acceptance_date_past", ["acceptedUntil"])],
        ),
        (
            "uri",
            {"treatment": "ACCEPTED", "until": "2026-12-01T00:00:00Z"},
            [("INVALID", "acceptance_too_long", ["acceptedUntil"])],
        ),
        ("uri", {"assigned": "vera@demo.example"}, [("FORBIDDEN", "assign_others", ["assigned"])]),
        ("vera", {"assigned": "hana@demo.example"}, [("INVALID", "bad_assigned", ["assigned"])]),
        ("vera", {"assigned": "uri2@demo.example"}, [("INVALID", "bad_assigned", ["assigned"])]),
    ],
)
async def test_arguments_are_checked_once_for_all_items(
    world: World, person: str, changes: dict[str, Any], expected: list[tuple[str, str, list[str]]]
) -> None:
    other = await world.report(world.aurora, "src/other.py")
    payload = await treat(world, person, [{"id": world.aurora.vulnerable.id}, {"id": other.id}], **changes)
    assert payload["vulnerabilities"] is None
    assert reasons(payload) == expected
    assert (await stored(world, other.id)).version == 1


async def test_the_policies_of_the_group_come_before_those_of_the_organization(world: World) -> None:
    group = replace(world.aurora.group, policies=Policies(max_acceptance_days=1))
    await update(world.store, GROUP, group_key("webshop"), lambda _, __: group, world.stamp())
    organization = replace(world.aurora.organization, policies=Policies(max_acceptance_days=30, max_number_acceptances=1))
    key = organization_key(organization.id)
    await update(world.store, ORGANIZATION, key, lambda _, __: organization, world.stamp())
    one, other = [{"id": world.aurora.vulnerable.id}], [{"id": (await world.report(world.aurora, "src/other.py")).id}]
    days = {number: (world.now() + timedelta(days=number)).isoformat() for number in (0.5, 0.75, 2)}
    payload = await treat(world, "vera", one, treatment="ACCEPTED", until=days[2])
    assert reasons(payload) == [("INVALID", "acceptance_too_long", ["acceptedUntil"])]
    for items in (one, other):
        assert reasons(await treat(world, "vera", items, treatment="ACCEPTED", until=days[0.5])) == []
    payload = await treat(world, "vera", one, treatment="ACCEPTED", until=days[0.75])
    assert reasons(payload) == [("LIMIT_EXCEEDED", "too_many_acceptances", ["items", "0", "id"])]


async def test_others_may_be_assigned_by_those_who_may(world: World) -> None:
    payload = await treat(world, "vera", [{"id": world.aurora.vulnerable.id}], assigned="URI@demo.example")
    assert payload["vulnerabilities"][0]["treatment"]["assigned"] == "uri@demo.example"
    mine = await world.data("uri", "{ me { assignedVulnerabilities { nodes { id } } } }")
    assert mine["me"]["assignedVulnerabilities"]["nodes"] == [{"id": world.aurora.vulnerable.id}]


async def test_a_stale_version_is_a_conflict_with_the_version_now(world: World) -> None:
    one = world.aurora.vulnerable
    await treat(world, "uri", [{"id": one.id, "expectedVersion": 1}])
    payload = await treat(world, "vera", [{"id": one.id, "expectedVersion": 1}], treatment="UNTREATED")
    assert reasons(payload) == [("CONFLICT", "stale_version", ["items", "0", "id"])]
    assert payload["errors"][0]["currentVersion"] == 2
    assert (await stored(world, one.id)).version == 2


async def test_of_two_with_the_same_version_one_wins(world: World) -> None:
    one = world.aurora.vulnerable
    calls = (treat(world, name, [{"id": one.id, "expectedVersion": 1}]) for name in ("uri", "vera"))
    payloads = await asyncio.gather(*calls)
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1]
    (lost,) = [payload["errors"][0] for payload in payloads if payload["errors"]]
    assert (lost["code"], lost["currentVersion"]) == ("CONFLICT", 2)
    assert len(await read.history(world.store, vulnerability_key(one.id))) == 2


async def _hundred(world: World, *, safe_at: int | None = None) -> list[str]:
    status = {safe_at: VulnerabilityStatus.SAFE}
    found = [
        await world.report(world.aurora, f"many/{number}.py", status.get(number, VulnerabilityStatus.VULNERABLE))
        for number in range(100)
    ]
    return [one.id for one in found]


async def test_one_refused_item_refuses_all(world: World) -> None:
    ids = await _hundred(world, safe_at=57)
    before = [await stored(world, identity) for identity in ids]
    payload = await treat(world, "uri", [{"id": identity} for identity in ids])
    assert payload["vulnerabilities"] is None
    assert reasons(payload) == [("INVALID", "not_vulnerable", ["items", "57", "id"])]
    assert [await stored(world, identity) for identity in ids] == before


async def ask(world: World, store: Store, items: Sequence[dict[str, Any]], person: str = "uri") -> Any:
    """Ask for a treatment on another store, and return the payload."""
    variables: dict[str, Any] = {"items": list(items), "treatment": "IN_PROGRESS", "why": WHY}
    answer = await world.answer(person, TREAT, store=store, **variables)
    return answer.body["data"]["updateVulnerabilitiesTreatment"]


def racing(world: World, others: Callable[[], Awaitable[Any]]) -> Store:
    """A store in which others do something just before the first vulnerability is written."""
    raced: list[bool] = []

    async def write(changes: Sequence[Any]) -> None:
        if not raced and any(isinstance(one, Put) and one.key.pk.startswith("VULN#") for one in changes):
            raced.append(True)
            await others()
        await world.store.write(changes)

    return replace(world.store, write=write)


async def label(world: World, identity: str) -> None:
    """Put a tag on a vulnerability."""
    labels = Labels(tags=("raced",))
    await vulnerabilities.update(world.store, identity, lambda old, _: replace(old, labels=labels), world.stamp("race"))


async def test_an_item_that_names_a_version_and_loses_a_race_is_reported_while_the_others_are_changed(world: World) -> None:
    ids = await _hundred(world)
    items = [{"id": identity, "expectedVersion": 1} for identity in ids]
    payload = await ask(world, racing(world, lambda: label(world, ids[57])), items)
    assert reasons(payload) == [("CONFLICT", "stale_version", ["items", "57", "id"])]
    assert payload["errors"][0]["currentVersion"] == 2
    assert [one["id"] for one in payload["vulnerabilities"]] == [one for one in ids if one != ids[57]]
    assert (await stored(world, ids[57])).labels.tags == ("raced",)
    assert (await stored(world, ids[56])).treatment.status == "IN_PROGRESS"


async def test_an_item_that_names_no_version_and_loses_a_race_is_decided_about_again(world: World) -> None:
    ids = await _hundred(world)
    payload = await ask(world, racing(world, lambda: label(world, ids[57])), [{"id": identity} for identity in ids])
    assert (payload["errors"], [one["id"] for one in payload["vulnerabilities"]]) == ([], ids)
    raced = await stored(world, ids[57])
    assert (raced.version, raced.labels.tags, raced.treatment.status) == (3, ("raced",), "IN_PROGRESS")


async def test_after_a_race_the_rule_that_refuses_the_newer_state_is_told(world: World) -> None:
    one, other = world.aurora.vulnerable, await world.report(world.aurora, "src/other.py")

    async def close() -> None:
        await vulnerabilities.close(world.store, other.id, ClosingReason.VERIFIED, world.stamp("race"))

    payload = await ask(world, racing(world, close), [{"id": one.id}, {"id": other.id}])
    assert reasons(payload) == [("INVALID", "not_vulnerable", ["items", "1", "id"])]
    assert [shown["id"] for shown in payload["vulnerabilities"]] == [one.id]


async def test_after_a_race_on_a_parent_a_version_still_counts(world: World) -> None:
    one, other = world.aurora.vulnerable, await world.report(world.aurora, "src/other.py")

    async def rescore() -> None:
        await findings.rescore(world.store, world.aurora.finding.id, scored("9.1"), world.stamp("race"))
        await label(world, other.id)

    items = [{"id": one.id, "expectedVersion": 1}, {"id": other.id, "expectedVersion": 1}]
    payload = await ask(world, racing(world, rescore), items)
    assert reasons(payload) == [("CONFLICT", "stale_version", ["items", "1", "id"])]
    assert [(shown["id"], shown["version"]) for shown in payload["vulnerabilities"]] == [(one.id, 2)]


def failing(world: World, error: Exception, *, written: int) -> Store:
    """A store of small writes that fails once so many of them with vulnerabilities are done."""
    done: list[int] = []

    async def write(changes: Sequence[Any]) -> None:
        if len(done) >= written:
            raise error
        done.append(len(changes))
        await world.store.write(changes)

    return replace(world.store, write=write, max_changes=100)


@pytest.mark.parametrize("error", [Unavailable("no answer"), Unfit("another disk")])
async def test_a_store_that_fails_half_way_leaves_nobody_in_the_dark(
    world: World, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    ids = await _hundred(world)
    payload = await ask(world, failing(world, error, written=1), [{"id": identity} for identity in ids])
    changed = [one["id"] for one in payload["vulnerabilities"]]
    assert 0 < len(changed) < 100
    assert changed == [identity for identity in ids if (await stored(world, identity)).version == 2]
    assert reasons(payload) == [
        ("CONFLICT", "unavailable", ["items", str(at), "id"]) for at, identity in enumerate(ids) if identity not in changed
    ]
    assert {record.message for record in caplog.records} == {"an item of a bulk change failed"}


@pytest.mark.parametrize(
    ("error", "is_final", "logged"),
    [(Unavailable("no answer"), False, 0), (Unfit("another disk"), True, 1), (Gone("/var/lib/x was removed"), True, 0)],
)
async def test_a_store_that_fails_at_once_fails_the_call(
    world: World, error: Exception, *, is_final: bool, logged: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What only the operator can mend is no reason to try again; that the store is gone is logged by who opened it."""
    variables: dict[str, Any] = {"items": [{"id": world.aurora.vulnerable.id}], "treatment": "IN_PROGRESS", "why": WHY}
    answer = await world.answer("uri", TREAT, store=failing(world, error, written=0), **variables)
    (told,) = answer.body["errors"]
    assert (answer.status, told["extensions"]["code"], answer.is_final) == (503, "UNAVAILABLE", is_final)
    assert ("again later" in told["message"], "operator" in told["message"]) == (not is_final, is_final)
    assert str(error) not in json.dumps(answer.body)
    assert len(caplog.records) == logged


async def test_what_a_newer_program_wrote_is_shown_but_not_changed(world: World) -> None:
    one, key = world.aurora.vulnerable, vulnerability_key(world.aurora.vulnerable.id)
    (item,) = await world.store.get((key,))
    assert item is not None
    newer = replace(item, version=2, attributes={**item.attributes, "schema": 2, "mood": "good"})
    await world.store.write((Put(newer, Version(1)),))
    payload = await treat(world, "uri", [{"id": one.id}])
    assert reasons(payload) == [("CONFLICT", "outdated_service", ["items", "0", "id"])]
    assert (await world.store.get((key,)))[0] == newer


async def test_a_removed_finding_hides_its_vulnerabilities_from_treatment(world: World) -> None:
    one, finding = world.aurora.vulnerable, world.aurora.finding

    def removed(old: Vulnerability) -> Vulnerability:
        why, gone = RemovalJustification.DUPLICATED, VulnerabilityStatus.DELETED
        return replace(old, state=replace(old.state, status=gone, closing_reason=None, justification=why))

    async def remove() -> None:
        for below in (one, world.aurora.safe, world.aurora.submitted, world.aurora.hidden):
            await vulnerabilities.update(world.store, below.id, lambda old, _: removed(old), world.stamp())
        gone = replace(finding.state, status=FindingStateStatus.DELETED, justification=RemovalJustification.DUPLICATED)
        await update(world.store, FINDING, finding_key(finding.id), lambda old, _: replace(old, state=gone), world.stamp())

    payload = await ask(world, racing(world, remove), [{"id": one.id}])
    assert reasons(payload) == [("NOT_FOUND", "not_found", ["items", "0", "id"])]


async def test_lists_of_items_have_bounds(world: World) -> None:
    one = world.aurora.vulnerable
    assert reasons(await treat(world, "uri", [])) == [("INVALID", "required", ["items"])]
    many = [{"id": f"x{number}"} for number in range(101)]
    assert reasons(await treat(world, "uri", many)) == [("LIMIT_EXCEEDED", "too_many_items", ["items"])]
    twice = [{"id": one.id}, {"id": one.id}]
    assert reasons(await treat(world, "uri", twice)) == [("INVALID", "bad_format", ["items", "1", "id"])]
    assert (await stored(world, one.id)).version == 1


async def test_an_item_named_twice_is_an_argument_at_fault(world: World) -> None:
    one, safe = world.aurora.vulnerable, world.aurora.safe
    three = [{"id": one.id}, {"id": safe.id}, {"id": one.id}, {"id": safe.id}]
    again = [("INVALID", "bad_format", ["items", "2", "id"]), ("INVALID", "bad_format", ["items", "3", "id"])]
    assert reasons(await treat(world, "uri", three)) == again  # the state, which one of them is refused for, comes later
    assert reasons(await treat(world, "uri", three, why="x")) == [("INVALID", "too_short", ["justification"]), *again]
    forbidden = [("FORBIDDEN", "assign_others", ["assigned"])]
    assert reasons(await treat(world, "uri", three, assigned="vera@demo.example")) == forbidden
    stale: list[dict[str, Any]] = [{"id": one.id, "expectedVersion": 7}, {"id": one.id}]
    assert reasons(await treat(world, "uri", stale)) == [("CONFLICT", "stale_version", ["items", "0", "id"])]


async def test_visibility_comes_before_permission_and_version_before_arguments(world: World) -> None:
    one, foreign = world.aurora.vulnerable, world.harbor.vulnerable
    payload = await treat(world, "remy", [{"id": one.id, "expectedVersion": 7}, {"id": foreign.id}], why="x")
    assert reasons(payload) == [("NOT_FOUND", "not_found", ["items", "1", "id"])]
    payload = await treat(world, "remy", [{"id": one.id, "expectedVersion": 7}], why="x")
    assert reasons(payload) == [("FORBIDDEN", "missing_permission", ["items"])]
    payload = await treat(world, "uri", [{"id": one.id, "expectedVersion": 7}], treatment="ACCEPTED")
    assert reasons(payload) == [("CONFLICT", "stale_version", ["items", "0", "id"])]
    payload = await treat(world, "vera", [{"id": one.id, "expectedVersion": 7}], why="x", assigned="no mail")
    assert reasons(payload) == [("CONFLICT", "stale_version", ["items", "0", "id"])]
    payload = await treat(world, "uri", [{"id": one.id, "expectedVersion": 7}], assigned="vera@demo.example")
    assert reasons(payload) == [("FORBIDDEN", "assign_others", ["assigned"])]
    payload = await treat(world, "uri", [{"id": one.id}], why="x", assigned="VERA@demo.example")
    assert reasons(payload) == [("FORBIDDEN", "assign_others", ["assigned"])]


async def test_all_arguments_at_fault_are_named_together(world: World) -> None:
    payload = await treat(
        world, "vera", [{"id": world.aurora.vulnerable.id}], treatment="ACCEPTED", why="x", until="2026-12-01T00:00:00Z"
    )
    assert reasons(payload) == [
        ("INVALID", "too_short", ["justification"]),
        ("INVALID", "acceptance_too_long", ["acceptedUntil"]),
    ]
    one, safe = world.aurora.vulnerable, world.aurora.safe
    payload = await treat(world, "vera", [{"id": one.id}, {"id": safe.id}], treatment="ACCEPTED", why="x", assigned="no mail")
    assert reasons(payload) == [
        ("INVALID", "too_short", ["justification"]),
        ("INVALID", "bad_characters", ["assigned"]),
        ("INVALID", "required", ["acceptedUntil"]),
    ]
    assert (await stored(world, one.id)).version == 1


async def test_messages_name_the_limits_of_the_policy(world: World) -> None:
    items = [{"id": world.aurora.vulnerable.id}]
    late = await treat(world, "uri", items, treatment="ACCEPTED", until="2026-12-01T00:00:00Z")
    days = "The policy does not allow accepting a vulnerability for that long: at most 90 days."
    assert [error["message"] for error in late["errors"]] == [days]
    twice = await treat(world, "uri", [*items, *items])
    assert [error["message"] for error in twice["errors"]] == ["It is not in the expected format: it is named twice."]
