"""Our own JSON: decisions with their trail, and nobody's e-mail when that is asked for (domain section 21)."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from packages.api.tests.exports.entry import BACKEND, BY, FIRST, NOW, document, told, treated, vulnerable
from packages.api.tests.exports.output import entry_of, in_line

from integrates.api.exports.document import Entry, ExportFormat
from integrates.api.exports.registry import FORMATS
from integrates.api.exports.trail.person import by_email, by_number
from integrates.api.exports.trail.writer import JSON
from integrates.db_model.entity.revision import Revision
from integrates.db_model.testing.scene import uid
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    PreviousTreatment,
    SeriesSuppression,
    TreatmentStatus,
    VexJustification,
    ZeroRisk,
    ZeroRiskStatus,
)

MIA = "mia@demo.example"
WHY = "It is never called by us, says mia@demo.example."


def written(*entries: Entry, **more: Any) -> Any:
    """Write entries and return the document."""
    return json.loads(b"".join(JSON.write(document(**more), entries)))


def revision(version: int, by: str, **aspects: Any) -> Revision:
    """Return a revision of the vulnerability ``one``."""
    return Revision(
        entity_key=f"VULN#{uid('one')}",
        version=version,
        at=FIRST + timedelta(hours=version),
        by=by,
        operation="test",
        change_id=uid(f"change {version}"),
        seen={"GROUP#webshop": 1},
        aspects=aspects,
    )


def test_the_format_needs_the_history_and_those_who_may_read_it() -> None:
    assert FORMATS[ExportFormat.JSON] is JSON
    assert (JSON.permissions, JSON.has_history) == (frozenset({"history:read"}), True)


def test_a_document_says_what_it_is_about() -> None:
    found = written(root=BACKEND)
    assert found == {
        "format": "integrates-decisions",
        "version": 1,
        "id": uid("document"),
        "server": "https://integrates.example",
        "author": "Aurora",
        "organization": "aurora",
        "group": "webshop",
        "root": "backend",
        "at": "2024-05-01T12:00:00Z",
        "anonymous": False,
        "vulnerabilities": [],
    }


TOLD: Mapping[str, Any] = {
    "id": uid("one"),
    "word": "ZERO_RISK_REQUESTED",
    "decidedAt": "2024-05-01T12:00:00Z",
    "title": "CVE-2024-1001: a weakness",
    "rule": {"findingId": uid("finding CVE-2024-1001"), "tool": "trivy", "ruleId": "CVE-2024-1001"},
    "root": {
        "nickname": "backend",
        "kind": "GIT",
        "location": "https://git.example/shop#main",
        "url": "https://git.example/shop",
        "branch": "main",
    },
    "location": {
        "type": "PACKAGES",
        "technique": "SCA",
        "source": "MACHINE",
        "where": "one/package-lock.json",
        "specific": "pkg:npm/express@4.17.1",
    },
    "tool": {"name": "trivy", "ruleId": "CVE-2024-1001", "categories": [""], "fingerprint": "package=one"},
    "advisory": {
        "id": "CVE-2024-1001",
        "cve": ["CVE-2024-1001"],
        "aliases": ["GHSA-1"],
        "package": "pkg:npm/express",
        "version": "4.17.1",
        "purl": "pkg:npm/express@4.17.1",
        "fix": "UNKNOWN",
        "relation": "UNKNOWN",
        "use": "UNKNOWN",
    },
    "severity": {"score": 7.5, "level": "HIGH", "toolScore": 7.5, "isOwn": False},
    "state": {
        "status": "VULNERABLE",
        "at": "2024-05-01T12:00:00Z",
        "by": "hana@demo.example",
        "reportedAt": "2024-05-01T12:00:00Z",
        "openedAt": "2024-05-01T12:00:00Z",
        "cycles": 1,
    },
    "treatment": {"status": "UNTREATED", "at": "2024-05-01T12:00:00Z", "by": "hana@demo.example"},
    "zeroRisk": {
        "status": "REQUESTED",
        "justification": WHY,
        "vexJustification": "COMPONENT_NOT_PRESENT",
        "requestedBy": MIA,
        "at": "2024-05-01T12:00:00Z",
        "by": MIA,
    },
    "revisions": [
        {
            "version": 1,
            "at": "2024-05-01T13:00:00Z",
            "by": BY,
            "operation": "test",
            "changeId": uid("change 1"),
            "aspects": {"state": {"status": "VULNERABLE"}},
        },
        {
            "version": 2,
            "at": "2024-05-01T14:00:00Z",
            "by": MIA,
            "operation": "test",
            "changeId": uid("change 2"),
            "aspects": {"zero_risk": {"by": MIA}},
        },
    ],
}
"""The vulnerability of :func:`test_a_vulnerability_is_told_whole`."""


def test_a_vulnerability_is_told_whole() -> None:
    claim = ZeroRisk(
        status=ZeroRiskStatus.REQUESTED,
        justification=WHY,
        vex_justification=VexJustification.COMPONENT_NOT_PRESENT,
        requested_by=MIA,
        at=FIRST,
        by=MIA,
    )
    one = replace(vulnerable("one", aliases=("GHSA-1",)), zero_risk=claim)
    history = (revision(1, BY, state={"status": "VULNERABLE"}, identity="0" * 64), revision(2, MIA, zero_risk={"by": MIA}))
    (found,) = written(replace(told(one), revisions=history))["vulnerabilities"]
    assert found == TOLD


def test_a_treatment_is_told_whole() -> None:
    asked: dict[str, Any] = {"acceptance_status": AcceptanceStatus.APPROVED, "requested_by": MIA, "policy_id": uid("policy")}
    one = treated(vulnerable("one"), TreatmentStatus.ACCEPTED_UNDEFINED, justification=WHY, **asked)
    (found,) = written(told(one))["vulnerabilities"]
    assert found["treatment"] == {
        "status": "ACCEPTED_UNDEFINED",
        "acceptanceStatus": "APPROVED",
        "justification": WHY,
        "requestedBy": MIA,
        "policyId": uid("policy"),
        "at": "2024-05-01T12:00:00Z",
        "by": BY,
    }


def test_an_acceptance_has_its_end() -> None:
    until = NOW + timedelta(days=1)
    one = treated(vulnerable("one"), TreatmentStatus.ACCEPTED, accepted_until=until, justification=WHY)
    (found,) = written(told(one))["vulnerabilities"]
    assert (found["treatment"]["acceptedUntil"], found["word"]) == ("2024-06-02T00:00:00Z", "ACCEPTED")


def test_suppressions_of_the_source_are_told() -> None:
    said = (SeriesSuppression(category="", kind="inSource", justification="nosec"),)
    (found,) = written(entry_of(in_line("one", suppressions=said)))["vulnerabilities"]
    assert found["tool"]["suppressions"] == [{"category": "", "kind": "inSource", "justification": "nosec"}]


def test_nothing_of_the_time_as_a_draft_is_told() -> None:
    one = replace(vulnerable("one"), cycle=replace(vulnerable("one").cycle, reported_at=FIRST + timedelta(hours=3)))
    history = (
        revision(1, BY, state={"status": "SUBMITTED"}),
        revision(2, BY, labels={"tags": ["secret"]}),
        revision(3, MIA, state={"status": "VULNERABLE"}),
        revision(4, MIA, labels={"tags": ["known"]}),
    )
    (found,) = written(replace(told(one), revisions=history))["vulnerabilities"]
    assert [one["version"] for one in found["revisions"]] == [3, 4]


def test_an_anonymous_document_names_nobody() -> None:
    previous = PreviousTreatment(status=TreatmentStatus.IN_PROGRESS, assigned=MIA, at=FIRST, by=MIA)
    asked: dict[str, Any] = {"acceptance_status": AcceptanceStatus.SUBMITTED, "requested_by": MIA, "previous": previous}
    one = treated(vulnerable("one"), TreatmentStatus.ACCEPTED_UNDEFINED, justification=WHY, **asked)
    history = (
        revision(1, BY, state={"status": "VULNERABLE", "by": BY}),
        revision(2, "MIA@demo.example", treatment={"assigned": MIA, "previous": {"by": MIA}, "justification": WHY}),
        revision(3, "service:forces:webshop"),
    )
    found = written(replace(told(one), revisions=history), is_anonymous=True)
    assert "demo.example" not in json.dumps(found)
    (told_so,) = found["vulnerabilities"]
    number = told_so["treatment"]["requestedBy"]
    assert re.fullmatch("person-[0-9]+", number)
    assert told_so["treatment"]["justification"] == f"It is never called by us, says {number}."
    by = [one["by"] for one in told_so["revisions"]]
    assert (by[1], by[2]) == (number, "service:forces:webshop")
    assert by[0] == told_so["treatment"]["by"] != number
    assert found["anonymous"] is True


def test_one_person_has_one_number_in_the_whole_document() -> None:
    some = [told(treated(vulnerable(name), TreatmentStatus.IN_PROGRESS, assigned=MIA)) for name in ("one", "two")]
    first, second = written(*some, is_anonymous=True)["vulnerabilities"]
    assert first["treatment"]["assigned"] == second["treatment"]["assigned"]


TEXTS: Mapping[str, str] = {
    "mia@demo.example": "person-1",
    "Ask Mia@Demo.Example.": "Ask person-1.",
    "mia@demo.example, uri@demo.example": "person-1, person-2",
    "<mia@demo.example>": "<person-1>",
    "mia@xn--bcher-kva.xn--p1ai, мия@пример.рф.": "person-1, person-2.",
    "debug@2.6.8 and express@4": "debug@2.6.8 and express@4",
    "@angular/core@1.0": "@angular/core@1.0",
    "a @ b": "a @ b",
    "nobody": "nobody",
}


@pytest.mark.parametrize("text", TEXTS)
def test_mentions(text: str) -> None:
    assert by_number()({"justification": text}) == {"justification": TEXTS[text]}
    assert by_email({"justification": text}) == {"justification": text}


def test_what_is_said_of_code_stays() -> None:
    told_so = {
        "location": {"where": "mail/mia@demo.example.txt"},
        "tool": {"fingerprint": "mia@demo.example"},
        "by": "a@localhost",
    }
    assert by_number()(told_so) == {**told_so, "by": "person-1"}


def test_texts_in_what_is_said_of_code_name_nobody() -> None:
    said = (SeriesSuppression(category="", kind="inSource", justification=WHY),)
    one = in_line("one", suppressions=said)
    history = (revision(1, BY, location={"where": "mia@demo.example", "snippet": f"# {WHY}", "detail": WHY}, tool=one.tool),)
    (found,) = written(replace(entry_of(one), revisions=history), is_anonymous=True)["vulnerabilities"]
    told_now, (told_then,) = found["tool"]["suppressions"], found["revisions"]
    assert "demo.example" not in told_now[0]["justification"]
    location = told_then["aspects"]["location"]
    assert location["where"] == "mia@demo.example"
    assert location["snippet"] == f"# {location['detail']}"
    assert "demo.example" not in location["detail"]
