"""The order of roles in the model is that of the matrix."""

from integrates.api.authorization.permissions import group_permissions, organization_permissions, platform_permissions
from integrates.db_model.access.rank import outranks
from integrates.db_model.access.types import GroupRole, OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole


def test_a_role_outranks_another_when_it_has_all_its_permissions_and_more() -> None:
    for kind, permitted in (
        (PlatformRole, platform_permissions),
        (OrganizationRole, organization_permissions),
        (GroupRole, group_permissions),
    ):
        people = [role for role in kind if role is not GroupRole.SERVICE_FORCES]
        for one in people:
            for other in people:
                assert outranks(one, other) is (set(permitted(one)) > set(permitted(other))), (one, other)
