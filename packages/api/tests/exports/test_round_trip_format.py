"""Reports of real tools, imported, exported as SARIF, and imported into a group of another organization: the same is open.

The files are not part of the repository: INTEGRATES_FORMAT_SAMPLES names their folder.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.exports.entry import document
from packages.api.tests.exports.output import VALIDATOR
from packages.api.tests.test_import_sample import EXPECTED, sample

from integrates.api.exports.load import collect, roots_of
from integrates.api.exports.sarif.writer import SARIF
from integrates.api.exports.spool import Spool
from integrates.api.upload import in_memory
from integrates.db_model.entity import read
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_root
from integrates.db_model.vulnerabilities.rules import is_open
from integrates.db_model.vulnerabilities.types import Vulnerability

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

IMPORT = """mutation ($group: ID!, $root: ID!, $file: Upload!) {
  importVulnerabilities(groupName: $group, rootId: $root, file: $file) {
    import { state
             counts { created reopened moved unchanged closed ignored suppressed duplicate reviewable skipped } }
    errors { code reason message } } }"""
ROOTS = {
    "git": """mutation ($group: ID!) { added: addGitRoot(groupName: $group, url: "https://git.example/samples", branch: "main")
              { root { id } errors { message } } }""",
    "image": """mutation ($group: ID!) { added: addImageRoot(groupName: $group, reference: "teamdojo:latest", nickname: "web")
                { root { id } errors { message } } }""",
}


async def root_in(world: World, group: str, by: str, kind: str) -> str:
    added = (await world.data(by, ROOTS[kind], group=group))["added"]
    assert added["errors"] == []
    return str(added["root"]["id"])


async def counts_of(world: World, group: str, by: str, root: str, content: bytes) -> dict[str, int]:
    """Import a file and return the counts that are not zero."""
    given = {"group": group, "root": root, "file": in_memory("report", content)}
    payload = (await world.data(by, IMPORT, **given))["importVulnerabilities"]
    assert (payload["errors"], payload["import"]["state"]) == ([], "COMPLETED")
    return {name: count for name, count in payload["import"]["counts"].items() if count}


async def exported(world: World, group: str, root: str) -> bytes:
    (found,) = [one for one in await roots_of(world.store, group) if one.id == root]
    with Spool(partial(SARIF.key, {})) as spool:
        await collect(world.store, [found], SARIF, spool, world.now())
        return b"".join(SARIF.write(replace(document(), roots={root: found}), spool))


def known_by(one: Vulnerability) -> Any:
    """Return all that a tool said of a vulnerability, whatever the ids of its group."""
    return str((one.type, one.technique, one.number, one.location, one.tool, one.advisory, one.severity))


async def opened(world: World, root: str) -> list[str]:
    return sorted(known_by(one) for one in await read.everything(world.store, VULNERABILITY, of_root(root)) if is_open(one))


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_report_goes_out_and_in(world: World, name: str) -> None:
    content, kind = sample(name), EXPECTED[name][0]
    here, there = await root_in(world, "webshop", "vera", kind), await root_in(world, "cargo", "vera2", kind)
    created = (await counts_of(world, "webshop", "hana", here, content)).get("created", 0)
    out = await exported(world, "webshop", here)
    VALIDATOR.validate(json.loads(out))
    assert (await counts_of(world, "cargo", "hana2", there, out)).get("created", 0) == created
    before = await opened(world, here)
    assert (await opened(world, there), len(before)) == (before, created)
    assert await counts_of(world, "webshop", "hana", here, out) == ({"unchanged": created} if created else {})
    assert await opened(world, here) == before
