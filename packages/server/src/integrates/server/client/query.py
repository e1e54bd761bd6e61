"""``integrates api``: any query or mutation of the API."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from msgspec.structs import replace

from integrates.server.client.answer import Answer, told_by
from integrates.server.client.call import Attachment, Demand, Session, call, connected
from integrates.server.client.fault import NOT_DONE, Fault, explaining, warn
from integrates.server.client.input import read_input
from integrates.server.client.option import UrlOption
from integrates.server.client.output import print_json
from integrates.server.client.remote import remote_of

CURSOR: Final = "endCursor"
"""The variable that ``--paginate`` gives the cursor of the page before."""
_JSON: Final = re.compile(r"(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|[\[{].*)", re.DOTALL)
_LARGEST: Final = 32 * 1024 * 1024
"""Bytes of the largest file that is sent; the service takes less."""


def api(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Query or mutation; `-` reads standard input, @FILE a file.")],
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field", "-F", metavar="NAME=VALUE", help="Variable: true, false, null, numbers, lists and objects are JSON."
        ),
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option("--raw-field", "-f", metavar="NAME=VALUE", help="Variable that is a text, whatever it is."),
    ] = None,
    files: Annotated[
        list[str] | None, typer.Option("--file", metavar="NAME=PATH", help="Variable of the type Upload, and the file to send.")
    ] = None,
    *,
    paginate: Annotated[
        bool, typer.Option("--paginate", help=f"Ask for all pages: the query takes ${CURSOR}: String as `after` of one list.")
    ] = False,
    compact: Annotated[bool, typer.Option("--json", help="Print each answer as one line of JSON.")] = False,
    url: UrlOption = None,
) -> None:
    """Send a query or mutation to the API and print the answer as JSON.

    With --paginate the query also asks for pageInfo { hasNextPage endCursor } of that list; each page is printed. When the
    answer has errors they go to standard error, too, and the exit code is 2.

    \b
    integrates api '{ me { email groups { name } } }'
    integrates api -F group=webshop 'query ($group: ID!) { group(name: $group) { summary { open } } }'
    integrates api --paginate -f g=webshop 'query ($g: ID!, $endCursor: String) { group(name: $g) {
      findings(after: $endCursor) { nodes { title } pageInfo { hasNextPage endCursor } } } }'
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explaining():
        demand = demand_of(_text(query), given_values(fields or (), texts or ()), dict(map(_attachment, files or ())))
        failed = False
        with connected(remote_of(url)) as session:
            for answer in answers(session, demand, paginate=paginate):
                failed = _print_answer(answer, compact=compact) or failed
        if failed:
            raise typer.Exit(NOT_DONE)


def demand_of(query: str, variables: Mapping[str, Any], files: Mapping[str, Attachment]) -> Demand:
    """Return the request. It may be repeated when it cannot be a mutation, because that word is nowhere in it."""
    return Demand(query=query, variables=variables, files=files, repeatable="mutation" not in query)


def given_values(fields: list[str] | tuple[()], texts: list[str] | tuple[()]) -> Mapping[str, Any]:
    """Return variables by name. Raise :class:`Fault` for what is not NAME=VALUE, and for what begins as JSON and is none."""
    return {**dict(map(_field, fields)), **dict(map(_split, texts))}


def _split(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise Fault(f"NAME=VALUE is expected, not {text}")
    return name, value


def _field(text: str) -> tuple[str, Any]:
    name, value = _split(text)
    if not _JSON.fullmatch(value):
        return name, value
    try:
        found = json.loads(value)
        json.dumps(found, allow_nan=False)  # Python reads numbers that are none, such as NaN and 1e999
    except (ValueError, RecursionError) as error:
        raise Fault(f"{name}: this is no JSON; -f takes it as a text") from error
    return name, found


def _attachment(text: str) -> tuple[str, Attachment]:
    name, path = _split(text)
    return name, attachment(Path(path))


def attachment(path: Path) -> Attachment:
    """Return a file to send. Raise :class:`Fault` when it is larger than any that a service takes."""
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise Fault(f"{path} is larger than {_LARGEST:,} bytes")
    return Attachment(name=path.name, content=content)


def _text(query: str) -> str:
    try:
        if query == "-":
            return read_input()
        return Path(query[1:]).read_text(encoding="utf-8") if query.startswith("@") else query
    except UnicodeDecodeError as error:
        raise Fault("the query is not a text in UTF-8") from error


def answers(session: Session, demand: Demand, *, paginate: bool) -> Iterator[Answer]:
    """Yield the answer; with ``paginate`` those of the following pages too, as long as there are any."""
    answer = call(session, demand)
    yield answer
    while paginate and (cursor := next_cursor(answer.data)) and cursor != demand.variables.get(CURSOR):
        demand = replace(demand, variables={**demand.variables, CURSOR: cursor})
        answer = call(session, demand)
        yield answer


def next_cursor(data: Any) -> str | None:
    """Return the cursor of the first list in the data that has a next page; ``None`` when none has."""
    if isinstance(data, dict):
        info = data.get("pageInfo")
        if isinstance(info, dict) and info.get("hasNextPage") and isinstance(info.get("endCursor"), str):
            return str(info["endCursor"])
        data = list(data.values())
    if isinstance(data, list):
        return next((found for each in data if (found := next_cursor(each))), None)
    return None


def _print_answer(answer: Answer, *, compact: bool) -> bool:
    """Print an answer; return whether there are errors in it, in payloads too."""
    body = {"data": answer.data, **({"errors": answer.errors} if answer.errors else {})}
    print_json(body, indent=None if compact else 2)
    refusals = [
        each for payload in (answer.data or {}).values() if isinstance(payload, dict) for each in payload.get("errors") or ()
    ]
    told = (*answer.errors, *refusals)
    if told:
        warn(told_by(told))
    return bool(told)
