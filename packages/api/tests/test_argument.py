"""The arguments of a mutation in the schema are those for which the model has rules."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLField, value_from_ast_untyped
from graphql.pyutils import camel_to_snake as snake
from packages.api.tests.conftest import ANCHOR

from integrates.api.execute import Api
from integrates.db_model.access import rules as access
from integrates.db_model.comments import rules as comments
from integrates.db_model.decision_imports import rules as decision_imports
from integrates.db_model.environment_urls import rules as environments
from integrates.db_model.environment_urls.types import EnvironmentUrlType
from integrates.db_model.events import rules as events
from integrates.db_model.evidences.rules import evidence_arguments
from integrates.db_model.evidences.types import EvidenceSlot
from integrates.db_model.finding_policies import rules as policies
from integrates.db_model.findings import rules as findings
from integrates.db_model.forces import rules as forces
from integrates.db_model.groups import rules as groups
from integrates.db_model.imports import rules as imports
from integrates.db_model.organizations import rules as organizations
from integrates.db_model.policies import rules as regulations
from integrates.db_model.policies.types import Policies
from integrates.db_model.roots import argument as roots
from integrates.db_model.roots import rules as root_rules
from integrates.db_model.roots.types import RootKind
from integrates.db_model.severities import rules as severities
from integrates.db_model.stakeholders import rules as stakeholders
from integrates.db_model.tokens import rules as tokens
from integrates.db_model.values.check import Arguments
from integrates.db_model.vulnerabilities import acceptance, describe, justification, report, review, treatment, zero_risk

TABLES: Mapping[str, Arguments[Any] | None] = {
    "acknowledgeConcurrentSession": None,
    "activateRoot": None,
    "addAccessToken": tokens.arguments(ANCHOR),
    "addEnvironmentUrl": environments.ARGUMENTS[EnvironmentUrlType.URL],
    "addEvent": events.ARGUMENTS,
    "addEventComment": comments.ARGUMENTS,
    "addFinding": findings.ARGUMENTS,
    "addFindingComment": comments.FINDING_ARGUMENTS,
    "addForcesExecution": forces.ARGUMENTS,
    "addGitRoot": roots.ARGUMENTS[RootKind.GIT],
    "addGroup": groups.ARGUMENTS,
    "addGroupComment": comments.ARGUMENTS,
    "addGroupMember": access.GROUP_MEMBER,
    "addImageRoot": roots.ARGUMENTS[RootKind.IMAGE],
    "addIpRoot": roots.ARGUMENTS[RootKind.IP],
    "addOrganization": organizations.ARGUMENTS,
    "addOrganizationFindingPolicy": policies.ARGUMENTS,
    "addOrganizationMember": access.ORGANIZATION_MEMBER,
    "addUrlRoot": roots.ARGUMENTS[RootKind.URL],
    "addVulnerabilities": None,
    "compareScan": imports.ARGUMENTS,
    "confirmVulnerabilities": None,
    "confirmVulnerabilitiesZeroRisk": justification.ARGUMENTS,
    "deactivateOrganizationFindingPolicy": None,
    "deactivateRoot": root_rules.DEACTIVATION,
    "handleOrganizationFindingPolicy": None,
    "handleVulnerabilitiesAcceptance": acceptance.ARGUMENTS,
    "importVulnerabilities": imports.ARGUMENTS,
    "importDecisions": decision_imports.ARGUMENTS,
    "issueForcesToken": None,
    "rejectEventSolution": events.COMMENTED,
    "rejectVulnerabilities": review.VERDICT,
    "rejectVulnerabilitiesZeroRisk": justification.ARGUMENTS,
    "removeEnvironmentUrl": None,
    "removeEventEvidence": evidence_arguments(EvidenceSlot.FILE_1),
    "removeFinding": review.REMOVAL,
    "removeGroup": groups.REMOVAL,
    "removeOrganization": None,
    "removeFindingEvidence": evidence_arguments(EvidenceSlot.RECORDS),
    "removeGroupMember": None,
    "removeMe": None,
    "removeOrganizationMember": None,
    "removeStakeholder": None,
    "removeVulnerabilities": review.REMOVAL,
    "reopenVulnerabilities": justification.ARGUMENTS,
    "requestEventVerification": events.COMMENTED,
    "requestVulnerabilitiesHold": None,
    "requestVulnerabilitiesVerification": justification.ARGUMENTS,
    "requestVulnerabilitiesZeroRisk": zero_risk.CLAIM,
    "resetGroupPolicies": None,
    "resubmitVulnerabilities": None,
    "resumeImport": None,
    "revokeAccessToken": None,
    "revokeForcesToken": None,
    "solveEvent": events.SOLUTION,
    "submitOrganizationFindingPolicy": None,
    "updateEvent": events.DESCRIPTION,
    "updateEventEvidence": evidence_arguments(EvidenceSlot.FILE_1),
    "updateFinding": findings.DESCRIPTION,
    "updateFindingEvidence": evidence_arguments(EvidenceSlot.RECORDS),
    "updateFindingSeverity": severities.ASSESSMENT,
    "updateGitRoot": roots.ARGUMENTS[RootKind.GIT],
    "updateGroup": groups.DESCRIPTION,
    "updateGroupPolicies": regulations.ARGUMENTS,
    "updateGroupMember": access.GROUP_MEMBER,
    "updateImageRoot": roots.ARGUMENTS[RootKind.IMAGE],
    "updateIpRoot": roots.ARGUMENTS[RootKind.IP],
    "updateMe": stakeholders.NAMES,
    "updateOrganization": organizations.ARGUMENTS,
    "updateOrganizationPolicies": regulations.ARGUMENTS,
    "updateOrganizationMember": access.ORGANIZATION_MEMBER,
    "updateStakeholderRole": None,
    "updateUrlRoot": roots.ARGUMENTS[RootKind.URL],
    "updateVulnerabilitiesTreatment": treatment.ARGUMENTS,
    "updateVulnerabilityLabels": describe.LABELS,
    "updateVulnerabilitySeverity": severities.ASSESSMENT,
    "verifyVulnerabilities": justification.ARGUMENTS,
}
"""The table of rules that each mutation's arguments go through; ``None`` where it has no others than the object."""
FIXED = {
    "compareScan": {"close_missing"},
    "removeEventEvidence": {"file", "description"},
    "removeFindingEvidence": {"file", "description"},
    "updateIpRoot": {"address"},
    "updateOrganization": {"name"},
    "updateUrlRoot": {"url"},
}
"""What the table has and this mutation does not take, e.g. what only a new object is given."""
CHOICES = {
    "handleOrganizationFindingPolicy": {"approve"},
    "removeGroupMember": {"email"},
    "removeOrganizationMember": {"email"},
    "removeStakeholder": {"email"},
    "updateStakeholderRole": {"email", "role"},
}
"""What says yes or no, one of a few words, or whom the command looks up: it needs no rule."""


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def given(field: GraphQLField) -> set[str]:
    """Return the arguments of a mutation that are the model's business: not objects and versions, which are the guard's."""
    assert field.ast_node is not None
    guarded = {
        name
        for directive in field.ast_node.directives or ()
        for part in directive.arguments or ()
        if part.name.value == "by"
        for name in _several(value_from_ast_untyped(part.value))
    }
    named = {
        argument
        for argument, found in field.args.items()
        if any(one.name.value == "names" for one in (found.ast_node.directives if found.ast_node else None) or ())
    }
    return {snake(argument) for argument in field.args.keys() - guarded - named - {"expectedVersion"}}


def test_every_argument_has_a_rule(api: Api) -> None:
    assert api.schema.mutation_type is not None
    fields = api.schema.mutation_type.fields
    assert TABLES.keys() == fields.keys(), "name the table of each mutation's arguments in TABLES"
    for name, field in fields.items():
        table = TABLES[name]
        ruled = set(table.rules) - FIXED.get(name, set()) if table else set()
        assert given(field) - CHOICES.get(name, set()) == ruled, (
            f"{name}: the arguments in schema.graphql and the rows of the model's ARGUMENTS differ in "
            f"{', '.join(sorted(given(field) ^ ruled))}: add the row, or the argument"
        )


def test_every_member_of_a_report_has_a_rule(api: Api) -> None:
    members = {snake(name) for name in api.schema.type_map["VulnerabilityInput"].fields}  # type: ignore[attr-defined] # an input type
    assert all(members == set(table.rules) for table in report.ARGUMENTS.values())


def test_every_policy_has_a_rule(api: Api) -> None:
    members = {snake(name) for name in api.schema.type_map["PoliciesInput"].fields}  # type: ignore[attr-defined] # an input type
    assert members == set(Policies.__struct_fields__) == set(regulations.GIVEN)
