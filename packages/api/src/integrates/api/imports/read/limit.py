"""Limits of a file that hold for every format (domain section 8, row *limits*)."""

from typing import Final

from integrates.api.imports.read.error import Limit, TooLarge

MAX_DEPTH: Final = 100
MAX_VALUES: Final = 1_800_000
"""Most of the characters ``{[,:`` outside of texts, which memory grows with. 20 MiB of real reports have fewer."""
MAX_RESULTS: Final = 25_000
MAX_RULES: Final = 2_000
"""Most rules that results mean."""
MAX_ADVISORIES: Final = 5_000
"""Most rules that results in packages mean."""
MAX_DESCRIBED: Final = 25_000
"""Most rules that a file describes."""


def enforce(limit: Limit, actual: int, allowed: int) -> None:
    """Raise ``TooLarge`` when there is more than is allowed."""
    if actual > allowed:
        raise TooLarge(limit, actual, allowed)
