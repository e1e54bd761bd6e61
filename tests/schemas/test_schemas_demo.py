"""The exported demo items are what the model itself would store."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import UnionType
from typing import Any

import msgspec
import pytest

from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.comments.types import Comment
from integrates.db_model.entity.encoding import attributes_of, encoded
from integrates.db_model.entity.facet import structs_of
from integrates.db_model.entity.types import Entity
from integrates.db_model.environment_urls.types import EnvironmentUrl
from integrates.db_model.events.types import Event
from integrates.db_model.finding_policies.types import FindingPolicy
from integrates.db_model.findings.types import Finding
from integrates.db_model.groups.types import Group
from integrates.db_model.organizations.types import Organization
from integrates.db_model.registry import FACETS
from integrates.db_model.roots.types import Root
from integrates.db_model.severities.rules import level
from integrates.db_model.severities.rules import severity as scored
from integrates.db_model.severities.types import Level
from integrates.db_model.stakeholders.types import Stakeholder
from integrates.db_model.store.template import builder
from integrates.db_model.vulnerabilities.types import Vulnerability

TYPES: Mapping[str, type[Entity] | UnionType] = {
    "organization": Organization,
    "group": Group,
    "stakeholder": Stakeholder,
    "organization_access": OrganizationAccess,
    "group_access": GroupAccess,
    "group_root": Root,
    "root_environment_url": EnvironmentUrl,
    "finding": Finding,
    "vulnerability": Vulnerability,
    "event": Event,
    "comment": Comment,
    "organization_finding_policy": FindingPolicy,
}
NOT_STORED = ("pk", "sk", "version")
MADE_WHEN_STORED = ("identity", "schema")
"""The attributes of an entity that the model computes when it stores one, hence no demo item has."""


def plain(attribute: Mapping[str, Any]) -> Any:
    """Read a value from DynamoDB's JSON."""
    match attribute:
        case {"M": fields}:
            return {name: plain(value) for name, value in fields.items()}
        case {"L": values}:
            return [plain(value) for value in values]
        case {"N": number}:
            return int(number)
        case {"S": value} | {"BOOL": value}:
            return value
        case _:
            raise AssertionError(attribute)


