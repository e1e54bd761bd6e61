"""Requirements of ``query``."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from itertools import product
from typing import Any, Final

import msgspec
import pytest

from integrates.db_model.errors import InvalidCursor
from integrates.db_model.store.cursor import page as page_of
from integrates.db_model.store.port import ABSENT, ANYTHING, Delete, IndexKey, Item, Key, Put, Query, Store
from integrates.db_model.testing.requirements.sample import eventually, item, names, new, walk_of, walked

NAMES: Final = (
    "A",
    "A#",
    "A#1",
    "A#10",
    "A#2",
    "B",
    "a",
    "a#1",
    "ab",
    "a\U0010ffff",
    "b",
    "~",
    "é",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\U00010000",
)
"""Sort keys in UTF-8 byte order, which is neither that of UTF-16 nor any alphabet's."""


WALKS: Final = list(product((None, 1), (False, True)))
"""Table and index, forward and backward."""


async def written(store: Store, partition: str) -> tuple[str, ...]:
    """Store an item for each name, in another order, in the table and in an index. Wait for the index, and return the names."""
    await store.write([new(partition, name, index=1, text=name) for name in reversed(NAMES)])
    await eventually(lambda: names(store, walk_of(partition, 1)), list(NAMES))
    return NAMES


@pytest.mark.parametrize(("index", "descending"), WALKS)
async def test_every_page_size_gives_the_same_sequence(
    store: Store, partition: str, index: int | None, *, descending: bool
) -> None:
    expected = list(await written(store, partition))
    if descending:
        expected.reverse()
    for size in range(1, len(expected) + 2):
        found = await walked(store, walk_of(partition, index, size, descending=descending))
        assert [each.key.sk for each in found] == expected
        assert found == tuple(item(partition, name, index=1, text=name) for name in expected)


async def test_order_is_by_utf8_bytes_of_the_sort_key(store: Store, partition: str) -> None:
    assert await written(store, partition) == tuple(sorted(NAMES, key=str.encode))
    for index in (None, 1):
        assert await names(store, walk_of(partition, index)) == sorted(NAMES, key=str.encode)


@pytest.mark.parametrize(("index", "descending"), WALKS)
async def test_a_prefix_is_literal_and_case_sensitive(
    store: Store, partition: str, index: int | None, *, descending: bool
) -> None:
    await written(store, partition)
    for prefix in ("", "A", "A#", "A#1", "a", "%", "_", "*", ".", "é", "\ud7ff", "a\U0010ffff", "\U0010ffff", "zz"):
        expected = [name for name in NAMES if name.startswith(prefix)]
        for size in (1, 2, 100):
            query = walk_of(partition, index, size, sk_prefix=prefix, descending=descending)
            assert await names(store, query) == (expected[::-1] if descending else expected)


@pytest.mark.parametrize(("index", "descending"), WALKS)
async def test_both_ends_of_a_range_are_included(store: Store, partition: str, index: int | None, *, descending: bool) -> None:
    await written(store, partition)
    for low, high in product(("", "A#1", "A#15", "B", "é", "\U0010ffff"), repeat=2):
        expected = [name for name in NAMES if low <= name <= high]
        for size in (1, 2, 100):
            query = walk_of(partition, index, size, sk_between=(low, high), descending=descending)
            assert await names(store, query) == (expected[::-1] if descending else expected)


async def test_items_with_equal_index_keys_are_each_listed_once(store: Store, partition: str) -> None:
    keys = [Key(f"{partition}#{number % 2}", f"{number}") for number in range(7)]
    await store.write([Put(Item(key, 1, {}, {2: IndexKey(partition, "same")}), ABSENT) for key in keys])
    await eventually(lambda: _count(store, walk_of(partition, 2)), 7)
    whole = [each.key for each in await walked(store, walk_of(partition, 2))]
    assert sorted(whole, key=lambda key: key.sk) == keys
    for size in range(1, 9):
        assert [each.key for each in await walked(store, walk_of(partition, 2, size))] == whole
        assert [each.key for each in await walked(store, walk_of(partition, 2, size, descending=True))] == whole[::-1]


async def _count(store: Store, query: Query) -> int:
    return len(await walked(store, query))


async def test_an_index_that_projects_keys_only_lists_keys(store: Store, partition: str) -> None:
    listed = [
        Item(
            Key(partition, name, "integrates_vms_historic"),
            3,
            {"text": "x"},
            {1: IndexKey(partition, name), 2: IndexKey(partition, "z")},
        )
        for name in ("a", "b", "c")
    ]
    await store.write([Put(each, ABSENT) for each in listed])
    query = walk_of(partition, 1, 2, table="integrates_vms_historic")
    await eventually(lambda: names(store, query), ["a", "b", "c"])
    assert await walked(store, query) == tuple(Item(each.key, 0, {}, {1: each.index_keys[1]}) for each in listed)
    assert await walked(store, walk_of(partition, table="integrates_vms_historic")) == tuple(listed)


async def test_several_walks_are_answered_in_the_order_asked(store: Store, partition: str) -> None:
    await store.write([new(f"{partition}#{number}", name) for number in range(3) for name in ("a", "b")])
    queries = [walk_of(f"{partition}#{number}", limit=limit) for number, limit in ((2, 1), (0, 9), (7, 1), (2, 2), (2, 1))]
    pages = await store.query(queries)
    found = [[(each.key.pk[-1], each.key.sk) for each in page.items] for page in pages]
    assert found == [[("2", "a")], [("0", "a"), ("0", "b")], [], [("2", "a"), ("2", "b")], [("2", "a")]]
    assert [page.has_next for page in pages] == [True, False, False, False, True]
    assert await store.query([]) == ()


