"""Options that several commands share."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from integrates.server.process.location import MEMORY
from integrates.server.settings import BadSetting, Settings, read_settings

STORE_HELP = (
    "URL of the store: sqlite:///FILE (sqlite:////FILE with a path from the root), dynamodb://?endpoint=URL&region=NAME, "
    "memory://. Before or after the command. [env: INTEGRATES_STORE; default: sqlite:///integrates.db]"
)
_IN_MEMORY: Final = "what is in memory is that of this command alone, and empty"
StoreOption = Annotated[str | None, typer.Option("--store", metavar="URL", help=STORE_HELP, show_default=False)]


def given(context: typer.Context, store: str | None) -> Mapping[str, str]:
    """Return the store if one was named: after the command, before it, or in the environment."""
    named = store or (context.obj or {}).get("store") or os.environ.get("INTEGRATES_STORE")
    return {"store": named} if named else {}


def settings_of(context: typer.Context, flags: Mapping[str, Any]) -> Settings:
    """Return the settings of a command from its flags, the flags before it, and the environment."""
    own = {name: value for name, value in flags.items() if value is not None}
    return read_settings(os.environ, {**given(context, None), **own})


def lasting_settings(context: typer.Context, store: str | None, *, why: str = _IN_MEMORY) -> Settings:
    """Return the settings of a command on a store that outlives it. Raise ``BadSetting``, which says ``why``, for another."""
    settings = settings_of(context, {"store": store})
    if settings.store.startswith(MEMORY):
        raise BadSetting("store", why)
    return settings


def new_commands(name: str, help_text: str) -> typer.Typer:
    """Return an empty group of commands. The options that set up completion are those of the whole command line."""
    commands = typer.Typer(name=name, help=help_text, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    commands.callback()(lambda: None)  # without one, a single command would be taken for the whole group
    return commands
