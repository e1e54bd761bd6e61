"""OpenVEX 0.2.0 (https://github.com/openvex/spec)."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from integrates.api.exports.document import Document, Entry, Format
from integrates.api.exports.piece import date_text, object_text, without_none
from integrates.api.exports.statement import Statement, statement_key, statements_of, tells_package
from integrates.db_model.vex_documents.types import VexFormat
from integrates.db_model.vulnerabilities.vex import EXPRESSIONS, action_of, impact_of, justification_of

CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"


def write(document: Document, entries: Iterable[Entry]) -> Iterator[bytes]:
    """Write a document, with a statement for each advisory in each package of each product."""
    head = {
        "@context": CONTEXT,
        "@id": f"{document.server}/vex/{document.id}",
        "author": document.author,
        "timestamp": date_text(document.at),
        "version": document.version,
        "tooling": "Integrates",
    }
    yield from object_text(head, {"statements": map(_said, statements_of(document, entries))})


def _said(one: Statement) -> dict[str, Any]:
    why = justification_of(one.vulnerability, one.word)
    product = {
        "@id": one.product,
        "identifiers": {"purl": one.product},
        "subcomponents": [{"@id": one.package}],
    }
    return without_none(
        {
            "vulnerability": without_none({"name": one.advisory.id, "aliases": one.aliases or None}),
            "timestamp": date_text(one.at),
            "products": [product],
            "status": EXPRESSIONS[one.word].openvex,
            "justification": why and why.value.lower(),
            "impact_statement": impact_of(one.vulnerability, one.word),
            "action_statement": action_of(one.vulnerability, one.word),
        }
    )


OPENVEX: Final = Format(
    media_type="application/json",
    key=statement_key,
    takes=tells_package,
    write=write,
    vex=VexFormat.OPENVEX,
    may_be_empty=False,
)
