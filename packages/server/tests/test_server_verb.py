"""The verbs of the command line: what the help says of them, and what is loaded for it."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from integrates.server.cli.main import new_command
from integrates.server.cli.verb import VERBS, Kind, Verb, loaded

HEAVY = (
    "ariadne",
    "asyncio",
    "authlib",
    "boto3",
    "cryptography",
    "graphql",
    "httpx",
    "hypercorn",
    "integrates.api",
    "integrates.db_model.store.sqlite",
    "integrates.server.app",
    "integrates.server.client",
    "jinja2",
    "joserfc",
    "rich",
    "starlette",
    "structlog",
)
"""What takes long to import, and is not needed to list the verbs."""


def imported_by(*arguments: str, **variables: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules that were imported when it ended."""
    program = f"import sys, atexit; atexit.register(lambda: print('MODULES', *sys.modules)); sys.argv[1:] = {list(arguments)!r}"
    program += "; from integrates.server.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )
    out, _, modules = done.stdout.rpartition("MODULES ")
    assert modules, done.stderr
    return out, set(modules.split())


def heavy(modules: set[str]) -> list[str]:
    return [name for name in HEAVY if name in modules]


@pytest.mark.parametrize("arguments", [("--help",), (), ("--version",), ("frobnicate",)])
def test_the_help_loads_no_verb(arguments: Sequence[str]) -> None:
    assert heavy(imported_by(*arguments)[1]) == []


def test_a_verb_on_a_service_loads_neither_the_server_nor_the_model() -> None:
    _, modules = imported_by("api", "--help")
    assert "httpx" in modules
    assert heavy(modules - {"httpx", "rich", "asyncio", "integrates.server.client"}) == []


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_table_says_what_a_verb_says_of_itself(verb: Verb) -> None:
    command = loaded(verb)
    assert verb.help
    assert (command.name, command.help.splitlines()[0]) == (verb.name, verb.help)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_each_verb_has_an_example(verb: Verb) -> None:
    command = loaded(verb)
    leaves = getattr(command, "commands", None) or {verb.name: command}
    assert [name for name, leaf in leaves.items() if not re.search(rf"integrates .*{name}", leaf.help)] == []


def test_the_help_tells_the_kinds_apart() -> None:
    out = CliRunner().invoke(new_command(), ["--help"]).stdout
    service, store = (
        re.findall(r"^  ([a-z-]+) ", part, re.MULTILINE)
        for part in out.split(f"{Kind.SERVICE.value}:")[1].split(f"{Kind.STORE.value}:")
    )
    assert service == [verb.name for verb in VERBS if verb.kind is Kind.SERVICE]
    assert store == [verb.name for verb in VERBS if verb.kind is Kind.STORE]


def test_names_stand_once() -> None:
    assert len({verb.name for verb in VERBS}) == len(VERBS)


def test_an_unknown_verb_is_told_with_one_that_is_nearly_so() -> None:
    done = CliRunner().invoke(new_command(), ["logim"])
    assert (done.exit_code, "logim" in done.stderr, "login" in done.stderr) == (2, True, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_verbs_are_completed_without_loading_them(shell: str) -> None:
    words = {
        "COMP_WORDS": "integrates lo",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "integrates lo",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    out, modules = imported_by(_INTEGRATES_COMPLETE=f"complete_{shell}", **words)
    assert [name for name in ("login", "logout", "serve", "api") if name in out] == ["login", "logout"]
    assert heavy(modules - {"rich", "asyncio"}) == []


def test_options_of_a_verb_are_completed() -> None:
    words = {"COMP_WORDS": "integrates api --pag", "COMP_CWORD": "2"}
    out, _ = imported_by(_INTEGRATES_COMPLETE="complete_bash", **words)
    assert "--paginate" in out


def test_the_options_before_a_verb_are_completed() -> None:
    words = {"COMP_WORDS": "integrates --ver", "COMP_CWORD": "1"}
    out, _ = imported_by(_INTEGRATES_COMPLETE="complete_bash", **words)
    assert "--version" in out


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_completion_is_set_up_before_a_verb_and_by_none(verb: Verb) -> None:
    assert [option for parameter in loaded(verb).params for option in parameter.opts if "completion" in option] == []


def test_every_verb_is_a_function_or_a_group_of_typer() -> None:
    assert all(isinstance(loaded(verb), typer.core.TyperCommand | typer.core.TyperGroup) for verb in VERBS)


def test_an_error_that_nobody_foresaw_is_no_verdict() -> None:
    """The exit code of the interpreter would be 1, by which a gate says that the build breaks."""
    program = (
        "import integrates.server.cli.verb as verb; verb.import_module = None; from integrates.server.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program, "api"], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, True)


def leaves(verb: Verb) -> dict[str, Any]:
    """The commands of a verb, by what is written for them."""
    command = loaded(verb)
    below = getattr(command, "commands", None)
    return {f"{verb.name} {name}": leaf for name, leaf in below.items()} if below else {verb.name: command}


ON_SERVICES = {name: leaf for verb in VERBS if verb.kind is Kind.SERVICE for name, leaf in leaves(verb).items()}


@pytest.mark.parametrize("name", ON_SERVICES)
def test_each_command_on_a_service_prints_json_and_names_its_service(name: str) -> None:
    options = {option for parameter in ON_SERVICES[name].params for option in parameter.opts}
    assert "--json" in options
    assert ("--url" in options) is (name not in {"login", "logout"})
