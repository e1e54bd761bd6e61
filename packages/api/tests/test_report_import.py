"""What people report and review, and imports of the same places: neither decides for the other (domain sections 4.1 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packages.api.tests.test_import_mutation import run, sarif
from packages.api.tests.test_report import add, found, is_exact, reasons, report
from packages.api.tests.test_review import ask, evidenced

from integrates.db_model.entity import read
from integrates.db_model.findings.facet import FINDING, finding_key

if TYPE_CHECKING:
    from packages.api.tests.conftest import World

    from integrates.db_model.findings.types import Finding

SEEN = sarif(("r1", "app/a.py", 1), ("r1", "app/b.py", 2))
LISTED = """{ group(name: "webshop") { vulnerabilities(first: 50, filter: {states: [SUBMITTED, REJECTED, VULNERABLE, SAFE]}) {
  nodes { id where source state cycles finding { id title } } } } }"""


async def counts(world: World, content: bytes = SEEN) -> dict[str, int]:
    """Import a file, and return the counts that are not zero."""
    done = (await run(world, content))["import"]
    assert done["state"] == "COMPLETED"
    return {name: number for name, number in done["counts"].items() if number}


async def at(world: World, where: str) -> list[dict[str, Any]]:
    nodes = (await world.data("greta", LISTED))["group"]["vulnerabilities"]["nodes"]
    return [one for one in nodes if one["where"] == where]


async def imported(world: World) -> tuple[dict[str, Any], Finding]:
    """Import the file; return what stands at its first place, and the finding of its rule."""
    assert await counts(world) == {"created": 2}
    (one,) = await at(world, "app/a.py")
    finding = await read.get(world.store, FINDING, finding_key(one["finding"]["id"]))
    assert finding is not None
    return one, finding


async def test_an_import_ignores_what_was_removed_for_good_until_a_person_reports_it(world: World) -> None:
    one, finding = await imported(world)
    assert (await ask(world, "remy", "remove", one["id"]))["errors"] == []
    assert await counts(world) == {"ignored": 1, "unchanged": 1}
    assert await at(world, "app/a.py") == []
    payload = await add(world, "hana", report(world.aurora, "app/a.py", "1"), finding=finding.id)
    assert payload["errors"] == []
    (new,) = payload["vulnerabilities"]
    before = await found(world, new["id"])
    assert await counts(world) == {"ignored": 1, "unchanged": 1}
    assert await found(world, new["id"]) == before
    await evidenced(world, finding)
    assert (await ask(world, "remy", "confirm", new["id"]))["errors"] == []
    assert await counts(world) == {"unchanged": 2}
    (only,) = await at(world, "app/a.py")
    assert (only["id"], only["source"], only["state"]) == (new["id"], "ANALYST", "VULNERABLE")
    assert await counts(world, sarif(("r1", "app/b.py", 2))) == {"unchanged": 1}
    assert (await at(world, "app/a.py"))[0]["state"] == "VULNERABLE", "what people reported is not closed by scans"
    assert await is_exact(world)


@pytest.mark.parametrize("justification", ["DUPLICATED", "REPORTING_ERROR"])
async def test_an_import_reports_again_what_was_removed_by_mistake(world: World, justification: str) -> None:
    one, _ = await imported(world)
    query = (
        f"""mutation ($id: ID!) {{ removeVulnerabilities(items: [{{id: $id}}], justification: {justification}) {{ ids }} }}"""
    )
    await world.data("remy", query, id=one["id"])
    assert await counts(world) == {"created": 1, "unchanged": 1}
    (again,) = await at(world, "app/a.py")
    assert again["id"] != one["id"]
    assert await is_exact(world)


async def test_an_import_ignores_drafts_and_reports_beside_what_review_refused(world: World) -> None:
    _, finding = await imported(world)
    both = sarif(("r1", "app/a.py", 1), ("r1", "app/b.py", 2), ("r1", "app/c.py", 3), ("r1", "app/d.py", 4))
    drafts = [report(world.aurora, f"app/{name}.py", line) for name, line in (("c", "3"), ("d", "4"))]
    payload = await add(world, "hana", *drafts, finding=finding.id)
    waiting, refused = [each["id"] for each in payload["vulnerabilities"]]
    assert (await ask(world, "remy", "reject", refused))["errors"] == []
    assert await counts(world, both) == {"created": 1, "ignored": 1, "unchanged": 2}
    assert [(one["id"], one["state"]) for one in await at(world, "app/c.py")] == [(waiting, "SUBMITTED")]
    assert sorted((one["source"], one["state"]) for one in await at(world, "app/d.py")) == [
        ("ANALYST", "REJECTED"),
        ("MACHINE", "VULNERABLE"),
    ]
    assert await counts(world, both) == {"ignored": 1, "unchanged": 3}
    assert await is_exact(world)


async def test_what_an_import_reported_is_reported(world: World) -> None:
    _, finding = await imported(world)
    payload = await add(world, "hana", report(world.aurora, "app/a.py", "1"), finding=finding.id)
    assert reasons(payload) == [("ALREADY_EXISTS", "place_reported", ["vulnerabilities", "0", "where"])]


async def test_what_a_person_reopened_goes_on_with_its_series(world: World) -> None:
    one, _ = await imported(world)
    assert await counts(world, sarif(("r1", "app/b.py", 2))) == {"unchanged": 1, "closed": 1}
    assert (await ask(world, "reto", "reopen", one["id"]))["errors"] == []
    assert await counts(world) == {"unchanged": 2}
    assert await counts(world, sarif(("r1", "app/b.py", 2))) == {"unchanged": 1, "closed": 1}
    (closed,) = await at(world, "app/a.py")
    assert (closed["state"], closed["cycles"]) == ("SAFE", 2)
    assert await is_exact(world)
