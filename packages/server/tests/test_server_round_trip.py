"""Exports of a running service: SARIF goes out and into an empty group, and the other formats tell as many."""

import json
from datetime import timedelta
from operator import itemgetter
from typing import Any

from packages.server.tests.conftest import World
from packages.server.tests.test_server_export import asked, fetched, scanned, sent
from packages.server.tests.test_server_past import NOW, new_installation

from integrates.api.exports.document import Document
from integrates.api.exports.load import collect, products_of, roots_of
from integrates.api.exports.sarif.writer import SARIF
from integrates.api.exports.spool import Spool
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read as read_report
from integrates.db_model.entity import read
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_root
from integrates.db_model.vulnerabilities.rules import is_open
from integrates.db_model.vulnerabilities.treatment import is_in_force
from integrates.server.demo.fill import fill

OWN = "query { me { organizations { id name } } }"
ADD_GROUP = """mutation ($organization: ID!) {
  addGroup(organizationId: $organization, name: "copied", description: "Where a file goes into") {
    group { name } errors { reason } } }"""
ADD_ROOT = """mutation { addGitRoot(groupName: "copied", url: "https://git.example/copied", branch: "main") {
  root { id } errors { reason } } }"""
IMPORT = """mutation ($file: Upload!, $group: ID!, $root: ID!) {
  importVulnerabilities(groupName: $group, rootId: $root, file: $file) {
    import { state counts { created suppressed skipped } } errors { code reason message } } }"""
OPEN = """query ($root: ID!) { root(id: $root) { vulnerabilities(first: 500, filter: {states: [VULNERABLE]}) {
  nodes { id type where specific tool { name ruleId fingerprint categories } advisory { id purl fixedVersion } } } } }"""
ACCEPT = """mutation ($id: ID!, $until: DateTime!) {
  updateVulnerabilitiesTreatment(
    items: [{id: $id}], treatment: ACCEPTED, acceptedUntil: $until, justification: "It is harmless."
  ) { errors { code reason } } }"""


async def changed(world: World, query: str, **variables: Any) -> Any:
    (payload,) = (await asked(world, query, **variables)).values()
    assert payload["errors"] == []
    return payload


async def empty_root(world: World) -> str:
    """Add a group with a root, and return the id of the root."""
    organizations = (await asked(world, OWN))["me"]["organizations"]
    await changed(world, ADD_GROUP, organization=organizations[0]["id"])
    return str((await changed(world, ADD_ROOT))["root"]["id"])


async def imported(world: World, root: str, content: bytes) -> Any:
    (payload,) = (await sent(world, IMPORT, "out.sarif", content, group="copied", root=root)).values()
    assert payload["errors"] == []
    return payload["import"]


async def opened(world: World, root: str) -> list[tuple[str, str]]:
    """Return the ids of what is open, and all that identifies it in any group."""
    nodes = (await asked(world, OPEN, root=root))["root"]["vulnerabilities"]["nodes"]
    return sorted(((node.pop("id"), json.dumps(node)) for node in nodes), key=itemgetter(1))


async def test_what_is_open_and_not_accepted_is_open_elsewhere(world: World) -> None:
    here, there = await scanned(world), await empty_root(world)
    (accepted, _) = await opened(world, here["id"])
    until = (world.now + timedelta(days=10)).isoformat()
    await changed(world, ACCEPT, id=accepted[0], until=until)
    answer = await fetched(world, f"/export/webshop.sarif?root={here['nickname']}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/sarif+json")
    counts = (await imported(world, there, answer.content))["counts"]
    assert counts == {"created": 1, "suppressed": 1, "skipped": 0}
    before = [one[1:] for one in await opened(world, here["id"]) if one[0] != accepted[0]]
    assert [one[1:] for one in await opened(world, there)] == before
    again = await imported(world, there, answer.content)
    assert again["counts"] == {"created": 0, "suppressed": 1, "skipped": 0}


async def test_the_other_formats_tell_as_many(world: World) -> None:
    root = await scanned(world)
    lines = (await fetched(world, f"/export/webshop.csv?root={root['id']}")).text.splitlines()
    told = (await fetched(world, f"/export/webshop.json?root={root['id']}")).json()["vulnerabilities"]
    assert len(told) == len(lines) - 1 == 2
    nobody = await fetched(world, f"/export/webshop.json?root={root['id']}&anonymous=true")
    assert "@demo.example" in json.dumps(told)
    assert b"@demo.example" not in nobody.content
    assert [one["id"] for one in nobody.json()["vulnerabilities"]] == [one["id"] for one in told]


async def sarif_of(store: Store, root: Root) -> bytes:
    """Return the SARIF of a root at the end of the demo."""
    group, organization = (
        await read.get(store, GROUP, group_key(root.group_name)),
        await read.get(store, ORGANIZATION, organization_key(root.organization_id)),
    )
    assert group is not None
    assert organization is not None
    with Spool(lambda entry: SARIF.key({}, entry)) as spool:
        newest = await collect(store, [root], SARIF, spool, NOW)
        about = Document(
            id=root.id,
            group=group,
            organization=organization,
            root=root,
            roots={root.id: root},
            products=await products_of(store, [root]),
            server="https://integrates.example",
            author="Demo",
            at=newest or NOW,
        )
        return b"".join(SARIF.write(about, spool))


async def test_the_whole_demo_reads_back() -> None:
    """People's reports, packages, pages and ports: just what is open and not accepted has a result that opens it."""
    installation = new_installation()
    await fill(installation, NOW)
    store, counted = installation.store, 0
    for group in ("webshop", "payments", "cargo"):
        for root in await roots_of(store, group):
            scan = read_report(await sarif_of(store, root), Options())
            assert (scan.problems, scan.duplicates) == ((), 0)
            seen = [one.location for one in scan.observations if one.suppression is None]
            stored = [
                one
                for one in await read.everything(store, VULNERABILITY, of_root(root.id))
                if is_open(one) and not is_in_force(one.treatment, NOW)
            ]
            assert sorted((one.type, one.where, one.specific) for one in seen) == sorted(
                (one.type, one.location.where, one.location.specific) for one in stored
            )
            counted += len(stored)
    assert counted == 36 - 2 - 4 - 4  # VULNERABLE, less hidden ones, accepted ones in force, and those accepted for good
