"""``integrates token``: a new API token, made directly in the store."""

import asyncio
import os
from datetime import timedelta
from typing import Annotated

import msgspec
import typer

from integrates.db_model.entity import plan as planning
from integrates.db_model.entity import read
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import AlreadyExists, Rejected
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import MAX_PAGE, Query, Store
from integrates.db_model.tokens.change import issue
from integrates.db_model.tokens.facet import ACCESS_TOKEN, access_token_key
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus
from integrates.db_model.values import email as email_rule
from integrates.db_model.values import person_text
from integrates.server import clock
from integrates.server.admin import appoint
from integrates.server.auth.tokens import hash_jti, new_jti, sign_token
from integrates.server.cli.failure import explained
from integrates.server.cli.option import StoreOption, settings_of
from integrates.server.parts import Parts, open_parts
from integrates.server.place import database_file
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
        file = database_file(settings.store)
        if file is not None and not file.exists():
            raise BadSetting("store", f"there is no store in {file}; `integrates serve` makes one")

        async def printed() -> str:
            async with open_parts(settings, os.environ) as parts:
                await appoint(parts.store, admins_of(settings.admins), clock.now(), clock.new_id())
                return await issued(parts, email.lower(), name, days, replace=replace)

        typer.echo(asyncio.run(printed()))


async def issued(parts: Parts, email: str, name: str | None, days: int, *, replace: bool) -> str:
    """The text of a new token. Raises :class:`BadSetting` for an unknown person, a bad or taken name, or too many tokens."""
    at = clock.now()
    fresh = new_jti(clock.new_id())
    made = AccessToken(
        id=fresh.partition(".")[0],
        owner=await _existing(parts.store, email),
        name=_checked_name(name or f"command line {at:%Y-%m-%d %H:%M:%S.%f}"),
        kind=TokenKind.API,
        issued_at=at,
        expires_at=at + timedelta(days=days),
        jti_hash=hash_jti(fresh),
        slot=0,
        state=TokenState(status=TokenStatus.ACTIVE, at=at, by=email),
        created_at=at,
        created_by=email,
    )
    return sign_token(parts.keys, await _stored(parts.store, made, replace=replace), fresh)


async def _stored(store: Store, made: AccessToken, *, replace: bool) -> AccessToken:
    stamp = Stamp(by=made.owner, at=made.issued_at, operation="command_token", change_id=clock.new_id())
    try:
        return await issue(store, made, stamp)
    except AlreadyExists as error:
        raise BadSetting("name", f"{made.owner} has a token of that name") from error
    except Rejected as error:
        if not replace:
            raise BadSetting("token", f"{made.owner} has five tokens; --replace revokes the oldest") from error
    await _revoke_oldest(store, made.owner, stamp)
    return await issue(store, made, stamp)


async def _revoke_oldest(store: Store, owner: str, stamp: Stamp) -> None:
    pattern = Query(pattern="tokens_of_owner", index=1, pk=f"USER#{owner}", limit=MAX_PAGE)
    listed = await read.everything(store, ACCESS_TOKEN, pattern)
    oldest = min(listed, key=lambda token: token.issued_at)
    current = await read.get(store, ACCESS_TOKEN, access_token_key(oldest.id))
    if current is not None:
        revoked = TokenState(status=TokenStatus.REVOKED, at=stamp.at, by=stamp.by)
        plan = planning.changed(ACCESS_TOKEN, current, lambda old, _: msgspec.structs.replace(old, state=revoked), stamp)
        await store.write(plan.changes)


async def _existing(store: Store, email: str) -> str:
    try:
        person = await read.get(store, STAKEHOLDER, stakeholder_key(email_rule(email, ("email",))))
    except Rejected as error:
        raise BadSetting("EMAIL", "this is not an e-mail address") from error
    if person is None:
        raise BadSetting("EMAIL", f"the store knows nobody called {email}; INTEGRATES_ADMINS names the first admins")
    return person.email


def _checked_name(name: str) -> str:
    try:
        return person_text(name, ("name",))
    except Rejected as error:
        raise BadSetting("name", "1 to 50 characters on one line are expected") from error
