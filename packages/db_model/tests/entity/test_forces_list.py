"""The gate and its list: it is read again until it is as long as the counters say, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.db_model.tests.entity.gate import OPEN, Waited, asked, lagging, logs

from integrates.db_model.entity import read
from integrates.db_model.errors import Corrupt, Unavailable
from integrates.db_model.files.port import Files
from integrates.db_model.findings import removal
from integrates.db_model.forces.commands import PAUSES
from integrates.db_model.forces.facet import FORCES_EXECUTION, executions_of_group
from integrates.db_model.forces.types import GateCounts
from integrates.db_model.store.port import Page, Query
from integrates.db_model.testing.scene import add_finding, add_vulnerability
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import vulnerability_key
from integrates.db_model.vulnerabilities.types import ClosingReason

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House


@pytest.mark.parametrize("number", range(1, len(PAUSES) + 1))
async def test_a_list_that_lags_is_read_again_until_it_is_whole(house: House, files: Files, number: int) -> None:
    late = {house.one.id}

    def meanwhile(count: int) -> None:
        if count == number:
            late.clear()

    waited = Waited(meanwhile)
    made = await asked(house, files, store=lagging(house.store, late), wait=waited)
    assert (made.exit_code, waited.seconds) == (1, list(PAUSES[:number]))


@pytest.mark.parametrize("given", [{}, {"root_nickname": "backend"}, {"kind": "DYNAMIC"}], ids=str)
async def test_a_list_that_goes_on_lagging_is_no_ground_for_a_verdict(
    house: House, files: Files, given: dict[str, Any]
) -> None:
    """Not even when what is missing would be of another kind: nobody knows what is missing."""
    waited = Waited()
    with pytest.raises(Unavailable):
        await asked(house, files, store=lagging(house.store, {house.one.id}), wait=waited, log=b"hello", **given)
    assert (waited.seconds, sum(waited.seconds)) == (list(PAUSES), 10.0)
    assert await read.everything(house.store, FORCES_EXECUTION, executions_of_group("webshop")) == ()
    assert await logs(files) == []


async def test_a_list_that_still_shows_what_is_closed_is_read_again(house: House, files: Files) -> None:
    two = await add_vulnerability(house.store, house.finding, house.root, "two.py", house.stamp)
    (before,) = await house.store.query((OPEN,))
    await vulnerabilities.close(house.store, two.id, ClosingReason.VERIFIED, house.stamp())
    stale = [before]

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        return tuple(stale) if stale else await house.store.query(queries)

    waited = Waited(lambda _: stale.clear())
    made = await asked(house, files, store=replace(house.store, query=query), wait=waited)
    assert (made.counts, len(waited.seconds)) == (GateCounts(blocking=1, closed=1), 1)


async def test_what_others_write_while_the_list_is_read_keeps_nobody_waiting(house: House, files: Files) -> None:
    """Before: 1 open, after: 4; the list has any number between."""

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        for name in ("two.py", "three.py"):
            await add_vulnerability(house.store, house.finding, house.root, name, house.stamp)
        pages = await house.store.query(queries)
        await add_vulnerability(house.store, house.finding, house.root, "four.py", house.stamp)
        return pages

    waited = Waited()
    made = await asked(house, files, store=replace(house.store, query=query), wait=waited)
    assert (made.counts.blocking, waited.seconds) == (3, [])


async def test_what_is_left_of_a_finding_that_is_gone_is_not_counted(house: House, files: Files) -> None:
    (stale,) = await house.store.query((OPEN,))
    await removal.remove(house.store, await house.known(), {"justification": "DUPLICATED"}, house.stamp())

    async def query(_queries: Sequence[Query]) -> tuple[Page, ...]:
        return (stale,)

    made = await asked(house, files, store=replace(house.store, query=query))
    assert (made.counts, made.blocking, made.exit_code) == (GateCounts(), (), 0)


async def test_what_cannot_be_read_is_no_ground_for_a_verdict(house: House, files: Files) -> None:
    await house.spoil(vulnerability_key(house.one.id))
    with pytest.raises(Corrupt):
        await asked(house, files)


async def test_the_number_of_calls_grows_with_pages_only(house: House, files: Files) -> None:
    """Findings are read once for each page that brings new ones."""

    async def calls(identity: str) -> list[str]:
        made: list[str] = []

        def counted(name: str, function: Any) -> Any:
            async def call(argument: Any) -> Any:
                made.append(name)
                return await function(argument)

            return call

        store = replace(house.store, get=counted("get", house.store.get), query=counted("query", house.store.query))
        await asked(house, files, id=identity, store=store)
        return made

    few = await calls("build-0001")
    for number in range(20):
        other = await add_finding(house.store, house.group, f"X{number}", house.stamp, score="5.0")
        await add_vulnerability(house.store, other, house.root, f"x{number}.py", house.stamp)
    assert await calls("build-0002") == few
    assert few.count("query") == 1
