"""``integrates person``: the people whom the store knows, and what it keeps about them."""

import secrets
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace

from integrates.db_model import stakeholders
from integrates.db_model.entity import read
from integrates.db_model.erasure.commands import Erased, erase, erasure_claim
from integrates.db_model.erasure.disclosure import Disclosure, disclosed
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import PlatformRole, Stakeholder, StakeholderInfo
from integrates.db_model.store.port import Store
from integrates.db_model.values.text import person_text
from integrates.server.cli.operate import (
    JsonOption,
    all_people,
    checked_email,
    known_person,
    operated,
    show,
    stamp,
)
from integrates.server.cli.option import StoreOption, new_commands
from integrates.server.settings import BadSetting

COMMANDS = new_commands("person", "People: add, remove, list; what is kept about them: export, erase.")
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


@COMMANDS.command("remove")
def remove_person(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail of the person.")],
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Remove a person with their session, tokens and accesses; what they did stays theirs.

    The last manager of an organization stays. What was cut off is finished by the same command.

    \b
    integrates person remove you@example.com
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are

    async def work(opened: Store) -> Stakeholder:
        person = await known_person(opened, email)
        return await stakeholders.remove(opened, person.email, stamp("command_person_remove"))

    show((row(operated(context, store, work)),), as_json=as_json, line=lambda told: f"{told.email}  removed")


@COMMANDS.command("export")
def export_person(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail of the person, who may have been removed.")],
    *,
    store: StoreOption = None,
) -> None:
    """Print all that is kept about a person as JSON, for when they ask for it.

    Record, memberships, tokens without their secrets, comments, sessions and the last login are told as they are stored; of all
    else the places that name the person, and the changes that they made.

    \b
    integrates person export you@example.com > you.json
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are

    async def work(opened: Store) -> Disclosure:
        return await disclosed(opened, await ever_known(opened, email))

    typer.echo(msgspec.json.format(msgspec.json.encode(operated(context, store, work)), indent=2).decode())


@COMMANDS.command("erase")
def erase_person(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail of the person, who may have been removed.")],
    *,
    sure: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Put a pseudonym in the place of a person's e-mail in everything that is stored, histories too, and drop their names.

    Who was not removed yet is removed first; the last manager of an organization stays. It cannot be undone. What was cut off
    is finished by the same command. It prints the pseudonym.

    \b
    integrates person export you@example.com > you.json
    integrates person erase you@example.com
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    if not sure:
        typer.confirm(f"Nobody will be able to tell what {email} did. Go on?", abort=True, err=True)

    async def work(opened: Store) -> Erased:
        return await erase(opened, await ever_known(opened, email), stamp("command_person_erase"), secrets.token_hex(10))

    show((operated(context, store, work),), as_json=as_json, line=lambda told: told.pseudonym)


async def ever_known(store: Store, email: str) -> str:
    """Return the e-mail of somebody who is or was known, or is half erased. Raise ``BadSetting`` for anybody else."""
    wanted = checked_email(email)
    found = await store.get((stakeholder_key(wanted), erasure_claim(wanted)))
    return wanted if any(found) else (await known_person(store, wanted)).email
