"""What an organization accepts everywhere."""

from typing import Final

from integrates.server.demo.step import OLGA, Step, asked, mutation, named

_HANDLE: Final = mutation("handleOrganizationFindingPolicy", id="ID!", approve="Boolean!")

_ERRORS: Final = named("organization_finding_policy", "aurora/verbose_errors")

STEPS: Final = (Step(27, "a policy approved", asked(OLGA, _HANDLE, id=_ERRORS, approve=True)),)
