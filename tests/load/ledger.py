"""What callers were told about their changes, judged by the histories that are there afterwards."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

History = Sequence[tuple[int, str | None]]
"""The versions of one object, oldest first, each with the mark that its change carried."""


@dataclass(frozen=True)
class Told:
    """What a caller was told about one change of some objects, which carried a mark that no other change has.

    ``done`` has the version that each object was said to have now, ``refused`` the reason of each that was said not to be
    changed, and ``unknown`` those about which nothing was heard. ``expected`` are the versions that the caller had seen.
    """

    mark: str
    done: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    expected: Mapping[str, int] = field(default_factory=dict)


def faults(told: Iterable[Told], histories: Mapping[str, History]) -> list[str]:
    """Return a sentence about each thing that should not be, none when all is well.

    Each change that was acknowledged is there once, at the version that was said; each that was refused is nowhere; one of
    which nothing was heard is there once or not at all; versions have neither gaps nor repeats; nobody else changed anything.
    """
    ledger = tuple(told)
    return [*_sequences(histories), *(fault for one in ledger for fault in _of(one, histories)), *_strange(ledger, histories)]


def _sequences(histories: Mapping[str, History]) -> Iterator[str]:
    for target, history in histories.items():
        versions = [version for version, _ in history]
        if versions != list(range(1, len(versions) + 1)):
            yield f"{target} has the versions {versions}"


def _of(one: Told, histories: Mapping[str, History]) -> Iterator[str]:
    for target in (*one.done, *one.refused, *one.unknown):
        found = [version for version, mark in histories.get(target, ()) if mark == one.mark]
        if target in one.done and found != [one.done[target]]:
            yield f"{one.mark} was acknowledged as version {one.done[target]} of {target} and is at {found}"
        if target in one.done and one.done[target] != one.expected.get(target, one.done[target] - 1) + 1:
            yield f"{one.mark} was decided at version {one.expected[target]} of {target} and became {one.done[target]}"
        if target in one.refused and found:
            yield f"{one.mark} was refused ({one.refused[target]}) and is at {found} of {target}"
        if target in one.unknown and len(found) > 1:
            yield f"{one.mark} was sent once and is at {found} of {target}"


def _strange(ledger: Sequence[Told], histories: Mapping[str, History]) -> Iterator[str]:
    sent = {(one.mark, target) for one in ledger for target in (*one.done, *one.unknown)}
    for target, history in histories.items():
        for version, mark in history:
            if mark is not None and (mark, target) not in sent:
                yield f"version {version} of {target} has {mark}, which was not acknowledged"


RACES = frozenset({"STALE_VERSION", "CONCURRENT_CHANGE"})
"""Reasons of a change that came too late."""


def counts(told: Iterable[Told]) -> Counter[str]:
    """Return how many changes were acknowledged, refused, lost in a race (also without a version), and never heard of again."""
    found: Counter[str] = Counter(operations=0, acknowledged=0, refused=0, races_lost=0, of_them_without_version=0, unheard=0)
    for one in told:
        found["operations"] += 1
        found["acknowledged"] += len(one.done)
        found["refused"] += len(one.refused)
        lost = sum(reason in RACES for reason in one.refused.values())
        found["races_lost"] += lost
        found["of_them_without_version"] += 0 if one.expected else lost
        found["unheard"] += len(one.unknown)
    return found
