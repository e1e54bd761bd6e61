"""Until when a vulnerability has to be repaired, as the API shows it: now, and as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from packages.api.tests.conftest import CLOSED, REPORTED
from packages.api.tests.test_store_calls import counting

from integrates.db_model.entity.command import update
from integrates.db_model.findings import commands as findings
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.policies.types import Policies
from integrates.db_model.testing.scene import scored

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

SHOWN = "query ($id: ID!, $at: DateTime) { vulnerability(id: $id, asOf: $at) { dueAt isOverdue } }"


async def shown(world: World, identity: str, at: datetime | None = None, person: str = "greta") -> Any:
    variables = {} if at is None else {"at": at.isoformat()}
    return (await world.data(person, SHOWN, id=identity, **variables))["vulnerability"]


def written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


async def govern(world: World, *, group: Policies | None = None, organization: Policies | None = None) -> None:
    if group is not None:
        key = group_key("webshop")
        await update(world.store, GROUP, key, lambda old, _: replace(old, policies=group), world.stamp())
    if organization is not None:
        key = organization_key(world.aurora.organization.id)
        await update(world.store, ORGANIZATION, key, lambda old, _: replace(old, policies=organization), world.stamp())


async def test_policies_say_what_is_due(world: World) -> None:
    one = world.aurora.vulnerable.id
    assert await shown(world, one) == {"dueAt": None, "isOverdue": False}
    await govern(world, organization=Policies(remediation_days_high=11, remediation_days_low=3))
    assert await shown(world, one) == {"dueAt": written(REPORTED + timedelta(days=11)), "isOverdue": False}
    await govern(world, group=Policies(remediation_days_high=10))
    assert await shown(world, one) == {"dueAt": written(REPORTED + timedelta(days=10)), "isOverdue": True}
    assert await shown(world, world.aurora.safe.id) == {"dueAt": written(REPORTED + timedelta(days=10)), "isOverdue": False}
    assert await shown(world, world.aurora.submitted.id) == {"dueAt": None, "isOverdue": False}
    assert await shown(world, world.aurora.hidden.id) == {"dueAt": written(REPORTED + timedelta(days=10)), "isOverdue": False}
    await findings.rescore(world.store, world.aurora.finding.id, scored("3.0"), world.stamp())
    assert await shown(world, one) == {"dueAt": written(REPORTED + timedelta(days=3)), "isOverdue": True}
    policies = '{ group(name: "webshop") { policies { remediationDaysCritical remediationDaysHigh remediationDaysMedium '
    policies += "remediationDaysLow own } } }"
    assert (await world.data("uri", policies))["group"]["policies"] == {
        "remediationDaysCritical": None,
        "remediationDaysHigh": 10,
        "remediationDaysMedium": None,
        "remediationDaysLow": 3,
        "own": {"remediationDaysHigh": 10},
    }


async def test_the_past_shows_what_was_due_then(world: World) -> None:
    one = world.aurora.safe.id
    before = world.now()
    await govern(world, group=Policies(remediation_days_high=1))
    between = world.now()
    await findings.rescore(world.store, world.aurora.finding.id, scored("3.0"), world.stamp())
    assert await shown(world, one) == {"dueAt": None, "isOverdue": False}
    assert await shown(world, one, between) == {"dueAt": written(REPORTED + timedelta(days=1)), "isOverdue": False}
    assert await shown(world, one, before) == {"dueAt": None, "isOverdue": False}
    assert await shown(world, one, CLOSED - timedelta(hours=1)) == {"dueAt": None, "isOverdue": False}
    vulnerable = world.aurora.vulnerable.id
    assert await shown(world, vulnerable, between) == {"dueAt": written(REPORTED + timedelta(days=1)), "isOverdue": True}
    await govern(world, group=Policies(remediation_days_low=1))
    assert (await shown(world, vulnerable, between))["isOverdue"]


async def test_what_is_due_in_a_list_takes_no_calls_of_its_own_for_each(world: World) -> None:
    await govern(world, group=Policies(remediation_days_high=1))
    query = '{ group(name: "webshop") { vulnerabilities(first: 100) { nodes { id dueAt isOverdue } } } }'
    numbers = []
    for breadth in (5, 30):
        for number in range(breadth):
            await world.report(world.aurora, f"{breadth}/{number}.py")
        calls: list[str] = []
        answer = await world.answer("uri", query, store=counting(world.store, calls))
        nodes = answer.body["data"]["group"]["vulnerabilities"]["nodes"]
        assert sum(one["isOverdue"] for one in nodes) > breadth
        numbers.append(len(calls))
    assert numbers[0] == numbers[1] <= 6
