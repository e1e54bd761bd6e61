"""The smaller rules of organizations, groups, stakeholders, access, tokens and findings."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from integrates.db_model.access import rules as access_rules
from integrates.db_model.access.types import (
    AccessState,
    AccessStatus,
    GroupAccess,
    GroupGrant,
    GroupRole,
    OrganizationAccess,
    OrganizationGrant,
    OrganizationRole,
)
from integrates.db_model.errors import Rejected
from integrates.db_model.findings import rules as finding_rules
from integrates.db_model.findings.types import Finding, FindingStateStatus, FindingStatus, RemovalJustification
from integrates.db_model.groups import rules as group_rules
from integrates.db_model.groups.types import Group, GroupInfo, GroupState, GroupStatus
from integrates.db_model.organizations import rules as organization_rules
from integrates.db_model.organizations.types import (
    Organization,
    OrganizationInfo,
    OrganizationState,
    OrganizationStatus,
)
from integrates.db_model.stakeholders import rules as stakeholder_rules
from integrates.db_model.stakeholders.types import (
    Stakeholder,
    StakeholderInfo,
    StakeholderState,
    StakeholderStatus,
)
from integrates.db_model.tokens import rules as token_rules
from integrates.db_model.tokens.types import AccessToken, TokenKind, TokenState, TokenStatus

NOW = datetime(2024, 5, 1, tzinfo=UTC)
BY = "system"
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize("status", OrganizationStatus)
def test_live_organizations(status: OrganizationStatus) -> None:
    state = OrganizationState(status=status, at=NOW, by=BY)
    one = Organization(id="id", info=OrganizationInfo(name="aurora"), state=state, created_at=NOW, created_by=BY)
    assert organization_rules.is_live(one) is (status.value == "ACTIVE")


@pytest.mark.parametrize("status", GroupStatus)
def test_live_groups(status: GroupStatus) -> None:
    info = GroupInfo(name="webshop", organization_id="id", description="A shop")
    one = Group(info=info, state=GroupState(status=status, at=NOW, by=BY), created_at=NOW, created_by=BY)
    assert group_rules.is_live(one) is (status.value == "ACTIVE")


@pytest.mark.parametrize("status", StakeholderStatus)
def test_live_stakeholders(status: StakeholderStatus) -> None:
    state = StakeholderState(status=status, at=NOW, by=BY)
    one = Stakeholder(info=StakeholderInfo(email="a@b"), state=state, created_at=NOW, created_by=BY)
    assert stakeholder_rules.is_live(one) is (status.value == "ACTIVE")


@pytest.mark.parametrize("status", FindingStateStatus)
def test_live_findings(finding: Finding, status: FindingStateStatus) -> None:
    one = replace(finding, state=replace(finding.state, status=status))
    assert finding_rules.is_live(one) is (status.value == "CREATED")


@pytest.mark.parametrize("code", ["CO", "DE", "us", " JP "])
def test_countries(code: str) -> None:
    assert organization_rules.country(code, ()) == code.strip().upper()


@pytest.mark.parametrize(
    "code,rule",
    [("", "required"), ("C", "too_short"), ("COL", "too_long"), ("C1", "bad_characters"), ("ZZ", "bad_format")],
)
def test_what_is_no_country(code: str, rule: str) -> None:
    with pytest.raises(Rejected, match=rule):
        organization_rules.country(code, ("country",))


def test_there_are_as_many_countries_as_codes_assigned() -> None:
    assert len(organization_rules.COUNTRIES) == 249


@pytest.mark.parametrize(
    "status,live,role",
    [(AccessStatus.INVITED, True, None), (AccessStatus.ACTIVE, True, GroupRole.HACKER), (AccessStatus.REMOVED, False, None)],
)
def test_only_members_have_the_role(status: AccessStatus, live: object, role: GroupRole | None) -> None:
    state = AccessState(status=status, at=NOW, by=BY)
    one = GroupAccess(
        email="a@b",
        group_name="webshop",
        access=GroupGrant(role=GroupRole.HACKER),
        state=state,
        created_at=NOW,
        created_by=BY,
    )
    other = OrganizationAccess(
        email="a@b",
        organization_id="id",
        access=OrganizationGrant(role=OrganizationRole.USER),
        state=state,
        created_at=NOW,
        created_by=BY,
    )
    assert access_rules.is_live(one) is live
    assert access_rules.role_of(one) is role
    assert access_rules.role_of(other) is (OrganizationRole.USER if role else None)


def token(status: TokenStatus = TokenStatus.ACTIVE) -> AccessToken:
    return AccessToken(
        id="id",
        owner="a@b",
        name="laptop",
        kind=TokenKind.API,
        issued_at=NOW,
        expires_at=NOW + timedelta(days=1),
        jti_hash="0",
        slot=1,
        state=TokenState(status=status, at=NOW, by=BY),
        created_at=NOW,
        created_by=BY,
    )


def test_a_token_is_usable_until_it_expires_or_is_revoked() -> None:
    assert token_rules.is_usable(token(), NOW + timedelta(days=1) - INSTANT)
    assert not token_rules.is_usable(token(), NOW + timedelta(days=1))
    assert token_rules.is_live(token())
    assert not token_rules.is_live(token(TokenStatus.REVOKED))
    assert not token_rules.is_usable(token(TokenStatus.REVOKED), NOW)


@pytest.mark.parametrize("ahead", [INSTANT, timedelta(days=90), timedelta(days=180) - INSTANT])
def test_expiry_within_the_range(ahead: timedelta) -> None:
    assert token_rules.expiry(NOW + ahead, (), now=NOW) == NOW + ahead


@pytest.mark.parametrize("ahead", [-INSTANT, timedelta(0), timedelta(days=180), timedelta(days=1_000_000)])
def test_expiry_out_of_range(ahead: timedelta) -> None:
    with pytest.raises(Rejected) as caught:
        token_rules.expiry(NOW + ahead, ("expires_at",), now=NOW)
    assert (caught.value.reason, caught.value.path) == ("expiry_out_of_range", ("expires_at",))


def test_a_naive_expiry_is_refused() -> None:
    with pytest.raises(Rejected, match="bad_format"):
        token_rules.expiry(datetime(2024, 6, 1), (), now=NOW)  # noqa: DTZ001 - the naive date is what is tested


@pytest.mark.parametrize(
    "open_count,released_count,expected",
    [
        (0, 0, FindingStatus.DRAFT),
        (0, 1, FindingStatus.SAFE),
        (1, 1, FindingStatus.VULNERABLE),
        (1, 5, FindingStatus.VULNERABLE),
    ],
)
def test_status_of_a_finding(open_count: int, released_count: int, expected: FindingStatus) -> None:
    assert finding_rules.status(open_count=open_count, released_count=released_count) is expected


@pytest.mark.parametrize(
    "one,other", [("SQL Injection", "sql injection"), ("STRASSE", "stra\u00dfe"), ("\u0130", "i\u0307"), ("\u00c9", "\u00e9")]
)
def test_titles_are_compared_ignoring_case(one: str, other: str) -> None:
    assert finding_rules.title_key(one) == finding_rules.title_key(other)


@given(st.text(max_size=20))
def test_title_keys_are_idempotent(title: str) -> None:
    key = finding_rules.title_key(title)
    assert finding_rules.title_key(key) == key


@pytest.mark.parametrize("justification", RemovalJustification)
def test_which_removals_free_the_claim(justification: RemovalJustification) -> None:
    assert finding_rules.frees_claim(justification) is (justification.value in {"DUPLICATED", "REPORTING_ERROR"})
