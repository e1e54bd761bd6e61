"""Fields of finding policies."""

from typing import Final

from integrates.api.context import Info
from integrates.api.finding_policy.mutations import MUTATIONS
from integrates.api.resolve.binding import Binding
from integrates.db_model.finding_policies.application import application_key, application_of
from integrates.db_model.finding_policies.types import Application, ApplicationStatus, FindingPolicy, FindingPolicyStatus


async def _application(source: FindingPolicy, info: Info) -> Application | None:
    return application_of(await info.context.loaders.items.load(application_key(source.id)))


async def application_status(source: FindingPolicy, info: Info) -> ApplicationStatus | None:
    """Return how far what is there follows the policy."""
    found = await _application(source, info)
    return found.status if found else None


async def processed(source: FindingPolicy, info: Info) -> int | None:
    """Return how many vulnerabilities the last answer has changed so far."""
    found = await _application(source, info)
    return found.processed if found else None


BINDING: Final = Binding(
    shows={"OrganizationFindingPolicy": FindingPolicy},
    fields={
        **MUTATIONS,
        "OrganizationFindingPolicy": {
            "state": "state.status",
            "applicationStatus": application_status,
            "processed": processed,
        },
    },
    enums={"ApplicationStatus": ApplicationStatus, "FindingPolicyState": FindingPolicyStatus},
)
