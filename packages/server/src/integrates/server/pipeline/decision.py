"""``integrates decisions import``: decisions of others, such as a VEX document, as requests in a group."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from integrates.server.cli.option import new_commands
from integrates.server.client.call import Attachment, Session, connected, data_of
from integrates.server.client.fault import NOT_DONE, Fault, Refused, explaining
from integrates.server.client.option import GroupOption, JsonOption, UrlOption
from integrates.server.client.output import print_json
from integrates.server.client.remote import remote_of
from integrates.server.pipeline.scan import report_file, sent
from integrates.server.pipeline.sheet import BAD, BLANK, GOOD, LOUD, QUIET, Line, fitted, print_lines, width_now
from integrates.server.pipeline.target import target_of
from integrates.server.pipeline.upload import PatienceOption
from integrates.server.pipeline.wait import followed, in_turn

REFUSED: Final = 1
"""The exit code of an import of which some decisions were refused."""
_SELECTION: Final = """id state reason format fileName sha256 dryRun
  counts { requested applied unchanged unmatched refused } problems { pointer reason name vulnerability { id } }"""
_IMPORT: Final = f"""mutation ($groupName: ID!, $rootId: ID, $file: Upload!, $format: DecisionFormat,
    $suppressionsAs: SuppressionsAs, $dryRun: Boolean) {{
  importDecisions(groupName: $groupName, rootId: $rootId, file: $file, format: $format,
    suppressionsAs: $suppressionsAs, dryRun: $dryRun) {{
    decisionImport {{ {_SELECTION} }} errors {{ code reason message path }} }}
}}"""
_LATEST: Final = "query ($id: ID!) { decisionImport(id: $id) { " + _SELECTION + " } }"
_LAST: Final = (
    """query ($group: ID!) {
  me { email }
  group(name: $group) { decisionImports(first: 1) { nodes { suppressionsAs root { id } createdBy """
    + _SELECTION
    + """ } } }
}"""
)
_RUNNING: Final = "ALREADY_RUNNING"
_MOST_TOLD: Final = 10
"""Problems that are told one by one."""

COMMANDS: Final = new_commands("decisions", "Decisions of others: import them as requests.")
"""The commands ``integrates decisions …``."""


class DecisionForm(StrEnum):
    """A format of decisions, as people name it."""

    CSAF = "csaf"
    CYCLONEDX = "cyclonedx"
    JSON = "json"
    OPENVEX = "openvex"
    SARIF = "sarif"


class Wanted(StrEnum):
    """What is asked for where SARIF says that a result is suppressed."""

    ACCEPTANCE = "acceptance"
    ZERO_RISK = "zero-risk"


FORMATS: Final[Mapping[DecisionForm, str]] = {
    DecisionForm.CSAF: "CSAF_VEX",
    DecisionForm.CYCLONEDX: "CYCLONEDX_VEX",
    DecisionForm.JSON: "JSON",
    DecisionForm.OPENVEX: "OPENVEX",
    DecisionForm.SARIF: "SARIF",
}
"""By format: what the API calls it. A test compares it with the API."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What came of the statements."""

    requested: int = 0
    applied: int = 0
    unchanged: int = 0
    unmatched: int = 0
    refused: int = 0


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that came to nothing."""

    pointer: str
    reason: str
    name: str | None = None
    vulnerability: Mapping[str, str] | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An import of decisions, as the API tells it."""

    id: str
    state: str
    format: str
    file_name: str
    sha256: str
    dry_run: bool
    counts: Tally
    reason: str | None = None
    problems: tuple[Trouble, ...] = ()


RootOption = Annotated[
    str | None,
    typer.Option(
        "--root", envvar="INTEGRATES_ROOT", metavar="NAME", help="Only this root, by nickname or id; SARIF of others needs it."
    ),
]
FormatOption = Annotated[
    DecisionForm | None, typer.Option("--format", help="What kind of file it is; found out when left out.", show_default=False)
]
AsOption = Annotated[Wanted, typer.Option("--suppressions-as", help="What to ask for where SARIF suppresses a result.")]


