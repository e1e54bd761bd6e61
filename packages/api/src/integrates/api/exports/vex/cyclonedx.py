"""CycloneDX 1.6 with what is decided about vulnerabilities (https://cyclonedx.org/docs/1.6/json)."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from packageurl import PackageURL

from integrates.api.exports.advisory import source_of
from integrates.api.exports.document import Document, Entry, Format
from integrates.api.exports.piece import date_text, object_text, once, without_none
from integrates.api.exports.statement import Statement, statement_key, statements_of, tells_package
from integrates.db_model.roots.types import ImageRoot, Root
from integrates.db_model.severities.rules import level
from integrates.db_model.severities.types import Severity
from integrates.db_model.vex_documents.types import VexFormat
from integrates.db_model.vulnerabilities.rules import effective_severity
from integrates.db_model.vulnerabilities.vex import (
    EXPRESSIONS,
    WRITTEN_JUSTIFICATIONS,
    action_of,
    impact_of,
    justification_of,
    response_of,
)
from integrates.db_model.vulnerabilities.word import reason_of

PRODUCT: Final = "integrates:product"
"""The property of a package, in a document about several products, that names its product."""
_METHODS: Final[Mapping[str, str]] = {"CVSS:4.0": "CVSSv4", "CVSS:3.1": "CVSSv31", "CVSS:3.0": "CVSSv3"}
"""By what vectors begin with. Those of CVSS 2.0 begin with no version."""


def write(document: Document, entries: Iterable[Entry]) -> Iterator[bytes]:
    """Write a document: the packages, and a vulnerability for each advisory in each package of each product."""
    head = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{document.id}",
        "version": document.version,
        "metadata": {
            "timestamp": date_text(document.at),
            "tools": {"components": [{"type": "application", "name": "Integrates"}]},
            "authors": [{"name": document.author}],
            "component": _subject(document),
        },
    }
    lists = {
        "components": _packages(document, statements_of(document, entries)),
        "vulnerabilities": (_vulnerability(document, one) for one in statements_of(document, entries)),
    }
    yield from object_text(head, lists)


def _subject(document: Document) -> Mapping[str, Any]:
    """Return what the document is about: the product, or the group with its products."""
    if document.root is not None:
        return _product(document, document.root)
    products = [_product(document, root) for root in document.roots.values() if root.id in document.products]
    distinct = {one["bom-ref"]: one for one in products}
    return {
        "type": "application",
        "bom-ref": document.id,
        "name": document.group.name,
        **({"components": list(distinct.values())} if distinct else {}),
    }


def _product(document: Document, root: Root) -> dict[str, Any]:
    purl = document.products.get(root.id)
    kind = "container" if isinstance(root, ImageRoot) else "application"
    return without_none({"type": kind, "bom-ref": root.id, "name": root.info.nickname, "purl": purl})


def _ref(document: Document, one: Statement) -> str:
    """Return what names a package in the document: its package url, behind that of the product if there may be several."""
    return one.package if document.root is not None else f"{one.product}|{one.package}"


def _packages(document: Document, statements: Iterable[Statement]) -> Iterator[dict[str, Any]]:
    """Yield each package once."""
    return (_package(document, one, ref) for ref, one in once((_ref(document, each), each) for each in statements))


def _package(document: Document, one: Statement, ref: str) -> dict[str, Any]:
    purl = PackageURL.from_string(one.package)
    product = None if document.root is not None else [{"name": PRODUCT, "value": one.product}]
    return without_none(
        {
            "type": "library",
            "bom-ref": ref,
            "group": purl.namespace,
            "name": purl.name,
            "version": purl.version,
            "purl": one.package,
            "properties": product,
        }
    )


def _vulnerability(document: Document, one: Statement) -> dict[str, Any]:
    tool = one.finding.rule.tool if one.finding.rule else document.author
    severity = effective_severity(one.vulnerability, one.finding.severity)
    return without_none(
        {
            "bom-ref": sha256(f"{one.advisory.id}|{_ref(document, one)}".encode()).hexdigest()[:32],
            "id": one.advisory.id,
            "source": _source(one.advisory.id, tool),
            "references": [{"id": name, "source": _source(name, tool)} for name in one.aliases] or None,
            "ratings": list(_ratings(severity)) if severity else None,
            "cwes": list(filter(None, (int(cwe.removeprefix("CWE-")) for cwe in one.finding.description.cwe_ids))) or None,
            "description": one.finding.description.title,
            "analysis": _analysis(one),
            "affects": [{"ref": _ref(document, one)}],
        }
    )


def _source(name: str, tool: str) -> dict[str, Any]:
    found = source_of(name, tool)
    return without_none({"name": found.name, "url": found.address})


def _ratings(severity: Severity) -> Iterator[dict[str, Any]]:
    """Yield the vectors that people chose, else that of the tool, else its score; the score stands with the one it is of."""
    own = [vector for vector in (severity.cvss_v4, severity.cvss_v3) if vector]
    vectors: list[str | None] = [*own] if own else [severity.tool_vector]
    for number, vector in enumerate(vectors):
        is_scored = number == 0
        yield without_none(
            {
                "score": float(severity.score) if is_scored else None,
                "severity": level(severity.score).value.lower() if is_scored else None,
                "method": _METHODS.get(vector[:8], "CVSSv2") if vector else "other",
                "vector": vector,
            }
        )


def _analysis(one: Statement) -> dict[str, Any]:
    vulnerability, word = one.vulnerability, one.word
    why, response = justification_of(vulnerability, word), response_of(word, one.advisory.fix)
    return without_none(
        {
            "state": EXPRESSIONS[word].cyclonedx,
            "justification": WRITTEN_JUSTIFICATIONS[why] if why else None,
            "response": [response] if response else None,
            "detail": action_of(vulnerability, word) or impact_of(vulnerability, word) or reason_of(vulnerability, word),
            "firstIssued": date_text(one.since),
            "lastUpdated": date_text(one.at),
        }
    )


CYCLONEDX: Final = Format(
    media_type="application/vnd.cyclonedx+json",
    key=statement_key,
    takes=tells_package,
    write=write,
    vex=VexFormat.CYCLONEDX_VEX,
)
