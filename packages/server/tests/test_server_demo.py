"""The demo of the carried design, loaded through the model."""

import copy
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from integrates.db_model.entity import read
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.design import Design, parsed
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Store
from integrates.server.demo.item import DemoRefused, value_of
from integrates.server.demo.load import NotEmpty, is_empty, load_demo
from integrates.server.demo.people import people

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
DOCUMENT = json.loads(files("integrates.db_model.store").joinpath("design.json").read_bytes())


def ids() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"


def facet(document: Any, name: str) -> Any:
    return next(facet for table in document["DataModel"] for facet in table["TableFacets"] if facet["FacetName"] == name)


def edited(name: str, edit: Callable[[list[dict[str, Any]]], None]) -> Design:
    document = copy.deepcopy(DOCUMENT)
    edit(facet(document, name)["TableData"])
    return parsed(json.dumps(document).encode())


async def load(design: Design, store: Store) -> int:
    return await load_demo(store, design, NOW, ids())


async def test_everything_is_loaded_as_first_stored() -> None:
    store, design = memory_store(), parsed(json.dumps(DOCUMENT).encode())
    assert await load(design, store) == sum(len(found.demo) for found in design.facets.values())
    group = await read.get(store, GROUP, group_key("webshop"))
    assert group is not None
    assert group.version == 1
    revisions = await read.history(store, group_key("webshop"))
    assert [(revision.version, revision.operation, revision.by) for revision in revisions] == [
        (1, "load_demo", group.created_by)
    ]


async def test_dates_are_moved_so_that_the_demo_ends_now() -> None:
    store, design = memory_store(), parsed(json.dumps(DOCUMENT).encode())
    await load(design, store)
    first = facet(DOCUMENT, "group")["TableData"][0]
    group = await read.get(store, GROUP, group_key(value_of(first["info"])["name"]))
    assert group is not None
    before_anchor = datetime.fromisoformat(design.anchor) - datetime.fromisoformat(value_of(first["created_at"]))
    assert NOW - group.created_at == before_anchor
    assert group.state.at == group.created_at


async def test_a_store_that_holds_something_is_refused() -> None:
    store, design = memory_store(), parsed(json.dumps(DOCUMENT).encode())
    assert await is_empty(store)
    await load(design, store)
    assert not await is_empty(store)
    with pytest.raises(NotEmpty):
        await load(design, store)


async def test_an_edited_role_is_the_role_that_counts() -> None:
    def demote(items: list[dict[str, Any]]) -> None:
        items[0]["access"]["M"]["role"]["S"] = "user"

    store = memory_store()
    await load(edited("stakeholder", demote), store)
    person = await read.get(store, STAKEHOLDER, stakeholder_key("ada@demo.example"))
    assert person is not None
    assert person.access.role == "user"


def renamed(items: list[dict[str, Any]]) -> None:
    items[0]["info"]["M"]["name"]["S"] = "Web Shop"


def formula(items: list[dict[str, Any]]) -> None:
    items[0]["description"]["M"]["title"]["S"] = "=1+1"


def miscalculated(items: list[dict[str, Any]]) -> None:
    items[0]["severity"]["M"]["score"]["S"] = "1.0"


def released(items: list[dict[str, Any]]) -> None:
    items[0]["state"]["M"]["status"]["S"] = "SAFE"


def approved(items: list[dict[str, Any]]) -> None:
    items[0]["state"]["M"]["status"]["S"] = "VULNERABLE"
    items[0]["cycle"] = {"M": {"cycles": {"N": "1"}, "opened_at": items[0]["created_at"]}}


def over(items: list[dict[str, Any]]) -> None:
    items[0]["state"]["M"] |= {"status": {"S": "SOLVED"}, "reason": {"S": "RESOURCE_REMOVED_FROM_SCOPE"}}


def answered(items: list[dict[str, Any]]) -> None:
    items[0]["state"]["M"]["status"]["S"] = "APPROVED"


def retired(items: list[dict[str, Any]]) -> None:
    items[0]["state"]["M"] |= {"status": {"S": "INACTIVE"}, "reason": {"S": "OUT_OF_SCOPE"}}


def climbing(items: list[dict[str, Any]]) -> None:
    items[0]["location"]["M"]["where"]["S"] = "../etc/passwd"


def unknown_role(items: list[dict[str, Any]]) -> None:
    items[0]["access"]["M"]["role"]["S"] = "owner"


def bad_email(items: list[dict[str, Any]]) -> None:
    items[0]["info"]["M"]["email"]["S"] = items[0]["pk"]["S"] = items[0]["sk"]["S"] = "ada@demo@example"


def orphaned(items: list[dict[str, Any]]) -> None:
    items.clear()


def unmanaged(items: list[dict[str, Any]]) -> None:
    for item in items:
        item["access"]["M"]["role"]["S"] = "user"


def late(items: list[dict[str, Any]]) -> None:
    items[0]["created_at"]["S"] = items[0]["state"]["M"]["at"]["S"] = "2024-11-06T16:48:00.000000+00:00"


def mismatched(items: list[dict[str, Any]]) -> None:
    items[0]["pk"]["S"] += "x"


def versioned(items: list[dict[str, Any]]) -> None:
    items[0]["version"]["N"] = "2"


def mistyped(items: list[dict[str, Any]]) -> None:
    items[0]["created_at"] = {"SS": ["2026"]}


def undated(items: list[dict[str, Any]]) -> None:
    del items[0]["created_at"]


@pytest.mark.parametrize(
    "name, edit",
    [
        ("group", renamed),
        ("group", mismatched),
        ("group", versioned),
        ("group", mistyped),
        ("group", undated),
        ("finding", formula),
        ("finding", miscalculated),
        ("vulnerability", released),
        ("vulnerability", climbing),
        ("vulnerability", approved),
        ("group_root", retired),
        ("event", over),
        ("organization_finding_policy", answered),
        ("group_access", unknown_role),
        ("stakeholder", bad_email),
        ("organization", orphaned),
        ("organization_access", unmanaged),
        ("organization_access", late),
        ("finding", orphaned),
        ("group_root", orphaned),
    ],
)
async def test_what_the_model_would_not_make_is_refused(name: str, edit: Callable[[list[dict[str, Any]]], None]) -> None:
    with pytest.raises(DemoRefused):
        await load(edited(name, edit), memory_store())


async def test_a_moment_before_all_others_is_refused() -> None:
    store = memory_store()
    with pytest.raises(DemoRefused):
        await load_demo(store, edited("group", lambda _: None), datetime(1, 1, 1, tzinfo=UTC), ids())
    assert await is_empty(store)


async def test_malformed_items_are_refused_before_anything_is_written() -> None:
    store = memory_store()
    with pytest.raises(DemoRefused):
        await load(edited("vulnerability", climbing), store)
    assert await is_empty(store)


def test_the_people_are_listed_with_their_roles() -> None:
    listed = {person.email: person.roles for person in people(parsed(json.dumps(DOCUMENT).encode()))}
    assert listed["ada@demo.example"] == ("admin",)
    assert "group_manager of webshop" in listed["gus@demo.example"]
    assert "organization_manager of harbor" in listed["gus@demo.example"]
    assert listed["nina@demo.example"] == ("invited to payments",)
