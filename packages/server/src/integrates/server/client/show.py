"""``integrates show``: one object, whatever it is, with its history."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from integrates.server.client.call import Session, connected, data_of
from integrates.server.client.detail import OBJECTS, Detail
from integrates.server.client.fault import Fault, explaining
from integrates.server.client.option import JsonOption, UrlOption
from integrates.server.client.output import Column, cell_text, console_of, print_json, print_line, print_table
from integrates.server.client.page import cut, nodes
from integrates.server.client.remote import remote_of
from integrates.server.client.text import many_lines, one_line

HISTORY: Final = 50
REVISION: Final = "nodes { version at by operation changeId aspects } pageInfo { hasNextPage endCursor }"
_PARTS: Final = " ".join(
    f"{each.name}({each.argument}: $id) {{ {each.fields} readsHistory: history(first: 1) {{ __typename }} }}"
    for each in OBJECTS
)
QUERY: Final = f"query ($id: ID!) {{ {_PARTS} }}"
"""Asks for the object as each kind that it may be of; all but one are null."""
HISTORIES: Final[Mapping[str, str]] = {
    each.name: f"""query ($id: ID!, $first: Int, $after: String) {{
      {each.name}({each.argument}: $id) {{ history(first: $first, after: $after) {{ {REVISION} }} }}
    }}"""
    for each in OBJECTS
}
_TOLD: Final = ("status", "state")
"""Members of a part that changed which say most about it."""
_COLUMNS: Final[Sequence[Column]] = (
    Column(title="VERSION", cell=lambda row: row["version"], right=True),
    Column(title="WHEN", cell=lambda row: row["at"][:16].replace("T", " "), whole=True),
    Column(title="WHO", cell=lambda row: row["by"]),
    Column(title="BY WHAT", cell=lambda row: row["operation"], below=True),
    Column(title="CHANGED", cell=lambda row: "stored" if row["version"] == 1 else changed(row["aspects"])),
)
IdArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="Id of a vulnerability, finding, root, event, or import of either kind; name of a group."
    ),
]


def show_object(
    identity: IdArgument,
    history: Annotated[int, typer.Option("--history", min=0, metavar="N", help="Most changes to show; 0 for none.")] = HISTORY,
    *,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Show a vulnerability, finding, root, event, import or group with its history.

    What it is follows from the id. The history is there for who may read it.

    \b
    integrates show 01a21990-2c3b-720e-9721-7110a93da5f4
    integrates show webshop --history 0 --json
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explaining(), connected(remote_of(url)) as session:
        detail, found = found_object(session, identity)
        changes = tuple(cut(_history(session, detail, identity, history), history)) if history and found["readsHistory"] else ()
        own = {name: value for name, value in found.items() if name != "readsHistory"}
        if as_json:
            print_json({"kind": detail.name, **own, "history": changes})
        else:
            _print(detail, own, changes)


def found_object(session: Session, identity: str) -> tuple[Detail, dict[str, Any]]:
    """Return the object of an id and what it is, in one request. Raise :class:`Fault` when there is none, or nothing to see."""
    data = data_of(session, QUERY, {"id": identity})
    objects = ((detail, data.get(detail.name)) for detail in OBJECTS)
    found = next((pair for pair in objects if pair[1]), None)
    if found is None:
        raise Fault(f"there is nothing called {identity}, or the token does not let you see it")
    return found[0], dict(found[1] or {})


def _history(session: Session, detail: Detail, identity: str, most: int) -> Iterator[Any]:
    return nodes(session, HISTORIES[detail.name], {"id": identity}, detail.name, "history", most=most + 1)


def changed(aspects: Mapping[str, Any]) -> str:
    """Return in a few words what a revision changed: the parts, with the state that each has now."""
    return ", ".join(f"{name} {now}" if (now := _now(value)) else name for name, value in aspects.items())


def _now(value: Any) -> str:
    if not isinstance(value, Mapping):
        return ""
    return next((str(value[name]) for name in _TOLD if isinstance(value.get(name), str)), "")


def _print(detail: Detail, found: Mapping[str, Any], changes: Sequence[Any]) -> None:
    print_line(detail.title(found), "bold")
    rows = [(line.title, cell_text(line.cell(found))) for line in detail.lines]
    given = [(title, text) for title, text in rows if text]
    width = max(len(title) for title, _ in given)
    for title, text in given:
        _print_pair(title.ljust(width), text)
    for line in detail.texts:
        if text := cell_text(line.cell(found)):
            typer.echo("")
            print_line(line.title, "bold")
            _print_text(text)
    if changes:
        typer.echo("")
        print_table(_COLUMNS, changes)


def _print_pair(title: str, text: str) -> None:
    if not sys.stdout.isatty():
        typer.echo(f"{title}  {one_line(text)}")
        return
    pair = Table.grid(padding=(0, 2, 0, 0))
    pair.add_column(style="dim", no_wrap=True)
    pair.add_column(overflow="fold")
    pair.add_row(Text(title), Text(one_line(text)))
    console_of(sys.stdout).print(pair)


def _print_text(text: str) -> None:
    if sys.stdout.isatty():
        console_of(sys.stdout).print(Padding(Text(many_lines(text)), (0, 0, 0, 2)))
    else:
        typer.echo("\n".join(f"  {each}" for each in many_lines(text).splitlines()))
