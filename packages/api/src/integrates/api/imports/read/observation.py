"""What a reader makes of a file: weaknesses, the locations where a tool saw them, and what it had to leave out."""

from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ClosingOutcome, ImportFormat
from integrates.db_model.vulnerabilities.types import (
    Advisory,
    Mark,
    SeriesSuppression,
    Suppression,
    Technique,
    VulnerabilityType,
)


class SkipReason(StrEnum):
    """Why a result was skipped."""

    BAD_PATH = "bad_path"
    BAD_RULE = "bad_rule"
    GITIGNORED = "gitignored"
    NO_LOCATION = "no_location"
    OUTSIDE_ROOT = "outside_root"


class RemarkReason(StrEnum):
    """What people are told of a result that counts, or of the whole file."""

    BAD_VECTOR = "bad_vector"
    OTHER_IMAGE = "other_image"


CHOSEN: Final = frozenset({SkipReason.GITIGNORED})
"""What was left out because a person wants it so, which is no problem."""


class Location(msgspec.Struct, frozen=True, gc=False):
    """Where a weakness was seen. ``where`` and ``specific`` keep the limits of domain section 3 for their ``type``."""

    type: VulnerabilityType
    where: str
    specific: str


class RuleSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says of a rule. All texts are valid as texts of a finding; ``tool_score`` is 0.0-10.0, one decimal."""

    rule: ToolRule
    title: str
    description: str
    threat: str
    recommendation: str
    cwe_ids: tuple[str, ...]
    tool_score: Decimal
    tool_vector: str | None = None


class Fingerprint(msgspec.Struct, frozen=True, gc=False):
    """The tool's own identity of a result, as it is stored, and the name of the member that holds it."""

    name: str
    text: str


SeriesKey: TypeAlias = tuple[str, str]
"""Tool and category of scans that follow each other in a root."""


class Observation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One result that counts. ``ordinal`` is its number among all results of the file, from 0, ``pointer`` its JSON pointer.

    ``fingerprints`` are all that the tool gave it, ``fingerprint`` is the one that a new vulnerability keeps. ``own_score`` is
    set when the result itself gives another score than its rule, ``own_vector`` with it. ``snippet`` and ``detail`` have at
    most 2,000 characters, ``commit`` is a hash of 40 digits. ``root`` is the location of the root, where our own export tells
    it and it was asked for. ``also`` has the categories of further series of the file that say the same, ``hushed`` the
    suppressions of those of them in which all results that say so are suppressed.
    """

    ordinal: int
    pointer: str
    rule: ToolRule
    category: str
    also: tuple[str, ...] = ()
    hushed: tuple[SeriesSuppression, ...] = ()
    root: str | None = None
    location: Location
    fingerprints: tuple[Fingerprint, ...] = ()
    fingerprint: str | None = None
    mark: Mark = Mark()
    technique: Technique
    own_score: Decimal | None = None
    own_vector: str | None = None
    advisory: Advisory | None = None
    commit: str | None = None
    suppression: Suppression | None = None
    snippet: str | None = None
    detail: str | None = None


class Series(msgspec.Struct, frozen=True):
    """Scans by one tool and of one category, which follow each other in a root.

    ``outcome`` is DONE when what the series does not report is gone. When the tool failed at some files only, these are
    ``spared`` and the outcome is NOT_SUCCESSFUL: what is elsewhere and not reported is gone all the same.
    """

    tool: str
    category: str
    outcome: ClosingOutcome
    spared: frozenset[str] = frozenset()


class Problem(msgspec.Struct, frozen=True):
    """Why the result with the ordinal, at the JSON pointer, was skipped; ``uri`` is the location that it gives.

    ``is_foreign`` tells that the root can have nothing of its type: so it says nothing of what is in the root.
    """

    ordinal: int
    pointer: str
    series: SeriesKey
    reason: SkipReason
    uri: str | None = None
    is_foreign: bool = False


class Remark(msgspec.Struct, frozen=True):
    """What people are told of the result with the ordinal, which counts all the same, or of the file (ordinal 0)."""

    ordinal: int
    pointer: str
    reason: RemarkReason
    uri: str | None = None


class Artifact(msgspec.Struct, frozen=True):
    """The image that was scanned: its reference as the file has it, which may be a path as well, and its digest."""

    reference: str
    digest: str | None = None


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file. ``rules`` holds those of the observations, by first appearance; ``observations`` are in file order.

    ``total`` results = observations + ``skipped`` + ``reviewable`` + ``duplicates``; each of them has an ordinal. ``problems``
    has everything that was skipped for a reason; what was skipped without one says that all is well.
    """

    format: ImportFormat
    rules: tuple[RuleSeen, ...]
    observations: tuple[Observation, ...]
    series: tuple[Series, ...]
    total: int
    skipped: int
    reviewable: int
    duplicates: int
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...] = ()
    artifact: Artifact | None = None
