"""Every list of the schema: the same at every page size, told where it stands, and closed to the cursors of other lists."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any, Final

import pytest
from graphql import GraphQLObjectType, get_named_type
from packages.api.tests.conftest import stamping
from packages.api.tests.test_import_mutation import sarif

from integrates.api.schema import new_schema
from integrates.api.upload import in_memory
from integrates.db_model import forces
from integrates.db_model.findings.commands import rescore
from integrates.db_model.roots.types import ImageLocation, IPLocation, Location, URLLocation, URLProtocol
from integrates.db_model.testing.scene import add_comment, add_root_at, add_vulnerability, address_of, scored
from integrates.db_model.vulnerabilities.types import (
    Verification,
    VerificationStatus,
    VulnerabilityStatus,
    VulnerabilityType,
    ZeroRiskStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packages.api.tests.conftest import World

PATHS: Final = {
    "Query": "$below",
    "Me": "me { $below }",
    "AccessToken": "me { accessTokens { $below } }",
    "Organization": 'organization(name: "aurora") { $below }',
    "OrganizationMember": 'organization(name: "aurora") { members(first: 1) { nodes { $below } } }',
    "OrganizationFindingPolicy": 'organization(name: "aurora") { findingPolicies { $below } }',
    "Group": 'group(name: "webshop") { $below }',
    "GroupMember": 'group(name: "webshop") { members(first: 1) { nodes { $below } } }',
    "GitRoot": 'root(id: "$root") { $below }',
    "EnvironmentUrl": 'root(id: "$root") { ... on GitRoot { environmentUrls { $below } } }',
    "ImageRoot": 'root(id: "$image") { ... on ImageRoot { $below } }',
    "IPRoot": 'root(id: "$host") { ... on IPRoot { $below } }',
    "URLRoot": 'root(id: "$site") { ... on URLRoot { $below } }',
    "Finding": 'finding(id: "$finding") { $below }',
    "Vulnerability": 'vulnerability(id: "$vulnerability") { $below }',
    "Event": 'event(id: "$event") { $below }',
    "Import": 'import(id: "$run") { $below }',
    "DecisionImport": 'decisionImport(id: "$decisions") { $below }',
    "Stakeholder": "stakeholders(first: 1) { nodes { $below } }",
}
"""By type: how to get at its fields."""
KINDS: Final = {
    "AccessToken": "TOKEN",
    "EnvironmentUrl": "ENVURL",
    "Event": "EVENT",
    "Finding": "FIN",
    "GitRoot": "ROOT",
    "ImageRoot": "ROOT",
    "IPRoot": "ROOT",
    "URLRoot": "ROOT",
    "Group": "GROUP",
    "Import": "IMPORT",
    "DecisionImport": "DECISIONS",
    "Me": "USER",
    "Organization": "ORG",
    "OrganizationFindingPolicy": "POLICY",
    "Stakeholder": "USER",
    "Vulnerability": "VULN",
}
"""By type with one id: what stands before that in the key of the entity."""
ASPECTS: Final = {
    "stateHistory": "state",
    "treatmentHistory": "treatment",
    "verificationHistory": "verification",
    "zeroRiskHistory": "zero_risk",
}
ELSEWHERE: Final[Mapping[str, tuple[Location, VulnerabilityType, str]]] = {
    "image": (ImageLocation(registry="docker.io", repository="shop/web"), VulnerabilityType.LINES, "etc/shadow"),
    "host": (IPLocation(address="192.0.2.7"), VulnerabilityType.PORTS, "192.0.2.7"),
    "site": (
        URLLocation(protocol=URLProtocol.HTTPS, host="shop.example", port=443, path="/"),
        VulnerabilityType.INPUTS,
        "https://shop.example/login",
    ),
}
"""By nickname: where roots are that are no repositories, and what is found there."""
PAGE: Final = """page: %s(first: $first, after: $after) {
  edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount }"""
LISTS: Final = [
    (kind.name, name)
    for kind in new_schema().type_map.values()
    if isinstance(kind, GraphQLObjectType)
    for name, field in kind.fields.items()
    if get_named_type(field.type).name.endswith("Connection")
]
HISTORIES: Final = [field for field in LISTS if field[1].lower().endswith("history")]
IMPORT: Final = """mutation ($root: ID!, $file: Upload!) {
  importVulnerabilities(groupName: "webshop", rootId: $root, file: $file) { import { id } errors { message } } }"""
DECIDE: Final = """mutation ($file: Upload!) {
  importDecisions(groupName: "webshop", file: $file) { decisionImport { id } errors { message } } }"""
TREAT: Final = """mutation ($id: ID!, $to: TreatmentStatus!) { updateVulnerabilitiesTreatment(
  items: [{id: $id}], treatment: $to, justification: "Because it is so.") { errors { message } } }"""
TOKEN: Final = 'mutation { addAccessToken(name: "nightly", expiresAt: "2026-06-01T00:00:00Z") { errors { message } } }'


async def _import(world: World, tool: str) -> str:
    text = sarif(*((tool, f"src/{tool}.py", line) for line in (1, 2, 3)))
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", text)}
    payload = (await world.data("ada", IMPORT, **given))["importVulnerabilities"]
    assert payload["errors"] == []
    return str(payload["import"]["id"])


async def _decide(world: World) -> str:
    text = b'{"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}'
    payload = (await world.data("ada", DECIDE, file=in_memory("acme.json", text)))["importDecisions"]
    assert payload["errors"] == []
    return str(payload["decisionImport"]["id"])


async def _elsewhere(world: World, name: str, location: Location, kind: VulnerabilityType, where: str) -> str:
    """Store a root that is no repository, with a vulnerability; return its id."""
    stamp = stamping(world.now())
    root = await add_root_at(world.store, world.aurora.group, name, stamp, location)
    await add_vulnerability(world.store, world.aurora.finding, root, where, stamp, type=kind)
    return root.id


@pytest.fixture
async def ids(world: World) -> dict[str, str]:
    """The ids in the paths. Ada, who is an admin, finds something in every list, and in most of them several items."""
    checking = Verification(status=VerificationStatus.REQUESTED, at=world.now(), by=address_of("uri"))
    found = [
        await world.report(
            world.aurora,
            f"src/walk{number}.py",
            VulnerabilityStatus.VULNERABLE,
            ZeroRiskStatus.REQUESTED,
            verification=checking,
        )
        for number in range(3)
    ]
    roots = {name: await _elsewhere(world, name, *elsewhere) for name, elsewhere in ELSEWHERE.items()}
    for to in ("IN_PROGRESS", "UNTREATED", "IN_PROGRESS"):
        for one in found:
            await world.data("ada", TREAT, id=one.id, to=to)
    await rescore(world.store, world.aurora.finding.id, scored("9.1"), world.stamp())
    for number in range(3):
        await add_comment(world.store, world.aurora.finding, f"on the finding {number}", stamping(world.now()))
        await add_comment(world.store, world.aurora.group, f"on the group {number}", stamping(world.now()))
        await add_comment(world.store, world.aurora.event, f"on the event {number}", stamping(world.now()))
    await world.data("ada", TOKEN)
    runs = [await _import(world, tool) for tool in ("one", "two", "three")]
    decisions = [await _decide(world) for _ in range(3)]
    for number in range(3):
        given = {"id": f"build-000{number}", "strictness": "STRICT"}
        await forces.execute(world.store, world.aurora.group, given, world.stamp(), world.files)
    own = {"root": world.aurora.root.id, "finding": world.aurora.finding.id, "event": world.aurora.event.id}
    return {**roots, **own, "vulnerability": found[0].id, "run": runs[0], "decisions": decisions[0]}


def _query(owner: str, below: str, ids: dict[str, str]) -> str:
    return f"query ($first: Int, $after: String) {{ {Template(PATHS[owner]).substitute(ids, below=below)} }}"


def _holder(found: Any) -> Any:
    """Return the object that has ``page``: down through objects, and the first of each list."""
    while "page" not in found:
        found = next(iter(found.values())) if isinstance(found, dict) else found[0]
    return found


async def _page(world: World, field: tuple[str, str], ids: dict[str, str], **page: Any) -> Any:
    query = _query(field[0], PAGE % field[1], ids)
    return _holder(await world.data("ada", query, **page))["page"]


@pytest.mark.parametrize("field", LISTS, ids=".".join)
async def test_every_list_is_the_same_at_every_page_size(world: World, ids: dict[str, str], field: tuple[str, str]) -> None:
    whole = [edge["cursor"] for edge in (await _page(world, field, ids, first=100))["edges"]]
    assert len(set(whole)) == len(whole) > 0
    for size in range(1, min(len(whole) + 2, 25)):
        found: list[str] = []
        after, goes_on = None, True
        while goes_on:
            page = await _page(world, field, ids, first=size, after=after)
            cursors, info = [edge["cursor"] for edge in page["edges"]], page["pageInfo"]
            assert 0 < len(cursors) <= size
            found += cursors
            goes_on = found != whole
            assert info == {
                "hasPreviousPage": after is not None,
                "hasNextPage": goes_on,
                "startCursor": cursors[0],
                "endCursor": cursors[-1],
            }
            assert page["totalCount"] in {None, len(whole)}
            after = info["endCursor"]
        assert found == whole


async def test_no_list_takes_a_cursor_of_another(world: World, ids: dict[str, str]) -> None:
    ends = [(await _page(world, field, ids, first=1))["pageInfo"]["endCursor"] for field in LISTS]
    for field, cursor in zip(LISTS, (*ends[1:], ends[0]), strict=True):
        answer = await world.answer("ada", _query(field[0], PAGE % field[1], ids), first=1, after=cursor)
        assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["BAD_CURSOR"], field


@pytest.mark.parametrize("first", [0, -1, 501, None])
async def test_no_page_has_another_size(world: World, ids: dict[str, str], first: int | None) -> None:
    for field in LISTS:
        query = _query(field[0], f"{field[1]}(first: $first, after: $after) {{ totalCount }}", ids)
        answer = await world.answer("ada", query, first=first)
        assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["BAD_USER_INPUT"], field


@pytest.mark.parametrize("field", HISTORIES, ids=".".join)
async def test_every_history_is_that_of_its_object(world: World, ids: dict[str, str], field: tuple[str, str]) -> None:
    owner, name = field
    below = f"id version page: {name}(first: $first, after: $after) {{ nodes {{ entity version aspects }} }}"
    shown = _holder(await world.data("ada", _query(owner, below, ids), first=100))
    nodes = shown["page"]["nodes"]
    above, _, person = shown["id"].rpartition("/")
    members = {"OrganizationMember": f"USER#{person}|ORG#{above}", "GroupMember": f"USER#{person}|GROUP#{above}"}
    key = members[owner] if owner in members else f"{KINDS[owner]}#{shown['id']}"
    assert {node["entity"] for node in nodes} == {key}
    versions = [node["version"] for node in nodes]
    if name in ASPECTS:
        assert versions == sorted(set(versions))
        assert len(versions) < shown["version"]
        assert all(ASPECTS[name] in node["aspects"] for node in nodes)
    else:
        assert versions == list(range(1, shown["version"] + 1))
