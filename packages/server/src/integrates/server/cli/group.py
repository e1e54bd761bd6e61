"""``integrates group``: the groups of organizations."""

import asyncio
import os
from typing import Annotated

import msgspec
import typer

from integrates.db_model import tokens
from integrates.db_model.groups import commands
from integrates.db_model.groups.types import Group, Language
from integrates.db_model.store.port import Store
from integrates.db_model.tokens.rules import hash_jti
from integrates.server.auth.token import new_jti, sign_token
from integrates.server.cli.failure import explained
from integrates.server.cli.operate import (
    JsonOption,
    groups,
    known_group,
    known_organization,
    operated,
    organizations,
    show,
    stamp,
    told,
)
from integrates.server.cli.option import StoreOption, lasting_settings, new_commands
from integrates.server.process import clock
from integrates.server.process.open import Installation, open_installation

COMMANDS = new_commands("group", "Groups: add, list; token of their CI identity.")
"""The commands ``integrates group …``."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A group as a command tells of it."""

    name: str
    organization: str
    description: str
    language: str


def _row(found: Group, organization: str) -> Row:
    return Row(
        name=found.name, organization=organization, description=found.info.description, language=found.info.language.value
    )


def _line(told: Row) -> str:
    return f"{told.name}  {told.organization}  {told.description}"


@COMMANDS.command("add")
def add_group(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="4 to 40 of a-z, 0-9 and -, beginning with a letter.")],
    organization: Annotated[str, typer.Option(metavar="NAME", help="Organization that it belongs to, by name or id.")],
    description: Annotated[str, typer.Option(metavar="TEXT", help="What it is about, in 1 to 200 characters.")],
    language: Annotated[Language, typer.Option(help="Language of its findings.")] = Language.EN,
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Add a group to an organization. Its name is taken for good.

    \b
    integrates group add shop --organization acme --description "The shop"
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are

    async def work(opened: Store) -> Row:
        owner = await known_organization(opened, organization)
        given = {"name": name, "description": description, "language": language}
        return _row(await commands.create(opened, owner, given, stamp("command_group_add")), owner.info.name)

    show((operated(context, store, work),), as_json=as_json, line=_line)


@COMMANDS.command("list")
def list_groups(
    context: typer.Context,
    organization: Annotated[
        str | None, typer.Option(metavar="NAME", show_default=False, help="Only those of this organization, by name or id.")
    ] = None,
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """List groups by name.

    \b
    integrates group list --organization acme
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are

    async def work(opened: Store) -> list[Row]:
        owners = (await known_organization(opened, organization),) if organization else await organizations(opened)
        names = {owner.id: owner.info.name for owner in owners}
        return [_row(one, names[one.organization_id]) for one in await groups(opened) if one.organization_id in names]

    show(operated(context, store, work), as_json=as_json, line=_line)


@COMMANDS.command("token")
def issue_group_token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the group.")],
    store: StoreOption = None,
) -> None:
    """Print a new CI token of a group, which lives 180 days; the former one is revoked.

    Like `integrates token` it needs the secret of the installation. Only the token goes to standard output.

    \b
    TOKEN=$(integrates group token shop)
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        settings = lasting_settings(context, store)

        async def printed() -> str:
            async with open_installation(settings, os.environ) as installation, told():
                return await issued_to_group(installation, name)

        typer.echo(asyncio.run(printed()))


async def issued_to_group(installation: Installation, name: str) -> str:
    """Return the text of a new CI token of a group. Raise what :func:`known_group` raises for an unknown one."""
    group, identity = await known_group(installation.store, name), clock.new_id()
    jti = new_jti(identity)
    made = stamp("command_group_token")
    token = await tokens.issue_ci_token(installation.store, group.name, made, identity, hash_jti(jti))
    return sign_token(installation.keys, token, jti)
