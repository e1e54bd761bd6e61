"""Where a role comes from, and what becomes of it when a provider gives another."""

import pytest

from integrates.db_model.access.rank import Role, highest, outranks
from integrates.db_model.access.source import role_given, sources
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole

GM, VM, US = GroupRole.GROUP_MANAGER, GroupRole.VULNERABILITY_MANAGER, GroupRole.USER
HK, RE, RV = GroupRole.HACKER, GroupRole.REATTACKER, GroupRole.REVIEWER
A, B, ADA = "service:oidc:a", "service:oidc:b", "ada@demo.example"


@pytest.mark.parametrize(
    "past, expected",
    [
        ([], {}),
        ([(ADA, HK)], {"people": HK}),
        ([("operator", HK), ("system", HK)], {"people": HK}),
        ([(A, HK)], {A: HK}),
        ([(A, HK), (ADA, HK)], {A: HK}),  # a change of something else
        ([(A, HK), (A, RE)], {A: RE}),
        ([(A, HK), (A, None)], {}),
        ([(ADA, RE), (A, HK)], {"people": RE, A: HK}),
        ([(ADA, RE), (A, HK), (A, RE)], {"people": RE}),  # withdrawn
        ([(ADA, RE), (A, HK), (A, GM)], {"people": RE, A: GM}),
        ([(ADA, RE), (A, HK), (ADA, RV)], {"people": RV}),
        ([(A, HK), (ADA, None)], {}),
        ([(A, HK), (ADA, None), (A, HK)], {A: HK}),
        ([(A, RE), (B, HK)], {A: RE, B: HK}),
        ([(A, RE), (B, HK), (B, RE)], {A: RE}),
        ([(ADA, None), (A, US)], {A: US}),  # only invited before
    ],
)
def test_who_wants_which_role_is_read_from_the_history(past: list[tuple[str, Role | None]], expected: dict[str, Role]) -> None:
    assert dict(sources(past)) == expected


@pytest.mark.parametrize(
    "wanted, given, expected",
    [
        ({}, None, None),
        ({}, HK, HK),
        ({A: GM}, HK, HK),
        ({A: GM}, None, None),
        ({"people": RE}, None, RE),
        ({"people": RE}, HK, HK),
        ({"people": HK}, RE, HK),
        ({"people": RV}, HK, RV),  # they do not compare, and what people granted stays
        ({"people": US, A: GM}, None, US),
        ({B: RE}, None, RE),
        ({B: RE}, US, RE),
        ({"people": US, B: VM}, HK, VM),
    ],
)
def test_a_provider_raises_and_never_lowers_what_others_want(
    wanted: dict[str, Role], given: Role | None, expected: Role | None
) -> None:
    assert role_given(wanted, A, given) is expected


def test_the_highest_role_is_the_one_that_includes_the_others_else_the_first() -> None:
    assert highest([]) is None
    assert highest([RE, HK, GM, US]) is GM
    assert highest([RV, HK, US]) is RV
    assert highest([PlatformRole.USER, PlatformRole.ADMIN]) is PlatformRole.ADMIN


def test_no_role_outranks_itself_or_both_ways() -> None:
    for kind in (PlatformRole, OrganizationRole, GroupRole):
        for one in kind:
            for other in kind:
                assert not (outranks(one, other) and outranks(other, one))
    assert outranks(OrganizationRole.ORGANIZATION_MANAGER, OrganizationRole.USER)
    assert not outranks(GM, OrganizationRole.USER)  # of another kind of object
