"""The rule of the demo beside those of the model: an entity is as somebody first stores it.

What takes a past is played after loading, by :mod:`integrates.server.demo.scenario`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from integrates.db_model.access.rules import is_live
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.comments.types import Comment
from integrates.db_model.entity.types import Entity
from integrates.db_model.environment_urls.types import EnvironmentUrl, EnvironmentUrlStatus
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.events.types import Event, EventStatus
from integrates.db_model.finding_policies.types import FindingPolicy, FindingPolicyStatus
from integrates.db_model.findings.types import Finding, FindingStateStatus
from integrates.db_model.groups.types import Group, GroupStatus
from integrates.db_model.organizations.types import Organization, OrganizationStatus
from integrates.db_model.roots.types import GitRoot, ImageRoot, IPRoot, RootStatus, URLRoot
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderStatus
from integrates.db_model.vulnerabilities.types import Source, TreatmentStatus, Vulnerability, VulnerabilityStatus

Members: TypeAlias = Mapping[str, Callable[[Any], bool]]
"""By member of an entity: whether it is as first stored."""


def _is_first_state(vulnerability: Vulnerability) -> bool:
    """Return whether the state is that of a new vulnerability: VULNERABLE from a machine, SUBMITTED from a person."""
    by_machine = vulnerability.source is Source.MACHINE
    return vulnerability.state.status is (VulnerabilityStatus.VULNERABLE if by_machine else VulnerabilityStatus.SUBMITTED)


_ACCESS: Final[Members] = {
    "state": is_live,
    "invitation": lambda access: (access.invitation is None) == (access.access.role is not None),
}
_ROOT: Final[Members] = {"state": lambda root: root.state.status is RootStatus.ACTIVE}
_FIRST: Final[Mapping[type[Entity], Members]] = {
    Stakeholder: {"state": lambda person: person.state.status is StakeholderStatus.ACTIVE},
    Organization: {"state": lambda organization: organization.state.status is OrganizationStatus.ACTIVE},
    OrganizationAccess: _ACCESS,
    Group: {"state": lambda group: group.state.status is GroupStatus.ACTIVE},
    GroupAccess: _ACCESS,
    GitRoot: _ROOT,
    ImageRoot: _ROOT,
    IPRoot: _ROOT,
    URLRoot: _ROOT,
    EnvironmentUrl: {"state": lambda environment: environment.state.status is EnvironmentUrlStatus.ACTIVE},
    Comment: {},
    Event: {"state": lambda event: event.state.status is EventStatus.CREATED},
    Finding: {"state": lambda finding: finding.state.status is FindingStateStatus.CREATED},
    FindingPolicy: {"state": lambda policy: policy.state.status is FindingPolicyStatus.SUBMITTED},
    Vulnerability: {
        "state": _is_first_state,
        "treatment": lambda vulnerability: vulnerability.treatment.status is TreatmentStatus.UNTREATED,
        "verification": lambda vulnerability: vulnerability.verification is None,
        "zero_risk": lambda vulnerability: vulnerability.zero_risk is None,
        "cycle": lambda vulnerability: vulnerability.cycle.cycles == int(vulnerability.source is Source.MACHINE),
    },
}


def not_first(entity: Entity) -> Iterator[Rejected]:
    """Yield each member of an entity that nobody could have stored at first."""
    for member, is_first in _FIRST[type(entity)].items():
        if not is_first(entity):
            yield Rejected(Reason.NOT_FIRST, (member,))
