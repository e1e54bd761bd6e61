"""``integrates person``: the people whom the store knows."""

from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace

from integrates.db_model.entity import read
from integrates.db_model.stakeholders import commands as stakeholders
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder, StakeholderInfo
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import person_text
from integrates.server.cli.operate import JsonOption, all_people, checked_email, new_commands, operated, show, stamp
from integrates.server.cli.option import StoreOption
from integrates.server.settings import BadSetting

COMMANDS = new_commands("person", "People: add, list.")
"""The commands ``integrates person …``."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A person as a command tells of them."""

    email: str
    role: str
    is_registered: bool
    first_name: str | None
    last_name: str | None


def row(person: Stakeholder) -> Row:
    """Return what is told of a person."""
    return Row(
        email=person.email,
        role=person.access.role.value,
        is_registered=person.access.is_registered,
        first_name=person.info.first_name,
        last_name=person.info.last_name,
    )


def line(told: Row) -> str:
    """Return a person as a line for people."""
    name = " ".join(part for part in (told.first_name, told.last_name) if part)
    return f"{told.email}  {told.role}{'' if told.is_registered else ', has not logged in yet'}{f'  {name}' if name else ''}"


@COMMANDS.command("add")
def add_person(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail, which is the id of the person.")],
    role: Annotated[PlatformRole, typer.Option(help="Role on the whole platform.")] = PlatformRole.USER,
    first_name: Annotated[str | None, typer.Option(metavar="NAME", show_default=False, help="First name.")] = None,
    last_name: Annotated[str | None, typer.Option(metavar="NAME", show_default=False, help="Last name.")] = None,
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Add a person, who may log in from then on.

    A user may do what roles in organizations and groups allow, and found organizations; an admin acts as manager of every
    organization. Who is known already is refused.

    \b
    integrates person add you@example.com
    integrates person add boss@example.com --role admin --first-name Ada
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    names = {"first_name": first_name, "last_name": last_name}

    async def work(opened: Store) -> Stakeholder:
        info = StakeholderInfo(email=checked_email(email))
        given = {name: person_text(text, (name,)) for name, text in names.items() if text is not None}
        known = await read.get(opened, STAKEHOLDER, stakeholder_key(info.email))
        if known is not None:
            raise BadSetting("EMAIL", f"{info.email} is known already, as {known.access.role.value}")
        made = stamp("command_person_add")
        return await stakeholders.add(opened, stakeholders.new_stakeholder(replace(info, **given), role, made), made)

    show((row(operated(context, store, work)),), as_json=as_json, line=line)


@COMMANDS.command("list")
def list_people(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="Only people whose e-mail has this text.")] = "",
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """List people by e-mail.

    \b
    integrates person list
    integrates person list @example.com --json
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    found = operated(context, store, all_people)
    show((row(person) for person in found if text.lower() in person.email), as_json=as_json, line=line)
