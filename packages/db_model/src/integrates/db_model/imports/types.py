"""The import entity (domain section 8)."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity
from integrates.db_model.entity.work import LongWork
from integrates.db_model.vulnerabilities.types import Technique


class ImportFormat(StrEnum):
    """File format."""

    BANDIT = "BANDIT"
    CHECKOV = "CHECKOV"
    CYCLONEDX = "CYCLONEDX"
    DEPENDENCY_CHECK = "DEPENDENCY_CHECK"
    GENERIC_CSV = "GENERIC_CSV"
    GENERIC_JSON = "GENERIC_JSON"
    GITLEAKS = "GITLEAKS"
    GRYPE = "GRYPE"
    NPM_AUDIT = "NPM_AUDIT"
    NUCLEI = "NUCLEI"
    OSV = "OSV"
    PIP_AUDIT = "PIP_AUDIT"
    SARIF = "SARIF"
    SEMGREP = "SEMGREP"
    TRIVY = "TRIVY"
    ZAP = "ZAP"


class ImportStatus(StrEnum):
    """How far the import has come."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    RUNNING = "RUNNING"


class ClosingOutcome(StrEnum):
    """Whether what a series no longer reports was closed, and why not."""

    DONE = "DONE"
    NOT_SUCCESSFUL = "NOT_SUCCESSFUL"
    OFF = "OFF"
    UNPLACED_RESULTS = "UNPLACED_RESULTS"


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the caller asked for."""

    close_missing: bool = True
    manifest: str | None = None
    strip_prefix: str | None = None
    add_prefix: str | None = None
    technique: Technique | None = None
    category: str | None = None
    tool: str | None = None


class ImportCounts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many results had which effect; ``closed`` counts vulnerabilities that no result named."""

    created: int = 0
    reopened: int = 0
    moved: int = 0
    unchanged: int = 0
    closed: int = 0
    ignored: int = 0
    suppressed: int = 0
    duplicate: int = 0
    reviewable: int = 0
    skipped: int = 0


class ImportProblem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why one result was skipped: ``pointer`` is its JSON pointer, ``uri`` the location that it gives, cut."""

    pointer: str
    reason: str
    uri: str | None = None


class ProblemCount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How many results were skipped for one reason."""

    reason: str
    count: int


class SeriesClosing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What close-missing did for one series of the file."""

    tool: str
    category: str
    outcome: ClosingOutcome
    closed: int = 0


class ImportFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The imported file, kept in the file store under the id of its import. ``sha256`` in hex, ``size`` in bytes."""

    file_name: str
    sha256: str
    size: int


class ImportArtifact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The image that the file is about: its name without tag and digest, as the file has it."""

    name: str
    tag: str | None = None
    digest: str | None = None


class ImportState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the import."""

    status: ImportStatus
    at: datetime
    by: str
    reason: str | None = None


class ImportProgress(LongWork, frozen=True, kw_only=True, gc=False):
    """Work done so far, and the lease of the worker that does it: an item beside the import, without revisions (E10).

    ``plan`` is the SHA-256 of the plan, empty until there is one. ``position`` is the ordinal of the next result to work on,
    among all results of the file from 0; their number when all are done. ``worker`` is the change id of who holds the lease,
    ``token_id`` the id of the access token with which the import was begun: whoever goes on with it may do so while that lives.
    ``version`` is that of the item, 0 before it is stored.
    """

    position: int = 0
    token_id: str | None = None
    plan: str = ""
    counts: ImportCounts = ImportCounts()
    closing: tuple[SeriesClosing, ...] = ()


class Import(Entity, frozen=True, kw_only=True):
    """One file read into one root."""

    id: str
    group_name: str
    organization_id: str
    root_id: str
    format: ImportFormat
    file: ImportFile
    options: ImportOptions
    artifact: ImportArtifact | None = None
    problems: tuple[ImportProblem, ...] = ()
    problem_counts: tuple[ProblemCount, ...] = ()
    state: ImportState
