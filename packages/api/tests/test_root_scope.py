"""Roots in scope and out of it: activating and deactivating, and what needs an ACTIVE root."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.conftest import stamping
from packages.api.tests.test_adding import ERRORS, reasons

from integrates.db_model.entity import read
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.testing.scene import add_root

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

NOWHERE = "00000000-0000-4000-8000-00000000dead"
WORDS = "Moved to another team."


async def send(world: World, person: str, text: str) -> Any:
    """Send a mutation, of which the closing parenthesis is still missing; return its payload."""
    name = text.partition("(")[0]
    return (await world.data(person, f"mutation {{ {text}) {{ root {{ id state reason other version }} {ERRORS} }} }}"))[name]


def deactivating(world: World, rest: str = "reason: OUT_OF_SCOPE") -> str:
    return f'deactivateRoot(id: "{world.aurora.root.id}", {rest}'


def activating(world: World, rest: str = "") -> str:
    return f'activateRoot(id: "{world.aurora.root.id}" {rest}'


async def seen(world: World) -> dict[str, Any]:
    """Return state, reason and words of the root as a user sees it."""
    query = "query ($id: ID!) { root(id: $id) { state reason other version } }"
    found: dict[str, Any] = (await world.data("uri", query, id=world.aurora.root.id))["root"]
    return found


REASONS = {
    "out of scope": ("reason: OUT_OF_SCOPE", ("OUT_OF_SCOPE", None)),
    "by mistake": ("reason: REGISTERED_BY_MISTAKE", ("REGISTERED_BY_MISTAKE", None)),
    "another one": (f'reason: OTHER, other: " {WORDS} "', ("OTHER", WORDS)),
}


@pytest.mark.parametrize(("rest", "expected"), REASONS.values(), ids=REASONS)
async def test_a_root_goes_out_of_scope_for_a_reason_and_comes_back(
    world: World, rest: str, expected: tuple[str, str | None]
) -> None:
    payload = await send(world, "greta", deactivating(world, rest))
    assert reasons(payload) == []
    inactive = {"state": "INACTIVE", "reason": expected[0], "other": expected[1], "version": 2}
    assert await seen(world) == inactive == {name: payload["root"][name] for name in inactive}
    again = await send(world, "greta", deactivating(world, f"{rest}, expectedVersion: 2"))
    assert again["root"] == payload["root"], "what is so already is written no more"
    back = await send(world, "greta", activating(world))
    assert reasons(back) == []
    active = {"state": "ACTIVE", "reason": None, "other": None, "version": 3}
    assert await seen(world) == active
    assert (await send(world, "greta", activating(world)))["root"]["version"] == 3
    query = "query ($id: ID!) { root(id: $id) { history { nodes { version operation by } } } }"
    revisions = (await world.data("greta", query, id=world.aurora.root.id))["root"]["history"]["nodes"]
    operations = {one["version"]: (one["operation"], one["by"]) for one in revisions}
    assert operations[2] == ("deactivate_root", "greta@demo.example")
    assert operations[3] == ("activate_root", "greta@demo.example")


async def test_another_reason_is_another_state(world: World) -> None:
    await send(world, "greta", deactivating(world))
    payload = await send(world, "greta", deactivating(world, f'reason: OTHER, other: "{WORDS}"'))
    assert payload["root"] == {**payload["root"], "state": "INACTIVE", "reason": "OTHER", "other": WORDS, "version": 3}


FAULTS = {
    "no words": ("reason: OTHER", [("INVALID", "required", ["other"])]),
    "empty words": ('reason: OTHER, other: " "', [("INVALID", "required", ["other"])]),
    "few words": ('reason: OTHER, other: "123456789"', [("INVALID", "too_short", ["other"])]),
    "enough words": ('reason: OTHER, other: "1234567890"', []),
    "as many words": (f'reason: OTHER, other: "{"x" * 10_000}"', []),
    "too many words": (f'reason: OTHER, other: "{"x" * 10_001}"', [("INVALID", "too_long", ["other"])]),
    "control characters": (f'reason: OTHER, other: "{WORDS}\\u0007"', [("INVALID", "bad_characters", ["other"])]),
    "words beside a reason": (f'reason: OUT_OF_SCOPE, other: "{WORDS}"', [("INVALID", "inconsistent", ["other"])]),
    "words beside a mistake": (f'reason: REGISTERED_BY_MISTAKE, other: "{WORDS}"', [("INVALID", "inconsistent", ["other"])]),
    "null words": ("reason: OUT_OF_SCOPE, other: null", []),
}


@pytest.mark.parametrize(("rest", "expected"), FAULTS.values(), ids=FAULTS)
async def test_only_other_takes_words_and_needs_them(world: World, rest: str, expected: Any) -> None:
    assert reasons(await send(world, "greta", deactivating(world, rest))) == expected
    assert (await seen(world))["version"] == (1 if expected else 2)


@pytest.mark.parametrize("rest", ["reason: NO_SYSTEM", 'reason: "OUT_OF_SCOPE"', "reason: null", 'other: "only words"'])
async def test_a_reason_is_one_of_three(world: World, rest: str) -> None:
    answer = await world.answer("greta", f"mutation {{ {deactivating(world, rest)}) {{ root {{ id }} }} }}")
    assert answer.status == 400
    assert (await seen(world))["version"] == 1


@pytest.mark.parametrize("make", [deactivating, activating])
async def test_who_may_not_is_refused(world: World, make: Any) -> None:
    for person in ("vera", "uri", "hana", "reto", "remy"):
        assert reasons(await send(world, person, make(world))) == [("FORBIDDEN", "missing_permission", ["id"])]
    foreign = await send(world, "greta2", make(world))
    assert reasons(foreign) == [("NOT_FOUND", "not_found", ["id"])]
    assert foreign == await send(world, "greta2", make(world).replace(world.aurora.root.id, NOWHERE))
    assert foreign == await send(world, "greta2", make(world).replace(world.aurora.root.id, "x"))
    assert (await seen(world))["version"] == 1


@pytest.mark.parametrize("make", [deactivating, activating])
async def test_a_stale_version_is_told_before_faults(world: World, make: Any) -> None:
    rest = 'reason: OTHER, other: "x", expectedVersion: 7' if make is deactivating else ", expectedVersion: 7"
    payload = await send(world, "greta", make(world, rest))
    assert reasons(payload) == [("CONFLICT", "stale_version", [])]
    assert payload["errors"][0]["currentVersion"] == 1


async def test_of_two_at_once_with_a_version_one_is_told_the_other_s(world: World) -> None:
    rest = 'reason: OTHER, other: "said by number {}", expectedVersion: 1'
    both = await asyncio.gather(*(send(world, "greta", deactivating(world, rest.format(number))) for number in range(2)))
    assert sorted(reasons(one) for one in both) == [[], [("CONFLICT", "stale_version", [])]]
    assert (await seen(world))["version"] == 2


async def test_of_two_at_once_without_a_version_both_are_done(world: World) -> None:
    await send(world, "greta", deactivating(world))
    both = await asyncio.gather(*(send(world, "greta", activating(world)) for _ in range(2)))
    assert [reasons(one) for one in both] == [[], []]
    assert await seen(world) == {"state": "ACTIVE", "reason": None, "other": None, "version": 3}


async def test_another_root_may_have_the_location_meanwhile_but_not_the_nickname(world: World) -> None:
    mine = world.aurora.root
    await send(world, "greta", deactivating(world))
    at = f'addGitRoot(groupName: "webshop", url: "{mine.location.url}", branch: "{mine.location.branch}", nickname: '  # type: ignore[union-attr] # a GIT root
    assert reasons(await send(world, "vera", f'{at}"{mine.info.nickname}"')) == [
        ("ALREADY_EXISTS", "nickname_taken", ["nickname"])
    ]
    heir = (await send(world, "vera", f'{at}"heir"'))["root"]["id"]
    assert reasons(await send(world, "greta", activating(world))) == [("ALREADY_EXISTS", "location_taken", ["id"])]
    assert (await seen(world))["state"] == "INACTIVE"
    assert reasons(await send(world, "greta", f'deactivateRoot(id: "{heir}", reason: REGISTERED_BY_MISTAKE')) == []
    assert reasons(await send(world, "greta", activating(world))) == []
    assert reasons(await send(world, "greta", f'activateRoot(id: "{heir}"')) == [("ALREADY_EXISTS", "location_taken", ["id"])]


async def test_of_two_roots_that_come_back_to_one_location_at_once_one_does(world: World) -> None:
    mine = world.aurora.root
    await send(world, "greta", deactivating(world))
    at = mine.location
    heir = await add_root(world.store, world.aurora.group, "heir", stamping(world.now()), url=at.url, branch=at.branch)  # type: ignore[union-attr] # a GIT root
    await send(world, "greta", f'deactivateRoot(id: "{heir.id}", reason: OUT_OF_SCOPE')
    both = await asyncio.gather(*(send(world, "greta", f'activateRoot(id: "{one}"') for one in (mine.id, heir.id)))
    assert sorted(reasons(one) for one in both) == [[], [("ALREADY_EXISTS", "location_taken", ["id"])]]
    found = [await read.get(world.store, ROOT, root_key(one)) for one in (mine.id, heir.id)]
    assert sorted(one.state.status for one in found if one) == ["ACTIVE", "INACTIVE"]


async def test_a_location_changed_while_out_of_scope_is_that_which_is_taken(world: World) -> None:
    """Nothing is at a location that only an INACTIVE root names, so it is looked at when the root comes back."""
    place = await add_root(world.store, world.aurora.group, "place", stamping(world.now()))
    await send(world, "greta", f'deactivateRoot(id: "{place.id}", reason: OUT_OF_SCOPE')
    at = world.aurora.root.location
    moved = f'updateGitRoot(id: "{place.id}", url: "{at.url}", branch: "{at.branch}"'  # type: ignore[union-attr] # a GIT root
    assert reasons(await send(world, "vera", moved)) == []
    assert reasons(await send(world, "greta", f'activateRoot(id: "{place.id}"')) == [
        ("ALREADY_EXISTS", "location_taken", ["id"])
    ]


NEEDING = {
    "a report": (
        """addVulnerabilities(findingId: "{finding}", vulnerabilities: [{{rootId: "{root}", type: LINES, technique: SAST,
        where: "a.py", specific: "1"}}]""",
        ["vulnerabilities", "0", "rootId"],
    ),
    "reopening": ('reopenVulnerabilities(items: [{{id: "{safe}"}}], justification: "It is back."', ["items", "0", "id"]),
    "an event": (
        'addEvent(groupName: "webshop", type: OTHER, description: "d", eventDate: "2026-01-01T00:00:00Z", rootId: "{root}"',
        ["rootId"],
    ),
}


@pytest.mark.parametrize(("text", "path"), NEEDING.values(), ids=NEEDING)
async def test_what_is_new_needs_an_active_root(world: World, text: str, path: list[str]) -> None:
    mine = world.aurora
    asked = text.format(finding=mine.finding.id, root=mine.root.id, safe=mine.safe.id)
    name = asked.partition("(")[0]
    await send(world, "greta", deactivating(world))
    done = (await world.data("hana", f"mutation {{ {asked}) {{ errors {{ code reason path }} }} }}"))[name]
    assert done["errors"] == [{"code": "INVALID", "reason": "INACTIVE_ROOT", "path": path}]
    await send(world, "greta", activating(world))
    done = (await world.data("hana", f"mutation {{ {asked}) {{ errors {{ code reason path }} }} }}"))[name]
    assert done["errors"] == []


async def test_what_was_found_stays_and_still_counts(world: World) -> None:
    query = """query ($id: ID!) { root(id: $id) { vulnerabilities { nodes { id state version } } summary { open closed } }
      group(name: "webshop") { roots(state: INACTIVE) { id } vulnerabilities { nodes { id } } summary { open closed } } }"""
    before = await world.data("uri", query, id=world.aurora.root.id)
    await send(world, "greta", deactivating(world))
    after = await world.data("uri", query, id=world.aurora.root.id)
    assert after["group"]["roots"] == [{"id": world.aurora.root.id}]
    assert {**after, "group": {**after["group"], "roots": []}} == before
    treat = f"""mutation {{ updateVulnerabilitiesTreatment(
      items: [{{id: "{world.aurora.vulnerable.id}"}}], treatment: IN_PROGRESS,
      justification: "It is being mended.") {{ errors {{ reason }} }} }}"""
    assert (await world.data("uri", treat))["updateVulnerabilitiesTreatment"]["errors"] == []
