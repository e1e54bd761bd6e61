"""Whole organizations, groups, people, accesses and tokens (E13): a row for each bad value of each member."""

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace
from packages.db_model.tests.rules.whole.judge import state
from packages.db_model.tests.rules.whole.value import ADA, AT, EVERY, HASH, ID, KEPT, LATER, LONG_ENOUGH, Kind, Row, Take, below

from integrates.db_model.access.types import (
    AccessState,
    AccessStatus,
    GroupAccess,
    GroupGrant,
    GroupRole,
    Invitation,
    OrganizationAccess,
    OrganizationGrant,
    OrganizationRole,
)
from integrates.db_model.entity.types import Entity
from integrates.db_model.finding_policies.types import FindingPolicy, FindingPolicyState, FindingPolicyStatus
from integrates.db_model.groups.types import Group, GroupInfo, GroupRemovalReason, GroupState, GroupStatus
from integrates.db_model.organizations.rules import country
from integrates.db_model.organizations.types import Organization, OrganizationInfo, OrganizationState, OrganizationStatus
from integrates.db_model.policies.types import Policies
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderInfo, StakeholderState, StakeholderStatus
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus
from integrates.db_model.values import text as texts

ORGANIZATION = Organization(
    id=ID,
    info=OrganizationInfo(name="aurora", country="CO"),
    policies=Policies(max_acceptance_days=30, min_acceptance_severity=Decimal("0.0"), inactivity_period=90),
    state=OrganizationState(status=OrganizationStatus.ACTIVE, at=AT, by=ADA),
    **KEPT,
)
GROUP = Group(
    info=GroupInfo(
        name="webshop", organization_id=ID, description="The shop", context="It is old.", disambiguation="None", tags=("a", "b")
    ),
    policies=Policies(max_acceptance_days=30),
    state=GroupState(status=GroupStatus.ACTIVE, at=AT, by=ADA),
    **KEPT,
)
STAKEHOLDER = Stakeholder(
    info=StakeholderInfo(email=ADA, first_name="Ada", last_name="Byron"),
    state=StakeholderState(status=StakeholderStatus.ACTIVE, at=AT, by="system"),
    **KEPT,
)
INVITATION = Invitation(role="user", jti_hash=HASH, sent_at=AT, expires_at=LATER)
ORGANIZATION_ACCESS = OrganizationAccess(
    email=ADA,
    organization_id=ID,
    access=OrganizationGrant(role=OrganizationRole.USER),
    state=AccessState(status=AccessStatus.ACTIVE, at=AT, by=ADA),
    **KEPT,
)
FINDING_POLICY = FindingPolicy(
    id=ID,
    organization_id=ID,
    title="Error pages show stack traces",
    tags=("accepted", "by-policy"),
    state=FindingPolicyState(status=FindingPolicyStatus.SUBMITTED, at=AT, by=ADA),
    **KEPT,
)
GROUP_ACCESS = GroupAccess(
    email=ADA,
    group_name="webshop",
    access=GroupGrant(role=GroupRole.HACKER, responsibility="Tester"),
    state=AccessState(status=AccessStatus.ACTIVE, at=AT, by=ADA),
    **KEPT,
)
INVITED = replace(
    GROUP_ACCESS,
    access=GroupGrant(),
    invitation=replace(INVITATION, responsibility="Tester"),
    state=AccessState(status=AccessStatus.INVITED, at=AT, by=ADA),
)
FORCES = replace(
    GROUP_ACCESS, email="service:forces:webshop", access=GroupGrant(role=GroupRole.SERVICE_FORCES), created_by="operator"
)
TOKEN = AccessToken(
    id=ID,
    owner=ADA,
    name="My token",
    kind=TokenKind.API,
    issued_at=AT,
    expires_at=AT + timedelta(days=180),
    jti_hash=HASH,
    slot=5,
    state=TokenState(status=TokenStatus.ACTIVE, at=AT, by=ADA),
    **KEPT,
)
CI_TOKEN = replace(TOKEN, owner="service:forces:webshop", kind=TokenKind.FORCES, slot=0)
INVITED_TO_ORGANIZATION = replace(
    ORGANIZATION_ACCESS,
    access=OrganizationGrant(),
    invitation=INVITATION,
    state=AccessState(status=AccessStatus.INVITED, at=AT, by=ADA),
)
GOOD: list[Entity] = [
    ORGANIZATION,
    replace(ORGANIZATION, info=OrganizationInfo(name="aurora"), policies=Policies()),
    state(ORGANIZATION, status=OrganizationStatus.DELETED, by="operator"),
    *(state(FINDING_POLICY, status=status) for status in FindingPolicyStatus),
    GROUP,
    state(GROUP, status=GroupStatus.DELETED, reason=GroupRemovalReason.RENAME),
    state(GROUP, status=GroupStatus.DELETED, reason=GroupRemovalReason.OTHER, comments=LONG_ENOUGH),
    STAKEHOLDER,
    replace(STAKEHOLDER, info=StakeholderInfo(email=ADA), created_by="service:oidc:google"),
    state(STAKEHOLDER, status=StakeholderStatus.DELETED),
    ORGANIZATION_ACCESS,
    INVITED_TO_ORGANIZATION,
    state(ORGANIZATION_ACCESS, status=AccessStatus.REMOVED),
    GROUP_ACCESS,
    INVITED,
    FORCES,
    state(INVITED, status=AccessStatus.REMOVED),
    TOKEN,
    CI_TOKEN,
    state(TOKEN, status=TokenStatus.REVOKED),
]

