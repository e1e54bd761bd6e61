"""The tables of domain sections 10.1 and 11.2 as their text has them, for an oracle that shares nothing with the service."""

from collections.abc import Mapping
from typing import Final

GROUP_TABLE: Final = """
| group:read, root:read, finding:read, vulnerability:read, forces:read, import:read | ● | ● | ● | ● | ● | ● | ● |
| decision:export | ● | ● | ● | ● | ● | ● | ● |
| history:read, evidence:read, event:read, comment:read, comment:add, chart:read | ● | ● | ● | ● | ● | ● |   |
| vulnerability:request_verification | ● | ● | ● | ● | ● | ● |   |
| draft:read, observation:read, observation:add | ● |   |   | ● | ● | ● |   |
| finding:add, finding:update, evidence:update, vulnerability:submit, vulnerability:verify | ● |   |   | ● | ● |   |   |
| vulnerability:hold_verification, event:add, event:update, event:solve | ● |   |   | ● | ● |   |   |
| finding:remove, vulnerability:remove, vulnerability:score | ● |   |   | ● |   | ● |   |
| vulnerability:confirm, zero_risk:confirm | ● |   |   |   |   | ● |   |
| vulnerability:label | ● | ● | ● | ● |   |   |   |
| vulnerability:treat, vulnerability:accept_forever, vulnerability:be_assigned, zero_risk:request | ● | ● | ● |   |   |   |   |
| event:request_verification, decision:import | ● | ● | ● |   |   |   |   |
| vulnerability:assign, vulnerability:handle_acceptance, root:add, root:update | ● | ● |   |   |   |   |   |
| zero_risk:read, member:read | ● | ● |   |   |   | ● |   |
| import:run | ● | ● |   | ● |   |   | ● |
| group:update, group:update_policies, root:activate, member:grant, audit:read | ● |   |   |   |   |   |   |
| forces_token:manage | ● |   |   |   |   |   |   |
| forces:execute |   |   |   |   |   |   | ● |
"""
"""Group permission, GM, VM, US, HK, RE, RV, SF."""
ORGANIZATION_TABLE: Final = """
| organization:read, organization:chart, finding_policy:read, finding_policy:add | ● | ● |
| organization:update, organization:update_policies, organization:remove, organization:audit | ● |   |
| organization_member:read, organization_member:grant, group:add, group:remove | ● |   |
| finding_policy:handle | ● |   |
"""
"""Organization permission, organization_manager, user."""
PLATFORM_TABLE: Final = """
| organization:add, me:update, access_token:manage | ● | ● |
| stakeholder:read, stakeholder:remove, platform_role:grant | ● |   |
"""
"""Platform permission, admin, user."""
ACTIONS: Final[Mapping[str, str]] = {
    "organization(id)": "organization:read",
    "organization(name)": "organization:read",
    "group": "group:read",
    "root": "root:read",
    "finding": "finding:read",
    "finding(asOf)": "history:read",
    "vulnerability(asOf)": "history:read",
    "vulnerability": "vulnerability:read",
    "event": "event:read",
    "import": "import:read",
    "forcesExecution": "forces:read",
    "addForcesExecution": "forces:execute",
    "updateOrganization": "organization:update",
    "updateOrganizationPolicies": "organization:update_policies",
    "removeOrganization": "organization:remove",
    "addOrganizationMember": "organization_member:grant",
    "updateOrganizationMember": "organization_member:grant",
    "removeOrganizationMember": "organization_member:grant",
    "addOrganizationFindingPolicy": "finding_policy:add",
    "submitOrganizationFindingPolicy": "finding_policy:add",
    "handleOrganizationFindingPolicy": "finding_policy:handle",
    "deactivateOrganizationFindingPolicy": "finding_policy:handle",
    "addGroup": "group:add",
    "updateGroup": "group:update",
    "updateGroupPolicies": "group:update_policies",
    "resetGroupPolicies": "group:update_policies",
    "removeGroup": "group:remove",
    "addGroupMember": "member:grant",
    "updateGroupMember": "member:grant",
    "removeGroupMember": "member:grant",
    "issueForcesToken": "forces_token:manage",
    "revokeForcesToken": "forces_token:manage",
    "addGitRoot": "root:add",
    "addImageRoot": "root:add",
    "addIpRoot": "root:add",
    "addUrlRoot": "root:add",
    "updateGitRoot": "root:update",
    "updateImageRoot": "root:update",
    "updateIpRoot": "root:update",
    "updateUrlRoot": "root:update",
    "addEnvironmentUrl": "root:update",
    "removeEnvironmentUrl": "root:update",
    "activateRoot": "root:activate",
    "deactivateRoot": "root:activate",
    "addFinding": "finding:add",
    "updateFinding": "finding:update",
    "updateFindingSeverity": "vulnerability:score",
    "updateVulnerabilitySeverity": "vulnerability:score",
    "removeFinding": "finding:remove",
    "updateFindingEvidence": "evidence:update",
    "removeFindingEvidence": "evidence:update",
    "addFindingComment": "comment:add",
    "addEventComment": "comment:add",
    "addGroupComment": "comment:add",
    "addFindingComment(OBSERVATION)": "observation:add",
    "addVulnerabilities": "vulnerability:submit",
    "resubmitVulnerabilities": "vulnerability:submit",
    "confirmVulnerabilities": "vulnerability:confirm",
    "rejectVulnerabilities": "vulnerability:confirm",
    "reopenVulnerabilities": "vulnerability:verify",
    "verifyVulnerabilities": "vulnerability:verify",
    "removeVulnerabilities": "vulnerability:remove",
    "updateVulnerabilityLabels": "vulnerability:label",
    "updateVulnerabilitiesTreatment": "vulnerability:treat",
    "updateVulnerabilitiesTreatment(ACCEPTED_UNDEFINED)": "vulnerability:accept_forever",
    "handleVulnerabilitiesAcceptance": "vulnerability:handle_acceptance",
    "requestVulnerabilitiesVerification": "vulnerability:request_verification",
    "requestVulnerabilitiesHold": "vulnerability:hold_verification",
    "requestVulnerabilitiesZeroRisk": "zero_risk:request",
    "confirmVulnerabilitiesZeroRisk": "zero_risk:confirm",
    "rejectVulnerabilitiesZeroRisk": "zero_risk:confirm",
    "importVulnerabilities": "import:run",
    "compareScan": "import:run",
    "resumeImport": "import:run",
    "importDecisions": "decision:import",
    "decisionImport": "decision:import",
    "addEvent": "event:add",
    "updateEvent": "event:update",
    "updateEventEvidence": "event:update",
    "removeEventEvidence": "event:update",
    "requestEventVerification": "event:request_verification",
    "solveEvent": "event:solve",
    "rejectEventSolution": "event:solve",
    "updateStakeholderRole": "platform_role:grant",
    "removeStakeholder": "stakeholder:remove",
    "stakeholders": "stakeholder:read",
    "addOrganization": "organization:add",
    "updateMe": "me:update",
    "acknowledgeConcurrentSession": "me:update",
    "addAccessToken": "access_token:manage",
}
"""What each action asks for (section 11.2, 4.3 for treatments), of what it names. Without a word of its own a query reads."""