@COMMANDS.command("import")
def import_file(  # pylint: disable=too-many-arguments  # noqa: PLR0913 -- options of a command
    file: Annotated[Path, typer.Argument(metavar="FILE", help="OpenVEX, CycloneDX, CSAF, SARIF or JSON that was exported.")],
    *,
    group: GroupOption,
    root: RootOption = None,
    form: FormatOption = None,
    suppressions_as: AsOption = Wanted.ACCEPTANCE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would come of it, and decide nothing.")] = False,
    patience: PatienceOption = 900,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Make the decisions of a file, such as a VEX document, as your requests: nothing is confirmed or approved by it.

    Sending a file again is harmless: what was decided stays as it is. Exit code 1: some decisions were refused. Exit code 2:
    the file was refused, or the import has failed or has not ended in time.

    \b
    integrates decisions import supplier.openvex.json --group webshop
    integrates decisions import scan.sarif --group webshop --root backend --suppressions-as zero-risk
    integrates decisions import old.json --group webshop --dry-run --json
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explaining():
        content = report_file(file)
        with connected(remote_of(url)) as session:
            given = {
                "groupName": group,
                "rootId": target_of(session, group, root).id if root else None,
                "format": FORMATS[form] if form else None,
                "suppressionsAs": suppressions_as.name,
                "dryRun": dry_run,
            }
            made = _made(session, given, content, session.seconds() + patience)
        if as_json:
            print_json({"decisionImport": made})
        else:
            print_lines(decision_lines(made, width_now()))
        if made.state != "COMPLETED":
            raise typer.Exit(NOT_DONE)
        if made.counts.refused:
            raise typer.Exit(REFUSED)


def _made(session: Session, given: Mapping[str, Any], file: Attachment, deadline: float) -> Made:
    """Return the import of a file when it has ended. Raise :class:`Fault` when that takes longer than the patience."""
    group = given["groupName"]

    def send() -> Made:
        try:
            payload = sent(session, _IMPORT, given, file)
        except Refused as refused:
            own = _own(session, given, file) if _RUNNING in refused.reasons else None
            if own is None:
                raise
            return own
        return msgspec.convert(payload["decisionImport"], Made)

    def is_free() -> bool:
        last = _last(data_of(session, _LAST, {"group": group}))
        return last is None or last["state"] != "RUNNING"

    def latest() -> Made:
        found = data_of(session, _LATEST, {"id": made.id}).get("decisionImport")
        return msgspec.convert(found, Made) if found else made

    made = in_turn(session, f"{group} has other decisions in work", deadline, send, is_free, running=_RUNNING)
    ended = followed(session, made, deadline, latest, lambda one: one.state != "RUNNING")
    if ended is None:
        raise Fault(f"decision import {made.id} is still RUNNING; it goes on without this command")
    return ended


def _last(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the newest import of the group, as it came; ``None`` when there is none."""
    nodes = ((data.get("group") or {}).get("decisionImports") or {}).get("nodes") or ()
    return next(iter(nodes), None)


def _own(session: Session, given: Mapping[str, Any], file: Attachment) -> Made | None:
    """Return the import in work when it is the one that was asked for, e.g. because the answer to it was lost.

    One of somebody else is not, nor one for another root: decisions are made in the name of who imports them.
    """
    data = data_of(session, _LAST, {"group": given["groupName"]})
    last = _last(data)
    if last is None:
        return None
    digest, root = sha256(file.content).hexdigest(), (last["root"] or {}).get("id")
    asked = (data["me"]["email"], digest, given["rootId"], given["suppressionsAs"], given["dryRun"])
    found = (last["createdBy"], last["sha256"], root, last["suppressionsAs"], last["dryRun"])
    return msgspec.convert(last, Made) if asked == found else None


def decision_lines(made: Made, width: int) -> Iterator[Line]:
    """Yield what people are told of an import."""
    would = "would be " if made.dry_run else ""
    rows = (
        (made.counts.requested, f"{would}requested, for somebody else to answer", GOOD),
        (made.counts.applied, f"{would}given another treatment", GOOD),
        (made.counts.unchanged, "unchanged: known, waiting for an answer, or nothing to decide", ""),
        (made.counts.unmatched, "about nothing in the group", QUIET),
        (made.counts.refused, f"{would}refused", BAD),
    )
    yield ((made.file_name, LOUD), (f"  {made.format}", QUIET))
    for number, text, style in rows:
        if number:
            yield ((f"{number:6,}  ", style), (text, style))
    if made.state != "COMPLETED":
        yield from fitted((("FAILED  ", BAD),), made.reason or "no reason is told", width)
    told = made.problems[:_MOST_TOLD]
    yield from (BLANK,) if told else ()
    for one in told:
        yield from fitted(((f"  {one.reason}  ", LOUD),), f"{one.name or 'no name'} {one.pointer}", width)
    more = made.counts.refused + made.counts.unmatched - len(told)
    if told and more > 0:
        yield ((f"  and {more:,} more", QUIET),)
