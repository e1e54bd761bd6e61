"""How executions of the gate are stored, and what changes with them: nothing, for they never change."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from integrates.db_model.entity.facet import Audit, Facet, Parent, key_of
from integrates.db_model.entity.listing import listing
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.forces.rules import whole
from integrates.db_model.forces.types import ForcesExecution
from integrates.db_model.groups.facet import of_organization, within_group
from integrates.db_model.roots.facet import within_root
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Key, Query
from integrates.db_model.store.template import SEPARATOR
from integrates.db_model.values.instant import instant_text

_FACET: Final = "forces_execution"


@lru_cache(maxsize=4_096)
def forces_execution_key(group_name: str, execution_id: str) -> Key:
    """Return the key of an execution of a group. Raise ``ValueError`` for texts that cannot be part of a key."""
    return key_of(_FACET, {"group_name": group_name, "id": execution_id})


def executions_of_group(name: str, between: tuple[str, str] | None = None) -> Query:
    """Return the query of the executions of a group, the newest first; with two dates, as texts, of those between them."""
    query = listing(_FACET, "executions_of_group", {"group_name": name}, descending=True)
    if between is None:
        return query
    first, last = between
    return replace(query, sk_prefix=None, sk_between=(f"EXECAT#{first}", f"EXECAT#{last}"))


def _within(old: ForcesExecution | None, new: ForcesExecution) -> tuple[Parent, ...]:
    def same_group(root: Root) -> Iterator[Rejected]:
        if root.group_name != new.group_name:
            yield Rejected(Reason.WRONG_PARENT, ("root_id",))

    if old is not None:
        return ()
    return (
        within_group(new.group_name, of_organization(new.organization_id)),
        *((within_root(new.root_id, same_group),) if new.root_id else ()),
    )


FORCES_EXECUTION: Final = Facet(
    name=_FACET,
    type=ForcesExecution,
    audit=lambda execution: Audit(group=execution.group_name),
    identity=lambda execution: f"{execution.group_name}{SEPARATOR}{execution.id}",
    variables={"execution_date": lambda execution: instant_text(execution.execution_date)},
    fixed=(
        "id",
        "group_name",
        "organization_id",
        "root_id",
        "execution_date",
        "kind",
        "strictness",
        "git",
        "asked",
        "policy",
        "counts",
        "blocking",
        "exit_code",
        "log",
    ),
    within=_within,
    check=whole,
)
