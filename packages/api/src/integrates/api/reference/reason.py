"""For which reasons a mutation refuses, and which errors a field has: what follows from its arguments, and a table of the rest.

A test compares the table with the rules of the model, and each answer that the tests of the API get with both.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from integrates.api.errors import Code
from integrates.api.reference.entry import Entry, Part
from integrates.db_model.errors import Reason

ALWAYS: Final[AbstractSet[Reason]] = frozenset(
    {Reason.CONCURRENT_CHANGE, Reason.MISSING_PERMISSION, Reason.OUTDATED_SERVICE, Reason.TOO_LARGE}
)
"""Those for which every mutation may refuse, whatever it does."""
_BULK: Final = frozenset({Reason.BAD_FORMAT, Reason.REQUIRED, Reason.TOO_MANY_ITEMS, Reason.UNAVAILABLE})
"""Those of each mutation that takes a list of references to objects."""
_REFERENCE: Final = "VulnerabilityRef"
_NAMING: Final = frozenset({"ID", _REFERENCE, "VulnerabilityInput"})
"""The types of arguments that name objects, or have members that do."""
_VERSION: Final = "expectedVersion"

_TEXT: Final = frozenset({Reason.BAD_CHARACTERS, Reason.REQUIRED, Reason.TOO_LONG})
_SENTENCE: Final = _TEXT | {Reason.TOO_SHORT}
_FORM: Final = frozenset({Reason.BAD_FORMAT})
_FILE: Final = frozenset({Reason.BAD_FILE_TYPE, Reason.FILE_TOO_LARGE})
_READ: Final = frozenset(
    {Reason.BAD_FILE, Reason.FILE_TOO_LARGE, Reason.TOO_MANY, Reason.TOO_MANY_RESULTS, Reason.UNKNOWN_FORMAT}
)
_NEW_ROOT: Final = frozenset({Reason.LOCATION_TAKEN, Reason.NICKNAME_TAKEN, Reason.TOO_MANY})

OWN: Final[Mapping[str, AbstractSet[Reason]]] = {
    "acknowledgeConcurrentSession": {Reason.SESSION_REQUIRED},
    "activateRoot": {Reason.LOCATION_TAKEN},
    "addAccessToken": _TEXT | {Reason.EXPIRY_OUT_OF_RANGE, Reason.NAME_TAKEN, Reason.SESSION_REQUIRED, Reason.TOO_MANY_TOKENS},
    "addEnvironmentUrl": _TEXT
    | _FORM
    | {Reason.INACTIVE_ROOT, Reason.INCONSISTENT, Reason.TOO_MANY, Reason.URL_TAKEN, Reason.WRONG_ROOT_KIND},
    "addEvent": _TEXT | {Reason.INACTIVE_ROOT, Reason.IN_FUTURE},
    "addEventComment": _TEXT | {Reason.NO_PARENT, Reason.TOO_MANY},
    "addFinding": _SENTENCE
    | _FORM
    | {Reason.BAD_VECTOR, Reason.OUT_OF_RANGE, Reason.TITLE_TAKEN, Reason.TOO_MANY, Reason.TOO_MANY_ITEMS},
    "addFindingComment": _TEXT | {Reason.DRAFT_FINDING, Reason.NO_PARENT, Reason.TOO_MANY, Reason.WRONG_TYPE},
    "addForcesExecution": _SENTENCE | _FORM | _FILE | {Reason.ID_USED, Reason.NO_ROOT, Reason.OUT_OF_RANGE},
    "addGitRoot": _TEXT | _FORM | _NEW_ROOT | {Reason.BAD_EXCLUSION, Reason.TOO_MANY_ITEMS},
    "addGroup": _SENTENCE | _FORM | {Reason.NAME_TAKEN},
    "addGroupComment": _TEXT | {Reason.NO_PARENT, Reason.TOO_MANY},
    "addGroupMember": _TEXT
    | _FORM
    | {Reason.ALREADY_MEMBER, Reason.INVITED_TOO_SOON, Reason.ROLE_NOT_GRANTABLE, Reason.TOO_MANY},
    "addImageRoot": _TEXT | _FORM | _NEW_ROOT,
    "addIpRoot": _TEXT | _FORM | _NEW_ROOT,
    "addOrganization": _SENTENCE | _FORM | {Reason.NAME_TAKEN},
    "addOrganizationFindingPolicy": _SENTENCE | _FORM | {Reason.TITLE_TAKEN, Reason.TOO_MANY_ITEMS},
    "addOrganizationMember": _TEXT | _FORM | {Reason.ALREADY_MEMBER, Reason.INVITED_TOO_SOON, Reason.ROLE_NOT_GRANTABLE},
    "addUrlRoot": _TEXT | _FORM | _NEW_ROOT,
    "addVulnerabilities": _TEXT
    | _FORM
    | {
        Reason.BAD_VECTOR,
        Reason.INACTIVE_ROOT,
        Reason.OUTSIDE_ROOT,
        Reason.OUT_OF_RANGE,
        Reason.PLACE_REPORTED,
        Reason.TOO_MANY_ITEMS,
    },
    "compareScan": _TEXT
    | _FORM
    | _READ
    | {Reason.BAD_PATH, Reason.INACTIVE_ROOT, Reason.IS_DECISION, Reason.NOTHING_PLACED, Reason.SEVERAL_TOOLS},
    "confirmVulnerabilities": {Reason.HIDDEN, Reason.NOT_SUBMITTED, Reason.NO_EVIDENCE, Reason.NO_SEVERITY},
    "confirmVulnerabilitiesZeroRisk": _SENTENCE | {Reason.NOT_REQUESTED, Reason.NOT_VULNERABLE, Reason.OWN_REQUEST},
    "deactivateOrganizationFindingPolicy": {Reason.NOT_APPROVED},
    "deactivateRoot": _SENTENCE | {Reason.INCONSISTENT},
    "handleOrganizationFindingPolicy": {Reason.NOT_SUBMITTED},
    "handleVulnerabilitiesAcceptance": _SENTENCE
    | {Reason.HIDDEN, Reason.NOT_REQUESTED, Reason.NOT_VULNERABLE, Reason.OWN_REQUEST},
    "importDecisions": _TEXT | _FORM | _READ | {Reason.ALREADY_RUNNING},
    "importVulnerabilities": _TEXT
    | _FORM
    | _READ
    | {
        Reason.BAD_PATH,
        Reason.IMPORT_RUNNING,
        Reason.INACTIVE_ROOT,
        Reason.IS_DECISION,
        Reason.NOTHING_PLACED,
        Reason.SEVERAL_TOOLS,
    },
    "issueForcesToken": {Reason.SESSION_REQUIRED},
    "rejectEventSolution": _SENTENCE | {Reason.EVENT_SOLVED, Reason.NOT_REQUESTED},
    "rejectVulnerabilities": _SENTENCE | {Reason.HIDDEN, Reason.INCONSISTENT, Reason.NOT_SUBMITTED},
    "rejectVulnerabilitiesZeroRisk": _SENTENCE | {Reason.NOT_REQUESTED, Reason.NOT_VULNERABLE},
    "removeEnvironmentUrl": frozenset(),
    "removeEventEvidence": {Reason.EMPTY_SLOT, Reason.EVENT_SOLVED, Reason.REQUIRED},
    "removeFinding": {Reason.REQUIRED},
    "removeFindingEvidence": {Reason.EMPTY_SLOT, Reason.REQUIRED},
    "removeGroup": _SENTENCE,
    "removeGroupMember": {Reason.ROLE_NOT_GRANTABLE},
    "removeMe": {Reason.LAST_MANAGER},
    "removeOrganization": {Reason.HAS_GROUPS},
    "removeOrganizationMember": {Reason.LAST_MANAGER, Reason.ROLE_NOT_GRANTABLE},
    "removeStakeholder": {Reason.LAST_MANAGER},
    "removeVulnerabilities": {Reason.IS_SAFE},
    "reopenVulnerabilities": _SENTENCE | {Reason.HIDDEN, Reason.INACTIVE_ROOT, Reason.NOT_SAFE},
    "requestEventVerification": _SENTENCE | {Reason.ALREADY_REQUESTED, Reason.EVENT_SOLVED},
    "requestVulnerabilitiesHold": {
        Reason.EVENT_SOLVED,
        Reason.HIDDEN,
        Reason.NOT_REQUESTED,
        Reason.NOT_VULNERABLE,
        Reason.TOO_MANY_HELD,
    },
    "requestVulnerabilitiesVerification": _SENTENCE | {Reason.ALREADY_REQUESTED, Reason.HIDDEN, Reason.NOT_VULNERABLE},
    "requestVulnerabilitiesZeroRisk": _SENTENCE | {Reason.ALREADY_CONFIRMED, Reason.ALREADY_REQUESTED, Reason.NOT_VULNERABLE},
    "resetGroupPolicies": frozenset(),
    "resubmitVulnerabilities": {Reason.HIDDEN, Reason.NOT_REJECTED},
    "resumeImport": {Reason.IMPORT_RUNNING, Reason.NOT_RUNNING},
    "revokeAccessToken": {Reason.SESSION_REQUIRED},
    "revokeForcesToken": {Reason.NO_TOKEN, Reason.SESSION_REQUIRED},
    "solveEvent": _SENTENCE | {Reason.EVENT_SOLVED, Reason.INCONSISTENT, Reason.REASON_NOT_ALLOWED},
    "submitOrganizationFindingPolicy": {Reason.ALREADY_ACTIVE},
    "updateEvent": _TEXT | {Reason.EVENT_SOLVED},
    "updateEventEvidence": _TEXT | _FILE | {Reason.EMPTY_SLOT, Reason.EVENT_SOLVED},
    "updateFinding": _SENTENCE | _FORM | {Reason.OUT_OF_RANGE, Reason.TITLE_TAKEN, Reason.TOO_MANY_ITEMS},
    "updateFindingEvidence": _TEXT | _FILE | {Reason.EMPTY_SLOT},
    "updateFindingSeverity": {Reason.BAD_VECTOR, Reason.REQUIRED},
    "updateGitRoot": _TEXT
    | _FORM
    | {
        Reason.BAD_EXCLUSION,
        Reason.HAS_VULNERABILITIES,
        Reason.IMPORT_RUNNING,
        Reason.LOCATION_TAKEN,
        Reason.NICKNAME_TAKEN,
        Reason.TOO_MANY_ITEMS,
        Reason.WRONG_ROOT_KIND,
    },
    "updateGroup": _TEXT | _FORM | {Reason.TOO_MANY_ITEMS},
    "updateGroupMember": _TEXT | _FORM | {Reason.OWN_ROLE, Reason.ROLE_NOT_GRANTABLE},
    "updateGroupPolicies": _FORM
    | {
        Reason.DEBT_BEFORE_GRACE,
        Reason.ORGANIZATION_ONLY,
        Reason.OUT_OF_RANGE,
        Reason.RANGE_INVERTED,
        Reason.REQUIRED,
    },
    "updateImageRoot": _TEXT
    | _FORM
    | {Reason.HAS_VULNERABILITIES, Reason.IMPORT_RUNNING, Reason.LOCATION_TAKEN, Reason.NICKNAME_TAKEN, Reason.WRONG_ROOT_KIND},
    "updateIpRoot": _TEXT | _FORM | {Reason.NICKNAME_TAKEN, Reason.WRONG_ROOT_KIND},
    "updateMe": _TEXT,
    "updateOrganization": _SENTENCE | _FORM,
    "updateOrganizationMember": _TEXT | _FORM | {Reason.LAST_MANAGER, Reason.OWN_ROLE, Reason.ROLE_NOT_GRANTABLE},
    "updateOrganizationPolicies": _FORM
    | {Reason.DEBT_BEFORE_GRACE, Reason.OUT_OF_RANGE, Reason.RANGE_INVERTED, Reason.REQUIRED},
    "updateStakeholderRole": {Reason.OWN_ROLE},
    "updateUrlRoot": _TEXT | _FORM | {Reason.NICKNAME_TAKEN, Reason.WRONG_ROOT_KIND},
    "updateVulnerabilitiesTreatment": _SENTENCE
    | {
        Reason.ACCEPTANCE_DATE_PAST,
        Reason.ACCEPTANCE_TOO_LONG,
        Reason.ALREADY_REQUESTED,
        Reason.ASSIGN_OTHERS,
        Reason.BAD_ASSIGNED,
        Reason.HIDDEN,
        Reason.NOT_VULNERABLE,
        Reason.OUT_OF_RANGE,
        Reason.SEVERITY_OUT_OF_POLICY,
        Reason.TOO_MANY_ACCEPTANCES,
    },
    "updateVulnerabilityLabels": _TEXT | _FORM | {Reason.HIDDEN, Reason.NOT_RELEASED, Reason.TOO_MANY_ITEMS},
    "updateVulnerabilitySeverity": {Reason.BAD_VECTOR, Reason.HIDDEN, Reason.NO_SEVERITY},
    "verifyVulnerabilities": _SENTENCE | {Reason.HIDDEN, Reason.IN_BOTH_LISTS, Reason.NOT_REQUESTED, Reason.NOT_VULNERABLE},
}
"""By mutation: the reasons that do not follow from the form of its arguments."""


def reasons_of(mutation: Entry) -> AbstractSet[Reason]:
    """Return all reasons for which a mutation may refuse, but for those of :data:`ALWAYS`."""
    types = {argument.type.name for argument in mutation.arguments}
    is_bulk = _REFERENCE in types
    is_versioned = is_bulk or any(argument.name == _VERSION for argument in mutation.arguments)
    derived = (
        (types & _NAMING, frozenset({Reason.NOT_FOUND})),
        (is_versioned, frozenset({Reason.STALE_VERSION})),
        (is_bulk, _BULK),
    )
    return OWN[mutation.name] | {reason for is_so, reasons in derived if is_so for reason in reasons}


_CODES: Final[Mapping[str, Code]] = {
    "after": Code.BAD_CURSOR,
    "asOf": Code.BAD_USER_INPUT,
    "filter": Code.BAD_USER_INPUT,
    "first": Code.BAD_USER_INPUT,
    "text": Code.BAD_USER_INPUT,
}
"""By argument of a field: the code of the error when the field cannot use what the schema allows, such as a page of 0 items."""


def codes_of(field: Part) -> tuple[Code, ...]:
    """Return the codes of the errors that a field of an object, or a query, may have because of its arguments."""
    return tuple(sorted({_CODES[argument.name] for argument in field.arguments if argument.name in _CODES}))
