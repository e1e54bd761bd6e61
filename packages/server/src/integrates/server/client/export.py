"""``integrates export``: what a group, or a root of it, tells others about its vulnerabilities, as a file."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Annotated, BinaryIO, Final
from urllib.parse import quote

import msgspec
import typer

from integrates.server.client.answer import sent_on
from integrates.server.client.call import Download, Session, connected, data_of, fetched
from integrates.server.client.fault import Fault, explaining
from integrates.server.client.file import replacing
from integrates.server.client.option import JsonOption, UrlOption
from integrates.server.client.output import advancing, print_json, print_line
from integrates.server.client.remote import remote_of


class ExportForm(StrEnum):
    """A format of exports, as people name it."""

    CSAF = "csaf"
    CSV = "csv"
    CYCLONEDX = "cyclonedx"
    JSON = "json"
    OPENVEX = "openvex"
    SARIF = "sarif"


ENDINGS: Final[Mapping[ExportForm, str]] = {
    ExportForm.CSAF: "csaf.json",
    ExportForm.CSV: "csv",
    ExportForm.CYCLONEDX: "cdx.json",
    ExportForm.JSON: "json",
    ExportForm.OPENVEX: "openvex.json",
    ExportForm.SARIF: "sarif",
}
"""By format: what ends the address of an export. A test compares it with the service."""
_TAG: Final = re.compile(r'"([0-9a-f]{64})"')
FormatOption = Annotated[ExportForm, typer.Option("--format", help="What it is written as.")]
RootOption = Annotated[
    str | None, typer.Option("--root", metavar="ROOT", help="Only this root, by nickname or id.", show_default=False)
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="The file to write, else standard output.", show_default=False),
]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What was written: bytes, their SHA-256, and whether the file was another one before."""

    size: int
    sha256: str
    is_new: bool


def export(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The group, by name.")],
    form: FormatOption,
    root: RootOption = None,
    output: OutputOption = None,
    *,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Of json: numbers in place of e-mails.")] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Write what a group tells others about its vulnerabilities: OpenVEX, CycloneDX, CSAF, SARIF, CSV or JSON.

    A file is there as a whole or not at all, and is left alone while it is the same as what would be written.

    \b
    integrates export webshop --format openvex -o webshop.openvex.json
    integrates export webshop --format cyclonedx --root backend > backend.cdx.json
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    if as_json and output is None:
        raise typer.BadParameter("it tells about a file, so it needs --output", param_hint="--json")
    if anonymous and form is not ExportForm.JSON:
        raise typer.BadParameter("only json can be had without names", param_hint="--anonymous")
    parameters = {**({"root": root} if root else {}), **({"anonymous": "true"} if anonymous else {})}
    with explaining(), connected(remote_of(url)) as session:
        path = f"/export/{quote(group, safe='')}.{ENDINGS[form]}"
        known = None if output is None else _digest_of(output)
        headers = {"if-none-match": f'"{known}"'} if known else {}
        with fetched(session, path, parameters, headers) as download:
            if download.status == 304 and output is not None and known:  # noqa: PLR2004 -- Not Modified
                written = Written(size=output.stat().st_size, sha256=known, is_new=False)
            else:
                _check(session, download, group, root)
                written = _save(download, output)
    if output is not None:
        _tell(output, written, as_json=as_json)


def _digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file, ``None`` when there is no regular file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _check(session: Session, download: Download, group: str, root: str | None) -> None:
    """Raise :class:`Fault` for anything but an export."""
    address, identity = session.remote.address, download.headers.get("x-request-id")
    kind = download.headers.get("content-type", "no type").partition(";")[0]
    match download.status:
        case 200 if kind != "text/html":
            return
        case 404:
            data_of(session, "{ me { email } }")  # or it says what is wrong with the token
            about = f"no group {group}" + (f" with a root {root}" if root else "")
            text = f"there is {about} at {address} that the token lets you see"
        case 403:
            text = f"this format needs more than the token may read in {group}"
        case 409:
            text = f"{group} has nothing to tell in this format: no vulnerability in a package that has an advisory"
        case 413:
            text = f"{group} has more vulnerabilities than an export may have; export one root after the other, with --root"
        case status if 300 <= status < 400:  # noqa: PLR2004 -- redirections
            text = sent_on(download.headers, address)
        case status:
            text = f"{address} answers {status} with {kind}, which is no export: does a proxy or a login page stand in between?"
    raise Fault(text, identity)


def _save(download: Download, output: Path | None) -> Written:
    """Write the content to where it belongs. Raise :class:`Fault` when it is cut off or damaged on the way."""
    with _target(output) as file:
        digest, size = sha256(), 0
        with _progress(download, output) as advance:
            for chunk in download.chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                advance(size)
        tag = _TAG.fullmatch(download.headers.get("etag", ""))
        if tag and tag[1] != digest.hexdigest():
            raise Fault("what arrived is not what the service sent: it was cut off or altered on the way")
    return Written(size=size, sha256=digest.hexdigest(), is_new=True)


def _progress(download: Download, output: Path | None) -> AbstractContextManager[Callable[[int], None]]:
    length = download.headers.get("content-length", "")
    if output is None or not length.isdecimal():
        return nullcontext(lambda _done: None)
    return advancing(output.name, int(length))


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with replacing(output) as file:
        yield file


def _tell(output: Path, written: Written, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(output), "bytes": written.size, "sha256": written.sha256, "written": written.is_new})
    elif written.is_new:
        print_line(f"{output}: {written.size:,} bytes")
    else:
        print_line(f"{output} is as it was")
