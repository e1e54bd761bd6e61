"""What one may not see looks like what does not exist; what one may see but not do is FORBIDDEN (V1 to V5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.api.tests.conftest import stamping

from integrates.api.upload import Upload
from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity.command import update
from integrates.db_model.groups.facet import GROUP as FACET
from integrates.db_model.groups.facet import group_key
from integrates.db_model.groups.types import GroupRemovalReason, GroupStatus
from integrates.db_model.testing import scene
from integrates.db_model.testing.scene import address_of
from integrates.db_model.tokens.usage import record_use
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.types import Vulnerability, ZeroRisk, ZeroRiskStatus

if TYPE_CHECKING:
    from datetime import datetime

    from packages.api.tests.conftest import World

NOWHERE = "99999999-9999-4999-8999-999999999999"
FINDING = "query ($id: ID!) { finding(id: $id) { id title status } }"
VULNERABILITY = "query ($id: ID!) { vulnerability(id: $id) { id } }"
TREAT = """mutation ($id: ID!) {
  updateVulnerabilitiesTreatment(items: [{id: $id}], treatment: IN_PROGRESS, justification: "We work on it.") {
    vulnerabilities { id } errors { code reason message path currentVersion }
  }
}"""
GROUP = """query ($name: ID!) { group(name: $name) {
  findings(first: 10) { totalCount nodes { id } }
  drafts: vulnerabilities(first: 10, filter: {states: [SUBMITTED, REJECTED]}) { totalCount nodes { id } }
  confirmed: vulnerabilities(first: 10, filter: {zeroRisks: [CONFIRMED]}) { totalCount nodes { id } }
  plain: vulnerabilities(first: 10) { totalCount nodes { id } }
  summary { open closed submitted rejected hidden openFindings zeroRisk { name count } }
} }"""


async def test_a_foreign_finding_is_no_finding_both_ways_round(world: World) -> None:
    for name, foreign in (("uri", world.harbor), ("uri2", world.aurora)):
        seen = await world.answer(name, FINDING, id=foreign.finding.id)
        missing = await world.answer(name, FINDING, id=NOWHERE)
        assert seen == missing
        assert seen.body["data"] == {"finding": None}
        seen = await world.answer(name, TREAT, id=foreign.vulnerable.id)
        assert seen == await world.answer(name, TREAT, id=NOWHERE)
        (error,) = seen.body["data"]["updateVulnerabilitiesTreatment"]["errors"]
        assert (error["code"], error["path"]) == ("NOT_FOUND", ["items", "0", "id"])
        assert error["reason"] == "NOT_FOUND"


async def test_what_is_visible_but_not_allowed_is_forbidden(world: World) -> None:
    before = await world.data("remy", "query ($id: ID!) { vulnerability(id: $id) { version } }", id=world.aurora.vulnerable.id)
    payload = (await world.data("remy", TREAT, id=world.aurora.vulnerable.id))["updateVulnerabilitiesTreatment"]
    assert payload["vulnerabilities"] is None
    assert [(one["code"], one["reason"].lower()) for one in payload["errors"]] == [("FORBIDDEN", "missing_permission")]
    after = await world.data("remy", "query ($id: ID!) { vulnerability(id: $id) { version } }", id=world.aurora.vulnerable.id)
    assert before == after


@pytest.mark.parametrize(
    ("name", "draft", "hidden"),
    [
        ("greta", True, True),
        ("vera", False, True),
        ("uri", False, False),
        ("hana", True, False),
        ("reto", True, False),
        ("remy", True, True),
        ("olga", True, True),
        ("ada", True, True),
    ],
)
async def test_drafts_and_hidden_ones_need_permissions_everywhere(world: World, name: str, draft: bool, hidden: bool) -> None:
    tenant = world.aurora
    shown: dict[str, Any] = (await world.data(name, GROUP, name=tenant.group.name))["group"]
    lists = {"plain": [tenant.safe.id, tenant.vulnerable.id]}
    lists["drafts"] = [tenant.submitted.id] if draft else []
    lists["confirmed"] = [tenant.hidden.id] if hidden else []
    for label, expected in lists.items():
        assert shown[label] == {"totalCount": len(expected), "nodes": [{"id": identity} for identity in expected]}
    assert len(shown["findings"]["nodes"]) == 1 + draft
    assert shown["findings"]["totalCount"] == (2 if draft else None)
    summary = shown["summary"]
    assert (summary["open"], summary["closed"], summary["openFindings"]) == (1, 1, 1)
    assert (summary["submitted"], summary["rejected"]) == ((1, 0) if draft else (None, None))
    assert summary["hidden"] == (1 if hidden else None)
    assert ("CONFIRMED" in [share["name"] for share in summary["zeroRisk"]]) is hidden
    for query, identity, visible in (
        (FINDING, tenant.draft_finding.id, draft),
        (VULNERABILITY, tenant.submitted.id, draft),
        (VULNERABILITY, tenant.hidden.id, hidden),
        (VULNERABILITY, tenant.vulnerable.id, True),
    ):
        answer = await world.answer(name, query, id=identity)
        if visible:
            assert None not in answer.body["data"].values()
        else:
            assert answer == await world.answer(name, query, id=NOWHERE)
    if not hidden:
        assert await world.answer(name, TREAT, id=tenant.hidden.id) == await world.answer(name, TREAT, id=NOWHERE)


async def test_an_argument_that_names_what_is_not_visible_is_not_found_with_its_path(world: World) -> None:
    query = """mutation ($group: ID!, $root: ID!, $file: Upload!) {
      importVulnerabilities(groupName: $group, rootId: $root, file: $file) { import { id } errors { code reason message path } }
    }"""

    async def read() -> bytes:
        raise AssertionError("nobody who may not import makes the service read a file")

    file = Upload("scan.sarif", read)

    async def refusals(group: str, root: str) -> list[tuple[str, list[str]]]:
        payload = (await world.data("hana", query, group=group, root=root, file=file))["importVulnerabilities"]
        assert payload["import"] is None
        return [(error["code"], error["path"]) for error in payload["errors"]]

    own, other = world.aurora, world.harbor
    assert await refusals(own.group.name, other.root.id) == [("NOT_FOUND", ["rootId"])]
    assert await refusals(own.group.name, NOWHERE) == [("NOT_FOUND", ["rootId"])]
    assert await refusals(other.group.name, own.root.id) == [("NOT_FOUND", ["groupName"]), ("NOT_FOUND", ["rootId"])]
    assert await refusals("nothing-here", NOWHERE) == [("NOT_FOUND", ["groupName"]), ("NOT_FOUND", ["rootId"])]


async def test_items_of_two_groups_are_not_one_call(world: World) -> None:
    query = """mutation ($items: [VulnerabilityRef!]!) {
      updateVulnerabilitiesTreatment(items: $items, treatment: IN_PROGRESS, justification: "We work on it.") {
        vulnerabilities { id } errors { code path }
      }
    }"""
    items = [{"id": world.aurora.vulnerable.id}, {"id": world.harbor.vulnerable.id}, {"id": NOWHERE}]
    payload = (await world.data("ada", query, items=items))["updateVulnerabilitiesTreatment"]
    assert payload == {
        "vulnerabilities": None,
        "errors": [
            {"code": "NOT_FOUND", "path": ["items", "1", "id"]},
            {"code": "NOT_FOUND", "path": ["items", "2", "id"]},
        ],
    }


async def test_a_history_leaves_out_what_hid_the_object(world: World) -> None:
    query = (
        "query ($id: ID!) { vulnerability(id: $id) { history { nodes { version } } zeroRiskHistory { nodes { version } } } }"
    )
    one = world.aurora.vulnerable
    for status in (ZeroRiskStatus.REQUESTED, ZeroRiskStatus.CONFIRMED, ZeroRiskStatus.REJECTED):
        risk = ZeroRisk(status=status, requested_by=address_of("uri"), at=world.now(), by=address_of("ada"))
        await vulnerabilities.update(world.store, one.id, partial(_with_risk, risk), world.stamp())
    shown = {name: (await world.data(name, query, id=one.id))["vulnerability"] for name in ("uri", "vera")}
    versions = {name: [[node["version"] for node in part["nodes"]] for part in found.values()] for name, found in shown.items()}
    assert versions == {"uri": [[1, 2, 4], [2, 4]], "vera": [[1, 2, 3, 4], [2, 3, 4]]}


def _with_risk(risk: ZeroRisk, old: Vulnerability, _at: datetime) -> Vulnerability:
    return replace(old, zero_risk=risk)


async def test_histories_need_their_permission(world: World) -> None:
    query = """query ($id: ID!) { vulnerability(id: $id) {
      history { nodes { version } } stateHistory { nodes { version } } treatmentHistory { nodes { version } }
    } }"""
    shown = await world.data("uri", query, id=world.aurora.vulnerable.id)
    assert shown["vulnerability"]["history"] == {"nodes": [{"version": 1}]}
    organization = "query ($id: ID!) { organization(id: $id) { name history { nodes { version } } } }"
    shown = await world.data("uri", organization, id=world.aurora.organization.id)
    assert shown["organization"] == {"name": "aurora", "history": None}
    shown = await world.data("olga", organization, id=world.aurora.organization.id)
    assert shown["organization"]["history"] == {"nodes": [{"version": 1}]}


async def test_a_removed_group_hides_what_is_below_it(world: World) -> None:
    tenant = world.aurora
    gone = replace(tenant.group.state, status=GroupStatus.DELETED, reason=GroupRemovalReason.NO_SYSTEM)
    await update(world.store, FACET, group_key("webshop"), lambda old, _: replace(old, state=gone), world.stamp())
    for query, identity in ((FINDING, tenant.finding.id), (VULNERABILITY, tenant.vulnerable.id)):
        for name in ("uri", "olga", "ada"):
            assert await world.answer(name, query, id=identity) == await world.answer(name, query, id=NOWHERE)
    assert (await world.data("olga", "{ me { groups { name } organizations { groups { name } } } }"))["me"] == {
        "groups": [],
        "organizations": [{"groups": []}],
    }


async def test_an_admin_finds_every_organization_and_group(world: World) -> None:
    shown = (await world.data("ada", "{ me { organizations { name userRole } groups { name userRole } } }"))["me"]
    assert sorted(shown["organizations"], key=lambda one: one["name"]) == [
        {"name": "aurora", "userRole": "ORGANIZATION_MANAGER"},
        {"name": "harbor", "userRole": "ORGANIZATION_MANAGER"},
    ]
    assert shown["groups"] == [
        {"name": "cargo", "userRole": "GROUP_MANAGER"},
        {"name": "webshop", "userRole": "GROUP_MANAGER"},
    ]


async def test_the_organization_of_a_group_is_shown_to_its_own_members_only(world: World) -> None:
    await scene.add_member(world.store, world.aurora.group, address_of("otto"), GroupRole.USER, stamping())
    asked = 'query { group(name: "webshop") { name organization { name } } }'
    assert (await world.data("uri", asked))["group"]["organization"] == {"name": "aurora"}
    assert (await world.answer("otto", asked)).body["data"] == {"group": {"name": "webshop", "organization": None}}


async def test_the_last_login_of_a_person_is_shown_to_administrators_only(world: World) -> None:
    await record_use(world.store, "USER", address_of("uri"), None, world.now())
    people = "{ stakeholders(first: 50) { nodes { email lastLogin } } }"
    members = '{ group(name: "webshop") { members(first: 50) { nodes { stakeholder { email lastLogin } } } } }'
    listed = (await world.data("ada", people))["stakeholders"]["nodes"]
    beside = (await world.answer("greta", members)).body["data"]["group"]["members"]["nodes"]
    assert [one["lastLogin"] is not None for one in listed if one["email"] == address_of("uri")] == [True]
    assert [one["stakeholder"]["lastLogin"] for one in beside if one["stakeholder"]["email"] == address_of("uri")] == [None]
