"""``integrates gate``: whether a build passes, by what is known of the group."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4

import msgspec
import typer

from integrates.server.client.call import Session, connected
from integrates.server.client.fault import NOT_DONE, Fault, explaining, warn
from integrates.server.client.file import write_file
from integrates.server.client.option import GroupOption, JsonOption, UrlOption
from integrates.server.client.output import print_json
from integrates.server.client.remote import remote_of
from integrates.server.pipeline import verdict
from integrates.server.pipeline.around import Surroundings, built, here
from integrates.server.pipeline.fact import Facts
from integrates.server.pipeline.junit import junit_of
from integrates.server.pipeline.question import Question, judged, outlook_of
from integrates.server.pipeline.record import Row
from integrates.server.pipeline.sarif import sarif_of
from integrates.server.pipeline.scan import AddOption, CategoryOption, Said, StripOption
from integrates.server.pipeline.sheet import BLANK, LOUD, Line, print_lines, width_now
from integrates.server.pipeline.upload import (
    CloseOption,
    PatienceOption,
    Wish,
    code_of,
    import_each,
    json_row,
    tell_imports,
    wish_of,
)
from integrates.server.pipeline.verdict import STRICT, Execution
from integrates.server.version import version

_ID_HELP: Final = "Id of this verdict: asking again with it gets the same. [default: a new one]"
_ROOT_HELP: Final = "Only this root, by nickname; all when left out or empty."
_LAX_HELP: Final = "Whether what blocks breaks the build, or is only listed."
_SCORE_HELP: Final = "Lowest score that blocks, where lower than the policy's."
_GRACE_HELP: Final = "Days in which new ones do not block, where fewer than the policy's."
_FILE_HELP: Final = "Import this report first, into --root; may be given several times."
_LOG_HELP: Final = "Text to keep with the verdict; of a long one its end."


class Look(StrEnum):
    """Which vulnerabilities the gate looks at."""

    ALL = "all"
    STATIC = "static"
    DYNAMIC = "dynamic"


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a verdict is about: the group, the address of the service, what was built, and where."""

    group: str
    address: str
    facts: Facts
    around: Surroundings


