"""Inspections: a store that only the model wrote has no difference, and each kind of damage is told where it was done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec.structs import replace
from packages.db_model.tests.entity.conftest import removed_group

from integrates.db_model import forces
from integrates.db_model.access.facet import organization_access_key
from integrates.db_model.entity import claim, command
from integrates.db_model.entity.facet import shard
from integrates.db_model.entity.revision import revision_key
from integrates.db_model.files.memory import memory_files
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import finding_counters_key, finding_key
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.groups.facet import GROUP, group_counters_key, group_key
from integrates.db_model.indicators.contribution import CONTRIBUTIONS, COUNTERS
from integrates.db_model.inspection import walk
from integrates.db_model.inspection.types import Difference, Fault
from integrates.db_model.inspection.walk import inspected
from integrates.db_model.organizations.facet import organization_counters_key, organization_key
from integrates.db_model.registry import FACETS, lists_below
from integrates.db_model.roots.facet import ROOT, root_counters_key, root_key
from integrates.db_model.stakeholders.facet import stakeholder_key
from integrates.db_model.store.port import ANYTHING, Add, Delete, IndexKey, Item, Key, Put, Store
from integrates.db_model.testing.scene import add_comment, add_finding, add_group, add_root, add_vulnerability, scored, uid
from integrates.db_model.tokens import commands as tokens
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.identity import identity_claim
from integrates.db_model.vulnerabilities.types import ClosingReason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from packages.db_model.tests.entity.conftest import House

    from integrates.db_model.roots.types import Root

NOW: Final = datetime(2024, 6, 1, tzinfo=UTC)
OPEN: Final = "VULNERABLE·5.0·UNTREATED·NONE·NONE·NONE"
INHERITED: Final = "VULNERABLE·INHERITED·UNTREATED·NONE·NONE·NONE"
WEBSHOP: Final = "COUNTERS#GROUP#webshop"


async def found(store: Store) -> list[Difference]:
    """Inspect the whole store."""
    return [each async for report in inspected(store, NOW) for each in report.differences]


async def entities(store: Store) -> int:
    """Return how many entities an inspection compares."""
    return sum([report.entities async for report in inspected(store, NOW)])


async def item_of(house: House, key: Key) -> Item:
    """Return what is stored."""
    (item,) = await house.store.get((key,))
    assert item is not None
    return item


async def put(house: House, item: Item) -> None:
    """Store something behind the model's back."""
    await house.store.write((Put(item, ANYTHING),))


async def delete(house: House, key: Key) -> None:
    """Remove something behind the model's back."""
    await house.store.write((Delete(key, ANYTHING),))


async def add(house: House, key: Key, **numbers: int) -> None:
    """Add to a counter behind the model's back."""
    await house.store.write((Add(key, numbers, {}, ANYTHING),))


async def relist(house: House, key: Key, number: int, index_key: IndexKey | None) -> None:
    """Change the key of an item in an index."""
    item = await item_of(house, key)
    keys = {each: own for each, own in item.index_keys.items() if each != number}
    await put(house, replace(item, index_keys={**keys, **({number: index_key} if index_key else {})}))


async def rewrite(house: House, key: Key, **attributes: Any) -> None:
    """Change attributes of an item."""
    item = await item_of(house, key)
    await put(house, replace(item, attributes={**item.attributes, **attributes}))


