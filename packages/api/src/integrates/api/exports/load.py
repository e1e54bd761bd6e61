"""Reading what is exported, page by page, so that memory does not grow with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from integrates.api.exports.document import Entry, Format
from integrates.api.exports.product import product_of
from integrates.api.exports.spool import Spool
from integrates.db_model.entity import read, revision
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.revision import Revision
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.imports.types import Import
from integrates.db_model.roots.facet import ROOT, roots_of_group
from integrates.db_model.roots.image import names_other_image
from integrates.db_model.roots.types import ImageRoot, Root
from integrates.db_model.store.port import Item, Store
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.lists import of_root
from integrates.db_model.vulnerabilities.types import Vulnerability
from integrates.db_model.vulnerabilities.word import Word, decided_at, word_of

MAX_EXPORTED: Final = 100_000
"""Most vulnerabilities of one export."""
_PAGE: Final = 200
_TOGETHER: Final = 5
"""Roots whose pages are read together."""
_REVISIONS: Final = 50
_IMPORTS: Final = 10
"""The imports of an image, newest first, among which the last one that names a digest is looked for."""


class _Told(Struct, frozen=True):
    vulnerability: Vulnerability
    word: Word


async def roots_of(store: Store, group_name: str) -> tuple[Root, ...]:
    """Return all roots of a group, inactive ones too."""
    return await read.everything(store, ROOT, roots_of_group(group_name))


async def products_of(store: Store, roots: Sequence[Root]) -> Mapping[str, str]:
    """Return the package url of each root that has one, by its id."""
    images = [root for root in roots if isinstance(root, ImageRoot)]
    digests: dict[str, str | None] = {}
    for some in (images[begin : begin + _TOGETHER] for begin in range(0, len(images), _TOGETHER)):
        queries = [
            listing(IMPORT.name, "imports_of_root", {"root_id": one.id}, limit=_IMPORTS, descending=True) for one in some
        ]
        pages = [read.page_of(IMPORT, page).entities for page in await store.query(queries)]
        digests |= {image.id: _digest(image, imports) for image, imports in zip(some, pages, strict=True)}
    found = ((root.id, product_of(root, digests.get(root.id))) for root in roots)
    return {root_id: product for root_id, product in found if product is not None}


def _digest(image: ImageRoot, imports: Sequence[Import]) -> str | None:
    """Return the digest of the last import that names one, unless it is that of another image."""
    scanned = (one.artifact for one in imports if one.artifact)
    return next((one.digest for one in scanned if one.digest and not names_other_image(one.name, image.location)), None)


async def collect(store: Store, roots: Sequence[Root], form: Format, spool: Spool, now: datetime) -> datetime | None:
    """Put everything that is told of the roots into the spool. Return the date of the newest decision, if there is any.

    Raise ``Rejected`` (``too_large``) when there is more than an export may have.
    """
    newest, left = None, MAX_EXPORTED
    for begin in range(0, len(roots), _TOGETHER):
        queries = [of_root(root.id, limit=_PAGE) for root in roots[begin : begin + _TOGETHER]]
        async for _, items in read.pages_of_each(store.query, queries):
            told = _told(form, items, now)
            left -= len(told)
            if left < 0:
                raise Rejected(Reason.TOO_LARGE, (), f"at most {MAX_EXPORTED:,} vulnerabilities are exported at once")
            for entry in await _entries(store, form, told, now):
                newest = max(newest or entry.at, entry.at)
                spool.put(entry)
    return newest


def _told(form: Format, items: Sequence[Item], now: datetime) -> list[_Told]:
    vulnerabilities = (decoded(VULNERABILITY, item) for item in items)
    found = ((one, word_of(one, now)) for one in vulnerabilities)
    return [_Told(one, word) for one, word in found if word is not None and form.takes(one, word)]


async def _entries(store: Store, form: Format, told: Sequence[_Told], now: datetime) -> list[Entry]:
    findings = await _findings(store, told)
    histories = await _histories(store, told) if form.has_history else {}
    return [
        Entry(
            vulnerability=each.vulnerability,
            finding=findings[each.vulnerability.finding_id],
            word=each.word,
            at=decided_at(each.vulnerability, now),
            revisions=histories.get(each.vulnerability.id, ()),
        )
        for each in told
    ]


async def _findings(store: Store, told: Sequence[_Told]) -> Mapping[str, Finding]:
    """Return the findings of vulnerabilities, removed ones too."""
    ids = list(dict.fromkeys(each.vulnerability.finding_id for each in told))
    items = await store.get([finding_key(each) for each in ids]) if ids else ()
    return {each: decoded(FINDING, item) for each, item in zip(ids, items, strict=True) if item is not None}


async def _histories(store: Store, told: Sequence[_Told]) -> Mapping[str, tuple[Revision, ...]]:
    keys = {each.vulnerability.id: vulnerability_key(each.vulnerability.id) for each in told}
    records = await read.records_of_each(store.query, keys.values(), limit=_REVISIONS)
    return {each: tuple(map(revision.of_item, records[key])) for each, key in keys.items()}
