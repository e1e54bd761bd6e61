"""``integrates organization``: the organizations of the platform."""

from typing import Annotated

import msgspec
import typer

from integrates.db_model.organizations import commands
from integrates.db_model.organizations.rules import ARGUMENTS
from integrates.db_model.organizations.types import Organization
from integrates.db_model.store.port import Store
from integrates.db_model.values.check import checked
from integrates.server.cli.operate import JsonOption, known_person, operated, organizations, show, stamp
from integrates.server.cli.option import StoreOption, new_commands
from integrates.server.process import clock

COMMANDS = new_commands("organization", "Organizations: add, list.")
"""The commands ``integrates organization …``."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An organization as a command tells of it."""

    id: str
    name: str
    country: str | None


def _row(found: Organization) -> Row:
    return Row(id=found.id, name=found.info.name, country=found.info.country)


def _line(told: Row) -> str:
    return f"{told.name}  {told.id}{f'  {told.country}' if told.country else ''}"


@COMMANDS.command("add")
def add_organization(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="4 to 40 of a-z, 0-9 and -, beginning with a letter.")],
    manager: Annotated[str, typer.Option(metavar="EMAIL", help="Its first manager, who must be known.")],
    country: Annotated[str | None, typer.Option(metavar="CC", show_default=False, help="Country, as CO.")] = None,
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Add an organization with its first manager.

    \b
    integrates organization add acme --manager me@example.com --country CO
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are

    async def work(opened: Store) -> Organization:
        person, made = await known_person(opened, manager, "manager"), stamp("command_organization_add")
        info = checked(ARGUMENTS, {"name": name, **({"country": country} if country else {})})
        return await commands.add(opened, commands.new_organization(clock.new_id(), info, made), person.email, made)

    show((_row(operated(context, store, work)),), as_json=as_json, line=_line)


@COMMANDS.command("list")
def list_organizations(context: typer.Context, *, as_json: JsonOption = False, store: StoreOption = None) -> None:
    """List organizations by name.

    \b
    integrates organization list --json
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    show(map(_row, operated(context, store, organizations)), as_json=as_json, line=_line)
