"""Whatever the model stores, the VEX documents of it pass the judges of their formats (domain section 21)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from packages.api.tests.exports.arbitrary import ADVISORIES, entries, maybe, storable
from packages.api.tests.exports.entry import BY, FIRST, NOW
from packages.api.tests.exports.judge import JUDGES
from packages.api.tests.exports.vex import written
from packageurl import PackageURL

from integrates.api.exports.document import Entry, ExportFormat
from integrates.api.exports.product import package_url
from integrates.db_model.values import text as texts
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    Advisory,
    Treatment,
    TreatmentStatus,
    VexJustification,
    ZeroRisk,
    ZeroRiskStatus,
)
from integrates.db_model.vulnerabilities.word import decided_at, word_of

UNTIL = NOW + timedelta(days=1)
REASONS = storable(texts.reasoning)
TREATMENTS = st.builds(
    Treatment,
    status=st.sampled_from(TreatmentStatus),
    acceptance_status=maybe(st.sampled_from(AcceptanceStatus)),
    accepted_until=maybe(st.sampled_from([FIRST, NOW, UNTIL])),
    justification=maybe(REASONS),
    at=st.just(FIRST),
    by=st.just(BY),
)
CLAIMS = st.builds(
    ZeroRisk,
    status=st.sampled_from(ZeroRiskStatus),
    justification=maybe(REASONS),
    vex_justification=maybe(st.sampled_from(VexJustification)),
    at=st.just(FIRST),
    by=st.just(BY),
)
PURLS = st.one_of(
    storable(texts.rule_id),
    storable(texts.rule_id).map("pkg:npm/{}".format),
    st.sampled_from(["pkg:npm/%40a/b@1?arch=x#sub", "PKG:NPM/a", "pkg:npm/", "pkg:", "pkg:golang/a/b/c@v1"]),
)


@st.composite
def decided(draw: Any) -> list[Entry]:
    """Vulnerable packages about which people have decided something."""
    found = []
    for entry in draw(entries()):
        one = entry.vulnerability
        if one.advisory is None:
            continue
        advisory = replace(one.advisory, purl=draw(maybe(PURLS)))
        decision = replace(one, advisory=advisory, treatment=draw(TREATMENTS), zero_risk=draw(maybe(CLAIMS)))
        word = word_of(decision, NOW)
        assert word is not None
        found.append(Entry(vulnerability=decision, finding=entry.finding, word=word, at=decided_at(decision, NOW)))
    return found


@pytest.mark.parametrize("kind", JUDGES)
@settings(max_examples=60)
@given(data=st.data())
def test_every_document_passes(kind: ExportFormat, data: st.DataObject) -> None:
    some = data.draw(decided())
    if some:
        JUDGES[kind](json.dumps(written(kind, some)))


@given(ADVISORIES, maybe(PURLS), st.sampled_from(["/", "//", "..", "%", "a/", "?", "#", "@", "a b", "é"]))
def test_every_package_has_a_url_that_reads_as_it_is_written(advisory: Advisory, purl: str | None, name: str) -> None:
    for one in (replace(advisory, purl=purl), replace(advisory, package=name, purl=purl)):
        found = package_url(one)
        assert PackageURL.from_string(found).to_string() == found
        assert found.isascii()
        assert " " not in found
