"""The schema itself: described, guarded, and no different from what was promised."""

from collections.abc import Iterator

from graphql import (
    ConstValueNode,
    EnumValueNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    StringValueNode,
    build_schema,
    get_named_type,
    print_ast,
)
from packages.api.tests.snapshot import SNAPSHOT, printed

from integrates.api.authorization.permissions import PERMISSIONS
from integrates.api.execute import Api
from integrates.api.request.cost import LIST_SIZE
from integrates.api.schema import WRITTEN, definition
from integrates.db_model.entity.facet import structs_of
from integrates.db_model.registry import FACETS

ROOTS = ("Query.", "Mutation.", "Subscription.")
NAMED = {"Advisory", "ChangedItem"}
"""What has an id that others gave it and that is no key, or only names another object."""
IMMUTABLE = {"Comment", "ForcesExecution"}
"""What shows an entity that never changes: it has no version, and its history would say nothing more."""
EXPORTED = {"vex_document"}
"""What no type shows, because all that it says stands in exports."""
PAYLOADS = (
    "AcknowledgeConcurrentSessionPayload",
    "ActivateRootPayload",
    "AddAccessTokenPayload",
    "AddEnvironmentUrlPayload",
    "AddEventCommentPayload",
    "AddEventPayload",
    "AddFindingCommentPayload",
    "AddFindingPayload",
    "AddForcesExecutionPayload",
    "AddGitRootPayload",
    "AddGroupCommentPayload",
    "AddGroupMemberPayload",
    "AddGroupPayload",
    "AddImageRootPayload",
    "AddIpRootPayload",
    "AddOrganizationFindingPolicyPayload",
    "AddOrganizationMemberPayload",
    "AddOrganizationPayload",
    "AddUrlRootPayload",
    "AddVulnerabilitiesPayload",
    "CompareScanPayload",
    "ConfirmVulnerabilitiesPayload",
    "ConfirmVulnerabilitiesZeroRiskPayload",
    "DeactivateOrganizationFindingPolicyPayload",
    "DeactivateRootPayload",
    "HandleOrganizationFindingPolicyPayload",
    "HandleVulnerabilitiesAcceptancePayload",
    "ImportDecisionsPayload",
    "ImportVulnerabilitiesPayload",
    "IssueForcesTokenPayload",
    "RejectEventSolutionPayload",
    "RejectVulnerabilitiesPayload",
    "RejectVulnerabilitiesZeroRiskPayload",
    "RemoveEnvironmentUrlPayload",
    "RemoveEventEvidencePayload",
    "RemoveFindingEvidencePayload",
    "RemoveFindingPayload",
    "RemoveGroupMemberPayload",
    "RemoveGroupPayload",
    "RemoveMePayload",
    "RemoveOrganizationMemberPayload",
    "RemoveOrganizationPayload",
    "RemoveStakeholderPayload",
    "RemoveVulnerabilitiesPayload",
    "ReopenVulnerabilitiesPayload",
    "RequestEventVerificationPayload",
    "RequestVulnerabilitiesHoldPayload",
    "RequestVulnerabilitiesVerificationPayload",
    "RequestVulnerabilitiesZeroRiskPayload",
    "ResetGroupPoliciesPayload",
    "ResubmitVulnerabilitiesPayload",
    "ResumeImportPayload",
    "RevokeAccessTokenPayload",
    "RevokeForcesTokenPayload",
    "SolveEventPayload",
    "SubmitOrganizationFindingPolicyPayload",
    "UpdateEventEvidencePayload",
    "UpdateEventPayload",
    "UpdateFindingEvidencePayload",
    "UpdateFindingPayload",
    "UpdateFindingSeverityPayload",
    "UpdateGitRootPayload",
    "UpdateGroupMemberPayload",
    "UpdateGroupPayload",
    "UpdateGroupPoliciesPayload",
    "UpdateImageRootPayload",
    "UpdateIpRootPayload",
    "UpdateMePayload",
    "UpdateOrganizationMemberPayload",
    "UpdateOrganizationPayload",
    "UpdateOrganizationPoliciesPayload",
    "UpdateStakeholderRolePayload",
    "UpdateUrlRootPayload",
    "UpdateVulnerabilitiesTreatmentPayload",
    "UpdateVulnerabilityLabelsPayload",
    "UpdateVulnerabilitySeverityPayload",
    "VerifyVulnerabilitiesPayload",
)


