"""CSAF 2.0, profile VEX (https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import chain, groupby
from typing import Any, Final

from integrates.api.exports.advisory import source_of
from integrates.api.exports.document import Document, Entry, Format
from integrates.api.exports.piece import array_text, date_text, json_text, once, without_none
from integrates.api.exports.statement import Statement, statement_key, statements_of, tells_package
from integrates.db_model.vex_documents.types import VexFormat
from integrates.db_model.vulnerabilities.vex import EXPRESSIONS, action_of, impact_of, justification_of, remediation_of

_CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")


def write(document: Document, entries: Iterable[Entry]) -> Iterator[bytes]:
    """Write a document: products and packages, and a vulnerability for each advisory."""
    yield b'{"document":' + json_text(_head(document))
    yield b',"product_tree":{"full_product_names":'
    yield from array_text(_names(document, statements_of(document, entries)))
    yield b',"relationships":'
    yield from array_text(_relationships(document, statements_of(document, entries)))
    yield b'},"vulnerabilities":'
    grouped = groupby(statements_of(document, entries), key=lambda one: one.advisory.id)
    yield from array_text(_vulnerability(document, name, statements) for name, statements in grouped)
    yield b"}\n"


def _head(document: Document) -> Mapping[str, Any]:
    about = document.group.name if document.root is None else f"{document.root.info.nickname} of {document.group.name}"
    editions = document.editions
    return {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "lang": "en",
        "title": f"Vulnerabilities of {about}",
        "publisher": {"category": "vendor", "name": document.author, "namespace": document.server},
        "tracking": {
            "id": document.id,
            "status": "final",
            "version": str(document.version),
            "initial_release_date": date_text(editions[0].at if editions else document.at),
            "current_release_date": date_text(document.at),
            "revision_history": [
                {
                    "number": str(one.document_version),
                    "date": date_text(one.at),
                    "summary": "First edition." if one.document_version == 1 else "What is decided has changed.",
                }
                for one in editions
            ],
            "generator": {"engine": {"name": "Integrates"}},
        },
    }


def _id(*names: str) -> str:
    """Return the id of a product, a package, or a package of a product."""
    return f"CSAFPID-{sha256('|'.join(names).encode()).hexdigest()[:32]}"


def _name(purl: str, name: str) -> dict[str, Any]:
    return {"name": name, "product_id": _id(purl), "product_identification_helper": {"purl": purl}}


def _nicknames(document: Document) -> Mapping[str, str]:
    """Return what products are called, by their package urls."""
    return {purl: document.roots[root_id].info.nickname for root_id, purl in document.products.items()}


def _names(document: Document, statements: Iterable[Statement]) -> Iterator[dict[str, Any]]:
    nicknames = _nicknames(document)
    named = chain.from_iterable(((one.product, nicknames[one.product]), (one.package, one.package)) for one in statements)
    return (_name(purl, name) for purl, name in once(named))


def _relationships(document: Document, statements: Iterable[Statement]) -> Iterator[dict[str, Any]]:
    nicknames = _nicknames(document)
    return (
        {
            "category": "default_component_of",
            "product_reference": _id(one.package),
            "relates_to_product_reference": _id(one.product),
            "full_product_name": {"name": f"{one.package} in {nicknames[one.product]}", "product_id": identity},
        }
        for identity, one in once((_id(each.product, each.package), each) for each in statements)
    )


def _vulnerability(document: Document, name: str, statements: Iterable[Statement]) -> dict[str, Any]:
    """Return what is said of one advisory. What is said of several products in the same words is said once."""
    said: dict[str, dict[tuple[str, ...], list[str]]] = {"status": {}, "flags": {}, "threats": {}, "remediations": {}}
    last: Statement | None = None
    for one in statements:
        product, last = _id(one.product, one.package), one
        for part, words in _words(one).items():
            said[part].setdefault(words, []).append(product)
    assert last is not None  # noqa: S101 -- a group has at least one member
    tool = last.finding.rule.tool if last.finding.rule else document.author
    names = (name, *last.aliases)
    return without_none(
        {
            "cve": name if _CVE.fullmatch(name) else None,
            "ids": None
            if _CVE.fullmatch(name)
            else [{"system_name": source_of(each, tool).name, "text": each} for each in names],
            "notes": [{"category": "description", "text": last.finding.description.description}],
            "product_status": {words[0]: products for words, products in said["status"].items()},
            "flags": [{"label": words[0], "product_ids": products} for words, products in said["flags"].items()] or None,
            "threats": [
                {"category": "impact", "details": words[0], "product_ids": products}
                for words, products in said["threats"].items()
            ]
            or None,
            "remediations": [
                {"category": words[0], "details": words[1], "product_ids": products}
                for words, products in said["remediations"].items()
            ]
            or None,
        }
    )


def _words(one: Statement) -> Mapping[str, tuple[str, ...]]:
    """Return what is said of one package, by the member of the vulnerability that says it."""
    why = justification_of(one.vulnerability, one.word)
    impact, action = impact_of(one.vulnerability, one.word), action_of(one.vulnerability, one.word)
    remediation = remediation_of(one.word, one.advisory.fix)
    return {
        "status": (EXPRESSIONS[one.word].csaf,),
        **({"flags": (why.value.lower(),)} if why else {}),
        **({"threats": (impact,)} if impact else {}),
        **({"remediations": (remediation, action)} if remediation and action else {}),
    }


CSAF: Final = Format(
    media_type="application/json",
    key=statement_key,
    takes=tells_package,
    write=write,
    vex=VexFormat.CSAF_VEX,
    may_be_empty=False,
)
