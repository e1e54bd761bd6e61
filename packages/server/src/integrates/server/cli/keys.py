"""``integrates keys``: the secrets of the installation, of which tokens and invitations are signed with the first."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from integrates.db_model.values.instant import instant_text
from integrates.server.auth.secret import VARIABLE, Secret, derive, new_secret, read_secrets, rotate_file, rotated, secrets_in
from integrates.server.cli.failure import explained
from integrates.server.cli.operate import JsonOption, show
from integrates.server.cli.option import StoreOption, lasting_settings, new_commands
from integrates.server.process import clock
from integrates.server.process.location import database_file, key_file
from integrates.server.settings import BadSetting, Settings

COMMANDS = new_commands("keys", "Keys that sign tokens and invitations: list, rotate.")
"""The commands ``integrates keys …``."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A key as a command tells of it, which is by its name, never by its secret."""

    id: str
    signs: bool
    until: str | None


def _rows(found: Sequence[Secret], now: datetime) -> list[Row]:
    return [
        Row(id=derive(one.value).token_id, signs=number == 0, until=instant_text(one.until) if one.until else None)
        for number, one in enumerate(found)
        if one.until is None or now < one.until
    ]


def _line(told: Row) -> str:
    if told.signs:
        return f"{told.id}  signs"
    return f"{told.id}  verifies {f'until {told.until[:10]}' if told.until else f'as long as {VARIABLE} has it'}"


def _file(settings: Settings) -> Path | None:
    """Return the file of the secrets; ``None`` when the variable has them. Raise ``BadSetting`` when there is neither."""
    if VARIABLE in os.environ:
        return None
    database, file = database_file(settings.store), key_file(settings.store)
    if database is None or file is None:
        raise BadSetting(VARIABLE, "is not set, and this store has no file of its own for secrets")
    if not database.exists() or not file.exists():
        raise BadSetting("store", f"there is no store with a secret in {database}; `integrates serve` makes one")
    return file


@COMMANDS.command("list")
def list_keys(context: typer.Context, *, as_json: JsonOption = False, store: StoreOption = None) -> None:
    """List the keys of the installation by their names, as tokens have them in `kid`: the first one signs.

    \b
    integrates keys list --store sqlite:////var/lib/integrates/store.db
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        file = _file(lasting_settings(context, store))
        found = read_secrets(os.environ, None) if file is None else secrets_in(file)
        show(_rows(found, clock.now()), as_json=as_json, line=_line)


@COMMANDS.command("rotate")
def rotate_keys(
    context: typer.Context,
    *,
    forget: Annotated[
        bool,
        typer.Option(
            "--forget",
            help="Forget the former keys: what was signed with them is refused at once. For a secret that leaked.",
        ),
    ] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Sign with a new key from now on; the former keys verify until the last tokens signed with them have expired.

    Of an embedded store the file of the secrets is changed, and running services notice at once. Where INTEGRATES_SECRET has
    the secrets, its new value is printed: give it to all processes. Lists that are being walked begin anew.

    \b
    integrates keys rotate --store sqlite:////var/lib/integrates/store.db
    export INTEGRATES_SECRET="$(integrates keys rotate)"
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        now, file = clock.now(), _file(lasting_settings(context, store))
        if file is not None:
            show(_rows(rotate_file(file, now, forget=forget), now), as_json=as_json, line=_line)
            return
        made = rotated([*read_secrets(os.environ, None)], new_secret(), now, forget=forget)
        value = " ".join(one.value.decode(errors="surrogateescape") for one in made)
        typer.echo(msgspec.json.encode({VARIABLE: value}).decode() if as_json else value)
