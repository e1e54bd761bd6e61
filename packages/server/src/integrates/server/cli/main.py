"""The command line ``integrates``: what stands before a verb, and the help; the verbs are in :mod:`.verb`."""

import sys
import traceback
from typing import Annotated, Final

import typer

from integrates.server.cli.option import StoreOption
from integrates.server.cli.verb import Verbs
from integrates.server.version import version

NOT_DONE: Final = 2
"""The exit code of what could not be done."""


def main() -> None:
    """Run the command.

    An error that nobody foresaw shows its traceback, with exit code 2: 1 is the answer of a command that decides.
    """
    try:
        new_command()(prog_name="integrates")
    except Exception:  # noqa: BLE001 -- whatever it is, the exit code of the interpreter would be 1
        traceback.print_exc()
        sys.exit(NOT_DONE)


def new_command() -> typer.Typer:
    """Return the whole command line, whose verbs are loaded when they are called."""
    command = typer.Typer(
        name="integrates",
        cls=Verbs,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    command.callback()(_before)
    return command


def _show_version(wanted: bool) -> None:  # noqa: FBT001 -- Typer calls it with the value of the flag
    if wanted:
        typer.echo(f"integrates {version()}")
        raise typer.Exit


def _before(
    context: typer.Context,
    store: StoreOption = None,
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Integrates: vulnerability management with one GraphQL endpoint.

    \b
    integrates serve --demo            try it: http://localhost:8001, with demo people
    integrates login URL               keep a token for a service, for the commands below
    integrates import FILE …           import reports of scanners
    integrates gate --group NAME       decide whether a build passes
    integrates person add EMAIL        let a person log in
    integrates member grant EMAIL …    give them a role in a group or an organization
    integrates token EMAIL             print an API token of a person
    integrates check                   compare counters and the like with the entities
    integrates COMMAND --help          what a command does, with examples

    What cannot be done ends a command with one line that explains it, and exit code 2.
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    context.obj = {"store": store}
