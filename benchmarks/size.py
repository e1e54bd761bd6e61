"""How much is measured: the sizes that count, and small ones that only show that everything still runs."""

import msgspec


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of results, requests and rounds.

    ``held`` is what the large root holds, ``known`` the results of the file that it is given again, ``listed`` what the group
    holds whose pages are asked for. ``pages`` maps the size of a page to the requests of a block; ``clients`` are numbers of
    clients, each of which divides ``client_requests``. ``blocks`` and ``rounds`` say how often loops and imports are repeated,
    in turns with the other side. ``repeats`` is how often an import is repeated at most within a round that
    is too short for the clock.
    """

    rules: int = 25
    results: int
    known: int
    held: int
    listed: int
    pages: dict[int, int]
    blocks: int
    rounds: int
    repeats: int
    clients: tuple[int, ...]
    client_requests: int
    memory_requests: int
    breadths: tuple[int, int]


FULL = Sizes(
    results=10_000,
    known=1_000,
    held=50_000,
    listed=100_000,
    pages={25: 40, 500: 5},
    blocks=10,
    rounds=4,
    repeats=6,
    clients=(1, 4, 16),
    client_requests=160,
    memory_requests=2_000,
    breadths=(10, 100),
)
QUICK = Sizes(
    results=100,
    known=30,
    held=200,
    listed=300,
    pages={5: 4, 25: 2},
    blocks=2,
    rounds=1,
    repeats=1,
    clients=(1, 2),
    client_requests=8,
    memory_requests=40,
    breadths=(2, 10),
)
