"""Fields of summaries that are read from lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from integrates.db_model.vulnerabilities.types import Treatment, TreatmentStatus, VulnerabilityStatus, ZeroRiskStatus

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

AT, BY = datetime(2025, 2, 1, tzinfo=UTC), "vera@demo.example"
TREATMENTS = {
    TreatmentStatus.UNTREATED: Treatment(status=TreatmentStatus.UNTREATED, at=AT, by=BY),
    TreatmentStatus.ACCEPTED: Treatment(status=TreatmentStatus.ACCEPTED, accepted_until=AT + timedelta(days=9), at=AT, by=BY),
    TreatmentStatus.IN_PROGRESS: Treatment(status=TreatmentStatus.IN_PROGRESS, assigned=BY, at=AT, by=BY),
}
LAST = '{ group(name: "webshop") { summary { lastClosedAt } } }'


async def last(world: World) -> str | None:
    found: str | None = (await world.data("uri", LAST))["group"]["summary"]["lastClosedAt"]
    return found


async def close(world: World, month: int, status: TreatmentStatus, zero_risk: ZeroRiskStatus | None = None) -> None:
    """Store a vulnerability that was closed in that month of 2026."""
    await world.report(
        world.aurora,
        f"src/{month}.py",
        VulnerabilityStatus.SAFE,
        zero_risk,
        span=(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, month, 1, tzinfo=UTC)),
        treatment=TREATMENTS[status],
    )


async def test_the_last_closing_is_the_newest_of_any_treatment(world: World) -> None:
    for month, status in ((7, "UNTREATED"), (9, "ACCEPTED"), (8, "IN_PROGRESS")):
        await close(world, month, TreatmentStatus(status))
        assert await last(world) == f"2026-{9 if month > 7 else 7:02}-01T00:00:00.000000+00:00"


async def test_a_hidden_closing_is_not_told(world: World) -> None:
    before = await last(world)
    await close(world, 12, TreatmentStatus.UNTREATED, ZeroRiskStatus.CONFIRMED)
    assert await last(world) == before
