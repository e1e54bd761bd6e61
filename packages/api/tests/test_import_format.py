"""What callers say of a report that the report does not say itself, through the API."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.api.upload import in_memory
from integrates.db_model.errors import Unavailable
from integrates.db_model.files.port import read_all
from integrates.db_model.imports.types import ImportFormat

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

IMPORT = """mutation ($root: ID!, $file: Upload!, $format: ImportFormat, $manifest: String, $prefix: String) {
  importVulnerabilities(groupName: "webshop", rootId: $root, file: $file, format: $format, manifest: $manifest,
                        addPrefix: $prefix) {
    import { id format sha256 options { manifest } problemCounts { reason count } counts { created unchanged closed } }
    errors { code reason path } } }"""
PLACES = "query ($root: ID!) { root(id: $root) { vulnerabilities { nodes { type where specific } } } }"
FINDING = "tool { fingerprint } finding { title description threat recommendation }"
ADVISORY = {"title": "Slow", "url": "https://x.example/GHSA-a", "severity": "low"}
AUDIT = {"auditReportVersion": 2, "vulnerabilities": {"debug": {"name": "debug", "isDirect": True, "via": [ADVISORY]}}}
SECRET = "correct-horse-battery-staple"
LEAK = {
    "RuleID": "generic-api-key",
    "Description": "Key",
    "File": "shop.ini",
    "StartLine": 3,
    "Secret": SECRET,
    "Match": f"key = {SECRET}",
    "Commit": "",
}


async def run(world: World, content: Any, **given: Any) -> Any:
    """Import a report, written as JSON unless it is bytes, and return the payload."""
    file = in_memory("report", content if isinstance(content, bytes) else json.dumps(content).encode())
    asked = {"root": world.aurora.root.id, "file": file, **given}
    return (await world.data("hana", IMPORT, **asked))["importVulnerabilities"]


def refused(payload: Any) -> list[tuple[str, str, list[str]]]:
    assert payload["import"] is None
    return [(one["code"], one["reason"].lower(), one["path"]) for one in payload["errors"]]


async def places(world: World, root: str) -> list[tuple[str, str, str]]:
    nodes = (await world.data("uri", PLACES, root=root))["root"]["vulnerabilities"]["nodes"]
    found = ((one["type"], one["where"], one["specific"]) for one in nodes)
    return sorted(one for one in found if one[0] in {"PACKAGES", "PORTS"})


async def test_a_manifest_is_named_where_the_report_names_none(world: World) -> None:
    first = (await run(world, AUDIT, manifest="web/pnpm-lock.yaml"))["import"]
    assert (first["format"], first["options"]) == ("NPM_AUDIT", {"manifest": "web/pnpm-lock.yaml"})
    assert await places(world, world.aurora.root.id) == [("PACKAGES", "web/pnpm-lock.yaml", "debug")]
    again = (await run(world, AUDIT, manifest="./web/pnpm-lock.yaml"))["import"]["counts"]
    assert again == {"created": 0, "unchanged": 1, "closed": 0}
    moved = (await run(world, AUDIT, prefix="web"))["import"]["counts"]
    assert moved == {"created": 1, "unchanged": 0, "closed": 1}
    assert ("PACKAGES", "web/package-lock.json", "debug") in await places(world, world.aurora.root.id)


@pytest.mark.parametrize("manifest", ["/etc/passwd", "../package-lock.json", "a//b", "=cmd()", "C:/a", "x" * 1_001])
async def test_a_manifest_is_below_the_root(world: World, manifest: str) -> None:
    assert refused(await run(world, AUDIT, manifest=manifest)) == [("INVALID", "bad_path", ["manifest"])]


async def test_an_empty_report_needs_its_format(world: World) -> None:
    await run(world, [LEAK])
    for content in (b"[]", b"null"):
        assert refused(await run(world, content)) == [("INVALID", "unknown_format", ["file"])]
    assert refused(await run(world, b"[]", format="TRIVY")) == [("INVALID", "bad_file", ["file"])]
    assert (await run(world, b"[]", format="GITLEAKS"))["import"]["counts"] == {"created": 0, "unchanged": 0, "closed": 1}


@pytest.mark.parametrize("packed", [False, True])
async def test_secrets_are_not_stored(world: World, packed: bool) -> None:
    content = json.dumps([LEAK]).encode()
    record = (await run(world, gzip.compress(content) if packed else content))["import"]
    stored = await read_all(world.files.get(f"imports/{record['id']}.{ImportFormat.GITLEAKS.lower()}"))
    assert SECRET.encode() not in stored
    assert json.loads(stored)[0]["Secret"] == "***"
    everything = f"query ($root: ID!) {{ root(id: $root) {{ vulnerabilities {{ nodes {{ snippet detail {FINDING} }} }} }} }}"
    assert SECRET not in str(await world.data("uri", everything, root=world.aurora.root.id))


async def test_hosts_are_addresses_where_the_root_is_one(world: World) -> None:
    add = 'mutation { addIpRoot(groupName: "webshop", address: "192.0.2.7", nickname: "till") { root { id } } }'
    root = (await world.data("vera", add))["addIpRoot"]["root"]["id"]
    found = {"template-id": "ssh", "info": {"name": "SSH"}, "type": "tcp", "matched-at": "till.example:22", "ip": "192.0.2.7"}
    assert (await run(world, found, root=root))["import"]["counts"]["created"] == 1
    assert await places(world, root) == [("PORTS", "192.0.2.7", "22")]


async def test_the_same_bytes_in_another_format_are_another_import(world: World) -> None:
    async def write(changes: Any) -> None:
        if any("import" in str(change) for change in changes) and cut:
            cut.clear()
            await world.store.write(changes)
            raise Unavailable("for a moment")
        await world.store.write(changes)

    cut = [True]
    given = {"root": world.aurora.root.id, "file": in_memory("report", b"[]"), "format": "NUCLEI"}
    await world.answer("hana", IMPORT, store=replace(world.store, write=write), **given)  # type: ignore[arg-type] # variables, not keywords
    payload = await run(world, b"[]", format="GITLEAKS")
    told = payload["import"]["format"] if payload["import"] else refused(payload)
    assert told in ("GITLEAKS", [("CONFLICT", "import_running", ["rootId"])])


async def test_what_a_root_can_never_hold_keeps_nothing_open(world: World) -> None:
    add = 'mutation { addUrlRoot(groupName: "webshop", url: "https://till.example", nickname: "till") { root { id } } }'
    root = (await world.data("vera", add))["addUrlRoot"]["root"]["id"]
    info = {"name": "N"}
    pages = [{"template-id": "t", "info": info, "type": "http", "matched-at": f"https://till.example/{n}"} for n in range(2)]
    port = {"template-id": "p", "info": info, "type": "ssl", "matched-at": "till.example:443"}
    elsewhere = {"template-id": "t", "info": info, "type": "http", "matched-at": "https://other.example/"}
    assert (await run(world, [*pages, port], root=root))["import"]["counts"]["created"] == 2
    assert (await run(world, [pages[0], elsewhere], root=root))["import"]["counts"]["closed"] == 0
    assert (await run(world, [pages[0], port], root=root))["import"]["counts"]["closed"] == 1


async def test_repeated_results_elsewhere_are_nowhere(world: World) -> None:
    found = {"template-id": "p", "info": {"name": "N"}, "type": "ssl", "matched-at": "till.example:443"}
    assert refused(await run(world, [found, found])) == [("INVALID", "nothing_placed", ["file"])]
