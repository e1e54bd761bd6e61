"""What the commands of an operator have in common: the store, who changes it, what there is, and what refusals say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from difflib import get_close_matches
from typing import Annotated, Any, Final, TypeVar

import msgspec
import typer

from integrates.api.refusal import is_refusal, refusals
from integrates.api.resolve.lookup import key_for
from integrates.db_model.entity import claim, read
from integrates.db_model.entity.facet import E, Facet
from integrates.db_model.entity.listing import everywhere
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import IntegratesError, Rejected
from integrates.db_model.groups.commands import names_of_platform
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key, organization_name_key
from integrates.db_model.organizations.types import Organization
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.store.port import Key, Store
from integrates.db_model.values.text import email as email_rule
from integrates.server.cli.failure import explained
from integrates.server.cli.option import lasting_settings
from integrates.server.process import clock
from integrates.server.process.open import open_entities
from integrates.server.settings import BadSetting

OPERATOR: Final = "operator"
"""The actor of what is done by a command on the store."""
MOST_TOLD: Final = 10
"""How many names an error tells of what there is."""
JsonOption = Annotated[bool, typer.Option("--json", help="Print each as a line of JSON.")]

T = TypeVar("T")


def stamp(operation: str) -> Stamp:
    """Return the stamp of a change that an operator makes now by the command of that name."""
    return Stamp(by=OPERATOR, at=clock.now(), operation=operation, change_id=clock.new_id())


def operated(context: typer.Context, store: str | None, work: Callable[[Store], Awaitable[T]]) -> T:
    """Return what ``work`` returns of the store; end the command with a line when it cannot be done."""
    with explained():
        settings = lasting_settings(context, store)

        async def done() -> T:
            async with open_entities(settings) as opened, told():
                return await work(opened)

        return asyncio.run(done())
    raise AssertionError("explained() ends the command")


@asynccontextmanager
async def told() -> AsyncIterator[None]:
    """Turn what the model refuses into the sentences that the API has for it."""
    try:
        yield
    except IntegratesError as error:
        if not is_refusal(error):
            raise
        made = refusals(error)
        name = ".".join(made[0].path) or "refused"
        raise BadSetting(name, " ".join(dict.fromkeys(one.message for one in made))) from error


def show(rows: Iterable[msgspec.Struct], *, as_json: bool, line: Callable[[Any], str]) -> None:
    """Print each row, as JSON or as a line for people."""
    for row in rows:
        typer.echo(msgspec.json.encode(row).decode() if as_json else line(row))


def missing(name: str, wanted: str, known: Iterable[str]) -> BadSetting:
    """Return the error that something does not exist, which tells what is called nearly so, else some of what there is."""
    names = sorted(known)
    near = get_close_matches(wanted, names, n=3)
    if near:
        return BadSetting(name, f"there is no {wanted}; did you mean {' or '.join(near)}?")
    if not names:
        return BadSetting(name, f"there is no {wanted}, nor any other")
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return BadSetting(name, f"there is no {wanted}; there are {', '.join(names[:MOST_TOLD])}{more}")


async def all_people(store: Store) -> tuple[Stakeholder, ...]:
    """Return all people by e-mail."""
    found = await _everywhere(store, STAKEHOLDER, "stakeholders_of_platform")
    return tuple(sorted(found, key=lambda person: person.email))


async def organizations(store: Store) -> tuple[Organization, ...]:
    """Return all organizations by name."""
    found = await _everywhere(store, ORGANIZATION, "organizations_of_platform")
    return tuple(sorted(found, key=lambda one: one.info.name))


async def _everywhere(store: Store, facet: Facet[E], pattern: str) -> list[E]:
    """Return all entities of a list that is spread over shards, in no order."""
    return [one for query in everywhere(facet.name, pattern) for one in await read.everything(store, facet, query)]


async def groups(store: Store) -> tuple[Group, ...]:
    """Return all groups by name."""
    names = sorted([name async for name in names_of_platform(store)])
    found: Sequence[Group | None] = await read.get_many(store, GROUP, [group_key(name) for name in names])
    return tuple(group for group in found if group is not None)


def checked_email(text: str, name: str = "EMAIL") -> str:
    """Return an e-mail in lower case. Raise ``BadSetting`` when it is none."""
    try:
        return email_rule(text, ("email",))
    except Rejected as error:
        raise BadSetting(name, "this is not an e-mail address") from error


async def known_person(store: Store, email: str, name: str = "EMAIL") -> Stakeholder:
    """Return the person of that e-mail. Raise ``BadSetting`` with e-mails that are nearly so when there is none."""
    wanted = checked_email(email, name)
    found = await read.get(store, STAKEHOLDER, stakeholder_key(wanted))
    if found is None:
        raise missing(name, wanted, (person.email for person in await all_people(store)))
    return found


async def known_organization(store: Store, wanted: str) -> Organization:
    """Return the organization of that name or id. Raise ``BadSetting`` with names that are nearly so when there is none."""
    key = key_for(organization_name_key, wanted)
    (item,) = await store.get((key,)) if key else (None,)
    found = await _found(store, ORGANIZATION, organization_key, claim.holder_of(item) or wanted)
    if found is None:
        raise missing("organization", wanted, (one.info.name for one in await organizations(store)))
    return found


async def known_group(store: Store, wanted: str) -> Group:
    """Return the group of that name. Raise ``BadSetting`` with names that are nearly so when there is none."""
    found = await _found(store, GROUP, group_key, wanted)
    if found is None:
        raise missing("group", wanted, (group.name for group in await groups(store)))
    return found


async def _found(store: Store, facet: Facet[E], make: Callable[[str], Key], identity: str) -> E | None:
    """Return one live entity by an id that may be malformed, which is treated as not found."""
    key = key_for(make, identity)
    return await read.get(store, facet, key) if key else None


def only_one(**given: str | None) -> tuple[str, str]:
    """Return the one option that was given, by name and value. Raise ``BadSetting`` for none and for several."""
    found = [(name, value) for name, value in given.items() if value is not None]
    if len(found) != 1:
        options = " and ".join(f"--{name}" for name in given)
        raise BadSetting("options", f"exactly one of {options} is expected")
    return found[0]
