"""Evidence of events: their slots, until they are solved, and who may see it (domain sections 3 and 11.2)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_adding import ERRORS, beaten, call, reasons

from integrates.api.evidence.find import find_evidence
from integrates.api.upload import in_memory
from integrates.db_model import events
from integrates.db_model.entity import read
from integrates.db_model.events.facet import EVENT, event_key
from integrates.db_model.evidences.cleaning import clean_up
from integrates.db_model.evidences.file import FOLDER
from integrates.db_model.files.port import read_all

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

    from integrates.db_model.events.types import Event

PNG, PDF = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20, b"%PDF-1.7\n"
MIB = 1024 * 1024
SHOWN = "version evidences { slot description fileName mediaType size url by }"
PUT = f"""mutation ($id: ID!, $slot: EventEvidenceSlot!, $file: Upload!, $description: String, $version: Int) {{
  updateEventEvidence(id: $id, slot: $slot, file: $file, description: $description, expectedVersion: $version) {{
    event {{ {SHOWN} }} {ERRORS} }} }}"""
DROP = f"""mutation ($id: ID!, $slot: EventEvidenceSlot!, $version: Int) {{
  removeEventEvidence(id: $id, slot: $slot, expectedVersion: $version) {{ event {{ {SHOWN} }} {ERRORS} }} }}"""
SEE = f"query ($id: ID!) {{ event(id: $id) {{ {SHOWN} }} }}"
SOLUTION = {"reason": "OTHER", "other": "It works again."}


async def put(world: World, slot: str, content: bytes, person: str = "hana", **changes: Any) -> Any:
    return await call(
        world, person, PUT, **{"id": world.aurora.event.id, "slot": slot, "file": in_memory("a.png", content), **changes}
    )


async def drop(world: World, slot: str, person: str = "hana", **changes: Any) -> Any:
    return await call(world, person, DROP, **{"id": world.aurora.event.id, "slot": slot, **changes})


async def known(world: World) -> Event:
    found = await read.get(world.store, EVENT, event_key(world.aurora.event.id))
    assert found is not None
    return found


async def solve(world: World) -> None:
    event = await known(world)
    await events.solve(world.store, event, SOLUTION, world.stamp())


async def files_of(world: World) -> int:
    return len([key async for key in world.files.keys(FOLDER)])


async def test_a_file_is_put_into_a_slot_replaced_and_taken_out(world: World) -> None:
    payload = await put(world, "IMAGE_1", PNG, description="The page")
    assert reasons(payload) == []
    (shown,) = payload["event"]["evidences"]
    event = world.aurora.event.id
    assert shown["fileName"].startswith(f"{event}-image_1-")
    assert shown["url"] == f"/evidence/{event}/{shown['fileName']}"
    assert (shown["mediaType"], shown["description"], shown["by"]) == ("image/png", "The page", "hana@demo.example")
    both = (await put(world, "FILE_1", PDF, "reto"))["event"]["evidences"]
    assert [(one["slot"], one["mediaType"]) for one in both] == [("FILE_1", "application/pdf"), ("IMAGE_1", "image/png")]
    again = (await put(world, "IMAGE_1", b"\xff\xd8\xff\xe0"))["event"]["evidences"]
    assert [(one["slot"], one["description"], one["mediaType"]) for one in again][1] == ("IMAGE_1", "The page", "image/jpeg")
    left = (await drop(world, "IMAGE_1"))["event"]["evidences"]
    assert [one["slot"] for one in left] == ["FILE_1"]
    assert reasons(await drop(world, "IMAGE_1")) == [("NOT_FOUND", "empty_slot", ["slot"])]
    assert (await world.data("uri", SEE, id=event))["event"]["evidences"] == left


@pytest.mark.parametrize(
    ("slot", "content", "changes", "expected"),
    [
        ("IMAGE_1", PDF, {}, [("INVALID", "bad_file_type", ["file"])]),
        ("FILE_1", b"MZ\x00\x01", {}, [("INVALID", "bad_file_type", ["file"])]),
        ("FILE_1", b"\xff\xd8\xff\xe0", {}, [("INVALID", "bad_file_type", ["file"])]),
        ("FILE_1", PDF + b"a" * 10 * MIB, {}, [("LIMIT_EXCEEDED", "file_too_large", ["file"])]),
        ("IMAGE_6", PNG, {"description": "d" * 501}, [("INVALID", "too_long", ["description"])]),
    ],
)
async def test_evidence_of_events_is_refused(
    world: World, slot: str, content: bytes, changes: dict[str, Any], expected: Any
) -> None:
    assert reasons(await put(world, slot, content, **changes)) == expected
    assert ((await known(world)).evidences, await files_of(world)) == ((), 0)


async def test_a_solved_event_takes_and_gives_no_evidence(world: World) -> None:
    await put(world, "IMAGE_1", PNG)
    await solve(world)
    assert reasons(await put(world, "IMAGE_2", PNG)) == [("INVALID", "event_solved", ["id"])]
    assert reasons(await drop(world, "IMAGE_1")) == [("INVALID", "event_solved", ["id"])]
    assert reasons(await put(world, "IMAGE_2", PDF)) == [("INVALID", "bad_file_type", ["file"])]
    assert ([one.slot for one in (await known(world)).evidences], await files_of(world)) == (["IMAGE_1"], 1)


async def test_an_event_that_is_solved_meanwhile_takes_none(world: World) -> None:
    variables: dict[str, Any] = {"id": world.aurora.event.id, "slot": "IMAGE_1", "file": in_memory("a", PNG)}
    answer = await world.answer("hana", PUT, store=beaten(world, lambda: solve(world)), **variables)
    assert reasons(answer.body["data"]["updateEventEvidence"]) == [("INVALID", "event_solved", ["id"])]
    assert (await known(world)).evidences == ()


async def test_versions_are_compared_before_the_file(world: World) -> None:
    version = (await known(world)).version
    await put(world, "IMAGE_1", PNG, version=version)
    late = await put(world, "IMAGE_2", b"x", version=version)
    assert reasons(late) == [("CONFLICT", "stale_version", [])]
    assert late["errors"][0]["currentVersion"] == version + 1
    assert reasons(await drop(world, "IMAGE_1", version=version)) == [("CONFLICT", "stale_version", [])]
    assert await files_of(world) == 1


async def test_of_two_with_one_version_one_wins(world: World) -> None:
    version = (await known(world)).version
    both = await asyncio.gather(*(put(world, slot, PNG, version=version) for slot in ("IMAGE_1", "IMAGE_2")))
    assert sorted(reasons(payload) for payload in both) == [[], [("CONFLICT", "stale_version", [])]]


@pytest.mark.parametrize(
    ("person", "refused"),
    [
        ("greta", None),
        ("hana", None),
        ("reto", None),
        ("vera", "FORBIDDEN"),
        ("uri", "FORBIDDEN"),
        ("remy", "FORBIDDEN"),
        ("hana2", "NOT_FOUND"),
    ],
)
async def test_who_may_change_evidence_of_events(world: World, person: str, refused: str | None) -> None:
    payloads = [await put(world, "IMAGE_1", PNG, person), await drop(world, "IMAGE_1", person)]
    wanted = [] if refused is None else [(refused, ["id"])]
    assert [[(code, path) for code, _, path in reasons(payload)] for payload in payloads] == [wanted, wanted]


async def test_a_file_is_found_by_who_may_read_the_event(world: World) -> None:
    await put(world, "IMAGE_1", PNG)
    event = await known(world)
    name = event.evidences[0].file_name
    for person in ("greta", "vera", "uri", "remy", "ada"):
        file = await find_evidence(world.call(person), event.id, name)
        assert file is not None
        assert await read_all(world.files.get(file.key)) == PNG
    for stranger in ("hana2", "otto", None):
        assert await find_evidence(world.call(stranger), event.id, name) is None
    assert await find_evidence(world.call("uri"), world.aurora.finding.id, name) is None
    assert await find_evidence(world.call("uri"), world.harbor.event.id, name) is None


async def test_foreign_and_random_ids_cost_the_same_calls(world: World) -> None:
    await put(world, "IMAGE_1", PNG)
    event, counts = await known(world), list[int]()
    for owner in (event.id, world.aurora.finding.id, "99999999-9999-4999-8999-999999999999"):
        gets: list[int] = []

        async def get(keys: Any, gets: list[int] = gets) -> Any:
            gets.append(len(keys))
            return await world.store.get(keys)

        assert await find_evidence(world.call("hana2", store=replace(world.store, get=get)), owner, "x") is None
        counts.append(len(gets))
    assert len(set(counts)) == 1


async def test_files_of_events_are_cleaned_up_too(world: World) -> None:
    await put(world, "IMAGE_1", PNG)
    await put(world, "IMAGE_2", PNG)
    await drop(world, "IMAGE_1")
    assert (await clean_up(world.store, world.files, world.now() + timedelta(days=59))).deleted == 0
    assert (await clean_up(world.store, world.files, world.now() + timedelta(days=61))).deleted == 1
    assert await files_of(world) == 1
