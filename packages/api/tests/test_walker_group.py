"""Walks every query and mutation about another group of the same organization, and about the own one in every role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from docs.matrix import needed
from msgspec.structs import replace
from packages.api.tests.conftest import ROLES, stamping
from packages.api.tests.test_walker import MUTATIONS, QUERIES, answered, ids_of, no_ids, run_of, token_of

from integrates.api.authorization.actor import Actor, Means
from integrates.api.authorization.permissions import Roles, acting, permissions_of
from integrates.db_model import access
from integrates.db_model.access.commands import group_guest
from integrates.db_model.access.invitation import new_invitation
from integrates.db_model.access.rules import ci_identity
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import address_of

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

OTHER: Final = "kiosk"
ABOVE: Final = ("$organization:", "$organizationName:", "$policy:")
"""What is not of a group: who is in one group of an organization sees these in the other."""
WITHIN: Final = {name: text for name, text in {**QUERIES, **MUTATIONS}.items() if not any(one in text for one in ABOVE)}
ERRORS: Final = "errors { code reason path }"
BESIDE: Final = {
    "imports": """query ($root: ID!) { group(name: "webshop") { imports(rootId: $root, first: 1) {
      nodes { id root { id } } pageInfo { hasNextPage endCursor } } } }""",
    "filter": """query ($root: ID!) { group(name: "webshop") { vulnerabilities(filter: {rootId: $root}, first: 1) {
      nodes { id } pageInfo { hasNextPage endCursor } } } }""",
    "assigned": f"""mutation ($own: ID!, $member: String!) {{ updateVulnerabilitiesTreatment(items: [{{id: $own}}],
      treatment: IN_PROGRESS, justification: "For the walker.", assigned: $member) {{ {ERRORS} }} }}""",
    **{
        f"comment on {kind}": f"""mutation ($comment: ID!) {{ {mutation}, content: "Hello", parentId: $comment) {{
      {ERRORS} }} }}"""
        for kind, mutation in {
            "finding": 'addFindingComment(findingId: "%s", type: CONSULT',
            "event": 'addEventComment(eventId: "%s"',
            "group": 'addGroupComment(groupName: "%s"',
        }.items()
    },
    "nickname": f"""mutation ($nickname: String!, $file: Upload!) {{
      compareScan(groupName: "webshop", rootNickname: $nickname, file: $file) {{ {ERRORS} }} }}""",
}
"""What names something beside the own group, or in it."""
OF_OTHERS: Final = {"removeGroupMember": "member:grant", "removeOrganizationMember": "organization_member:grant"}
"""What mutations need of who does not leave, but takes somebody else's access away."""


def person(name: str) -> Actor:
    return Actor(address_of(name), Means.SESSION)


def ci_of(group: str) -> Actor:
    return Actor(ci_identity(group), Means.CI_TOKEN)


async def sibling(world: World) -> dict[str, Any]:
    """Store another group of the organization of ``webshop`` with something of everything; return the ids."""
    store, stamp = world.store, stamping()
    await scene.add_person(store, address_of("kira"), stamp)
    group = await scene.add_group(store, OTHER, stamp, organization=world.aurora.organization.info.name)
    await scene.add_member(store, group, address_of("kira"), GroupRole.GROUP_MANAGER, stamp)
    root = await scene.add_root(store, group, OTHER, stamp, url=f"https://git.example/{OTHER}", branch="main")
    finding = await scene.add_finding(store, group, OTHER, stamp, score="7.5", title=f"Injection {OTHER}")
    tenant = replace(
        world.aurora,
        group=group,
        root=root,
        finding=finding,
        vulnerable=await scene.add_vulnerability(store, finding, root, "src/kiosk.py", stamp),
        environment=await scene.add_environment_url(store, root, "https://kiosk.example", stamp),
        event=await scene.add_event(store, group, f"Event {OTHER}", stamp),
    )
    ids = ids_of(tenant, await run_of(world, "kira", tenant))
    return {**ids, "member": address_of("kira"), "token": await token_of(world, OTHER)}


async def outsiders(world: World) -> dict[str, Actor]:
    """Store somebody who is invited to the other group, and somebody who was a member of it; return who does not see it."""
    for name in ("nina", "rosa"):
        await scene.add_person(world.store, address_of(name), stamping())
    stamp = world.stamp()
    invitation = new_invitation(GroupRole.GROUP_MANAGER.value, "1" * 64, stamp)
    await access.add_to_group(world.store, group_guest(address_of("nina"), OTHER, invitation, stamp), stamp)
    group = replace(world.aurora.group, info=replace(world.aurora.group.info, name=OTHER))
    await scene.add_member(world.store, group, address_of("rosa"), GroupRole.GROUP_MANAGER, stamping())
    await access.leave_group(world.store, address_of("rosa"), OTHER, world.stamp())
    people = {name: person(name) for name in (*ROLES, "otto", "nina", "rosa", "greta2")}
    return {**people, "CI": ci_of("webshop")}


