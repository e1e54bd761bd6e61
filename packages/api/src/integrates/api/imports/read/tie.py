"""Results that say the same (domain section 8, row *mark*)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from integrates.api.imports.read.observation import Location, Observation
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import Mark, SeriesSuppression, Suppression


def untied(observations: Sequence[Observation]) -> tuple[tuple[Observation, ...], int]:
    """Return the observations without duplicates, in the order given, and how many were left out.

    Of results of one rule at one place of a root with equal marks that share a fingerprint, or have none, one stays: the first
    that is not suppressed, else the first. It takes over the categories of the others, and the suppressions of those with
    nothing else.
    """
    groups: dict[tuple[ToolRule, str | None, Location, Mark], list[Observation]] = defaultdict(list)
    for one in observations:
        groups[one.rule, one.root, one.location, one.mark].append(one)
    kept = [found for group in groups.values() for found in _kept(group)]
    return tuple(sorted(kept, key=lambda one: one.ordinal)), len(observations) - len(kept)


def _kept(group: Sequence[Observation]) -> Iterable[Observation]:
    """Return those that share no fingerprint with one that is kept; ``group`` has the results with one rule, place and mark."""
    sets: list[list[Observation]] = []
    by_text: dict[str, list[Observation]] = {}
    for one in sorted(group, key=lambda each: each.suppression is not None):
        texts = [each.text for each in one.fingerprints] or [""]
        twins = next((by_text[text] for text in texts if text in by_text), None)
        if twins is None:
            sets.append([one])
            by_text.update(dict.fromkeys(texts, sets[-1]))
        else:
            twins.append(one)
    return map(_united, sets)


def _united(twins: Sequence[Observation]) -> Observation:
    first, *others = twins
    elsewhere = [one for one in others if one.category != first.category]
    if not elsewhere:
        return first
    said: dict[str, Suppression | None] = {}
    for one in elsewhere:
        said[one.category] = one.suppression and said.get(one.category, one.suppression)
    hushed = (
        SeriesSuppression(category=category, kind=why.kind, justification=why.justification)
        for category, why in said.items()
        if why is not None
    )
    own = tuple(one for each in twins for one in each.hushed)
    return replace(first, also=tuple(said), hushed=(*own, *hushed))