async def test_any_number_of_walks_is_one_call(store: Store, partition: str) -> None:
    await store.write([new(f"{partition}#{number}", "a") for number in range(100)])
    pages = await store.query([walk_of(f"{partition}#{number}") for number in range(150)])
    assert [len(page.items) for page in pages] == [1] * 100 + [0] * 50


async def test_large_items_fill_a_page_too(store: Store, partition: str) -> None:
    for begin in range(0, 12, 4):
        await store.write([new(partition, f"{number:02}", text="x" * 200_000) for number in range(begin, begin + 4)])
    (page,) = await store.query([walk_of(partition, limit=11)])
    assert (len(page.items), page.has_next) == (11, True)
    (page,) = await store.query([walk_of(partition, limit=12)])
    assert (len(page.items), page.has_next) == (12, False)


@pytest.mark.parametrize("index", [None, 1])
async def test_every_cursor_of_a_page_leads_on(store: Store, partition: str, index: int | None) -> None:
    expected = list(await written(store, partition))
    (page,) = await store.query([walk_of(partition, index)])
    for position, cursor in enumerate(page.cursors):
        assert await names(store, walk_of(partition, index, 5, after=cursor)) == expected[position + 1 :]


@pytest.mark.parametrize("index", [None, 1])
async def test_a_walk_goes_on_when_its_last_item_is_gone(store: Store, partition: str, index: int | None) -> None:
    await written(store, partition)
    (page,) = await store.query([walk_of(partition, index, 3)])
    await store.write([Delete(page.items[-1].key, ANYTHING)])
    assert await names(store, walk_of(partition, index, 3, after=page.cursors[-1])) == list(NAMES[3:])


def spoiled(cursor: str) -> list[str]:
    """Return cursors that were never given out."""
    swapped = [cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :] for n in range(0, len(cursor), 7)]
    return [
        "",
        "x",
        "é",
        "\0",
        cursor[:-1],
        cursor[1:],
        cursor + "A",
        cursor + "=",
        cursor * 2,
        f" {cursor}",
        cursor.swapcase(),
        *swapped,
    ]


async def test_a_damaged_cursor_is_invalid(store: Store, partition: str) -> None:
    await written(store, partition)
    (page,) = await store.query([walk_of(partition, limit=1)])
    for cursor in spoiled(page.cursors[0]):
        with pytest.raises(InvalidCursor):
            await store.query([walk_of(partition, limit=1, after=cursor)])


async def test_a_cursor_of_another_codec_version_is_invalid(store: Store, partition: str) -> None:
    await written(store, partition)
    (page,) = await store.query([walk_of(partition, limit=1)])
    first = urlsafe_b64decode(page.cursors[0][:4])
    for version in {0, 1, 2, 255} - {first[0]}:
        other = urlsafe_b64encode(bytes((version,)) + first[1:]).decode() + page.cursors[0][4:]
        with pytest.raises(InvalidCursor):
            await store.query([walk_of(partition, limit=1, after=other)])


@pytest.mark.parametrize(
    "narrowed", [{"sk_prefix": "A#"}, {"sk_between": ("A#", "A#2")}, {"sk_prefix": "A#", "descending": True}]
)
async def test_a_cursor_outside_the_range_of_its_query_is_invalid(
    store: Store, partition: str, narrowed: dict[str, Any]
) -> None:
    """Not even a cursor that is bound to the query leads out of it. No page of the query has such a cursor."""
    await written(store, partition)
    query = walk_of(partition, limit=2, **narrowed)
    for outside in (item(partition, "A"), item(partition, "B"), item(f"{partition}#other", "A#1")):
        (cursor,) = page_of(query, [outside]).cursors
        with pytest.raises(InvalidCursor):
            await store.query([msgspec.structs.replace(query, after=cursor)])


@pytest.mark.parametrize("index", [None, 1])
async def test_an_index_answers_with_its_own_keys_only(store: Store, partition: str, index: int | None) -> None:
    listed = Item(Key(partition, "a"), 1, {"n": 1}, {1: IndexKey(partition, "a"), 2: IndexKey(partition, "b")})
    await store.write([Put(listed, ABSENT)])
    await eventually(lambda: _count(store, walk_of(partition, 1)), 1)
    expected = listed if index is None else Item(listed.key, 1, listed.attributes, {1: IndexKey(partition, "a")})
    assert await walked(store, walk_of(partition, index)) == (expected,)


@pytest.mark.parametrize(
    "changed",
    [
        {"pattern": "other"},
        {"pk": "TEST#other"},
        {"index": 1},
        {"index": 2},
        {"descending": True},
        {"sk_prefix": "A"},
        {"sk_between": ("A", "a")},
        {"table": "integrates_vms_historic"},
    ],
)
async def test_a_cursor_belongs_to_its_query_whatever_the_limit(store: Store, partition: str, changed: dict[str, Any]) -> None:
    await written(store, partition)
    query = walk_of(partition, limit=2)
    (page,) = await store.query([query])
    going_on = msgspec.structs.replace(query, limit=5, after=page.cursors[0])
    assert await names(store, going_on) == list(NAMES[1:])
    with pytest.raises(InvalidCursor):
        await store.query([msgspec.structs.replace(going_on, **changed)])
