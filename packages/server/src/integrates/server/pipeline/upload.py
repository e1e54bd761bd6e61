"""``integrates import``: reports of scanners into a root, followed to their end."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from integrates.server.client.call import Attachment, Session, connected, data_of
from integrates.server.client.fault import NOT_DONE, Fault, Refused, explaining
from integrates.server.client.option import GroupOption, JsonOption, UrlOption
from integrates.server.client.output import print_json
from integrates.server.client.remote import remote_of
from integrates.server.pipeline.around import Surroundings, built, here
from integrates.server.pipeline.fact import Facts
from integrates.server.pipeline.problem import advised, outside
from integrates.server.pipeline.record import SELECTION, Record, Row, is_done, remarks, table
from integrates.server.pipeline.scan import (
    AddOption,
    CategoryOption,
    FormatOption,
    ManifestOption,
    RootOption,
    Said,
    StripOption,
    TechniqueOption,
    ToolOption,
    report_file,
    sent,
)
from integrates.server.pipeline.sheet import BLANK, LOUD, print_lines, width_now
from integrates.server.pipeline.target import Target, target_of, why_not_close
from integrates.server.pipeline.wait import followed, in_turn

NOTHING_PLACED: Final = 1
"""The exit code of an import of which no result has a place in the root."""
_RUNNING: Final = "IMPORT_RUNNING"
_NOT_PLACED: Final = "NOTHING_PLACED"
_IMPORT: Final = f"""mutation ($groupName: ID!, $rootId: ID!, $file: Upload!, $format: ImportFormat, $manifest: String,
    $stripPrefix: String, $addPrefix: String, $technique: Technique, $category: String, $tool: String,
    $closeMissing: Boolean) {{
  importVulnerabilities(groupName: $groupName, rootId: $rootId, file: $file, format: $format, manifest: $manifest,
    stripPrefix: $stripPrefix, addPrefix: $addPrefix, technique: $technique, category: $category, tool: $tool,
    closeMissing: $closeMissing) {{ import {{ {SELECTION} }} errors {{ code reason message path }} }}
}}"""
_LATEST: Final = "query ($id: ID!) { import(id: $id) { " + SELECTION + " } }"
_LAST: Final = """query ($group: ID!, $root: ID) {
  group(name: $group) { imports(rootId: $root, first: 1) { nodes { id state position } } }
}"""
_SARIF: Final = "SARIF"
_HINTS: Final[Mapping[str, str]] = {
    "UNKNOWN_FORMAT": "--format says what it is",
    "IS_DECISION": "integrates decisions import takes what people have decided",
}
"""What to do about some refusals."""

_PATIENCE_HELP: Final = "How long to wait for an import to end."
PatienceOption = Annotated[
    float, typer.Option("--patience", envvar="INTEGRATES_PATIENCE", min=0, metavar="SECONDS", help=_PATIENCE_HELP)
]
_CLOSE_HELP: Final = "Close what the tool no longer reports. [default: unless on another branch than the root's]"
CloseOption = Annotated[bool | None, typer.Option("--close-missing/--no-close-missing", help=_CLOSE_HELP, show_default=False)]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with each file: into which root, with what the caller says, and how long it may take.

    ``note`` is why nothing is closed for being missing, ``None`` when that is as the service does it.
    """

    group: str
    target: Target
    said: Said
    close_missing: bool
    patience: float
    note: str | None = None


