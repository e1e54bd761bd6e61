"""Versions, revisions, effective dates and the past (domain section 2, E2 to E9)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from integrates.db_model.access.commands import group_guest
from integrates.db_model.access.facet import GROUP_ACCESS, group_access_key
from integrates.db_model.access.types import AccessStatus, GroupAccess, GroupGrant, GroupRole, Invitation
from integrates.db_model.entity import command, read, revision, transaction
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity.encoding import to_builtins
from integrates.db_model.entity.facet import Beside, entity_key
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Corrupt, NotFound, Raced, Rejected, Rejections
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group
from integrates.db_model.store.port import ABSENT, Item, Key, Put, Query, Store, Table
from integrates.db_model.testing.scene import (
    HANA,
    Stamping,
    add_finding,
    add_group,
    add_member,
    add_person,
    add_root,
    add_vulnerability,
    address_of,
    sighted,
    ticking,
    uid,
)
from integrates.db_model.vulnerabilities import commands, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Treatment,
    TreatmentStatus,
    Vulnerability,
    ZeroRisk,
    ZeroRiskStatus,
)

NEVER = datetime(2030, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
URI = address_of("uri")
ONE = uid("one")
HISTORY: Table = "integrates_vms_historic"


def treated(old: Vulnerability, at: datetime) -> Vulnerability:
    return replace(old, treatment=Treatment(status=TreatmentStatus.IN_PROGRESS, assigned=URI, at=at, by=URI))


def hidden(old: Vulnerability, at: datetime) -> Vulnerability:
    return replace(old, zero_risk=ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=at, by=URI))


def bared(old: Vulnerability, _: datetime) -> Vulnerability:
    return replace(old, zero_risk=None, tool=None)


def closed(old: Vulnerability, at: datetime) -> Vulnerability:
    return rules.closed(old, ClosingReason.VERIFIED, by=URI, at=at)


def described(text: str) -> Callable[[Group, datetime], Group]:
    return lambda old, _: replace(old, info=replace(old.info, description=text))


async def lived(store: Store, stamp: Stamping) -> list[Vulnerability]:
    """Store a vulnerability and change it several times; return it as it was at each version."""
    group = await add_group(store, "webshop", stamp)
    root, finding = await add_root(store, group, "backend", stamp), await add_finding(store, group, "R1", stamp, score="5.0")
    first = await add_vulnerability(store, finding, root, "a.py", stamp, identity=ONE)
    return [first, *[await commands.update(store, ONE, alter, stamp()) for alter in (treated, hidden, bared, closed)]]


async def test_versions_count_and_each_has_one_revision(store: Store) -> None:
    states = await lived(store, ticking())
    history = await read.history(store, vulnerability_key(ONE))
    assert [state.version for state in states] == [1, 2, 3, 4, 5]
    assert [(each.version, each.at) for each in history] == [(state.version, state.updated_at) for state in states]
    assert {each.entity_key for each in history} == {f"VULN#{ONE}"}
    assert [(each.operation, each.by) for each in history] == [("test", HANA)] * 5
    assert len({each.change_id for each in history}) == 5


async def test_what_is_returned_is_what_is_stored(store: Store) -> None:
    states = await lived(store, ticking())
    assert await read.get(store, VULNERABILITY, vulnerability_key(ONE)) == states[-1]


async def test_a_revision_lists_the_changed_aspects_with_their_whole_values(store: Store) -> None:
    stamp = ticking()
    states = await lived(store, stamp)
    first, treatment, zero_risk, bare, end = await read.history(store, vulnerability_key(ONE))
    assert set(first.aspects) == {
        name
        for name in Vulnerability.__struct_fields__
        if name not in revision.KEPT_FIELDS and getattr(states[0], name) is not None
    }
    assert dict(treatment.aspects) == {
        "treatment": {
            "status": "IN_PROGRESS",
            "assigned": URI,
            "by": URI,
            "at": states[1].treatment.at.isoformat(timespec="microseconds"),
        }
    }
    assert list(zero_risk.aspects) == ["zero_risk"]
    assert dict(bare.aspects) == {"zero_risk": None, "tool": None}
    assert sorted(end.aspects) == ["cycle", "state"]


async def test_a_revision_keeps_the_versions_of_the_parents_it_saw(store: Store) -> None:
    stamp = ticking()
    await lived(store, stamp)
    history = await read.history(store, vulnerability_key(ONE))
    group, finding, root = "GROUP#webshop", f"FIN#{uid('webshop/R1')}", f"ROOT#{uid('webshop/backend')}"
    assert dict(history[0].seen) == {group: 1, finding: 1, root: 1}
    assert dict(history[1].seen) == {group: 1, finding: 2}, "the first release was the second version of the finding"
    assert dict(history[3].seen) == {group: 1, finding: 2}, "hidden no more, which is counted"
    await command.update(store, GROUP, group_key("webshop"), described("Another"), stamp())
    found = await read.get(store, FINDING, finding_key(uid("webshop/R1")))
    assert found is not None
    await commands.reopen(store, ONE, sighted(found, "a.py"), stamp())
    assert dict((await read.history(store, vulnerability_key(ONE)))[-1].seen) == {group: 2, finding: 2, root: 1}


async def test_the_past_is_what_was_stored(store: Store) -> None:
    states = await lived(store, ticking())
    key, dates = vulnerability_key(ONE), [state.updated_at or NEVER for state in states]
    assert await read.as_of(store, VULNERABILITY, key, dates[0] - MICROSECOND) is None
    for state, begin, end in zip(states, dates, [*dates[1:], NEVER], strict=True):
        assert await read.as_of(store, VULNERABILITY, key, begin) == state
        assert await read.as_of(store, VULNERABILITY, key, end - MICROSECOND) == state


async def test_a_history_longer_than_a_page(store: Store) -> None:
    stamp, key = ticking(), group_key("webshop")
    await add_group(store, "webshop", stamp)
    for number in range(230):
        await command.update(store, GROUP, key, described(f"Description {number}"), stamp())
    history = await read.history(store, key)
    assert [each.version for each in history] == list(range(1, 232))
    then = await read.as_of(store, GROUP, key, history[100].at)
    assert then is not None
    assert then.version == 101
    page = (await store.query((revision.history_query(key, limit=3, descending=True),)))[0]
    assert [revision.of_item(item).version for item in page.items] == [231, 230, 229]


async def test_equal_values_write_nothing(store: Store) -> None:
    stamp = ticking()
    group = await add_group(store, "webshop", stamp)
    made = await command.planned(store, GROUP, group, replace(group, info=replace(group.info)), stamp())
    assert (made.own, made.record, made.beside, made.entity) == (None, None, (), group)
    more = Beside(Put(Item(Key("X", "X"), 1, {}), ABSENT), Raced("X"))
    assert planning.together(made, more) == made
    assert await command.update(store, GROUP, group_key("webshop"), lambda old, _: replace(old), stamp()) == group
    assert len(await read.history(store, group_key("webshop"))) == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (timedelta(days=-3), MICROSECOND),
        (timedelta(0), MICROSECOND),
        (MICROSECOND, MICROSECOND),
        (timedelta(seconds=4), timedelta(seconds=4)),
    ],
)
async def test_a_change_is_later_than_the_one_before(store: Store, given: timedelta, expected: timedelta) -> None:
    group = await add_group(store, "webshop", ticking())
    before = group.updated_at or NEVER
    seen: list[datetime] = []

    def alter(old: Group, at: datetime) -> Group:
        seen.append(at)
        return described("New")(old, at)

    stamp = Stamp(by=HANA, at=before + given, operation="test", change_id=uid("call"))
    made = await command.update(store, GROUP, group_key("webshop"), alter, stamp)
    assert seen == [made.updated_at] == [before + expected]
    assert (made.created_at, made.created_by) == (group.created_at, HANA)
    assert (await read.history(store, group_key("webshop")))[-1].at == before + expected


async def test_naive_dates_are_refused(store: Store) -> None:
    group = await add_group(store, "webshop", ticking())
    naive = Stamp(by=HANA, at=datetime(2024, 5, 1), operation="test", change_id=uid("call"))  # noqa: DTZ001 - is refused
    with pytest.raises((Rejected, Rejections), match="bad_format"):
        await command.update(store, GROUP, group_key("webshop"), described("New"), naive)
    assert await read.get(store, GROUP, group_key("webshop")) == group


def test_dates_of_other_zones_are_written_in_utc() -> None:
    at = datetime.fromisoformat("2024-05-01T09:00:00.5+09:00")
    assert to_builtins({"at": at, "until": None}) == {"at": "2024-05-01T00:00:00.500000+00:00"}


async def removed(store: Store, person: str, stamp: Stamping) -> GroupAccess:
    def alter(old: GroupAccess, at: datetime) -> GroupAccess:
        return replace(old, state=replace(old.state, status=AccessStatus.REMOVED, at=at), access=GroupGrant())

    return await command.update(store, GROUP_ACCESS, group_access_key(person, "webshop"), alter, stamp())


async def test_what_returns_under_its_key_continues_its_versions(store: Store) -> None:
    stamp, key = ticking(), group_access_key(URI, "webshop")
    group = await add_group(store, "webshop", stamp)
    first = await add_member(store, group, URI, GroupRole.USER, stamp)
    second = await removed(store, URI, stamp)
    assert await read.get(store, GROUP_ACCESS, key) is None
    assert await read.get_any(store, GROUP_ACCESS, key) == second
    with pytest.raises(NotFound):
        await removed(store, URI, stamp)
    made = stamp()
    again = replace(second, state=replace(second.state, status=AccessStatus.ACTIVE, at=made.at), access=first.access)
    plan = await command.planned(store, GROUP_ACCESS, second, again, made)
    await transaction.write(store, (plan,))
    third = plan.entity
    assert third.version == 3
    assert await read.get(store, GROUP_ACCESS, key) == third
    history = await read.history(store, key)
    assert [(each.version, sorted(each.aspects)) for each in history] == [
        (1, ["access", "email", "group_name", "state"]),
        (2, ["access", "state"]),
        (3, ["access", "state"]),
    ]
    assert [await read.as_of(store, GROUP_ACCESS, key, each.at) for each in history] == [first, None, third]


async def test_an_access_is_known_by_both_of_its_keys(store: Store) -> None:
    stamp = ticking()
    access = await add_member(store, await add_group(store, "webshop", stamp), URI, GroupRole.USER, stamp)
    (only,) = await read.history(store, entity_key(GROUP_ACCESS, access))
    assert only.entity_key == f"USER#{URI}|GROUP#webshop"


async def test_an_invitation_is_dated_inside_its_aspect(store: Store) -> None:
    stamp = ticking()
    await add_group(store, "webshop", stamp)
    await add_person(store, URI, stamp)
    at = datetime(2024, 5, 1, tzinfo=UTC)
    invitation = Invitation(role="user", jti_hash="0" * 64, sent_at=at, expires_at=at + timedelta(days=7))
    made = stamp()
    await command.add(store, GROUP_ACCESS, group_guest(URI, "webshop", invitation, made), made)
    (only,) = await read.history(store, group_access_key(URI, "webshop"))
    assert only.aspects["invitation"]["sent_at"] == "2024-05-01T00:00:00.000000+00:00"


@pytest.mark.parametrize(
    ("pattern", "index", "pk", "expected"),
    [
        (
            "audit_of_group",
            1,
            "AUDIT#GROUP#webshop#2024-05",
            {"GROUP#webshop", f"ROOT#{uid('webshop/backend')}", f"FIN#{uid('webshop/R1')}", f"VULN#{ONE}"},
        ),
        (
            "audit_of_organization",
            2,
            f"AUDIT#ORG#{uid('aurora')}#2024-05",
            {"GROUP#webshop", f"ORG#{uid('aurora')}", f"USER#{HANA}|ORG#{uid('aurora')}"},
        ),
    ],
)
async def test_revisions_are_listed_for_audit_by_date(
    store: Store, pattern: str, index: int, pk: str, expected: set[str]
) -> None:
    await lived(store, ticking())
    query = Query(pattern=pattern, table=HISTORY, index=index, pk=pk, limit=100)
    page = (await store.query((query,)))[0]
    assert {item.key.pk for item in page.items} == expected
    items = await store.get([item.key for item in page.items])
    dates = [revision.of_item(item).at for item in items if item is not None]
    assert dates == sorted(dates)
    assert len(dates) == len(page.items)


def test_a_damaged_revision_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        revision.of_item(Item(Key("VULN#1", "V#0000000001"), 1, {"at": "yesterday"}))


async def test_lists_leave_out_what_was_removed_but_not_its_place(store: Store) -> None:
    stamp, people = ticking(), [address_of(f"p{number}") for number in range(5)]
    group = await add_group(store, "webshop", stamp)
    for number, person in enumerate(people):
        await add_member(store, group, person, GroupRole.USER, stamp)
        if number in {1, 3, 4}:
            await removed(store, person, stamp)
    query = listing("group_access", "members_of_group", {"group_name": "webshop"}, limit=2)

    async def page_after(cursor: str | None) -> read.EntityPage[GroupAccess]:
        return read.page_of(GROUP_ACCESS, (await store.query((replace(query, after=cursor),)))[0])

    page = await page_after(None)
    assert ([each.email for each in page.entities], page.has_next, len(page.cursors)) == ([people[0]], True, 1)
    page = await page_after(page.end)
    assert [each.email for each in page.entities] == [people[2]]
    page = await page_after(page.end)
    assert (page.entities, page.has_next, page.end is None) == ((), False, False)
    assert [each.email for each in await read.everything(store, GROUP_ACCESS, query)] == [people[0], people[2]]


async def test_what_is_missing_or_removed_is_none_in_its_place(store: Store) -> None:
    stamp = ticking()
    made = await add_finding(store, await add_group(store, "webshop", stamp), "R1", stamp)
    none = finding_key(uid("none"))
    assert await read.get_many(store, FINDING, [none, finding_key(made.id), none]) == (None, made, None)
