"""Versions, revisions, effective dates and the past (domain section 2, E2 to E9)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.db_model.access.change import granted_group
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.types import AccessStatus, GroupAccess, GroupGrant, GroupRole, Invitation
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity import read, revision, transaction
from integrates.db_model.entity.facet import encoded, entity_key
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Corrupt, Rejected
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Query
from integrates.db_model.vulnerabilities import rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Treatment,
    TreatmentStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

NEVER = datetime(2030, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def treated(old: Any, at: datetime) -> Any:
    return replace(old, treatment=Treatment(status=TreatmentStatus.IN_PROGRESS, assigned="uri@x", at=at, by="uri@x"))


def hidden(old: Any, at: datetime) -> Any:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=at, by="uri@x"))


def bared(old: Any, _: datetime) -> Any:
    return replace(old, zero_risk=None, tool=None)


def closed(old: Any, at: datetime) -> Any:
    return rules.closed(old, ClosingReason.VERIFIED, by="uri@x", at=at)


def described(text: str) -> Any:
    return lambda old, _: replace(old, info=replace(old.info, description=text))


async def lived(scene: Any) -> Any:
    """Store a vulnerability and change it several times; return it as it was at each version."""
    await scene.root("root")
    await scene.finding("R1", Severity(tool_score=Decimal("5.0"), score=Decimal("5.0")))
    first = await scene.report("one", "R1", "root")
    return [first, *[await scene.alter("one", alter) for alter in (treated, hidden, bared, closed)]]


async def test_versions_count_and_each_has_one_revision(scene: Any) -> None:
    states = await lived(scene)
    history = await read.history(scene.store, vulnerability_key("one"))
    assert [state.version for state in states] == [1, 2, 3, 4, 5]
    assert [(each.version, each.at) for each in history] == [(state.version, state.updated_at) for state in states]
    assert {each.entity_key for each in history} == {"VULN#one"}
    assert [each.operation for each in history] == ["test"] * 5
    assert len({each.change_id for each in history}) == 5


async def test_a_revision_lists_the_changed_aspects_with_their_whole_values(scene: Any) -> None:
    states = await lived(scene)
    first, treatment, zero_risk, bare, end = await read.history(scene.store, vulnerability_key("one"))
    fields = encoded(VULNERABILITY, states[0]).attributes
    assert first.aspects == {name: value for name, value in fields.items() if name not in revision.KEPT_FIELDS}
    assert treatment.aspects == {"treatment": encoded(VULNERABILITY, states[1]).attributes["treatment"]}
    assert list(zero_risk.aspects) == ["zero_risk"]
    assert bare.aspects == {"zero_risk": None, "tool": None}
    assert sorted(end.aspects) == ["cycle", "state"]


async def test_the_past_is_what_was_stored(scene: Any) -> None:
    states = await lived(scene)
    key = vulnerability_key("one")
    assert await read.as_of(scene.store, VULNERABILITY, key, states[0].updated_at - MICROSECOND) is None
    for state, following in zip(states, [*states[1:], None], strict=True):
        assert await read.as_of(scene.store, VULNERABILITY, key, state.updated_at) == state
        end = following.updated_at - MICROSECOND if following else NEVER
        assert await read.as_of(scene.store, VULNERABILITY, key, end) == state


async def test_a_history_longer_than_a_page(scene: Any) -> None:
    group = await scene.got(GROUP, group_key("webshop"))
    for number in range(230):
        group = await scene.write(planning.changed(GROUP, group, described(f"Description {number}"), scene.stamp()))
    history = await read.history(scene.store, group_key("webshop"))
    assert [each.version for each in history] == list(range(1, 232))
    then = await read.as_of(scene.store, GROUP, group_key("webshop"), history[100].at)
    assert then is not None
    assert then.version == 101
    query = revision.history_query(group_key("webshop"), limit=3, descending=True)
    page = (await scene.store.query((query,)))[0]
    assert [revision.of_item(item).version for item in page.items] == [231, 230, 229]


async def test_equal_values_write_nothing(scene: Any) -> None:
    group = await scene.got(GROUP, group_key("webshop"))
    plan = planning.changed(GROUP, group, lambda old, _: replace(old, info=replace(old.info)), scene.stamp())
    assert plan == planning.Plan(GROUP, group)
    assert planning.together(plan, Put(Item(Key("X", "X"), 1, {}), ABSENT)) == plan
    await transaction.write(scene.store, (plan,))
    assert (await scene.got(GROUP, group_key("webshop"))).version == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (timedelta(days=-3), MICROSECOND),
        (timedelta(0), MICROSECOND),
        (MICROSECOND, MICROSECOND),
        (timedelta(seconds=4), timedelta(seconds=4)),
    ],
)
async def test_a_change_is_later_than_the_one_before(scene: Any, given: timedelta, expected: timedelta) -> None:
    group = await scene.got(GROUP, group_key("webshop"))
    seen: list[datetime] = []

    def alter(old: Any, at: datetime) -> Any:
        seen.append(at)
        return replace(old, info=replace(old.info, description="New"))

    stamp = Stamp(by="x", at=group.updated_at + given, operation="test", change_id="c")
    plan = planning.changed(GROUP, group, alter, stamp)
    assert seen == [plan.entity.updated_at] == [group.updated_at + expected]
    await scene.write(plan)
    assert (await read.history(scene.store, group_key("webshop")))[-1].at == group.updated_at + expected


def test_naive_dates_are_refused(scene: Any) -> None:
    stamp = Stamp(by="x", at=datetime(2024, 5, 1), operation="test", change_id="c")  # noqa: DTZ001 - what is refused
    with pytest.raises(Rejected, match="bad_format"):
        planning.added(GROUP, scene.new_group("other"), stamp)


def test_other_zones_are_stored_as_utc(scene: Any) -> None:
    at = datetime.fromisoformat("2024-05-01T09:00:00.5+09:00")
    plan = planning.added(GROUP, scene.new_group("other"), Stamp(by="x", at=at, operation="test", change_id="c"))
    (put, record, *_) = plan.changes
    assert isinstance(put, Put)
    assert put.item.attributes["created_at"] == "2024-05-01T00:00:00.500000+00:00"
    assert isinstance(record, Put)
    assert record.item.attributes["at"] == "2024-05-01T00:00:00.500000+00:00"


async def granted(scene: Any, removed: GroupAccess | None = None) -> GroupAccess:
    """Give a person a role, or again after it was removed."""
    stamp = scene.stamp()
    made = granted_group("uri@demo.example", "webshop", GroupGrant(role=GroupRole.USER), stamp).entity
    plan = planning.added(GROUP_ACCESS, replace(made, version=0), stamp, removed=removed)
    access: GroupAccess = await scene.write(plan)
    return access


def gone(old: GroupAccess, at: datetime) -> GroupAccess:
    return replace(old, state=replace(old.state, status=AccessStatus.REMOVED, at=at), access=GroupGrant())


async def test_what_returns_under_its_key_continues_its_versions(scene: Any) -> None:
    key = group_access_key("uri@demo.example", "webshop")
    first = await granted(scene)
    second = await scene.write(planning.changed(GROUP_ACCESS, first, gone, scene.stamp()))
    assert await read.get(scene.store, GROUP_ACCESS, key) is None
    assert await read.get_any(scene.store, GROUP_ACCESS, key) == second
    third = await granted(scene, second)
    assert third.version == 3
    assert await read.get(scene.store, GROUP_ACCESS, key) == third
    history = await read.history(scene.store, key)
    assert [(each.version, sorted(each.aspects)) for each in history] == [
        (1, ["access", "email", "group_name", "state"]),
        (2, ["access", "state"]),
        (3, ["access", "state"]),
    ]
    past = [await read.as_of(scene.store, GROUP_ACCESS, key, each.at) for each in history]
    assert past == [first, None, third]


async def test_an_access_is_known_by_both_of_its_keys(scene: Any) -> None:
    access = await granted(scene)
    (only,) = await read.history(scene.store, entity_key(GROUP_ACCESS, access))
    assert only.entity_key == "USER#uri@demo.example|GROUP#webshop"


async def test_an_invitation_is_dated_in_utc_inside_its_aspect(scene: Any) -> None:
    at = datetime.fromisoformat("2024-05-01T09:00:00+09:00")
    invitation = Invitation(role="user", jti_hash="x", sent_at=at, expires_at=at)
    plan = granted_group("uri@demo.example", "webshop", GroupGrant(), scene.stamp(), invitation)
    await scene.write(plan)
    (only,) = await read.history(scene.store, group_access_key("uri@demo.example", "webshop"))
    assert only.aspects["invitation"]["sent_at"] == "2024-05-01T00:00:00.000000+00:00"


@pytest.mark.parametrize(
    ("index", "pk", "expected"),
    [
        (1, "AUDIT#GROUP#webshop#2024-05", {"GROUP#webshop", "ROOT#root", "FIN#R1", "VULN#one"}),
        (2, "AUDIT#ORG#organization#2024-05", {"GROUP#webshop", "ORG#organization", "USER#hana@demo.example|ORG#organization"}),
    ],
)
async def test_revisions_are_listed_for_audit_by_date(scene: Any, index: int, pk: str, expected: set[str]) -> None:
    await lived(scene)
    query = Query(pattern="audit_of_group", table="integrates_vms_historic", index=index, pk=pk, limit=100)
    page = (await scene.store.query((query,)))[0]
    assert {item.key.pk for item in page.items} == expected
    items = await scene.store.get([item.key for item in page.items])
    dates = [revision.of_item(item).at for item in items]
    assert dates == sorted(dates)


def test_a_damaged_revision_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        revision.of_item(Item(Key("VULN#1", "V#0000000001"), 1, {"at": "yesterday"}))


async def test_lists_leave_out_what_was_removed_but_not_its_place(scene: Any) -> None:
    for number in range(5):
        stamp = scene.stamp()
        access = await scene.write(granted_group(f"p{number}@x", "webshop", GroupGrant(role=GroupRole.USER), stamp))
        if number in {1, 3, 4}:
            await scene.write(planning.changed(GROUP_ACCESS, access, gone, scene.stamp()))
    query = listing("group_access", "members_of_group", {"group_name": "webshop"}, limit=2)
    (page,) = await read.lists(scene.store, GROUP_ACCESS, (query,))
    assert ([each.email for each in page.entities], page.has_next, len(page.cursors)) == (["p0@x"], True, 1)
    (page,) = await read.lists(scene.store, GROUP_ACCESS, (replace(query, after=page.end),))
    assert [each.email for each in page.entities] == ["p2@x"]
    (page,) = await read.lists(scene.store, GROUP_ACCESS, (replace(query, after=page.end),))
    assert (page.entities, page.has_next, page.end is None) == ((), False, False)
    assert [each.email for each in await read.everything(scene.store, GROUP_ACCESS, query)] == ["p0@x", "p2@x"]


async def test_what_is_missing_or_removed_is_none_in_its_place(scene: Any) -> None:
    await scene.finding("R1")
    keys = [finding_key("none"), finding_key("R1"), finding_key("none")]
    missing, found, again = await read.load(scene.store, FINDING, keys)
    assert (missing, again) == (None, None)
    assert found is not None
    assert found.id == "R1"
