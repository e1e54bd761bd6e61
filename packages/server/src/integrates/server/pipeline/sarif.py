"""Places as SARIF 2.1.0, for what shows the problems of a pull request (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from integrates.db_model.values.url import bracketed
from integrates.server.pipeline.fact import Facts
from integrates.server.pipeline.place import Change, Kind, Place

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT: Final = "integratesVulnerability/v1"
"""The name of the fingerprint that a vulnerability has by its id."""
_BASELINES: Final[Mapping[Change, str | None]] = {
    Change.BLOCKING: None,
    Change.NEW: "new",
    Change.REOPENED: "new",
    Change.MOVED: "updated",
    Change.UNCHANGED: "unchanged",
    Change.FIXED: "absent",
}
_LEVELS: Final[tuple[tuple[float, str], ...]] = ((7.0, "error"), (4.0, "warning"), (0.0, "note"))
_UNRATED: Final = "warning"


def sarif_of(places: Sequence[Place], *, category: str, version: str, facts: Facts) -> bytes:
    """Return a SARIF document of one run that has a result for each place.

    ``category`` says which series of runs this is, e.g. ``integrates-gate/webshop/``; ``facts`` tell what was built.
    """
    rules = tuple(dict.fromkeys(place.rule for place in places))
    numbers = {rule: number for number, rule in enumerate(rules)}
    worst: dict[str, Place] = {}
    for place in sorted(places, key=lambda one: one.score or 0.0):
        worst[place.rule] = place
    run = {
        "tool": {
            "driver": {
                "name": "Integrates",
                "semanticVersion": version,
                "rules": [_rule(worst[rule]) for rule in rules],
            }
        },
        "automationDetails": {"id": category},
        "columnKind": "unicodeCodePoints",
        "results": [_result(place, numbers[place.rule]) for place in places],
        **_provenance(facts),
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _rule(place: Place) -> Mapping[str, Any]:
    severity = {"properties": {"security-severity": f"{place.score:.1f}"}} if place.score is not None else {}
    return {"id": place.rule, "shortDescription": {"text": place.title}, **severity}


def _result(place: Place, number: int) -> Mapping[str, Any]:
    baseline, link = _BASELINES[place.change], place.link
    text = f"{place.title}. {place.why}" if place.why else place.title
    return {
        "ruleId": place.rule,
        "ruleIndex": number,
        "level": next((level for low, level in _LEVELS if place.score >= low), _UNRATED)
        if place.score is not None
        else _UNRATED,
        "message": {"text": f"{text} {link}" if link else text},
        "locations": [_location(place)],
        **({"baselineState": baseline} if baseline else {}),
        **({"partialFingerprints": {FINGERPRINT: place.id}, "hostedViewerUri": link} if place.id and link else {}),
    }


def _location(place: Place) -> Mapping[str, Any]:
    match place.kind:
        case Kind.LINES:
            line = int(place.specific) if place.specific.isdecimal() else 0
            region = {"region": {"startLine": line}} if line else {}
            return {"physicalLocation": {"artifactLocation": {"uri": quote(place.where, safe="/")}, **region}}
        case Kind.INPUTS:
            field = {"kind": "parameter", "name": place.specific}
            return {"physicalLocation": {"artifactLocation": {"uri": place.where}}, "logicalLocations": [field]}
        case Kind.PORTS:
            uri = f"tcp://{bracketed(place.where)}:{place.specific}"
            return {"physicalLocation": {"artifactLocation": {"uri": uri}}}
        case Kind.PACKAGES:
            package = {"kind": "package", "name": place.specific}
            return {
                "physicalLocation": {"artifactLocation": {"uri": quote(place.where, safe="/")}},
                "logicalLocations": [package],
            }


def _provenance(facts: Facts) -> Mapping[str, Any]:
    """Return what was built; the format wants at least the address of the repository."""
    if not facts.origin:
        return {}
    named = {"revisionId": facts.commit, "branch": facts.branch}
    return {
        "versionControlProvenance": [{"repositoryUri": facts.origin, **{name: value for name, value in named.items() if value}}]
    }
