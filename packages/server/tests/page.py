"""How tests look at the pages of objects."""

from collections.abc import Mapping
from typing import Any

import httpx
from packages.server.tests.conftest import World

from integrates.db_model.entity import read
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.testing.scene import add_vulnerability, ticking, uid
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityType

NONE = "00000000-0000-4000-8000-000000000000"
"""The id of nothing."""
NINA = "nina@demo.example"
"""Who is in no group."""
WHERE = "https://shop.demo.example/basket"
DRAFT = """{ group(name: "webshop") { vulnerabilities(first: 1, filter: {states: [SUBMITTED]}) { nodes {
  id root { id } finding { id } } } } }"""


async def seen(world: World, email: str, path: str) -> httpx.Response:
    """Open a page as somebody who is logged in."""
    async with world.client() as client:
        await client.get("/login", params={"provider": "local", "email": email})
        return await client.get(path)


def same_page(first: httpx.Response, second: httpx.Response) -> bool:
    """Return whether two answers are the same but for the ids of their requests."""
    texts = [[line for line in one.text.splitlines() if "request <code>" not in line] for one in (first, second)]
    return first.status_code == second.status_code and texts[0] == texts[1]


async def draft_of(world: World) -> Mapping[str, Any]:
    """Return a draft of the demo, with its root and its finding."""
    answer = await world.ask(await world.token(), {"query": DRAFT})
    found: Mapping[str, Any] = answer.json()["data"]["group"]["vulnerabilities"]["nodes"][0]
    return found


async def reported(world: World, *fields: str) -> tuple[Vulnerability, ...]:
    """Store vulnerabilities in these fields of one address as an import reports them, beside the draft."""
    beside = await draft_of(world)
    root = await read.get(world.store, ROOT, root_key(beside["root"]["id"]))
    finding = await read.get(world.store, FINDING, finding_key(beside["finding"]["id"]))
    assert root is not None
    assert finding is not None
    stamp, found = ticking(world.now), list[Vulnerability]()
    for field in fields:
        own: Mapping[str, Any] = {"identity": uid(field), "type": VulnerabilityType.INPUTS, "specific": field}
        found.append(await add_vulnerability(world.store, finding, root, WHERE, stamp, **own))
    return tuple(found)


async def released(world: World) -> Vulnerability:
    """Store one vulnerability so."""
    (found,) = await reported(world, "name")
    return found
