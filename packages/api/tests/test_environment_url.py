"""Environment urls through the API, and pages that are reported and imported below them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import stamping
from packages.api.tests.test_adding import ERRORS, reasons
from packages.api.tests.test_store_calls import counting

from integrates.api.upload import in_memory
from integrates.db_model import environment_urls
from integrates.db_model.testing.scene import add_environment_url, add_root, deactivate_root
from integrates.db_model.vulnerabilities.lists import of_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packages.api.tests.conftest import World

    from integrates.db_model.store.port import Change, Store

SHOWN = "id url urlType cloudName include version createdBy root { id }"
NOWHERE = "00000000-0000-4000-8000-00000000dead"
LIST = "query ($id: ID!) { root(id: $id) { ... on GitRoot { environmentUrls { id url } } } }"


def adding(root: str, rest: str = 'url: "https://new.example", urlType: URL') -> str:
    return f'addEnvironmentUrl(rootId: "{root}", {rest})'


async def add(world: World, person: str, text: str) -> Any:
    return (await world.data(person, f"mutation {{ {text} {{ environmentUrl {{ {SHOWN} }} {ERRORS} }} }}"))["addEnvironmentUrl"]


async def remove(world: World, person: str, identity: str, rest: str = "") -> Any:
    query = f'mutation {{ removeEnvironmentUrl(id: "{identity}" {rest}) {{ id {ERRORS} }} }}'
    return (await world.data(person, query))["removeEnvironmentUrl"]


async def listed(world: World, person: str = "uri") -> list[str]:
    found = (await world.data(person, LIST, id=world.aurora.root.id))["root"]["environmentUrls"]
    return sorted(one["url"] for one in found)


OWN = "https://webshop.example/app"
"""The one that the group has already."""
ADDED: Mapping[str, tuple[str, dict[str, Any]]] = {
    "a page": ('url: "HTTPS://New.example", urlType: URL', {"url": "https://new.example/", "urlType": "URL", "include": True}),
    "a cloud": (
        'url: " shop ", urlType: CLOUD, cloudName: GCP, include: false',
        {"url": "shop", "cloudName": "GCP", "include": False},
    ),
    "a database": ('url: "db:5432", urlType: DATABASE, cloudName: null', {"url": "db:5432", "cloudName": None}),
    "an application": ('url: "example.shop", urlType: APK, include: null', {"url": "example.shop", "include": True}),
}


@pytest.mark.parametrize(("rest", "expected"), ADDED.values(), ids=ADDED)
async def test_one_is_added_listed_and_removed(world: World, rest: str, expected: dict[str, Any]) -> None:
    root = world.aurora.root.id
    payload = await add(world, "vera", adding(root, rest))
    assert reasons(payload) == []
    made = payload["environmentUrl"]
    assert {**made, **expected, "version": 1, "createdBy": "vera@demo.example", "root": {"id": root}} == made
    assert await listed(world) == sorted([OWN, made["url"]])
    assert (await remove(world, "vera", made["id"], ", expectedVersion: 1")) == {"id": made["id"], "errors": []}
    assert await listed(world) == [OWN]
    assert reasons(await remove(world, "vera", made["id"])) == [("NOT_FOUND", "not_found", ["id"])]


FAULTS: Mapping[str, tuple[str, list[tuple[str, str, list[str]]]]] = {
    "no url": ('url: "", urlType: URL', [("INVALID", "required", ["url"])]),
    "credentials": ('url: "https://a:b@h/", urlType: URL', [("INVALID", "bad_format", ["url"])]),
    "another scheme": ('url: "javascript:alert(1)", urlType: URL', [("INVALID", "bad_format", ["url"])]),
    "too long": (f'url: "https://h/{"x" * 2040}", urlType: URL', [("INVALID", "too_long", ["url"])]),
    "several lines": ('url: "a\\nb", urlType: APK', [("INVALID", "bad_characters", ["url"])]),
    "a cloud without name": ('url: "x", urlType: CLOUD', [("INVALID", "required", ["cloudName"])]),
    "the name of a cloud": ('url: "x", urlType: APK, cloudName: AWS', [("INVALID", "inconsistent", ["cloudName"])]),
    "both": ('url: "", urlType: CLOUD', [("INVALID", "required", ["url"]), ("INVALID", "required", ["cloudName"])]),
    "taken": (f'url: "{OWN}/", urlType: URL', [("ALREADY_EXISTS", "url_taken", ["url"])]),
}


@pytest.mark.parametrize(("rest", "expected"), FAULTS.values(), ids=FAULTS)
async def test_what_is_at_fault_is_told(world: World, rest: str, expected: Any) -> None:
    assert reasons(await add(world, "vera", adding(world.aurora.root.id, rest))) == expected
    assert await listed(world) == [OWN]


@pytest.mark.parametrize(
    "rest",
    ['url: "x", urlType: FTP', 'url: "x", urlType: CLOUD, cloudName: OVH', "urlType: URL", 'url: "x"', "url: 1, urlType: APK"],
)
async def test_a_value_of_a_wrong_type_is_refused_before(world: World, rest: str) -> None:
    answer = await world.answer("vera", f"mutation {{ {adding(world.aurora.root.id, rest)} {{ {ERRORS} }} }}")
    assert answer.status == 400


OTHERS = {
    "image": 'addImageRoot(groupName: "webshop", reference: "ubuntu"',
    "host": 'addIpRoot(groupName: "webshop", address: "192.0.2.7", nickname: "h"',
    "application": 'addUrlRoot(groupName: "webshop", url: "https://s.example", nickname: "s"',
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
async def test_only_a_repository_has_them(world: World, text: str) -> None:
    name = text.partition("(")[0]
    root = (await world.data("vera", f"mutation {{ {text}) {{ root {{ id }} }} }}"))[name]["root"]["id"]
    assert reasons(await add(world, "vera", adding(root))) == [("INVALID", "wrong_root_kind", ["rootId"])]
    at_fault = adding(root, 'url: "", urlType: URL')
    assert reasons(await add(world, "vera", at_fault)) == [("INVALID", "required", ["url"])], "arguments before state (M5)"


async def test_a_root_out_of_scope_gets_none_and_loses_them(world: World) -> None:
    await deactivate_root(world.store, world.aurora.root.id, world.stamp())
    assert reasons(await add(world, "vera", adding(world.aurora.root.id))) == [("INVALID", "inactive_root", ["rootId"])]
    assert reasons(await remove(world, "vera", world.aurora.environment.id)) == []
    assert await listed(world) == []


async def test_the_hundred_and_first_is_refused(world: World) -> None:
    for number in range(99):
        await add_environment_url(world.store, world.aurora.root, f"https://{number}.example", stamping(world.now()))
    payload = await add(world, "vera", adding(world.aurora.root.id))
    assert reasons(payload) == [("LIMIT_EXCEEDED", "too_many", [])]
    assert "100" in payload["errors"][0]["message"]
    await remove(world, "vera", world.aurora.environment.id)
    assert reasons(await add(world, "vera", adding(world.aurora.root.id))) == []
    assert len(await listed(world)) == 100


async def test_of_two_that_add_one_at_once_one_is_refused(world: World) -> None:
    both = await asyncio.gather(*(add(world, "vera", adding(world.aurora.root.id)) for _ in range(2)))
    assert sorted(reasons(one) for one in both) == [[], [("ALREADY_EXISTS", "url_taken", ["url"])]]


async def test_of_two_that_remove_one_at_once_one_finds_nothing(world: World) -> None:
    both = await asyncio.gather(*(remove(world, "vera", world.aurora.environment.id) for _ in range(2)))
    assert sorted(reasons(one) for one in both) == [[], [("NOT_FOUND", "not_found", ["id"])]]


async def test_a_stale_version_removes_nothing(world: World) -> None:
    payload = await remove(world, "vera", world.aurora.environment.id, ", expectedVersion: 2")
    assert reasons(payload) == [("CONFLICT", "stale_version", [])]
    assert payload["errors"][0]["currentVersion"] == 1
    assert await listed(world) == [OWN]


async def test_who_may_not_is_refused_and_another_tenant_learns_nothing(world: World) -> None:
    root, known = world.aurora.root.id, world.aurora.environment.id
    for person in ("uri", "hana", "reto", "remy"):
        assert reasons(await add(world, person, adding(root))) == [("FORBIDDEN", "missing_permission", ["rootId"])]
        assert reasons(await remove(world, person, known)) == [("FORBIDDEN", "missing_permission", ["id"])]
    foreign = await add(world, "vera2", adding(root))
    assert reasons(foreign) == [("NOT_FOUND", "not_found", ["rootId"])]
    assert foreign == await add(world, "vera2", adding(NOWHERE)) == await add(world, "vera2", adding("x"))
    unseen = await remove(world, "vera2", known)
    assert reasons(unseen) == [("NOT_FOUND", "not_found", ["id"])]
    assert unseen == await remove(world, "vera2", NOWHERE) == await remove(world, "vera2", "x")
    assert (await world.data("uri2", LIST, id=root))["root"] is None
    assert await listed(world) == [OWN]


async def test_the_history_and_the_audit_trail_tell_of_one(world: World) -> None:
    await remove(world, "vera", world.aurora.environment.id)
    made = (await add(world, "vera", adding(world.aurora.root.id)))["environmentUrl"]["id"]
    query = """query ($id: ID!) {
      root(id: $id) { ... on GitRoot { environmentUrls { history { nodes { operation by aspects } } } } }
      group(name: "webshop") { audit { nodes { operation entity } } } }"""
    found = await world.data("greta", query, id=world.aurora.root.id)
    ((first,),) = [one["history"]["nodes"] for one in found["root"]["environmentUrls"]]
    assert (first["operation"], first["by"], first["aspects"]["url"]) == (
        "add_environment_url",
        "vera@demo.example",
        "https://new.example/",
    )
    told = [(one["operation"], one["entity"]) for one in found["group"]["audit"]["nodes"]]
    assert ("add_environment_url", made) in [(operation, entity.partition("#")[2] or entity) for operation, entity in told]
    assert "remove_environment_url" in {operation for operation, _ in told}


async def test_the_calls_of_the_store_grow_with_the_depth_only(world: World) -> None:
    query = 'query { group(name: "webshop") { roots { ... on GitRoot { environmentUrls { url root { nickname } } } } } }'

    async def calls() -> int:
        made: list[str] = []
        answer = await world.answer("uri", query, store=counting(world.store, made))
        assert "errors" not in answer.body
        return len(made)

    before = await calls()
    for number in range(5):
        root = await add_root(world.store, world.aurora.group, f"more{number}", stamping(world.now()))
        for each in range(3):
            await add_environment_url(world.store, root, f"https://{each}.example", stamping(world.now()))
    assert await calls() == before


def report(where: str, root: str, finding: str) -> str:
    return f"""mutation {{ addVulnerabilities(findingId: "{finding}", vulnerabilities: [{{rootId: "{root}", type: INPUTS,
      technique: MPT, where: "{where}", specific: "q"}}]) {{ vulnerabilities {{ id where }} {ERRORS} }} }}"""


WHERES = {
    f"{OWN}": [],
    f"{OWN}/search": [],
    "https://WEBSHOP.example:443/app/search": [],
    "https://webshop.example/apple": ["outside_root"],
    "https://webshop.example/": ["outside_root"],
    "http://webshop.example/app/search": ["outside_root"],
    "https://webshop.example.evil.example/app/search": ["outside_root"],
    "https://webshop.example/app/../admin": ["outside_root"],
    "https://cargo.example/app/search": ["outside_root"],
}


@pytest.mark.parametrize(("where", "expected"), WHERES.items())
async def test_people_report_pages_below_one(world: World, where: str, expected: list[str]) -> None:
    mine = world.aurora
    payload = (await world.data("hana", report(where, mine.root.id, mine.finding.id)))["addVulnerabilities"]
    assert [one["reason"].lower() for one in payload["errors"]] == expected
    if expected:
        assert payload["errors"][0]["path"] == ["vulnerabilities", "0", "where"]
        assert payload["errors"][0]["code"] == "INVALID"


async def test_a_hundred_pages_are_reported_at_once(world: World) -> None:
    mine = world.aurora
    alike = f'rootId: "{mine.root.id}", type: INPUTS, technique: MPT, specific: "q"'
    rows = ", ".join(f'{{{alike}, where: "{OWN}/{one}"}}' for one in range(100))
    arguments = f'findingId: "{mine.finding.id}", vulnerabilities: [{rows}]'
    query = f"mutation {{ addVulnerabilities({arguments}) {{ vulnerabilities {{ id }} {ERRORS} }} }}"
    payload = (await world.data("hana", query))["addVulnerabilities"]
    assert (len(payload["vulnerabilities"]), payload["errors"]) == (100, [])


async def test_a_page_is_reopened_although_its_environment_url_is_gone(world: World) -> None:
    """What was found stays as it is: the root has to be ACTIVE, and nothing else."""
    await imported(world, [f"{OWN}/search"])
    await imported(world, [])
    await remove(world, "vera", world.aurora.environment.id)
    query = "query ($id: ID!) { root(id: $id) { vulnerabilities(filter: {types: [INPUTS]}) { nodes { id state } } } }"
    (found,) = (await world.data("uri", query, id=world.aurora.root.id))["root"]["vulnerabilities"]["nodes"]
    assert found["state"] == "SAFE"
    again = (
        f'mutation {{ reopenVulnerabilities(items: [{{id: "{found["id"]}"}}], justification: "It is back.") {{ {ERRORS} }} }}'
    )
    assert (await world.data("hana", again))["reopenVulnerabilities"]["errors"] == []


IMPORT = """mutation ($root: ID!, $file: Upload!) {
  importVulnerabilities(groupName: "webshop", rootId: $root, file: $file) {
    import {
      state counts { created closed ignored skipped unchanged } problems { reason uri } closing { outcome }
    }
    errors { reason path }
  } }"""


def sarif(uris: Sequence[str]) -> bytes:
    results = [
        {"ruleId": "R", "message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}}]}
        for uri in uris
    ]
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "dast"}}, "results": results}]}).encode()


async def imported(world: World, uris: Sequence[str], store: Store | None = None) -> Any:
    variables: dict[str, Any] = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", sarif(uris))}
    answer = await world.answer("vera", IMPORT, store=store, **variables)
    payload = answer.body["data"]["importVulnerabilities"]
    assert payload["errors"] == []
    return payload["import"]


async def test_an_import_takes_pages_below_one_and_leaves_out_the_others(world: World) -> None:
    done = await imported(world, [f"{OWN}/search", f"{OWN}/login?a=1", "https://webshop.example/apple", "src/a.py"])
    assert done["counts"] == {"created": 3, "closed": 0, "ignored": 0, "skipped": 1, "unchanged": 0}
    assert done["problems"] == [{"reason": "outside_root", "uri": "https://webshop.example/apple"}]
    assert done["closing"] == [{"outcome": "UNPLACED_RESULTS"}], "pages were found here, so one elsewhere proves nothing"
    again = await imported(world, [f"{OWN}/search", f"{OWN}/login?a=1", "src/a.py"])
    assert again["counts"]["unchanged"] == 3
    fewer = await imported(world, [f"{OWN}/search", "src/a.py"])
    assert (fewer["counts"]["closed"], fewer["closing"]) == (1, [{"outcome": "DONE"}])


async def test_what_is_below_one_that_was_removed_is_neither_taken_nor_closed(world: World) -> None:
    await imported(world, [f"{OWN}/search", "src/a.py"])
    await remove(world, "vera", world.aurora.environment.id)
    done = await imported(world, [f"{OWN}/search", "src/a.py"])
    assert done["counts"] == {"created": 0, "closed": 0, "ignored": 0, "skipped": 1, "unchanged": 1}
    assert done["closing"] == [{"outcome": "UNPLACED_RESULTS"}]


async def test_a_page_in_a_root_that_never_ran_anywhere_says_nothing_of_its_files(world: World) -> None:
    root = await add_root(world.store, world.aurora.group, "library", stamping(world.now()))
    await add_environment_url(world.store, root, "example.shop", stamping(world.now()), "APK")  # type: ignore[arg-type] # its value
    file = in_memory("scan.sarif", sarif(["https://webshop.example/app", "src/a.py"]))
    done = (await world.data("vera", IMPORT, root=root.id, file=file))["importVulnerabilities"]["import"]
    assert (done["counts"]["created"], done["closing"]) == (1, [{"outcome": "DONE"}])


async def test_patterns_of_files_do_not_match_pages(world: World) -> None:
    root = await add_root(world.store, world.aurora.group, "library", stamping(world.now()), gitignore=("*.html", "app/"))
    await add_environment_url(world.store, root, OWN, stamping(world.now()))
    file = in_memory("scan.sarif", sarif([f"{OWN}/index.html", "doc/index.html"]))
    done = (await world.data("vera", IMPORT, root=root.id, file=file))["importVulnerabilities"]["import"]
    assert (done["counts"]["created"], done["counts"]["skipped"], done["problems"]) == (1, 1, [])


async def test_one_that_is_removed_during_an_import_is_ignored_from_then_on(world: World) -> None:
    """Each write after the plan first meets the removal: what is in the files goes on, the pages do not."""
    removed = False

    async def write(changes: Sequence[Change]) -> None:
        nonlocal removed
        if not removed and any("VULN#" in getattr(getattr(one, "item", None), "key", one).__repr__() for one in changes):
            removed = True
            await environment_urls.remove(world.store, world.aurora.environment, world.stamp())
        await world.store.write(changes)

    done = await imported(world, [f"{OWN}/search", f"{OWN}/login", "src/a.py"], replace(world.store, write=write))
    assert removed
    assert (done["state"], done["counts"]["created"], done["counts"]["ignored"]) == ("COMPLETED", 1, 2)
    (page,) = await world.store.query((of_root(world.aurora.root.id),))
    assert not [item for item in page.items if item.attributes["type"] == "INPUTS"]


async def test_a_comparison_tells_pages_too(world: World) -> None:
    query = """mutation ($root: ID!, $file: Upload!) { compareScan(groupName: "webshop", rootId: $root, file: $file) {
      comparison { new problems { reason } } errors { reason } } }"""
    file = in_memory("scan.sarif", sarif([f"{OWN}/search", "https://other.example/"]))
    done = (await world.data("vera", query, root=world.aurora.root.id, file=file))["compareScan"]
    assert done == {"comparison": {"new": 1, "problems": [{"reason": "outside_root"}]}, "errors": []}
