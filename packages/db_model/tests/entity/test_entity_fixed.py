"""What is refused whoever asks: values that could not be read again, and changes of what never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.types import GroupRole
from integrates.db_model.entity import command, read
from integrates.db_model.entity.facet import Facet
from integrates.db_model.errors import Rejections
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding, ToolRule
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.severities.types import Severity
from integrates.db_model.stakeholders.facet import STAKEHOLDER, stakeholder_key
from integrates.db_model.store.port import Key, Store
from integrates.db_model.testing.scene import HANA, add_member, address_of, uid
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Labels

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House

ONE, R1, BACKEND = uid("one"), uid("webshop/R1"), uid("webshop/backend")
URI = address_of("uri")


V_KEY, TEXT = vulnerability_key(ONE), "2024-05-01T00:00:00+00:00"
VALUES: Sequence[tuple[Facet[Any], Key, Callable[[Any], Any], tuple[str, ...]]] = (
    (VULNERABILITY, V_KEY, lambda old: replace(old, labels="urgent"), ("labels",)),
    (VULNERABILITY, V_KEY, lambda old: replace(old, labels=Labels(tags="urgent")), ("labels", "tags")),  # type: ignore[arg-type] # what is refused
    (VULNERABILITY, V_KEY, lambda old: replace(old, labels=Labels(tags=["urgent"])), ("labels",)),  # type: ignore[arg-type] # what is refused
    (VULNERABILITY, V_KEY, lambda old: replace(old, state="SAFE"), ("state",)),
    (VULNERABILITY, V_KEY, lambda old: replace(old, treatment=None), ("treatment",)),
    (VULNERABILITY, V_KEY, lambda old: replace(old, severity="9.8"), ("severity",)),
    (VULNERABILITY, V_KEY, lambda old: replace(old, tool={"name": "scanner"}), ("tool", "categories")),
    (
        VULNERABILITY,
        vulnerability_key(ONE),
        lambda old: replace(old, cycle=replace(old.cycle, cycles=1.5)),
        ("cycle", "cycles"),
    ),
    (VULNERABILITY, V_KEY, lambda old: replace(old, state=replace(old.state, by=None)), ("state", "by")),
    (VULNERABILITY, V_KEY, lambda old: replace(old, location=object()), ("location",)),
    (VULNERABILITY, V_KEY, lambda old: replace(old, technique="SAST "), ("technique",)),
    (GROUP, group_key("webshop"), lambda old: replace(old, info="urgent"), ("info",)),
    (GROUP, group_key("webshop"), lambda old: replace(old, info=replace(old.info, tags="urgent")), ("info", "tags")),
    (GROUP, group_key("webshop"), lambda old: replace(old, info=replace(old.info, description=b"x")), ("info",)),
    (GROUP, group_key("webshop"), lambda old: replace(old, info=replace(old.info, description="\ud800")), ("info",)),
    (GROUP, group_key("webshop"), lambda old: replace(old, state=None), ("state",)),
    (
        GROUP,
        group_key("webshop"),
        lambda old: replace(old, state=replace(old.state, at=TEXT)),
        ("state",),
    ),
    (FINDING, finding_key(R1), lambda old: replace(old, severity=9.8), ("severity",)),
    (FINDING, finding_key(R1), lambda old: replace(old, description=None), ("description",)),
    (FINDING, finding_key(R1), lambda old: replace(old, severity=Severity(score=Decimal("NaN"))), ("severity",)),
    (ROOT, root_key(BACKEND), lambda old: replace(old, location=None), ("location",)),
    (ROOT, root_key(BACKEND), lambda old: replace(old, location=replace(old.location, branch=5)), ("location", "branch")),
)


@pytest.mark.parametrize(("facet", "key", "alter", "path"), VALUES)
async def test_what_could_not_be_read_again_is_refused(
    store: Store, house: House, facet: Facet[Any], key: Key, alter: Callable[[Any], Any], path: tuple[str, ...]
) -> None:
    before = await store.get((key,))
    with pytest.raises(Rejections) as caught:
        await command.update(store, facet, key, lambda old, _: alter(old), house.stamp())
    assert [(each.reason, each.path) for each in caught.value.refusals] == [("wrong_type", path)]
    assert await store.get((key,)) == before
    assert await read.get(store, facet, key) is not None
    assert await house.is_exact()


FIXED: Mapping[str, tuple[str, ...]] = {
    "vulnerability": (
        "id",
        "finding_id",
        "group_name",
        "organization_id",
        "root_id",
        "type",
        "technique",
        "source",
        "number",
        "identity",
    ),
    "finding": ("id", "group_name", "organization_id", "rule"),
    "group_root": ("id", "group_name", "organization_id"),
    "group": ("info.name", "info.organization_id"),
    "organization": ("id", "info.name"),
    "stakeholder": ("info.email",),
    "group_access": ("email", "group_name"),
    "organization_access": ("email", "organization_id"),
}
KEYS: Mapping[str, tuple[Facet[Any], Key]] = {
    "vulnerability": (VULNERABILITY, vulnerability_key(ONE)),
    "finding": (FINDING, finding_key(R1)),
    "group_root": (ROOT, root_key(BACKEND)),
    "group": (GROUP, group_key("webshop")),
    "organization": (ORGANIZATION, organization_key(uid("aurora"))),
    "stakeholder": (STAKEHOLDER, stakeholder_key(URI)),
    "group_access": (GROUP_ACCESS, group_access_key(URI, "webshop")),
    "organization_access": (ORGANIZATION_ACCESS, organization_access_key(HANA, uid("aurora"))),
}


OTHERS: Mapping[str, str] = {
    "webshop": "rival",
    "aurora": "boreal",
}


def another(value: object) -> object:
    """Return another value of the same kind, one that exists where it is an id or a name."""
    match value:
        case Enum():
            return next(each for each in type(value) if each is not value)
        case datetime() as moment:
            return moment + timedelta(seconds=1)
        case int() as number:
            return number + 1
        case ToolRule():
            return None
        case "webshop" | "aurora" as name:
            return OTHERS[name]
        case _:
            return HANA if "@" in str(value) and value != HANA else uid("boreal")


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in FIXED.items() for path in paths])
async def test_what_never_changes_after_creation_is_refused(store: Store, house: House, name: str, path: str) -> None:
    await add_member(store, house.group, URI, GroupRole.USER, house.stamp)
    facet, key = KEYS[name]
    before = await store.get((key,))

    def alter(old: Any, _: datetime) -> Any:
        aspect, *below = path.split(".")
        value = another(attrgetter(path)(old))
        return replace(old, **{aspect: replace(getattr(old, aspect), **{below[0]: value}) if below else value})

    with pytest.raises(Rejections) as caught:
        await command.update(store, facet, key, alter, house.stamp())
    assert ("fixed", path) in [(each.reason, ".".join(each.path)) for each in caught.value.refusals]
    assert await store.get((key,)) == before
    assert await house.is_exact()


async def test_what_the_engine_keeps_itself_cannot_be_set(store: Store, house: House) -> None:
    """Nor what is derived; where nothing else changes, nothing is written."""
    early = house.one.created_at - timedelta(days=9)
    odd: Mapping[str, object] = {"created_by": URI, "created_at": early, "updated_at": early, "version": 77, "schema": 0}

    def alter(old: Any, _: datetime) -> Any:
        return replace(old, **odd, **({"scored": 9} if isinstance(old, Finding) else {}))

    kept: Sequence[tuple[Facet[Any], Key]] = ((FINDING, finding_key(R1)), (VULNERABILITY, vulnerability_key(ONE)))
    for facet, key in kept:
        before = await read.get(store, facet, key)
        assert await command.update(store, facet, key, alter, house.stamp()) == before
        assert await read.get(store, facet, key) == before
    assert len(await read.history(store, vulnerability_key(ONE))) == 1
