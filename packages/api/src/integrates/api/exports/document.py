"""What the writers of all formats are given: what the document is about, and an entry for each vulnerability."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from integrates.db_model.entity.revision import Revision
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.types import Root
from integrates.db_model.vex_documents.types import Edition, VexFormat
from integrates.db_model.vulnerabilities.types import Vulnerability
from integrates.db_model.vulnerabilities.word import Word


class ExportFormat(StrEnum):
    """The format of an export. Its name is that of formats everywhere, its value what ends the name of a file."""

    CSAF_VEX = "csaf.json"
    CSV = "csv"
    CYCLONEDX_VEX = "cdx.json"
    JSON = "json"
    OPENVEX = "openvex.json"
    SARIF = "sarif"


class Document(Struct, frozen=True, kw_only=True):
    """What a document is about. All but ``editions`` and ``version`` is part of what is compared with the one before.

    ``id`` is a UUID that documents of the same format about the same keep. ``root`` is ``None`` when it is about all ``roots``
    of the group. ``products`` has the package url of each root, by its id, of those of which packages can be told. ``server``
    is the public address without a slash at its end, ``author`` who publishes it, ``at`` the date of the newest decision in
    it. ``editions`` are those that were published before, oldest first, and the one that is written, whose number is
    ``version``; there are none in formats that have no versions. ``is_anonymous`` asks for no e-mail to be told.
    """

    id: str
    group: Group
    organization: Organization
    root: Root | None
    roots: Mapping[str, Root]
    products: Mapping[str, str]
    server: str
    author: str
    at: datetime
    version: int = 0
    editions: tuple[Edition, ...] = ()
    is_anonymous: bool = False


class Entry(Struct, frozen=True, kw_only=True):
    """A vulnerability that is told, its finding, its word, and when it became so.

    ``revisions`` are all of the vulnerability, oldest first, where the format asks for them.
    """

    vulnerability: Vulnerability
    finding: Finding
    word: Word
    at: datetime
    revisions: tuple[Revision, ...] = ()


Writer: TypeAlias = Callable[[Document, Iterable[Entry]], Iterator[bytes]]
"""Writes a document in pieces. The entries are in the order of the format's key, and may be walked several times. Pure."""


class Format(Struct, frozen=True, kw_only=True):
    """How documents of a format are written.

    ``media_type`` is that of the answer. ``key`` returns what entries are ordered by, given the ``products`` of the document:
    texts without NUL, compared by bytes; those that have it in common are in the order of the ids. ``takes`` tells whether a
    vulnerability of that word can be told in the format. ``permissions`` are needed besides ``decision:export``. ``vex`` is set
    where documents have versions, ``has_history`` where entries need their revisions, and ``may_be_empty`` is off where a
    document without entries is none.
    """

    media_type: str
    key: Callable[[Mapping[str, str], Entry], tuple[str, ...]]
    takes: Callable[[Vulnerability, Word], bool]
    write: Writer
    permissions: frozenset[str] = frozenset()
    vex: VexFormat | None = None
    has_history: bool = False
    may_be_empty: bool = True
