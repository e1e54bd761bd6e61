"""What holds for any files that follow each other: the same again changes nothing, interruptions do not show."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrates.api.imports.read.observation import Observation
from integrates.db_model.imports.types import ImportStatus
from integrates.db_model.vulnerabilities.types import Source, VulnerabilityStatus

NARROW = 20
"""Room for two or three changes in a transaction, so that small files take many."""


def results(*fingerprints: str | None) -> Any:
    """Results of a tool that gives these fingerprints."""
    row = st.tuples(
        st.sampled_from(["R1", "R2"]),
        st.sampled_from(fingerprints),
        st.integers(1, 3),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([None, None, "9.1"]),
    )
    return st.lists(row, max_size=9)


RESULTS = st.one_of(results("a", "b", "c", "d"), results(None))
"""A tool gives fingerprints or not, e.g. as somebody is logged in."""
FILES = st.lists(RESULTS, min_size=1, max_size=4)
UNJUDGED = [*settings().suppress_health_check, HealthCheck.function_scoped_fixture]
MODEST = settings(max_examples=25, suppress_health_check=UNJUDGED)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def content(tools: Any, results: Any) -> bytes:
    made: bytes = tools.file(
        *(
            tools.seen(
                mark,
                line=line,
                rule=rule,
                **({"suppressions": [{}]} if suppressed else {}),
                **({"properties": {"security-severity": score}} if score else {}),
            )
            for rule, mark, line, suppressed, score in results
        )
    )
    return made


async def agrees(world: Any, observations: tuple[Observation, ...]) -> None:
    """Check that just what the last file reports is open, each vulnerability once."""
    found = [each for each in await world.vulnerabilities() if each.source is Source.MACHINE]
    opened = [each for each in found if each.state.status is VulnerabilityStatus.VULNERABLE]
    reported = [each for each in observations if each.suppression is None]
    marks = {(each.rule.rule_id, each.fingerprint) for each in reported if each.fingerprint}
    assert marks <= {(each.tool.rule_id, each.tool.fingerprint) for each in opened if each.tool}
    locations = {(each.rule.rule_id, each.location.specific) for each in reported}
    assert locations <= {(each.tool.rule_id, each.location.specific) for each in opened if each.tool}
    assert len(reported) <= len(opened) <= len(observations)


@MODEST
@given(files=FILES)
def test_files_that_follow_each_other(new_world: Callable[..., Any], tools: Any, files: Any) -> None:
    async def test() -> None:
        world = await new_world(NARROW)
        for each in files:
            file = content(tools, each)
            record = await world.imported(file)
            counts = record.progress.counts
            effects = sum(getattr(counts, name) for name in counts.__struct_fields__ if name != "closed")
            assert (record.state.status, effects) == (ImportStatus.COMPLETED, len(each))
            await agrees(world, (await world.scan(file)).observations)
            picture = await world.picture()
            again = (await world.imported(file)).progress.counts
            assert (again.created, again.moved, again.reopened, again.closed) == (0, 0, 0, 0)
            assert await world.picture() == picture

    run(test())


@MODEST
@given(files=FILES, kills=st.lists(st.tuples(st.integers(2, 5), st.booleans()), min_size=1, max_size=4))
def test_interruptions_do_not_show(new_world: Callable[..., Any], tools: Any, files: Any, kills: Any) -> None:
    async def interrupted(world: Any, file: bytes, deaths: Any) -> Any:
        while True:
            number, written = next(deaths, (1_000, False))
            try:
                return await world.resumed_by(file, tools.killed(world.store, number, written=written))
            except tools.Killed:
                if await world.running() is None:
                    return None

    async def test() -> None:
        smooth, rough = await new_world(NARROW), await new_world(NARROW)
        deaths = iter(kills)
        for each in files:
            file = content(tools, each)
            expected = await smooth.imported(file)
            found = await interrupted(rough, file, deaths)
            assert found is None or found.progress.counts == expected.progress.counts
            assert await rough.picture() == await smooth.picture()

    run(test())


def test_the_room_is_narrow(new_world: Callable[..., Any], tools: Any) -> None:
    async def test() -> None:
        world = await new_world(NARROW)
        record = await world.imported(tools.file(*(tools.seen(str(n), line=n) for n in range(9))))
        assert record.progress.version >= 5

    run(test())
