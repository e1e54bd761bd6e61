"""Executions of the gate in a store: what is looked at, calls that are sent again, and two at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from packages.db_model.tests.entity.gate import CI, ID, asked, logs

from integrates.db_model import forces
from integrates.db_model.entity import command, read
from integrates.db_model.erasure.commands import erase
from integrates.db_model.errors import AlreadyExists, Corrupt, NotFound, Rejected, Rejections, Unavailable
from integrates.db_model.files.port import Content, Files
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.forces.commands import log_text
from integrates.db_model.forces.facet import FORCES_EXECUTION, executions_of_group, forces_execution_key
from integrates.db_model.forces.rules import log_key
from integrates.db_model.forces.types import ForcesExecution, GateCounts, GatePolicy, GitFacts
from integrates.db_model.groups import commands as groups
from integrates.db_model.organizations import commands as organizations
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.roots import commands as roots
from integrates.db_model.roots.types import IPLocation, RootKind, URLLocation, URLProtocol
from integrates.db_model.store.port import Change
from integrates.db_model.testing.scene import (
    HANA,
    add_finding,
    add_root,
    add_root_at,
    add_vulnerability,
    address_of,
    deactivate_root,
    scored,
)
from integrates.db_model.vulnerabilities import commands as vulnerabilities
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Vulnerability,
    VulnerabilityType,
    ZeroRisk,
    ZeroRiskStatus,
)

if TYPE_CHECKING:
    from packages.db_model.tests.entity.conftest import House, Intrude


def aged(days: float) -> Callable[[Vulnerability], Vulnerability]:
    """Return what makes a new vulnerability so many days old."""

    def alter(new: Vulnerability) -> Vulnerability:
        at = new.created_at - timedelta(days=days)
        return replace(new, cycle=replace(new.cycle, reported_at=at, opened_at=at))

    return alter


async def test_a_verdict_is_stored_with_all_that_decided(house: House, files: Files) -> None:
    given: dict[str, Any] = {
        "root_nickname": "backend",
        "severity_threshold": 5.0,
        "grace_period": 3,
        "git_branch": "main",
        "log": b"hello",
    }
    made = await asked(house, files, **given)
    assert (made.version, made.created_by, made.created_at, made.root_id) == (1, CI, made.execution_date, house.root.id)
    assert (made.policy, made.counts) == (GatePolicy(severity_threshold=Decimal("0.0"), grace_period=0), GateCounts(blocking=1))
    assert (made.exit_code, made.blocking) == (1, (house.one.id,))
    assert await read.get(house.store, FORCES_EXECUTION, forces_execution_key("webshop", ID)) == made
    assert await read.everything(house.store, FORCES_EXECUTION, executions_of_group("webshop")) == (made,)
    assert await read.everything(house.store, FORCES_EXECUTION, executions_of_group("rival")) == ()
    assert await log_text(files, made) == "hello"
    (revision,) = await read.history(house.store, forces_execution_key("webshop", ID))
    assert (revision.version, revision.by, revision.aspects["exit_code"]) == (1, CI, 1)
    assert await house.is_exact()


async def test_groups_do_not_share_ids(house: House, files: Files) -> None:
    own = await asked(house, files)
    other = await forces.execute(house.store, house.other, {"id": ID, "strictness": "LAX"}, house.stamp(), files)
    assert (own.exit_code, other.exit_code, other.counts) == (1, 0, GateCounts())


@pytest.mark.parametrize(
    "change", [{"exit_code": 0}, {"blocking": ()}, {"log": None}, {"git": GitFacts(repo="other")}], ids=str
)
async def test_a_verdict_never_changes(house: House, files: Files, change: Mapping[str, Any]) -> None:
    await asked(house, files, log=b"hello")
    with pytest.raises(Rejections, match="fixed"):
        await command.update(
            house.store,
            FORCES_EXECUTION,
            forces_execution_key("webshop", ID),
            lambda old, _: replace(old, **change),
            house.stamp(),
        )


async def furnish(house: House) -> None:
    """Add vulnerabilities of every type and category; the first is a line of score 5.0 that blocks."""
    store, stamp, group = house.store, house.stamp, house.group
    second = await add_finding(store, group, "R2", stamp, score="9.0")
    host = await add_root_at(store, group, "host", stamp, IPLocation(address="192.0.2.1"))
    shop = URLLocation(protocol=URLProtocol.HTTPS, host="shop.example", port=443, path="/")
    site = await add_root_at(store, group, "site", stamp, shop)
    await add_vulnerability(store, second, house.root, "two.py", stamp)
    await add_vulnerability(store, second, house.root, "low.py", stamp, severity=scored("1.0"))
    await add_vulnerability(store, second, host, "192.0.2.1", stamp, type=VulnerabilityType.PORTS, specific="22")
    await add_vulnerability(store, second, site, "https://shop.example/a", stamp, type=VulnerabilityType.INPUTS, specific="q")
    gone = await add_vulnerability(store, second, house.root, "gone.py", stamp)
    await vulnerabilities.close(store, gone.id, ClosingReason.VERIFIED, stamp())
    hidden = await add_vulnerability(store, second, house.root, "hidden.py", stamp)
    claim = ZeroRisk(status=ZeroRiskStatus.CONFIRMED, at=hidden.created_at, by=HANA, requested_by=HANA)
    await vulnerabilities.update(store, hidden.id, lambda old, _: replace(old, zero_risk=claim), stamp())
    removed = await add_vulnerability(store, second, house.root, "removed.py", stamp)
    why = house.removed(RemovalJustification.DUPLICATED)
    await command.update(store, VULNERABILITY, vulnerability_key(removed.id), why, stamp())
    await add_vulnerability(store, second, house.root, "draft.py", stamp, house.draft)


LOOKED_AT: dict[str, tuple[dict[str, Any], int]] = {
    "everything": ({}, 5),
    "static": ({"kind": "STATIC"}, 3),
    "dynamic": ({"kind": "DYNAMIC"}, 2),
    "a repository": ({"root_nickname": "backend"}, 3),
    "a host": ({"root_nickname": "host"}, 1),
    "what runs of a repository": ({"root_nickname": "backend", "kind": "DYNAMIC"}, 0),
}


@pytest.mark.parametrize(("given", "number"), LOOKED_AT.values(), ids=LOOKED_AT)
async def test_what_is_looked_at(house: House, files: Files, given: dict[str, Any], number: int) -> None:
    await furnish(house)
    made = await asked(house, files, **given)
    closed = 0 if given.get("root_nickname") == "host" else 1
    assert (made.counts, len(made.blocking)) == (GateCounts(blocking=number, closed=closed), number)
    assert await house.is_exact()


async def test_own_scores_count_before_those_of_findings(house: House, files: Files) -> None:
    await furnish(house)
    await groups.regulate(house.store, house.group, {"policies": {"min_breaking_severity": 5.0}}, house.stamp())
    made = await asked(house, files)
    assert made.counts == GateCounts(blocking=4, below_threshold=1, closed=1)
    assert made.blocking[-1] == house.one.id, "the lowest score comes last"
    await findings.rescore(house.store, house.finding.id, scored("4.9"), house.stamp())
    later = await asked(house, files, id="build-4712")
    assert later.counts == GateCounts(blocking=3, below_threshold=2, closed=1)


async def test_policies_of_the_organization_count_where_the_group_has_none(house: House, files: Files) -> None:
    above = await read.get(house.store, ORGANIZATION, organization_key(house.group.organization_id))
    assert above is not None
    given = {"policies": {"vulnerability_grace_period": 10, "days_until_it_breaks": 20, "min_breaking_severity": 6.0}}
    await organizations.regulate(house.store, above, given, house.stamp())
    await groups.regulate(house.store, house.group, {"policies": {"min_breaking_severity": 1.0}}, house.stamp())
    for name, days in (("old.py", 10), ("older.py", 20.5), ("young.py", 9.9)):
        await add_vulnerability(house.store, house.finding, house.root, name, house.stamp, aged(days))
    made = await asked(house, files)
    assert made.policy == GatePolicy(severity_threshold=Decimal("1.0"), grace_period=10, days_until_it_breaks=20)
    assert made.counts == GateCounts(in_grace=2, blocking=1, technical_debt=1)
    asked_more = await asked(house, files, id="build-4712", grace_period=9)
    assert asked_more.counts == GateCounts(in_grace=1, blocking=2, technical_debt=1)


async def test_a_root_counts_whether_it_is_active_or_not(house: House, files: Files) -> None:
    await deactivate_root(house.store, house.root.id, house.stamp())
    assert (await asked(house, files, root_nickname="backend")).exit_code == 1
    assert (await asked(house, files, id="build-4712")).exit_code == 1


@pytest.mark.parametrize("nickname", ["frontend", "", " backend", "BACKEND", "#", "x" * 5_000, "theirs"])
async def test_a_nickname_that_the_group_does_not_have(house: House, files: Files, nickname: str) -> None:
    await add_root(house.store, house.other, "theirs", house.stamp)
    with pytest.raises(Rejected, match="no_root") as caught:
        await asked(house, files, root_nickname=nickname)
    assert caught.value.path == ("root_nickname",)
    assert await read.everything(house.store, FORCES_EXECUTION, executions_of_group("webshop")) == ()


async def test_a_verdict_on_a_root_of_another_group_is_not_stored(house: House, files: Files) -> None:
    """Nor one of a group that belongs to another organization, whoever makes it."""
    theirs = await add_root(house.store, house.other, "theirs", house.stamp)
    made = await asked(house, files, root_nickname="backend")
    for change in ({"root_id": theirs.id}, {"organization_id": house.other.organization_id}):
        new = replace(made, id="build-4712", version=0, updated_at=None, schema=0, **change)
        with pytest.raises((Rejected, Rejections), match="wrong_parent"):
            await command.add(house.store, FORCES_EXECUTION, new, house.stamp())


async def test_a_call_that_is_sent_again_gets_its_verdict_although_the_root_was_renamed(house: House, files: Files) -> None:
    first = await asked(house, files, root_nickname="backend", log=b"hello")
    await roots.describe(house.store, house.root, RootKind.GIT, {"nickname": "renamed"}, house.stamp())
    await vulnerabilities.close(house.store, house.one.id, ClosingReason.VERIFIED, house.stamp())
    assert await asked(house, files, root_nickname="backend", log=b"hello") == first
    with pytest.raises(AlreadyExists, match="id_used"):
        await asked(house, files, root_nickname="renamed", log=b"hello")
    with pytest.raises(Rejected, match="no_root"):
        await asked(house, files, id="build-4712", root_nickname="backend")
    assert await logs(files) == [log_key(first)]


async def test_of_two_at_once_one_decides_and_both_get_its_verdict(house: House, files: Files) -> None:
    made = await asyncio.gather(*(asked(house, files, log=b"the same") for _ in range(5)))
    assert len(set(map(repr, made))) == 1
    assert await logs(files) == [log_key(made[0])], "the logs of those that lost are gone"
    assert await log_text(files, made[0]) == "the same"
    assert len(await read.history(house.store, forces_execution_key("webshop", ID))) == 1


async def test_of_two_at_once_with_other_arguments_one_is_refused(house: House, files: Files) -> None:
    calls = (asked(house, files, log=name.encode(), git_branch=name) for name in ("main", "feature"))
    made = await asyncio.gather(*calls, return_exceptions=True)
    (verdict,) = [one for one in made if isinstance(one, ForcesExecution)]
    (refused,) = [one for one in made if not isinstance(one, ForcesExecution)]
    assert isinstance(refused, AlreadyExists)
    assert str(refused.reason) == "id_used"
    assert await logs(files) == [log_key(verdict)]
    assert await log_text(files, verdict) == verdict.git.branch


async def test_a_group_that_is_removed_meanwhile_has_no_verdict(house: House, files: Files, intrude: Intrude) -> None:
    async def before(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:
            await house.remove_group()

    with pytest.raises(NotFound):
        await asked(house, files, store=intrude(house.store, before), log=b"hello")
    assert await read.get(house.store, FORCES_EXECUTION, forces_execution_key("webshop", ID)) is None
    assert await logs(files) == []
    with pytest.raises(NotFound):
        await asked(house, files)


async def test_a_root_that_changes_meanwhile_does_not_keep_a_verdict_from_being_stored(
    house: House, files: Files, intrude: Intrude
) -> None:
    async def before(number: int, _changes: Sequence[Change]) -> None:
        if number == 1:
            await roots.describe(house.store, house.root, RootKind.GIT, {"criticality": "HIGH"}, house.stamp())

    assert (await asked(house, files, store=intrude(house.store, before), root_nickname="backend")).exit_code == 1


async def test_after_an_outage_the_log_stays_and_the_same_call_finishes(house: House, files: Files) -> None:
    """Nobody knows whether the write was done: here it was."""

    async def lost(changes: Sequence[Change]) -> None:
        await house.store.write(changes)
        raise Unavailable("the answer was lost")

    with pytest.raises(Unavailable):
        await asked(house, files, store=replace(house.store, write=lost), log=b"hello")
    again = await asked(house, files, log=b"hello")
    assert await log_text(files, again) == "hello"


async def test_without_a_file_store_nothing_is_decided(house: House, files: Files) -> None:
    async def put(_key: str, _content: Content) -> None:
        raise Unavailable("full")

    with pytest.raises(Unavailable):
        await asked(house, replace(files, put=put), log=b"hello")
    assert await read.get(house.store, FORCES_EXECUTION, forces_execution_key("webshop", ID)) is None
    assert (await asked(house, replace(files, put=put))).exit_code == 1, "without a log there is no file"


async def test_a_log_that_is_gone_is_told(house: House, files: Files) -> None:
    made = await asked(house, files, log=b"hello")
    await files.delete(log_key(made) or "")
    with pytest.raises(Corrupt):
        await log_text(files, made)
    assert await log_text(files, await asked(house, files, id="build-4712")) is None


async def test_who_is_erased_is_not_mentioned_in_what_pipelines_said(house: House, files: Files) -> None:
    """The identity that asked is nobody's e-mail and stays."""
    uri = address_of("uri")
    await asked(house, files, git_branch=f"for {uri}", git_repo=uri, git_origin="https://git.example/shop")
    await erase(house.store, uri, house.stamp(by="operator"), "0123456789abcdef0123")
    known = await read.get(house.store, FORCES_EXECUTION, forces_execution_key("webshop", ID))
    assert known is not None
    name = "erased-0123456789abcdef0123@erased.invalid"
    assert known.git == GitFacts(repo=name, branch=f"for {'*' * len(uri)}", origin="https://git.example/shop")
    assert (known.version, known.created_by) == (1, CI)
