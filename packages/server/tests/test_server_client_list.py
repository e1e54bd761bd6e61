"""`integrates ls`, `show`, `treat` and `request-verification`, against a service that answers by a script."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from packages.server.tests.counterpart import Counterpart, Person, answer, data, scripted

from integrates.server.client.show import changed

IDS = tuple(f"00000000-0000-4000-8000-{number:012d}" for number in range(250))


def vulnerability(identity: str, **members: Any) -> dict[str, Any]:
    """A vulnerability as lists of the API have it."""
    return {
        "id": identity,
        "version": 1,
        "state": "VULNERABLE",
        "where": "src/cart.py",
        "specific": "12",
        "type": "LINES",
        "technique": "SAST",
        "source": "MACHINE",
        "severity": {"score": 9.8, "level": "CRITICAL"},
        "finding": {"id": IDS[0], "title": "SQL injection"},
        "root": {"id": IDS[0], "nickname": "backend"},
        "treatment": {"status": "UNTREATED", "acceptanceStatus": None, "acceptedUntil": None, "assigned": None},
        "verification": None,
        "zeroRisk": None,
        **members,
    }


def listed(ids: Sequence[str], cursor: str | None = None, of: str = "group") -> bytes:
    info = {"hasNextPage": cursor is not None, "endCursor": cursor}
    return data(**{of: {"vulnerabilities": {"nodes": [vulnerability(each) for each in ids], "pageInfo": info}}})


def variables(service: Counterpart) -> list[dict[str, Any]]:
    return [json.loads(body)["variables"] for body in service.bodies]


def test_all_pages_are_read_when_that_is_asked_for(person: Person) -> None:
    with scripted(listed(IDS[:100], "a"), listed(IDS[100:200], "b"), listed(IDS[200:])) as service:
        code, out, err = person.ask(service, "ls", "vulnerabilities", "--group", "shop", "--limit", "0", "--ids")
    assert (code, tuple(out.split()), err) == (0, IDS, "")
    assert [(each["first"], each["after"]) for each in variables(service)] == [(500, None), (500, "a"), (500, "b")]


def test_a_limit_is_told_when_there_are_more(person: Person) -> None:
    with scripted(listed(IDS[:3], "a")) as service:
        code, out, err = person.ask(service, "ls", "vulnerabilities", "--group", "shop", "--limit", "2", "--json")
    assert (code, [json.loads(line)["id"] for line in out.splitlines()]) == (0, list(IDS[:2]))
    assert "the first 2, and there are more" in err
    assert [each["first"] for each in variables(service)] == [3]
    with scripted(listed(IDS[:2])) as service:
        assert person.ask(service, "ls", "vulnerabilities", "--group", "shop", "--limit", "2", "--json")[2] == ""


def test_a_limit_of_findings_is_told_too(person: Person) -> None:
    finding = {"id": IDS[0], "title": "x", "status": "DRAFT", "severity": None, "summary": {"open": 0, "closed": 0}}
    listing = {"nodes": [finding] * 3, "pageInfo": {"hasNextPage": False, "endCursor": None}}
    with scripted(data(group={"findings": listing})) as service:
        code, out, err = person.ask(service, "ls", "findings", "--group", "shop", "--limit", "2", "--json")
    assert (code, out.count("\n"), "the first 2, and there are more" in err) == (0, 2, True)
    assert variables(service)[0]["first"] == 3


def test_a_row_is_a_line(person: Person) -> None:
    with scripted(listed(IDS[:1])) as service:
        _, out, _ = person.ask(service, "ls", "vulnerabilities", "--group", "shop")
    head, row = out.splitlines()
    assert head.split() == ["SCORE", "STATE", "TREATMENT", "UNTIL,", "BY", "WHERE", "TITLE", "ID"]
    assert row.split() == ["9.8", "VULNERABLE", "UNTREATED", "src/cart.py", "12", "SQL", "injection", IDS[0]]


def test_vulnerabilities_of_a_finding_may_be_of_the_past(person: Person) -> None:
    with scripted(listed(IDS[:1], of="finding")) as service:
        done = person.ask(service, "ls", "vulnerabilities", "--finding", IDS[0], "--as-of", "2026-01-31", "--ids")
    assert (done[0], done[1]) == (0, f"{IDS[0]}\n")
    assert variables(service)[0]["asOf"] == "2026-01-31T00:00:00+00:00"


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--group", "shop", "--as-of", "2026-01-31"),
        ("--organization", "aurora", "--as-of", "2026-01-31"),
        ("--organization", "aurora", "--finding", IDS[0]),
    ],
)
def test_of_what_vulnerabilities_are_listed_has_to_be_said(person: Person, options: Sequence[str]) -> None:
    with scripted(listed(IDS[:1])) as service:
        code, _, err = person.ask(service, "ls", "vulnerabilities", *options)
    assert (code, "one of --group, --finding and --organization" in err, service.requests) == (2, True, [])


def test_vulnerabilities_may_be_those_of_an_organization(person: Person) -> None:
    with scripted(listed(IDS[:1], of="organization")) as service:
        done = person.ask(service, "ls", "vulnerabilities", "--organization", "aurora", "--ids")
    assert (done[0], done[1], variables(service)[0]["of"]) == (0, f"{IDS[0]}\n", "aurora")


@pytest.mark.parametrize("kind", ["roots", "findings", "vulnerabilities"])
def test_a_group_that_is_not_to_be_seen_is_told(person: Person, kind: str) -> None:
    with scripted(data(group=None)) as service:
        code, out, err = person.ask(service, "ls", kind, "--group", "secret")
    assert (code, out, err) == (2, "", "integrates: group: there is none, or the token does not let you see it\n")


def test_where_nothing_is_the_head_alone_is_printed(person: Person) -> None:
    with scripted(data(me={"groups": []})) as service:
        assert person.ask(service, "ls", "groups") == (0, "GROUP  OPEN  WORST  ROLE  ORGANIZATION  DESCRIPTION\n", "")
        assert person.ask(service, "ls", "groups", "--json") == (0, "", "")


def test_what_is_not_there_cannot_be_shown(person: Person) -> None:
    nothing = dict.fromkeys(["vulnerability", "finding", "root", "event", "import", "decisionImport", "group"])
    with scripted(data(**nothing)) as service:
        code, out, err = person.ask(service, "show", "x\x1b[2J")
    assert (code, out) == (2, "")
    assert err == "integrates: there is nothing called x\\x1b[2J, or the token does not let you see it\n"


def test_an_import_of_decisions_is_shown_to_who_may_not_read_its_history(person: Person) -> None:
    members = {"fileName": "x.vex.json", "state": "COMPLETED", "group": {"name": "shop"}, "readsHistory": None}
    found = {"id": IDS[0], **members, "counts": {"requested": 2, "applied": 0}}
    with scripted(data(vulnerability=None, decisionImport=found)) as service:
        code, out, err = person.ask(service, "show", IDS[0])
    assert (code, err, len(service.requests)) == (0, "", 1)
    assert out.splitlines() == [
        "Decisions of x.vex.json for shop",
        f"id      {IDS[0]}",
        "state   COMPLETED",
        "counts  2 requested",
    ]


@pytest.mark.parametrize(
    ("aspects", "text"),
    [
        ({"treatment": {"status": "ACCEPTED"}}, "treatment ACCEPTED"),
        ({"state": "SAFE", "x": None}, "state, x"),
        ({"info": {"a": 1}, "state": {"status": {"b": 1}, "state": "OPEN"}}, "info, state OPEN"),
        ({}, ""),
    ],
)
def test_what_changed_is_told_in_few_words(aspects: dict[str, Any], text: str) -> None:
    assert changed(aspects) == text


def refusal(position: int, message: str) -> dict[str, Any]:
    return {"code": "X", "reason": "Y", "message": message, "path": ["items", str(position), "id"], "currentVersion": None}


def payload(ids: Sequence[str], *errors: dict[str, Any], name: str = "updateVulnerabilitiesTreatment") -> bytes:
    rows = [vulnerability(each, verification={"status": "REQUESTED"}) for each in ids]
    return data(**{name: {"vulnerabilities": rows or None, "errors": list(errors)}})


WORKED_ON = ("--as", "in_progress", "--justification", "Repaired soon enough.")


def test_many_are_treated_a_hundred_at_a_time(person: Person) -> None:
    with scripted(payload(IDS[:100]), payload(IDS[100:200]), payload(IDS[200:])) as service:
        code, out, err = person.ask(service, "treat", "-", *WORKED_ON, "--json", stdin="\n".join([*IDS, "", IDS[0]]))
    assert (code, len(out.splitlines()), err) == (0, 250, "")
    sent = [[each["id"] for each in found["items"]] for found in variables(service)]
    assert sent == [list(IDS[:100]), list(IDS[100:200]), list(IDS[200:])]
    assert {found["treatment"] for found in variables(service)} == {"IN_PROGRESS"}


def test_a_refusal_is_told_by_its_id_and_ends_the_work(person: Person) -> None:
    with scripted(payload(IDS[:100]), payload((), refusal(1, "It is closed."))) as service:
        code, out, err = person.ask(service, "treat", "-", *WORKED_ON, "--json", stdin="\n".join(IDS))
    assert (code, len(out.splitlines())) == (2, 100)
    assert err == f"integrates: {IDS[101]}: It is closed.\n"
    assert len(service.requests) == 2


@pytest.mark.parametrize("end", [b"", answer(401, {"errors": [{"message": "?"}]})])
def test_what_was_changed_before_the_service_was_gone_is_told(person: Person, end: bytes) -> None:
    with scripted(payload(IDS[:100]), end) as service:
        code, out, err = person.ask(service, "treat", "-", *WORKED_ON, "--json", stdin="\n".join(IDS))
    assert (code, [json.loads(line)["id"] for line in out.splitlines()], err.count("\n")) == (2, list(IDS[:100]), 1)


def test_a_refusal_of_what_was_not_asked_for_is_told_as_it_is(person: Person) -> None:
    with scripted(payload((), refusal(7, "It is closed."))) as service:
        assert person.ask(service, "treat", IDS[0], *WORKED_ON) == (2, "", "integrates: items.7.id: It is closed.\n")


def test_what_won_is_printed_beside_what_lost(person: Person) -> None:
    with scripted(payload(IDS[:1], refusal(1, "Somebody else was faster."))) as service:
        code, out, err = person.ask(service, "treat", *IDS[:2], *WORKED_ON)
    assert (code, IDS[0] in out, err) == (2, True, f"integrates: {IDS[1]}: Somebody else was faster.\n")


def test_a_refusal_of_all_prints_no_table(person: Person) -> None:
    whole = {"code": "X", "reason": "Y", "message": "It is too short.", "path": ["justification"]}
    with scripted(payload((), whole)) as service:
        assert person.ask(service, "treat", IDS[0], *WORKED_ON) == (2, "", "integrates: justification: It is too short.\n")


def test_a_decision_is_not_sent_twice(person: Person) -> None:
    with scripted(b"", payload(IDS[:1])) as service:
        code, out, err = person.ask(service, "treat", IDS[0], *WORKED_ON)
    assert (code, out, len(service.requests)) == (2, "", 1)
    assert "look before you repeat it" in err


def test_until_and_assigned_are_sent(person: Person) -> None:
    given = ("--as", "ACCEPTED", "--justification", "x" * 10, "--until", "2026-12-31", "--assigned", "a@example.com")
    with scripted(payload(IDS[:1])) as service:
        assert person.ask(service, "treat", IDS[0], *given)[0] == 0
    (sent,) = variables(service)
    assert (sent["acceptedUntil"], sent["assigned"]) == ("2026-12-31T00:00:00+00:00", "a@example.com")


def test_a_verification_is_requested(person: Person) -> None:
    with scripted(payload(IDS[:1], name="requestVulnerabilitiesVerification")) as service:
        code, out, _ = person.ask(service, "request-verification", IDS[0], "--justification", "Repaired in 2.4.")
    assert (code, out.split()[:4]) == (0, ["SCORE", "STATE", "VERIFICATION", "WHERE"])
    assert "REQUESTED" in out
    assert variables(service) == [{"items": [{"id": IDS[0]}], "justification": "Repaired in 2.4."}]


@pytest.mark.parametrize("verb", [("treat", "-", *WORKED_ON), ("request-verification", "-", "--justification", "x" * 10)])
def test_without_ids_nothing_is_asked(person: Person, verb: Sequence[str]) -> None:
    with scripted(payload(())) as service:
        code, _, err = person.ask(service, *verb, stdin="\n \n")
    assert (code, err, service.requests) == (2, "integrates: no ids were given\n", [])
