"""Names that identify (tools, categories, rule ids, fingerprints): their limits, and whether a text keeps them."""

from hashlib import sha256
from typing import Any, Final

from integrates.api.imports.read.text import line
from integrates.db_model.errors import Rejected
from integrates.db_model.values.text import one_line

MAX_NAME: Final = 200
"""Most characters of a tool and a category."""
MAX_RULE_ID: Final = 1_000
MAX_FINGERPRINT: Final = 1_000


def rule_id(given: Any) -> str | None:
    """Return the id of a rule, trimmed and NFC-normalised; ``None`` for what cannot be one."""
    if not isinstance(given, str) or len(given) > 4 * MAX_RULE_ID:  # read again for each result
        return None
    try:
        return one_line(given.strip(), (), low=1, high=MAX_RULE_ID)
    except Rejected:
        return None


def series_name(given: str) -> str:
    """Return the name of a tool or category on one line; a long one's SHA-256."""
    found = line(given, 4 * MAX_NAME)
    return found if max(len(found), len(given.strip()) // 4) <= MAX_NAME else sha256(given.encode()).hexdigest()
