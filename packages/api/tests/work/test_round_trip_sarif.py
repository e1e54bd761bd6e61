"""SARIF out and into an empty group: the same is open, at the same places, with the same identities (domain section 21)."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from packages.api.tests.exports.entry import document
from packages.api.tests.exports.output import VALIDATOR
from packages.api.tests.work.conftest import HANA
from packages.api.tests.work.test_import_case import DONE, Step, content

from integrates.api.exports.load import collect, roots_of
from integrates.api.exports.sarif.writer import SARIF
from integrates.api.exports.spool import Spool
from integrates.db_model.imports.types import ImportOptions
from integrates.db_model.vulnerabilities.identity import identity_hash
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

_REPOSITORY = Path(__file__).parents[4]
SAMPLES = Path(os.environ.get("INTEGRATES_SARIF_SAMPLES") or _REPOSITORY.parent / "shared" / "data" / "sarif")
GROUP = "webshop"
PREFIXES = {"SuppressionTestCurrent.sarif": "C:/code"}
"""What the callers of an import have to say of a file."""


async def exported(world: Any) -> bytes:
    """Export what is told of the root."""
    roots = await roots_of(world.store, GROUP)
    with Spool(partial(SARIF.key, {})) as spool:
        newest = await collect(world.store, roots, SARIF, spool, world.now())
        about = replace(document(), at=newest or world.now(), roots={root.id: root for root in roots})
        return b"".join(SARIF.write(about, spool))


def known_by(found: Vulnerability) -> dict[str, Any]:
    """Return what identifies a vulnerability, whatever the ids of its group."""
    at, tool = found.location, found.tool
    assert tool is not None
    base = identity_hash("", f"{tool.name} {tool.rule_id}", found.type, at.where, at.specific, tool.fingerprint, 1)
    return {
        "identity": base,
        "rule": (tool.name, tool.rule_id),
        "place": (found.type.value, at.where, at.specific),
        "fingerprint": tool.fingerprint,
        "mark": tool.mark,
        "categories": sorted(tool.categories),
        "suppressions": tool.suppressions,
        "technique": found.technique,
        "severity": found.severity,
        "location": at,
        "advisory": found.advisory,
    }


async def opened(world: Any) -> list[Any]:
    """Return what is open; of those with equal identities but for the number in the order of their numbers."""
    found = [each for each in await world.vulnerabilities() if each.state.status is VulnerabilityStatus.VULNERABLE]
    known = [known_by(each) for each in sorted(found, key=lambda each: each.number)]
    return sorted(known, key=lambda each: each["identity"])


async def described(world: Any) -> dict[str, Any]:
    rules = {one["rule"] for one in await opened(world)}
    found = (await world.findings()).values()
    return {
        str(each.rule): (each.description, each.severity)
        for each in found
        if each.rule and (each.rule.tool, each.rule.rule_id) in rules
    }


async def round_trip(new_world: Callable[..., Any], steps: list[tuple[bytes, ImportOptions]]) -> None:
    """Import files one after another, export what is open, and import that into an empty group."""
    first, second = await new_world(), await new_world()
    for file, options in steps:
        await first.imported(file, options)
    content_out = await exported(first)
    VALIDATOR.validate(json.loads(content_out))
    counts = (await second.imported(content_out)).progress.counts
    before, after = await opened(first), await opened(second)
    assert after == before
    assert await described(second) == await described(first)
    assert counts.created == len(before)
    assert await exported(second) != b""
    again = (await first.imported(content_out)).progress.counts
    assert (again.created, again.moved, again.reopened, again.closed) == (0, 0, 0, 0)
    assert await opened(first) == before


def steps_of(steps: tuple[Step, ...]) -> list[tuple[bytes, ImportOptions]]:
    return [(content(each.file), ImportOptions(**each.options)) for each in steps]


def options(name: str) -> ImportOptions:
    return ImportOptions(strip_prefix=PREFIXES.get(name))


@pytest.mark.parametrize("name", DONE)
async def test_a_case(new_world: Callable[..., Any], name: str) -> None:
    await round_trip(new_world, steps_of(DONE[name]))


@pytest.mark.parametrize("name", sorted(one.name for one in SAMPLES.glob("*.sarif")) if SAMPLES.is_dir() else ["none"])
async def test_a_real_file(new_world: Callable[..., Any], name: str) -> None:
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip(f"no {name} in {SAMPLES}: set INTEGRATES_SARIF_SAMPLES to a folder that has it")
    await round_trip(new_world, [(path.read_bytes(), options(name))])


async def test_what_was_accepted_opens_nothing_elsewhere(new_world: Callable[..., Any], tools: Any) -> None:
    """A result that is suppressed never creates: so an accepted one is not in the group that the file goes into."""
    first, second = await new_world(), await new_world()
    await first.imported(tools.file(tools.seen("a", line=1), tools.seen("b", line=2), tools.seen("c", line=3)))
    accepted, claimed, _ = sorted(await first.vulnerabilities(), key=lambda each: each.location.specific)
    why = {"at": accepted.state.at, "by": HANA, "justification": "It is known and accepted."}
    approved = Treatment(
        status=TreatmentStatus.ACCEPTED_UNDEFINED, acceptance_status=AcceptanceStatus.APPROVED, requested_by=HANA, **why
    )
    await first.alter(accepted.id, lambda old: replace(old, treatment=approved))
    claim = ZeroRisk(status=ZeroRiskStatus.REQUESTED, requested_by=HANA, **why)
    await first.alter(claimed.id, lambda old: replace(old, zero_risk=claim))
    out = await exported(first)
    counts = (await second.imported(out)).progress.counts
    assert (counts.created, counts.suppressed) == (2, 1)
    assert [row[1] for row in await second.rows()] == ["2", "3"]
    before = await first.vulnerabilities()
    again = (await first.imported(out)).progress.counts
    assert (again.unchanged, again.suppressed, again.created, again.closed) == (2, 1, 0, 0)
    after = {each.id: (each.state, each.treatment, each.zero_risk) for each in await first.vulnerabilities()}
    assert after == {each.id: (each.state, each.treatment, each.zero_risk) for each in before}


async def test_a_file_goes_on_after_the_round_trip(new_world: Callable[..., Any]) -> None:
    """The group that the file went into recognises the next scan of the tool as the first group does."""
    before, after = content("04-moved-lines.1.sarif"), content("04-moved-lines.2.sarif")
    first, second = await new_world(), await new_world()
    await first.imported(before)
    await second.imported(await exported(first))
    assert (await second.imported(after)).progress.counts == (await first.imported(after)).progress.counts
    assert await opened(second) == await opened(first)