def gate(  # pylint: disable=too-many-arguments,too-many-locals  # noqa: PLR0913 -- options of a command
    *,
    group: GroupOption,
    root: Annotated[str | None, typer.Option(envvar="INTEGRATES_ROOT", metavar="NAME", help=_ROOT_HELP)] = None,
    strict: Annotated[bool, typer.Option("--strict/--lax", help=_LAX_HELP)] = True,
    threshold: Annotated[float | None, typer.Option(min=0, max=10, metavar="SCORE", help=_SCORE_HELP)] = None,
    grace: Annotated[int | None, typer.Option(min=0, metavar="DAYS", help=_GRACE_HELP)] = None,
    kind: Annotated[Look, typer.Option(case_sensitive=False, help="Which vulnerabilities are looked at.")] = Look.ALL,
    files: Annotated[list[Path] | None, typer.Option("--import", metavar="FILE", help=_FILE_HELP)] = None,
    strip_prefix: StripOption = None,
    add_prefix: AddOption = None,
    category: CategoryOption = None,
    close_missing: CloseOption = None,
    patience: PatienceOption = 900,
    git_repo: Annotated[str | None, typer.Option(metavar="NAME", help="Repository that is built; else found out.")] = None,
    git_branch: Annotated[str | None, typer.Option(metavar="NAME", help="Branch that is built; else found out.")] = None,
    git_commit: Annotated[str | None, typer.Option(metavar="HASH", help="Commit that is built; else found out.")] = None,
    git_origin: Annotated[str | None, typer.Option(metavar="URL", help="Where the repository is; else found out.")] = None,
    identity: Annotated[str | None, typer.Option("--id", metavar="ID", help=_ID_HELP, show_default=False)] = None,
    log: Annotated[Path | None, typer.Option(metavar="FILE", help=_LOG_HELP)] = None,
    sarif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what blocks as SARIF, for pull requests.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what blocks as JUnit XML.")] = None,
    most: Annotated[int, typer.Option("--show", min=0, metavar="NUMBER", help="How many that block are shown.")] = 20,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Decide whether a build passes.

    Exit code 0: it passes; 1: it breaks; 2: nothing could be decided. What is open, not accepted, as bad as the policy says and
    older than its days of grace blocks. What is built comes from the checkout and the variables of the CI system.

    \b
    integrates gate --group webshop
    integrates gate --group webshop --root backend --import scan.sarif --lax
    integrates gate --group webshop --threshold 7 --grace 0 --sarif gate.sarif --junit gate.xml
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    given = Facts(repo=git_repo, branch=git_branch, commit=git_commit, origin=git_origin)
    said = Said(strip_prefix=strip_prefix, add_prefix=add_prefix, category=category)
    with explaining(), connected(remote_of(url)) as session:
        scope = _scope(session, group, given)
        wish = wish_of(session, (group, root), said, scope.facts, close_missing, patience) if files else None
        rows = _imported(session, wish, files or (), scope.around, as_json=as_json) if wish else ()
        named = wish.target.nickname if wish else root or None
        asked = Question(identity or str(uuid4()), group, named, strict, kind.name, threshold, grace, log)
        execution = judged(session, asked, scope.facts)
        _write_reports(execution, scope, sarif, junit)
        _show(document(execution, rows, scope.address) if as_json else _lines(session, asked, execution, most))
        raise typer.Exit(execution.exit_code)


def _scope(session: Session, group: str, given: Facts) -> Scope:
    around = here()
    return Scope(group=group, address=session.remote.address, facts=built(around, given), around=around)


def _lines(session: Session, asked: Question, execution: Execution, most: int) -> Sequence[Line]:
    outlook, address = _outlook(session, asked, execution), session.remote.address
    head = ((verdict.heading(execution, asked.group), LOUD),)
    return [head, BLANK, *verdict.lines(execution, outlook, address, width_now(), most)]


def _outlook(session: Session, asked: Question, execution: Execution) -> verdict.Outlook:
    """Return what changes by itself soon; nothing when the service is gone meanwhile: what it has decided stands."""
    try:
        return outlook_of(session, asked, execution)
    except Fault as error:
        warn(f"what changes soon is not told: {error}")
        return verdict.Outlook()


def _show(told: Mapping[str, Any] | Sequence[Line]) -> None:
    if isinstance(told, Mapping):
        print_json(told)
    else:
        print_lines(told)


def _imported(session: Session, wish: Wish, files: Sequence[Path], around: Surroundings, *, as_json: bool) -> Sequence[Row]:
    """Import the reports and tell what came of them. End the command when one is not imported: nothing can be decided then."""
    rows = import_each(session, wish, files, around, as_json=as_json)
    if not as_json or code_of(rows):
        tell_imports(rows, wish, as_json=as_json)
    if code_of(rows):
        warn("nothing is decided, since not every report is imported")
        raise typer.Exit(NOT_DONE)
    if not as_json:
        print_lines([BLANK])
    return rows


def _write_reports(execution: Execution, scope: Scope, sarif: Path | None, junit: Path | None) -> None:
    root = execution.root.nickname if execution.root else None
    found = [verdict.place_of(one, scope.address, execution.execution_date) for one in execution.blocking]
    names = "/".join(filter(None, (scope.group, root)))
    if sarif:
        write_file(sarif, sarif_of(found, category=f"integrates-gate/{names}/", version=version(), facts=scope.facts))
    if junit:
        summary, is_strict = verdict.summary_of(execution), execution.strictness == STRICT
        told = junit_of(found, name=names, summary=summary, breaks=verdict.breaks(execution), is_strict=is_strict)
        write_file(junit, told)


def document(execution: Execution, rows: Sequence[Row], address: str) -> Mapping[str, Any]:
    """Return the verdict for programs: the execution as the API tells it, with a link and a reason for what blocks."""
    blocking = [
        {**msgspec.to_builtins(one), "link": verdict.vulnerability_link(address, one.id), "why": verdict.reason_of(one)}
        for one in execution.blocking
    ]
    return {
        "verdict": "BREAK" if verdict.breaks(execution) else "PASS",
        "summary": verdict.summary_of(execution),
        "imports": [json_row(row) for row in rows],
        "execution": {**msgspec.to_builtins(execution), "blocking": blocking},
    }