def _fields(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            yield from ((f"{name}.{field_name}", field) for field_name, field in kind.fields.items())


def _text(node: ConstValueNode) -> str:
    """What an argument of a directive says; the items of a list are joined by blanks."""
    if isinstance(node, ListValueNode):
        return " ".join(map(_text, node.values))
    assert isinstance(node, StringValueNode | EnumValueNode | IntValueNode)
    return node.value


def _directives(field: GraphQLField) -> dict[str, dict[str, str]]:
    nodes = (field.ast_node.directives if field.ast_node else None) or ()
    return {
        node.name.value: {argument.name.value: _text(argument.value) for argument in node.arguments or ()} for node in nodes
    }


def _open(schema: GraphQLSchema) -> list[str]:
    """Name the fields that do not say who may use them."""
    return [
        name
        for name, field in _fields(schema)
        if name.startswith(("Query.", "Mutation.", "Subscription."))
        and not _directives(field).keys() & {"requires", "authenticated"}
    ]


def test_every_query_and_mutation_says_who_may_use_it(api: Api) -> None:
    silent = _open(api.schema)
    assert silent == [], f"say with @requires or @authenticated who may use {', '.join(silent)}"


def test_a_field_that_does_not_say_so_is_found() -> None:
    schema = build_schema("""
        directive @authenticated on FIELD_DEFINITION
        directive @cached on FIELD_DEFINITION
        type Query { guarded: Int @authenticated, forgotten: Int @cached }
        type Mutation { forgotten: Int }
    """)
    assert _open(schema) == ["Query.forgotten", "Mutation.forgotten"]


def test_histories_of_shared_objects_are_guarded(api: Api) -> None:
    own = {"Me.history", "AccessToken.history", "Root.history"}
    named = {name: _directives(field) for name, field in _fields(api.schema) if name.lower().endswith("history")}
    unguarded = {name for name, found in named.items() if "requires" not in found}
    assert unguarded == own


def test_guards_name_permissions_and_arguments_that_exist(api: Api) -> None:
    for name, field in _fields(api.schema):
        rule = _directives(field).get("requires")
        if rule:
            assert rule["permission"] in PERMISSIONS, name
            assert ("by" in rule) == (rule["of"] not in {"PLATFORM", "PARENT"}), name
            assert {*rule.get("by", "").split()} <= field.args.keys(), name


def test_payloads_hold_nullable_objects_and_errors(api: Api) -> None:
    assert api.schema.mutation_type is not None
    for field in api.schema.mutation_type.fields.values():
        payload = field.type
        assert isinstance(payload, GraphQLObjectType)
        kinds = {name: str(found.type) for name, found in payload.fields.items()}
        assert kinds.pop("errors") == "[UserError!]!"
        assert not [kind for kind in kinds.values() if kind.endswith("!")]


def test_every_payload_is_one_of_a_mutation(api: Api) -> None:
    payloads = tuple(sorted(name for name in api.schema.type_map if name.endswith("Payload")))
    assert payloads == PAYLOADS, "name each payload in PAYLOADS"


def test_connections_have_one_shape(api: Api) -> None:
    for name, kind in api.schema.type_map.items():
        if name.endswith("Connection"):
            assert isinstance(kind, GraphQLObjectType)
            node = name.removesuffix("Connection")
            assert {field: str(found.type) for field, found in kind.fields.items()} == {
                "edges": f"[{node}Edge!]!",
                "nodes": f"[{node}!]!",
                "pageInfo": "PageInfo!",
                "totalCount": "Int",
            }


def test_lists_that_are_paged_take_first_and_after(api: Api) -> None:
    for name, field in _fields(api.schema):
        if str(field.type).removesuffix("!").endswith("Connection"):
            first, after = field.args["first"], field.args["after"]
            assert str(first.type) == "Int", name
            assert first.ast_node is not None
            assert first.ast_node.default_value is not None
            assert print_ast(first.ast_node.default_value) == str(LIST_SIZE), name
            assert str(after.type) == "String", name


def _types_with(schema: GraphQLSchema, directive: str) -> set[str]:
    nodes = {name: getattr(kind.ast_node, "directives", None) or () for name, kind in schema.type_map.items()}
    return {name for name, found in nodes.items() if any(one.name.value == directive for one in found)}


def test_what_shows_an_entity_says_so(api: Api) -> None:
    """Also by being the only ones with an id: what has no life of its own has none."""
    entities = {kind for facet in FACETS.values() for kind in structs_of(facet) if facet.name not in EXPORTED}
    shown = {name for name, kind in WRITTEN.shows.items() if kind in entities}
    assert {WRITTEN.shows[name] for name in shown} == entities
    mutable = shown - IMMUTABLE
    assert _types_with(api.schema, "entity") == mutable | {"Root"}
    own = {"id": "ID!", "version": "Int!", "createdAt": "DateTime!", "createdBy": "String", "history": "RevisionConnection"}
    kinds: dict[str, dict[str, str]] = {}
    for name, field in _fields(api.schema):
        owner, _, member = name.partition(".")
        kinds.setdefault(owner, {})[member] = str(field.type)
    assert {name: own.items() <= kinds[name].items() for name in (*mutable, "Root")} == dict.fromkeys((*mutable, "Root"), True)
    assert {name for name, members in kinds.items() if "id" in members and name not in PAYLOADS} == shown | {"Root", *NAMED}


def test_objects_point_to_objects(api: Api) -> None:
    """No field but these is the bare id of another object."""
    names = {name for name, field in _fields(api.schema) if get_named_type(field.type).name == "ID" and "Payload." not in name}
    assert {name for name in names if not name.endswith(".id")} == {
        "GroupChange.changeId",
        "Revision.changeId",
        "Stakeholder.email",
    }


def test_the_committed_schema_is_current() -> None:
    assert SNAPSHOT.read_text(encoding="utf-8") == printed(definition()), (
        "the schema changed: run `python packages/api/tests/snapshot.py`, look at the difference and commit it"
    )


def test_the_committed_schema_shows_who_may_use_a_field() -> None:
    committed = SNAPSHOT.read_text(encoding="utf-8")
    for guarded in (
        '  lastLogin: DateTime @requires(permission: "stakeholder:read", of: PLATFORM)',
        '  organization: Organization @requires(permission: "organization:read", of: PARENT)',
        '  ): RevisionConnection @requires(permission: "history:read", of: PARENT) @weight(of: 50)',
        "  me: Me! @authenticated",
        "    rootId: ID @names(object: ROOT)",
    ):
        assert f"{guarded}\n" in committed
