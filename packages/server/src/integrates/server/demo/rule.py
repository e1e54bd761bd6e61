"""What the model would make: the rules that each demo entity has to keep, as the mutations that make such entities do."""

from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch
from typing import Any

from integrates.db_model import values
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.entity.types import Entity
from integrates.db_model.errors import Rejected
from integrates.db_model.findings.types import Finding, FindingStateStatus
from integrates.db_model.groups.types import Group, GroupStatus
from integrates.db_model.organizations.types import Organization, OrganizationStatus
from integrates.db_model.roots.types import Root
from integrates.db_model.severities.rules import severity
from integrates.db_model.severities.types import Severity
from integrates.db_model.stakeholders.types import Stakeholder, StakeholderStatus
from integrates.db_model.vulnerabilities.location import place
from integrates.db_model.vulnerabilities.types import Source, Vulnerability, VulnerabilityStatus


@singledispatch
def check(entity: Entity) -> None:
    """Raise ``Rejected`` or ``Rejections`` when no mutation would first store the entity like this."""
    raise NotImplementedError(type(entity).__name__)


def _same(given: Any, made: Any, path: Sequence[str]) -> None:
    if given != made:
        raise Rejected("not_canonical", path)


def _text(entity: object, path: str, rule: Callable[[str, Sequence[str]], str]) -> None:
    """Check the text at a dotted path, unless it is not set."""
    value: Any = entity
    names = path.split(".")
    for name in names:
        value = getattr(value, name)
    if value is not None:
        _same(value, rule(value, names), names)


def _texts(entity: object, rules: Mapping[str, Callable[[str, Sequence[str]], str]]) -> None:
    for path, rule in rules.items():
        _text(entity, path, rule)


def _must(holds: bool, rule: str, *path: str) -> None:  # noqa: FBT001 -- reads as "must hold"
    if not holds:
        raise Rejected(rule, path)


def _severity(given: Severity | None) -> None:
    if given is not None:
        made = severity(given.cvss_v4, given.cvss_v3, given.tool_score, path=("severity",))
        _same(given, made, ("severity",))


@check.register
def _(entity: Organization) -> None:
    _texts(entity, {"id": values.identifier, "info.name": values.name})
    _must(entity.state.status is OrganizationStatus.ACTIVE, "not_first", "state")


@check.register
def _(entity: Group) -> None:
    rules = {
        "info.name": values.name,
        "info.description": values.group_description,
        "info.context": values.group_context,
        "info.disambiguation": values.group_disambiguation,
    }
    _texts(entity, rules)
    _same(entity.info.tags, values.tags(entity.info.tags, ("info", "tags")), ("info", "tags"))
    _must(entity.state.status is GroupStatus.ACTIVE, "not_first", "state")


@check.register
def _(entity: Stakeholder) -> None:
    rules = {
        "info.email": values.email,
        "info.first_name": values.person_text,
        "info.last_name": values.person_text,
    }
    _texts(entity, rules)
    _must(entity.state.status is StakeholderStatus.ACTIVE, "not_first", "state")


@check.register
def _(entity: OrganizationAccess) -> None:
    _texts(entity, {"email": values.email, "organization_id": values.identifier})
    _must((entity.access.role is None) == (entity.invitation is not None), "not_first", "access")


@check.register
def _(entity: GroupAccess) -> None:
    rules = {"email": values.email, "group_name": values.name, "access.responsibility": values.person_text}
    _texts(entity, rules)
    _must((entity.access.role is None) == (entity.invitation is not None), "not_first", "access")


@check.register
def _(entity: Root) -> None:
    _texts(entity, {"id": values.identifier, "info.nickname": values.nickname})


@check.register
def _(entity: Finding) -> None:
    rules = {
        "id": values.identifier,
        "description.title": values.title,
        "description.description": values.finding_description,
        "description.threat": values.finding_text,
        "description.attack_vector_description": values.finding_text,
        "description.recommendation": values.finding_text,
    }
    _texts(entity, rules)
    ids, path = entity.description.cwe_ids, ("description", "cwe_ids")
    _same(ids, values.cwe_ids(ids, path), path)
    _severity(entity.severity)
    _must(entity.state.status is FindingStateStatus.CREATED, "not_first", "state")


@check.register
def _(entity: Vulnerability) -> None:
    location = entity.location
    _same(
        (location.where, location.specific), place(entity.type, location.where, location.specific, ("location",)), ("location",)
    )
    _same(entity.labels.tags, values.tags(entity.labels.tags, ("labels", "tags")), ("labels", "tags"))
    _severity(entity.severity)
    by_machine = entity.source is Source.MACHINE
    first = VulnerabilityStatus.VULNERABLE if by_machine else VulnerabilityStatus.SUBMITTED
    _must(entity.state.status is first, "not_first", "state")
    _must((entity.cycle.opened_at is not None) == by_machine, "not_first", "cycle")
    _must(entity.cycle.cycles == int(by_machine), "not_first", "cycle")
