"""What a reader makes of a file: weaknesses, the locations where a tool saw them, and what it had to leave out."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from integrates.db_model.findings.types import ToolRule
from integrates.db_model.imports.types import ImportFormat
from integrates.db_model.vulnerabilities.types import Technique, VulnerabilityType


class SkipReason(StrEnum):
    """Why a result was skipped."""

    BAD_PATH = "bad_path"
    GITIGNORED = "gitignored"
    NO_LOCATION = "no_location"
    NO_RULE = "no_rule"
    OUTSIDE_ROOT = "outside_root"


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


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One result that counts. ``ordinal`` is its number among all results of the file, from 0, ``pointer`` its JSON pointer.

    ``fingerprint`` is unique within ``rule`` among the observations of a scan; ``own_score`` is set when the result itself
    gives another score than its rule; ``snippet`` and ``detail`` have at most 2,000 characters.
    """

    ordinal: int
    pointer: str
    rule: ToolRule
    category: str
    location: Location
    fingerprint: str | None
    technique: Technique
    own_score: Decimal | None
    suppressed: bool
    snippet: str | None
    detail: str | None


class Series(msgspec.Struct, frozen=True):
    """Scans by one tool and of one category, which follow each other in a root.

    What a ``complete`` series does not report is gone; what another one does not report may still be there.
    """

    tool: str
    category: str
    complete: bool


class Problem(msgspec.Struct, frozen=True):
    """Why the result with the ordinal, at the JSON pointer, was skipped."""

    ordinal: int
    pointer: str
    reason: SkipReason


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file. ``rules`` holds those of the observations, by first appearance; ``observations`` are in file order.

    ``total`` results = observations + ``skipped`` + ``duplicates``; each of them has an ordinal. ``problems`` holds the first,
    as many as an import keeps.
    """

    format: ImportFormat
    rules: tuple[RuleSeen, ...]
    observations: tuple[Observation, ...]
    series: tuple[Series, ...]
    total: int
    skipped: int
    duplicates: int
    problems: tuple[Problem, ...]
