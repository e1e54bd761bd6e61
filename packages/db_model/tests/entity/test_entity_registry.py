"""One list of all facets: each item is told by its key, and where it stands in the indexes by its entity."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity import claim
from integrates.db_model.entity.listing import everywhere, listing
from integrates.db_model.registry import FACETS, facet_of, index_keys
from integrates.db_model.roots.facet import root_counters_key, root_key
from integrates.db_model.stakeholders.facet import stakeholder_key
from integrates.db_model.store.design import design
from integrates.db_model.store.migration import migrate_store
from integrates.db_model.store.port import Change, Key, Put, Store
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.testing.scene import (
    HANA,
    add_finding,
    add_group,
    add_member,
    add_root,
    add_vulnerability,
    address_of,
    ticking,
    uid,
)
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import vulnerability_key
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

NAMED: dict[str, Key] = {
    "stakeholder": stakeholder_key(HANA),
    "organization_access": Key(f"USER#{HANA}", f"ORG#{uid('aurora')}"),
    "group_access": Key(f"USER#{HANA}", "GROUP#webshop"),
    "group_root": root_key(uid("root")),
    "vulnerability": vulnerability_key(uid("one")),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_key_tells_the_facet(name: str) -> None:
    assert facet_of(NAMED[name]) is FACETS[name]


@pytest.mark.parametrize(
    "key", [root_counters_key(uid("root")), claim.claim_key("group_name", "x"), Key("USER#a#b", "USER#a#b")]
)
def test_what_is_no_entity_has_no_facet(key: Key) -> None:
    assert facet_of(key) is None


async def filled(store: Store) -> None:
    """Store something of every kind that the scene makes."""
    stamp = ticking()
    group = await add_group(store, "webshop", stamp)
    await add_member(store, group, address_of("vera"), GroupRole.VULNERABILITY_MANAGER, stamp)
    root, finding = await add_root(store, group, "main", stamp), await add_finding(store, group, "R1", stamp)
    await add_vulnerability(store, finding, root, "src/a.py", stamp)


async def test_every_entity_stands_where_its_facet_lists_it(store: Store) -> None:
    await filled(store)
    shards = (*everywhere("organization", "organizations_of_platform"), *everywhere("stakeholder", "stakeholders_of_platform"))
    of_group = listing("finding", "findings_of_group", {"group_name": "webshop"})
    found = [item for page in await store.query((*shards, of_group)) for item in page.items]
    items = [item for item in await store.get([item.key for item in found]) if item is not None]
    assert len(items) == 4, "an organization, two people and a finding"
    assert [index_keys(item) for item in items] == [item.index_keys for item in items]


def without(number: int, change: Change) -> Change:
    """Return a change as a program would make it whose design lacks an index."""
    if not isinstance(change, Put):
        return change
    kept = {index: key for index, key in change.item.index_keys.items() if index != number}
    return replace(change, item=replace(change.item, index_keys=kept))


async def test_a_new_index_lists_what_was_stored_before(tmp_path: Path) -> None:
    """A design with one index fewer, then the documented step."""
    table = design().tables["integrates_vms"]
    fewer = replace(table, indexes={number: kind for number, kind in table.indexes.items() if number != 5})
    path = tmp_path / "store.db"
    open_in = lists.of_group_in_state("webshop", hidden=False, state=VulnerabilityStatus.VULNERABLE)
    async with sqlite_store(path, {**design().tables, table.name: fewer}, create=True) as older:
        await filled(replace(older, write=lambda changes: older.write([without(5, change) for change in changes])))
    await migrate_store(f"sqlite:///{path}", index_keys)
    async with sqlite_store(path) as store:
        (page,) = await store.query([open_in])
        assert len(page.items) == 1
