"""Two services on one store, and people of the demo who call either."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.serving import Caller, Running, serving

ADA = "ada@demo.example"
STORE = "sqlite:///shared.db"
UNBOUND = {
    "INTEGRATES_API_RATE": "1000000",
    "INTEGRATES_SECRET": "a secret of the tests, shared by all processes",
    "INTEGRATES_UPLOADS": "16",
}
"""Settings under which nothing is refused because there is much of it, unless that is what the proof is about."""


@dataclass(frozen=True)
class Pair:
    """Two services on one store."""

    services: tuple[Running, Running]
    token: str
    opened: ExitStack

    def ada(self, number: int) -> Caller:
        """Return an admin who calls the first service or the second: even numbers are the first's."""
        return Caller(self.opened.enter_context(self.services[number % 2].client(self.token)))


@contextmanager
def pair(folder: Path, store: str = STORE, **variables: str) -> Iterator[Pair]:
    """Start two services on one store, which the first fills with the demo data."""
    given = {**UNBOUND, **variables}
    with ExitStack() as opened:
        first = opened.enter_context(serving(folder, "--demo", "--store", store, **given))
        second = opened.enter_context(serving(folder, "--store", store, **given))
        yield Pair((first, second), first.token(ADA, **given), opened)
