"""Many are given a treatment or none: what the group, the finding and each vulnerability itself refuse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from integrates.db_model.entity.bulk import Reference, Refused, Written
from integrates.db_model.errors import Corrupt, NotFound
from integrates.db_model.findings.facet import finding_key
from integrates.db_model.groups.facet import group_key
from integrates.db_model.policies.rules import effective
from integrates.db_model.policies.types import Policies
from integrates.db_model.store.port import Change, Store
from integrates.db_model.testing.scene import HANA, add_vulnerability, address_of, uid
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.facet import vulnerability_key
from integrates.db_model.vulnerabilities.treatment import Order, Requester, asked
from integrates.db_model.vulnerabilities.types import Labels, TreatmentStatus, VulnerabilityStatus

if TYPE_CHECKING:
    from datetime import datetime

    from packages.db_model.tests.entity.conftest import House, Intrude

    from integrates.db_model.vulnerabilities.types import Vulnerability


def order(assigned: str = HANA) -> Order:
    request = asked({"treatment": TreatmentStatus.IN_PROGRESS, "justification": "because of reasons", "assigned": assigned})
    requester = Requester(email=HANA, may_assign=True, may_accept_forever=True, assigned_may_be=True)
    return Order(request=request, requester=requester, policies=effective(Policies(), Policies()))


def tagged(old: Vulnerability, _: datetime) -> Vulnerability:
    return replace(old, labels=Labels(tags=("urgent",)))


async def test_nothing_is_treated_in_a_removed_group_even_where_nothing_is_counted(store: Store, house: House) -> None:
    wanted = [Reference(house.one.id)]
    assert isinstance(await commands.treat(store, wanted, order(), house.stamp()), Written)
    await house.remove_group()
    outcome = await commands.treat(store, wanted, order(address_of("gus")), house.stamp())
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.errors[0], NotFound)


@pytest.mark.parametrize("parent", ["group", "finding"])
async def test_a_parent_that_cannot_be_read_refuses_a_treatment(store: Store, house: House, parent: str) -> None:
    await house.spoil({"group": group_key("webshop"), "finding": finding_key(house.finding.id)}[parent])
    outcome = await commands.treat(store, [Reference(house.one.id)], order(), house.stamp())
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.errors[0], Corrupt)


async def test_one_that_cannot_be_read_is_refused_by_itself(store: Store, house: House, intrude: Intrude) -> None:
    known = await house.known()
    second, third = [await add_vulnerability(store, known, house.root, name, house.stamp) for name in ("2.py", "3.py")]

    async def before(number: int, _: Sequence[Change]) -> None:
        if number == 1:
            await house.spoil(vulnerability_key(second.id))
            await commands.update(store, third.id, tagged, house.stamp())

    wanted = [Reference(one.id) for one in (house.one, second, third)]
    outcome = await commands.treat(intrude(store, before), wanted, order(), house.stamp())
    assert isinstance(outcome, Written)
    assert set(outcome.entities) == {0, 2}
    assert [type(error) for error in outcome.refused.values()] == [Corrupt]


@pytest.mark.parametrize("odd", ["", "a#b", "x" * 5_000, "no uuid", uid("none")])
async def test_a_malformed_or_unknown_id_is_not_found_and_no_other_is_torn(store: Store, house: House, odd: str) -> None:
    made = await commands.update_each(store, [odd, house.one.id], tagged, house.stamp())
    assert list(made.entities) == [1]
    outcome = await commands.treat(store, [Reference(odd), Reference(house.one.id)], order(), house.stamp())
    assert isinstance(outcome, Refused)
    for refused in (made.refused, outcome.errors):
        assert list(refused) == [0]
        error = refused[0]
        assert isinstance(error, NotFound)
        assert (error.facet, error.identity) == ("vulnerability", odd)


async def test_one_that_is_named_twice_refuses_all(store: Store, house: House) -> None:
    wanted = [Reference(house.one.id), Reference(house.one.id)]
    outcome = await commands.treat(store, wanted, order(), house.stamp())
    assert isinstance(outcome, Refused)
    assert [str(error) for error in outcome.errors.values()] == ["bad_format (items.1.id) it is named twice"]


async def test_all_are_seen_or_none(store: Store, house: House) -> None:
    wanted = [Reference(house.one.id), Reference(uid("none"))]
    with pytest.raises(ValueError, match="shorter"):
        await commands.treat(store, wanted, order(), house.stamp(), seen=[house.one])


async def test_one_that_was_seen_removed_is_not_found(store: Store, house: House) -> None:
    state = replace(house.one.state, status=VulnerabilityStatus.DELETED)
    outcome = await commands.treat(
        store, [Reference(house.one.id)], order(), house.stamp(), seen=[replace(house.one, state=state)]
    )
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.errors[0], NotFound)
