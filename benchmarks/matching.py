"""How well matching recognises what a scan reports again, where it is known who is who.

A real file stands for what is stored, and the next scan is made of it by a program that remembers: 5 % of the results are
fixed, 3 % are copied to another place, and in 30 % of the files one to three insertions or deletions of lines shift all that
is below. Of what survives, a *wrong* one has got the id of another, so that a person's decision has slid to another place and
nobody sees it; a *lost* one is closed and reported anew, so that a person decides again. A *stolen* id is that of an old one
at a copy.

    python benchmarks/matching.py FILE…             each file as it is, and without its fingerprints and snippets
    python benchmarks/matching.py --seeds 40 FILE…  another number of scans for each
"""

import argparse
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from integrates.api.imports.match.passes import matched
from integrates.api.imports.match.side import Candidate, Sides, Standing
from integrates.api.imports.read.observation import Fingerprint, Location, Observation, Scan
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.vulnerabilities.types import Mark, VulnerabilityType

FIXED: Final = 0.05
COPIED: Final = 0.03
EDITED: Final = 0.3
HALF: Final = 0.5
SHIFTS: Final = tuple(shift for shift in range(-3, 21) if shift)
MOST_EDITS: Final = 3
CONSTANT_TIMES: Final = 25
"""How many times more scans the constant takes: it has a single file, so that few scans decide much, and it is quick."""


class Again(NamedTuple):
    """A result of the next scan, and the vulnerability that it is of; ``None`` for a copy."""

    seen: Observation
    truth: str | None


class Score(NamedTuple):
    """How many of the survivors got a wrong id or none, and how many copies an old one."""

    survivors: int
    wrong: int
    lost: int
    copies: int
    stolen: int


Edits = Sequence[tuple[int, int]]
"""Lines from which on all that follows is shifted, and by how much."""


def candidate(seen: Observation) -> Candidate:
    """Return the vulnerability that was made of a result."""
    return Candidate(
        id=str(seen.ordinal),
        rule=seen.rule,
        location=seen.location,
        fingerprint=seen.fingerprint,
        snippet=seen.snippet,
        detail=seen.detail,
        mark=seen.mark,
        categories=(seen.category,),
        is_machine=True,
        number=seen.ordinal,
        standing=Standing.OPEN,
    )


def edits_of(chance: random.Random, paths: Mapping[str, int]) -> Mapping[str, Edits]:
    """Choose what is edited; ``paths`` has the last line of each file."""
    edited = [path for path in sorted(paths) if chance.random() < EDITED]
    return {
        path: [(chance.randint(1, paths[path]), chance.choice(SHIFTS)) for _ in range(chance.randint(1, MOST_EDITS))]
        for path in edited
    }


def placed(seen: Observation, where: str, line: int) -> Observation:
    """Return the result at another place; its partial fingerprints follow the path."""
    old = f"{seen.location.where}:"
    fingerprints = tuple(
        Fingerprint(one.name, f"{where}:{one.text.removeprefix(old)}" if one.text.startswith(old) else one.text)
        for one in seen.fingerprints
    )
    location = Location(seen.location.type, where, str(line))
    return replace(seen, location=location, fingerprints=fingerprints)


def shifted(seen: Observation, edits: Edits) -> Observation:
    """Return the result after the edits of its file."""
    line = int(seen.location.specific)
    for begin, shift in edits:
        line = max(begin, line + shift) if line >= begin else line
    mark = replace(seen.mark, char_offset=None, byte_offset=None)
    moved = placed(seen, seen.location.where, line)
    return moved if line == int(seen.location.specific) else replace(moved, mark=mark)


