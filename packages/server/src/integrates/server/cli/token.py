"""``integrates token``: make an API token directly in the store."""

import asyncio
import os
from contextlib import suppress
from datetime import timedelta
from typing import Annotated

import typer

from integrates.db_model.entity.read import get
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, NotFound, Rejected
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Store
from integrates.db_model.tokens import commands as tokens
from integrates.db_model.tokens.rules import hash_jti, is_usable
from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.values.text import person_text
from integrates.server.auth.token import new_jti, sign_token
from integrates.server.cli.failure import explained
from integrates.server.cli.operate import checked_email
from integrates.server.cli.option import StoreOption, settings_of
from integrates.server.process import clock
from integrates.server.process.admins import appoint
from integrates.server.process.open import Installation, open_installation
from integrates.server.settings import BadSetting, admins_of

MAX_DAYS = 179


def token(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose token it is.")],
    name: Annotated[str | None, typer.Option(help="Name of the token. [default: the time]", show_default=False)] = None,
    days: Annotated[int, typer.Option(min=1, max=MAX_DAYS, help="Days until it expires.")] = 30,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Revoke the person's oldest token when there are five.")] = False,
    store: StoreOption = None,
) -> None:
    """Print a new API token of a person.

    It works directly on the store, which the service may be using, and needs the secret of the installation: the file beside
    an embedded store, or INTEGRATES_SECRET. Only the token goes to standard output.

    \b
    integrates token ada@demo.example --store sqlite:///integrates-demo/store.db
    TOKEN=$(integrates token me@example.com --days 7 --name laptop)
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        settings = settings_of(context, {"store": store})

        async def printed() -> str:
            async with open_installation(settings, os.environ) as installation:
                await appoint(installation.store, admins_of(settings.admins), clock.now(), clock.new_id())
                return await issued(installation, email.lower(), name, days, replace=replace)

        typer.echo(asyncio.run(printed()))


async def issued(installation: Installation, email: str, name: str | None, days: int, *, replace: bool) -> str:
    """Return the text of a new token.

    Raise :class:`BadSetting` for an unknown person, a bad or taken name, or too many tokens.
    """
    at, owner = clock.now(), await _existing(installation.store, email)
    stamp = Stamp(by=owner, at=at, operation="command_token", change_id=clock.new_id())
    called = _checked_name(name or f"command line {at:%Y-%m-%d %H:%M:%S.%f}")
    identity = clock.new_id()
    jti = new_jti(identity)
    made = tokens.new_token(identity, called, at + timedelta(days=days), hash_jti(jti), stamp)
    return sign_token(installation.keys, await _stored(installation.store, made, stamp, replace=replace), jti)


async def _stored(store: Store, made: AccessToken, stamp: Stamp, *, replace: bool) -> AccessToken:
    try:
        return await tokens.issue(store, made, stamp)
    except AlreadyExists as error:
        raise BadSetting("name", f"{made.owner} has a token of that name") from error
    except Rejected as error:
        if not replace:
            raise BadSetting("token", f"{made.owner} has five tokens; --replace revokes the oldest") from error
    await _revoke_oldest(store, made.owner, stamp)
    try:
        return await tokens.issue(store, made, stamp)
    except Rejected as error:
        raise BadSetting("token", f"somebody else makes tokens of {made.owner} at the same time; try again") from error


async def _revoke_oldest(store: Store, owner: str, stamp: Stamp) -> None:
    """Revoke the oldest usable token. The list may lag behind: when it shows none, or one that is gone, revoke nothing."""
    usable = [token for token in await tokens.tokens_of(store, owner) if is_usable(token, stamp.at)]
    oldest = min(usable, key=lambda token: token.issued_at, default=None)
    with suppress(NotFound):
        if oldest is not None:
            await tokens.revoke(store, oldest.id, stamp)


async def _existing(store: Store, email: str) -> str:
    person = await get(store, STAKEHOLDER, stakeholder_key(checked_email(email)))
    if person is None:
        raise BadSetting("EMAIL", f"the store knows nobody called {email}; INTEGRATES_ADMINS names the first admins")
    return person.email


def _checked_name(name: str) -> str:
    try:
        return person_text(name, ("name",))
    except Rejected as error:
        raise BadSetting("name", "1 to 50 characters on one line are expected") from error
