"""The vulnerabilities of a root that results may be of, read in a few store calls however many they are."""

from collections.abc import Iterable, Mapping

from integrates.api.imports.match.side import Candidate, Standing
from integrates.api.imports.read.observation import Location
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.store.port import Store
from integrates.db_model.vulnerabilities.facet import keeps_claim
from integrates.db_model.vulnerabilities.load import load_vulnerabilities
from integrates.db_model.vulnerabilities.rules import is_hidden, is_live
from integrates.db_model.vulnerabilities.types import Mark, Source, Vulnerability, VulnerabilityStatus

_BATCH = 1_000
"""Vulnerabilities that are held whole at a time."""


def _standing(vulnerability: Vulnerability) -> Standing | None:
    """Return what the vulnerability is to an import; ``None`` for what no result is of."""
    if not is_live(vulnerability):
        return Standing.KEPT if keeps_claim(vulnerability) else None
    match vulnerability.state.status:
        case VulnerabilityStatus.REJECTED:
            return None
        case VulnerabilityStatus.SUBMITTED:
            return Standing.SUBMITTED
        case _ if is_hidden(vulnerability):
            return Standing.HIDDEN
        case VulnerabilityStatus.SAFE:
            return Standing.SAFE
        case _:
            return Standing.OPEN


def _candidate(one: Vulnerability, rule: ToolRule, standing: Standing) -> Candidate:
    tool, is_machine = one.tool, one.source is Source.MACHINE
    return Candidate(
        id=one.id,
        rule=rule,
        location=Location(one.type, one.location.where, one.location.specific),
        fingerprint=tool.fingerprint if tool else None,
        snippet=one.location.snippet,
        detail=one.location.detail,
        mark=tool.mark if tool else Mark(),
        categories=tool.categories if tool and is_machine else (),
        is_machine=is_machine,
        number=one.number,
        standing=standing,
    )


async def candidates_of(store: Store, ids: Iterable[str], root_id: str, rules: Mapping[str, ToolRule]) -> list[Candidate]:
    """Return those of the vulnerabilities that results of the file may be of; ``rules`` has those of its findings, by id."""
    found: list[Candidate] = []
    wanted = list(dict.fromkeys(ids))
    for begin in range(0, len(wanted), _BATCH):
        for one in await load_vulnerabilities(store, wanted[begin : begin + _BATCH]):
            standing = _standing(one)
            if standing is not None and one.root_id == root_id and one.finding_id in rules:
                found.append(_candidate(one, rules[one.finding_id], standing))
    return found
