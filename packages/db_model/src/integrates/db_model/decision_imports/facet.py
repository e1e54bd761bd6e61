"""How imports of decisions are stored, and what changes with them."""

from functools import lru_cache
from typing import Final

from integrates.db_model.decision_imports.rules import whole
from integrates.db_model.decision_imports.types import DecisionImport, DecisionProgress
from integrates.db_model.entity.claim import claim_key
from integrates.db_model.entity.facet import Audit, Facet, Parent, Unique, key_of, shard
from integrates.db_model.entity.progress import ProgressFacet
from integrates.db_model.errors import Reason
from integrates.db_model.groups.facet import within_group
from integrates.db_model.imports.rules import is_running
from integrates.db_model.roots.facet import of_group, within_root
from integrates.db_model.store.port import Key
from integrates.db_model.values.instant import instant_text

DECISION_PROGRESS: Final = ProgressFacet("decision_import_progress", DecisionProgress)
"""The progress of imports of decisions."""
_UNFINISHED: Final = "unfinished_decisions"


@lru_cache(maxsize=4_096)
def decision_import_key(import_id: str) -> Key:
    """Build the key of an import of decisions."""
    return key_of("decision_import", {"id": import_id})


def unfinished_decisions_key(group_name: str) -> Key:
    """Build the key of the claim that an unfinished import of decisions has on its group."""
    return claim_key(_UNFINISHED, group_name)


def _unique(record: DecisionImport) -> tuple[Unique, ...]:
    """Claim the group while the import is unfinished."""
    if not is_running(record):
        return ()
    return (Unique(_UNFINISHED, (record.group_name,), Reason.ALREADY_RUNNING, ("group_name",)),)


def _within(old: DecisionImport | None, new: DecisionImport) -> tuple[Parent, ...]:
    if old is not None:
        return ()
    group = within_group(new.group_name)
    if new.root_id is None:
        return (group,)
    return (group, within_root(new.root_id, of_group(new.group_name, new.organization_id)))


DECISION_IMPORT: Final = Facet(
    name="decision_import",
    type=DecisionImport,
    audit=lambda record: Audit(group=record.group_name),
    variables={
        "at": lambda record: instant_text(record.created_at),
        "shard": lambda record: shard(record.id) if is_running(record) else None,
    },
    fixed=("id", "group_name", "organization_id", "root_id", "format", "file", "suppressions_as", "dry_run"),
    unique=_unique,
    within=_within,
    check=whole,
)
