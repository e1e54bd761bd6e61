"""The verbs of the command line, each loaded when it is called: ``integrates --help`` loads none of them."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from importlib import import_module
from typing import Any, Final

import msgspec
import typer
from typer.core import TyperGroup
from typer.main import get_command


class Kind(Enum):
    """Whom a verb is for, and what it works on; the value is the heading of the help."""

    SERVICE = "Commands on a service, with a token (see `integrates login`)"
    STORE = "Commands of an operator, on the store"


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """A verb: its name, its line of help, and where it is: a function, or a ``Typer`` with verbs of its own."""

    name: str
    kind: Kind
    help: str
    module: str
    attribute: str


class Suggestion(msgspec.Struct, frozen=True):
    """How a word may go on, with the attributes by which Typer writes it for each shell."""

    value: str
    help: str
    type: str = "plain"


def _verb(kind: Kind, name: str, module: str, attribute: str, help_line: str) -> Verb:
    return Verb(name=name, kind=kind, help=help_line, module=f"integrates.server.{module}", attribute=attribute)


VERBS: Final[Sequence[Verb]] = (
    _verb(Kind.SERVICE, "login", "client.login", "login", "Keep a token for a service."),
    _verb(Kind.SERVICE, "logout", "client.login", "logout", "Forget the token of a service."),
    _verb(Kind.SERVICE, "import", "pipeline.upload", "import_scan", "Import reports of scanners into a root."),
    _verb(Kind.SERVICE, "compare", "pipeline.compare", "compare", "Tell what a report would change, storing nothing."),
    _verb(Kind.SERVICE, "decisions", "pipeline.decision", "COMMANDS", "Decisions of others: import them as requests."),
    _verb(Kind.SERVICE, "gate", "pipeline.gate", "gate", "Decide whether a build passes."),
    _verb(Kind.SERVICE, "ls", "client.listing", "COMMANDS", "List groups, roots, findings or vulnerabilities."),
    _verb(
        Kind.SERVICE,
        "show",
        "client.show",
        "show_object",
        "Show a vulnerability, finding, root, event, import or group with its history.",
    ),
    _verb(Kind.SERVICE, "treat", "client.treatment", "treat", "Say what is being done about vulnerabilities."),
    _verb(
        Kind.SERVICE,
        "request-verification",
        "client.treatment",
        "request_verification",
        "Ask to check again whether vulnerabilities are repaired.",
    ),
    _verb(
        Kind.SERVICE,
        "export",
        "client.export",
        "export",
        "Write what a group tells others about its vulnerabilities: OpenVEX, CycloneDX, CSAF, SARIF, CSV or JSON.",
    ),
    _verb(Kind.SERVICE, "api", "client.query", "api", "Send a query or mutation to the API and print the answer as JSON."),
    _verb(Kind.STORE, "serve", "cli.serve", "serve", "Serve the API until a stop signal."),
    _verb(Kind.STORE, "demo", "cli.demo", "demo", "Load the demo data into an empty store."),
    _verb(Kind.STORE, "expire", "cli.expire", "expire", "End the temporary acceptances whose date has come."),
    _verb(
        Kind.STORE,
        "clean",
        "cli.clean",
        "clean",
        "Delete the files that nothing has referred to for 60 days: evidence, and logs of executions.",
    ),
    _verb(Kind.STORE, "token", "cli.token", "token", "Print a new API token of a person."),
    _verb(
        Kind.STORE,
        "check",
        "cli.check",
        "check",
        "Compare counters, claims, index keys and revisions with the entities, and print each difference.",
    ),
    _verb(Kind.STORE, "person", "cli.person", "COMMANDS", "People: add, remove, list; what is kept about them: export, erase."),
    _verb(Kind.STORE, "member", "cli.member", "COMMANDS", "Members of organizations and groups: grant, revoke, list."),
    _verb(Kind.STORE, "organization", "cli.organization", "COMMANDS", "Organizations: add, list."),
    _verb(Kind.STORE, "group", "cli.group", "COMMANDS", "Groups: add, list; token of their CI identity."),
    _verb(Kind.STORE, "snapshots", "cli.snapshots", "COMMANDS", "Figures of groups at the ends of days: rebuild."),
    _verb(Kind.STORE, "keys", "cli.keys", "COMMANDS", "Keys that sign tokens and invitations: list, rotate."),
)
"""All verbs, in the order of the help. A test compares the lines with what the verbs say of themselves."""
_BY_NAME: Final[Mapping[str, Verb]] = {verb.name: verb for verb in VERBS}


def loaded(verb: Verb) -> Any:
    """Return the command of a verb, whose module is imported for it."""
    found: typer.Typer | Callable[..., None] = getattr(import_module(verb.module), verb.attribute)
    if isinstance(found, typer.Typer):
        return get_command(found)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(verb.name)(found)
    return get_command(alone)


class Verbs(TyperGroup):
    """The verbs of the table as a group of commands, as Typer wants to have it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**settings, "commands": dict.fromkeys(_BY_NAME)})  # names alone, for what is nearly one of them

    def list_commands(self, _context: Any) -> list[str]:
        """Return the names of all verbs."""
        return list(_BY_NAME)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- Typer gives it
        """Return the command of that name, ``None`` for an unknown one."""
        verb = _BY_NAME.get(cmd_name)
        return verb and loaded(verb)

    def format_commands(self, _context: Any, formatter: Any) -> None:
        """Write the verbs with their lines of help, those of each kind below its heading."""
        for kind in Kind:
            with formatter.section(kind.value):
                formatter.write_dl([(verb.name, verb.help) for verb in VERBS if verb.kind is kind])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Return how a word may go on: options as ever, and verbs, without loading them."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [Suggestion(verb.name, verb.help) for verb in VERBS if verb.name.startswith(incomplete)]
