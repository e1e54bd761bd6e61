"""How VEX documents are stored, and what changes with them."""

from typing import Final

from integrates.db_model.entity.facet import Audit, Facet, Parent, key_of
from integrates.db_model.groups.facet import of_organization, within_group
from integrates.db_model.roots.facet import of_group, within_root
from integrates.db_model.store.port import Key
from integrates.db_model.vex_documents.rules import whole
from integrates.db_model.vex_documents.types import VexDocument, VexFormat

_ALL: Final = "ALL"
"""Stands for the root in the key of a document about a whole group."""


def _about(root_id: str | None) -> str:
    return root_id or _ALL


def vex_document_key(group_name: str, root_id: str | None, form: VexFormat) -> Key:
    """Return the key of the document about a group, or about one of its roots, in a format."""
    return key_of("vex_document", {"group_name": group_name, "about": _about(root_id), "format": form.value})


def _within(old: VexDocument | None, new: VexDocument) -> tuple[Parent, ...]:
    group = within_group(new.group_name, of_organization(new.organization_id))
    if old is not None or new.root_id is None:
        return (group,)
    return (group, within_root(new.root_id, of_group(new.group_name, new.organization_id)))


VEX_DOCUMENT: Final = Facet(
    name="vex_document",
    type=VexDocument,
    audit=lambda document: Audit(group=document.group_name),
    identity=lambda document: f"{document.group_name}#{_about(document.root_id)}#{document.format}",
    variables={"about": lambda document: _about(document.root_id)},
    fixed=("group_name", "organization_id", "root_id", "format"),
    within=_within,
    check=whole,
)
