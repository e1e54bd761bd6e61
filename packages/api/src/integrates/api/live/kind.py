"""The kinds of objects that a change of a group may be about, and the permission that seeing one needs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from integrates.db_model.access.facet import GROUP_ACCESS
from integrates.db_model.comments.facet import COMMENT
from integrates.db_model.decision_imports.facet import DECISION_IMPORT
from integrates.db_model.entity.facet import Facet
from integrates.db_model.environment_urls.facet import ENVIRONMENT_URL
from integrates.db_model.events.facet import EVENT
from integrates.db_model.findings.facet import FINDING
from integrates.db_model.forces.facet import FORCES_EXECUTION
from integrates.db_model.groups.facet import GROUP
from integrates.db_model.imports.facet import IMPORT
from integrates.db_model.roots.facet import ROOT
from integrates.db_model.tokens.facet import ACCESS_TOKEN
from integrates.db_model.vulnerabilities.facet import VULNERABILITY


class EntityKind(StrEnum):
    """Kind of a changed object: the values of the schema's enum."""

    GROUP = "GROUP"
    GROUP_MEMBER = "GROUP_MEMBER"
    ROOT = "ROOT"
    ENVIRONMENT_URL = "ENVIRONMENT_URL"
    EVENT = "EVENT"
    FINDING = "FINDING"
    VULNERABILITY = "VULNERABILITY"
    COMMENT = "COMMENT"
    IMPORT = "IMPORT"
    DECISION_IMPORT = "DECISION_IMPORT"
    FORCES_EXECUTION = "FORCES_EXECUTION"
    FORCES_TOKEN = "FORCES_TOKEN"  # noqa: S105 -- the name of a kind, not a secret


_KINDS: Final[tuple[tuple[EntityKind, Facet[Any], str], ...]] = (
    (EntityKind.GROUP, GROUP, "group:read"),
    (EntityKind.GROUP_MEMBER, GROUP_ACCESS, "member:read"),
    (EntityKind.ROOT, ROOT, "root:read"),
    (EntityKind.ENVIRONMENT_URL, ENVIRONMENT_URL, "root:read"),
    (EntityKind.EVENT, EVENT, "event:read"),
    (EntityKind.FINDING, FINDING, "finding:read"),
    (EntityKind.VULNERABILITY, VULNERABILITY, "vulnerability:read"),
    (EntityKind.COMMENT, COMMENT, "comment:read"),
    (EntityKind.IMPORT, IMPORT, "import:read"),
    (EntityKind.DECISION_IMPORT, DECISION_IMPORT, "decision:import"),
    (EntityKind.FORCES_EXECUTION, FORCES_EXECUTION, "forces:read"),
    (EntityKind.FORCES_TOKEN, ACCESS_TOKEN, "forces_token:manage"),
)
KIND_OF: Final[Mapping[str, EntityKind]] = {facet.name: kind for kind, facet, _ in _KINDS}
"""By the name of its facet: the kind of an object whose changes stand in the audit trail of a group.

Documents that exports have made are left out: no field shows one.
"""
PERMISSION_OF: Final[Mapping[EntityKind, str]] = {kind: permission for kind, _, permission in _KINDS}
"""The permission without which nothing of a kind is seen; of some kinds a part needs more."""
