"""The order of places within a path."""

from integrates.api.imports.match.side import Candidate
from integrates.api.imports.read.observation import Observation
from integrates.db_model.vulnerabilities.types import VulnerabilityType


def line_of(one: Observation | Candidate) -> int:
    """Return the line of a file; 0 for the whole file, and for what is no file."""
    return int(one.location.specific) if one.location.type is VulnerabilityType.LINES else 0


def place_order(one: Observation | Candidate) -> tuple[int, str, int]:
    """Return what places of one path are ordered by; the number or ordinal decides last."""
    return line_of(one), one.location.specific, one.number if isinstance(one, Candidate) else one.ordinal
