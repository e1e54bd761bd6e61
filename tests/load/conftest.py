"""How long a proof goes on, where its choices come from, and where its figures are shown."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

FIGURES = pytest.StashKey[dict[str, "Counter[str]"]]()


@dataclass(frozen=True)
class Proof:
    """A run of one proof: its rounds, its choices, its figures and its log."""

    name: str
    minutes: float | None
    seed: int
    figures: "Counter[str]"
    log: Path
    lock: Lock

    def rounds(self, short: int) -> Iterator[int]:
        """Yield the number of each round: so many, or as many as the minutes of `--minutes` leave time for, at least one."""
        if self.minutes is None:
            yield from range(short)
            return
        until, number = time.monotonic() + 60 * self.minutes, 0
        while number == 0 or time.monotonic() < until:
            yield number
            number += 1

    def chance(self, *about: object) -> random.Random:
        """Return the source of the choices about something: the same whenever the seed is."""
        return random.Random(f"{self.seed}/{self.name}/{about}")  # noqa: S311 -- choices that a run has to be able to repeat

    def count(self, **figures: int) -> None:
        """Add to the figures of the proof, which the run shows at its end."""
        with self.lock:
            self.figures.update(figures)

    def note(self, **line: Any) -> None:
        """Write a line into the log of the proof, which is kept with the files of the test."""
        with self.lock, self.log.open("a") as log:
            log.write(json.dumps(line, default=str) + "\n")


@pytest.fixture
def proof(request: pytest.FixtureRequest, tmp_path: Path) -> Proof:
    """The run of the proof that the test is."""
    config, name = request.config, request.node.name.removeprefix("test_")
    figures = config.stash.setdefault(FIGURES, {}).setdefault(name, Counter())
    return Proof(name, config.option.minutes, config.option.seed, figures, tmp_path / "log.jsonl", Lock())


def pytest_report_header(config: pytest.Config) -> str:
    """Name what repeats the run."""
    minutes = config.option.minutes
    return f"load: {'short forms' if minutes is None else f'{minutes:g} minutes each'}, --seed {config.option.seed}"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show the figures of each proof."""
    found = config.stash.get(FIGURES, None) or {}
    if found:
        terminalreporter.section(f"figures of the proofs (--seed {config.option.seed})")
    for name, figures in found.items():
        line = ", ".join(f"{count:,} {what}" for what, count in figures.items()).replace("_", " ")
        terminalreporter.line(f"{name}: {line}")
