"""Bulk changes of all kinds at once: every position has one outcome, and what is told is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity import command, read
from integrates.db_model.entity.bulk import Decision, write_each
from integrates.db_model.errors import (
    Corrupt,
    IntegratesError,
    LimitExceeded,
    NotFound,
    Reason,
    Rejected,
    Rejections,
    Stale,
)
from integrates.db_model.findings import commands as findings
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import ANYTHING, Item, Put
from integrates.db_model.testing.scene import scored, uid
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Vulnerability

if TYPE_CHECKING:
    from packages.db_model.tests.entity.bulk.conftest import Alter, Many

R1 = uid("webshop/R1")


def hiding(_: Vulnerability, __: datetime) -> Vulnerability:
    raise Rejected(Reason.HIDDEN)


class Kind(Struct, frozen=True):
    """What happens to one of many: what it is changed to (closed), what refuses it, and the version that it has afterwards."""

    alter: Alter | None = None
    refused: type[IntegratesError] | None = None
    version: int | None = 2


KINDS: Mapping[str, Kind] = {
    "fine": Kind(),
    "equal": Kind(alter=lambda old, _: old),
    "raced": Kind(),
    "stale": Kind(version=3),
    "named": Kind(refused=Stale),
    "missing": Kind(refused=NotFound, version=None),
    "corrupt": Kind(refused=Corrupt, version=5),
    "raises": Kind(alter=hiding, refused=Rejected, version=1),
    "large": Kind(refused=LimitExceeded, version=1),
    "odd": Kind(alter=lambda old, _: replace(old, cycle="odd"), refused=Rejections, version=1),
}


class Mixture:
    """One vulnerability of each of these kinds, and a bulk change of all of them."""

    def __init__(self, many: Many, kinds: Sequence[str]) -> None:
        self.many, self.store, self.stamp, self.kinds = many, many.store, many.stamp, kinds
        self.keys = [vulnerability_key(uid("none")) if kind == "missing" else many.key(n) for n, kind in enumerate(kinds)]
        self.made = self.stamp()

    def of(self, *kinds: str) -> list[str]:
        return [self.many.name(number) for number, kind in enumerate(self.kinds) if kind in kinds]

    async def begin(self) -> None:
        await self.many.begin(count=len(self.kinds), rules_of=("R1", "R2"))
        await commands.update_each(self.store, self.of("equal"), self.many.closed, self.stamp())
        for each in self.of("corrupt"):
            await self.store.write((Put(Item(vulnerability_key(each), 5, {"id": 5}), ANYTHING),))

    async def intrude(self) -> None:
        await commands.update_each(self.store, self.of("stale", "named"), self.many.tagged("else"), self.stamp())
        if "raced" in self.kinds:
            await findings.rescore(self.store, R1, scored("9.8"), self.stamp())

    async def decide(self, positions: Sequence[int]) -> Mapping[int, Decision]:
        """Decide as a command does that was given the versions of some, which are 1."""
        decided: dict[int, Decision] = {}
        for position, item in zip(positions, await self.store.get([self.keys[each] for each in positions]), strict=True):
            alter = KINDS[self.kinds[position]].alter or self.many.closed
            found = {position: read.attempted(VULNERABILITY, item) or NotFound("vulnerability", uid("none"))}
            decided |= await command.decided(self.store, VULNERABILITY, found, alter, self.made)
            if self.kinds[position] == "named" and item is not None and item.version != 1:
                decided[position] = Stale("vulnerability", "", item.version)
        return decided


async def mixed(many: Many, kinds: Sequence[str], changes: int) -> None:
    mixture = Mixture(many, kinds)
    await mixture.begin()
    decided = await mixture.decide(range(len(kinds)))
    await mixture.intrude()
    store = replace(many.narrow(mixture.store, mixture.of("large")), max_changes=changes)
    written = await write_each(store, decided, mixture.decide, policy=many.AT_ONCE)
    assert many.is_total(written, len(kinds))
    now = await mixture.store.get(mixture.keys)
    for number, (kind, item) in enumerate(zip(kinds, now, strict=True)):
        assert isinstance(written.refused.get(number), KINDS[kind].refused or type(None)), (number, kind)
        assert (item.version if item else None) == KINDS[kind].version, (number, kind)
        assert number in written.refused or read.live(VULNERABILITY, item) == written.entities[number]
    if "corrupt" not in kinds:
        assert await many.is_exact()


@settings(max_examples=40)
@given(kinds=st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=25), changes=st.sampled_from([12, 30, 100, 1000]))
def test_every_position_has_one_outcome_and_what_is_told_is_stored(
    new_many: type[Many], kinds: list[str], changes: int
) -> None:
    asyncio.run(mixed(new_many(memory_store()), kinds, changes))
