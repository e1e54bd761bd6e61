"""Results: what SARIF says of a vulnerability."""

from collections.abc import Mapping
from typing import Any, Final

from integrates.api.exports.document import Entry
from integrates.api.exports.rule import OURS
from integrates.api.exports.sarif.place import is_path, is_shown, told_at
from integrates.api.exports.sarif.rule import level_of, present, tool_vector_of
from integrates.api.imports.read.reader import TECHNIQUES
from integrates.db_model.roots.types import Root
from integrates.db_model.vulnerabilities.advisory import MAX_ID, MAX_PACKAGE
from integrates.db_model.vulnerabilities.rules import effective_score
from integrates.db_model.vulnerabilities.types import Advisory, Fix, Mark, Relation, Use, Vulnerability, VulnerabilityType
from integrates.db_model.vulnerabilities.vex import EXPRESSIONS
from integrates.db_model.vulnerabilities.word import Word, reason_of

_PRIMARY: Final = "primaryLocationLineHash"
"""The partial fingerprint that identifies by itself, without the path."""
_OWN_NAME: Final = "integrates/v1"
"""The name of a fingerprint that no member of SARIF was read from."""


def told_result(entry: Entry, root: Root, category: str, rule: tuple[str, int]) -> Mapping[str, Any]:
    """Return the ``result`` of a vulnerability in the run of a category, where its rule has that id and index."""
    found, severity = entry.vulnerability, entry.vulnerability.severity
    score = effective_score(found, entry.finding.severity)
    return {
        "ruleId": rule[0],
        "ruleIndex": rule[1],
        "level": level_of(score),
        "message": {"text": found.location.detail or entry.finding.description.title},
        "locations": [told_at(found, root)],
        **_fingerprints(found),
        "suppressions": _suppressions(entry),
        "properties": present(
            **{"security-severity": str(severity.score) if severity else None, OURS: _own(entry, root, category)},
        ),
    }


def _fingerprints(found: Vulnerability) -> Mapping[str, Any]:
    """Return the fingerprint as the member that a tool would have given it by."""
    text = (found.tool.fingerprint if found.tool else None) or ""
    below = text.removeprefix(f"{found.location.where}:")
    name, _, value = below.partition("=")
    if not text:
        return {}
    if not name or not value:
        return {"fingerprints": {_OWN_NAME: text}}
    is_partial = below != text or name == _PRIMARY
    return {"partialFingerprints" if is_partial else "fingerprints": {name: value}}


def _suppressions(entry: Entry) -> list[Mapping[str, Any]]:
    """Return the suppressions. Without any it is an empty list: in a run, either all results have the member or none has."""
    status = EXPRESSIONS[entry.word].sarif
    if status is None:
        return []
    return [present(kind="external", status=status, justification=reason_of(entry.vulnerability, entry.word))]


def _own(entry: Entry, root: Root, category: str) -> Mapping[str, Any]:
    """Return our own members: none that says what is so without it, since as many results may be imported as of any tool."""
    found = entry.vulnerability
    location, tool, is_page = found.location, found.tool, found.type is VulnerabilityType.INPUTS
    said = next((one for one in tool.suppressions if one.category == category), None) if tool else None
    return present(
        id=found.id,
        root=None if is_path(found) else root.info.nickname,
        word=None if entry.word is Word.UNDECIDED else entry.word.value,
        where=location.where if is_page else None,
        fingerprint=tool.fingerprint if tool else None,
        mark=_mark(tool.mark) if tool else None,
        technique=None if found.technique is TECHNIQUES[found.type] else found.technique.value,
        commit=location.commit,
        snippet=None if is_shown(found) else location.snippet,
        advisory=_advisory(found),
        toolVector=tool_vector_of(found.severity),
        hasDetail=True if location.detail is not None else None,
        suppressed=present(kind=said.kind, justification=said.justification) if said else None,
    )


def _mark(mark: Mark) -> Mapping[str, Any]:
    return present(
        logical=mark.logical,
        locationMessage=mark.location_message,
        startColumn=mark.start_column,
        charOffset=mark.char_offset,
        byteOffset=mark.byte_offset,
        message=mark.message,
    )


def _advisory(found: Vulnerability) -> Mapping[str, Any] | None:
    """Return the advisory of a package; of one that a person reported without any, the finding stands for it."""
    if found.type is not VulnerabilityType.PACKAGES:
        return None
    told = found.advisory or _stand_in(found)
    return {
        **present(id=told.id, cve=list(told.cve), aliases=list(told.aliases), package=told.package),
        "vulnerableVersion": told.vulnerable_version,
        **present(
            purl=told.purl,
            fixedVersion=told.fixed_version,
            fix=None if told.fix is Fix.UNKNOWN else told.fix.value,
            relation=None if told.relation is Relation.UNKNOWN else told.relation.value,
            use=None if told.use is Use.UNKNOWN else told.use.value,
        ),
    }


def _stand_in(found: Vulnerability) -> Advisory:
    name, _, version = found.location.specific.rpartition("@")
    is_split = bool(name) and len(name) <= MAX_PACKAGE
    package, of_version = (name, version) if is_split else (found.location.specific, "")
    return Advisory(id=found.finding_id[:MAX_ID], package=package, vulnerable_version=of_version)