def import_scan(  # pylint: disable=too-many-arguments,too-many-locals  # noqa: PLR0913 -- options of a command
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Reports of scanners, also packed with gzip.")],
    *,
    group: GroupOption,
    root: RootOption,
    kind: FormatOption = None,
    manifest: ManifestOption = None,
    strip_prefix: StripOption = None,
    add_prefix: AddOption = None,
    technique: TechniqueOption = None,
    category: CategoryOption = None,
    tool: ToolOption = None,
    close_missing: CloseOption = None,
    patience: PatienceOption = 900,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Import reports of scanners into a root.

    What came of them is told. Sending a file again is harmless: an import that was cut off goes on, and what is known already
    stays as it is. Exit code 1: nothing of a report has a place in the root. Exit code 2: an import was refused, has failed, or
    has not ended in time.

    \b
    integrates import scan.sarif --group webshop --root backend
    integrates import zap.json trivy.json --group webshop --root shop
    integrates import audit.json --group webshop --root backend --category web/ --add-prefix web
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    said = Said(kind, manifest, strip_prefix, add_prefix, technique, category, tool)
    with explaining(), connected(remote_of(url)) as session:
        around = here()
        wish = wish_of(session, (group, root), said, built(around), close_missing, patience)
        rows = import_each(session, wish, files, around, as_json=as_json)
        tell_imports(rows, wish, as_json=as_json)
        if code := code_of(rows):
            raise typer.Exit(code)


def tell_imports(rows: Sequence[Row], wish: Wish, *, as_json: bool) -> None:
    """Print what came of the files so far, if anything did."""
    if as_json and rows:
        print_json({"imports": [json_row(row) for row in rows]})
    elif rows:
        print_lines(lines_of(rows, wish, width_now()))


def wish_of(
    session: Session,
    names: tuple[str, str | None],
    said: Said,
    facts: Facts,
    close_missing: bool | None,  # noqa: FBT001 -- three values, as the option has
    patience: float,
) -> Wish:
    """Return what is to be done, into the root of that group and nickname. Raise :class:`Fault` when there is no such root."""
    group, root = names
    if not root:
        raise Fault("--root is missing: the root that was scanned, which reports are imported into")
    target = target_of(session, group, root)
    why = why_not_close(target, facts) if close_missing is None else None if close_missing else "as you said"
    return Wish(group=group, target=target, said=said, close_missing=why is None, patience=patience, note=why)


def import_each(session: Session, wish: Wish, files: Sequence[Path], around: Surroundings, *, as_json: bool) -> Sequence[Row]:
    """Import one file after the other, and return what came of each.

    Raise :class:`Fault` for files of which one would close what only another reports, before anything is sent; and when the
    service is gone in the middle, after telling what came of the files before.
    """
    read = [report_file(path) for path in files]
    if len(read) > 1 and wish.close_missing:
        _check_apart(read, wish.said)
    rows: list[Row] = []
    for path, file in zip(files, read, strict=True):
        try:
            rows.append(_row(session, wish, str(path), file, around))
        except Fault:
            tell_imports(rows, wish, as_json=as_json)
            raise
    return rows


def _check_apart(files: Sequence[Attachment], said: Said) -> None:
    from integrates.server.pipeline.local import told_by_file  # noqa: PLC0415 -- it loads all readers, and is rarely needed

    series = [(file.name, told_by_file(file, said).series) for file in files]
    for (one, first), (other, second) in combinations(series, 2):
        for tool, category in sorted(first & second):
            named = f"{tool} ({category})" if category else tool
            raise Fault(
                f"{one} and {other} are of one series, {named}: the second would close what only the first reports. "
                "Import each with a --category of its own, or both with --no-close-missing"
            )


def _row(session: Session, wish: Wish, name: str, file: Attachment, around: Surroundings) -> Row:
    try:
        record = _ended(session, wish, file)
    except Refused as refused:
        return refused_row(name, file, wish.said, refused, around)
    return Row(file=name, record=record, advice=advised(outside(record.problems), around, is_encoded=record.format == _SARIF))


def refused_row(name: str, file: Attachment, said: Said, refused: Refused, around: Surroundings) -> Row:
    """Return what was refused, in words, and what to do about it when nothing of the file has a place in the root."""
    refusal = tuple(dict.fromkeys(str(error.get("message")) for error in refused.errors))
    if _NOT_PLACED not in refused.reasons:
        hints = [_HINTS[reason] for reason in sorted(refused.reasons & _HINTS.keys())]
        return Row(file=name, refusal=refusal, advice="; ".join(hints) or None)
    from integrates.server.pipeline.local import told_by_file  # noqa: PLC0415 -- as above

    told = told_by_file(file, said)
    advice = advised(told.outside, around, is_encoded=told.is_encoded)
    return Row(file=name, refusal=refusal, advice=advice, nothing_placed=True)


def _ended(session: Session, wish: Wish, file: Attachment) -> Record:
    """Return the import of a file when it has ended. Raise :class:`Fault` when that takes longer than the patience."""
    deadline = session.seconds() + wish.patience
    given: dict[str, Any] = {
        "groupName": wish.group,
        "rootId": wish.target.id,
        "closeMissing": wish.close_missing,
        **wish.said.arguments(),
    }

    def send() -> Record:
        payload = sent(session, _IMPORT, given, file)
        return msgspec.convert(payload["import"], Record)

    def is_free() -> bool:
        group = data_of(session, _LAST, {"group": wish.group, "root": wish.target.id}).get("group") or {}
        nodes = (group.get("imports") or {}).get("nodes") or ()
        return all(node["state"] != "RUNNING" for node in nodes)

    def latest() -> Record:
        found = data_of(session, _LATEST, {"id": record.id}).get("import")
        return msgspec.convert(found, Record) if found else record

    record = in_turn(session, f"{wish.target.nickname} has another import in work", deadline, send, is_free, running=_RUNNING)
    ended = followed(session, record, deadline, latest, is_done)
    if ended is None:
        raise Fault(
            f"import {record.id} is still RUNNING; it goes on without this command, and sending the file again is harmless"
        )
    return ended


def code_of(rows: Sequence[Row]) -> int:
    """Return the exit code: the worst of what came of each file."""
    if any(row.record is None and not row.nothing_placed for row in rows):
        return NOT_DONE
    if any(row.record and row.record.state != "COMPLETED" for row in rows):
        return NOT_DONE
    return NOTHING_PLACED if any(row.nothing_placed for row in rows) else 0


def lines_of(rows: Sequence[Row], wish: Wish, width: int) -> Iterator[Any]:
    """Yield what people are told of the imports."""
    yield from table(rows)
    several = len(rows) > 1
    for row in rows:
        told = tuple(remarks(row, wish.note, width))
        if told:
            yield from (BLANK,) if any(one.record for one in rows) else ()
            yield from (((row.file, LOUD),),) if several or row.record is None else ()
        yield from told


def json_row(row: Row) -> Mapping[str, Any]:
    """Return what came of a file, for programs."""
    return {"file": row.file, "import": row.record, "refusal": row.refusal, "advice": row.advice}
