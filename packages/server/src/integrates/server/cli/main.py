"""The command line ``integrates``: verbs, and groups of verbs about people, members, organizations, groups and keys."""

from typing import Annotated

import typer

from integrates.server.cli import group, keys, member, organization, person
from integrates.server.cli.check import check
from integrates.server.cli.clean import clean
from integrates.server.cli.demo import demo
from integrates.server.cli.expire import expire
from integrates.server.cli.option import StoreOption
from integrates.server.cli.serve import serve
from integrates.server.cli.token import token
from integrates.server.version import version


def main() -> None:
    """Run the command."""
    new_command()(prog_name="integrates")


def new_command() -> typer.Typer:
    """Return the whole command line."""
    command = typer.Typer(
        name="integrates",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    command.callback()(_before)
    for verb in (serve, demo, expire, clean, token, check):
        command.command()(verb)
    for commands in (person.COMMANDS, member.COMMANDS, organization.COMMANDS, group.COMMANDS, keys.COMMANDS):
        command.add_typer(commands)
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
    integrates person add EMAIL        let a person log in
    integrates member grant EMAIL …    give them a role in a group or an organization
    integrates token EMAIL             print an API token of a person
    integrates check                   compare counters and the like with the entities
    integrates COMMAND --help          what a command does, with examples

    A wrong setting ends a command with one line that explains it, and exit code 2.
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    context.obj = {"store": store}
