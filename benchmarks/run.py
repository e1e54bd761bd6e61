"""Measure imports, pages, changes, growth, long lists, the gate and DynamoDB, of one checkout or two, and print the ratios.

Absolute times say something only beside others of the same run: machines differ and are shared.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import filling
import gate
import growth
import listing
import reading
import remote
import removing
import starting
import treating
from emulator import VARIABLE
from row import printed, saved
from scan import sarif
from service import import_seconds, placed, served
from side import HERE, Side, found
from size import FULL, QUICK, Sizes
from turn import Figures, joined

_GROUP = "measured"
PARTS = ("starting", "filling", "reading", "treating", "removing", "growth", "listing", "gate", "dynamodb")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument(
        "--against", type=Path, metavar="FOLDER", help="another checkout, to be measured in turns with this one"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, which show only that everything runs")
    parser.add_argument("--save", action="store_true", help="keep the raw numbers of each side in benchmarks/baselines/")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="measure only these parts")
    given = parser.parse_args()
    if given.quick and given.save:
        parser.error("small sizes are no numbers to keep")
    return given


def _sides(against: Path | None) -> list[Side]:
    try:
        return [found("value", HERE)] if against is None else [found("before", against), found("after", HERE)]
    except RuntimeError as error:
        sys.exit(str(error))


def _embedded(sides: Sequence[Side], folder: Path, parts: Sequence[str], sizes: Sizes) -> Iterator[Figures]:
    with ExitStack() as stack:
        benches = []
        for side in sides:
            home = folder / side.name
            home.mkdir()
            benches.append(stack.enter_context(served(side, f"sqlite:///{home / 'store.db'}", home)))
        places = {bench.side.name: placed(bench, _GROUP) for bench in benches}
        for bench in benches:
            content = sarif(range(sizes.results), sizes.rules)
            import_seconds(bench, places[bench.side.name], content, {"created": sizes.results})
        if "reading" in parts:
            _told("reading")
            yield reading.measured(benches, _GROUP, folder, sizes)
        if "treating" in parts:
            _told("treating")
            yield treating.measured(benches, _GROUP, folder, sizes)
        if "removing" in parts:
            _told("removing")
            yield removing.measured(benches, sizes)
        _told("growth")
        yield growth.small(benches, sizes)
        if "growth" in parts:
            yield growth.large(benches, places, sizes)
        if set(parts) & {"listing", "gate"}:
            _told("long lists")
            listing.fill(benches, sizes)
        if "listing" in parts:
            yield listing.measured(benches, sizes)
        if "gate" in parts:
            _told("gate")
            yield gate.measured(benches, sizes)


def _told(part: str) -> None:
    print(f"measuring {part}", file=sys.stderr, flush=True)


def _measured(sides: Sequence[Side], folder: Path, parts: Sequence[str], sizes: Sizes) -> Iterator[Figures]:
    if "starting" in parts:
        _told("starting")
        yield starting.measured(sides, sizes)
    if "filling" in parts:
        _told("filling")
        yield filling.measured(sides, sizes)
    if set(parts) & {"reading", "treating", "removing", "growth", "listing", "gate"}:
        yield from _embedded(sides, folder, parts, sizes)
    if "dynamodb" in parts:
        program = os.environ.get(VARIABLE)
        if program is None:
            print(f"DynamoDB is left out: {VARIABLE} does not name an emulator (nox -s bench does)")
        else:
            _told("dynamodb")
            yield remote.measured(sides, program, folder, sizes)


def main() -> None:
    """Measure what the arguments ask for."""
    given = _arguments()
    sizes, sides = QUICK if given.quick else FULL, _sides(given.against)
    for side in sides:
        print(f"{side.name}: {side.commit}", flush=True)
    with TemporaryDirectory() as name:
        figures = joined(_measured(sides, Path(name), given.only, sizes))
    printed(figures)
    if given.save:
        for side in sides:
            print(f"kept in {saved(side, figures[side.name], sizes).relative_to(HERE)}")


if __name__ == "__main__":
    main()
