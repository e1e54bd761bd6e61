"""The list of the verdicts of a group."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from integrates.api.context import Info
from integrates.api.resolve.connection import Connection, Walk, connected, each, entities
from integrates.db_model.forces.facet import FORCES_EXECUTION, executions_of_group
from integrates.db_model.forces.types import ForcesExecution
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import Query
from integrates.db_model.values.instant import END, instant_text

_MICRO: Final = timedelta(microseconds=1)
_BEGIN: Final = datetime(1, 1, 1, tzinfo=UTC)


def _query(group_name: str, wanted: Mapping[str, Any]) -> Query | None:
    """Return the query of the executions between two moments, both included; ``None`` when none is."""
    first, last = wanted.get("from"), wanted.get("to")
    if first is None and last is None:
        return executions_of_group(group_name)
    begin, end = first or _BEGIN, min(last or END, END)
    # Keys of the next microsecond come after its bare date.
    return executions_of_group(group_name, (instant_text(begin), instant_text(end + _MICRO))) if begin <= end else None


async def executions(source: Group, info: Info, **args: Any) -> Connection:
    """Return the verdicts of the group, newest first."""

    def fits(execution: ForcesExecution) -> bool:
        return args.get("strictness") in {None, execution.strictness} and args.get("exit_code") in {None, execution.exit_code}

    walk = Walk(
        stretches=(_query(source.name, args),),
        read=entities(info.context, FORCES_EXECUTION),
        keep=each(fits) if {"strictness", "exit_code"} & args.keys() else None,
    )
    return await connected(info, source.name, args, walk)
