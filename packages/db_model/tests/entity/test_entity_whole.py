"""Every entity is checked whole before it is stored, whoever asks (E13), and so is the stamp of every change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.access.commands import group_member, organization_member
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS
from integrates.db_model.access.types import GroupGrant, GroupRole, OrganizationGrant, OrganizationRole
from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import Facet, entity_key
from integrates.db_model.entity.types import Entity, Stamp
from integrates.db_model.errors import ModelError, Rejected, Rejections
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import FindingDescription
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import GroupStatus
from integrates.db_model.organizations.commands import new_organization
from integrates.db_model.organizations.facet import ORGANIZATION
from integrates.db_model.organizations.types import OrganizationInfo
from integrates.db_model.registry import FACETS
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.roots.types import DeactivationReason
from integrates.db_model.stakeholders.commands import new_stakeholder
from integrates.db_model.stakeholders.facet import STAKEHOLDER
from integrates.db_model.stakeholders.types import PlatformRole, StakeholderInfo
from integrates.db_model.store.port import Key, Store
from integrates.db_model.testing.scene import HANA, address_of, uid
from integrates.db_model.vulnerabilities import commands
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    Labels,
    Treatment,
    TreatmentStatus,
    VulnerabilityStatus,
)

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House

ONE, R1, BACKEND = uid("one"), uid("webshop/R1"), uid("webshop/backend")
URI = address_of("uri")


def fresh(entity: Any, **members: object) -> Any:
    """Return the entity as one that was never stored, with other members; ``info__name`` is the name of the info."""
    for name, value in members.items():
        aspect, _, below = name.partition("__")
        entity = replace(entity, **{aspect: replace(getattr(entity, aspect), **{below: value}) if below else value})
    return replace(entity, version=0, schema=0)


def root(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    return ROOT, fresh(house.root, **{"id": uid("new"), "info__nickname": "new", "location__branch": "new", **members})


def group(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    return GROUP, fresh(house.group, **{"info__name": "another", **members})


def finding(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    return FINDING, fresh(house.finding, **{"id": uid("new"), "rule__rule_id": "R2", **members})


def vulnerability(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    return VULNERABILITY, fresh(house.one, **{"id": uid("new"), "location__where": "new.py", **members})


def member(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    return GROUP_ACCESS, fresh(group_member(URI, "webshop", GroupGrant(role=GroupRole.USER), house.stamp()), **members)


def officer(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    made = organization_member(URI, uid("aurora"), OrganizationRole.USER, house.stamp())
    return ORGANIZATION_ACCESS, fresh(made, **members)


def person(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    made = new_stakeholder(StakeholderInfo(email=address_of("vera")), PlatformRole.USER, house.stamp())
    return STAKEHOLDER, fresh(made, **members)


def organization(house: House, **members: object) -> tuple[Facet[Any], Entity]:
    return ORGANIZATION, fresh(new_organization(uid("new"), OrganizationInfo(name="boreal"), house.stamp()), **members)


Make = Callable[..., tuple[Facet[Any], Entity]]
NEW: Sequence[tuple[Make, Mapping[str, object], str]] = (
    (root, {"location__url": "HTTP://user:secret@git.example/new"}, "bad_format (location.url)"),
    (root, {"location__url": "https://user:secret@git.example/new"}, "not_canonical (location.url)"),
    (root, {"location__url": "https://git.example/new.git"}, "not_canonical (location.url)"),
    (root, {"location__url": "HTTPS://GIT.example/new"}, "not_canonical (location.url)"),
    (root, {"location__branch": "-rf"}, "bad_format (location.branch)"),
    (root, {"location__branch": "a..b"}, "bad_format (location.branch)"),
    (root, {"location__gitignore": ("*",)}, "bad_exclusion (location.gitignore.0)"),
    (root, {"info__nickname": "=cmd()"}, "bad_characters (info.nickname)"),
    (root, {"info__nickname": ""}, "required (info.nickname)"),
    (root, {"id": "not-a-uuid"}, "bad_characters (id)"),
    (root, {"id": uid("new").upper()}, "not_canonical (id)"),
    (root, {"state__by": ""}, "required (state.by)"),
    (root, {"state__reason": DeactivationReason.OUT_OF_SCOPE}, "inconsistent (state.reason)"),
    (group, {"info__name": "UPPER CASE !!"}, "bad_characters (info.name)"),
    (group, {"info__name": "abc"}, "too_short (info.name)"),
    (group, {"info__description": ""}, "required (info.description)"),
    (group, {"info__description": "x" * 201}, "too_long (info.description)"),
    (group, {"info__tags": ("Bad Tag",)}, "bad_characters (info.tags.0)"),
    (finding, {"description__title": "=1+1"}, "bad_format (description.title)"),
    (finding, {"description__title": "  spaced  "}, "not_canonical (description.title)"),
    (finding, {"description__title": "a\x00b"}, "bad_characters (description.title)"),
    (finding, {"description__description": ""}, "required (description.description)"),
    (finding, {"description__cwe_ids": ("CWE-007",)}, "not_canonical (description.cwe_ids)"),
    (vulnerability, {"location__where": "../etc/passwd"}, "bad_format (location.where)"),
    (vulnerability, {"location__specific": "first"}, "bad_characters (location.specific)"),
    (vulnerability, {"labels": Labels(tags=("UPPER",))}, "bad_characters (labels.tags.0)"),
    (vulnerability, {"cycle__cycles": -1}, "out_of_range (cycle.cycles)"),
    (vulnerability, {"cycle__cycles": 2**70}, "out_of_range (cycle.cycles)"),
    (vulnerability, {"state__status": VulnerabilityStatus.SAFE}, "required (state.closing_reason)"),
    (member, {"email": address_of("URI")}, "not_canonical (email)"),
    (member, {"email": "nobody"}, "bad_format (email)"),
    (member, {"access": GroupGrant(role=GroupRole.SERVICE_FORCES)}, "service_role (access.role)"),
    (member, {"access": GroupGrant()}, "required (access.role)"),
    (officer, {"email": address_of("URI")}, "not_canonical (email)"),
    (officer, {"access": OrganizationGrant()}, "required (access.role)"),
    (person, {"info__email": address_of("VERA")}, "not_canonical (info.email)"),
    (person, {"info__email": "a@b@c"}, "bad_format (info.email)"),
    (person, {"info__email": "a#b@demo.example"}, "bad_characters (info.email)"),
    (person, {"info__first_name": "\u202eevil"}, "bad_characters (info.first_name)"),
    (organization, {"info__name": "UPPER CASE !!"}, "bad_characters (info.name)"),
    (organization, {"info__country": "ZZ"}, "bad_format (info.country)"),
)


@pytest.mark.parametrize("facet", FACETS.values(), ids=lambda facet: facet.name)
def test_every_entity_has_a_rule(facet: Facet[Any]) -> None:
    assert facet.check is not Facet(name="x", type=facet.type, audit=facet.audit).check


@pytest.mark.parametrize(("make", "members", "expected"), NEW, ids=lambda part: str(getattr(part, "__name__", part))[:60])
async def test_what_breaks_a_rule_is_not_stored(
    store: Store, house: House, make: Make, members: Mapping[str, object], expected: str
) -> None:
    facet, new = make(house, **members)
    with pytest.raises(Rejections) as caught:
        await command.add(store, facet, new, house.stamp())
    assert expected in [f"{one.reason} ({'.'.join(one.path)})" for one in caught.value.refusals]
    assert await house.is_exact()
    if "#" not in facet.identity(new):  # no key could be made of it
        assert await read.get_any(store, facet, entity_key(facet, new)) is None


@pytest.mark.parametrize("make", [root, group, finding, vulnerability, member, officer, person], ids=lambda make: make.__name__)
async def test_what_keeps_all_rules_is_stored(store: Store, house: House, make: Make) -> None:
    facet, new = make(house)
    assert (await command.add(store, facet, new, house.stamp())).version == 1
    assert await house.is_exact()


async def test_every_refusal_is_told_at_once(store: Store, house: House) -> None:
    facet, new = root(house, location__branch="-rf", info__nickname="=cmd()", organization_id="x")
    with pytest.raises(Rejections) as caught:
        await command.add(store, facet, new, house.stamp())
    assert [".".join(each.path) for each in caught.value.refusals] == ["organization_id", "info.nickname", "location.branch"]


def nested(depth: int) -> Any:
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


ODD = [None, 1, "", "a#b", "\ud800", b"x", 1.5, object(), {1: 2}, nested(100_000), datetime(2024, 5, 1, tzinfo=UTC)]


@pytest.mark.parametrize("facet", [VULNERABILITY, FINDING, ROOT, GROUP], ids=lambda facet: facet.name)
async def test_whatever_somebody_puts_into_a_new_entity_is_refused_by_the_model(
    store: Store, house: House, facet: Facet[Any]
) -> None:
    like = {VULNERABILITY: house.one, FINDING: house.finding, ROOT: house.root, GROUP: house.group}[facet]
    members = [name for name in like.__struct_fields__ if name not in {"created_at", "updated_at", "version", "schema"}]
    for name in members:
        for value in ODD:
            with pytest.raises(ModelError):
                await command.add(store, facet, fresh(like, **{name: value}), house.stamp())


async def test_whatever_somebody_reports_is_refused_by_the_model(store: Store, house: House) -> None:
    for name in ("type", "location", "tool", "finding_id", "root_id", "number"):
        for value in ODD:
            if (name, value) in {("tool", None), ("number", 1)} if isinstance(value, int | None) else False:
                continue
            with pytest.raises(ModelError):
                await commands.add(store, fresh(house.one, **{name: value}), house.stamp())


V_KEY, SHORT = vulnerability_key(ONE), FindingDescription(title="x", description="y")
OLD: Sequence[tuple[Facet[Any], Key, Mapping[str, object], str]] = (
    (ROOT, root_key(BACKEND), {"location__branch": "-rf"}, "bad_format (location.branch)"),
    (ROOT, root_key(BACKEND), {"info__nickname": "=cmd()"}, "bad_characters (info.nickname)"),
    (GROUP, group_key("webshop"), {"info__tags": ("a", "a")}, "not_canonical (info.tags)"),
    (GROUP, group_key("webshop"), {"state__status": GroupStatus.DELETED}, "required (state.reason)"),
    (
        FINDING,
        finding_key(R1),
        {"description": FindingDescription(title="x", description="y")},
        "too_short (description.title)",
    ),
    (FINDING, finding_key(R1), {"severity__score": 9}, "wrong_type (severity.score)"),
    (VULNERABILITY, V_KEY, {"state__status": VulnerabilityStatus.SAFE}, "required (state.closing_reason)"),
    (VULNERABILITY, V_KEY, {"state__status": VulnerabilityStatus.DELETED}, "required (state.justification)"),
    (VULNERABILITY, V_KEY, {"cycle__cycles": 0}, "inconsistent (cycle.cycles)"),
    (
        VULNERABILITY,
        V_KEY,
        {"treatment": Treatment(status=TreatmentStatus.IN_PROGRESS, at=datetime(2024, 5, 1, tzinfo=UTC), by=HANA)},
        "required (treatment.assigned)",
    ),
    (VULNERABILITY, V_KEY, {"treatment__justification": "short"}, "too_short (treatment.justification)"),
    (VULNERABILITY, V_KEY, {"treatment__at": datetime(2300, 1, 1, tzinfo=UTC)}, "out_of_range (treatment.at)"),
)


@pytest.mark.parametrize(("facet", "key", "members", "expected"), OLD, ids=lambda part: str(getattr(part, "name", part))[:60])
async def test_nothing_is_changed_into_what_breaks_a_rule(
    store: Store, house: House, facet: Facet[Any], key: Key, members: Mapping[str, object], expected: str
) -> None:
    before = await store.get((key,))

    def alter(old: Any, _: datetime) -> Any:
        return replace(fresh(old, **members), version=old.version, schema=old.schema)

    with pytest.raises(Rejections) as caught:
        await command.update(store, facet, key, alter, house.stamp())
    assert expected in [f"{one.reason} ({'.'.join(one.path)})" for one in caught.value.refusals]
    written = await command.update_each(store, facet, [key], alter, house.stamp())
    assert [type(error) for error in written.refused.values()] == [Rejections]
    assert await store.get((key,)) == before
    assert await house.is_exact()


STAMPS: Sequence[tuple[Mapping[str, object], str]] = (
    ({"by": None}, "wrong_type (by)"),
    ({"by": ""}, "required (by)"),
    ({"by": "Somebody"}, "bad_format (by)"),
    ({"by": address_of("HANA")}, "not_canonical (by)"),
    ({"at": None}, "wrong_type (at)"),
    ({"at": datetime(2024, 6, 1)}, "bad_format (at)"),  # noqa: DTZ001 - the naive date is what is refused
    ({"at": datetime(2024, 6, 1, tzinfo=timezone(timedelta(hours=9)))}, "not_canonical (at)"),
    ({"at": datetime(2200, 1, 1, tzinfo=UTC)}, "out_of_range (at)"),
    ({"at": datetime(9999, 1, 1, tzinfo=UTC)}, "out_of_range (at)"),
    ({"operation": ""}, "bad_format (operation)"),
    ({"operation": "Update Group"}, "bad_format (operation)"),
    ({"change_id": "change-1"}, "bad_characters (change_id)"),
    ({"change_id": None}, "wrong_type (change_id)"),
)


@pytest.mark.parametrize(("members", "expected"), STAMPS, ids=str)
async def test_a_bad_stamp_changes_nothing(store: Store, house: House, members: Mapping[str, object], expected: str) -> None:
    stamp: Stamp = replace(house.stamp(), **members)
    facet, new = root(house)
    with pytest.raises((Rejected, Rejections)) as caught:
        await command.add(store, facet, new, stamp)
    assert expected in str(caught.value)
    with pytest.raises((Rejected, Rejections)):
        await command.update(store, GROUP, group_key("webshop"), lambda old, _: fresh(old, info__description="New"), stamp)
    assert await read.get_any(store, facet, entity_key(facet, new)) is None
    assert await read.get(store, GROUP, group_key("webshop")) == house.group
    assert await house.is_exact()


@pytest.mark.parametrize("by", [HANA, "system", "operator", "service:forces:webshop", "service:oidc:example"])
async def test_every_actor_may_change_things(store: Store, house: House, by: str) -> None:
    facet, new = root(house)
    made = await command.add(store, facet, new, house.stamp(by=by))
    assert made.created_by == by
