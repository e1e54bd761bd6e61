"""The store port: what every adapter promises, and what everything above it relies on.

A store holds items that are addressed by table, partition key and sort key. It has three functions:

``get``    answers in the order asked, ``None`` for what is missing, repeats repeated; strongly consistent: it reads every
           write that was acknowledged before it began. Each item is whole; several items may be of different moments.
``query``  answers several walks in the order asked, each over one partition of a table or of an index in the UTF-8 byte
           order of the sort key. Tables are strongly consistent; an index may lag behind its table (only on DynamoDB).
           A call takes any number of queries, which the adapter runs together: the lists of a hundred parents are one call.
``write``  applies all changes or none. Each change says what it expects of the stored item.

``max_changes`` says how many changes one write may hold, the only limit in which stores differ. ``index_delay`` is the number
of seconds after which a write shows in every index, 0 where that is at once. A wrapper keeps both.

There are no filters, scans or partial updates. A key appears at most once in one write (``ValueError`` otherwise: that is a
bug of the caller). Errors: :class:`~integrates.db_model.errors.Conflict` when an expectation fails, ``LimitExceeded`` before
anything is written when a limit below would be exceeded, ``InvalidCursor`` for a cursor that is not one of the query,
``Unavailable`` when the store does not answer after all retries, ``Unfit`` when it cannot be used: another version, a missing
table or index, wrong credentials, a file that is damaged or gone. An open store that was lost for good is ``Gone``, which is an
``Unfit``. No other error leaves a store, and no write is acknowledged then.

The contract is executable: ``integrates.db_model.testing`` has one named test for each promise.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

LEAST_CHANGES: Final = 100
"""Every store takes at least so many changes in one write. How many it takes is ``Store.max_changes``."""
MAX_WRITE_BYTES: Final = 4 * 1024 * 1024
"""Most bytes in one write, summed over its items (see ``store.rules.item_size``)."""
MAX_ITEM_BYTES: Final = 400 * 1024
"""Most bytes of one item: its keys, its index keys and 10 more for each index that lists it, its attributes as JSON, and 32."""
MAX_PARTITION_KEY_BYTES: Final = 2048
MAX_SORT_KEY_BYTES: Final = 1024
MAX_PAGE: Final = 1000
"""Largest ``Query.limit``."""

Table: TypeAlias = Literal["integrates_vms", "integrates_vms_historic"]
Value: TypeAlias = "bool | int | str | Sequence[Value] | Mapping[str, Value] | None"
"""What an attribute may hold. Decimals and dates travel as strings; no float reaches a store."""


class Key(msgspec.Struct, frozen=True, gc=False):
    """The address of an item. ``pk`` and ``sk`` are not empty and within the key limits."""

    pk: str
    sk: str
    table: Table = "integrates_vms"


class IndexKey(msgspec.Struct, frozen=True, gc=False):
    """The key of an item in one secondary index, which orders it there."""

    pk: str
    sk: str


class Item(msgspec.Struct, frozen=True, gc=False):
    """A stored item.

    ``version`` is at least 1. ``index_keys`` maps the number of an index (1 for ``gsi_1``) to the item's key there;
    an index that is left out does not list the item, and a put replaces all of them. An item that is read through an index has
    its key in that index only. One that is read through an index which projects only keys has no attributes, and version 0.
    ``attributes`` may be written as any mapping or as a :class:`~integrates.db_model.store.body.Body`; a store answers with
    a ``Body``. Sequences come back as lists.
    """

    key: Key
    version: int
    attributes: Mapping[str, Value]
    index_keys: Mapping[int, IndexKey] = {}


IndexKeys: TypeAlias = Callable[[Item], Mapping[int, IndexKey]]
"""A pure function from a stored item to the keys that it should have in each index."""


class Absent(msgspec.Struct, frozen=True, gc=False):
    """Expect that nothing is stored under the key."""


class Version(msgspec.Struct, frozen=True, gc=False):
    """Expect that the stored item has exactly this version."""

    number: int


class Anything(msgspec.Struct, frozen=True, gc=False):
    """Expect nothing."""


ABSENT: Final = Absent()
ANYTHING: Final = Anything()
Expect: TypeAlias = Absent | Version | Anything


class Put(msgspec.Struct, frozen=True, gc=False):
    """Store the item whole, in place of what is there."""

    item: Item
    expect: Expect

    @property
    def key(self) -> Key:
        """The address of the item."""
        return self.item.key


class Delete(msgspec.Struct, frozen=True, gc=False):
    """Remove the item. Deleting a missing item succeeds when ``Anything`` is expected."""

    key: Key
    expect: Expect


class Check(msgspec.Struct, frozen=True, gc=False):
    """Write nothing, but refuse the whole write unless the expectation holds."""

    key: Key
    expect: Absent | Version


class Bounds(msgspec.Struct, frozen=True, gc=False):
    """Inclusive limits of an integer attribute; ``None`` is no limit."""

    low: int | None = None
    high: int | None = None


class Add(msgspec.Struct, frozen=True, gc=False):
    """Add to integer attributes of an item, a missing attribute or item counting as 0.

    Additions commute: concurrent ones that expect ``Anything`` are all counted, and none is refused. The item's version
    advances by 1 (a new item gets version 1), so that other writes can be conditional on it. An addition is refused with the
    reason ``out_of_bounds`` when the number would leave its ``bounds`` or the integers of a store, or when the attribute is not
    an integer. Every bounded attribute is among the increments. An addition that would make the item larger than an item may be
    is ``LimitExceeded``. Index keys are left alone.

    A stored 0 and a missing attribute mean the same. A store keeps a 0 that an addition leaves; only a put drops it.
    """

    key: Key
    increments: Mapping[str, int]
    bounds: Mapping[str, Bounds]
    expect: Expect


Change: TypeAlias = Put | Delete | Check | Add


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Walk one partition.

    ``pattern`` names the access pattern of the database design that this query follows. ``index`` is ``None`` for the table
    itself. At most one of ``sk_prefix`` (literal, case-sensitive) and ``sk_between`` (both ends included) narrows the
    sort key. ``limit`` is 1 to ``MAX_PAGE``. ``after`` is a cursor of a page of the same query; the limit may differ.
    """

    pattern: str
    table: Table = "integrates_vms"
    index: int | None
    pk: str
    sk_prefix: str | None = None
    sk_between: tuple[str, str] | None = None
    limit: int
    after: str | None = None
    descending: bool = False


class Page(msgspec.Struct, frozen=True):
    """A page of a walk: items in order, one opaque cursor for each, and whether at least one more item follows."""

    items: tuple[Item, ...]
    cursors: Sequence[str]
    has_next: bool


class Store(msgspec.Struct, frozen=True):
    """A store: its three functions, how many changes one write may hold, and by how many seconds its indexes may lag.

    A wrapper is a function ``Store -> Store`` that replaces functions and keeps the numbers.
    """

    get: Callable[[Sequence[Key]], Awaitable[tuple[Item | None, ...]]]
    query: Callable[[Sequence[Query]], Awaitable[tuple[Page, ...]]]
    write: Callable[[Sequence[Change]], Awaitable[None]]
    max_changes: int
    index_delay: float = 0.0
