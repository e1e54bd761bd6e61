"""Our own JSON, anonymous or not, goes to another organization with the same scans: decisions come back (section 21)."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.decided import bill, counts, decided, names, vulnerabilities
from packages.api.tests.exports.entry import document

from integrates.api.exports.load import collect, roots_of
from integrates.api.exports.spool import Spool
from integrates.api.exports.trail.writer import JSON
from integrates.api.upload import in_memory
from integrates.db_model.testing.scene import address_of
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    ClosingReason,
    PreviousTreatment,
    Treatment,
    TreatmentStatus,
    VexJustification,
    Vulnerability,
    ZeroRisk,
    ZeroRiskStatus,
)
from integrates.db_model.vulnerabilities.word import Word, word_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from packages.api.tests.conftest import World

NUMBERS = tuple(range(1, 8))
WHY = "Somebody looked at it and said so."
VERA = address_of("vera")
SCAN = """mutation ($group: ID!, $root: ID!, $file: Upload!) {
  importVulnerabilities(groupName: $group, rootId: $root, file: $file) {
    import { state counts { created } } errors { message } } }"""
ROOT = """mutation ($group: ID!) {
  addGitRoot(groupName: $group, url: "https://github.com/acme/shop", branch: "main") { root { id } errors { message } } }"""


def decisions(at: datetime) -> Mapping[int, Callable[[Vulnerability], Vulnerability]]:
    """Return what is decided about each number; nothing about the last one."""
    by: Any = {"at": at, "by": VERA}
    why: Any = {"justification": WHY, **by}
    previous = PreviousTreatment(status=TreatmentStatus.UNTREATED, **by)
    forever = partial(Treatment, status=TreatmentStatus.ACCEPTED_UNDEFINED, requested_by=VERA, **why)
    treatments = {
        1: Treatment(status=TreatmentStatus.ACCEPTED, accepted_until=at + timedelta(days=9), **why),
        2: Treatment(status=TreatmentStatus.IN_PROGRESS, assigned=VERA, **why),
        3: forever(acceptance_status=AcceptanceStatus.APPROVED),
        4: forever(acceptance_status=AcceptanceStatus.SUBMITTED, previous=previous),
    }
    claims = {
        number: ZeroRisk(
            status=status,
            requested_by=VERA,
            vex_justification=VexJustification.VULNERABLE_CODE_NOT_PRESENT,
            **why,
        )
        for number, status in {5: ZeroRiskStatus.REQUESTED, 6: ZeroRiskStatus.CONFIRMED}.items()
    }
    return {
        **{number: partial(replace, treatment=one) for number, one in treatments.items()},
        **{number: partial(replace, zero_risk=one) for number, one in claims.items()},
    }


async def scanned(world: World, group: str, manager: str, hacker: str) -> str:
    """Add a root with a vulnerability of each number to a group, and return its id."""
    added = (await world.data(manager, ROOT, group=group))["addGitRoot"]
    root = str(added["root"]["id"])
    given = {"group": group, "root": root, "file": in_memory("bom.json", bill((*NUMBERS, 8)))}
    payload = (await world.data(hacker, SCAN, **given))["importVulnerabilities"]
    assert (payload["errors"], payload["import"]["counts"]["created"]) == ([], len(NUMBERS) + 1)
    return root


def _altered(alter: Callable[[Vulnerability], Vulnerability], old: Vulnerability, _: datetime) -> Vulnerability:
    return alter(old)


async def decide(world: World, root: str) -> None:
    found = await vulnerabilities(world, root)
    for number, alter in decisions(world.now()).items():
        await commands.update(world.store, found[names(number)[0]].id, partial(_altered, alter), world.stamp())
    await commands.close(world.store, found[names(8)[0]].id, ClosingReason.VERIFIED, world.stamp())


async def exported(world: World, group: str, root: str, **more: Any) -> bytes:
    (found,) = [one for one in await roots_of(world.store, group) if one.id == root]
    with Spool(lambda entry: JSON.key({}, entry)) as spool:
        await collect(world.store, [found], JSON, spool, world.now())
        return b"".join(JSON.write(replace(document(), roots={root: found}, **more), spool))


async def words(world: World, root: str) -> dict[int, Word | None]:
    found = await vulnerabilities(world, root)
    return {number: word_of(found[names(number)[0]], world.now()) for number in (*NUMBERS, 8)}


THERE = {
    1: Word.ACCEPTED,
    2: Word.IN_PROGRESS,
    3: Word.ACCEPTED_FOREVER,
    4: Word.ACCEPTANCE_REQUESTED,
    5: Word.ZERO_RISK_REQUESTED,
    6: Word.ZERO_RISK,
    7: Word.UNDECIDED,
    8: Word.FIXED,
}
HERE = {
    **THERE,
    3: Word.ACCEPTANCE_REQUESTED,
    6: Word.ZERO_RISK_REQUESTED,
    8: Word.UNDECIDED,
}
"""What was confirmed or approved there, has to be so here by somebody else; nothing is closed by a document."""


@pytest.mark.parametrize("is_anonymous", [False, True])
async def test_decisions_come_back(world: World, is_anonymous: bool) -> None:
    there, here = await scanned(world, "webshop", "vera", "hana"), await scanned(world, "cargo", "vera2", "hana2")
    await decide(world, there)
    assert await words(world, there) == THERE
    file = await exported(world, "webshop", there, is_anonymous=is_anonymous)
    made = await decided(world, file, "uri2", group="cargo", name="webshop.json")
    assert counts(made) == {"requested": 5, "applied": 2, "unchanged": 1}
    assert await words(world, here) == HERE
    found = await vulnerabilities(world, here)
    before = await vulnerabilities(world, there)
    accepted, claim = found[names(1)[0]].treatment, found[names(6)[0]].zero_risk
    assert accepted.accepted_until == before[names(1)[0]].treatment.accepted_until
    assert accepted.justification is not None
    assert accepted.justification.startswith("From webshop.json, Aurora, ")
    assert accepted.justification.endswith(WHY)
    assert claim is not None
    assert (claim.requested_by, claim.vex_justification) == (
        address_of("uri2"),
        VexJustification.VULNERABLE_CODE_NOT_PRESENT,
    )
    assert found[names(8)[0]].verification is not None
    assert counts(await decided(world, file, "uri2", group="cargo", name="webshop.json")) == {"unchanged": 8}
    assert await vulnerabilities(world, here) == found


async def test_the_same_group_says_the_same(world: World) -> None:
    root = await scanned(world, "webshop", "vera", "hana")
    await decide(world, root)
    before = await vulnerabilities(world, root)
    made = await decided(world, await exported(world, "webshop", root), "vera")
    assert (counts(made), await vulnerabilities(world, root)) == ({"unchanged": 8}, before)


async def test_an_acceptance_that_the_policies_refuse_is_told(world: World) -> None:
    there, here = await scanned(world, "webshop", "vera", "hana"), await scanned(world, "cargo", "vera2", "hana2")
    await decide(world, there)
    file = json.loads(await exported(world, "webshop", there))
    for one in file["vulnerabilities"]:
        if "acceptedUntil" in one["treatment"]:
            one["treatment"]["acceptedUntil"] = "2036-01-01T00:00:00Z"
    made = await decided(world, json.dumps(file).encode(), "uri2", group="cargo")
    assert counts(made)["refused"] == 1
    assert [one["reason"] for one in made["decisionImport"]["problems"]] == ["acceptance_too_long"]
    assert (await words(world, here))[1] is Word.UNDECIDED
