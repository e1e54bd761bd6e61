"""Decisions of others, imported as requests (domain section 21; examples B17, B18 and B30)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from packages.api.tests.decided import (
    counts,
    csaf,
    cyclonedx,
    decided,
    openvex,
    scanned,
    shop_root,
    vulnerabilities,
)
from packages.api.tests.test_import_sample import sample

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
