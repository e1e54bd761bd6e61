"""The writer: what people decided about each vulnerability, and how it came to that."""

from collections.abc import Iterable, Iterator
from typing import Final

from integrates.api.exports.document import Document, Entry, Format
from integrates.api.exports.piece import date_text, object_text
from integrates.api.exports.rule import entry_key
from integrates.api.exports.trail.person import by_email, by_number
from integrates.api.exports.trail.told import vulnerability_told

NAME: Final = "integrates-decisions"
"""What tells the format of the file."""
VERSION: Final = 1


def write(document: Document, entries: Iterable[Entry]) -> Iterator[bytes]:
    """Write a document. Nobody's e-mail is in it when it is to be anonymous."""
    head = {
        "format": NAME,
        "version": VERSION,
        "id": document.id,
        "server": document.server,
        "author": document.author,
        "organization": document.organization.info.name,
        "group": document.group.info.name,
        "root": document.root.info.nickname if document.root else None,
        "at": date_text(document.at),
        "anonymous": document.is_anonymous,
    }
    named = by_number() if document.is_anonymous else by_email
    told = (named(vulnerability_told(entry, document.roots[entry.vulnerability.root_id])) for entry in entries)
    yield from object_text(named(head), {"vulnerabilities": told})


JSON: Final = Format(
    media_type="application/json",
    key=lambda _, entry: entry_key(entry),
    takes=lambda _, __: True,
    write=write,
    permissions=frozenset({"history:read"}),
    has_history=True,
)
