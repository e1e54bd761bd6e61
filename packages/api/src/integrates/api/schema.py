"""The executable schema: the type definitions of all folders, with the functions that resolve them."""

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Final

from ariadne import EnumType, InterfaceType, make_executable_schema
from graphql import GraphQLSchema

from integrates.api import reason, scalars
from integrates.api.access_token import fields as access_token_fields
from integrates.api.access_token import mutations as access_token_mutations
from integrates.api.finding import fields as finding_fields
from integrates.api.finding import queries as finding_queries
from integrates.api.group import fields as group_fields
from integrates.api.group import mutations as group_mutations
from integrates.api.guard.directive import Authenticated, Requires
from integrates.api.guard.sight import found
from integrates.api.imports import fields as imports_fields
from integrates.api.imports import mutations as imports_mutations
from integrates.api.me import fields as me_fields
from integrates.api.me import queries as me_queries
from integrates.api.member import fields as member_fields
from integrates.api.organization import fields as organization_fields
from integrates.api.organization import mutations as organization_mutations
from integrates.api.reason import ErrorCode
from integrates.api.resolve.attribute import Fields, Resolvers
from integrates.api.revision import fields as revision_fields
from integrates.api.root import fields as root_fields
from integrates.api.root import mutations as root_mutations
from integrates.api.severity import fields as severity_fields
from integrates.api.stakeholder import fields as stakeholder_fields
from integrates.api.stakeholder import queries as stakeholder_queries
from integrates.api.summary import fields as summary_fields
from integrates.api.vulnerability import fields as vulnerability_fields
from integrates.api.vulnerability import mutations as vulnerability_mutations
from integrates.api.vulnerability import queries as vulnerability_queries
from integrates.db_model.access.types import AccessStatus, GroupRole, OrganizationRole
from integrates.db_model.errors import Reason
from integrates.db_model.findings.types import FindingStatus
from integrates.db_model.groups.types import Language
from integrates.db_model.imports.types import ImportFormat, ImportStatus
from integrates.db_model.roots.types import Criticality, RootStatus
from integrates.db_model.severities.types import Level
from integrates.db_model.stakeholders.types import PlatformRole
from integrates.db_model.vulnerabilities.types import (
    AcceptanceStatus,
    RejectionReason,
    Source,
    Technique,
    TreatmentStatus,
    VerificationStatus,
    VulnerabilityStatus,
    VulnerabilityType,
    ZeroRiskStatus,
)

FOLDERS: Final = (
    "access_token",
    "finding",
    "group",
    "imports",
    "invitation",
    "me",
    "member",
    "organization",
    "policies",
    "revision",
    "root",
    "severity",
    "stakeholder",
    "summary",
    "vulnerability",
)
_FILE: Final = "schema.graphql"
_READ_BY_ID: Final[Fields] = {"Query": dict.fromkeys(("group", "import", "organization", "root"), found)}
_RESOLVED: Final[tuple[Fields, ...]] = (
    _READ_BY_ID,
    access_token_fields.FIELDS,
    access_token_mutations.MUTATIONS,
    finding_fields.FIELDS,
    finding_queries.QUERIES,
    group_fields.FIELDS,
    group_mutations.MUTATIONS,
    imports_fields.FIELDS,
    imports_mutations.MUTATIONS,
    me_fields.FIELDS,
    me_queries.QUERIES,
    member_fields.FIELDS,
    organization_fields.FIELDS,
    organization_mutations.MUTATIONS,
    revision_fields.FIELDS,
    root_fields.FIELDS,
    root_mutations.MUTATIONS,
    severity_fields.FIELDS,
    stakeholder_fields.FIELDS,
    stakeholder_queries.QUERIES,
    summary_fields.FIELDS,
    vulnerability_fields.FIELDS,
    vulnerability_mutations.MUTATIONS,
    vulnerability_queries.QUERIES,
)
_ENUMS: Final[Mapping[str, type[StrEnum]]] = {
    "AcceptanceStatus": AcceptanceStatus,
    "Criticality": Criticality,
    "ErrorCode": ErrorCode,
    "FindingStatus": FindingStatus,
    "GroupRole": GroupRole,
    "ImportFormat": ImportFormat,
    "ImportState": ImportStatus,
    "Language": Language,
    "Level": Level,
    "OrganizationRole": OrganizationRole,
    "PlatformRole": PlatformRole,
    "Reason": Reason,
    "RejectionReason": RejectionReason,
    "RootState": RootStatus,
    "Source": Source,
    "Technique": Technique,
    "TreatmentStatus": TreatmentStatus,
    "VerificationStatus": VerificationStatus,
    "VulnerabilityType": VulnerabilityType,
    "ZeroRiskStatus": ZeroRiskStatus,
}


def type_definitions() -> str:
    """Return the schema in GraphQL's language."""
    package = files("integrates.api")
    places = (package, *(package / folder for folder in FOLDERS))
    return "\n".join((*((place / _FILE).read_text(encoding="utf-8") for place in places), reason.definition()))


def _enums() -> list[EnumType]:
    states = {name: state for name, state in VulnerabilityStatus.__members__.items() if name != "DELETED"}
    accesses = {name: state for name, state in AccessStatus.__members__.items() if name != "REMOVED"}
    part = (EnumType("VulnerabilityState", states), EnumType("AccessState", accesses))
    return [*(EnumType(name, values) for name, values in _ENUMS.items()), *part]


def _fields() -> Fields:
    """Put together what the folders resolve, by type and field."""
    owners = {owner for resolved in _RESOLVED for owner in resolved}
    return {
        owner: {name: found for resolved in _RESOLVED for name, found in resolved.get(owner, {}).items()} for owner in owners
    }


def new_schema() -> GraphQLSchema:
    """Assemble the schema."""
    return make_executable_schema(
        type_definitions(),
        Resolvers(_fields()),
        InterfaceType("Root", root_fields.type_of),
        *_enums(),
        *scalars.bindables(),
        directives={"requires": Requires, "authenticated": Authenticated},  # type: ignore[type-abstract] # Ariadne makes its visitors from a Protocol
        convert_names_case=True,
    )
