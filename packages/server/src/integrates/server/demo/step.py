"""Steps of the demo's past: who asks the API for what, told as data."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeAlias
from uuid import NAMESPACE_DNS, uuid5

import msgspec

from integrates.db_model.values.instant import instant_text
from integrates.server.demo.scan import Location
from integrates.server.demo.stage import Skipped, Stage, ask

ADA, OLGA, GUS, VERA, URI, HANA, RETO, REMY = (
    f"{name}@demo.example" for name in ("ada", "olga", "gus", "vera", "uri", "hana", "reto", "remy")
)
_NAMESPACE: Final = uuid5(NAMESPACE_DNS, "demo.example")
_SCANNED: Final = """query ($root: ID!) {
  root(id: $root) { vulnerabilities(first: 500, filter: {sources: [MACHINE]}) { nodes { id where specific } } }
}"""

Act: TypeAlias = Callable[[Stage, datetime], Coroutine[Any, Any, None]]
Item: TypeAlias = str | Location
Items: TypeAlias = tuple[Item, ...]
"""Vulnerabilities: by the id of those that stand in the design, by location of those that scans have found."""


class Step(msgspec.Struct, frozen=True):
    """What happens so many days, or parts of days, before the end of the demo. ``name`` is what a warning calls it."""

    days: float
    name: str
    act: Act


class Ahead(msgspec.Struct, frozen=True):
    """In an argument: the moment so many days after the end of the demo."""

    days: float


def named(facet: str, name: str) -> str:
    """Return the id of a demo entity of the design, e.g. of the finding ``webshop/price_from_browser``."""
    return str(uuid5(_NAMESPACE, f"{facet}/{name}"))


finding_of: Final = partial(named, "finding")
root_of: Final = partial(named, "group_root")
BACKEND: Final = root_of("webshop/backend")
"""The root that the demo's scanner looks at."""


def reported(group: str, *names: str) -> Items:
    """Return vulnerabilities that people of a group report, by their names in the design."""
    return tuple(named("vulnerability", f"{group}/{name}") for name in names)


def mutation(field: str, **arguments: str) -> str:
    """Return the document of a mutation with arguments of these types, which asks only what went wrong."""
    declared = ", ".join(f"${name}: {kind}" for name, kind in arguments.items())
    passed = ", ".join(f"{name}: ${name}" for name in arguments)
    return f"mutation ({declared}) {{ {field}({passed}) {{ errors {{ message }} }} }}"


def asked(by: str, document: str, **given: Any) -> Act:
    """Return the act of sending a document with variables.

    A tuple is one of :data:`Items`, from which those are left out that are not there; when none is left of all of them, the
    step is skipped.
    """

    async def act(stage: Stage, at: datetime) -> None:
        wanted = [item for value in given.values() if isinstance(value, tuple) for item in value]
        ids = await _ids(stage, by, at, wanted)
        if wanted and not ids:
            raise Skipped("there is no such vulnerability")
        await ask(stage, by, at, document, {name: _filled(value, stage.end, ids) for name, value in given.items()})

    return act


async def _ids(stage: Stage, by: str, at: datetime, wanted: Sequence[Item]) -> Mapping[Item, str]:
    """Return the ids of those vulnerabilities that are there."""
    known: dict[Item, str] = {item: item for item in wanted if isinstance(item, str) and item in stage.reported}
    if not any(isinstance(item, Location) for item in wanted):
        return known
    found = await ask(stage, by, at, _SCANNED, {"root": BACKEND})
    ids = {(node["where"], node["specific"]): str(node["id"]) for node in found["root"]["vulnerabilities"]["nodes"]}
    scanned = {item: ids.get((item.file, str(item.line))) for item in wanted if isinstance(item, Location)}
    return {**known, **{item: identity for item, identity in scanned.items() if identity is not None}}


def _filled(value: Any, end: datetime, ids: Mapping[Item, str]) -> Any:
    match value:
        case Ahead():
            return instant_text(end + timedelta(days=value.days))
        case tuple():
            return [{"id": ids[item]} for item in value if item in ids]
        case _:
            return value
