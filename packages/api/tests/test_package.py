"""Packages through the API: advisories as they are shown, and lists of packages alone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from integrates.db_model.entity import command
from integrates.db_model.severities.rules import severity
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    Advisory,
    Fix,
    Relation,
    Technique,
    Use,
    Vulnerability,
    VulnerabilityLocation,
    VulnerabilityType,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from packages.api.tests.conftest import World

SHOWN = """query ($id: ID!, $at: DateTime) { vulnerability(id: $id, asOf: $at) {
  type technique where specific ownSeverity { toolScore toolVector score cvssV3 }
  advisory { id cve aliases package vulnerableVersion purl fixedVersion fix relation use } } }"""
LIST = """query ($filter: VulnerabilityFilter) { group(name: "webshop") {
  vulnerabilities(first: 50, filter: $filter) { nodes { id } } } }"""
V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
ADVISORY = Advisory(
    id="CVE-2017-16137",
    cve=("CVE-2017-16137",),
    aliases=("GHSA-gxpj-cx7g-858c",),
    package="debug",
    vulnerable_version="2.6.8",
    purl="pkg:npm/debug@2.6.8",
    fixed_version="2.6.9, 3.1.0",
    fix=Fix.AVAILABLE,
    relation=Relation.TRANSITIVE,
    use=Use.PRODUCTION,
)


def in_package(advisory: Advisory, specific: str) -> Callable[[Vulnerability], Vulnerability]:
    """Make a package of what was reported in a line."""

    def make(old: Vulnerability) -> Vulnerability:
        return replace(
            old,
            type=VulnerabilityType.PACKAGES,
            technique=Technique.SCA,
            location=VulnerabilityLocation(where="package-lock.json", specific=specific),
            advisory=advisory,
            severity=severity(tool_score=Decimal("7.5"), tool_vector=V2),
        )

    return make


async def altered(world: World, make: Callable[[Vulnerability], Vulnerability]) -> str:
    """Change the open vulnerability, whatever is fixed, and return its id."""
    key = vulnerability_key(world.aurora.vulnerable.id)
    await command.update(world.store, replace(VULNERABILITY, fixed=()), key, lambda old, _: make(old), world.stamp())
    return world.aurora.vulnerable.id


async def test_an_advisory_is_shown_as_it_is_and_as_it_was(world: World) -> None:
    identity = await altered(world, in_package(ADVISORY, "debug@2.6.8"))
    before = world.now()
    bare = Advisory(id="GHSA-1", package="debug", vulnerable_version="")
    await altered(world, in_package(bare, "debug"))
    shown: dict[str, Any] = {
        "type": "PACKAGES",
        "technique": "SCA",
        "where": "package-lock.json",
        "specific": "debug@2.6.8",
        "ownSeverity": {"toolScore": 7.5, "toolVector": V2, "score": 7.5, "cvssV3": None},
        "advisory": {
            "id": "CVE-2017-16137",
            "cve": ["CVE-2017-16137"],
            "aliases": ["GHSA-gxpj-cx7g-858c"],
            "package": "debug",
            "vulnerableVersion": "2.6.8",
            "purl": "pkg:npm/debug@2.6.8",
            "fixedVersion": "2.6.9, 3.1.0",
            "fix": "AVAILABLE",
            "relation": "TRANSITIVE",
            "use": "PRODUCTION",
        },
    }
    assert (await world.data("greta", SHOWN, id=identity, at=before.isoformat()))["vulnerability"] == shown
    assert (await world.data("greta", SHOWN, id=identity))["vulnerability"] == shown | {
        "specific": "debug",
        "advisory": {
            "id": "GHSA-1",
            "cve": [],
            "aliases": [],
            "package": "debug",
            "vulnerableVersion": "",
            "purl": None,
            "fixedVersion": None,
            "fix": "UNKNOWN",
            "relation": "UNKNOWN",
            "use": "UNKNOWN",
        },
    }


@pytest.mark.parametrize("wanted", [{"types": ["PACKAGES"]}, {"text": "DEBUG@2.6"}, {"text": "package-lock"}])
async def test_packages_are_listed_alone(world: World, wanted: dict[str, Any]) -> None:
    identity = await altered(world, in_package(ADVISORY, "debug@2.6.8"))
    nodes = (await world.data("greta", LIST, filter=wanted))["group"]["vulnerabilities"]["nodes"]
    assert [node["id"] for node in nodes] == [identity]


async def test_another_tenant_sees_no_advisory(world: World) -> None:
    identity = await altered(world, in_package(ADVISORY, "debug@2.6.8"))
    answer = await world.answer("greta2", SHOWN, id=identity)
    assert "CVE-2017-16137" not in str(answer.body)
