"""Results that a tool could not tell apart (domain section 8, row *tie*).

The rule speaks of one finding in one imported file. Both parts serve the identity of vulnerabilities (section 4.1): within a
finding no two observations may have the same fingerprint, nor, without one, the same location.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from msgspec.structs import replace

from integrates.api.imports.read.observation import Location, Observation
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import VulnerabilityType


def untied(observations: Sequence[Observation]) -> tuple[tuple[Observation, ...], int]:
    """Return the observations, told apart, in the order given, and the number of duplicates left out.

    Equal location and equal fingerprint (or none): one stays, the first that is not suppressed, else the first. Then, equal
    fingerprint at different locations: from the second one on, ``#2``, ``#3``… are appended, leaving out numbers that would
    make the fingerprint of another observation of the rule.
    """
    unique = _unique(observations)
    names = _names(unique)
    told = tuple(replace(one, fingerprint=names[one.ordinal]) if one.ordinal in names else one for one in unique)
    return told, len(observations) - len(told)


def _unique(observations: Sequence[Observation]) -> tuple[Observation, ...]:
    kept: dict[tuple[ToolRule, Location, str | None], Observation] = {}
    for one in observations:
        key = (one.rule, one.location, one.fingerprint)
        if key not in kept or (kept[key].suppressed and not one.suppressed):
            kept[key] = one
    ordinals = {one.ordinal for one in kept.values()}
    return tuple(one for one in observations if one.ordinal in ordinals)


def _names(observations: Iterable[Observation]) -> Mapping[int, str]:
    """Return new fingerprints by ordinal, for those that need one."""
    groups: dict[tuple[ToolRule, str], list[Observation]] = defaultdict(list)
    for one in observations:
        if one.fingerprint is not None:
            groups[one.rule, one.fingerprint].append(one)
    taken = set(groups)
    names: dict[int, str] = {}
    for (rule, fingerprint), group in groups.items():
        numbers = count(2)
        for one in sorted(group, key=_order)[1:]:
            name = next(new for n in numbers if (rule, new := f"{fingerprint}#{n}") not in taken)
            taken.add((rule, name))
            names[one.ordinal] = name
    return names


def _order(one: Observation) -> tuple[str, int, str, str]:
    is_text = one.location.type is VulnerabilityType.INPUTS
    return one.location.where, 0 if is_text else int(one.location.specific), one.location.specific, one.location.type
