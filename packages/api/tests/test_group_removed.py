"""Everything below a removed group is as if it had never been, through every path, and what runs there ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import stamping
from packages.api.tests.test_adding import beaten
from packages.api.tests.test_import_mutation import IMPORT, sarif
from packages.api.tests.test_walker import MUTATIONS, PEOPLE, QUERIES, ids_of, no_ids, run_of, taken

from integrates.api.upload import in_memory
from integrates.db_model import groups
from integrates.db_model.access.commands import add_to_group, group_guest
from integrates.db_model.access.types import Invitation
from integrates.db_model.entity import read
from integrates.db_model.entity.listing import listing
from integrates.db_model.imports.facet import IMPORT as FACET
from integrates.db_model.imports.types import ImportStatus
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import address_of
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.types import Treatment, TreatmentStatus

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

LISTS = """query ($organization: ID!) {
  me { organizations { name } groups { name } invitations { groupName } assignedVulnerabilities(first: 50) { nodes { id } } }
  organization(id: $organization) { groups { name } vulnerabilities(first: 50) { nodes { id } } } }"""


async def remove(world: World) -> None:
    await groups.remove(world.store, world.aurora.group, {"reason": "NO_SYSTEM"}, world.stamp())


@pytest.mark.parametrize("person", [*PEOPLE, "ada"])
async def test_all_that_was_there_looks_like_nothing(world: World, person: str) -> None:
    """What is above the group, such as its organization, the policies of that and people, stays."""
    tenant = world.aurora
    known = ids_of(tenant, await run_of(world, "ada", tenant))
    await remove(world)
    above = {"organization", "organizationName", "policy", "member"}
    unknown = {**no_ids(), **{name: known[name] for name in above}}
    for label, query in {**QUERIES, **MUTATIONS}.items():
        if "$group" not in query and not taken(query, known).keys() - above - {"at", "file"}:
            continue
        seen = await world.answer(person, query, **taken(query, known))
        assert seen == await world.answer(person, query, **taken(query, unknown)), label
        assert "webshop" not in str(seen.body), label


@pytest.mark.parametrize("person", ["uri", "olga", "ada", "otto"])
async def test_no_list_leads_there(world: World, person: str) -> None:
    tenant, by = world.aurora, address_of(person)
    assigned = Treatment(status=TreatmentStatus.IN_PROGRESS, assigned=by, justification="x" * 10, at=world.now(), by=by)
    await vulnerabilities.update(
        world.store, tenant.vulnerable.id, lambda old, _: replace(old, treatment=assigned), world.stamp()
    )
    if person == "otto":
        made = stamping()()
        sent = world.now()
        invitation = Invitation(role="user", jti_hash="0" * 64, sent_at=sent, expires_at=sent + timedelta(days=7))
        await add_to_group(world.store, group_guest(by, "webshop", invitation, made), made)
    before = str(await world.data(person, LISTS, organization=tenant.organization.id))
    assert ("webshop" in before, tenant.vulnerable.id in before) == (True, person != "otto")
    await remove(world)
    after = await world.data(person, LISTS, organization=tenant.organization.id)
    assert "webshop" not in str(after)
    assert (after["me"]["invitations"], after["me"]["assignedVulnerabilities"]) == ([], {"nodes": []})
    if person != "otto":
        assert after["organization"] == {"groups": [], "vulnerabilities": {"nodes": []}}


@pytest.mark.parametrize("number", range(2, 7))
async def test_a_running_import_fails(world: World, number: int) -> None:
    """Wherever it is before the write that ends it; what it had written before stays."""
    content = sarif(*((f"r{n % 3}", f"app/{n}.py", 1) for n in range(600)))
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", content)}
    await world.answer("hana", IMPORT, store=beaten(world, lambda: remove(world), number), **given)  # type: ignore[arg-type] # variables
    for task in world.tasks:
        await task
    (run,) = await read.everything(world.store, FACET, listing(FACET.name, "imports_of_group", {"group_name": "webshop"}))
    assert (run.state.status, run.state.reason) == (ImportStatus.FAILED, "not_allowed")


async def test_others_are_not_touched(world: World) -> None:
    before = await world.data("uri2", LISTS, organization=world.harbor.organization.id)
    await remove(world)
    assert await world.data("uri2", LISTS, organization=world.harbor.organization.id) == before
    assert (await scene.add_group(world.store, "payments", stamping(), organization="aurora")).name == "payments"
