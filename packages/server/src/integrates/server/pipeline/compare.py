"""``integrates compare``: what a report would change, without changing anything."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from integrates.server.client.call import Session, connected
from integrates.server.client.fault import NOT_DONE, Refused, explaining, warn
from integrates.server.client.file import write_file
from integrates.server.client.option import GroupOption, JsonOption, UrlOption
from integrates.server.client.output import print_json
from integrates.server.client.remote import remote_of
from integrates.server.pipeline.around import Surroundings, built, here
from integrates.server.pipeline.comparison import (
    SELECTION,
    Comparison,
    compared_place,
    comparison_document,
    comparison_lines,
    newly_open,
)
from integrates.server.pipeline.problem import Count, advised, meanings, outside
from integrates.server.pipeline.sarif import sarif_of
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
from integrates.server.pipeline.sheet import GOOD, Line, fitted, print_lines, width_now
from integrates.server.pipeline.target import target_of
from integrates.server.pipeline.upload import refused_row
from integrates.server.version import version

OPENED: Final = 1
"""The exit code when something would be open that is not now, and the caller wants to know."""
_COMPARE: Final = f"""mutation ($groupName: ID!, $rootId: ID!, $file: Upload!, $format: ImportFormat, $manifest: String,
    $stripPrefix: String, $addPrefix: String, $technique: Technique, $category: String, $tool: String) {{
  compareScan(groupName: $groupName, rootId: $rootId, file: $file, format: $format, manifest: $manifest,
    stripPrefix: $stripPrefix, addPrefix: $addPrefix, technique: $technique, category: $category, tool: $tool) {{
    {SELECTION} errors {{ code reason message path }} }}
}}"""


def compare(  # pylint: disable=too-many-arguments,too-many-locals  # noqa: PLR0913 -- options of a command
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Report of a scanner, also packed with gzip.")],
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
    fail_on_new: Annotated[bool, typer.Option("--fail-on-new", help="Exit code 1 when anything is new or reopened.")] = False,
    is_whole: Annotated[bool, typer.Option("--all", help="Show what stays as it is, too.")] = False,
    sarif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all as SARIF, with a `baselineState` each.")] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Tell what a report would change, storing nothing.

    That is what is new, reopened, moved and fixed in a root, so that a pull request learns what it brings in. Exit code 0; 1
    with --fail-on-new when anything would be open that is not now; 2 when it cannot be compared.

    \b
    integrates compare scan.sarif --group webshop --root backend
    integrates compare scan.sarif --group webshop --root backend --fail-on-new --sarif new.sarif
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    said = Said(kind, manifest, strip_prefix, add_prefix, technique, category, tool)
    with explaining(), connected(remote_of(url)) as session:
        around, target = here(), target_of(session, group, root)
        found = _compared(session, {"groupName": group, "rootId": target.id, **said.arguments()}, file, said, around)
        places = [compared_place(one, session.remote.address) for one in found.items]
        if sarif:
            series = "/".join(filter(None, ("integrates-compare", group, target.nickname, (category or "").strip("/"))))
            write_file(sarif, sarif_of(places, category=f"{series}/", version=version(), facts=built(around)))
        is_encoded = said.format is None or said.format.upper() == "SARIF"
        advice = advised(outside(found.problems), around, is_encoded=is_encoded)
        if as_json:
            print_json({**comparison_document(found, places), "advice": advice})
        else:
            print_lines(_lines(found, advice, session.remote.address, is_whole=is_whole))
        if fail_on_new and newly_open(found):
            raise typer.Exit(OPENED)


def _compared(session: Session, given: Mapping[str, Any], file: Path, said: Said, around: Surroundings) -> Comparison:
    """Return what the report would change. End the command, telling why, when the service refuses it."""
    content = report_file(file)
    try:
        payload = sent(session, _COMPARE, given, content)
    except Refused as refused:
        row = refused_row(str(file), content, said, refused, around)
        for text in filter(None, (*row.refusal, row.advice)):
            warn(text)
        raise typer.Exit(NOT_DONE) from refused
    return msgspec.convert(payload["comparison"], Comparison)


def _lines(found: Comparison, advice: str | None, address: str, *, is_whole: bool) -> Iterator[Line]:
    width = width_now()
    yield from comparison_lines(found, address, width, is_whole=is_whole)
    reasons = Counter(one.reason for one in found.problems)
    for text in meanings(Count(reason=reason, count=count) for reason, count in reasons.items()):
        yield from fitted((), text, width, "yellow")
    if advice:
        yield from fitted((), advice, width, GOOD)
