"""The judges of the proofs see what they are there to see."""

from random import Random

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type
from tests.load.ledger import History, Told, faults
from tests.load.tenant import Tenant
from tests.load.test_load_tenant import altered, given_to
from tests.load.walk import Path, mutations, queries

from integrates.api.schema import new_schema

pytestmark = [pytest.mark.functional, pytest.mark.load]

DONE = Told("mine", done={"one": 2}, expected={"one": 1})
IDS = (
    *("AccessToken", "DecisionImport", "Event", "Finding", "ForcesExecution"),
    *("Group", "Import", "Organization", "Root", "Vulnerability"),
)
NORTH = Tenant("northmark", dict.fromkeys(IDS, "northmark"), (), {})


@pytest.mark.parametrize(
    ("told", "history", "wrong"),
    [
        ([DONE], [(1, None), (2, "mine")], 0),
        ([DONE], [(1, None)], 1),  # lost
        ([DONE], [(1, None), (2, "mine"), (3, "mine")], 1),  # doubled
        ([DONE], [(1, None), (2, None), (3, "mine")], 1),  # at another version
        ([Told("mine", done={"one": 3}, expected={"one": 1})], [(1, None), (2, None), (3, "mine")], 1),  # decided too early
        ([DONE, Told("other", refused={"one": "STALE_VERSION"})], [(1, None), (2, "mine")], 0),
        ([DONE, Told("other", refused={"one": "STALE_VERSION"})], [(1, None), (2, "mine"), (3, "other")], 2),  # and nobody's
        ([Told("mine", unknown=frozenset({"one"}))], [(1, None)], 0),
        ([Told("mine", unknown=frozenset({"one"}))], [(1, None), (2, "mine")], 0),
        ([Told("mine", unknown=frozenset({"one"}))], [(1, None), (2, "mine"), (3, "mine")], 1),  # sent again
        ([], [(1, None), (3, None)], 1),  # a gap
        ([], [(1, None), (1, None)], 1),  # a repeat
        ([], [(1, "stranger")], 1),
    ],
)
def test_what_is_lost_doubled_or_strange_is_seen(told: list[Told], history: History, wrong: int) -> None:
    assert len(faults(told, {"one": history})) == wrong


@pytest.fixture(scope="module")
def paths() -> tuple[Path, ...]:
    schema, given = new_schema(), given_to(NORTH)
    return (*queries(schema, given), *mutations(schema, given))


ANSWERS = {"Mutation", "Comparison", "ComparedPlace"}
"""Types that only mutations answer with."""
STREAMED = {"Subscription", "GroupChange"}
"""Types that only subscriptions answer with, for which no request waits: the API's tests of live changes ask as strangers."""


def test_the_walk_reaches_every_field_that_leads_on(paths: tuple[Path, ...]) -> None:
    reached = {path.where.rpartition(" > ")[2] for path in paths if path.kind is None}
    objects = [kind for kind in new_schema().type_map.values() if isinstance(kind, GraphQLObjectType)]
    leading = {
        f"{kind.name}.{name}"
        for kind in objects
        if not kind.name.startswith("__") and kind.name not in ANSWERS | STREAMED and not kind.name.endswith("Payload")
        for name, field in kind.fields.items()
        if not is_leaf_type(get_named_type(field.type))
    }
    assert leading - reached == set()


def test_the_walk_opens_every_text_and_id_of_mutations(paths: tuple[Path, ...]) -> None:
    mutation = new_schema().mutation_type
    assert mutation is not None
    takes = {
        f"Mutation.{name}.{argument}"
        for name, field in mutation.fields.items()
        for argument, about in field.args.items()
        if get_named_type(about.type).name in {"ID", "String"}
    }
    assert takes <= {path.where for path in paths if path.is_change}
    assert "Mutation.updateVulnerabilitiesTreatment.items.id" in {path.where for path in paths}


@pytest.mark.parametrize("text", ["018f2f7e-9c1b-7cc0-8a2f-3f2b8b1a9d10", "northmark-group", "northmark.uri@demo.example"])
def test_what_belongs_to_nobody_has_the_same_shape(text: str) -> None:
    other = altered(text, Random(1))  # noqa: S311 -- no secret
    assert (other != text, len(other)) == (True, len(text))
    assert [sign.isalnum() for sign in other] == [sign.isalnum() for sign in text]
