"""What a root may be, and what may be found in it (domain sections 3 and 18)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import get_args

import pytest
from msgspec.structs import replace

from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Rejected, Rejections
from integrates.db_model.groups.commands import new_group
from integrates.db_model.groups.types import Group, GroupInfo
from integrates.db_model.roots import rules
from integrates.db_model.roots.argument import ARGUMENTS, arguments_of, described
from integrates.db_model.roots.commands import new_root
from integrates.db_model.roots.types import Root, RootKind, RootStatus
from integrates.db_model.vulnerabilities.types import VulnerabilityType

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
STAMP = Stamp(by="ada@demo.example", at=datetime(2024, 5, 1, tzinfo=UTC), operation="test", change_id=ID)
GROUP: Group = new_group(GroupInfo(name="webshop", organization_id=ID, description="Shop"), STAMP)
GIVEN: Mapping[RootKind, Mapping[str, object]] = {
    RootKind.GIT: {"url": "https://git.example/acme/shop", "branch": "main", "gitignore": ("dist/",), "nickname": "shop"},
    RootKind.IMAGE: {"reference": "ghcr.io/acme/shop:1", "nickname": "shop"},
    RootKind.IP: {"address": "192.0.2.7", "nickname": "shop"},
    RootKind.URL: {"url": "https://shop.example:8443/app?a=1", "nickname": "shop"},
}


def root(kind: RootKind) -> Root:
    return new_root(ID, GROUP, *described(kind, GIVEN[kind]), STAMP)


def test_every_kind_has_its_rules() -> None:
    kinds = {one.kind for one in get_args(Root)}
    assert kinds == set(RootKind) == GIVEN.keys() == ARGUMENTS.keys()


@pytest.mark.parametrize("kind", RootKind)
def test_a_root_is_made_of_its_arguments(kind: RootKind) -> None:
    made = root(kind)
    assert made.kind is kind
    assert tuple(rules.whole(made)) == ()
    assert described(kind, arguments_of(made)) == (made.location, made.info)


@pytest.mark.parametrize(
    ("kind", "given", "nickname"),
    [
        (RootKind.GIT, {"url": "git@git.example:acme/Shop.git", "branch": "main"}, "Shop"),
        (RootKind.IMAGE, {"reference": "ubuntu:24.04"}, "ubuntu"),
        (RootKind.IMAGE, {"reference": f"localhost:5000/a/b_c.d@sha256:{'0' * 64}"}, "b_c.d"),
    ],
)
def test_a_root_without_nickname_is_called_by_the_last_part_of_its_name(
    kind: RootKind, given: Mapping[str, object], nickname: str
) -> None:
    assert described(kind, given)[1].nickname == nickname


def test_a_last_part_that_is_no_nickname_is_told() -> None:
    with pytest.raises(Rejected) as caught:
        described(RootKind.IMAGE, {"reference": "r.example/" + "a" * 129})
    assert (caught.value.reason, caught.value.path) == ("too_long", ("nickname",))


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (RootKind.GIT, ["url", "branch"]),
        (RootKind.IMAGE, ["reference"]),
        (RootKind.IP, ["address", "nickname"]),
        (RootKind.URL, ["url", "nickname"]),
    ],
)
def test_what_is_missing_is_told(kind: RootKind, missing: list[str]) -> None:
    with pytest.raises(Rejections) as caught:
        described(kind, {})
    assert [(one.reason, one.path) for one in caught.value.refusals] == [("required", (name,)) for name in missing]


def test_only_active_roots_take_something_new() -> None:
    active = root(RootKind.GIT)
    assert rules.is_active(active)
    assert not rules.is_active(replace(active, state=replace(active.state, status=RootStatus.INACTIVE)))


PLACES: Mapping[VulnerabilityType, str] = {
    VulnerabilityType.INPUTS: "https://shop.example:8443/login",
    VulnerabilityType.LINES: "src/a.py",
    VulnerabilityType.PACKAGES: "package-lock.json",
    VulnerabilityType.PORTS: "192.0.2.7",
}


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        (RootKind.GIT, {VulnerabilityType.INPUTS, VulnerabilityType.LINES, VulnerabilityType.PACKAGES}),
        (RootKind.IMAGE, {VulnerabilityType.LINES, VulnerabilityType.PACKAGES}),
        (RootKind.IP, {VulnerabilityType.PORTS}),
        (RootKind.URL, {VulnerabilityType.INPUTS}),
    ],
)
def test_the_kind_decides_the_types(kind: RootKind, types: set[VulnerabilityType]) -> None:
    assert {one for one in VulnerabilityType if rules.may_hold(root(kind), one, PLACES[one])} == types


@pytest.mark.parametrize(
    ("kind", "type_", "where"),
    [
        (RootKind.IP, VulnerabilityType.PORTS, "192.0.2.8"),
        (RootKind.IP, VulnerabilityType.PORTS, "shop.example"),
        (RootKind.URL, VulnerabilityType.INPUTS, "https://shop.example/login"),
        (RootKind.URL, VulnerabilityType.INPUTS, "https://other.example:8443/login"),
    ],
)
def test_what_lies_elsewhere_is_outside(kind: RootKind, type_: VulnerabilityType, where: str) -> None:
    assert not rules.may_hold(root(kind), type_, where)
