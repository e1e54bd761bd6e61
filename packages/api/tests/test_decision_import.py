"""Decisions of others, imported as requests (domain section 21; examples B17, B18 and B30)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.decided import (
    Said,
    bill,
    counts,
    csaf,
    cyclonedx,
    decided,
    names,
    openvex,
    scanned,
    shop_root,
    vulnerabilities,
)
from packages.api.tests.test_import_sample import sample

from integrates.db_model.entity import read
from integrates.db_model.vulnerabilities.facet import VULNERABILITY
from integrates.db_model.vulnerabilities.lists import of_root

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

Write = Callable[..., bytes]
FORMATS: dict[str, Write] = {"OPENVEX": openvex, "CYCLONEDX_VEX": cyclonedx, "CSAF_VEX": csaf}
SAMPLES = {
    "OPENVEX": "secobserve-so_openvex_2020_0001_0001.json",
    "CYCLONEDX_VEX": "secobserve-cyclonedx_vex_test_dedicated.json",
}


@pytest.mark.parametrize("kind", SAMPLES)
async def test_b18_documents_of_another_tool(world: World, kind: str) -> None:
    root = await shop_root(world, "https://github.com/SecObserve/VEX_Test")
    made = await scanned(world, root, sample("secobserve-trivy_poetry.json"), "trivy_poetry.json")
    assert made["counts"]["created"] == 13
    payload = await decided(world, sample(SAMPLES[kind]))
    assert counts(payload) == {"requested": 1, "applied": 11, "unchanged": 1}
    found = await vulnerabilities(world, root)
    assert {one.location.where for one in found.values()} == {"backend/poetry.lock"}
    claim = found["CVE-2023-49083"].zero_risk
    assert claim is not None
    assert (claim.status, claim.vex_justification, claim.requested_by) == (
        "REQUESTED",
        "VULNERABLE_CODE_CANNOT_BE_CONTROLLED_BY_ADVERSARY",
        "uri@demo.example",
    )
    assert claim.justification == "From acme.json, SecObserve, 2024-07-14: Not affected for VEX test case"
    treatments = [one.treatment.status for one in found.values()]
    assert sorted(treatments) == ["IN_PROGRESS"] * 11 + ["UNTREATED"] * 2
    assert counts(await decided(world, sample(SAMPLES[kind]))) == {"unchanged": 13}


SAID = [
    (1, "not_affected", {"justification": "vulnerable_code_not_in_execute_path", "impact_statement": "It is never run."}),
    (2, "affected", {"action_statement": "Upgrade."}),
    (3, "fixed", {}),
    (4, "under_investigation", {}),
]
WORD = "VULNERABLE_CODE_NOT_IN_EXECUTE_PATH"


async def shop(world: World, numbers: range = range(1, 7)) -> str:
    """A root in which a scanner found packages; return its id."""
    root = await shop_root(world)
    assert (await scanned(world, root, bill(numbers)))["counts"]["created"] == len(numbers)
    return root


def told(found: dict[str, Any], number: int) -> tuple[Any, ...]:
    """State, treatment, verification and zero risk of a vulnerability."""
    one = found[names(number)[0]]
    return (
        one.state.status.value,
        one.treatment.status.value,
        one.treatment.acceptance_status and one.treatment.acceptance_status.value,
        one.verification and one.verification.status.value,
        one.zero_risk and one.zero_risk.status.value,
    )


@pytest.mark.parametrize("kind", FORMATS)
async def test_every_format_says_the_same(world: World, kind: str) -> None:
    root = await shop(world)
    content = FORMATS[kind](SAID)
    made = (await decided(world, content))["decisionImport"]
    assert (made["format"], made["state"], made["position"], made["attempts"]) == (kind, "COMPLETED", 4, 0)
    assert made["counts"] == {"requested": 2, "applied": 1, "unchanged": 1, "unmatched": 0, "refused": 0}
    assert (made["problems"], made["createdBy"], made["fileName"]) == ([], "uri@demo.example", "acme.json")
    found = await vulnerabilities(world, root)
    assert told(found, 1) == ("VULNERABLE", "UNTREATED", None, None, "REQUESTED")
    assert told(found, 2) == ("VULNERABLE", "IN_PROGRESS", None, None, None)
    assert told(found, 3) == ("VULNERABLE", "UNTREATED", None, "REQUESTED", None)
    assert {told(found, number) for number in (4, 5, 6)} == {("VULNERABLE", "UNTREATED", None, None, None)}
    claim = found[names(1)[0]].zero_risk
    assert claim is not None
    assert (claim.vex_justification, claim.justification) == (WORD, "From acme.json, Acme, 2026-04-01: It is never run.")
    assert found[names(2)[0]].treatment.assigned == "uri@demo.example"
    versions = {name: one.version for name, one in found.items()}
    assert counts(await decided(world, content, "vera")) == {"unchanged": 4}
    assert {name: one.version for name, one in (await vulnerabilities(world, root)).items()} == versions


@pytest.mark.parametrize("write", [cyclonedx, csaf])
async def test_what_will_not_be_repaired_is_asked_to_be_accepted_for_good(world: World, write: Write) -> None:
    root = await shop(world)
    assert counts(await decided(world, write([(1, "affected", {"will_not_fix": True})]))) == {"requested": 1}
    assert told(await vulnerabilities(world, root), 1) == ("VULNERABLE", "ACCEPTED_UNDEFINED", "SUBMITTED", None, None)
    handle = """mutation ($id: ID!, $approve: Boolean!) { x: handleVulnerabilitiesAcceptance(
      items: [{id: $id}], approve: $approve, justification: "Somebody else says so.") { errors { reason } } }"""
    one = (await vulnerabilities(world, root))[names(1)[0]]
    assert (await world.data("vera", handle, id=one.id, approve=True))["x"]["errors"] == []
    assert counts(await decided(world, write([(1, "affected", {"will_not_fix": True})]))) == {"unchanged": 1}


async def test_the_importer_cannot_answer_what_was_asked_for_by_the_import(world: World) -> None:
    root = await shop(world)
    assert counts(await decided(world, openvex(SAID), "greta")) == {"requested": 2, "applied": 1, "unchanged": 1}
    one = (await vulnerabilities(world, root))[names(1)[0]]
    confirm = """mutation ($id: ID!) { x: confirmVulnerabilitiesZeroRisk(
      items: [{id: $id}], justification: "It does no harm.") { errors { code reason } } }"""
    for person, errors in (("greta", [{"code": "INVALID", "reason": "OWN_REQUEST"}]), ("remy", [])):
        assert (await world.data(person, confirm, id=one.id))["x"]["errors"] == errors
    assert counts(await decided(world, openvex(SAID), "vera")) == {"unchanged": 4}


async def test_what_is_hidden_is_unmatched_for_those_who_may_not_see_it(world: World) -> None:
    root = await shop(world)
    await decided(world, openvex(SAID[:1]))
    one = (await vulnerabilities(world, root))[names(1)[0]]
    confirm = (
        'mutation ($id: ID!) { x: confirmVulnerabilitiesZeroRisk(items: [{id: $id}], justification: "%s") { errors { code } } }'
    )
    assert (await world.data("remy", confirm % ("It does no harm."), id=one.id))["x"]["errors"] == []
    content = openvex([(1, "affected", {})])
    unseen = await decided(world, content)
    nothing = await decided(world, openvex([(99, "affected", {})]))
    assert counts(unseen) == counts(nothing) == {"unmatched": 1}
    assert unseen["decisionImport"]["problems"] == [
        {"pointer": "/statements/0", "reason": "unmatched", "name": names(1)[0], "vulnerability": None}
    ]
    seen = await decided(world, content, "vera")
    assert counts(seen) == {"refused": 1}
    assert seen["decisionImport"]["problems"] == [
        {"pointer": "/statements/0", "reason": "hidden", "name": names(1)[0], "vulnerability": {"id": one.id}}
    ]
    assert counts(await decided(world, openvex(SAID[:1]), "vera")) == {"unchanged": 1}
    query = "query ($id: ID!) { decisionImport(id: $id) { problems { reason vulnerability { id } } } }"
    shown = (await world.data("uri", query, id=seen["decisionImport"]["id"]))["decisionImport"]["problems"]
    assert shown == [{"reason": "hidden", "vulnerability": None}]


async def test_a_dry_run_writes_nothing_but_what_it_counted(world: World) -> None:
    root = await shop(world)
    before = await read.everything(world.store, VULNERABILITY, of_root(root))
    content = openvex([*SAID, (99, "fixed", {})])
    dry = await decided(world, content, dry=True)
    assert counts(dry) == {"requested": 2, "applied": 1, "unchanged": 1, "unmatched": 1}
    assert dry["decisionImport"]["dryRun"] is True
    assert await read.everything(world.store, VULNERABILITY, of_root(root)) == before
    comments = "query ($id: ID!) { finding(id: $id) { comments { nodes { id } } } }"
    for one in before:
        assert (await world.data("ada", comments, id=one.finding_id))["finding"]["comments"]["nodes"] == []
    assert counts(await decided(world, content)) == counts(dry)


async def test_what_is_said_stands_on_the_finding_once(world: World) -> None:
    root = await shop_root(world)
    await scanned(world, root, bill([1], ("package-lock.json", "web/package-lock.json")))
    found = await read.everything(world.store, VULNERABILITY, of_root(root))
    assert (len(found), len({one.finding_id for one in found})) == (2, 1)
    assert counts(await decided(world, openvex(SAID[:1]))) == {"requested": len(found)}
    query = "query ($id: ID!) { finding(id: $id) { comments { nodes { type content by } } } }"
    (comment,) = (await world.data("vera", query, id=found[0].finding_id))["finding"]["comments"]["nodes"]
    assert comment == {
        "type": "ZERO_RISK",
        "content": "From acme.json, Acme, 2026-04-01: It is never run.",
        "by": "uri@demo.example",
    }


@pytest.mark.parametrize("kind", FORMATS)
async def test_a_document_that_lies_gets_nothing_done(world: World, kind: str) -> None:
    """It says of everything that it is fixed, or harmless: all of that is asked for, and none is done."""
    root = await shop(world, range(1, 11))
    lies = [(n, ("fixed", "not_affected")[n % 2], {"impact_statement": "\u202eTrust me\x07 <script>"}) for n in range(1, 11)]
    assert counts(await decided(world, FORMATS[kind](lies))) == {"requested": 10}
    found = await vulnerabilities(world, root)
    assert {one.state.status.value for one in found.values()} == {"VULNERABLE"}
    assert {one.zero_risk.status.value for one in found.values() if one.zero_risk} == {"REQUESTED"}
    asked = [request for one in found.values() if (request := one.zero_risk or one.verification)]
    assert (len(asked), {one.by for one in asked}) == (10, {"uri@demo.example"})
    assert not any("\x07" in str(one.justification) or "\u202e" in str(one.justification) for one in asked)
    summary = '{ group(name: "webshop") { summary { open closed } } }'
    assert (await world.data("ada", summary))["group"]["summary"]["open"] == 10 + 1


async def test_of_several_statements_the_newest_decides_and_then_the_last(world: World) -> None:
    root = await shop(world)
    old, new = {"timestamp": "2020-01-01T00:00:00Z"}, {"timestamp": "2030-01-01T00:00:00+02:00"}
    said = [
        (1, "fixed", new),
        (1, "not_affected", old),
        (2, "not_affected", {}),
        (2, "fixed", {}),
        (3, "fixed", {"timestamp": "?"}),
    ]
    assert counts(await decided(world, openvex(said))) == {"requested": 3}
    found = await vulnerabilities(world, root)
    assert {told(found, number) for number in (1, 2, 3)} == {("VULNERABLE", "UNTREATED", None, "REQUESTED", None)}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("INVALID", "BAD_FILE")),
        (b"not json", ("INVALID", "BAD_FILE")),
        (b"{}", ("INVALID", "UNKNOWN_FORMAT")),
        (b"[]", ("INVALID", "UNKNOWN_FORMAT")),
        (b"<?xml version='1.0'?><bom/>", ("INVALID", "BAD_FILE")),
        (openvex(SAID)[:-10], ("INVALID", "BAD_FILE")),
        (openvex([], statements=7), ("INVALID", "BAD_FILE")),
        (openvex([(1, "perhaps", {})]), ("INVALID", "BAD_FILE")),
        (openvex(SAID, statements=[{"vulnerability": 7}]), ("INVALID", "BAD_FILE")),
        (cyclonedx(SAID, specVersion="0.9"), ("INVALID", "BAD_FILE")),
        (cyclonedx([], vulnerabilities=[{"id": "x", "analysis": {"state": "fine"}}]), ("INVALID", "BAD_FILE")),
        (csaf(SAID, document={"category": "csaf_base", "csaf_version": "2.0"}), ("INVALID", "BAD_FILE")),
        (b'{"statements": [], "statements": [], "@context": "openvex"}', ("INVALID", "BAD_FILE")),
        (openvex([(1, "fixed", {})] * 25_001), ("LIMIT_EXCEEDED", "TOO_MANY_RESULTS")),
        (b" " * (20 * 1024 * 1024 + 1), ("LIMIT_EXCEEDED", "FILE_TOO_LARGE")),
        (b'{"version": "2.1.0", "runs": []}', ("INVALID", "REQUIRED")),
        (b'{"format": "integrates-decisions", "version": 2, "vulnerabilities": []}', ("INVALID", "BAD_FILE")),
        (b'{"format": "integrates-decisions", "version": 1, "vulnerabilities": [{"word": "?"}]}', ("INVALID", "BAD_FILE")),
    ],
)
async def test_files_are_refused_as_a_whole(world: World, content: bytes, expected: tuple[str, str]) -> None:
    payload = await decided(world, content)
    assert payload["decisionImport"] is None
    assert [(error["code"], error["reason"]) for error in payload["errors"]][:1] == [expected]
    query = '{ group(name: "webshop") { decisionImports { nodes { id } } } }'
    assert (await world.data("uri", query))["group"]["decisionImports"]["nodes"] == []


async def test_a_format_that_is_named_has_to_be_that_of_the_file(world: World) -> None:
    await shop(world)
    payload = await decided(world, openvex(SAID), format="CSAF_VEX")
    assert [error["reason"] for error in payload["errors"]] == ["BAD_FILE"]
    assert counts(await decided(world, openvex(SAID), format="OPENVEX"))["requested"] == 2


async def test_as_many_statements_as_a_file_may_have_are_read(world: World) -> None:
    await shop(world)
    said: list[Said] = [(n, "fixed", {}) for n in range(1, 7)]
    said += [(1_000 + n, "fixed", {}) for n in range(24_994)]
    payload = await decided(world, openvex(said))
    assert counts(payload) == {"requested": 6, "unmatched": 24_994}
    assert len(payload["decisionImport"]["problems"]) == 100


async def test_another_tenant_is_never_decided_about(world: World) -> None:
    root = await shop(world)
    before = await vulnerabilities(world, root)
    theirs = await decided(world, openvex(SAID), "uri2", group="cargo")
    assert counts(theirs) == {"unmatched": 4}
    foreign = await decided(world, openvex(SAID), root=world.harbor.root.id)
    missing = await decided(world, openvex(SAID), root="99999999-9999-4999-8999-999999999999")
    assert foreign == missing
    assert [(error["code"], error["path"]) for error in foreign["errors"]] == [("NOT_FOUND", ["rootId"])]
    assert [error["code"] for error in (await decided(world, openvex(SAID), "uri2", group="webshop"))["errors"]] == [
        "NOT_FOUND"
    ]
    assert await vulnerabilities(world, root) == before


async def test_within_a_root_only_that_is_decided_about(world: World) -> None:
    root = await shop(world)
    other = await shop_root(world, "https://github.com/acme/other")
    await scanned(world, other, bill(range(1, 7)))
    plain = openvex([(n, status, {"products": [{"@id": names(n)[1]}], **more}) for n, status, more in SAID])
    assert counts(await decided(world, plain, root=other)) == {"requested": 2, "applied": 1, "unchanged": 1}
    assert {told(await vulnerabilities(world, root), n) for n in range(1, 7)} == {("VULNERABLE", "UNTREATED", None, None, None)}
    assert counts(await decided(world, plain)) == {"requested": 2, "applied": 1, "unchanged": 5}


@pytest.mark.parametrize("person", ["hana", "reto", "remy"])
async def test_those_who_may_not_import_decisions_see_none(world: World, person: str) -> None:
    payload = await decided(world, openvex(SAID), person)
    assert [(error["code"], error["reason"]) for error in payload["errors"]] == [("FORBIDDEN", "MISSING_PERMISSION")]
    made = (await decided(world, openvex(SAID)))["decisionImport"]["id"]
    query = 'query ($id: ID!) { decisionImport(id: $id) { id } group(name: "webshop") { decisionImports { nodes { id } } } }'
    assert await world.data(person, query, id=made) == {"decisionImport": None, "group": {"decisionImports": None}}
    assert (await world.data("vera", query, id=made))["group"]["decisionImports"]["nodes"] == [{"id": made}]


def lint(*lines: int, suppressed: bool = False) -> bytes:
    """A report whose results have one fingerprint, at these lines."""
    results = [
        {
            "ruleId": "r1",
            "message": {"text": f"On line {line}."},
            "fingerprints": {"f": "same"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": line}}}],
            **({"suppressions": [{"kind": "external", "justification": "So it is."}]} if suppressed else {}),
        }
        for line in lines
    ]
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Lint"}}, "results": results}]}).encode()


@pytest.mark.parametrize(
    ("scan", "line", "expected"),
    [
        ((3, 9), 9, {"requested": 1}),
        ((3, 9), 30, {"unmatched": 1}),
        ((3,), 30, {"requested": 1}),
    ],
    ids=["at its place", "either of two", "the only one"],
)
async def test_what_fits_two_equally_well_is_left_alone(
    world: World, scan: tuple[int, ...], line: int, expected: dict[str, int]
) -> None:
    root = await shop_root(world)
    await scanned(world, root, lint(*scan), "scan.sarif")
    assert counts(await decided(world, lint(line, suppressed=True), root=root)) == expected
    found = await read.everything(world.store, VULNERABILITY, of_root(root))
    asked = [one.location.specific for one in found if one.treatment.acceptance_status]
    assert asked == ([] if "unmatched" in expected else [str(line if line in scan else scan[0])])
