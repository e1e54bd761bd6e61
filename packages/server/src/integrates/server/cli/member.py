"""``integrates member``: who has which role in an organization or a group."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
import typer
from msgspec.structs import replace

from integrates.db_model import access
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.rules import GRANTABLE, is_ci
from integrates.db_model.access.types import (
    AccessStatus,
    GroupAccess,
    GroupGrant,
    GroupRole,
    OrganizationAccess,
    OrganizationRole,
)
from integrates.db_model.entity import read
from integrates.db_model.entity.listing import listing
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import person_text
from integrates.server.cli.operate import (
    JsonOption,
    known_group,
    known_organization,
    known_person,
    missing,
    only_one,
    operated,
    show,
    stamp,
)
from integrates.server.cli.option import StoreOption, new_commands
from integrates.server.settings import BadSetting

COMMANDS = new_commands("member", "Members of organizations and groups: grant, revoke, list.")
"""The commands ``integrates member …``."""
_ROLES: Final = f"In a group {', '.join(GRANTABLE)}; in an organization {', '.join(OrganizationRole)}."
EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail of the person, who must be known.")]
GroupOption = Annotated[str | None, typer.Option("--group", metavar="NAME", show_default=False, help="The group.")]
OrganizationOption = Annotated[
    str | None, typer.Option("--organization", metavar="NAME", show_default=False, help="The organization, by name or id.")
]


class Where(StrEnum):
    """What somebody is a member of."""

    GROUP = "group"
    ORGANIZATION = "organization"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A membership as a command tells of it; ``role`` is the one offered where the person is only invited."""

    email: str
    of: Where
    name: str
    role: str | None
    state: str
    responsibility: str | None = None


def _row(found: OrganizationAccess | GroupAccess, of: Where, name: str) -> Row:
    offered = found.invitation.role if found.invitation else None
    return Row(
        email=found.email,
        of=of,
        name=name,
        role=found.access.role or offered,
        state=found.state.status.value,
        responsibility=found.access.responsibility if isinstance(found, GroupAccess) else None,
    )


def _line(told: Row) -> str:
    return f"{told.email}  {told.role} of {told.name}{'' if told.state == 'ACTIVE' else f', {told.state.lower()}'}"


@COMMANDS.command("grant")
def grant_role(
    context: typer.Context,
    email: EmailArgument,
    role: Annotated[str, typer.Argument(metavar="ROLE", help=_ROLES)],
    group: GroupOption = None,
    organization: OrganizationOption = None,
    responsibility: Annotated[
        str | None, typer.Option(metavar="TEXT", show_default=False, help="What the person answers for in the group.")
    ] = None,
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Give a person a role in a group or an organization, in place of an invitation or another role.

    Who becomes a member of a group becomes a user of its organization, too, unless they have a role there.

    \b
    integrates member grant you@example.com hacker --group shop
    integrates member grant me@example.com organization_manager --organization acme
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are

    async def work(opened: Store) -> Row:
        of, name = only_one(group=group, organization=organization)
        person, made = await known_person(opened, email), stamp("command_member_grant")
        if of == Where.ORGANIZATION:
            if responsibility is not None:
                raise BadSetting("responsibility", "only members of a group have one")
            found = await known_organization(opened, name)
            wanted = OrganizationRole(_checked_role(role, tuple(OrganizationRole)))
            granted = await access.grant_in_organization(opened, person.email, found.id, wanted, made)
            return _row(granted, Where.ORGANIZATION, found.info.name)
        known = await known_group(opened, name)
        words = None if responsibility is None else person_text(responsibility, ("responsibility",))
        grant = GroupGrant(role=GroupRole(_checked_role(role, GRANTABLE)), responsibility=words)
        return _row(await access.grant_in_group(opened, person.email, known, grant, made), Where.GROUP, known.name)

    show((operated(context, store, work),), as_json=as_json, line=_line)


def _checked_role(role: str, roles: tuple[str, ...]) -> str:
    if role.lower() not in roles:
        raise missing("ROLE", role, roles)
    return role.lower()


@COMMANDS.command("revoke")
def revoke_role(
    context: typer.Context,
    email: EmailArgument,
    group: GroupOption = None,
    organization: OrganizationOption = None,
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Take a person's access to a group, or to an organization with all its groups, away; an invitation too.

    An organization keeps at least one manager.

    \b
    integrates member revoke you@example.com --group shop
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are

    async def work(opened: Store) -> Row:
        of, name = only_one(group=group, organization=organization)
        person, made = await known_person(opened, email), stamp("command_member_revoke")
        if of == Where.ORGANIZATION:
            found = await known_organization(opened, name)
            member = await read.get(opened, ORGANIZATION_ACCESS, organization_access_key(person.email, found.id))
            told = _former(member, person.email, Where.ORGANIZATION, found.info.name)
            await access.leave_organization(opened, person.email, found.id, made)
            return told
        known = await known_group(opened, name)
        joined = await read.get(opened, GROUP_ACCESS, group_access_key(person.email, known.name))
        told = _former(joined, person.email, Where.GROUP, known.name)
        await access.leave_group(opened, person.email, known.name, made)
        return told

    show((operated(context, store, work),), as_json=as_json, line=_line)


def _former(held: OrganizationAccess | GroupAccess | None, email: str, of: Where, name: str) -> Row:
    """Return the membership that is about to be taken away. Raise ``BadSetting`` when there is none."""
    if held is None:
        raise BadSetting("EMAIL", f"{email} is no member of {name}")
    return replace(_row(held, of, name), state=AccessStatus.REMOVED.value)


@COMMANDS.command("list")
def list_members(
    context: typer.Context,
    group: GroupOption = None,
    organization: OrganizationOption = None,
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """List the members of a group or an organization by e-mail, those who are only invited too.

    \b
    integrates member list --group shop
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are

    async def work(opened: Store) -> list[Row]:
        of, name = only_one(group=group, organization=organization)
        if of == Where.ORGANIZATION:
            found = await known_organization(opened, name)
            query = listing(ORGANIZATION_ACCESS.name, "members_of_organization", {"organization_id": found.id})
            members = await read.everything(opened, ORGANIZATION_ACCESS, query)
            return [_row(one, Where.ORGANIZATION, found.info.name) for one in members]
        known = await known_group(opened, name)
        query = listing(GROUP_ACCESS.name, "members_of_group", {"group_name": known.name})
        joined = await read.everything(opened, GROUP_ACCESS, query)
        return [_row(one, Where.GROUP, known.name) for one in joined if not is_ci(one.email)]

    show(operated(context, store, work), as_json=as_json, line=_line)
