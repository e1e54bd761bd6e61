"""What a newcomer does: from a token to a treated vulnerability and its history; and what an outsider sees of it."""

import json
import uuid
from collections.abc import Callable

import pytest
from tests.serving import Caller, new_place, result, sarif

pytestmark = pytest.mark.functional

OLGA, URI = "olga@demo.example", "uri@demo.example"
RESULTS = [result("sqli", "src/query.py", 10), result("sqli", "src/query.py", 20), result("xss", "src/page.py", 30)]
SUMMARY = "query ($group: ID!) { group(name: $group) { summary { open closed openFindings treatment { name count } } } }"
LIST = """query ($group: ID!) {
  group(name: $group) { vulnerabilities {
    totalCount nodes { id version where specific treatment { status } finding { title } } } }
}"""
TREAT = """mutation ($items: [VulnerabilityRef!]!, $to: TreatmentStatus!) {
  updateVulnerabilitiesTreatment(items: $items, treatment: $to, justification: "We work on it this week.") {
    vulnerabilities { id version treatment { status assigned by } } errors { code reason message path currentVersion }
  }
}"""
HISTORY = """query ($id: ID!) {
  vulnerability(id: $id) { history { nodes { version by operation aspects } } treatmentHistory { nodes { version } } }
}"""


def test_from_a_token_to_a_history(caller: Callable[[str], Caller]) -> None:
    olga = caller(OLGA)
    place = new_place(olga, "story")

    imported = olga.import_(sarif(RESULTS), group=place.group, root=place.root)
    assert (imported["errors"], imported["import"]["state"], imported["import"]["counts"]["created"]) == ([], "COMPLETED", 3)

    summary = olga.ask(SUMMARY, group=place.group)["group"]["summary"]
    assert (summary["open"], summary["closed"], summary["openFindings"]) == (3, 0, 2)
    assert {row["name"]: row["count"] for row in summary["treatment"] if row["count"]} == {"UNTREATED": 3}

    listed = olga.ask(LIST, group=place.group)["group"]["vulnerabilities"]
    assert listed["totalCount"] == 3
    assert {(node["where"], node["specific"], node["finding"]["title"]) for node in listed["nodes"]} == {
        ("src/query.py", "10", "sqli"),
        ("src/query.py", "20", "sqli"),
        ("src/page.py", "30", "xss"),
    }

    chosen = listed["nodes"][0]
    (treated,) = olga.change(TREAT, items=[{"id": chosen["id"], "expectedVersion": chosen["version"]}], to="IN_PROGRESS")[
        "vulnerabilities"
    ]
    assert treated == {"id": chosen["id"], "version": 2, "treatment": {"status": "IN_PROGRESS", "assigned": OLGA, "by": OLGA}}

    found = olga.ask(HISTORY, id=chosen["id"])["vulnerability"]
    revisions = sorted(found["history"]["nodes"], key=lambda revision: revision["version"])
    assert [(revision["version"], revision["by"], revision["operation"]) for revision in revisions] == [
        (1, OLGA, "import_vulnerabilities"),
        (2, OLGA, "update_vulnerabilities_treatment"),
    ]
    assert list(revisions[1]["aspects"]) == ["treatment"]

    summary = olga.ask(SUMMARY, group=place.group)["group"]["summary"]
    assert {row["name"]: row["count"] for row in summary["treatment"] if row["count"]} == {"UNTREATED": 2, "IN_PROGRESS": 1}


OBJECTS = """query ($group: ID!, $root: ID!, $vulnerability: ID!, $organization: ID!) {
  group(name: $group) { name } root(id: $root) { id }
  vulnerability(id: $vulnerability) { id } organization(id: $organization) { id }
}"""


def test_an_outsider_sees_what_does_not_exist(caller: Callable[[str], Caller]) -> None:
    olga, uri = caller(OLGA), caller(URI)
    place = new_place(olga, "twosides")
    olga.import_(sarif(RESULTS), group=place.group, root=place.root)
    vulnerability = olga.ask(LIST, group=place.group)["group"]["vulnerabilities"]["nodes"][0]["id"]
    real = {"group": place.group, "root": place.root, "vulnerability": vulnerability, "organization": place.organization}
    none = {name: str(uuid.uuid4()) for name in real} | {"group": "nowhere-at-all"}
    assert all(value is not None for value in olga.ask(OBJECTS, **real).values())

    def bytes_of(query: str, **variables: object) -> bytes:
        return uri.client.post("/api", content=json.dumps({"query": query, "variables": variables}), headers=JSON).content

    assert bytes_of(OBJECTS, **real) == bytes_of(OBJECTS, **none)
    treated = [bytes_of(TREAT, items=[{"id": id_}], to="IN_PROGRESS") for id_ in (vulnerability, str(uuid.uuid4()))]
    assert treated[0] == treated[1]
    sent = [uri.send(sarif(RESULTS), group=wanted["group"], root=wanted["root"]).content for wanted in (real, none)]
    assert sent[0] == sent[1]
    assert b"NOT_FOUND" in sent[0]


JSON = {"content-type": "application/json"}