def next_scan(chance: random.Random, observations: Sequence[Observation]) -> Iterator[Again]:
    """Yield the results of the next scan."""
    paths: dict[str, int] = {}
    for one in observations:
        paths[one.location.where] = max(paths.get(one.location.where, 1), int(one.location.specific))
    edits = edits_of(chance, paths)
    for one in observations:
        if chance.random() >= FIXED:
            yield Again(shifted(one, edits.get(one.location.where, ())), str(one.ordinal))
        if chance.random() < COPIED:
            where = one.location.where if chance.random() < HALF else chance.choice(sorted(paths))
            yield Again(placed(one, where, chance.randint(1, paths[where])), None)


def judged(chance: random.Random, observations: Sequence[Observation]) -> Score:
    """Match one scan with what is stored, and compare with the truth."""
    again = list(next_scan(chance, observations))
    chance.shuffle(again)
    again.sort(key=lambda one: (one.seen.location.where, int(one.seen.location.specific)))
    results = [replace(one.seen, ordinal=number) for number, one in enumerate(again)]
    series = frozenset((one.rule.tool, one.category) for one in observations)
    pairs = matched(Sides(results, [candidate(one) for one in observations], {}, series, {}))
    got = [(one.truth, pairs[number].known.id if number in pairs else None) for number, one in enumerate(again)]
    survivors = [(truth, found) for truth, found in got if truth is not None]
    return Score(
        survivors=len(survivors),
        wrong=sum(found not in {None, truth} for truth, found in survivors),
        lost=sum(found is None for _, found in survivors),
        copies=len(got) - len(survivors),
        stolen=sum(found is not None for truth, found in got if truth is None),
    )


def scored(observations: Sequence[Observation], seeds: int) -> Score:
    """Add up the scores of several scans."""
    found = [judged(random.Random(seed), observations) for seed in range(seeds)]  # noqa: S311 # nosec B311 -- no secret
    return Score(*map(sum, zip(*found, strict=True)))


def bare(seen: Observation) -> Observation:
    """Return the result of a tool that gives neither fingerprints nor snippets."""
    return replace(seen, fingerprints=(), fingerprint=None, snippet=None)


def weak(seen: Observation) -> Observation:
    """Return the result of a tool whose fingerprints repeat in a file."""
    text = f"weak={seen.rule.rule_id}:{int(seen.location.specific) % 7}"
    return replace(seen, fingerprints=(Fingerprint("weak", text),), fingerprint=text, snippet=None)


KINDS: Final[Mapping[str, Callable[[Observation], Observation]]] = {
    "as it is": lambda seen: seen,
    "weak": weak,
    "stripped": bare,
}


def spread(scan: Scan) -> Sequence[Observation]:
    """Return the results of a scan that stand at lines, and of them one rule and file 200 times, at every ninth line."""
    return [one for one in scan.observations if one.location.type is VulnerabilityType.LINES]


def constant(seen: Observation) -> Sequence[Observation]:
    """Return 200 results that differ in nothing but their lines."""
    return [
        replace(
            bare(seen),
            ordinal=number,
            detail="Bad.",
            mark=Mark(),
            location=replace(seen.location, specific=str(9 * number + 1)),
        )
        for number in range(200)
    ]


def told(name: str, kind: str, score: Score) -> str:
    """Return a line of the table."""
    wrong, lost = score.wrong / max(score.survivors, 1), score.lost / max(score.survivors, 1)
    stolen = score.stolen / max(score.copies, 1)
    return f"{name:44} {kind:9} {wrong:7.2%} wrong {lost:7.2%} lost {stolen:7.1%} of copies stole"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=40)
    given = parser.parse_args()
    files = {path.name: spread(read(path.read_bytes(), Options())) for path in given.files}
    for name, observations in files.items():
        for kind, change in KINDS.items():
            score = scored([*map(change, observations)], given.seeds)
            print(told(f"{name[:36]} ({len(observations)})", kind, score), flush=True)
    first = next((one for observations in files.values() for one in observations), None)
    if first is not None:
        print(told("a constant (200, every ninth line)", "", scored(constant(first), CONSTANT_TIMES * given.seeds)))


if __name__ == "__main__":
    main()