def without(item: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


def entity_of(item: Mapping[str, Any], facet: str) -> Any:
    try:
        return msgspec.convert(without(item, ("pk", "sk")), TYPES[facet])
    except msgspec.ValidationError as error:
        told = advice(facet, error)
    return pytest.fail(told, pytrace=False)


def advice(facet: str, error: msgspec.ValidationError) -> str:
    """What somebody reads whose demo entity is not as its type, or one of its types, wants it."""
    kinds = structs_of(FACETS[facet])
    return (
        f"A demo entity does not fit {' or '.join(kind.__name__ for kind in kinds)}: {error}. Make "
        f"schemas/tables/integrates_vms/facets/{facet}/demo.cue and {kinds[0].__module__} agree "
        "and run `.venv/bin/nox -s schemas`."
    )


@pytest.fixture(scope="module")
def items(document: Any) -> Mapping[str, list[dict[str, Any]]]:
    facets = [facet for table in document["DataModel"] for facet in table["TableFacets"]]
    return {facet["FacetName"]: [plain({"M": row}) for row in facet["TableData"]] for facet in facets}


@pytest.fixture(scope="module")
def entities(items: Mapping[str, list[dict[str, Any]]]) -> Mapping[str, list[Any]]:
    return {name: [entity_of(item, name) for item in items[name]] for name in TYPES}


def ages(entities: Mapping[str, list[Any]]) -> Iterator[tuple[datetime, datetime]]:
    """Pairs of an entity's creation and the creation of one that it needs."""
    people = {person.email: person for person in entities["stakeholder"]}
    organizations = {organization.id: organization for organization in entities["organization"]}
    groups = {group.name: group for group in entities["group"]}
    members = {(access.email, access.organization_id): access for access in entities["organization_access"]}
    findings = {finding.id: finding for finding in entities["finding"]}
    roots = {root.id: root for root in entities["group_root"]}
    events = {event.id: event for event in entities["event"]}
    comments = {comment.id: comment for comment in entities["comment"]}
    needs: Mapping[str, Callable[[Any], list[Any]]] = {
        "group": lambda group: [organizations[group.organization_id]],
        "organization_access": lambda access: [people[access.email], organizations[access.organization_id]],
        "group_access": lambda access: [
            people[access.email],
            groups[access.group_name],
            *([members[access.email, groups[access.group_name].organization_id]] if access.access.role else []),
        ],
        "group_root": lambda root: [groups[root.group_name]],
        "root_environment_url": lambda environment: [roots[environment.root_id]],
        "organization_finding_policy": lambda policy: [organizations[policy.organization_id]],
        "finding": lambda finding: [groups[finding.group_name]],
        "vulnerability": lambda vulnerability: [findings[vulnerability.finding_id], roots[vulnerability.root_id]],
        "event": lambda event: [roots[event.root_id] if event.root_id else groups[event.group_name]],
        "comment": lambda comment: [
            {**findings, **events}.get(comment.finding_id or comment.event_id, groups[comment.group_name]),
            *([comments[comment.parent_id]] if comment.parent_id else []),
        ],
    }
    for name, parents in needs.items():
        for entity in entities[name]:
            authors = [] if entity.created_by == "system" else [people[entity.created_by]]
            yield from ((entity.created_at, parent.created_at) for parent in (*parents(entity), *authors))


@pytest.mark.parametrize("facet", TYPES)
def test_an_item_is_read_as_an_entity_and_stored_again_unchanged(facet: str, items: Mapping[str, list[dict[str, Any]]]) -> None:
    entities = [entity_of(item, facet) for item in items[facet]]
    stored = [without(json.loads(encoded(attributes_of(entity))), MADE_WHEN_STORED) for entity in entities]
    assert not any(name in item for item in items[facet] for name in MADE_WHEN_STORED)
    assert stored == [without(item, NOT_STORED) for item in items[facet]]
    assert {entity.version for entity in entities} == {1}


def test_it_is_said_what_to_do_with_an_item_that_does_not_fit() -> None:
    assert advice("group_root", msgspec.ValidationError("Object missing required field `owner` - at `$.info`")) == (
        "A demo entity does not fit GitRoot or ImageRoot or IPRoot or URLRoot: Object missing required field `owner` - at "
        "`$.info`. Make "
        "schemas/tables/integrates_vms/facets/group_root/demo.cue and integrates.db_model.roots.types agree "
        "and run `.venv/bin/nox -s schemas`."
    )


def test_there_are_demo_items_of_these_facets_only(items: Mapping[str, list[dict[str, Any]]]) -> None:
    assert {name: len(rows) for name, rows in items.items() if rows} == {
        "organization": 2,
        "group": 4,
        "stakeholder": 9,
        "organization_access": 10,
        "group_access": 12,
        "group_root": 9,
        "root_environment_url": 2,
        "finding": 8,
        "vulnerability": 37,
        "event": 3,
        "comment": 5,
        "organization_finding_policy": 2,
    }


def test_groups_have_the_roots_and_findings_of_the_story(entities: Mapping[str, list[Any]]) -> None:
    assert Counter(root.group_name for root in entities["group_root"]) == {"webshop": 4, "payments": 2, "cargo": 3}
    assert Counter(finding.group_name for finding in entities["finding"]) == {"webshop": 2, "payments": 3, "cargo": 3}


def test_keys_are_those_of_the_template(carried: Any, items: Mapping[str, list[dict[str, Any]]]) -> None:
    table = carried["DataModel"][0]
    for facet in table["TableFacets"]:
        aliases = facet["KeyAttributeAlias"]
        for item in items[facet["FacetName"]]:
            parts = {**item, **item.get("info", {})}
            assert item["pk"] == builder(aliases["PartitionKeyAlias"])(parts)
            assert item["sk"] == builder(aliases["SortKeyAlias"])(parts)


def test_nothing_is_older_than_what_it_needs(entities: Mapping[str, list[Any]]) -> None:
    pairs = list(ages(entities))
    assert len(pairs) > 40
    assert all(created_at >= parent for created_at, parent in pairs)


def test_severities_are_canonical_and_their_scores_those_of_the_vectors(entities: Mapping[str, list[Any]]) -> None:
    severities = [finding.severity for finding in entities["finding"] if finding.severity]
    assert severities == [scored(stored.cvss_v4, stored.cvss_v3, stored.tool_score) for stored in severities]
    assert Counter((bool(stored.cvss_v4), bool(stored.cvss_v3)) for stored in severities) == {
        (True, False): 2,
        (False, True): 3,
        (True, True): 2,
    }
    assert {level(stored.score) for stored in severities} == set(Level)


def test_roles_are_those_of_the_story(entities: Mapping[str, list[Any]]) -> None:
    roles = {
        (access.email.partition("@")[0], access.group_name): access.access.role
        for access in entities["group_access"]
        if access.access.role
    }
    assert roles == {
        ("gus", "webshop"): "group_manager",
        ("vera", "webshop"): "vulnerability_manager",
        ("uri", "webshop"): "user",
        ("uri", "payments"): "user",
        ("hana", "webshop"): "hacker",
        ("hana", "payments"): "hacker",
        ("hana", "cargo"): "hacker",
        ("reto", "webshop"): "reattacker",
        ("reto", "cargo"): "reattacker",
        ("remy", "webshop"): "reviewer",
        ("remy", "payments"): "reviewer",
    }
    assert [person.email for person in entities["stakeholder"] if person.access.role == "admin"] == ["ada@demo.example"]
