"""What requests leave in memory."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Iterator, Mapping
from itertools import count, pairwise
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.test_import_mutation import IMPORT, sarif

from integrates.api.upload import Upload
from integrates.db_model.findings.types import Finding
from integrates.db_model.store.port import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.api.tests.conftest import World

    from integrates.db_model.store.port import Change

PAGE = """query ($first: Int!, $after: String) { group(name: "webshop") {
  vulnerabilities(first: $first, after: $after) { nodes { id where finding { title } root { nickname } } } } }"""


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No cyclic garbage is collected unless a test says so."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def held() -> int:
    """Count the pages and findings that are in memory."""
    return sum(isinstance(one, Page | Finding) for one in gc.get_objects())


@pytest.mark.usefixtures("uncollected")
async def test_what_a_request_has_read_goes_when_it_ends(world: World) -> None:
    before = held()
    for _ in range(3):
        assert (await world.answer("uri", PAGE, first=50)).status == 200
    assert held() == before


REQUESTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "page": (PAGE, {"first": 50}),
    "text of its own": (f"{PAGE} # NUMBER", {"first": 50}),
    "me": ("{ me { email groups { name summary { open } } } }", {}),
    "audit": ('{ group(name: "webshop") { audit(first: 50) { nodes { at aspects } } } }', {}),
    "bad cursor": (PAGE, {"first": 5, "after": "xNUMBER"}),
    "unknown field": ("{ me { fieldNUMBER } }", {}),
    "bad variable": (PAGE, {"first": "NUMBER"}),
}
"""Requests of each kind; where NUMBER stands, each has another one."""


def numbered(value: Any, number: int) -> Any:
    return value.replace("NUMBER", str(number)) if isinstance(value, str) else value


@pytest.mark.parametrize(("query", "variables"), [pytest.param(*one, id=name) for name, one in REQUESTS.items()])
@pytest.mark.usefixtures("uncollected")
async def test_requests_leave_nothing_that_grows(world: World, query: str, variables: Mapping[str, Any]) -> None:
    numbers = count()

    async def blocks_after(requests: int) -> int:
        for _ in range(requests):
            number = next(numbers)
            given = {name: numbered(value, number) for name, value in variables.items()}
            await world.answer("greta", numbered(query, number), **given)
            await asyncio.sleep(0)  # in which the loop forgets deadlines that are not needed any more
        gc.collect()
        return sys.getallocatedblocks()

    found = [await blocks_after(70) for _ in range(4)]  # first, more than there are places for documents
    assert min(after - before for before, after in pairwise(found)) < 70, found


class Content(bytes):
    """The bytes of a file, which take note when they are in memory no more."""

    gone: Event

    def __del__(self) -> None:
        self.gone.set()


async def test_the_content_of_a_file_is_not_kept_while_its_results_are_written(world: World) -> None:
    content, gone, seen = [Content(sarif(("r1", "app/a.py", 1)))], Event(), list[bool]()
    content[0].gone = gone

    async def read() -> bytes:
        return content.pop()

    async def write(changes: Sequence[Change]) -> None:
        if any(change.key.pk.startswith("VULN#") for change in changes):
            seen.append(await asyncio.to_thread(gone.wait, 10))  # the thread that read the file may hold it for a moment
        await world.store.write(changes)

    given: dict[str, Any] = {"root": world.aurora.root.id, "file": Upload("scan.sarif", read)}
    answer = await world.answer("hana", IMPORT, store=replace(world.store, write=write), **given)
    assert answer.body["data"]["importVulnerabilities"]["import"]["counts"]["created"] == 1
    assert seen == [True]
