"""Matching packages: each version in a path is a vulnerability of its own, and an upgrade moves it (domain section 18)."""

import pytest
from msgspec.structs import replace

from integrates.api.imports.match.passes import matched
from integrates.api.imports.match.side import Candidate, Sides, Standing
from integrates.api.imports.read.observation import Fingerprint, Location, Observation
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import Mark, MatchBy, Suppression, Technique, VulnerabilityType

CLOSING = frozenset({("trivy", "")})
LOCK = "package-lock.json"
SAFE, HIDDEN, KEPT = Standing.SAFE, Standing.HIDDEN, Standing.KEPT


def seen(version: str, name: str = "debug", where: str = LOCK, rule: str = "CVE-2017-16137", category: str = "") -> Observation:
    """A result about a version of a package; none when the version is empty."""
    fingerprint = f"{where}|pkg:npm/{name}"
    return Observation(
        ordinal=0,
        pointer="",
        rule=ToolRule(tool="trivy", rule_id=rule),
        category=category,
        location=Location(VulnerabilityType.PACKAGES, where, f"{name}@{version}" if version else name),
        fingerprints=(Fingerprint("package", fingerprint),),
        fingerprint=fingerprint,
        technique=Technique.SCA,
    )


def known(result: Observation, standing: Standing = Standing.OPEN, *, is_machine: bool = True) -> Candidate:
    """The vulnerability that was made of a result."""
    return Candidate(
        id="",
        rule=result.rule,
        location=result.location,
        fingerprint=result.fingerprint if is_machine else None,
        snippet=None,
        detail=None,
        mark=Mark(),
        categories=(result.category,) if is_machine else (),
        is_machine=is_machine,
        number=1,
        standing=standing,
    )


NONE = (None, None)
F, P = MatchBy.FINGERPRINT, MatchBy.PLACE
CASES = {
    "the same version": ([known(seen("4.1.0"))], [seen("4.1.0")], [(0, F)]),
    "an upgrade": ([known(seen("4.17.1", "express"))], [seen("4.17.3", "express")], [(0, F)]),
    "a version that became known": ([known(seen(""))], [seen("4.1.0")], [(0, F)]),
    "another version": ([known(seen("2.6.8")), known(seen("4.1.0"))], [seen("4.1.0")], [(1, F)]),
    "of two versions one is upgraded": (
        [known(seen("2.6.8")), known(seen("4.1.0"))],
        [seen("3.0.0"), seen("4.1.0")],
        [(0, F), (1, F)],
    ),
    "what was fixed comes back in another version": (
        [known(seen("2.6.8"), SAFE), known(seen("4.1.0"))],
        [seen("4.1.0"), seen("3.0.0")],
        [(1, F), (0, F)],
    ),
    "what was fixed comes back, not the other one in its version": (
        [known(seen("2.6.8"), SAFE), known(seen("4.1.0"))],
        [seen("2.6.8")],
        [(0, F)],
    ),
    "several series see it, and one of them another version": (
        [replace(known(seen("1.0")), categories=("", "b/"))],
        [seen("2.0")],
        [NONE],
    ),
    "what is open is upgraded rather than what was fixed": (
        [known(seen("2.6.8"), SAFE), known(seen("4.1.0"))],
        [seen("4.1.1")],
        [(1, F)],
    ),
    "what is hidden stays so in another version": ([known(seen("2.6.8"), HIDDEN)], [seen("3.0.0")], [(0, F)]),
    "what was removed stays so in another version": ([known(seen("2.6.8"), KEPT)], [seen("3.0.0")], [(0, F)]),
    "both upgraded: nobody knows which": (
        [known(seen("2.6.8")), known(seen("4.1.0"))],
        [seen("3.0.0"), seen("4.3.0")],
        [NONE, NONE],
    ),
    "two become one: nobody knows which": ([known(seen("2.6.8")), known(seen("4.1.0"))], [seen("4.3.0")], [NONE]),
    "another package of the advisory": ([known(seen("1.0", "jackson-core"))], [seen("1.0", "jackson-databind")], [NONE]),
    "the same package elsewhere": ([known(seen("4.1.0"))], [seen("4.1.0", where="web/package-lock.json")], [NONE]),
    "another advisory": ([known(seen("4.1.0"))], [seen("4.1.0", rule="CVE-2018-20834")], [NONE]),
    "another series at the same version": ([known(seen("4.1.0", category="a/"))], [seen("4.1.0", category="b/")], [(0, F)]),
    "another series does not upgrade": ([known(seen("4.1.0", category="a/"))], [seen("4.1.1", category="b/")], [NONE]),
    "what a person reported": ([known(seen("4.1.0"), is_machine=False)], [seen("4.1.0")], [(0, P)]),
    "what a person reported is not upgraded": ([known(seen("4.1.0"), is_machine=False)], [seen("4.1.1")], [NONE]),
}


def pairs(candidates: list[Candidate], results: list[Observation]) -> list[tuple[int | None, MatchBy | None]]:
    """The number of the candidate of each result, from 0, and by what it was found."""
    named = [replace(one, id=str(index)) for index, one in enumerate(candidates)]
    numbered = [replace(one, ordinal=index) for index, one in enumerate(results)]
    found = matched(Sides(numbered, named, {}, CLOSING, {}))
    return [(int(found[n].known.id), found[n].by) if n in found else NONE for n in range(len(results))]


@pytest.mark.parametrize("case", CASES)
def test_a_package_is_recognised(case: str) -> None:
    candidates, results, wanted = CASES[case]
    assert pairs(candidates, results) == wanted
    backward = pairs(candidates[::-1], results[::-1])
    last = len(candidates) - 1
    assert [(None if at is None else last - at, by) for at, by in backward[::-1]] == wanted, "in any order"


def test_a_suppressed_result_is_found_by_fingerprint_or_not_at_all() -> None:
    quiet = replace(seen("4.1.0"), suppression=Suppression(kind="inSource"))
    assert pairs([known(seen("4.1.0"), SAFE)], [quiet]) == [(0, F)]
    assert pairs([known(seen("4.1.0"), SAFE, is_machine=False)], [quiet]) == [NONE]
    nameless = replace(quiet, fingerprints=(), fingerprint=None)
    assert pairs([known(nameless, SAFE)], [nameless]) == [NONE]


def test_lines_that_share_a_fingerprint_are_no_versions() -> None:
    def line(number: int) -> Observation:
        return replace(seen(""), location=Location(VulnerabilityType.LINES, "a.py", str(number)))

    assert pairs([known(line(3)), known(line(8))], [line(3), line(400)])[1] == NONE
