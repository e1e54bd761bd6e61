"""Going on with an import whose worker is gone, through the API."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_import_mutation import IMPORT, reasons, run, sarif

from integrates.api.imports.work import job
from integrates.api.imports.work import resume as resume_module
from integrates.api.upload import in_memory
from integrates.db_model.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.api.tests.conftest import World

RESUME = """mutation ($id: ID!, $version: Int) { resumeImport(id: $id, expectedVersion: $version) {
  import { id state version attempts counts { created } } errors { code reason message path } } }"""
CONTENT = sarif(*(("r1", "app/a.py", line) for line in range(1, 4)))


async def resume(world: World, import_id: str, person: str = "hana", **given: Any) -> Any:
    """Go on with an import and return the payload."""
    return (await world.data(person, RESUME, id=import_id, **given))["resumeImport"]


async def newest(world: World) -> Any:
    """Return the newest import of the group."""
    query = '{ group(name: "webshop") { imports(first: 1) { nodes { id state version } } } }'
    return (await world.data("uri", query))["group"]["imports"]["nodes"][0]


@pytest.fixture
async def cut(world: World) -> Any:
    """An import whose worker met a store that could not be reached for a moment."""
    numbers = iter(range(100))

    async def write(changes: Sequence[Any]) -> None:
        if next(numbers) == 3:
            raise Unavailable("for a moment")
        await world.store.write(changes)

    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", CONTENT)}
    answer = await world.answer("hana", IMPORT, store=replace(world.store, write=write), **given)  # type: ignore[arg-type] # variables, not keywords
    assert answer.body["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    found = await newest(world)
    assert found["state"] == "RUNNING"
    return found


async def test_an_import_goes_on_where_it_stopped(world: World, cut: Any) -> None:
    payload = await resume(world, cut["id"], version=cut["version"])
    assert payload["errors"] == []
    assert payload["import"] == {
        "id": cut["id"],
        "state": "COMPLETED",
        "version": cut["version"] + 1,
        "attempts": 0,
        "counts": {"created": 3},
    }
    assert (await run(world, CONTENT))["import"]["counts"]["unchanged"] == 3


async def test_what_has_ended_is_not_gone_on_with(world: World, cut: Any) -> None:
    await resume(world, cut["id"])
    assert reasons(await resume(world, cut["id"])) == [("INVALID", "not_running", ["id"])]


async def test_nobody_takes_an_import_from_its_worker(world: World, cut: Any) -> None:
    seen: list[Any] = []

    async def write(changes: Sequence[Any]) -> None:
        await world.store.write(changes)
        if not seen:
            seen.append(None)
            seen.append(await resume(world, cut["id"]))

    answer = await world.answer("hana", RESUME, store=replace(world.store, write=write), id=cut["id"])
    assert answer.body["data"]["resumeImport"]["import"]["state"] == "COMPLETED"
    assert reasons(seen[1]) == [("CONFLICT", "import_running", ["id"])]


async def test_a_decision_on_another_version_is_refused(world: World, cut: Any) -> None:
    payload = await resume(world, cut["id"], version=cut["version"] + 1)
    assert [error["code"] for error in payload["errors"]] == ["CONFLICT"]
    assert (await newest(world)) == cut


async def test_who_may_not_import_may_not_go_on(world: World, cut: Any) -> None:
    assert [error["code"] for error in (await resume(world, cut["id"], "uri"))["errors"]] == ["FORBIDDEN"]
    assert [error["code"] for error in (await resume(world, cut["id"], "uri2"))["errors"]] == ["NOT_FOUND"]
    assert (await newest(world)) == cut


async def test_an_import_that_was_begun_too_often_ends(world: World, cut: Any) -> None:
    async def write(changes: Sequence[Any]) -> None:
        if any("vulnerability" in str(change) for change in changes):
            raise Unavailable("again")
        await world.store.write(changes)

    for _ in range(5):
        answer = await world.answer("hana", RESUME, store=replace(world.store, write=write), id=cut["id"])
        assert answer.body["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    payload = await resume(world, cut["id"])
    assert (payload["errors"], payload["import"]["state"]) == ([], "FAILED")


async def test_of_several_that_go_on_with_an_import_one_reads_it(
    world: World, cut: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []

    async def scanned(*args: Any) -> Any:
        read.append(args)
        return await job.scanned(*args)

    monkeypatch.setattr(resume_module, "scanned", scanned)
    payloads = await asyncio.gather(*(resume(world, cut["id"]) for _ in range(4)))
    assert len(read) == 1
    told = [tuple(reasons(each)) for each in payloads]
    assert sorted(told) == [(), *([(("CONFLICT", "import_running", ["id"]),)] * 3)]


async def test_of_several_that_end_an_import_all_are_answered(world: World, cut: Any) -> None:
    await world.files.delete(f"imports/{cut['id']}.sarif")
    payloads = await asyncio.gather(*(resume(world, cut["id"]) for _ in range(3)))
    ended = [each["import"]["state"] for each in payloads if each["import"]]
    assert ended == ["FAILED"]
    told = {error["reason"].lower() for each in payloads for error in each["errors"]}
    assert told <= {"import_running", "not_running"}


async def test_a_stale_decision_is_told_before_the_end(world: World, cut: Any) -> None:
    await resume(world, cut["id"])
    payload = await resume(world, cut["id"], version=cut["version"])
    assert [error["code"] for error in payload["errors"]] == ["CONFLICT"]


@pytest.fixture
async def moving(world: World) -> str:
    """The mutation that moves a root that has had nothing, into which an import was cut."""
    add = 'mutation { addGitRoot(groupName: "webshop", url: "https://git.example/one", branch: "main") { root { id } } }'
    return str((await world.data("vera", add))["addGitRoot"]["root"]["id"])


async def test_a_root_is_not_moved_under_an_import(world: World, moving: str) -> None:
    numbers = iter(range(100))

    async def write(changes: Sequence[Any]) -> None:
        if next(numbers) == 1:
            raise Unavailable("for a moment")
        await world.store.write(changes)

    given = {"root": moving, "file": in_memory("scan.sarif", CONTENT)}
    await world.answer("hana", IMPORT, store=replace(world.store, write=write), **given)  # type: ignore[arg-type] # variables, not keywords
    move = """mutation ($id: ID!) { updateGitRoot(id: $id, url: "https://git.example/two") {
      root { url } errors { code reason message path } } }"""
    refused = (await world.data("vera", move, id=moving))["updateGitRoot"]
    assert reasons(refused) == [("CONFLICT", "import_running", ["url"])]
    await resume(world, (await newest(world))["id"])
    refused = (await world.data("vera", move, id=moving))["updateGitRoot"]
    assert reasons(refused) == [("INVALID", "has_vulnerabilities", ["url"])]


async def test_a_root_is_not_moved_while_an_import_begins(world: World, moving: str) -> None:
    """The import begins after the move has looked, and before it is written."""
    begun: list[Any] = []

    async def cut_off(changes: Sequence[Any]) -> None:
        if begun:
            raise Unavailable("from now on")
        begun.append(changes)
        await world.store.write(changes)

    async def write(changes: Sequence[Any]) -> None:
        if not begun:
            given = {"root": moving, "file": in_memory("scan.sarif", CONTENT)}
            await world.answer("hana", IMPORT, store=replace(world.store, write=cut_off), **given)  # type: ignore[arg-type] # variables, not keywords
        await world.store.write(changes)

    move = """mutation ($id: ID!) { updateGitRoot(id: $id, url: "https://git.example/two") {
      root { url } errors { code reason message path } } }"""
    answer = await world.answer("vera", move, store=replace(world.store, write=write), id=moving)
    assert reasons(answer.body["data"]["updateGitRoot"]) == [("CONFLICT", "import_running", ["url"])]


async def test_the_format_is_remembered(world: World) -> None:
    """A report that says nothing is of the format that was said when it was sent."""
    numbers = iter(range(100))

    async def write(changes: Sequence[Any]) -> None:
        if next(numbers) == 1:
            raise Unavailable("for a moment")
        await world.store.write(changes)

    begin = """mutation ($root: ID!, $file: Upload!) {
      importVulnerabilities(groupName: "webshop", rootId: $root, file: $file, format: GITLEAKS) { import { id } } }"""
    given = {"root": world.aurora.root.id, "file": in_memory("leaks.json", b"[]")}
    await world.answer("hana", begin, store=replace(world.store, write=write), **given)  # type: ignore[arg-type] # variables, not keywords
    cut = await newest(world)
    assert cut["state"] == "RUNNING"
    assert (await resume(world, cut["id"]))["import"]["state"] == "COMPLETED"