POLICIES: list[Kind] = [
    ("policies.max_acceptance_days", "numbers", 0, 999),
    ("policies.min_acceptance_severity", "scores"),
    ("policies.max_acceptance_severity", "scores"),
    ("policies.max_number_acceptances", "numbers", 0, 100),
    ("policies.min_breaking_severity", "scores"),
    ("policies.vulnerability_grace_period", "numbers", 0, 999),
    ("policies.days_until_it_breaks", "numbers", 1, 999),
    ("policies.remediation_days_critical", "numbers", 1, 999),
    ("policies.remediation_days_high", "numbers", 1, 999),
    ("policies.remediation_days_medium", "numbers", 1, 999),
    ("policies.remediation_days_low", "numbers", 1, 999),
]
CONTRADICTIONS: list[Row] = [
    (
        "policies",
        Policies(min_acceptance_severity=Decimal("9.0"), max_acceptance_severity=Decimal("8.0")),
        "range_inverted",
        "policies.min_acceptance_severity",
    ),
    (
        "policies",
        Policies(vulnerability_grace_period=9, days_until_it_breaks=9),
        "debt_before_grace",
        "policies.days_until_it_breaks",
    ),
]
KINDS: list[tuple[Entity, list[Kind]]] = [
    (
        FINDING_POLICY,
        [*EVERY, ("id", "ids"), ("organization_id", "ids"), ("title", "lines", 200), ("state.by", "actors")],
    ),
    (
        ORGANIZATION,
        [
            *EVERY,
            *POLICIES,
            ("id", "ids"),
            ("info.name", "names"),
            ("policies.inactivity_period", "numbers", 21, 999),
            ("state.by", "actors"),
        ],
    ),
    (
        GROUP,
        [
            *EVERY,
            *POLICIES,
            ("info.name", "names"),
            ("info.organization_id", "ids"),
            ("info.description", "blocks", 200, 1),
            ("info.context", "blocks", 20_000),
            ("info.disambiguation", "blocks", 10_000),
            ("info.tags", "tags"),
            ("state.by", "actors"),
            ("state.comments", "blocks", 10_000, 10),
        ],
    ),
    (
        STAKEHOLDER,
        [
            *EVERY,
            ("info.email", "emails"),
            ("info.first_name", "lines", 50),
            ("info.last_name", "lines", 50),
            ("state.by", "actors"),
        ],
    ),
    (ORGANIZATION_ACCESS, [*EVERY, ("email", "emails"), ("organization_id", "ids"), ("state.by", "actors")]),
    (
        GROUP_ACCESS,
        [*EVERY, ("email", "emails"), ("group_name", "names"), ("access.responsibility", "lines", 50), ("state.by", "actors")],
    ),
    (
        INVITED,
        [
            ("invitation.responsibility", "lines", 50),
            ("invitation.jti_hash", "hashes"),
            ("invitation.sent_at", "dates"),
            ("invitation.expires_at", "dates"),
        ],
    ),
    (
        TOKEN,
        [
            *EVERY,
            ("id", "ids"),
            ("owner", "actors"),
            ("name", "lines", 50),
            ("issued_at", "dates"),
            ("expires_at", "dates"),
            ("jti_hash", "hashes"),
            ("slot", "numbers", 0, 5),
            ("state.by", "actors"),
        ],
    ),
]
ROWS: list[tuple[Entity, list[Row]]] = [
    (
        FINDING_POLICY,
        [
            *below("title", ("=cmd()", "bad_format"), ("ab", "too_short")),
            *below("tags", (("a",) * 2, "not_canonical"), (tuple(f"t{n}" for n in range(21)), "too_many_items")),
            ("tags", ("Bad",), "bad_characters", "tags.0"),
            *below("state.status", ("APPROVED", "wrong_type")),
        ],
    ),
    (
        ORGANIZATION,
        [
            *CONTRADICTIONS,
            *below("info.country", ("co", "not_canonical"), ("XX", "bad_format"), ("COL", "too_long"), ("", "required")),
            *below("state.status", ("ACTIVE", "wrong_type"), (None, "wrong_type")),
            *below("info", ("aurora", "wrong_type"), (None, "wrong_type")),
        ],
    ),
    (
        GROUP,
        [
            *CONTRADICTIONS,
            *below("info.language", ("EN", "wrong_type")),
            *below("policies.inactivity_period", (90, "organization_only")),
            *below("state.reason", ("RENAME", "wrong_type"), (GroupRemovalReason.RENAME, "inconsistent")),
            *below("policies.source_suppressions_pass", (1, "wrong_type"), ("yes", "wrong_type")),
            *below("state.comments", (LONG_ENOUGH, "inconsistent")),
            ("state.status", GroupStatus.DELETED, "required", "state.reason"),
        ],
    ),
    (
        state(GROUP, status=GroupStatus.DELETED, reason=GroupRemovalReason.RENAME),
        [("state.reason", GroupRemovalReason.OTHER, "required", "state.comments")],
    ),
    (
        STAKEHOLDER,
        [
            *below("access.role", ("admin", "wrong_type")),
            *below("access.is_registered", (1, "wrong_type"), (None, "wrong_type")),
        ],
    ),
    (ORGANIZATION_ACCESS, [*below("access.role", (None, "required"), ("user", "wrong_type"), (GroupRole.USER, "wrong_type"))]),
    (
        INVITED_TO_ORGANIZATION,
        [
            *below("invitation.role", ("hacker", "bad_format"), (OrganizationRole.USER, "wrong_type")),
            *below("invitation.responsibility", ("Tester", "inconsistent")),
        ],
    ),
    (
        GROUP_ACCESS,
        [
            *below("access.role", (None, "required"), (GroupRole.SERVICE_FORCES, "service_role"), ("hacker", "wrong_type")),
            *below("email", ("service:forces:payments", "bad_format"), ("system", "bad_format")),
            ("email", "service:forces:webshop", "inconsistent", "access.role"),
            ("state.status", AccessStatus.INVITED, "inconsistent", "access.role"),
        ],
    ),
    (
        INVITED,
        [
            *below("invitation", (None, "required")),
            *below("invitation.role", ("service_forces", "bad_format"), ("organization_manager", "bad_format")),
            *below("invitation.expires_at", (AT, "out_of_range")),
        ],
    ),
    (
        TOKEN,
        [
            *below("owner", ("system", "inconsistent"), ("service:forces:webshop", "inconsistent")),
            *below("kind", ("API", "wrong_type")),
            *below("expires_at", (AT, "expiry_out_of_range"), (AT + timedelta(days=181), "expiry_out_of_range")),
            *below("slot", (0, "out_of_range")),
        ],
    ),
    (CI_TOKEN, [*below("owner", (ADA, "inconsistent"), ("service:oidc:google", "inconsistent"))]),
]
TAKEN: list[tuple[Entity, str, Take]] = [
    (FINDING_POLICY, "title", texts.title),
    (FINDING_POLICY, "tags", lambda text, path: texts.tags((text,), path)),
    (ORGANIZATION, "info.name", texts.name),
    (ORGANIZATION, "info.country", country),
    (GROUP, "info.description", texts.group_description),
    (GROUP, "info.context", texts.group_context),
    (GROUP, "info.disambiguation", texts.group_disambiguation),
    (STAKEHOLDER, "info.email", texts.email),
    (STAKEHOLDER, "info.first_name", texts.person_text),
    (STAKEHOLDER, "created_by", texts.actor),
]
