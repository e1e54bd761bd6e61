"""Asking the gate in tests: without waiting, and with what a list that lags does not show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from integrates.db_model import forces
from integrates.db_model.files.port import Files
from integrates.db_model.forces.types import ForcesExecution
from integrates.db_model.store.port import Page, Query, Store
from integrates.db_model.vulnerabilities.lists import of_group_in_state
from integrates.db_model.vulnerabilities.types import VulnerabilityStatus

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House

ID = "build-4711"
CI = "service:forces:webshop"
OPEN = of_group_in_state("webshop", hidden=False, state=VulnerabilityStatus.VULNERABLE)
"""The list that the gate walks."""


class Waited:
    """Waits no time, and notes how long it would have been; may do something meanwhile."""

    def __init__(self, meanwhile: Callable[[int], Any] = lambda _: None) -> None:
        self.seconds: list[float] = []
        self.meanwhile = meanwhile

    async def __call__(self, seconds: float) -> None:
        """Note the seconds."""
        self.seconds.append(seconds)
        self.meanwhile(len(self.seconds))


async def asked(
    house: House, files: Files, *, store: Store | None = None, wait: Waited | None = None, **given: Any
) -> ForcesExecution:
    """Ask the gate of the group."""
    arguments, made = {"id": ID, "strictness": "STRICT", **given}, house.stamp(by=CI)
    return await forces.execute(store or house.store, house.group, arguments, made, files, wait=wait or Waited())


async def logs(files: Files) -> list[str]:
    """Return the keys of all logs."""
    return sorted([key async for key in files.keys("executions/")])


def lagging(store: Store, late: set[str]) -> Store:
    """Return a store whose lists do not show some vulnerabilities yet."""

    async def query(queries: Sequence[Query]) -> tuple[Page, ...]:
        pages = await store.query(queries)
        return tuple(_without(page, late) for page in pages)

    return replace(store, query=query)


def _without(page: Page, late: set[str]) -> Page:
    kept = [at for at, item in enumerate(page.items) if item.key.pk.partition("#")[2] not in late]
    return Page(tuple(page.items[at] for at in kept), tuple(page.cursors[at] for at in kept), page.has_next)
