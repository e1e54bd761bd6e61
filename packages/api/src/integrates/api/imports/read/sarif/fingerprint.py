"""Fingerprints of results (domain section 8, row *fingerprint*)."""

from collections.abc import Mapping
from typing import Final

from integrates.api.imports.read.sarif.document import Result

_PRIMARY: Final = "primaryLocationLineHash"


def fingerprint(result: Result, where: str) -> tuple[str, str] | None:
    """Return the tool's own identity of the result and the name of the member that holds it; ``None`` without one."""
    whole = _first(result.fingerprints)
    if whole:
        return "fingerprints", "=".join(whole)
    partial = result.partial_fingerprints or {}
    primary = partial.get(_PRIMARY, "").strip()
    if primary:
        return "partialFingerprints", primary
    other = _first(partial)
    return ("partialFingerprints", f"{where}:{'='.join(other)}") if other else None


def _first(values: Mapping[str, str] | None) -> tuple[str, str] | None:
    """Return the first by name that has a value."""
    return min(((name.strip(), value.strip()) for name, value in (values or {}).items() if value.strip()), default=None)
