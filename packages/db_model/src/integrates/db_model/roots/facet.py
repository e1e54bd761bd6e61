"""How roots are stored."""

from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, key_of
from integrates.db_model.roots.types import Root
from integrates.db_model.store.port import Key

GIT_ROOT: Final = Facet(
    name="git_root",
    type=Root,
    parts=lambda root: {"id": root.id, "group_name": root.group_name},
    listed=lambda _: (1,),
    is_live=lambda _: True,
    audit=lambda root: Audit(group=root.group_name),
)


def root_key(root_id: str) -> Key:
    """Build the key of a root."""
    return key_of("git_root", {"id": root_id})
