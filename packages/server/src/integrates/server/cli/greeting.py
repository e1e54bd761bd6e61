"""The text that the service prints when it has started."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from integrates.db_model.store.design import design
from integrates.db_model.values.url import bracketed
from integrates.server.demo.people import people
from integrates.server.settings import Settings, is_loopback
from integrates.server.version import version

QUERY = '{"query": "{ me { email role groups { name summary { open } } } }"}'


def text(port: int, settings: Settings, *, demo: bool) -> str:
    """Return the address of the service and, for the demo, its people and a first query to send."""
    url = _url(port, settings)
    first = f"Integrates {version()} on {url} (store {settings.store}). Stop it with Ctrl-C."
    return "\n".join([first, *(_demo(url, settings) if demo else ())])


def _url(port: int, settings: Settings) -> str:
    everywhere = settings.host in {"0.0.0.0", "::"}  # noqa: S104 # nosec B104 -- compared with, not bound to
    host = "localhost" if is_loopback(settings.host) or everywhere else settings.host
    return settings.origin or f"http://{bracketed(host)}:{port}"


def _demo(url: str, settings: Settings) -> tuple[str, ...]:
    listed = people(design())
    width = max(len(person.email) for person in listed)
    token = f"{_command()} token {listed[0].email} --store {shlex.quote(settings.store)}"
    return (
        "",
        "The people of the demo:",
        *(f"  {person.email:<{width}}  {', '.join(person.roles) or 'user'}" for person in listed),
        "",
        "An API token for one of them, from another terminal in this folder:",
        f"  {token}",
        "",
        "A first question:",
        f"  curl -s {url}/api -H 'Content-Type: application/json' \\",
        f'    -H "Authorization: Bearer $({token})" \\',
        f"    -d '{QUERY}'",
        "",
        "The same by commands, which keep the token for you:",
        f"  {token} | {_command()} login {url}",
        f"  {_command()} ls groups",
        "",
    )


def _command() -> str:
    """Return how to call the command of this environment from the current folder."""
    own = Path(sys.executable).with_name("integrates")
    if not own.exists():
        return f"{shlex.quote(sys.executable)} -m integrates.server.cli"
    on_path = shutil.which("integrates")
    if on_path and Path(on_path).samefile(own):
        return "integrates"
    return shlex.quote(os.path.relpath(own))
