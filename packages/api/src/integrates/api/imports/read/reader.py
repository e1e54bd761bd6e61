"""What every reader is: a pure function from the content of a file to what it says."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from integrates.api.imports.read.decode import TopLevel
from integrates.api.imports.read.observation import Scan
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.types import Technique, VulnerabilityType


class Options(Struct, frozen=True, kw_only=True):
    """What the caller says of a file.

    ``format`` is that of the file, ``None`` when it is to be found out. ``manifest`` is the path of the file that names the
    packages, for formats that do not say it.
    ``by_address`` tells that the root is an ip address, so that hosts are named by theirs where the file has both.
    ``strip_prefix`` is a directory, relative or absolute, or a file url, that is taken from the beginning of every path,
    ``add_prefix`` a directory below the root that is put in front of it. ``technique``, ``category`` and ``tool`` stand for
    what would follow from the file. ``with_roots`` asks for the roots that our own export names, whose results are kept apart.
    """

    format: ImportFormat | None = None
    manifest: str | None = None
    by_address: bool = False
    strip_prefix: str | None = None
    add_prefix: str | None = None
    technique: Technique | None = None
    category: str | None = None
    tool: str | None = None
    with_roots: bool = False


TECHNIQUES: Final[Mapping[VulnerabilityType, Technique]] = {
    VulnerabilityType.LINES: Technique.SAST,
    VulnerabilityType.PACKAGES: Technique.SCA,
    VulnerabilityType.INPUTS: Technique.DAST,
    VulnerabilityType.PORTS: Technique.DAST,
}
"""The technique that follows from the type of a location."""

Reader: TypeAlias = Callable[[bytes, Options], Scan]
"""Reads a file whose JSON was checked. Equal arguments give equal answers. Raises ``TooLarge``, ``BadFile``, ``Rejected``."""

Detector: TypeAlias = Callable[[TopLevel], bool]
"""Returns whether the top level is that of a file of the format, whatever else is in the file."""
