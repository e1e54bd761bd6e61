"""A vulnerability of each word, and more, and what documents say of them."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from packages.api.tests.exports.entry import (
    BY,
    FIRST,
    IMAGE,
    NOW,
    PRODUCTS,
    document,
    told,
    treated,
    vulnerable,
)

from integrates.api.exports.document import Document, Entry, ExportFormat
from integrates.api.exports.registry import FORMATS
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.vulnerabilities.review import removed
from integrates.db_model.vulnerabilities.rules import closed
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    ClosingReason,
    Fix,
    TreatmentStatus,
    VexJustification,
    Vulnerability,
    ZeroRisk,
    ZeroRiskStatus,
)
from integrates.db_model.vulnerabilities.word import Word

LATER = FIRST + timedelta(days=1)
TEXT = "Nobody outside can reach it."
VEX = [each for each, form in FORMATS.items() if form.vex]


def purl(number: int) -> str:
    return f"pkg:npm/%40demo/package-{number}@1.{number}"


def claimed(one: Vulnerability, status: ZeroRiskStatus, why: VexJustification | None = None) -> Vulnerability:
    return replace(one, zero_risk=ZeroRisk(status=status, justification=TEXT, vex_justification=why, at=LATER, by=BY))


def accepted(one: Vulnerability, status: AcceptanceStatus) -> Vulnerability:
    return treated(one, TreatmentStatus.ACCEPTED_UNDEFINED, LATER, acceptance_status=status, justification=TEXT)


def one_of_each() -> dict[Word, Vulnerability]:
    """Return a vulnerability of each word, each in a package of its own."""
    given = {word: vulnerable(word, package=purl(number)) for number, word in enumerate(Word)}
    until = NOW + timedelta(days=3)
    return {
        Word.FALSE_POSITIVE: removed(given[Word.FALSE_POSITIVE], RemovalJustification.FALSE_POSITIVE, by=BY, at=LATER),
        Word.ZERO_RISK: claimed(given[Word.ZERO_RISK], ZeroRiskStatus.CONFIRMED),
        Word.FIXED: closed(given[Word.FIXED], ClosingReason.VERIFIED, by=BY, at=LATER),
        Word.ZERO_RISK_REQUESTED: claimed(given[Word.ZERO_RISK_REQUESTED], ZeroRiskStatus.REQUESTED),
        Word.ACCEPTED_FOREVER: accepted(given[Word.ACCEPTED_FOREVER], AcceptanceStatus.APPROVED),
        Word.ACCEPTED: treated(given[Word.ACCEPTED], TreatmentStatus.ACCEPTED, LATER, accepted_until=until, justification=TEXT),
        Word.ACCEPTANCE_REQUESTED: accepted(given[Word.ACCEPTANCE_REQUESTED], AcceptanceStatus.SUBMITTED),
        Word.IN_PROGRESS: treated(given[Word.IN_PROGRESS], TreatmentStatus.IN_PROGRESS, LATER, justification=TEXT),
        Word.UNDECIDED: given[Word.UNDECIDED],
    }


EACH = one_of_each()
OTHERS = [
    *(
        claimed(vulnerable(f"why {number}", package=f"pkg:deb/debian/p{number}@1?distro=12", root=IMAGE), status, why)
        for number, why in enumerate(VexJustification)
        for status in (ZeroRiskStatus.CONFIRMED,)
    ),
    vulnerable("ghsa", advisory="GHSA-aaaa-bbbb-cccc", aliases=("PYSEC-1", "OSV-1")),
    vulnerable("own", advisory="AIKIDO-1", package="pkg:npm/x@2"),
    treated(
        vulnerable("fixing", advisory="CVE-2023-20001", fix=Fix.AVAILABLE, fixed_version="5.0.0"),
        TreatmentStatus.IN_PROGRESS,
        justification=TEXT,
    ),
]
ENTRIES = [told(one) for one in (*EACH.values(), *OTHERS)]


def written(kind: ExportFormat, entries: Iterable[Entry], about: Document | None = None) -> dict[str, Any]:
    """Return what a document says."""
    form, about = FORMATS[kind], about or document()
    ordered = sorted(entries, key=lambda entry: (form.key(PRODUCTS, entry), entry.vulnerability.id))
    made: dict[str, Any] = json.loads(b"".join(form.write(about, ordered)))
    return made
