"""The entity of an import of decisions (domain section 21)."""

from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity
from integrates.db_model.entity.work import LongWork
from integrates.db_model.imports.types import ImportFile, ImportState


class DecisionFormat(StrEnum):
    """Format of a file of decisions."""

    CSAF_VEX = "CSAF_VEX"
    CYCLONEDX_VEX = "CYCLONEDX_VEX"
    JSON = "JSON"
    OPENVEX = "OPENVEX"
    SARIF = "SARIF"


class SuppressionsAs(StrEnum):
    """What is asked for where a file of SARIF says that a result is suppressed."""

    ACCEPTANCE = "ACCEPTANCE"
    ZERO_RISK = "ZERO_RISK"


class DecisionCounts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came of the statements: all but ``unmatched``, which counts statements, count vulnerabilities.

    ``requested`` are requests that somebody has to answer, ``applied`` are decisions that hold at once.
    """

    requested: int = 0
    applied: int = 0
    unchanged: int = 0
    unmatched: int = 0
    refused: int = 0


class DecisionProblem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a statement came to nothing: ``pointer`` is its JSON pointer, ``name`` what it calls the vulnerability, cut.

    ``vulnerability_id`` is that of the vulnerability that could not be changed, when there is one.
    """

    pointer: str
    reason: str
    name: str | None = None
    vulnerability_id: str | None = None


class DecisionProgress(LongWork, frozen=True, kw_only=True, gc=False):
    """Work done so far, and the lease of the worker that does it: an item beside the import, without revisions (E10).

    ``position`` is the ordinal of the next statement to work on, their number when all are done. ``done_id`` is the id of the
    last vulnerability that is done of that statement, empty when none is. ``worker`` is the change id of who holds the lease,
    ``token_id`` the id of the access token with which the import was begun. ``version`` is that of the item, 0 before it is
    stored.
    """

    position: int = 0
    done_id: str = ""
    token_id: str | None = None
    counts: DecisionCounts = DecisionCounts()
    problems: tuple[DecisionProblem, ...] = ()


class DecisionImport(Entity, frozen=True, kw_only=True):
    """One file of decisions, read for a group or one of its roots.

    Of a ``dry_run`` nothing but this record and its counts is written.
    """

    id: str
    group_name: str
    organization_id: str
    root_id: str | None = None
    format: DecisionFormat
    file: ImportFile
    suppressions_as: SuppressionsAs = SuppressionsAs.ACCEPTANCE
    dry_run: bool = False
    state: ImportState
