"""Two services on one store, and people of the demo who call either."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.serving import Caller, Running, serving

ADA = "ada@demo.example"
STORE = "sqlite:///shared.db"
UNBOUND = {
    "INTEGRATES_API_RATE": "1000000",
    "INTEGRATES_SECRET": "a-secret-of-the-tests-shared-by-all-processes",
    "INTEGRATES_UPLOADS": "16",
}
"""Settings under which nothing is refused because there is much of it, unless that is what the proof is about."""


@dataclass(frozen=True)
class Pair:
    """An admin who calls either of two services on one store."""

    callers: tuple[Caller, Caller]

    def ada(self, number: int) -> Caller:
        """Return the admin who calls the first service or the second: even numbers are the first's."""
        return self.callers[number % 2]


@contextmanager
def called(first: Running, second: Running, token: str) -> Iterator[Pair]:
    """Call two services that run."""
    with first.client(token) as one, second.client(token) as other:
        yield Pair((Caller(one), Caller(other)))


@contextmanager
def pair(folder: Path, store: str = STORE, **variables: str) -> Iterator[Pair]:
    """Start two services on one store, which the first fills with the demo data."""
    given = {**UNBOUND, **variables}
    with (
        serving(folder, "--demo", "--store", store, **given) as first,
        serving(folder, "--store", store, **given) as second,
        called(first, second, first.token(ADA, **given)) as started,
    ):
        yield started
