"""The order of roles in the model is that of the matrix."""

from collections.abc import Mapping

import pytest

from integrates.api.authorization.permissions import group_permissions, organization_permissions, platform_permissions
from integrates.db_model.access.rank import Role, outranks
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole

PERMITTED: Mapping[Role, frozenset[str]] = {
    **{role: frozenset(platform_permissions(role)) for role in PlatformRole},
    **{role: frozenset(organization_permissions(role)) for role in OrganizationRole},
    **{role: frozenset(group_permissions(role)) for role in GroupRole if role is not GroupRole.SERVICE_FORCES},
}


@pytest.mark.parametrize("kind", [PlatformRole, OrganizationRole, GroupRole])
def test_a_role_outranks_another_when_it_has_all_its_permissions_and_more(kind: type[Role]) -> None:
    people = [role for role in PERMITTED if isinstance(role, kind)]
    for one in people:
        for other in people:
            assert outranks(one, other) is (PERMITTED[one] > PERMITTED[other]), (one, other)
