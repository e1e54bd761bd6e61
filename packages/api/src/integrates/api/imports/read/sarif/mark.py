"""What tells apart results of one rule at one place (domain section 8, row *mark*)."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeAlias

from integrates.api.imports.read.sarif.document import LogicalLocation, Region
from integrates.api.imports.read.sarif.location import name_of
from integrates.db_model.vulnerabilities.types import Mark

Digest: TypeAlias = Callable[[str], str]
"""The SHA-256 of a text in hex. Many results may share a long text, so that it should be made once."""


def digest(text: str) -> str:
    """Return the SHA-256 of a text in hex."""
    return sha256(text.encode()).hexdigest()


def mark_of(logical: LogicalLocation | None, said: Sequence[str | None], region: Region, digest_of: Digest) -> Mark:
    """Return the mark of a result; ``said`` are the messages of its location and its own."""
    named = name_of(logical) if logical else None
    name, said_there, said_of_all = (digest_of(text) if text else None for text in (named, *said))
    return Mark(
        logical=name,
        location_message=said_there,
        start_column=region.start_column,
        char_offset=region.char_offset,
        byte_offset=region.byte_offset,
        message=said_of_all,
    )
