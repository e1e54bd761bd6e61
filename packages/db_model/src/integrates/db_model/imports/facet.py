"""How imports are stored."""

from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, key_of
from integrates.db_model.imports.types import Import
from integrates.db_model.store.port import Key
from integrates.db_model.values import instant_text

IMPORT: Final = Facet(
    name="import",
    type=Import,
    parts=lambda record: {
        "id": record.id,
        "group_name": record.group_name,
        "root_id": record.root_id,
        "at": instant_text(record.created_at),
    },
    listed=lambda _: (1, 2),
    is_live=lambda _: True,
    audit=lambda record: Audit(group=record.group_name),
)


def import_key(import_id: str) -> Key:
    """Build the key of an import."""
    return key_of("import", {"id": import_id})
