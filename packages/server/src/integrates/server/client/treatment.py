"""``integrates treat`` and ``integrates request-verification``: what people decide about vulnerabilities."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, Final

import msgspec
import typer

from integrates.db_model.vulnerabilities.types import TreatmentStatus
from integrates.server.client.call import Session, change, connected
from integrates.server.client.fault import NOT_DONE, Fault, explaining, sentence_of, warn
from integrates.server.client.filter import moment
from integrates.server.client.input import read_input
from integrates.server.client.listing import VULNERABILITY, VULNERABILITY_COLUMNS
from integrates.server.client.option import JsonOption, UrlOption
from integrates.server.client.output import Column, print_rows
from integrates.server.client.remote import remote_of

AT_ONCE: Final = 100
"""The most vulnerabilities that the API changes in one call."""
_PAYLOAD: Final = f"vulnerabilities {{ {VULNERABILITY} }} errors {{ code reason message path currentVersion }}"
TREAT: Final = f"""mutation ($items: [VulnerabilityRef!]!, $treatment: TreatmentStatus!, $justification: String!,
    $acceptedUntil: DateTime, $assigned: String) {{
  updateVulnerabilitiesTreatment(items: $items, treatment: $treatment, justification: $justification,
    acceptedUntil: $acceptedUntil, assigned: $assigned) {{ {_PAYLOAD} }}
}}"""
VERIFY: Final = f"""mutation ($items: [VulnerabilityRef!]!, $justification: String!) {{
  requestVulnerabilitiesVerification(items: $items, justification: $justification) {{ {_PAYLOAD} }}
}}"""
_VERIFIED: Final[Sequence[Column]] = (
    *VULNERABILITY_COLUMNS[:2],
    Column(title="VERIFICATION", cell=lambda row: row["verification"] and row["verification"]["status"]),
    *VULNERABILITY_COLUMNS[4:],
)
IdsArgument = Annotated[
    list[str],
    typer.Argument(metavar="ID…", help="Ids of vulnerabilities of one group, or `-` for those on standard input, one a line."),
]
JustificationOption = Annotated[str, typer.Option("--justification", metavar="TEXT", help="Why, in 10 to 10,000 characters.")]


class Done(msgspec.Struct, frozen=True):
    """What came of one call: those that were changed, and a sentence for each that was not."""

    changed: tuple[Any, ...]
    refused: tuple[str, ...]


def treat(
    ids: IdsArgument,
    treatment: Annotated[
        TreatmentStatus,
        typer.Option("--as", case_sensitive=False, metavar="TREATMENT", help=f"What is done: {', '.join(TreatmentStatus)}."),
    ],
    justification: JustificationOption,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="DATE", parser=moment, help="Until when it is accepted, for ACCEPTED.", show_default=False
        ),
    ] = None,
    assigned: Annotated[
        str | None,
        typer.Option("--assigned", metavar="EMAIL", help="Who works on it, for IN_PROGRESS; else you.", show_default=False),
    ] = None,
    *,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Say what is being done about vulnerabilities.

    Of 100 at a time all are changed or none, but for those that somebody else changes meanwhile. What was refused is told by
    its id, and the exit code is 2.

    \b
    integrates treat 01a21990-2c3b-720e-9721-7110a93da5f4 --as IN_PROGRESS --justification "Repaired in the next release."
    integrates ls vulnerabilities --group webshop --rule B608 --ids |
      integrates treat - --as ACCEPTED --until 2026-12-31 --justification "Behind the firewall until then."
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    given = {"treatment": treatment.value, "justification": justification, "acceptedUntil": until, "assigned": assigned}
    _decide(ids, TREAT, given, VULNERABILITY_COLUMNS, as_json=as_json, url=url)


def request_verification(
    ids: IdsArgument, justification: JustificationOption, *, as_json: JsonOption = False, url: UrlOption = None
) -> None:
    """Ask to check again whether vulnerabilities are repaired.

    Of 100 at a time all are changed or none, but for those that somebody else changes meanwhile. What was refused is told by
    its id, and the exit code is 2.

    \b
    integrates request-verification 01a21990-2c3b-720e-9721-7110a93da5f4 --justification "Repaired in release 2.4."
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    _decide(ids, VERIFY, {"justification": justification}, _VERIFIED, as_json=as_json, url=url)


def _decide(
    ids: Sequence[str], mutation: str, given: Mapping[str, Any], columns: Sequence[Column], *, as_json: bool, url: str | None
) -> None:
    with explaining():
        wanted = given_ids(ids, read_input().splitlines() if "-" in ids else ())
        changed: list[Any] = []
        refused: list[str] = []
        try:
            with connected(remote_of(url)) as session:
                for done in decided(session, mutation, given, wanted):
                    changed += done.changed
                    refused += done.refused
        finally:  # what was changed is told also when the service is gone in the middle
            if changed:
                print_rows(columns, changed, as_json=as_json)
        for sentence in refused:
            warn(sentence)
        if refused:
            raise typer.Exit(NOT_DONE)


def given_ids(ids: Sequence[str], listed: Sequence[str]) -> tuple[str, ...]:
    """Return the ids, each once, with those that are ``listed`` where ``-`` stands. Raise :class:`Fault` for none."""
    read = [line.strip() for each in ids for line in (listed if each == "-" else (each,))]
    found = tuple(dict.fromkeys(each for each in read if each))
    if not found:
        raise Fault("no ids were given")
    return found


def decided(session: Session, mutation: str, given: Mapping[str, Any], ids: Sequence[str]) -> Iterator[Done]:
    """Change the vulnerabilities, as many at once as the API does, and yield what came of each call.

    After a refusal nothing more is changed.
    """
    rest = iter(ids)
    while chunk := tuple(islice(rest, AT_ONCE)):
        payload = change(session, mutation, {**given, "items": [{"id": each} for each in chunk]}, partly=True)
        done = Done(tuple(payload["vulnerabilities"] or ()), tuple(_sentence(error, chunk) for error in payload["errors"]))
        yield done
        if done.refused:
            return


def _sentence(error: Mapping[str, Any], chunk: Sequence[str]) -> str:
    """Return a refusal with the id instead of its position."""
    match error["path"]:
        case ["items", position, *rest] if str(position).isdecimal() and int(position) < len(chunk):
            return f"{chunk[int(position)]}: {sentence_of({**error, 'path': [part for part in rest if part != 'id']})}"
        case _:
            return sentence_of(dict(error))
