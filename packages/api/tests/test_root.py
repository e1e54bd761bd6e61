"""Roots through the API: repositories, images, hosts and web applications are added, shown and changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import stamping
from packages.api.tests.test_adding import ERRORS, reasons

from integrates.api.upload import in_memory
from integrates.db_model.entity import read
from integrates.db_model.entity.command import update as change
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import GroupRemovalReason, GroupStatus
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.testing.scene import add_vulnerability, deactivate_root

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

    from integrates.db_model.groups.types import Group

ADD = {
    "Git": 'addGitRoot(groupName: "webshop", url: "https://git.example/new", branch: "main", nickname: "new"',
    "Image": 'addImageRoot(groupName: "webshop", reference: "ghcr.io/shop/web:1.2", nickname: "new"',
    "Ip": 'addIpRoot(groupName: "webshop", address: "192.0.2.7", nickname: "new"',
    "Url": 'addUrlRoot(groupName: "webshop", url: "https://Shop.example/app?a=1", nickname: "new"',
}
LOCATIONS: dict[str, dict[str, Any]] = {
    "Git": {"__typename": "GitRoot", "url": "https://git.example/new", "branch": "main", "gitignore": []},
    "Image": {"__typename": "ImageRoot", "registry": "ghcr.io", "repository": "shop/web", "tag": "1.2"},
    "Ip": {"__typename": "IPRoot", "address": "192.0.2.7"},
    "Url": {
        "__typename": "URLRoot",
        "protocol": "HTTPS",
        "host": "shop.example",
        "port": 443,
        "path": "/app",
        "query": "a=1",
    },
}
NOWHERE = "00000000-0000-4000-8000-00000000dead"


async def send(world: World, person: str, text: str) -> Any:
    """Send a mutation, of which the closing parenthesis is still missing; return its payload."""
    name = text.partition("(")[0]
    own = " ".join(next(members for kind, members in LOCATIONS.items() if kind in name))
    query = f"mutation {{ {text}) {{ root {{ id nickname criticality state version {own} }} {ERRORS} }} }}"
    return (await world.data(person, query))[name]


async def added(world: World, kind: str) -> dict[str, Any]:
    payload = await send(world, "vera", ADD[kind])
    assert payload["errors"] == []
    root: dict[str, Any] = payload["root"]
    return root


@pytest.mark.parametrize("kind", ADD)
async def test_a_root_of_each_kind_is_added_and_shown(world: World, kind: str) -> None:
    root = await added(world, kind)
    expected = {**LOCATIONS[kind], "nickname": "new", "criticality": "MEDIUM", "state": "ACTIVE", "version": 1}
    assert root == {**expected, "id": root["id"]}
    query = f"query ($id: ID!) {{ root(id: $id) {{ ... on {root['__typename']} {{ {' '.join(root)} }} }} }}"
    assert (await world.data("uri", query, id=root["id"]))["root"] == root
    assert (await world.data("uri2", query, id=root["id"]))["root"] is None
    listed = await world.data("uri", '{ group(name: "webshop") { roots { __typename id } } }')
    assert {"__typename": root["__typename"], "id": root["id"]} in listed["group"]["roots"]


async def test_an_image_is_called_by_the_last_part_of_its_name(world: World) -> None:
    payload = await send(world, "vera", 'addImageRoot(groupName: "webshop", reference: "ubuntu"')
    assert payload["errors"] == []
    assert [payload["root"][name] for name in ("registry", "repository", "tag", "nickname")] == [
        "docker.io",
        "library/ubuntu",
        None,
        "ubuntu",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('addImageRoot(groupName: "webshop", reference: ""', [("INVALID", "required", ["reference"])]),
        ('addImageRoot(groupName: "webshop", reference: "Ubuntu"', [("INVALID", "bad_format", ["reference"])]),
        ('addImageRoot(groupName: "webshop", reference: "a b"', [("INVALID", "bad_characters", ["reference"])]),
        (
            'addImageRoot(groupName: "webshop", reference: "https://ghcr.io/a", nickname: "=1"',
            [("INVALID", "bad_format", ["reference"]), ("INVALID", "bad_characters", ["nickname"])],
        ),
        (
            'addIpRoot(groupName: "webshop", address: "shop.example", nickname: ""',
            [("INVALID", "bad_characters", ["address"]), ("INVALID", "required", ["nickname"])],
        ),
        (
            'addUrlRoot(groupName: "webshop", url: "https://user:secret@shop.example", nickname: "x"',
            [("INVALID", "bad_format", ["url"])],
        ),
        ('addImageRoot(groupName: "cargo", reference: "ubuntu"', [("NOT_FOUND", "not_found", ["groupName"])]),
    ],
)
async def test_what_is_at_fault_is_told(world: World, text: str, expected: Any) -> None:
    assert reasons(await send(world, "vera", text)) == expected


@pytest.mark.parametrize(("kind", "path"), [("Git", "url"), ("Image", "reference"), ("Ip", "address"), ("Url", "url")])
async def test_a_place_and_a_nickname_are_taken_once(world: World, kind: str, path: str) -> None:
    root = await added(world, kind)
    assert reasons(await send(world, "vera", ADD[kind])) == [
        ("ALREADY_EXISTS", "location_taken", [path]),
        ("ALREADY_EXISTS", "nickname_taken", ["nickname"]),
    ]
    await deactivate_root(world.store, root["id"], world.stamp())
    again = ADD[kind].replace('"new"', '"again"')
    assert reasons(await send(world, "vera", again)) == []


@pytest.mark.parametrize("kind", ADD)
async def test_of_two_that_add_one_root_at_once_one_is_refused(world: World, kind: str) -> None:
    both = await asyncio.gather(*(send(world, "vera", ADD[kind]) for _ in range(2)))
    assert sorted(bool(payload["errors"]) for payload in both) == [False, True]


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("uri", [("FORBIDDEN", "missing_permission", ["groupName"])]),
        ("hana", [("FORBIDDEN", "missing_permission", ["groupName"])]),
        ("vera2", [("NOT_FOUND", "not_found", ["groupName"])]),
    ],
)
@pytest.mark.parametrize("kind", ADD)
async def test_who_may_not_add_roots_adds_none(world: World, person: str, expected: Any, kind: str) -> None:
    assert reasons(await send(world, person, ADD[kind])) == expected


@pytest.mark.parametrize("kind", ADD)
async def test_a_removed_group_gets_no_root_and_shows_none(world: World, kind: str) -> None:
    root = await added(world, kind)

    def removed(old: Group, at: datetime) -> Group:
        return replace(old, state=replace(old.state, status=GroupStatus.DELETED, at=at, reason=GroupRemovalReason.NO_SYSTEM))

    await change(world.store, GROUP, group_key("webshop"), removed, world.stamp())
    assert reasons(await send(world, "ada", ADD[kind])) == [("NOT_FOUND", "not_found", ["groupName"])]
    update = f'update{kind}Root(id: "{root["id"]}", nickname: "x"'
    assert reasons(await send(world, "ada", update)) == [("NOT_FOUND", "not_found", ["id"])]


UPDATES = {
    "Git": ('url: "git@git.example:a/b.git", branch: "next", gitignore: ["a/"]', ("git@git.example:a/b", "next", ["a/"])),
    "Image": ('reference: "ubuntu"', ("docker.io", "library/ubuntu", None)),
    "Ip": ("", ("192.0.2.7",)),
    "Url": ("", ("HTTPS", "shop.example", 443, "/app", "a=1")),
}


@pytest.mark.parametrize("kind", ADD)
async def test_a_root_is_changed(world: World, kind: str) -> None:
    root, (given, expected) = await added(world, kind), UPDATES[kind]
    text = f'update{kind}Root(id: "{root["id"]}", {given} nickname: "renamed", criticality: HIGH, expectedVersion: 1'
    payload = await send(world, "vera", text)
    assert reasons(payload) == []
    new = payload["root"]
    assert tuple(new[name] for name in LOCATIONS[kind] if name != "__typename") == expected
    assert (new["nickname"], new["criticality"], new["version"], new["id"]) == ("renamed", "HIGH", 2, root["id"])
    same = await send(world, "vera", f'update{kind}Root(id: "{root["id"]}", nickname: null, criticality: null')
    assert same["root"] == new
    assert reasons(await send(world, "vera", text)) == [("CONFLICT", "stale_version", [])]


@pytest.mark.parametrize("kind", ADD)
async def test_a_root_is_changed_only_as_what_it_is(world: World, kind: str) -> None:
    root = await added(world, kind)
    for other in ADD.keys() - {kind}:
        payload = await send(world, "vera", f'update{other}Root(id: "{root["id"]}", nickname: "=1"')
        assert reasons(payload) == [("INVALID", "wrong_root_kind", ["id"])]
        stale = await send(world, "vera", f'update{other}Root(id: "{root["id"]}", nickname: "=1", expectedVersion: 7')
        assert reasons(stale) == [("CONFLICT", "stale_version", [])]


@pytest.mark.parametrize("kind", ADD)
async def test_who_may_not_change_a_root_learns_nothing(world: World, kind: str) -> None:
    root = await added(world, kind)
    text = f'update{kind}Root(id: "%s", nickname: "renamed"'
    assert reasons(await send(world, "uri", text % root["id"])) == [("FORBIDDEN", "missing_permission", ["id"])]
    foreign = await send(world, "vera2", text % root["id"])
    assert reasons(foreign) == [("NOT_FOUND", "not_found", ["id"])]
    assert foreign == await send(world, "vera2", text % NOWHERE) == await send(world, "vera2", text % "x")


RELOCATIONS = {
    "Git": [('url: "https://git.example/b"', "url"), ('branch: "b"', "branch")],
    "Image": [('reference: "ghcr.io/shop/web"', "reference"), ('reference: "ghcr.io/shop/api:1.2"', "reference")],
}


@pytest.mark.parametrize(("kind", "given", "path"), [(kind, *row) for kind, rows in RELOCATIONS.items() for row in rows])
async def test_a_root_that_had_a_vulnerability_stays_where_it_is(world: World, kind: str, given: str, path: str) -> None:
    root = await added(world, kind)
    stored = await read.get(world.store, ROOT, root_key(root["id"]))
    assert stored is not None
    await add_vulnerability(world.store, world.aurora.finding, stored, "src/a.py", stamping(world.now()))
    payload = await send(world, "vera", f'update{kind}Root(id: "{root["id"]}", {given}')
    assert reasons(payload) == [("INVALID", "has_vulnerabilities", [path])]
    assert await read.get(world.store, ROOT, root_key(root["id"])) == stored
    spelled = {"Git": 'url: "https://GIT.example/new.git"', "Image": 'reference: "GHCR.io/shop/web:1.2"'}[kind]
    same = await send(world, "vera", f'update{kind}Root(id: "{root["id"]}", {spelled}, nickname: "renamed"')
    assert reasons(same) == []


IMPORT = """mutation ($root: ID!, $file: Upload!) { importVulnerabilities(groupName: "webshop", rootId: $root, file: $file) {
  import { counts { created skipped } problems { reason uri } } errors { reason path } } }"""
SARIF = """{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "lint"}}, "results": [%s]}]}"""
RESULT = """{"ruleId": "R", "message": {"text": "m"},
  "locations": [{"physicalLocation": {"artifactLocation": {"uri": "%s"}, "region": {"startLine": 1}}}]}"""
SEEN = {
    "src/a.py": {"Git", "Image"},
    "https://shop.example/login": {"Url"},
    "https://shop.example:8443/login": set(),
    "https://other.example/login": set(),
    "tcp://192.0.2.7:22": {"Ip"},
    "tcp://192.0.2.8:22": set(),
}


@pytest.mark.parametrize("kind", ADD)
async def test_an_import_takes_what_lies_in_the_root(world: World, kind: str) -> None:
    root = await added(world, kind)
    file = in_memory("scan.sarif", (SARIF % ",".join(RESULT % uri for uri in SEEN)).encode())
    payload = (await world.data("vera", IMPORT, root=root["id"], file=file))["importVulnerabilities"]
    assert payload["errors"] == []
    done = payload["import"]
    assert done["counts"] == {"created": 1, "skipped": len(SEEN) - 1}
    assert len(done["problems"]) == len(SEEN) - 1
    assert {one["reason"].lower() for one in done["problems"]} == {"outside_root"}
    query = "query ($id: ID!) { root(id: $id) { vulnerabilities { nodes { type where specific root { __typename } } } } }"
    (found,) = (await world.data("uri", query, id=root["id"]))["root"]["vulnerabilities"]["nodes"]
    assert found["root"] == {"__typename": root["__typename"]}
    assert kind in next(kinds for uri, kinds in SEEN.items() if found["where"] in uri)
