"""Vulnerabilities in numbers, and stores that count, refuse or take little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.bulk import Decision, Written
from integrates.db_model.errors import LimitExceeded, Stale
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.store.port import Change, Key, Put, Store
from integrates.db_model.store.retry import Policy
from integrates.db_model.testing.scene import HANA, add_finding, add_group, add_root, add_vulnerability, ticking, uid
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import ClosingReason, Labels, Vulnerability

Alter: TypeAlias = Callable[[Vulnerability, datetime], Vulnerability]
Decide: TypeAlias = Callable[[Sequence[int]], Awaitable[Mapping[int, Decision]]]
HUNDRED: Final = 100


class Counting:
    """Keeps the writes of a store, those that were refused too."""

    def __init__(self, store: Store) -> None:
        self.store = replace(store, write=self.write)
        self.below = store
        self.writes: list[Sequence[Change]] = []

    async def write(self, changes: Sequence[Change]) -> None:
        self.writes.append(changes)
        await self.below.write(changes)


class Many:
    """Vulnerabilities by number in one root, a clock, and what bulk changes are tested with."""

    AT_ONCE: Final = Policy(base=0, cap=0, attempts=6)

    def __init__(self, store: Store) -> None:
        self.store, self.stamp = store, ticking()

    async def begin(self, *, count: int = HUNDRED, rules_of: Sequence[str] = ("R1",)) -> None:
        """Store so many vulnerabilities, spread over findings."""
        group = await add_group(self.store, "webshop", self.stamp)
        root = await add_root(self.store, group, "backend", self.stamp)
        found = [await add_finding(self.store, group, rule, self.stamp, score="5.0") for rule in rules_of]
        for number in range(count):
            finding = found[number % len(found)]
            await add_vulnerability(self.store, finding, root, f"{number}.py", self.stamp, identity=self.name(number))

    @staticmethod
    def name(number: int) -> str:
        """Return the id of the vulnerability of that number."""
        return uid(f"v{number}")

    def key(self, number: int) -> Key:
        """Return the key of the vulnerability of that number."""
        return vulnerability_key(self.name(number))

    @staticmethod
    def tagged(tag: str) -> Alter:
        """Give a vulnerability one tag."""
        return lambda old, _: replace(old, labels=Labels(tags=(tag,)))

    @staticmethod
    def closed(old: Vulnerability, at: datetime) -> Vulnerability:
        """Close a vulnerability."""
        return rules.closed(old, ClosingReason.VERIFIED, by=HANA, at=at)

    async def tags(self, count: int = HUNDRED) -> Counter[tuple[str, ...]]:
        """Count the tags that the first vulnerabilities have now."""
        found = await read.get_many(self.store, VULNERABILITY, [self.key(number) for number in range(count)])
        return Counter(each.labels.tags for each in found if each is not None)

    async def versions(self, count: int = HUNDRED) -> dict[int, int]:
        """Return the version of each of the first vulnerabilities by its number."""
        found = await read.get_many(self.store, VULNERABILITY, [self.key(number) for number in range(count)])
        return {number: each.version for number, each in enumerate(found) if each is not None}

    async def is_exact(self) -> bool:
        """Return whether the counters of the group are those that its entities make."""
        counted = await recount(self.store, "webshop")
        return counted == await stored_counters(self.store, counted, "webshop")

    @staticmethod
    def is_total(written: Written, count: int) -> bool:
        """Return whether each position has one outcome."""
        return sorted([*written.entities, *written.refused]) == list(range(count))

    async def prepared(
        self, alter: Alter, numbers: Sequence[int], versions: Mapping[int, int] | None = None
    ) -> tuple[Mapping[int, Decision], Decide]:
        """Decide about vulnerabilities; return that, and how to decide again. Another version than a named one is ``Stale``."""
        made = self.stamp()

        async def decide(positions: Sequence[int]) -> Mapping[int, Decision]:
            read_now = await read.get_many(self.store, VULNERABILITY, [self.key(number) for number in positions])
            found = {number: each for number, each in zip(positions, read_now, strict=True) if each is not None}
            decided = await command.decided(self.store, VULNERABILITY, found, alter, made)
            gone = {
                number: Stale("vulnerability", each.id, each.version)
                for number, each in found.items()
                if (versions or {}).get(number, each.version) != each.version
            }
            return {**decided, **gone}

        return await decide(numbers), decide

    @staticmethod
    async def refuse(positions: Sequence[int]) -> Mapping[int, Decision]:
        """Fail: nothing is to be decided again."""
        raise AssertionError(positions)

    @staticmethod
    def counting(store: Store) -> Counting:
        """Keep the writes of a store."""
        return Counting(store)

    @staticmethod
    def few(store: Store) -> Store:
        """Return a store that takes as few changes in one write as any may."""
        return replace(store, max_changes=100)

    @staticmethod
    def narrow(store: Store, large: Sequence[str]) -> Store:
        """Return a store for which these entities are too large: the rules of ours leave none that is."""
        keys = {vulnerability_key(each) for each in large}

        async def write(changes: Sequence[Change]) -> None:
            for position, change in enumerate(changes):
                if isinstance(change, Put) and change.key in keys:
                    raise LimitExceeded("item_bytes", 2, 1, position)
            await store.write(changes)

        return replace(store, write=write)


@pytest.fixture
def many(store: Store) -> Many:
    """Vulnerabilities in each embedded store, which are not begun yet."""
    return Many(store)


@pytest.fixture(scope="session")
def new_many() -> type[Many]:
    """Make them in a store of the test's own."""
    return Many
