"""What is taken away is gone with the next request, and with the next chunk of an import that is at work."""

from typing import Any, Final

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import World
from packages.api.tests.test_adding import beaten
from packages.api.tests.test_import_mutation import IMPORT, sarif
from packages.api.tests.test_walker import token_of

from integrates.api.authorization.actor import Actor, Means
from integrates.api.execute import execute
from integrates.api.upload import in_memory
from integrates.db_model.access.rules import ci_identity
from integrates.db_model.entity import read
from integrates.db_model.entity.listing import listing
from integrates.db_model.imports import commands as imports
from integrates.db_model.imports.commands import Running
from integrates.db_model.imports.facet import IMPORT as IMPORTS
from integrates.db_model.store.port import Store
from integrates.db_model.testing.scene import address_of

HANA: Final = address_of("hana")
GROUP: Final = 'groupName: "webshop"'
ENDINGS: Final = {
    "lower role": ("greta", f'updateGroupMember({GROUP}, email: "{HANA}", role: USER)'),
    "other role": ("greta", f'updateGroupMember({GROUP}, email: "{HANA}", role: REVIEWER)'),
    "member": ("greta", f'removeGroupMember({GROUP}, email: "{HANA}")'),
    "leaving": ("hana", f'removeGroupMember({GROUP}, email: "{HANA}")'),
    "member of the organization": ("olga", f'removeOrganizationMember(organizationId: $organization, email: "{HANA}")'),
    "person": ("ada", f'removeStakeholder(email: "{HANA}")'),
    "the caller": ("hana", "removeMe"),
    "group": ("olga", 'removeGroup(name: "webshop", reason: MISTAKE)'),
    "token": ("hana", "revokeAccessToken(id: $token)"),
}
"""Who ends what a hacker may, and how."""
CI_ENDINGS: Final = {
    "group": ENDINGS["group"],
    "token": ("greta", f"revokeForcesToken({GROUP})"),
    "another token": ("greta", f"issueForcesToken({GROUP})"),
}
"""Who ends what the CI identity may, and how."""
TOKEN: Final = 'mutation { addAccessToken(name: "nightly", expiresAt: "2026-06-01T00:00:00Z") { token { id } } }'
NEXT: Final = '{ group(name: "webshop") { permissions } }'
HACKER_ALONE: Final = "finding:update"
CHUNK, RESULTS, MIDDLE = 100, 100, 5
"""How many changes a transaction of the import may have, how many results it has, and the write before which something ends."""


async def end(world: World, who: str, mutation: str, token: str) -> None:
    """Let somebody end something."""
    given = {"organization": world.aurora.organization.id, "token": token}
    named = ", ".join(f"${name}: ID!" for name in given if f"${name}" in mutation)
    query = f"mutation {f'({named})' if named else ''} {{ x: {mutation} {{ errors {{ code reason }} }} }}"
    used = {name: value for name, value in given.items() if f"${name}" in mutation}
    assert await world.data(who, query, **used) == {"x": {"errors": []}}


async def hana(world: World) -> Actor:
    """Return somebody who may import, with a token."""
    made = (await world.data("hana", TOKEN))["addAccessToken"]["token"]["id"]
    return Actor(HANA, Means.API_TOKEN, made)


async def robot(world: World) -> Actor:
    """Return the CI identity, with its token."""
    return Actor(ci_identity("webshop"), Means.CI_TOKEN, await token_of(world, "webshop"))


CASES: Final = [
    *(pytest.param(hana, ending, id=f"hacker: {name}") for name, ending in ENDINGS.items()),
    *(pytest.param(robot, ending, id=f"CI: {name}") for name, ending in CI_ENDINGS.items()),
]


def intruded(world: World, who: str, mutation: str, token: str) -> Store:
    """Return the store as the import sees it: with small chunks, and with an ending before one in the middle."""
    return replace(beaten(world, lambda: end(world, who, mutation, token), MIDDLE), max_changes=CHUNK)


async def imported(world: World, who: Actor, store: Store) -> Running:
    """Import a file of several chunks as somebody, as far as that goes; return what is stored of the import."""
    content = sarif(*((f"r{number % 3}", f"app/{number}.py", 1) for number in range(RESULTS)))
    given = {"root": world.aurora.root.id, "file": in_memory("scan.sarif", content)}
    call = replace(world.call("hana", store=store), actor=who)
    await execute(world.api, {"query": IMPORT, "variables": given}, call)
    query = listing(IMPORTS.name, "imports_of_group", {"group_name": "webshop"})
    (stored,) = await read.everything(world.store, IMPORTS, query)
    found = await imports.find(world.store, stored.id)
    assert found is not None
    return found


@pytest.mark.parametrize(("caller", "ending"), CASES)
async def test_an_import_ends_with_what_let_its_caller_in(world: World, caller: Any, ending: tuple[str, str]) -> None:
    who = await caller(world)
    found = await imported(world, who, intruded(world, *ending, who.token_id))
    assert (found.record.state.status, found.record.state.reason) == ("FAILED", "not_allowed")
    assert 0 < found.progress.counts.created < RESULTS, "done chunks stay, and no other is begun"


@pytest.mark.parametrize("caller", [hana, robot])
async def test_what_is_left_alone_goes_on(world: World, caller: Any) -> None:
    who = await caller(world)
    ending = ("greta", f'removeGroupMember({GROUP}, email: "{address_of("vera")}")')
    found = await imported(world, who, intruded(world, *ending, who.token_id))
    assert (found.record.state.status, found.progress.counts.created) == ("COMPLETED", RESULTS)


ROLES: Final = {name: ending for name, ending in ENDINGS.items() if name != "token"}
"""What ends at the API; who comes with a token that was revoked never gets that far."""


@pytest.mark.parametrize("ending", ROLES.values(), ids=ROLES)
async def test_the_next_request_is_another_persons(world: World, ending: tuple[str, str]) -> None:
    assert HACKER_ALONE in (await world.data("hana", NEXT))["group"]["permissions"]
    await end(world, *ending, "")
    query = 'mutation ($id: ID!) { x: updateFinding(id: $id, threat: "New") { errors { code } } }'
    (error,) = (await world.data("hana", query, id=world.aurora.finding.id))["x"]["errors"]
    found = (await world.data("hana", NEXT))["group"]
    assert error["code"] == ("FORBIDDEN" if found else "NOT_FOUND")
    assert found is None or HACKER_ALONE not in found["permissions"]
