"""Runs: their tool and category, and whether their results are complete (domain section 8, *series*, *close-missing*)."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from integrates.api.imports.read.error import Defect
from integrates.api.imports.read.name import name
from integrates.api.imports.read.observation import Series
from integrates.api.imports.read.sarif.document import Run
from integrates.api.imports.read.sarif.rule import Catalogue, catalogue
from integrates.api.imports.read.sarif.uri import UriOf, uris


class ToolRun(Struct, frozen=True):
    """One run of a tool: ``document`` as the file has it, with what holds for all of its results."""

    pointer: str
    document: Run
    tool: str
    category: str
    rules: Catalogue
    uri_of: UriOf


def tool_run(index: int, run: Run) -> ToolRun | Defect:
    """Prepare a run: the tool is its driver in lower case, the category its id up to the last ``/``."""
    pointer = f"/runs/{index}"
    tool = name(run.tool.driver.name.lower(), f"{pointer}/tool/driver/name")
    identity = (run.automation_details.id if run.automation_details else None) or ""
    category = name(identity[: identity.rfind("/") + 1], f"{pointer}/automationDetails/id", low=0)
    if isinstance(tool, Defect):
        return tool
    return category if isinstance(category, Defect) else ToolRun(pointer, run, tool, category, catalogue(run), uris(run))


def bad_rule_ids(one: ToolRun) -> Iterator[Defect]:
    """Yield the defects of what rules are called, also of those that no result means."""
    components = ("driver", *(f"extensions/{index}" for index in range(len(one.rules.components.items) - 1)))
    for member, component in zip(components, one.rules.components.items, strict=True):
        for index, rule in enumerate(component.rules or ()):
            identity = name(rule.id, f"{one.pointer}/tool/{member}/rules/{index}/id", low=0)
            if isinstance(identity, Defect):
                yield identity


def series_of(runs: Sequence[ToolRun]) -> tuple[Series, ...]:
    """Return each series once, in order of appearance. One incomplete run makes its series incomplete."""
    keys = dict.fromkeys((one.tool, one.category) for one in runs)
    incomplete = {(one.tool, one.category) for one in runs if not _is_complete(one.document)}
    return tuple(Series(*key, complete=key not in incomplete) for key in keys)


def _is_complete(run: Run) -> bool:
    return run.results is not None and all(one.execution_successful is not False for one in run.invocations or ())
