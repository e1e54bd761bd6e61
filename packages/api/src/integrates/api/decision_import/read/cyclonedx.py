"""The reader of what people decided in CycloneDX: vulnerabilities with an ``analysis``."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from msgspec import Raw, Struct
from packageurl import PackageURL

from integrates.api.decision_import.read.statement import (
    WORDS,
    Decisions,
    OfPackages,
    Product,
    Statement,
    parsed_date,
    said,
)
from integrates.api.exports.vex.cyclonedx import PRODUCT
from integrates.api.imports.read.error import BadFile, Defect, pointed
from integrates.api.imports.read.format.cyclonedx import VERSIONS, Affected, Component, Reference, nested, spellings
from integrates.api.imports.read.package import purl_of
from integrates.api.imports.read.strict import each_of, made
from integrates.db_model.decision_imports.decision import Saying
from integrates.db_model.decision_imports.types import DecisionFormat, SuppressionsAs
from integrates.db_model.vulnerabilities.vex import READ_JUSTIFICATIONS
from integrates.db_model.vulnerabilities.word import Word

_STATES: Final[Mapping[str, Saying]] = {
    "exploitable": Saying.AFFECTED,
    "false_positive": Saying.NOT_AFFECTED,
    "in_triage": Saying.UNDECIDED,
    "not_affected": Saying.NOT_AFFECTED,
    "resolved": Saying.FIXED,
    "resolved_with_pedigree": Saying.FIXED,
}
_WILL_NOT_FIX: Final = "will_not_fix"


class Author(Struct, frozen=True, gc=False):
    """Who wrote the file."""

    name: str | None = None


class About(Struct, frozen=True, gc=False):
    """What the file is about, who wrote it, and when."""

    timestamp: str | None = None
    authors: tuple[Author, ...] | None = None
    manufacturer: Author | None = None
    supplier: Author | None = None
    component: Component | None = None


class Analysed(Struct, frozen=True, gc=False, rename="camel"):
    """What people say of a vulnerability."""

    state: str | None = None
    justification: str | None = None
    response: tuple[str, ...] | None = None
    detail: str | None = None
    first_issued: str | None = None
    last_updated: str | None = None


class Judged(Struct, frozen=True, gc=False):
    """A vulnerability."""

    id: str | None = None
    references: tuple[Reference, ...] | None = None
    analysis: Analysed | None = None
    affects: tuple[Affected, ...] | None = None
    updated: str | None = None


class Sheet(Struct, frozen=True, gc=False, rename="camel"):
    """A whole file."""

    spec_version: str
    metadata: About | None = None
    components: tuple[Component, ...] | None = None
    vulnerabilities: tuple[Raw, ...] | None = None


def read(content: bytes, _suppressions_as: SuppressionsAs) -> Decisions:
    """Read a bill of materials, or the vulnerabilities of one. Raise ``TooLarge`` and ``BadFile``."""
    sheet = made(Sheet, content)
    if sheet.spec_version not in VERSIONS:
        raise BadFile((Defect("/specVersion", f"Expected one of {', '.join(VERSIONS)}:"),))
    about = sheet.metadata or About()
    own = (about.component,) if about.component else ()
    components = {one.bom_ref: one for one in nested((*(sheet.components or ()), *own)) if one.bom_ref}
    within = purl_of(about.component.purl) if about.component else None
    writers = (*(about.authors or ()), about.manufacturer, about.supplier)
    return Decisions(
        format=DecisionFormat.CYCLONEDX_VEX,
        author=next((one.name for one in writers if one and one.name), ""),
        statements=tuple(_statements(sheet, components, within, parsed_date(about.timestamp))),
    )


def _statements(
    sheet: Sheet, components: Mapping[str, Component], within: PackageURL | None, date: datetime | None
) -> Iterator[Statement]:
    for pointer, one in each_of(Judged, sheet.vulnerabilities or (), "/vulnerabilities"):
        analysis = one.analysis
        if analysis is None or analysis.state is None:
            continue
        says = said(_STATES, analysis.state, pointed(pointed(pointer, "analysis"), "state"))
        is_final = says is Saying.AFFECTED and _WILL_NOT_FIX in (analysis.response or ())
        dates = map(parsed_date, (analysis.last_updated, analysis.first_issued, one.updated))
        names = [each for each in (one.id, *(other.id for other in one.references or ())) if each]
        yield Statement(
            pointer=pointer,
            name=next(iter(names), ""),
            at=next((each for each in dates if each), date),
            says=Saying.ACCEPTED_FOREVER if is_final else says,
            words=frozenset({Word.ACCEPTED, Word.ACCEPTED_FOREVER}) if is_final else WORDS[says],
            text=analysis.detail or analysis.justification or analysis.state,
            vex_justification=READ_JUSTIFICATIONS.get(analysis.justification or ""),
            about=OfPackages(
                names=frozenset(names),
                products=tuple(_product(each.ref or "", components, within) for each in one.affects or ()),
            ),
        )


def _product(reference: str, components: Mapping[str, Component], within: PackageURL | None) -> Product:
    """Return what is referred to: the package of a component, or the one that the reference itself names.

    In what is exported here of several products, a component tells in which of them it is.
    """
    names = spellings(reference)
    known = next((components[one] for one in names if one in components), None)
    if known is None:
        return Product(purl=next((found for each in names if (found := purl_of(each))), None), within=within)
    purl = purl_of(known.purl)
    above = next((one.value for one in known.properties or () if one.name == PRODUCT), None)
    if above is None or purl is None:
        return Product(purl=purl, within=within)
    return Product(purl=purl_of(above), packages=(purl,))
