"""The requirement that an adapter behaves like the store in memory, whatever is done to both."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from itertools import count
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from integrates.db_model.errors import Conflict
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import (
    ABSENT,
    ANYTHING,
    Add,
    Bounds,
    Change,
    Check,
    Delete,
    Expect,
    IndexKey,
    Item,
    Key,
    Put,
    Store,
    Version,
)
from integrates.db_model.testing.adapter import Adapter
from integrates.db_model.testing.requirements.sample import eventually, walk_of, walked

SETTINGS: Final = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,  # an adapter is judged by its answers, however long it takes; whoever runs this may have another profile
    suppress_health_check=[HealthCheck.too_slow],
)

Draft = Callable[[str], Change]
"""A change, once the partition key is known."""


def _put(sk: str, number: int, attributes: dict[str, Any], sort_keys: dict[int, str], expect: Expect) -> Draft:
    # Stores order equal sort keys in an index differently, so these end in the item's own.
    def put(pk: str) -> Put:
        index_keys = {index: IndexKey(pk, f"{sort_key}/{sk}") for index, sort_key in sort_keys.items()}
        return Put(Item(Key(pk, sk), number, attributes, index_keys), expect)

    return put


def _delete(sk: str, expect: Expect) -> Draft:
    return lambda pk: Delete(Key(pk, sk), expect)


def _check(sk: str, expect: Version) -> Draft:
    return lambda pk: Check(Key(pk, sk), expect)


def _add(sk: str, increment: int, bounds: dict[str, Bounds], expect: Expect) -> Draft:
    return lambda pk: Add(Key(pk, sk), {"n": increment}, bounds, expect)


SORT_KEYS: Final = st.sampled_from(["a", "a#1", "b", "é", "\uffff", "\U00010000"])
NUMBERS: Final = st.integers(1, 3)
FEW: Final = st.integers(-3, 3)
TEXTS: Final = st.text(st.characters(codec="utf-8"), max_size=5)
LETTERS: Final = st.text(st.sampled_from("xyé·"), min_size=1, max_size=2)
VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(LETTERS, inner, max_size=2),
    max_leaves=4,
)
ATTRIBUTES: Final = st.fixed_dictionaries({}, optional={"n": FEW, "value": VALUES})
INDEXED: Final = st.dictionaries(st.integers(1, 2), SORT_KEYS, max_size=2)
BOUNDS: Final = st.dictionaries(
    st.just("n"), st.builds(Bounds, st.none() | st.integers(-3, 0), st.none() | FEW.map(abs)), max_size=1
)
STRICT: Final = st.just(ABSENT) | st.builds(Version, NUMBERS)
LOOSE: Final = STRICT | st.just(ANYTHING)
DRAFTS: Final[st.SearchStrategy[Draft]] = st.one_of(
    st.builds(_put, SORT_KEYS, NUMBERS, ATTRIBUTES, INDEXED, LOOSE),
    st.builds(_delete, SORT_KEYS, LOOSE),
    st.builds(_check, SORT_KEYS, STRICT),
    st.builds(_add, SORT_KEYS, FEW, BOUNDS, LOOSE),
)
WRITES: Final = st.lists(DRAFTS, min_size=1, max_size=4, unique_by=lambda draft: draft("").key)
RANGES: Final = st.one_of(
    st.just({}),
    st.builds(lambda prefix: {"sk_prefix": prefix}, SORT_KEYS),
    st.builds(lambda low, high: {"sk_between": (low, high)}, SORT_KEYS, SORT_KEYS),
)


async def _outcome(store: Store, changes: Sequence[Change]) -> Conflict | None:
    try:
        await store.write(changes)
    except Conflict as conflict:
        return conflict
    return None


def _agree(real: Conflict | None, model: Conflict | None) -> bool:
    """Return whether both wrote or both refused. The adapter may name fewer reasons, but no others."""
    if real is None or model is None:
        return real is model
    return bool(real.failed) and set(real.failed) <= set(model.failed)


class _Agreement(RuleBasedStateMachine):
    """Does the same to an adapter and to a store in memory. Both must answer the same."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, None]], None], real: Store, pk: str) -> None:
        super().__init__()
        self.run, self.real, self.model, self.pk = run, real, memory_store(), pk

    @rule(drafts=WRITES)
    def write(self, drafts: list[Draft]) -> None:
        """Write, and compare the outcome."""

        async def step() -> None:
            changes = [draft(self.pk) for draft in drafts]
            real, model = await _outcome(self.real, changes), await _outcome(self.model, changes)
            assert _agree(real, model), (real, model)

        self.run(step())

    @rule(names=st.lists(SORT_KEYS, max_size=4))
    def get(self, names: list[str]) -> None:
        """Read some items."""

        async def step() -> None:
            keys = [Key(self.pk, name) for name in names]
            assert await self.real.get(keys) == await self.model.get(keys)

        self.run(step())

    @rule(index=st.none() | st.integers(1, 2), limit=st.integers(1, 7), descending=st.booleans(), narrowed=RANGES)
    def query(self, *, index: int | None, limit: int, descending: bool, narrowed: dict[str, Any]) -> None:
        """Walk the table, or an index once it has caught up."""

        async def step() -> None:
            query = walk_of(self.pk, index, limit, descending=descending, **narrowed)
            expected = await walked(self.model, query)
            if index is None:
                assert await walked(self.real, query) == expected
            else:
                await eventually(lambda: walked(self.real, query), expected)

        self.run(step())


def test_any_sequence_of_operations_agrees_with_the_memory(adapter: Adapter, partition: str) -> None:
    numbers, stack = count(), AsyncExitStack()
    with asyncio.Runner() as runner:
        store = runner.run(stack.enter_async_context(adapter.handle()))
        try:
            run_state_machine_as_test(lambda: _Agreement(runner.run, store, f"{partition}#{next(numbers)}"), settings=SETTINGS)  # type: ignore[arg-type]  # any function that makes one will do
        finally:
            runner.run(stack.aclose())
