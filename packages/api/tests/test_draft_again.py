"""A finding whose released vulnerabilities were all removed is a draft again, now and at every such moment of the past (V1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import ROLES
from packages.api.tests.test_finding_removal import remove
from packages.api.tests.test_history_visibility import TESTERS, versions, visible
from packages.api.tests.test_past import release

from integrates.api.past import release as past
from integrates.db_model.entity.command import update
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.testing.scene import address_of
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities import review, rules
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

    from integrates.db_model.findings.types import Finding
    from integrates.db_model.vulnerabilities.types import Vulnerability

FINDING_AT = "query ($id: ID!, $at: DateTime) { finding(id: $id, asOf: $at) { threat status } }"


async def reworded(world: World, threat: str) -> datetime:
    """Change what the finding says, and return a moment at which it says so."""

    def make(old: Finding, _: datetime) -> Finding:
        return replace(old, description=replace(old.description, threat=threat))

    await update(world.store, FINDING, finding_key(world.aurora.draft_finding.id), make, world.stamp())
    return world.now()


async def gone(world: World, identity: str) -> None:
    """Remove a vulnerability."""

    def make(old: Vulnerability, at: datetime) -> Vulnerability:
        return review.removed(old, RemovalJustification.DUPLICATED, by=address_of("hana"), at=at)

    await vulnerabilities.update(world.store, identity, make, world.stamp())


async def again(world: World) -> None:
    """Report another vulnerability of the finding, and release it."""

    def make(old: Vulnerability, at: datetime) -> Vulnerability:
        return rules.cycle_begun(old, by=address_of("remy"), at=at)

    of_draft = replace(world, aurora=replace(world.aurora, finding=world.aurora.draft_finding))
    other = await of_draft.report(of_draft.aurora, "src/again.py", VulnerabilityStatus.SUBMITTED)
    await vulnerabilities.update(world.store, other.id, make, world.stamp())


async def told(world: World, name: str, at: datetime | None) -> Any:
    """Return what a person is shown of the finding at a moment, ``None`` for now."""
    variables = {"id": world.aurora.draft_finding.id, "at": at.isoformat() if at else None}
    return (await world.data(name, FINDING_AT, **variables))["finding"]


async def lived(world: World) -> dict[str, datetime]:
    """Lead a finding through a release, the removal of all that was released, and another release."""
    await release(world)
    released = await reworded(world, "released")
    await gone(world, world.aurora.submitted.id)
    return {"released": released, "secret": await reworded(world, "secret")}


@pytest.mark.parametrize("name", ROLES)
async def test_a_moment_of_a_draft_needs_the_permission(world: World, name: str) -> None:
    at = await lived(world)
    for moment in (None, at["secret"]):
        expected = {"threat": "secret", "status": "DRAFT"} if name in TESTERS else None
        assert await told(world, name, moment) == expected
    await again(world)
    at["again"] = await reworded(world, "again")
    for threat, moment in at.items():
        status = "DRAFT" if threat == "secret" else "VULNERABLE"
        shown = await told(world, name, moment)
        assert shown == ({"threat": threat, "status": status} if name in TESTERS or threat != "secret" else None)


@pytest.mark.parametrize("name", ROLES)
async def test_the_history_shows_what_as_of_shows(world: World, name: str) -> None:
    await lived(world)
    await reworded(world, "secret, too")
    await again(world)
    await reworded(world, "again")
    identity = world.aurora.draft_finding.id
    everything = await versions(world, "greta", "finding", identity, "history")
    assert [version for version, _ in everything] == [1, 2, 3, 4, 5, 6]
    seen = [version for version, _ in await versions(world, name, "finding", identity, "history")]
    assert seen == await visible(world, name, "finding", identity, everything)
    assert seen == ([1, 2, 3, 4, 5, 6] if name in TESTERS else [2, 3, 6])


async def test_after_the_finding_was_removed_its_drafts_stay_closed(world: World) -> None:
    at = await lived(world)
    await again(world)
    at["again"] = await reworded(world, "again")
    assert (await remove(world, id=world.aurora.draft_finding.id))["errors"] == []
    assert await told(world, "hana", None) is None
    shown = {threat: await told(world, "uri", moment) for threat, moment in at.items()}
    assert {threat: one and one["status"] for threat, one in shown.items()} == {
        "released": "VULNERABLE",
        "secret": None,
        "again": "VULNERABLE",
    }
    assert (await told(world, "hana", at["secret"]))["threat"] == "secret"
    history = "query ($id: ID!, $at: DateTime) { finding(id: $id, asOf: $at) { history { nodes { version aspects } } } }"
    variables = {"id": world.aurora.draft_finding.id, "at": at["again"].isoformat()}
    nodes = (await world.data("uri", history, **variables))["finding"]["history"]["nodes"]
    assert [one["version"] for one in nodes] == [2, 3, 5]
    assert "secret" not in str(nodes)


@pytest.mark.parametrize("name", ["uri", "reto", "vera", "greta"])
async def test_the_status_of_then_takes_what_is_hidden_now_as_hidden(world: World, name: str) -> None:
    before = await release(world)
    then = world.now()
    claim = world.aurora.hidden.zero_risk
    await vulnerabilities.update(
        world.store, world.aurora.submitted.id, lambda old, _: replace(old, zero_risk=claim), world.stamp()
    )
    assert (await told(world, name, None))["status"] == (await told(world, name, world.now()))["status"] == "SAFE"
    sees_hidden = name in {"vera", "greta"}
    assert (await told(world, name, then))["status"] == ("VULNERABLE" if sees_hidden else "SAFE")
    assert (await told(world, name, before) is None) == (name in {"uri", "vera"})


async def test_no_more_than_a_part_of_many_vulnerabilities_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at = await lived(world)
    assert await told(world, "uri", at["released"]) is not None
    await again(world)
    now = await reworded(world, "again")
    assert await told(world, "uri", now) is not None
    monkeypatch.setattr(past, "MAX_LOOKED_AT", 1)
    monkeypatch.setattr(past, "_PAGE", 1)
    assert await told(world, "uri", at["released"]) is not None
    assert await told(world, "uri", now) is None
