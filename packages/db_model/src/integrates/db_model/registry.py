"""The list of the facets of all entities, for whatever is done with every kind of entity."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.rules import ci_identity
from integrates.db_model.comments.facet import COMMENT
from integrates.db_model.decision_imports.facet import DECISION_IMPORT
from integrates.db_model.entity.encoding import decoded
from integrates.db_model.entity.facet import Facet, design_of, id_of, keys_of
from integrates.db_model.entity.listing import everywhere, listing
from integrates.db_model.environment_urls.facet import ENVIRONMENT_URL
from integrates.db_model.events.facet import EVENT
from integrates.db_model.finding_policies.facet import FINDING_POLICY
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.forces.facet import FORCES_EXECUTION
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.roots.facet import ROOT
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.store.port import IndexKey, Item, Key, Query
from integrates.db_model.store.template import SEPARATOR, WHOLE_KEY, is_variable
from integrates.db_model.tokens.facet import ACCESS_TOKEN, tokens_of_owner
from integrates.db_model.vex_documents.facet import VEX_DOCUMENT
from integrates.db_model.vulnerabilities.facet import VULNERABILITY

_ALL: Final[tuple[Facet[Any], ...]] = (
    STAKEHOLDER,
    ORGANIZATION,
    ORGANIZATION_ACCESS,
    ACCESS_TOKEN,
    GROUP,
    GROUP_ACCESS,
    ROOT,
    ENVIRONMENT_URL,
    EVENT,
    FINDING,
    VULNERABILITY,
    COMMENT,
    FINDING_POLICY,
    IMPORT,
    FORCES_EXECUTION,
    VEX_DOCUMENT,
    DECISION_IMPORT,
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


BY_PARENT: Final = 1
"""The index that lists entities by what they belong to."""
_TOP: Final = ((STAKEHOLDER, "stakeholders_of_platform"), (ORGANIZATION, "organizations_of_platform"))


def lists_at_top() -> Iterator[tuple[Facet[Any], Query]]:
    """Yield the lists of all entities that belong to no other, removed ones too, by their facets."""
    return ((facet, query) for facet, pattern in _TOP for query in everywhere(facet.name, pattern))


@cache
def _lists_below(owner: str) -> tuple[tuple[Facet[Any], str, str], ...]:
    """Return the lists of what belongs to entities of a facet: the facet there, the pattern, and the variable for the owner.

    The variable ``entity`` stands for the whole key of an owner of one of several facets, which the pattern names:
    ``comments_of_group``.
    """
    key, found = design_of(owner).key, []
    literal = key.pk.partition(SEPARATOR)[0]
    for facet in FACETS.values() if key.pk == key.sk else ():
        design = design_of(facet.name)
        names = [pattern.name for pattern in design.patterns if pattern.index == BY_PARENT]
        segments = design.indexes[BY_PARENT].pk.split(SEPARATOR)
        if segments == [WHOLE_KEY]:
            names = [name for name in names if name.endswith(f"_of_{owner}")]
        elif segments[0] != literal:
            continue
        found += [(facet, name, segments[-1]) for name in names[:1]]
    return tuple(found)


def lists_below(owner: Facet[Any], stored: Key) -> tuple[tuple[Facet[Any], Query], ...]:
    """Return the lists of all entities that belong to the one under a key, removed ones too, by their facets.

    The tokens of the CI identity of a group belong to the group, because the identity is no entity.
    """
    own = tuple(
        (facet, listing(facet.name, pattern, {variable: stored.pk if variable == WHOLE_KEY else id_of(stored)}))
        for facet, pattern, variable in _lists_below(owner.name)
    )
    return (*own, (ACCESS_TOKEN, tokens_of_owner(ci_identity(id_of(stored))))) if owner is GROUP else own


def index_keys(item: Item) -> Mapping[int, IndexKey]:
    """Return the index keys that an item should have: for an entity those that its facet gives it, else those that it has.

    This is what ``store.migration.migrate_store`` takes. Raise ``Corrupt`` or ``Outdated`` for an entity that cannot be read.
    """
    facet = facet_of(item.key)
    return item.index_keys if facet is None else keys_of(facet, decoded(facet, item))[1]
