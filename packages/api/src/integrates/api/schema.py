"""The executable schema: all ``schema.graphql`` of the folders, with the functions that resolve them."""

from pathlib import Path
from typing import Final

from ariadne import InterfaceType, load_schema_from_path, make_executable_schema
from graphql import DocumentNode, GraphQLSchema, parse, print_ast
from graphql.pyutils import camel_to_snake

from integrates.api import reason, scalars
from integrates.api.access_token import fields as access_token
from integrates.api.chart import fields as chart
from integrates.api.comment import fields as comment
from integrates.api.decision_import import fields as decision_import
from integrates.api.environment_url import fields as environment_url
from integrates.api.event import fields as event
from integrates.api.evidence import fields as evidence
from integrates.api.finding import fields as finding
from integrates.api.finding_policy import fields as finding_policy
from integrates.api.forces import fields as forces
from integrates.api.group import fields as group
from integrates.api.guard.directive import Authenticated, Requires
from integrates.api.guard.target import Target
from integrates.api.imports import fields as imports
from integrates.api.invitation import fields as invitation
from integrates.api.live import fields as live
from integrates.api.me import fields as me
from integrates.api.meaning import ErrorCode
from integrates.api.member import fields as member
from integrates.api.organization import fields as organization
from integrates.api.policies import fields as policies
from integrates.api.refusal import UserError
from integrates.api.resolve.attribute import Shown
from integrates.api.resolve.binding import Binding, Resolvers, joined
from integrates.api.resolve.connection import PageInfo, connections
from integrates.api.resolve.definition import expanded
from integrates.api.resolve.history import histories
from integrates.api.review import fields as review
from integrates.api.revision import fields as revision
from integrates.api.root import fields as root
from integrates.api.severity import fields as severity
from integrates.api.stakeholder import fields as stakeholder
from integrates.api.summary import fields as summary
from integrates.api.vulnerability import fields as vulnerability
from integrates.db_model.errors import Reason

_FOLDERS: Final = (
    access_token,
    chart,
    comment,
    decision_import,
    environment_url,
    evidence,
    event,
    finding,
    finding_policy,
    forces,
    group,
    imports,
    invitation,
    live,
    me,
    member,
    organization,
    policies,
    review,
    revision,
    root,
    severity,
    stakeholder,
    summary,
    vulnerability,
)
_OWN: Final = Binding(
    shows={"PageInfo": PageInfo, "UserError": UserError},
    enums={"ErrorCode": ErrorCode, "Reason": Reason, "Target": Target},
)
WRITTEN: Final = joined((_OWN, *(folder.BINDING for folder in _FOLDERS)))
"""How the types of all ``schema.graphql`` are resolved; what is derived from them comes on top."""


def definition() -> DocumentNode:
    """Return the whole schema in GraphQL's language."""
    return expanded(parse(f"{load_schema_from_path(Path(__file__).parent)}\n{reason.enumeration()}"))


def new_schema() -> GraphQLSchema:
    """Assemble the schema. Raise ``ValueError`` when something of it cannot be resolved."""
    document = definition()
    return make_executable_schema(
        print_ast(document),
        Resolvers(joined((WRITTEN, connections(document), histories(document, WRITTEN.shows)))),
        InterfaceType("Root", Shown(root.type_of)),
        *scalars.bindables(),
        directives={"requires": Requires, "authenticated": Authenticated},  # type: ignore[type-abstract] # Ariadne makes its visitors from a Protocol
        convert_names_case=lambda name, *_: camel_to_snake(name),
    )
