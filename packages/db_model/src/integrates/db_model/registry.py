"""The list of the facets of all entities, for whatever is done with every kind of entity."""

from collections.abc import Mapping
from typing import Any, Final

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.comments.facet import COMMENT
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import Facet, design_of, keys_of
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.roots.facet import ROOT
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.store.port import IndexKey, Item, Key
from integrates.db_model.store.template import SEPARATOR, is_variable
from integrates.db_model.tokens.facet import ACCESS_TOKEN
from integrates.db_model.vulnerabilities.facet import VULNERABILITY

_ALL: Final[tuple[Facet[Any], ...]] = (
    STAKEHOLDER,
    ORGANIZATION,
    ORGANIZATION_ACCESS,
    ACCESS_TOKEN,
    GROUP,
    GROUP_ACCESS,
    ROOT,
    FINDING,
    VULNERABILITY,
    COMMENT,
    IMPORT,
)
FACETS: Final[Mapping[str, Facet[Any]]] = {facet.name: facet for facet in _ALL}
"""Every facet of entities by its name in the design, parents first."""


def _is_made_by(template: str, text: str) -> bool:
    segments, found = template.split(SEPARATOR), text.split(SEPARATOR)
    pairs = zip(segments, found, strict=False)
    return len(segments) == len(found) and all(is_variable(segment) or segment == one for segment, one in pairs)


def facet_of(stored: Key) -> Facet[Any] | None:
    """Return the facet of the entity that is stored under a key; ``None`` when the key is not that of an entity."""
    designs = ((facet, design_of(name)) for name, facet in FACETS.items())
    return next(
        (
            facet
            for facet, design in designs
            if design.table == stored.table and _is_made_by(design.key.pk, stored.pk) and _is_made_by(design.key.sk, stored.sk)
        ),
        None,
    )


def index_keys(item: Item) -> Mapping[int, IndexKey]:
    """Return the index keys that an item should have: for an entity those that its facet gives it, else those that it has.

    This is what ``store.migration.migrate_store`` takes. Raise ``Corrupt`` or ``Outdated`` for an entity that cannot be read.
    """
    facet = facet_of(item.key)
    return item.index_keys if facet is None else keys_of(facet, decoded(facet, item))[1]