async def test_another_group_of_the_organization_looks_like_nothing_and_costs_as_much(
    world: World, record_property: Any
) -> None:
    theirs, nothing = await sibling(world), no_ids()
    await token_of(world, "webshop")
    compared = 0
    for name, who in (await outsiders(world)).items():
        for label, query in WITHIN.items():
            seen, missing = [await answered(world, who, query, ids) for ids in (theirs, nothing)]
            assert seen == missing, (name, label)
            compared += 1
    record_property("answers compared", compared)
    assert compared >= 11 * len(WITHIN) > 500
    kira = await answered(world, person("kira"), QUERIES["vulnerability"], theirs)
    assert kira[0].body["data"] == {"vulnerability": {"id": theirs["vulnerability"]}}, "who is in the group sees it"


@pytest.mark.parametrize("label", BESIDE)
async def test_what_is_named_beside_the_own_group_looks_like_nothing_and_costs_as_much(world: World, label: str) -> None:
    query, own = BESIDE[label], {"finding": world.aurora.finding.id, "event": world.aurora.event.id, "group": "webshop"}
    query = query.replace("%s", own.get(label.removeprefix("comment on "), ""))
    comments = [
        await scene.add_comment(world.store, world.harbor.finding, "on a finding", stamping()),
        await scene.add_comment(world.store, world.harbor.group, "on a group", stamping()),
    ]
    foreign = {**await sibling(world), "comment": comments[0].id, "nickname": OTHER}
    others = {**ids_of(world.harbor, await run_of(world, "ada", world.harbor)), "comment": comments[1].id, "nickname": "cargo"}
    nothing = {**no_ids(), "comment": no_ids()["root"], "nickname": "nothing"}
    for name in ("greta", "hana", "vera"):
        alike = [
            await answered(world, person(name), query, {**ids, "own": world.aurora.vulnerable.id})
            for ids in (nothing, foreign, others)
        ]
        assert alike[0] == alike[1] == alike[2], name


def permission_of(world: World, mutation: str) -> str:
    """Return the permission that the schema asks for."""
    assert world.api.schema.mutation_type is not None
    node = world.api.schema.mutation_type.fields[mutation].ast_node
    assert node is not None
    (asked,) = (name for name, is_whole in needed(node) if is_whole)
    return OF_OTHERS.get(mutation, asked)


def roles() -> dict[str, tuple[Actor, frozenset[str]]]:
    """Return who has which permissions about ``webshop``, its organization and the platform."""
    of_person, of_organization = Roles(platform=PlatformRole.USER), OrganizationRole
    given = {
        "ada": Roles(platform=PlatformRole.ADMIN),
        "olga": replace(of_person, organization=of_organization.ORGANIZATION_MANAGER),
        **{name: replace(of_person, organization=of_organization.USER, group=role) for name, role in ROLES.items()},
    }
    people = {name: (person(name), frozenset(permissions_of(acting(each)))) for name, each in given.items()}
    ci = permissions_of(acting(Roles(group=GroupRole.SERVICE_FORCES)))
    return {**people, "CI": (ci_of("webshop"), frozenset(ci))}


OWN_TOKENS: Final = {"revokeAccessToken"}
"""Mutations about what is the caller's alone, whatever the role."""


@pytest.mark.parametrize("mutation", sorted(MUTATIONS.keys() - OWN_TOKENS))
async def test_in_the_own_group_roles_decide_and_nothing_else(world: World, mutation: str) -> None:
    needed = permission_of(world, mutation)
    run, token = await run_of(world, "ada", world.aurora), await token_of(world, "webshop")
    ids = {**ids_of(world.aurora, run), "member": address_of("greta"), "token": token}
    able = []
    for name, (who, permissions) in roles().items():
        if needed in permissions:
            able.append(who)
        may_leave = mutation in OF_OTHERS and who.email == ids["member"]
        if needed in permissions or may_leave:
            continue
        body = (await answered(world, who, MUTATIONS[mutation], ids))[0].body
        (payload,) = body["data"].values()
        (error,) = payload.pop("errors")
        assert set(payload.values()) <= {None}, (name, body)
        is_seen = "$event:" not in MUTATIONS[mutation] or "event:read" in permissions
        is_above = who.means is Means.CI_TOKEN and any(one in MUTATIONS[mutation] for one in ABOVE)
        expected = "MISSING_PERMISSION" if is_seen and not is_above else "NOT_FOUND"
        assert error["reason"] == expected, (name, error)
    (payload,) = (await answered(world, able[-1], MUTATIONS[mutation], ids))[0].body["data"].values()
    assert not {"MISSING_PERMISSION", "NOT_FOUND"} & {error["reason"] for error in payload["errors"]}
    assert able[0].email == address_of("ada") or needed == "forces:execute"
