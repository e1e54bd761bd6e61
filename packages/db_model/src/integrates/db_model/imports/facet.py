"""How imports are stored, and what changes with them."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, Parent, Unique, key_of, shard
from integrates.db_model.entity.progress import ProgressFacet
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.groups.facet import within_group
from integrates.db_model.imports.rules import is_running, whole
from integrates.db_model.imports.types import Import, ImportProgress
from integrates.db_model.roots.facet import RUNNING_IMPORT, of_group, within_root
from integrates.db_model.roots.rules import is_active
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Key
from integrates.db_model.values.instant import instant_text

IMPORT_PROGRESS: Final = ProgressFacet("import_progress", ImportProgress)
"""The progress of imports."""


@lru_cache(maxsize=4_096)
def import_key(import_id: str) -> Key:
    """Build the key of an import."""
    return key_of("import", {"id": import_id})


def _unique(record: Import) -> tuple[Unique, ...]:
    """Claim the root while the import is unfinished."""
    if not is_running(record):
        return ()
    return (Unique(RUNNING_IMPORT, (record.root_id,), Reason.IMPORT_RUNNING, ("root_id",)),)


def _within(old: Import | None, new: Import) -> tuple[Parent, ...]:
    def judge(root: Root) -> Iterator[Rejected]:
        yield from of_group(new.group_name, new.organization_id)(root)
        if not is_active(root):
            yield Rejected(Reason.INACTIVE_ROOT, ("root_id",))

    if old is not None:
        return ()
    return (within_group(new.group_name), within_root(new.root_id, judge))


IMPORT: Final = Facet(
    name="import",
    type=Import,
    audit=lambda record: Audit(group=record.group_name),
    variables={
        "at": lambda record: instant_text(record.created_at),
        "shard": lambda record: shard(record.id) if is_running(record) else None,
    },
    fixed=("id", "group_name", "organization_id", "root_id", "format", "file", "options", "artifact", "problems"),
    unique=_unique,
    within=_within,
    check=whole,
)
