"""Fingerprints that readers make where the tool gives none (domain section 18, *line fingerprint*)."""

from hashlib import sha256
from typing import Final

from integrates.api.imports.read.name import MAX_FINGERPRINT
from integrates.api.imports.read.observation import Fingerprint
from integrates.api.imports.read.text import line

_DIGITS: Final = 16


def fingerprint(name: str, text: str) -> Fingerprint:
    """Return a fingerprint as it can be stored: a long one, or one with odd characters, as its SHA-256."""
    found = line(text, MAX_FINGERPRINT + 1)
    is_storable = found == text and len(text) <= MAX_FINGERPRINT
    return Fingerprint(name, text if is_storable else sha256(text.encode(errors="replace")).hexdigest())


def line_fingerprint(where: str, reported: str | None) -> Fingerprint | None:
    """Return the identity of a reported line: where it is, and what it says without surrounding blanks."""
    text = (reported or "").strip()
    if not text:
        return None
    return fingerprint("line", f"{where}:line={sha256(text.encode(errors='replace')).hexdigest()[:_DIGITS]}")
