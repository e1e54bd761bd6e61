"""A file of a scanner, and what the caller says of it, as the API takes both."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from integrates.server.client.call import Attachment, Session, change
from integrates.server.client.fault import Fault
from integrates.server.client.output import advancing
from integrates.server.client.query import attachment

RootOption = Annotated[
    str, typer.Option("--root", envvar="INTEGRATES_ROOT", metavar="NAME", help="Root that was scanned, by nickname or id.")
]
_Text = str | None
FormatOption = Annotated[
    _Text, typer.Option("--format", metavar="FORMAT", help="What kind of report it is, e.g. TRIVY; found out when left out.")
]
ManifestOption = Annotated[
    _Text, typer.Option("--manifest", metavar="PATH", help="File that names the packages, where the report does not.")
]
StripOption = Annotated[
    _Text, typer.Option("--strip-prefix", metavar="PATH", help="Folder to remove from the beginning of the report's paths.")
]
AddOption = Annotated[
    _Text, typer.Option("--add-prefix", metavar="PATH", help="Folder of the repository to put before the report's paths.")
]
TechniqueOption = Annotated[
    _Text, typer.Option("--technique", metavar="TECHNIQUE", help="Technique of the scanner, e.g. SAST, SCA or DAST.")
]
CategoryOption = Annotated[
    _Text, typer.Option("--category", metavar="TEXT", help="Which of several series of scans it is; each closes only its own.")
]
ToolOption = Annotated[
    _Text, typer.Option("--tool", metavar="NAME", help="Name of the tool, if the report has another one than before.")
]


class Said(msgspec.Struct, frozen=True):
    """What the caller says of a file, by the names that the arguments of the API have in Python."""

    format: str | None = None
    manifest: str | None = None
    strip_prefix: str | None = None
    add_prefix: str | None = None
    technique: str | None = None
    category: str | None = None
    tool: str | None = None

    def arguments(self) -> Mapping[str, str]:
        """Return what was said, by the names of the API's arguments; words of enums may be given in either case."""
        given = {
            "format": _word(self.format),
            "manifest": self.manifest,
            "stripPrefix": self.strip_prefix,
            "addPrefix": self.add_prefix,
            "technique": _word(self.technique),
            "category": self.category,
            "tool": self.tool,
        }
        return {name: value for name, value in given.items() if value is not None}


def _word(text: str | None) -> str | None:
    return text.upper().replace("-", "_") if text else None


def report_file(path: Path) -> Attachment:
    """Return the file. Raise :class:`Fault` when it is none, or too large."""
    if path.is_dir():
        raise Fault(f"{path} is a folder; the report of a scanner is expected")
    return attachment(path)


def sent(session: Session, mutation: str, given: Mapping[str, Any], file: Attachment) -> Mapping[str, Any]:
    """Send a file with a mutation that takes it as ``$file``, showing how far it is, and return the payload.

    Sending it again does no harm: an import of the same file is recognised, and a comparison stores nothing. Raise
    :class:`~integrates.server.client.fault.Refused` and ``Fault``.
    """
    with advancing(file.name, len(file.content)) as progress:
        return change(session, mutation, given, files={"file": file}, repeatable=True, progress=progress)