@pytest.fixture
async def lived(house: House) -> House:
    """A house in which much has happened, all of it by commands of the model."""
    store, stamp = house.store, house.stamp
    second = await add_finding(store, house.group, "R2", stamp, score="7.0")
    gone = await add_finding(store, house.group, "R3", stamp, score="2.0")
    for name in ("two.py", "three.py", "four.py"):
        await add_vulnerability(store, second, house.root, name, stamp)
    await vulnerabilities.close(store, uid(f"{house.root.id}/{second.id}/two.py"), ClosingReason.VERIFIED, stamp())
    for number, why in enumerate((RemovalJustification.DUPLICATED, RemovalJustification.FALSE_POSITIVE)):
        key = vulnerability_key(uid(f"{house.root.id}/{second.id}/{('three', 'four')[number]}.py"))
        await command.update(store, VULNERABILITY, key, house.removed(why), stamp())
    await findings.rescore(store, second.id, scored("9.1"), stamp())
    await add_vulnerability(store, second, house.root, "five.py", stamp, severity=scored("1.0"))
    await house.remove_finding(gone.id)
    await add_comment(store, second, "a remark", stamp)
    await add_comment(store, house.group, "a greeting", stamp)
    await add_root(store, house.group, "frontend", stamp)
    given = {"id": "build-4711", "strictness": "STRICT", "root_nickname": "backend"}
    await forces.execute(store, house.group, given, stamp(), memory_files())
    spare = await add_group(store, "spare", stamp)
    await command.update(store, GROUP, group_key(spare.name), removed_group, stamp())
    for number in range(2):  # the second takes name and slot of the first, which has expired by then
        made = replace(stamp(by="uri@demo.example"), at=datetime(2024, 5, 2 + 20 * number, tzinfo=UTC))
        new = tokens.new_token(uid(f"token {number}"), "nightly", made.at + timedelta(days=9), f"{number}" * 64, made)
        await tokens.issue(store, new, made)
    return house


