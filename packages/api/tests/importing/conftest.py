"""A group with one root, the SARIF files that are imported into it, and stores that misbehave on demand."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from msgspec.structs import replace

from integrates.api.importing import begin, work
from integrates.api.importing.job import Gate, Job
from integrates.api.ingest.confine import within
from integrates.api.ingest.observation import Scan
from integrates.api.ingest.sarif import read
from integrates.db_model.entity import claim, transaction
from integrates.db_model.entity import plan as planning
from integrates.db_model.entity import read as reading
from integrates.db_model.entity.counter import finding_counters_key
from integrates.db_model.entity.facet import entity_key
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.revision import Revision
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound
from integrates.db_model.files.memory import memory_files
from integrates.db_model.files.port import Content, Files, whole
from integrates.db_model.findings import change as finding_change
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import Finding, FindingStateStatus, RemovalJustification, ToolRule
from integrates.db_model.groups import change as group_change
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import Group, GroupInfo, GroupState, GroupStatus
from integrates.db_model.imports.facet import IMPORT, import_key
from integrates.db_model.imports.types import Import, ImportFile, ImportOptions
from integrates.db_model.indicators.recount import recount, stored
from integrates.db_model.organizations import change as organization_change
from integrates.db_model.organizations.facet import ORGANIZATION, organization_key
from integrates.db_model.organizations.types import (
    Organization,
    OrganizationInfo,
    OrganizationState,
    OrganizationStatus,
)
from integrates.db_model.roots import change as root_change
from integrates.db_model.roots.facet import GIT_ROOT, root_key
from integrates.db_model.roots.types import GitLocation, Root, RootInfo, RootKind, RootState, RootStatus
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Change, Key, Page, Query, Store
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.vulnerabilities import change, lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.identity import identity_of
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityStatus

Json: TypeAlias = dict[str, Any]

FIRST = datetime(2024, 5, 1, tzinfo=UTC)
HANA = "hana@demo.example"
GROUP_NAME = "webshop"
ORGANIZATION_ID = "00000000-0000-4000-8000-000000000001"
ROOT_ID = "00000000-0000-4000-8000-000000000002"


class Killed(Exception):
    """What ends a worker in the middle of its work."""


def seen(
    fingerprint: str | None = None,
    path: str = "src/app.py",
    line: int = 1,
    *,
    rule: str = "R1",
    **members: Any,
) -> Json:
    """Return a result of a SARIF file."""
    location = {"physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": line}}}
    marks = {"fingerprints": {"mark": fingerprint}} if fingerprint else {}
    return {"ruleId": rule, "message": {"text": "Bad."}, "locations": [location], **marks, **members}


def one_run(*results: Json, tool: str = "Scanner", category: str = "", rules: Sequence[Json] = (), **members: Any) -> Json:
    """Return a run of a SARIF file."""
    details = {"automationDetails": {"id": category}} if category else {}
    return {"tool": {"driver": {"name": tool, "rules": list(rules)}}, "results": list(results), **details, **members}


def sarif(*runs: Json) -> bytes:
    """Return a SARIF file."""
    return json.dumps({"version": "2.1.0", "runs": list(runs)}).encode()


class World:  # pylint: disable=too-many-public-methods # these are the verbs that tests are written in
    """A store with an organization, a group and a root, and a clock that the test moves."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.keys: list[str] = []
        inner = memory_files()

        async def put(key: str, content: Content) -> None:
            self.keys.append(key)
            await inner.put(key, content)

        self.files: Files = replace(inner, put=put)
        self.at = FIRST
        self.ids = 1_000
        self.is_allowed = True

    def now(self) -> datetime:
        """Return a later date at each call."""
        self.at += timedelta(milliseconds=1)
        return self.at

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)

    def new_id(self) -> str:
        """Return ids that are not in the order in which they are made."""
        self.ids += 1
        return str(UUID(bytes=hashlib.sha256(str(self.ids).encode()).digest()[:16], version=4))

    def stamp(self, operation: str = "test", by: str = HANA) -> Stamp:
        """Return a stamp of a change made now."""
        return Stamp(by=by, at=self.now(), operation=operation, change_id=self.new_id())

    async def found(self) -> None:
        """Store the organization, the group and the root."""
        at = self.now()
        organization = Organization(
            id=ORGANIZATION_ID,
            info=OrganizationInfo(name="aurora"),
            state=OrganizationState(status=OrganizationStatus.ACTIVE, at=at, by=HANA),
            created_at=at,
            created_by=HANA,
        )
        await transaction.write(self.store, organization_change.founded(organization, self.stamp()))
        organization = await self.got(ORGANIZATION, organization_key(ORGANIZATION_ID))
        group = Group(
            info=GroupInfo(name=GROUP_NAME, organization_id=ORGANIZATION_ID, description="Shop"),
            state=GroupState(status=GroupStatus.ACTIVE, at=at, by=HANA),
            created_at=at,
            created_by=HANA,
        )
        await transaction.write(self.store, (group_change.added(group, organization, self.stamp()),))
        await self.add_root(ROOT_ID, "main")

    async def add_root(self, root_id: str, branch: str) -> None:
        """Store a root of the group."""
        group = await self.got(GROUP, group_key(GROUP_NAME))
        root = Root(
            id=root_id,
            kind=RootKind.GIT,
            group_name=GROUP_NAME,
            organization_id=ORGANIZATION_ID,
            location=GitLocation(url="https://git.example/shop", branch=branch),
            info=RootInfo(nickname=branch),
            state=RootState(status=RootStatus.ACTIVE, at=self.now(), by=HANA),
            created_at=self.at,
            created_by=HANA,
        )
        await transaction.write(self.store, (root_change.added(root, group, self.stamp()),))

    async def got(self, facet: Any, key: Key) -> Any:
        """Read an entity that exists."""
        found = await reading.get(self.store, facet, key)
        assert found is not None
        return found

    async def gate(self) -> Gate | None:
        """Look at group, root and permission as the API does."""
        group, root = await self.got(GROUP, group_key(GROUP_NAME)), await self.got(GIT_ROOT, root_key(ROOT_ID))
        is_open = self.is_allowed and root.state.status is RootStatus.ACTIVE
        return Gate(group, root) if is_open else None

    async def deactivate(self) -> None:
        """Take the root out of scope."""
        root = await self.got(GIT_ROOT, root_key(ROOT_ID))
        location = root_change.location_claim(ORGANIZATION_ID, root.location.url, root.location.branch)
        held = (await claim.holders(self.store, (location,)))[0]
        plan = root_change.deactivated(root, "OUT_OF_SCOPE", held, self.stamp())
        await transaction.write(self.store, (plan,))

    async def scan(self, content: bytes, strip_prefix: str | None = None) -> Scan:
        """Read a file as the API does."""
        return within(read(content, strip_prefix=strip_prefix), await self.got(GIT_ROOT, root_key(ROOT_ID)))

    async def job(self, content: bytes, store: Store | None = None, **members: Any) -> Job:
        """Return the job of importing a file."""
        given: dict[str, Any] = {
            "store": store or self.store,
            "scan": await self.scan(content),
            "root_id": ROOT_ID,
            "group_name": GROUP_NAME,
            "organization_id": ORGANIZATION_ID,
            "by": HANA,
            "change_id": self.new_id(),
            "now": self.now,
            "new_id": self.new_id,
            "gate": self.gate,
        }
        return Job(**{**given, **members})

    async def begin(self, job: Job, content: bytes, options: ImportOptions | None = None) -> begin.Begun:
        """Begin an import."""
        file = ImportFile(file_name="scan.sarif", sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        return await begin.begin(job, self.files, content, file, options or ImportOptions())

    async def imported(
        self, content: bytes, options: ImportOptions | None = None, store: Store | None = None, **members: Any
    ) -> Import:
        """Import a file from beginning to end."""
        job = await self.job(content, store, **members)
        begun = await self.begin(job, content, options)
        assert begun.mine
        return await work.run(job, begun.record)

    async def resumed(self, content: bytes, options: ImportOptions | None = None) -> Import:
        """Import a file whose earlier worker has died."""
        self.wait(61)
        return await self.imported(content, options)

    async def resumed_by(self, content: bytes, store: Store) -> Import:
        """Import a file through another store, after the lease of an earlier worker."""
        self.wait(61)
        return await self.imported(content, store=store)

    async def record(self, import_id: str) -> Import:
        """Read the record of an import."""
        found: Import = await self.got(IMPORT, import_key(import_id))
        return found

    async def stored_files(self) -> list[str]:
        """Return the keys of all files that were stored and not deleted."""
        return [key for key in self.keys if await self._has(key)]

    async def _has(self, key: str) -> bool:
        try:
            await whole(self.files.get(key))
        except NotFound:
            return False
        return True

    async def running(self) -> str | None:
        """Return the id of the import that holds the root."""
        held = (await claim.holders(self.store, (claim.claim_key("running_import", ROOT_ID),)))[0]
        return held.owner if held else None

    async def findings(self) -> dict[str, Finding]:
        """Return the live findings by rule id, those of other tools than ``Scanner`` by tool and rule id."""
        query = listing("finding", "findings_of_group", {"group_name": GROUP_NAME})
        found = await reading.everything(self.store, FINDING, query)
        return {_name(each.rule): each for each in found if each.rule}

    async def vulnerabilities(self) -> list[Vulnerability]:
        """Return the live vulnerabilities of the root."""
        return list(await reading.everything(self.store, VULNERABILITY, lists.of_root(ROOT_ID)))

    async def places(self) -> list[tuple[str, str, str, str | None]]:
        """Return rule, line, state and fingerprint of each live vulnerability, in order."""
        found = await self.vulnerabilities()
        rows = [
            (each.tool.rule_id if each.tool else "", each.location.specific, each.state.status.value, _mark(each))
            for each in found
        ]
        return sorted(rows, key=str)

    async def history(self, entity_: Any, facet: Any) -> tuple[Revision, ...]:
        """Return the revisions of an entity."""
        return await reading.history(self.store, entity_key(facet, entity_))

    async def alter(self, vulnerability_id: str, alter: Callable[[Vulnerability], Vulnerability]) -> Vulnerability:
        """Change a vulnerability as somebody else would do it, its identity claim included."""
        current = await self.got(VULNERABILITY, vulnerability_key(vulnerability_id))
        finding = await self.got(FINDING, finding_key(current.finding_id))
        plan = change.changed(current, lambda old, _: alter(old), finding, self.stamp())
        await transaction.write(self.store, (plan,))
        return plan.entity

    async def retitle(self, rule: str, title: str) -> None:
        """Change a finding as a person would do it."""
        finding = (await self.findings())[rule]
        described = replace(finding.description, title=title)
        plan = planning.changed(FINDING, finding, lambda old, _: replace(old, description=described), self.stamp())
        await transaction.write(self.store, (plan,))

    async def rescore(self, rule: str, severity: Severity | None) -> None:
        """Give a finding another severity as a person would do it."""
        finding = (await self.findings())[rule]
        counted = (await self.store.get((finding_counters_key(finding.id),)))[0]
        await transaction.write(self.store, (finding_change.rescored(finding, severity, counted, self.stamp()),))

    async def remove(self, vulnerability_id: str, justification: RemovalJustification) -> None:
        """Remove a vulnerability and free its identity."""
        current = await self.got(VULNERABILITY, vulnerability_key(vulnerability_id))
        identity = identity_of(current)
        state = replace(current.state, status=VulnerabilityStatus.DELETED, justification=justification)
        await self.alter(vulnerability_id, lambda old: replace(old, state=state))
        held = (await claim.holders(self.store, (claim.claim_key("vulnerability_identity", identity),)))[0]
        assert held is not None
        await self.store.write((claim.freed("vulnerability_identity", identity, held=held),))

    async def remove_finding(self, rule: str, justification: RemovalJustification, *, frees: bool) -> Finding:
        """Remove a finding, after its vulnerabilities, and free its rule or not."""
        for each in await self.vulnerabilities():
            await self.remove(each.id, justification)
        finding = (await self.findings())[rule]
        state = replace(finding.state, status=FindingStateStatus.DELETED, justification=justification)
        plan = planning.changed(FINDING, finding, lambda old, _: replace(old, state=state), self.stamp())
        key = claim.claim_key("finding_rule", GROUP_NAME, "scanner", rule)
        held = (await claim.holders(self.store, (key,)))[0]
        assert held is not None
        freed = (claim.freed("finding_rule", GROUP_NAME, "scanner", rule, held=held),) if frees else ()
        await transaction.write(self.store, (planning.together(plan, *freed),))
        return plan.entity

    async def got_any(self, facet: Any, key: Key) -> Any:
        """Read an entity that was ever stored, removed or not."""
        return await reading.get_any(self.store, facet, key)

    async def is_counted(self) -> bool:
        """Tell whether all counters are what they count."""
        counted = await recount(self.store, GROUP_NAME)
        return counted == await stored(self.store, counted, GROUP_NAME)

    async def picture(self) -> Mapping[str, Any]:
        """Return all that two ways of reaching one state must agree in, whatever their ids and dates."""
        findings = {each.id: rule for rule, each in (await self.findings()).items()}
        rows = []
        for each in await self.vulnerabilities():
            marks = (findings[each.finding_id], each.location, each.tool, each.severity, each.source)
            cycle = (each.cycle.cycles, each.cycle.closed_at is None, each.treatment.status, each.verification)
            history = await self.history(each, VULNERABILITY)
            aspects = [(revision.operation, sorted(revision.aspects)) for revision in history]
            rows.append((marks, each.state.status, each.state.closing_reason, cycle, aspects))
        counted = await recount(self.store, GROUP_NAME)
        assert counted == await stored(self.store, counted, GROUP_NAME)
        numbers = [
            {name: number for name, number in cells.items() if "epoch" not in name and "seconds" not in name}
            for cells in (counted.group, *counted.roots.values())
        ]
        found = [
            (rule, each.description, each.severity, each.release.released_at is None, len(await self.history(each, FINDING)))
            for rule, each in (await self.findings()).items()
        ]
        return {"vulnerabilities": sorted(rows, key=str), "findings": sorted(found, key=str), "numbers": numbers}


def _name(rule: ToolRule) -> str:
    return rule.rule_id if rule.tool == "scanner" else f"{rule.tool} {rule.rule_id}"


def _mark(vulnerability: Vulnerability) -> str | None:
    mark = vulnerability.tool.fingerprint if vulnerability.tool else None
    return mark.removeprefix("mark=") if mark else None


def intruded(store: Store, before: Callable[[int, Sequence[Change]], Awaitable[None]]) -> Store:
    """Let something happen before each write; it is given the number of the write, from 1, and its changes."""
    count = 0

    async def write(changes: Sequence[Change]) -> None:
        nonlocal count
        count += 1
        await before(count, changes)
        await store.write(changes)

    return replace(store, write=write)


def killed(store: Store, number: int, *, written: bool) -> Store:
    """Kill the worker at the numbered write, before it or after it was done."""
    count = 0

    async def write(changes: Sequence[Change]) -> None:
        nonlocal count
        count += 1
        if count != number or written:
            await store.write(changes)
        if count >= number:
            raise Killed(number)

    return replace(store, write=write)


class Lag:
    """A store whose indexes answer as they did when ``freeze`` was called, as those of DynamoDB may for a while."""

    def __init__(self, store: Store) -> None:
        self.inner = store
        self.old = memory_store()
        self.is_frozen = False
        self.store = replace(store, query=self.query, write=self.write)

    def freeze(self) -> None:
        """Let the indexes stand still."""
        self.is_frozen = True

    async def write(self, changes: Sequence[Change]) -> None:
        """Write, and keep a copy for the indexes until they stand still."""
        await self.inner.write(changes)
        if not self.is_frozen:
            await self.old.write(changes)

    async def query(self, queries: Sequence[Query]) -> tuple[Page, ...]:
        """Answer what is asked of an index from the copy."""
        sources = [self.inner if each.index is None else self.old for each in queries]
        return tuple([(await source.query((each,)))[0] for source, each in zip(sources, queries, strict=True)])


@pytest.fixture(params=["memory", "sqlite"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A world on each embedded store."""
    if request.param == "memory":
        made = World(memory_store())
        await made.found()
        yield made
        return
    async with sqlite_store(str(tmp_path / "integrates.db")) as store:
        made = World(store)
        await made.found()
        yield made


@pytest.fixture
def new_world() -> Callable[[], Awaitable[World]]:
    """Make any number of worlds in memory."""

    async def make() -> World:
        made = World(memory_store())
        await made.found()
        return made

    return make


@pytest.fixture
def tools() -> Any:
    """The functions of this module that tests use."""
    return Tools()


class Tools:
    """The functions of this module that tests use."""

    seen = staticmethod(seen)
    one_run = staticmethod(one_run)
    sarif = staticmethod(sarif)
    intruded = staticmethod(intruded)
    killed = staticmethod(killed)
    Lag = Lag
    World = World
    work = staticmethod(work.run)
    Killed = Killed
    root_id = ROOT_ID
    group_name = GROUP_NAME

    @staticmethod
    def file(*results: Json) -> bytes:
        """Return a file of one run."""
        return sarif(one_run(*results))
