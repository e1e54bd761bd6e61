"""The two sides that are matched: results of a file, and the vulnerabilities that a root has."""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Final, TypeAlias

import msgspec

from integrates.api.imports.read.observation import Location, Observation, SeriesKey
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import Mark, MatchBy, VulnerabilityType

MEMBERS: Final = Mark.__struct_fields__
"""The members of a mark, most telling first."""
Path: TypeAlias = tuple[VulnerabilityType, str]
"""What ``where`` is, and its text."""


class Standing(IntEnum):
    """What a vulnerability is to an import; of several that fit equally well the lowest is taken."""

    OPEN = 0
    HIDDEN = 1
    KEPT = 2
    SAFE = 3
    SUBMITTED = 4


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A vulnerability as far as matching looks at it.

    ``rule`` is that of its finding. ``categories`` are those of the series that note it, empty when its source is not MACHINE.
    ``snippet`` and ``detail`` may be shortened to digests, as long as both sides are.
    """

    id: str
    rule: ToolRule
    location: Location
    fingerprint: str | None
    snippet: str | None
    detail: str | None
    mark: Mark
    categories: tuple[str, ...]
    is_machine: bool
    number: int
    standing: Standing


class Pair(msgspec.Struct, frozen=True, gc=False):
    """A result and the vulnerability that it is of."""

    seen: Observation
    known: Candidate
    by: MatchBy


class Sides(msgspec.Struct, frozen=True):
    """Everything that is matched, and what an earlier pass has left.

    ``closing`` has the series in which close-missing will run, ``spared`` the paths that it leaves out.
    """

    observations: Sequence[Observation]
    candidates: Sequence[Candidate]
    pairs: Mapping[int, Pair]
    closing: frozenset[SeriesKey]
    spared: Mapping[SeriesKey, frozenset[str]]


def path_of(one: Observation | Candidate) -> Path:
    """Return the file, page or host where it is."""
    return one.location.type, one.location.where


def is_own(known: Candidate, seen: Observation) -> bool:
    """Return whether the series of the result has noted the vulnerability before."""
    return known.is_machine and seen.category in known.categories


def may_move(known: Candidate, seen: Observation) -> bool:
    """Return whether a result at another place may take the vulnerability there.

    A version of a package that other series see as well stays: they would fight over it, each with the version that it sees.
    """
    is_package = seen.location.type is VulnerabilityType.PACKAGES
    return known.location == seen.location or not is_package or {*known.categories} <= {seen.category, *seen.also}


def contradict(known: Candidate, seen: Observation) -> bool:
    """Return whether both have a fingerprint of one name, and the result none that is equal."""
    own = known.fingerprint
    if own is None or any(each.text == own for each in seen.fingerprints):
        return False
    return any(own.startswith(f"{each.name}=") or f":{each.name}=" in own for each in seen.fingerprints)


def agree(one: str | None, other: str | None) -> bool:
    """Return whether two texts are equal, as far as both are there."""
    return one is None or other is None or one == other


def is_alike(known: Candidate, seen: Observation) -> bool:
    """Return whether one fingerprint is equal, or neither side has any."""
    if known.fingerprint is None:
        return not seen.fingerprints
    return any(each.text == known.fingerprint for each in seen.fingerprints)


def preference(pair: Pair) -> tuple[bool, bool, tuple[bool, ...], bool, bool, Standing, int, int]:
    """Return what the better of two possible pairs has less of.

    Results that open something come first, then equal fingerprints, then marks that agree in the most telling members, then
    what the series knows as its own, then what a machine reported.
    """
    known, seen = pair.known, pair.seen
    return (
        seen.suppression is not None,
        not is_alike(known, seen),
        tuple(getattr(known.mark, member) != getattr(seen.mark, member) for member in MEMBERS),
        not is_own(known, seen),
        not known.is_machine,
        known.standing,
        known.number,
        seen.ordinal,
    )


def one_to_one(pairs: Iterable[Pair]) -> list[Pair]:
    """Choose among possible pairs, the best first, so that nothing is paired twice."""
    seen: set[int] = set()
    known: set[str] = set()
    chosen: list[Pair] = []
    for pair in sorted(pairs, key=preference):
        if pair.seen.ordinal not in seen and pair.known.id not in known:
            seen.add(pair.seen.ordinal)
            known.add(pair.known.id)
            chosen.append(pair)
    return chosen