async def test_what_only_the_model_wrote_has_no_difference(lived: House) -> None:
    assert await found(lived.store) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_every_page_size_compares_the_same(lived: House, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    await add(lived, group_counters_key("webshop", 2), members=3)
    await relist(lived, vulnerability_key(lived.one.id), 1, None)
    whole, number = await found(lived.store), await entities(lived.store)
    assert len(whole) == 2
    monkeypatch.setattr(walk, "PAGE", size)
    assert await found(lived.store) == whole
    assert await entities(lived.store) == number


async def test_little_is_read_at_once(lived: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "PAGE", 2)
    sizes: list[int] = []

    async def get(keys: Sequence[Key]) -> tuple[Item | None, ...]:
        sizes.append(len(keys))
        return await lived.store.get(keys)

    assert await found(replace(lived.store, get=get)) == []
    assert max(sizes) < 60  # a month of a trail; shards of counters; claims and parents of two entities


def test_every_facet_is_counted_and_reached() -> None:
    assert set(CONTRIBUTIONS) == set(COUNTERS) == set(FACETS)
    reached = {"stakeholder", "organization"}
    for _ in FACETS:
        keys = {one: Key(f"{one.upper()}#a", f"{one.upper()}#a") for one in reached}
        reached |= {child.name for one, key in keys.items() for child, _ in lists_below(FACETS[one], key)}
    assert reached == set(FACETS)


Damage = "Callable[[House], Awaitable[object]]"
Told = tuple[Fault, str, str]


def _one(house: House) -> Key:
    return vulnerability_key(house.one.id)


async def renamed(house: House) -> None:
    """Give the root another nickname, and let it hold the former one as well."""
    former = claim.claim_key("root_nickname", "webshop", "backend")

    def rename(old: Root, _: datetime) -> Root:
        return replace(old, info=replace(old.info, nickname="other"))

    await command.update(house.store, ROOT, root_key(house.root.id), rename, house.stamp())
    await rewrite(house, former, freed=False)


async def emptied(house: House) -> None:
    """Take the last revision of a vulnerability that has two."""
    await vulnerabilities.close(house.store, house.one.id, ClosingReason.VERIFIED, house.stamp())
    await rewrite(house, revision_key(_one(house), 2), aspects={})


async def lost_middle(house: House) -> None:
    """Lose the first of two revisions."""
    await vulnerabilities.close(house.store, house.one.id, ClosingReason.VERIFIED, house.stamp())
    await delete(house, revision_key(_one(house), 1))


async def one_more(house: House) -> None:
    """Add a revision of a version that the entity does not have."""
    item = await item_of(house, revision_key(_one(house), 1))
    await put(house, replace(item, key=revision_key(_one(house), 2), version=2))


async def unlisted_revision(house: House) -> None:
    """Take a revision out of the audit trail."""
    await relist(house, revision_key(finding_key(house.finding.id), 2), 1, None)


def index(number: int, key: Callable[[House], Key], pk: str | None = None) -> Callable[[House], Awaitable[object]]:
    """Return the damage of an index key: another partition, or none."""

    async def damage(house: House) -> None:
        own = key(house)
        item = await item_of(house, own)
        at = item.index_keys.get(number, IndexKey("X", own.pk))
        await relist(house, own, number, IndexKey(pk, at.sk) if pk else None)

    return damage


DAMAGES: Final[dict[str, tuple[Callable[[House], Awaitable[object]], Callable[[House], list[Told]]]]] = {
    "wrong cell of a group": (
        lambda house: add(house, group_counters_key("webshop", 5), **{OPEN: 1}),
        lambda _: [(Fault.COUNTER, WEBSHOP, OPEN)],
    ),
    "cell of nothing": (
        lambda house: add(house, group_counters_key("webshop", 5), **{"SAFE·1.0·UNTREATED·NONE·NONE·NONE": 1}),
        lambda _: [(Fault.COUNTER, WEBSHOP, "SAFE·1.0·UNTREATED·NONE·NONE·NONE")],
    ),
    "lower cell of a finding": (
        lambda house: add(house, finding_counters_key(house.finding.id, 1), **{INHERITED: -1}),
        lambda house: [(Fault.COUNTER, f"COUNTERS#FIN#{house.finding.id}", INHERITED)],
    ),
    "sum of a root": (
        lambda house: add(house, root_counters_key(house.root.id), opened_epoch_sum=7),
        lambda house: [(Fault.COUNTER, f"COUNTERS#ROOT#{house.root.id}", "opened_epoch_sum")],
    ),
    "lost counter of a root": (
        lambda house: delete(house, root_counters_key(house.root.id)),
        lambda house: [
            (Fault.COUNTER, f"COUNTERS#ROOT#{house.root.id}", name)
            for name in (
                "SAFE·UNTREATED·NONE·NONE·NONE",
                "VULNERABLE·UNTREATED·NONE·NONE·NONE",
                "opened_epoch_sum",
                "remediated_count·HIGH",
                "remediated_seconds·HIGH",
                "reported",
            )
        ],
    ),
    "guards of a group": (
        lambda house: add(house, group_counters_key("webshop", 0), findings=1, roots=-1, members=2),
        lambda _: [(Fault.COUNTER, WEBSHOP, name) for name in ("findings", "members", "roots")],
    ),
    "guards of an organization": (
        lambda house: add(house, organization_counters_key(house.group.organization_id), groups=1, managers=1),
        lambda house: [(Fault.COUNTER, f"COUNTERS#ORG#{house.group.organization_id}", name) for name in ("groups", "managers")],
    ),
    "comments of a finding": (
        lambda house: add(house, finding_counters_key(house.finding.id, 0), comments=1),
        lambda house: [(Fault.COUNTER, f"COUNTERS#FIN#{house.finding.id}", "comments")],
    ),
    "comments of a group": (
        lambda house: add(house, group_counters_key("webshop", 0), comments=-1),
        lambda _: [(Fault.COUNTER, WEBSHOP, "comments")],
    ),
    "closed gate": (
        lambda house: add(house, group_counters_key("webshop", 3), closed=1),
        lambda _: [(Fault.GATE, f"{WEBSHOP}#3", "closed")],
    ),
    "gate of a severity": (
        lambda house: add(house, finding_counters_key(house.finding.id, 2), scored=1),
        lambda house: [(Fault.GATE, f"COUNTERS#FIN#{house.finding.id}#2", "scored")],
    ),
    "number that is none": (
        lambda house: rewrite(house, root_counters_key(house.root.id), odd="x"),
        lambda house: [(Fault.UNREADABLE, f"COUNTERS#ROOT#{house.root.id}", "odd")],
    ),
    "missing claim": (
        lambda house: delete(house, house.location(house.root)),
        lambda house: [(Fault.CLAIM_MISSING, f"ROOT#{house.root.id}", "root_location")],
    ),
    "freed claim": (
        lambda house: rewrite(house, identity_claim(house.one.identity), freed=True),
        lambda house: [(Fault.CLAIM_MISSING, f"VULN#{house.one.id}", "vulnerability_identity")],
    ),
    "claim of another": (
        lambda house: rewrite(house, claim.claim_key("group_name", "webshop"), owner="rival"),
        lambda _: [(Fault.CLAIM_OF_ANOTHER, "GROUP#webshop", "group_name")],
    ),
    "extra claim": (renamed, lambda house: [(Fault.CLAIM_EXTRA, f"ROOT#{house.root.id}", "root_nickname")]),
    "claim that is none": (
        lambda house: rewrite(house, house.location(house.root), owner=5),
        lambda house: [(Fault.UNREADABLE, house.location(house.root).pk, "")],
    ),
    "wrong state in an index": (
        lambda house: relist(
            house, _one(house), 5, IndexKey("GROUP#webshop", f"HIDDEN#0#STATE#SAFE#AT#2024#VULN#{house.one.id}")
        ),
        lambda house: [(Fault.INDEX_KEY, f"VULN#{house.one.id}", "gsi_5")],
    ),
    "vulnerability in no list of its finding": (
        index(1, _one),
        lambda house: [(Fault.INDEX_KEY, f"VULN#{house.one.id}", "gsi_1")],
    ),
    "vulnerability in no list of its root": (
        index(2, _one),
        lambda house: [(Fault.INDEX_KEY, f"VULN#{house.one.id}", "gsi_2")],
    ),
    "vulnerability assigned to nobody in a list": (
        lambda house: relist(house, _one(house), 3, IndexKey("USER#uri@demo.example", f"GROUP#webshop#VULN#{house.one.id}")),
        lambda house: [(Fault.INDEX_KEY, f"VULN#{house.one.id}", "gsi_3")],
    ),
    "vulnerability in another finding's list": (
        index(1, _one, f"FIN#{uid('webshop/R2')}"),
        lambda house: [(Fault.INDEX_KEY, f"VULN#{house.one.id}", "gsi_1")],
    ),
    "finding in the list of another group": (
        index(1, lambda house: finding_key(house.finding.id), "GROUP#rival"),
        lambda house: [(Fault.INDEX_KEY, f"FIN#{house.finding.id}", "gsi_1")],
    ),
    "group in no list": (index(1, lambda _: group_key("webshop")), lambda _: [(Fault.INDEX_KEY, "GROUP#webshop", "gsi_1")]),
    "organization in no list": (
        index(1, lambda house: organization_key(house.group.organization_id)),
        lambda house: [(Fault.INDEX_KEY, f"ORG#{house.group.organization_id}", "gsi_1")],
    ),
    "organization in another shard": (
        lambda house: index(
            1,
            lambda house: organization_key(house.group.organization_id),
            f"ORGS#{(int(shard(house.group.organization_id)) + 1) % 16}",
        )(house),
        lambda house: [(Fault.INDEX_KEY, f"ORG#{house.group.organization_id}", "gsi_1")],
    ),
    "person in no list": (
        index(1, lambda _: stakeholder_key("hana@demo.example")),
        lambda _: [(Fault.INDEX_KEY, "USER#hana@demo.example", "gsi_1")],
    ),
    "manager in no list": (
        index(1, lambda house: organization_access_key("hana@demo.example", house.group.organization_id)),
        lambda house: [(Fault.INDEX_KEY, f"USER#hana@demo.example|ORG#{house.group.organization_id}", "gsi_1")],
    ),
    "missing revision": (lost_middle, lambda house: [(Fault.REVISION_MISSING, f"VULN#{house.one.id}", "1")]),
    "extra revision": (one_more, lambda house: [(Fault.REVISION_EXTRA, f"VULN#{house.one.id}", "2")]),
    "revision without what changed": (
        emptied,
        lambda house: [(Fault.REVISION_DIFFERS, f"VULN#{house.one.id}", name) for name in ("cycle", "state")],
    ),
    "revision in no trail": (
        unlisted_revision,
        lambda house: [(Fault.REVISION_INDEX_KEY, f"FIN#{house.finding.id}", "2 gsi_1")],
    ),
    "revision that is none": (
        lambda house: rewrite(house, revision_key(_one(house), 1), at=5),
        lambda house: [(Fault.UNREADABLE, f"VULN#{house.one.id}|V#0000000001", "")],
    ),
    "lost vulnerability": (
        lambda house: delete(house, _one(house)),
        lambda house: [(Fault.ENTITY_MISSING, f"VULN#{house.one.id}", "")],
    ),
    "lost root": (
        lambda house: delete(house, root_key(house.root.id)),
        lambda house: [
            (Fault.ENTITY_MISSING, f"ROOT#{house.root.id}", ""),
            (Fault.PARENT_MISSING, f"VULN#{house.one.id}", "group_root"),
            (Fault.COUNTER, WEBSHOP, "roots"),
        ],
    ),
    "spoilt finding": (
        lambda house: house.spoil(finding_key(house.finding.id)),
        lambda house: [(Fault.UNREADABLE, f"FIN#{house.finding.id}", "")],
    ),
    "finding of a newer program": (
        lambda house: rewrite(house, finding_key(house.finding.id), schema=99, description=5),
        lambda house: [(Fault.OUTDATED, f"FIN#{house.finding.id}", "")],
    ),
    "broken rule": (
        lambda house: rewrite(
            house, finding_key(house.finding.id), description={"title": "=SUM(A1)", "description": "What it is"}
        ),
        lambda house: [(Fault.RULE, f"FIN#{house.finding.id}", "description.title")],
    ),
}
"""By name: a damage, and what an inspection tells of it at least."""
ALSO: Final = {
    "missing revision",
    "revision without what changed",
    "revision that is none",
    "lost vulnerability",
    "lost root",
    "spoilt finding",
    "finding of a newer program",
    "broken rule",
}
"""Damages that make more differ: counters of what cannot be read, claims of another title."""


@pytest.mark.parametrize("name", DAMAGES)
async def test_each_damage_is_told(lived: House, name: str) -> None:
    damage, expected = DAMAGES[name]
    await damage(lived)
    told = [(one.fault, one.entity, one.at) for one in await found(lived.store)]
    assert len(set(told)) == len(told)
    wanted = expected(lived)
    assert set(told) >= set(wanted), told
    if name not in ALSO:
        assert sorted(told) == sorted(wanted)


async def test_a_difference_tells_both_sides(house: House) -> None:
    await add(house, group_counters_key("webshop", 5), **{OPEN: 4})
    await relist(house, vulnerability_key(house.one.id), 6, None)
    counted, listed = sorted(await found(house.store), key=lambda one: one.fault)
    assert (counted.expected, counted.found) == (1, 5)
    assert (listed.at, listed.found) == ("gsi_6", None)
    assert str(listed.expected).startswith(f"FIN#{house.finding.id} / HIDDEN#0#STATE#VULNERABLE#AT#")


async def test_below_what_was_removed_others_may_hold_claims(house: House) -> None:
    await house.remove_group()
    await rewrite(house, house.location(house.root), owner=uid("somebody else"))
    await rewrite(house, claim.claim_key("group_name", "webshop"), owner="rival")
    assert [(one.fault, one.entity) for one in await found(house.store)] == [(Fault.CLAIM_OF_ANOTHER, "GROUP#webshop")]


async def test_nothing_is_written_and_every_list_follows_the_design(lived: House) -> None:
    async def write(_changes: object) -> None:
        raise AssertionError

    assert await found(replace(lived.store, write=write)) == []


async def test_an_empty_store_has_no_difference(store: Store) -> None:
    assert (await found(store), await entities(store)) == ([], 0)
