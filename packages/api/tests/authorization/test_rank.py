"""The order of roles in the model is that of the matrix."""

from collections.abc import Mapping

import pytest

from integrates.api.authorization.permissions import group_permissions, organization_permissions, platform_permissions
from integrates.db_model.access.rank import Role, outranks
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole

PERMITTED: Mapping[type, Mapping[Role, frozenset[str]]] = {
    PlatformRole: {role: frozenset(platform_permissions(role)) for role in PlatformRole},
    OrganizationRole: {role: frozenset(organization_permissions(role)) for role in OrganizationRole},
    GroupRole: {role: frozenset(group_permissions(role)) for role in GroupRole if role is not GroupRole.SERVICE_FORCES},
}


@pytest.mark.parametrize("kind", [PlatformRole, OrganizationRole, GroupRole])
def test_a_role_outranks_another_when_it_has_all_its_permissions_and_more(kind: type) -> None:
    roles = PERMITTED[kind]
    for one in roles:
        for other in roles:
            assert outranks(one, other) is (roles[one] > roles[other]), (one, other)
