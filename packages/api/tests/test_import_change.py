"""What an import tells of its changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import stamping
from packages.api.tests.test_import_mutation import run, sarif
from packages.api.tests.test_review import ask

from integrates.api.imports.change import ImportEffect, changes, told_effect, until
from integrates.api.revision.audit import END
from integrates.db_model.entity import read
from integrates.db_model.entity.revision import Revision
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.imports.types import ImportStatus
from integrates.db_model.testing.scene import add_root

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

AT = datetime(2026, 6, 30, tzinfo=UTC)
CHANGES = """query ($id: ID!, $first: Int, $after: String, $effects: [ImportEffect!]) { import(id: $id) {
  changes(first: $first, after: $after, effects: $effects) {
    pageInfo { hasNextPage endCursor } nodes { effect at vulnerability { id where specific state } } } } }"""
FILES = (
    sarif(("r1", "app/a.py", 1), ("r1", "app/b.py", 2), ("r1", "app/c.py", 3)),
    sarif(("r1", "app/a.py", 1), ("r1", "app/d.py", 4)),
    sarif(("r1", "app/a.py", 1), ("r1", "app/b.py", 2), ("r1", "app/d.py", 4)),
)
"""Reports one after the other."""


async def imported(world: World) -> list[str]:
    """Import the reports; return the ids of the imports."""
    return [(await run(world, content))["import"]["id"] for content in FILES]


async def told_whole(world: World, identity: str) -> Any:
    """Return the changes of an import as uri sees them."""
    return (await world.data("uri", CHANGES, id=identity, first=50))["import"]["changes"]["nodes"]


async def told(world: World, identity: str, person: str = "uri", **given: Any) -> Any:
    """Return the changes as they are listed, each with its effect and place."""
    found = (await world.data(person, CHANGES, id=identity, **{"first": 50, **given}))["import"]["changes"]
    return found and sorted((one["effect"], one["vulnerability"]["where"]) for one in found["nodes"])


async def test_an_import_tells_what_it_changed_and_not_what_others_did(world: World) -> None:
    first, second, third = await imported(world)
    assert await told(world, first) == [("CREATED", "app/a.py"), ("CREATED", "app/b.py"), ("CREATED", "app/c.py")]
    assert await told(world, second) == [("CLOSED", "app/b.py"), ("CLOSED", "app/c.py"), ("CREATED", "app/d.py")]
    assert await told(world, third) == [("REOPENED", "app/b.py")]


async def test_the_changes_of_an_import_can_be_chosen_by_kind_and_walked(world: World) -> None:
    _, second, _ = await imported(world)
    assert await told(world, second, effects=["CREATED"]) == [("CREATED", "app/d.py")]
    assert await told(world, second, effects=["MOVED", "REOPENED"]) == []
    page = (await world.data("uri", CHANGES, id=second, first=2))["import"]["changes"]
    assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"]) == (2, True)
    rest = (await world.data("uri", CHANGES, id=second, first=2, after=page["pageInfo"]["endCursor"]))["import"]["changes"]
    assert (len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]) == (1, False)
    assert [one["at"] for one in (*page["nodes"], *rest["nodes"])] == sorted(
        one["at"] for one in (*page["nodes"], *rest["nodes"])
    )


async def test_what_is_given_up_ends_before_the_next_import_begins(world: World) -> None:
    first, _, _ = await imported(world)
    record = await read.get(world.store, IMPORT, import_key(first))
    assert record is not None
    ends = [
        until(replace(record, state=replace(record.state, status=status, reason=reason)))
        for status, reason in (
            (ImportStatus.FAILED, "abandoned"),
            (ImportStatus.FAILED, "too_many"),
            (ImportStatus.RUNNING, None),
        )
    ]
    assert ends == [record.state.at - timedelta(microseconds=1), record.state.at, END]


async def test_what_others_changed_at_the_same_time_is_not_told(world: World) -> None:
    """The import of another root, and people: as if the first import had taken until all of that was done."""
    first, _, third = await imported(world)
    other = await add_root(world.store, world.aurora.group, "other", stamping(world.now()))
    await run(world, sarif(("r1", "app/other.py", 1)), root=other.id)
    (one,) = [each for each in await told_whole(world, third) if each["effect"] == "REOPENED"]
    reopened = one["vulnerability"]["id"]
    mutation = """mutation ($id: ID!) { verifyVulnerabilities(open: [], closed: [{id: $id}], justification: "It is gone now.") {
      errors { reason } } }"""
    asked = """mutation ($id: ID!) { requestVulnerabilitiesVerification(items: [{id: $id}], justification: "Please look.") {
      errors { reason } } }"""
    assert (await world.data("uri", asked, id=reopened))["requestVulnerabilitiesVerification"]["errors"] == []
    assert (await world.data("reto", mutation, id=reopened))["verifyVulnerabilities"]["errors"] == []
    record = await read.get(world.store, IMPORT, import_key(first))
    assert record is not None
    whole = replace(record, state=replace(record.state, at=world.now()))
    asking: dict[str, Any] = {"field_name": "changes", "fragments": {}, "field_nodes": ()}
    info: Any = SimpleNamespace(context=world.started("uri"), parent_type=SimpleNamespace(name="Import"), **asking)
    rows = [row.node for row in (await changes(whole, info, first=50)).page.rows]
    assert {node.vulnerability.location.where for node in rows} == {f"app/{name}.py" for name in "abcd"}
    assert [node.effect for node in rows].count(ImportEffect.CLOSED) == 2, "what a person closed is not of an import"


async def test_what_is_hidden_since_is_told_to_who_may_read_it(world: World) -> None:
    first, _, _ = await imported(world)
    one = next(each for each in await told_whole(world, first) if each["vulnerability"]["where"] == "app/a.py")
    for person, name in (("uri", "requestVulnerabilitiesZeroRisk"), ("remy", "confirmVulnerabilitiesZeroRisk")):
        given = 'items: [{id: $id}], justification: "It does no harm."'
        query = f"mutation ($id: ID!) {{ {name}({given}) {{ errors {{ reason }} }} }}"
        assert (await world.data(person, query, id=one["vulnerability"]["id"]))[name]["errors"] == []
    assert ("CREATED", "app/a.py") in await told(world, first, "remy")
    assert await told(world, first) == [("CREATED", "app/b.py"), ("CREATED", "app/c.py")]


async def test_what_was_removed_since_is_left_out(world: World) -> None:
    first, _, _ = await imported(world)
    query = """{ group(name: "webshop") { vulnerabilities(filter: {text: "app/a.py"}) { nodes { id } } } }"""
    (one,) = (await world.data("uri", query))["group"]["vulnerabilities"]["nodes"]
    assert (await ask(world, "remy", "remove", one["id"]))["errors"] == []
    assert await told(world, first) == [("CREATED", "app/b.py"), ("CREATED", "app/c.py")]


@pytest.mark.parametrize(
    ("version", "aspects", "expected"),
    [
        (1, {"state": {"status": "VULNERABLE"}, "location": {}}, ImportEffect.CREATED),
        (2, {"state": {"status": "SAFE"}}, ImportEffect.CLOSED),
        (3, {"state": {"status": "VULNERABLE"}, "location": {}}, ImportEffect.REOPENED),
        (2, {"location": {"where": "app/a.py"}}, ImportEffect.MOVED),
        (2, {"tool": {}, "match": {}}, None),
    ],
)
def test_an_effect_follows_from_what_changed(version: int, aspects: dict[str, Any], expected: ImportEffect | None) -> None:
    plain: dict[str, Any] = {"entity_key": "VULN#1", "at": AT, "by": "", "operation": "", "change_id": ""}
    found = Revision(**plain, version=version, aspects=aspects)
    assert told_effect(found) is expected
