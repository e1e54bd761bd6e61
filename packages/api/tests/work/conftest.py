"""A group with one root, the SARIF files that are imported into it, and stores that misbehave on demand."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from msgspec import Struct
from msgspec.structs import replace

from integrates.api.imports.read.confine import confined
from integrates.api.imports.read.observation import Scan
from integrates.api.imports.work import begin, work
from integrates.api.imports.work import wait as waiting
from integrates.api.imports.work.job import Job, scanned
from integrates.db_model.entity import claim, command
from integrates.db_model.entity import read as reading
from integrates.db_model.entity.facet import entity_key
from integrates.db_model.entity.listing import listing
from integrates.db_model.entity.revision import Revision
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import NotFound
from integrates.db_model.files.memory import memory_files
from integrates.db_model.files.port import Content, Files, read_all
from integrates.db_model.findings import commands as findings
from integrates.db_model.findings.facet import FINDING, finding_key
from integrates.db_model.findings.types import (
    Finding,
    FindingState,
    FindingStateStatus,
    RemovalJustification,
    ToolRule,
)
from integrates.db_model.groups import commands as groups
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.groups.types import GroupInfo
from integrates.db_model.imports import commands as imports
from integrates.db_model.imports.commands import Destination, Running
from integrates.db_model.imports.types import (
    Import,
    ImportFile,
    ImportOptions,
    ImportProblem,
    ImportProgress,
    ImportState,
)
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.organizations import commands as organizations
from integrates.db_model.organizations.types import OrganizationInfo
from integrates.db_model.roots import commands as roots
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.roots.types import GitLocation, RootInfo, RootStatus
from integrates.db_model.severities.types import Severity
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Change, Key, Page, Query, Store
from integrates.db_model.store.sqlite.store import sqlite_store
from integrates.db_model.testing.scene import add_person, deactivate_root
from integrates.db_model.vulnerabilities import lists
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityState, VulnerabilityStatus

Json: TypeAlias = dict[str, Any]

FIRST = datetime(2024, 5, 1, tzinfo=UTC)
HANA = "hana@demo.example"
GROUP_NAME = "webshop"
ORGANIZATION_ID = "00000000-0000-4000-8000-000000000001"
ROOT_ID = "00000000-0000-4000-8000-000000000002"
NARROW = 100
"""Changes in a write: as few as DynamoDB takes, so that small files make several chunks on every store."""


_LOOSE = replace(VULNERABILITY, fixed=())
"""Vulnerabilities whose source may change, so that a test can begin with a person's that looks like a tool's."""


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


class Imported(Struct, frozen=True):
    """An import as it is stored: its record and its progress."""

    record: Import
    progress: ImportProgress

    @property
    def id(self) -> str:
        """The id of the import."""
        return self.record.id

    @property
    def problems(self) -> tuple[ImportProblem, ...]:
        """The problems of the import."""
        return self.record.problems

    @property
    def state(self) -> ImportState:
        """The state of the import."""
        return self.record.state


def imported_of(running: Running) -> Imported:
    """Return the import as tests look at it."""
    return Imported(running.record, running.progress)


class World:  # pylint: disable=too-many-public-methods # these are the verbs that tests are written in
    """A store with an organization, a group and a root, and a clock that the test moves."""

    def __init__(self, store: Store, changes: int = NARROW) -> None:
        self.store = replace(store, max_changes=changes)
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

    def stamp(self, by: str = HANA, operation: str = "test", change_id: str | None = None) -> Stamp:
        """Return a stamp of a change made now."""
        return Stamp(by=by, at=self.now(), operation=operation, change_id=change_id or self.new_id())

    async def found(self) -> None:
        """Store the organization, the group and the root."""
        await add_person(self.store, HANA, self.stamp)
        info = OrganizationInfo(name="aurora")
        stamp = self.stamp()
        await organizations.add(self.store, organizations.new_organization(ORGANIZATION_ID, info, stamp), HANA, stamp)
        about = GroupInfo(name=GROUP_NAME, organization_id=ORGANIZATION_ID, description="Shop")
        stamp = self.stamp()
        await groups.add(self.store, groups.new_group(about, stamp), stamp)
        await self.add_root(ROOT_ID, "main")

    async def add_root(self, root_id: str, branch: str) -> None:
        """Store a root of the group."""
        group, stamp = await self.got(GROUP, group_key(GROUP_NAME)), self.stamp()
        location = GitLocation(url="https://git.example/shop", branch=branch)
        await roots.add(self.store, roots.new_root(root_id, group, location, RootInfo(nickname=branch), stamp), stamp)

    async def got(self, facet: Any, key: Key) -> Any:
        """Read an entity that exists."""
        found = await reading.get(self.store, facet, key)
        assert found is not None
        return found

    async def destination(self, root_id: str = ROOT_ID) -> Destination | None:
        """Look at group, root and permission as the API does."""
        group, root = await self.got(GROUP, group_key(GROUP_NAME)), await self.got(ROOT, root_key(root_id))
        is_open = self.is_allowed and root.state.status is RootStatus.ACTIVE
        return Destination(group, root) if is_open else None

    async def deactivate(self) -> None:
        """Take the root out of scope."""
        await deactivate_root(self.store, ROOT_ID, self.stamp())

    async def remove_group(self) -> None:
        """Remove the group with all that is in it."""
        group = await reading.get(self.store, GROUP, group_key(GROUP_NAME))
        assert group is not None
        await groups.remove(self.store, group, {"reason": "NO_SYSTEM"}, self.stamp())

    async def exclude(self, *patterns: str) -> None:
        """Have the root exclude files by gitignore patterns."""

        def excluding(old: Any, _: datetime) -> Any:
            return replace(old, location=replace(old.location, gitignore=patterns))

        await command.update(self.store, replace(ROOT, fixed=()), root_key(ROOT_ID), excluding, self.stamp())

    async def scan(self, content: bytes, options: ImportOptions | None = None) -> Scan:
        """Read a file as the API does."""
        return confined(await scanned(content, options or ImportOptions()), await self.got(ROOT, root_key(ROOT_ID)))

    async def job(
        self, content: bytes, store: Store | None = None, options: ImportOptions | None = None, **members: Any
    ) -> Job:
        """Return the job of importing a file."""
        root_id = members.get("root_id", ROOT_ID)
        given: dict[str, Any] = {
            "store": store or self.store,
            "files": self.files,
            "scan": await self.scan(content, options),
            "root_id": root_id,
            "group_name": GROUP_NAME,
            "organization_id": ORGANIZATION_ID,
            "by": HANA,
            "token_id": None,
            "change_id": self.new_id(),
            "now": self.now,
            "new_id": self.new_id,
            "destination": partial(self.destination, root_id),
        }
        return Job(**{**given, **members})

    async def begin(self, job: Job, content: bytes, options: ImportOptions | None = None) -> waiting.Begun[Running]:
        """Begin an import."""
        file = ImportFile(file_name="scan.sarif", sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        return await begin.begin(job, self.files, content, file, options or ImportOptions())

    async def imported(
        self, content: bytes, options: ImportOptions | None = None, store: Store | None = None, **members: Any
    ) -> Imported:
        """Import a file from beginning to end."""
        job = await self.job(content, store, options, **members)
        begin.check_placed(job.scan)
        begun = await self.begin(job, content, options)
        assert begun.mine
        return imported_of(await work.run(job, begun.running))

    async def resumed(self, content: bytes, options: ImportOptions | None = None) -> Imported:
        """Import a file whose earlier worker has died."""
        self.wait(61)
        return await self.imported(content, options)

    async def resumed_by(self, content: bytes, store: Store) -> Imported:
        """Import a file through another store, after the lease of an earlier worker."""
        self.wait(61)
        return await self.imported(content, store=store)

    async def record(self, import_id: str | None) -> Imported:
        """Read an import."""
        running = await imports.find(self.store, import_id or "")
        assert running is not None
        return imported_of(running)

    async def stored_files(self) -> list[str]:
        """Return the keys of all files that were stored and not deleted."""
        return [key for key in self.keys if await self._has(key)]

    async def _has(self, key: str) -> bool:
        try:
            await read_all(self.files.get(key))
        except NotFound:
            return False
        return True

    async def running(self) -> str | None:
        """Return the id of the import that holds the root."""
        (item,) = await self.store.get((claim.claim_key("running_import", ROOT_ID),))
        return claim.holder_of(item)

    async def findings(self) -> dict[str, Finding]:
        """Return the live findings by rule id, those of other tools than ``Scanner`` by tool and rule id."""
        query = listing("finding", "findings_of_group", {"group_name": GROUP_NAME})
        found = await reading.everything(self.store, FINDING, query)
        return {_name(each.rule): each for each in found if each.rule}

    async def vulnerabilities(self) -> list[Vulnerability]:
        """Return the live vulnerabilities of the root."""
        return list(await reading.everything(self.store, VULNERABILITY, lists.of_root(ROOT_ID)))

    async def rows(self) -> list[tuple[str, str, str, str | None]]:
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
        """Change a vulnerability as somebody else would do it."""
        key = vulnerability_key(vulnerability_id)
        return await command.update(self.store, _LOOSE, key, lambda old, _: alter(old), self.stamp())

    async def retitle(self, rule: str, title: str) -> None:
        """Change a finding as a person would do it."""
        finding = (await self.findings())[rule]
        described = replace(finding.description, title=title)
        key = finding_key(finding.id)
        await command.update(self.store, FINDING, key, lambda old, _: replace(old, description=described), self.stamp())

    async def rescore(self, rule: str, severity: Severity | None) -> None:
        """Give a finding another severity as a person would do it."""
        await findings.rescore(self.store, (await self.findings())[rule].id, severity, self.stamp())

    async def remove(self, vulnerability_id: str, justification: RemovalJustification) -> None:
        """Remove a vulnerability, for a reason that frees its identity or keeps it."""

        def removed(old: Vulnerability) -> Vulnerability:
            state = VulnerabilityState(status=VulnerabilityStatus.DELETED, at=self.at, by=HANA, justification=justification)
            return replace(old, state=state)

        await self.alter(vulnerability_id, removed)

    async def remove_finding(self, rule: str, justification: RemovalJustification) -> Finding:
        """Remove a finding, after its vulnerabilities, for a reason that frees its rule or keeps it."""
        for each in await self.vulnerabilities():
            await self.remove(each.id, justification)
        finding = (await self.findings())[rule]
        state = FindingState(status=FindingStateStatus.DELETED, at=self.at, by=HANA, justification=justification)
        key = finding_key(finding.id)
        return await command.update(self.store, FINDING, key, lambda old, _: replace(old, state=state), self.stamp())

    async def got_any(self, facet: Any, key: Key) -> Any:
        """Read an entity that was ever stored, removed or not."""
        return await reading.get_any(self.store, facet, key)

    async def is_counted(self) -> bool:
        """Return whether all counters are what they count."""
        counted = await recount(self.store, GROUP_NAME)
        return counted == await stored_counters(self.store, counted, GROUP_NAME)

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
        assert counted == await stored_counters(self.store, counted, GROUP_NAME)
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
    """Kill the worker at the numbered write, before it or after it was done: it writes nothing more."""
    count = 0

    async def write(changes: Sequence[Change]) -> None:
        nonlocal count
        count += 1
        if count < number or (count == number and written):
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
    async with sqlite_store(str(tmp_path / "integrates.db"), create=True) as store:
        made = World(store)
        await made.found()
        yield made


@pytest.fixture
def new_world() -> Callable[..., Awaitable[World]]:
    """Make any number of worlds in memory."""

    async def make(changes: int = NARROW) -> World:
        made = World(memory_store(), changes)
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
    ROOT_ID = ROOT_ID

    @staticmethod
    async def work(job: Job, begun: waiting.Begun[Running]) -> Imported:
        """Do the work of an import that has begun."""
        return imported_of(await work.run(job, begun.running))

    Killed = Killed
    root_id = ROOT_ID
    group_name = GROUP_NAME

    @staticmethod
    def file(*results: Json) -> bytes:
        """Return a file of one run."""
        return sarif(one_run(*results))
