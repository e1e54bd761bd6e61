"""What people say of one vulnerability: its labels, and a severity of its own (domain section 11.2)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.conftest import stamping
from packages.api.tests.test_report import add, is_exact, report
from packages.api.tests.test_review import ERRORS, SINGLE, V3, each_state, tell
from packages.api.tests.test_treatment import reasons, stored

from integrates.db_model.testing import scene

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packages.api.tests.conftest import World

SINGLES: Mapping[str, dict[str, tuple[str, ...]]] = {
    "label": {"SUBMITTED": ("not_released",), "REJECTED": ("not_released",), "hidden": ("hidden",)},
    "score": {"hidden": ("hidden",)},
}


@pytest.mark.parametrize("name", SINGLE)
async def test_what_is_said_of_one_in_every_state(world: World, name: str) -> None:
    for state, one in (await each_state(world)).items():
        payload = await tell(world, "greta", name, one.id)
        expected = SINGLES[name].get(state, ())
        assert reasons(payload) == [("INVALID", reason, []) for reason in expected]
        assert (payload["vulnerability"] is None) is bool(expected)
        if not expected:
            assert payload["vulnerability"]["version"] == one.version + 1
            assert (await tell(world, "greta", name, one.id))["vulnerability"]["version"] == one.version + 1
    assert await is_exact(world)


@pytest.mark.parametrize("name", SINGLE)
async def test_of_two_who_say_something_with_one_version_one_is_heard(world: World, name: str) -> None:
    one = world.aurora.vulnerable
    both = await asyncio.gather(*(tell(world, person, name, one.id, one.version) for person in ("greta", "hana")))
    done = [payload for payload in both if not payload["errors"]]
    lost = [payload for payload in both if payload["errors"]]
    assert len(done) >= 1
    for payload in lost:
        assert reasons(payload) == [("CONFLICT", "stale_version", [])]
        assert payload["errors"][0]["currentVersion"] == one.version + 1
    assert (await stored(world, one.id)).version == one.version + 1


LABELS: Mapping[str, tuple[str, list[tuple[str, str, list[str]]]]] = {
    "twenty-one tags": (
        f"tags: [{', '.join(chr(34) + f't{n}' + chr(34) for n in range(21))}]",
        [("LIMIT_EXCEEDED", "too_many_items", ["tags"])],
    ),
    "a tag too long": (f'tags: ["ok", "{"x" * 31}"]', [("INVALID", "too_long", ["tags", "1"])]),
    "a tag in capitals": ('tags: ["Big"]', [("INVALID", "bad_characters", ["tags", "0"])]),
    "a url of another kind": ('bugTrackingSystemUrl: "ftp://x.example"', [("INVALID", "bad_format", ["bugTrackingSystemUrl"])]),
}


@pytest.mark.parametrize(("given", "expected"), LABELS.values(), ids=LABELS)
async def test_labels_have_bounds(world: World, given: str, expected: list[tuple[str, str, list[str]]]) -> None:
    query = f"mutation ($id: ID!) {{ x: updateVulnerabilityLabels(id: $id, {given}) {{ vulnerability {{ id }} {ERRORS} }} }}"
    assert reasons((await world.data("hana", query, id=world.aurora.vulnerable.id))["x"]) == expected
    assert reasons((await world.data("hana", query, id=world.aurora.submitted.id))["x"]) == expected


async def test_labels_are_kept_and_taken_away(world: World) -> None:
    async def label(given: str) -> Any:
        query = f"mutation ($id: ID!) {{ x: updateVulnerabilityLabels(id: $id{given}) {{ vulnerability {{ tags version "
        query += f"bugTrackingSystemUrl }} {ERRORS} }} }}"
        return (await world.data("uri", query, id=world.aurora.vulnerable.id))["x"]["vulnerability"]

    url = "https://issues.example/SHOP-17"
    both = {"tags": ["a", "b"], "bugTrackingSystemUrl": url, "version": 2}
    assert await label(f', tags: ["a", "b", "a"], bugTrackingSystemUrl: "{url}"') == both
    assert await label("") == both
    assert await label(", tags: null") == {"tags": [], "bugTrackingSystemUrl": url, "version": 3}
    assert await label(", bugTrackingSystemUrl: null") == {"tags": [], "bugTrackingSystemUrl": None, "version": 4}


async def test_an_own_severity_comes_and_goes_in_the_cells(world: World) -> None:
    async def score(given: str) -> Any:
        query = (
            f"mutation ($id: ID!) {{ x: updateVulnerabilitySeverity(id: $id{given}) {{ vulnerability {{ severity {{ score }} "
        )
        query += f"ownSeverity {{ score }} version }} {ERRORS} }} }}"
        return (await world.data("remy", query, id=world.aurora.vulnerable.id))["x"]

    summary = 'query { group(name: "webshop") { summary { maxOpenScore } } }'
    assert (await score(f', cvssV3: "{V3}"'))["vulnerability"] == {
        "severity": {"score": 9.8},
        "ownSeverity": {"score": 9.8},
        "version": 2,
    }
    assert (await world.data("uri", summary))["group"]["summary"] == {"maxOpenScore": 9.8}
    assert await is_exact(world)
    inherited = {"severity": {"score": 7.5}, "ownSeverity": None, "version": 3}
    assert (await score(", cvssV3: null"))["vulnerability"] == inherited
    assert (await score(""))["vulnerability"] == inherited
    assert (await world.data("uri", summary))["group"]["summary"] == {"maxOpenScore": 7.5}
    assert reasons(await score(f', cvssV4: "{V3}", cvssV3: "x"')) == [
        ("INVALID", "bad_vector", ["cvssV4"]),
        ("INVALID", "bad_vector", ["cvssV3"]),
    ]
    assert await is_exact(world)


async def test_nothing_is_inherited_from_a_finding_without_severity(world: World) -> None:
    bare = await scene.add_finding(world.store, world.aurora.group, "bare", stamping(), title="Bare")
    payload = await add(world, "hana", report(world.aurora, cvssV3=V3), finding=bare.id)
    (one,) = payload["vulnerabilities"]
    query = f"mutation ($id: ID!) {{ x: updateVulnerabilitySeverity(id: $id) {{ vulnerability {{ id }} {ERRORS} }} }}"
    assert reasons((await world.data("hana", query, id=one["id"]))["x"]) == [("INVALID", "no_severity", [])]
