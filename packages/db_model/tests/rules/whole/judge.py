"""How whole entities are judged, and what is wrong with one that has another value somewhere."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields, replace

from integrates.db_model.access.rules import whole_in_group, whole_in_organization
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.comments.rules import whole as whole_comment
from integrates.db_model.comments.types import Comment
from integrates.db_model.decision_imports.rules import whole as whole_decision_import
from integrates.db_model.decision_imports.types import DecisionImport
from integrates.db_model.entity.types import Entity
from integrates.db_model.environment_urls.rules import whole as whole_environment_url
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.errors import Rejected
from integrates.db_model.events.rules import whole as whole_event
from integrates.db_model.events.types import Event
from integrates.db_model.finding_policies.rules import whole as whole_finding_policy
from integrates.db_model.finding_policies.types import FindingPolicy
from integrates.db_model.findings.rules import whole as whole_finding
from integrates.db_model.findings.types import Finding
from integrates.db_model.forces.rules import whole as whole_execution
from integrates.db_model.forces.types import ForcesExecution
from integrates.db_model.groups.rules import whole as whole_group
from integrates.db_model.groups.types import Group
from integrates.db_model.imports.rules import whole as whole_import
from integrates.db_model.imports.types import Import
from integrates.db_model.organizations.rules import whole as whole_organization
from integrates.db_model.organizations.types import Organization
from integrates.db_model.roots.rules import whole as whole_root
from integrates.db_model.roots.types import GitRoot, ImageRoot, IPRoot, URLRoot
from integrates.db_model.stakeholders.rules import whole as whole_stakeholder
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.tokens.rules import whole as whole_token
from integrates.db_model.tokens.types import AccessToken
from integrates.db_model.vex_documents.rules import whole as whole_vex_document
from integrates.db_model.vex_documents.types import VexDocument
from integrates.db_model.vulnerabilities.check import whole as whole_vulnerability
from integrates.db_model.vulnerabilities.types import Vulnerability

WHOLE: Mapping[type[Entity], Callable[[Any], Iterable[Rejected]]] = {
    Organization: whole_organization,
    Group: whole_group,
    Stakeholder: whole_stakeholder,
    OrganizationAccess: whole_in_organization,
    GroupAccess: whole_in_group,
    **dict.fromkeys((GitRoot, ImageRoot, IPRoot, URLRoot), whole_root),
    Finding: whole_finding,
    Vulnerability: whole_vulnerability,
    AccessToken: whole_token,
    FindingPolicy: whole_finding_policy,
    Import: whole_import,
    ForcesExecution: whole_execution,
    DecisionImport: whole_decision_import,
    Comment: whole_comment,
    EnvironmentUrl: whole_environment_url,
    Event: whole_event,
    VexDocument: whole_vex_document,
}


def judged(entity: Entity) -> list[tuple[str, str]]:
    """The reasons and dotted paths of what is wrong with an entity."""
    return [(str(one.reason), ".".join(one.path)) for one in WHOLE[type(entity)](entity)]


def altered(struct: Any, path: str, value: Any) -> Any:
    """The struct with another value at a dotted path, beside which nothing changes."""
    name, _, rest = path.partition(".")
    if isinstance(struct, tuple):
        index = int(name)
        return (*struct[:index], altered(struct[index], rest, value) if rest else value, *struct[index + 1 :])
    return replace(struct, **{name: altered(getattr(struct, name), rest, value) if rest else value})


def state(entity: Any, **members: Any) -> Any:
    """The entity with other members of its state."""
    return replace(entity, state=replace(entity.state, **members))


def leaves(kind: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The dotted paths of all members of a struct that are no structs themselves."""
    for each in fields(kind):
        parts = () if get_origin(each.type) is tuple else (each.type, *get_args(each.type))
        inner = [part for part in parts if isinstance(part, type) and issubclass(part, Struct)]
        yield from leaves(inner[0], (*path, each.name)) if inner else (".".join((*path, each.name)),)


def has(struct: Any, path: str) -> bool:
    """Whether there is a member at a dotted path; it may be ``None``, what holds it may not."""
    name, _, rest = path.partition(".")
    return not rest or (getattr(struct, name) is not None and has(getattr(struct, name), rest))


def spoiled(entity: Entity, path: str, value: Any) -> list[tuple[str, str]]:
    """What is wrong with an entity that has another value at a dotted path."""
    return judged(altered(entity, path, value))


def members(kind: type[Entity], examples: Sequence[Entity]) -> list[tuple[str, Entity]]:
    """The paths of all members of a type of entity, each with the first of the examples that has it."""
    return [(path, next(one for one in examples if has(one, path))) for path in leaves(kind)]
