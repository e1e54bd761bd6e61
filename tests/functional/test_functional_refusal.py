"""Bad input: one clear typed error each, and nothing written."""

import json
import uuid
from collections.abc import Callable

import pytest
from tests.serving import ADD_GROUP, ADD_ORGANIZATION, ADD_ROOT, Caller, new_place, result, sarif

pytestmark = pytest.mark.functional

OLGA, GUS, URI = "olga@demo.example", "gus@demo.example", "uri@demo.example"
GOOD = sarif([result("sqli", "src/query.py", 10)])
STATE = """query ($group: ID!) {
  group(name: $group) { version summary { open } roots { id version } findings { totalCount } imports { nodes { id } } }
}"""
TREAT = """mutation ($items: [VulnerabilityRef!]!) {
  updateVulnerabilitiesTreatment(items: $items, treatment: IN_PROGRESS, justification: "We work on it this week.") {
    vulnerabilities { id } errors { code reason message path currentVersion }
  }
}"""
LIST = "query ($group: ID!) { group(name: $group) { vulnerabilities { nodes { id version } } } }"

BROKEN = {
    "nothing": b"",
    "no JSON": b"{",
    "no object": b"[]",
    "another version": json.dumps({"version": "2.0.0", "runs": []}).encode(),
    "no runs": json.dumps({"version": "2.1.0"}).encode(),
    "no driver name": json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": [{}]}]}).encode(),
    "a result that is a text": json.dumps({"version": "2.1.0", "runs": [{"results": ["sqli"]}]}).encode(),
    "cut off": GOOD[:-20],
    "UTF-16": GOOD.decode().encode("utf-16"),
    "binary": bytes(range(256)),
}


UNKNOWN = {"nothing", "no object", "no runs"}
"""What could be a report of any format."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file(caller: Callable[[str], Caller], name: str) -> None:
    olga = caller(OLGA)
    place = new_place(olga, f"broken-{list(BROKEN).index(name)}")
    before = olga.ask(STATE, group=place.group)
    answer = olga.import_(BROKEN[name], group=place.group, root=place.root)
    assert answer["import"] is None
    assert {(error["code"], error["reason"].lower()) for error in answer["errors"]} == {
        ("INVALID", "unknown_format" if name in UNKNOWN else "bad_file")
    }
    assert olga.ask(STATE, group=place.group) == before


def test_a_file_that_is_too_large(caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    place = new_place(olga, "large")
    answer = olga.import_(b" " * (20 * 1024 * 1024 + 1), group=place.group, root=place.root)
    assert [(error["code"], error["reason"].lower()) for error in answer["errors"]] == [("LIMIT_EXCEEDED", "file_too_large")]


def test_an_unknown_group(caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    place = new_place(olga, "unknown")
    answer = olga.import_(GOOD, group="no-such-group", root=place.root)
    assert answer["import"] is None
    refusals = [(error["code"], error["path"]) for error in answer["errors"]]
    assert ("NOT_FOUND", ["groupName"]) in refusals
    assert {code for code, _ in refusals} == {"NOT_FOUND"}


def test_another_tenants_root(caller: Callable[[str], Caller]) -> None:
    olga, gus = caller(OLGA), caller(GUS)
    hers, his = new_place(olga, "tenant-one"), new_place(gus, "tenant-two")
    before = gus.ask(STATE, group=his.group)
    for root in (his.root, str(uuid.uuid4())):
        answer = olga.import_(GOOD, group=hers.group, root=root)
        assert [(error["code"], error["path"]) for error in answer["errors"]] == [("NOT_FOUND", ["rootId"])]
    assert gus.ask(STATE, group=his.group) == before


def test_a_root_of_another_group_of_ones_own(caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    one, two = new_place(olga, "own-one"), new_place(olga, "own-two")
    answer = olga.import_(GOOD, group=one.group, root=two.root)
    assert [(error["code"], error["path"]) for error in answer["errors"]] == [("NOT_FOUND", ["rootId"])]


def test_a_stale_version(caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    place = new_place(olga, "stale")
    olga.import_(GOOD, group=place.group, root=place.root)
    (seen,) = olga.ask(LIST, group=place.group)["group"]["vulnerabilities"]["nodes"]
    for version in (seen["version"] - 1, seen["version"] + 1):
        payload = olga.ask(TREAT, items=[{"id": seen["id"], "expectedVersion": version}])["updateVulnerabilitiesTreatment"]
        (error,) = payload["errors"]
        assert (error["code"], error["reason"].lower()) == ("CONFLICT", "stale_version")
        assert (error["path"][:2], error["currentVersion"]) == (["items", "0"], seen["version"])
    assert olga.ask(LIST, group=place.group)["group"]["vulnerabilities"]["nodes"] == [seen]


@pytest.mark.parametrize("name", ["bad#name", "Bad", "bad name", "b", "x" * 41, "1bad", "bad-"])
def test_a_name_that_may_not_be(caller: Callable[[str], Caller], name: str) -> None:
    olga = caller(OLGA)
    refusals = olga.ask(ADD_ORGANIZATION, name=name)["addOrganization"]
    assert refusals["organization"] is None
    assert {(error["code"], *error["path"]) for error in refusals["errors"]} == {("INVALID", "name")}
    listed = olga.ask("{ me { organizations { name } } }")["me"]["organizations"]
    assert name not in {organization["name"] for organization in listed}


def test_names_and_places_are_taken_once(caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    place = new_place(olga, "taken")
    assert olga.refusals(ADD_ORGANIZATION, name="taken-org") == [("ALREADY_EXISTS", "name_taken")]
    assert olga.refusals(ADD_GROUP, organization=place.organization, name="taken-group") == [("ALREADY_EXISTS", "name_taken")]
    refusals = olga.refusals(ADD_ROOT, group=place.group, url="https://git.demo.example/taken/code")
    assert ("ALREADY_EXISTS", "location_taken") in refusals


def test_a_permission_that_is_missing(caller: Callable[[str], Caller]) -> None:
    uri = caller(URI)
    assert uri.refusals(ADD_ROOT, group="webshop", url="https://git.demo.example/uri/code.git") == [
        ("FORBIDDEN", "missing_permission")
    ]


def test_tokens_are_managed_in_a_session_only(caller: Callable[[str], Caller]) -> None:
    mutation = """mutation ($name: String!) {
      addAccessToken(name: $name, expiresAt: "2100-01-01T00:00:00Z") { secret errors { code reason message path } }
    }"""
    assert caller(URI).refusals(mutation, name="mine") == [("FORBIDDEN", "session_required")]
