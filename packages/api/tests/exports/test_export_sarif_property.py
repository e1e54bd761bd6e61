"""Whatever the model stores, the SARIF of it is valid by the published schema and reads back as it was (domain section 21)."""

import json
from typing import Any

from hypothesis import given, settings
from msgspec.structs import replace
from packages.api.tests.exports.arbitrary import entries
from packages.api.tests.exports.entry import BACKEND, document
from packages.api.tests.exports.output import VALIDATOR

from integrates.api.exports.document import Entry
from integrates.api.exports.sarif.writer import SARIF
from integrates.api.imports.read.observation import Observation
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.api.imports.work.plan import Decision
from integrates.api.imports.work.sighting import sighting_of
from integrates.db_model.vulnerabilities.check import whole
from integrates.db_model.vulnerabilities.rules import Sighting
from integrates.db_model.vulnerabilities.types import MatchBy, Vulnerability


def sighted(one: Observation) -> Sighting:
    return sighting_of(one, Decision(one.ordinal, "", MatchBy.NEW, (one.category,)))


def stored(one: Vulnerability, inherited: Any) -> dict[str, Any]:
    """Return what a sighting of a vulnerability would say."""
    own = one.severity if one.severity and one.severity.score != inherited else None
    return {
        "type": one.type,
        "technique": one.technique,
        "location": one.location,
        "tool": one.tool,
        "advisory": one.advisory,
        "severity": own,
    }


def seen(one: Sighting) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("type", "technique", "location", "tool", "advisory", "severity")}


def distinct(some: list[Entry]) -> list[Entry]:
    """Leave out what a reader would take for the same: one rule, place and mark, and one fingerprint."""
    found: dict[object, Entry] = {}
    for entry in some:
        one = entry.vulnerability
        assert one.tool is not None
        at = (one.location.where.lower(), one.location.specific)
        found.setdefault((one.tool.name, one.tool.rule_id, one.type, at, one.tool.mark, one.tool.fingerprint), entry)
    return list(found.values())


@settings(max_examples=100)
@given(entries())
def test_what_is_stored_reads_back(some: list[Entry]) -> None:
    some = distinct(some)
    for entry in some:
        assert list(whole(replace(entry.vulnerability, version=1, number=1, identity="0" * 64))) == []
    content = b"".join(SARIF.write(document(BACKEND), some))
    VALIDATOR.validate(json.loads(content))
    scan = read(content, Options())
    assert (scan.problems, scan.skipped, scan.duplicates, scan.remarks) == ((), 0, 0, ())
    expected = [stored(entry.vulnerability, entry.finding.severity and entry.finding.severity.score) for entry in some]
    assert sorted(map(str, map(seen, map(sighted, scan.observations)))) == sorted(map(str, expected))
    rules = {entry.finding.rule: (entry.finding.description, entry.finding.severity) for entry in some}
    for rule in scan.rules:
        about, severity = rules[rule.rule]
        assert (rule.title, rule.description, rule.cwe_ids) == (about.title, about.description, about.cwe_ids)
        assert rule.recommendation == about.recommendation
        assert severity is not None
        assert (rule.tool_score, rule.tool_vector) == (severity.tool_score, severity.tool_vector)
