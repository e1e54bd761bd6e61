"""Runs: their tool and category, and what they say of what they do not name (domain section 8, *Scope*, *close-missing*)."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from integrates.api.imports.read.error import Defect
from integrates.api.imports.read.observation import Scope
from integrates.api.imports.read.sarif.document import Run
from integrates.api.imports.read.sarif.name import name
from integrates.api.imports.read.sarif.rule import Catalogue, catalogue


class Part(Struct, frozen=True):
    """One run of the file, with what holds for all of its results."""

    pointer: str
    run: Run
    tool: str
    category: str
    rules: Catalogue


def part(index: int, run: Run) -> Part | Defect:
    """Prepare a run: the tool is its driver in lower case, the category its id up to the last ``/``."""
    pointer = f"/runs/{index}"
    tool = name(run.tool.driver.name.lower(), f"{pointer}/tool/driver/name")
    identity = (run.automation_details.id if run.automation_details else None) or ""
    category = name(identity[: identity.rfind("/") + 1], f"{pointer}/automationDetails/id", low=0)
    if isinstance(tool, Defect):
        return tool
    return category if isinstance(category, Defect) else Part(pointer, run, tool, category, catalogue(run))


def bad_rule_ids(one: Part) -> Iterator[Defect]:
    """Yield the defects of what rules are called, also of those that no result means."""
    places = ("driver", *(f"extensions/{index}" for index in range(len(one.rules.components) - 1)))
    for place, component in zip(places, one.rules.components, strict=True):
        for index, rule in enumerate(component.rules or ()):
            identity = name(rule.id, f"{one.pointer}/tool/{place}/rules/{index}/id", low=0)
            if isinstance(identity, Defect):
                yield identity


def scopes(parts: Sequence[Part]) -> tuple[Scope, ...]:
    """Return each scope once, in order of appearance. One incomplete run makes its scope incomplete."""
    keys = dict.fromkeys((one.tool, one.category) for one in parts)
    incomplete = {(one.tool, one.category) for one in parts if not _is_complete(one.run)}
    return tuple(Scope(*key, complete=key not in incomplete) for key in keys)


def _is_complete(run: Run) -> bool:
    return run.results is not None and all(one.execution_successful is not False for one in run.invocations or ())
