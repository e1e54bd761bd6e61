"""Three writers on one group, in any order and at once, with views that grow old and a clock that jumps.

At rest the counters are what they count, and each past leads to the present (E15): whatever joins two entities does so by
versions, because dates say nothing about what was committed first.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from msgspec import Struct
from msgspec.structs import replace
from packages.db_model.tests.entity.life_step import lead, reports, submit
from packages.db_model.tests.entity.policy_step import TITLE, steer
from packages.db_model.tests.entity.triage_step import COMMANDS, triage

from integrates.db_model import comments, events
from integrates.db_model.comments.types import CommentType
from integrates.db_model.entity import claim, command, read, transaction
from integrates.db_model.entity.facet import Facet, Given, id_of
from integrates.db_model.entity.plan import effective_at, plan
from integrates.db_model.entity.types import Entity, Stamp
from integrates.db_model.errors import ModelError, NotFound, Raced, Stale
from integrates.db_model.events.facet import EVENT, event_key
from integrates.db_model.findings.facet import FINDING, finding_counters_keys, finding_key
from integrates.db_model.findings.types import Finding, RemovalJustification
from integrates.db_model.groups.facet import GROUP, group_key
from integrates.db_model.indicators.recount import recount, stored_counters
from integrates.db_model.inspection.walk import inspected
from integrates.db_model.roots.facet import ROOT, root_key
from integrates.db_model.store.memory import memory_store
from integrates.db_model.store.port import Change, Item, Key, Store
from integrates.db_model.testing.scene import (
    FIRST,
    HANA,
    add_event,
    add_finding,
    add_finding_policy,
    add_group,
    add_organization,
    add_root,
    deactivate_root,
    evidenced,
    scored,
    sighted,
    ticking,
    uid,
)
from integrates.db_model.vulnerabilities import commands, rules
from integrates.db_model.vulnerabilities.facet import VULNERABILITY, vulnerability_key
from integrates.db_model.vulnerabilities.policy import policies_needed
from integrates.db_model.vulnerabilities.types import (
    ClosingReason,
    Cycle,
    Tool,
    Treatment,
    TreatmentStatus,
    Verification,
    VerificationStatus,
    Vulnerability,
    VulnerabilityStatus,
    ZeroRisk,
    ZeroRiskStatus,
)

T = TypeVar("T")
E = TypeVar("E", bound=Entity)
NAMES = ("R1", "R2"), ("main", "next")
EVENT_NAMES = ("one event", "another event", "a third event")
EVENTS = tuple(map(uid, EVENT_NAMES))
FINDINGS, ROOTS = (tuple(uid(f"webshop/{name}") for name in names) for names in NAMES)
SCORES = (None, "0.0", "3.9", "5.0", "9.8")
TRIES = 6
BY = HANA


class Kind(StrEnum):
    """What a writer does."""

    CLOSE = "CLOSE"
    CLOSE_ALL = "CLOSE_ALL"
    COMMENT = "COMMENT"
    DRAFT = "DRAFT"
    HIDE = "HIDE"
    LEAD = "LEAD"
    POLICY = "POLICY"
    REMOVE = "REMOVE"
    REOPEN = "REOPEN"
    REPORT = "REPORT"
    RESCORE = "RESCORE"
    RETITLE = "RETITLE"
    RETIRE = "RETIRE"
    SCORE = "SCORE"
    SOLVE = "SOLVE"
    SUBMIT = "SUBMIT"
    TREAT = "TREAT"
    TRIAGE = "TRIAGE"
    VERIFY = "VERIFY"


class Step(Struct, frozen=True):
    """One thing that a writer does: to which of the objects, with which choice, at which date, and upon an old view or not."""

    kind: Kind
    target: int
    choice: int
    jump: int
    is_old: bool


OFTEN = [*Kind, *2 * [Kind.CLOSE, Kind.REOPEN, Kind.RESCORE], Kind.REPORT, *3 * [Kind.TRIAGE]]
STEPS = st.builds(
    Step,
    st.sampled_from(
        [
            *Kind,
            Kind.CLOSE,
            Kind.CLOSE,
            Kind.REPORT,
            Kind.REOPEN,
            Kind.REOPEN,
            Kind.RESCORE,
            Kind.RESCORE,
            Kind.TRIAGE,
            Kind.TRIAGE,
            Kind.TRIAGE,
            *4 * [Kind.LEAD],
            *2 * [Kind.SUBMIT],
            *2 * [Kind.POLICY],
        ]
    ),
    st.integers(0, 5),
    st.integers(0, 9),
    st.integers(-90_000, 90_000),
    st.booleans(),
)


def treated(old: Vulnerability, at: datetime, choice: int) -> Vulnerability:
    status = list(TreatmentStatus)[choice % len(TreatmentStatus)]
    if status is TreatmentStatus.ACCEPTED_UNDEFINED or rules.is_draft(old):
        return old
    return replace(
        old,
        treatment=Treatment(
            status=status,
            justification=f"The reason number {choice}",
            accepted_until=at + timedelta(days=30) if status is TreatmentStatus.ACCEPTED else None,
            assigned=HANA if status is TreatmentStatus.IN_PROGRESS else None,
            at=at,
            by=BY,
        ),
    )


def hidden(old: Vulnerability, at: datetime, choice: int) -> Vulnerability:
    status = [None, *ZeroRiskStatus][choice % 4]
    return (
        old
        if rules.is_draft(old)
        else replace(old, zero_risk=status and ZeroRisk(status=status, requested_by=BY, at=at, by=BY))
    )


def verified(old: Vulnerability, at: datetime, choice: int) -> Vulnerability:
    status = [None, *VerificationStatus][choice % 4]
    event = EVENTS[choice % len(EVENTS)] if status is VerificationStatus.ON_HOLD else None
    made = status and Verification(status=status, event_id=event, at=at, by=BY)
    return replace(old, verification=made) if rules.is_vulnerable(old) else old


def removed(old: Vulnerability, at: datetime, choice: int) -> Vulnerability:
    why = list(RemovalJustification)[choice % len(RemovalJustification)]
    return replace(
        old, state=replace(old.state, status=VulnerabilityStatus.DELETED, at=at, closing_reason=None, justification=why)
    )


def closed(old: Vulnerability, at: datetime, _: int) -> Vulnerability:
    return rules.closed(old, ClosingReason.NOT_REPORTED, by=BY, at=at)


def rated(old: Vulnerability, _: datetime, choice: int) -> Vulnerability:
    return replace(old, severity=scored(SCORES[choice % len(SCORES)]))


def reopened(old: Vulnerability, at: datetime, _: int) -> Vulnerability:
    tool = old.tool or Tool(name="scanner", categories=("",), rule_id="-")
    sighting = rules.Sighting(type=old.type, technique=old.technique, location=old.location, tool=tool, severity=old.severity)
    return rules.reopened(old, sighting, by=BY, at=at)


ALTERS: dict[Kind, Callable[[Vulnerability, datetime, int], Vulnerability]] = {
    Kind.CLOSE: closed,
    Kind.HIDE: hidden,
    Kind.REMOVE: removed,
    Kind.REOPEN: reopened,
    Kind.SCORE: rated,
    Kind.TREAT: treated,
    Kind.VERIFY: verified,
}


class Writer:
    """Somebody who changes things upon what they have read, now or a while ago, and tries again after a lost race."""

    def __init__(self, store: Store, known: list[str], chance: Random) -> None:
        self.below, self.known, self.chance = store, known, chance
        self.store = replace(store, write=self.write, get=self.get)
        self.views: dict[Key, tuple[Any, Given]] = {}
        self.done: set[str | None] = set()

    async def pause(self) -> None:
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)

    async def write(self, changes: Sequence[Change]) -> None:
        await self.pause()
        await self.below.write(changes)

    async def get(self, keys: Sequence[Key]) -> tuple[Item | None, ...]:
        await self.pause()
        return await self.below.get(keys)

    def new_id(self) -> str:
        return uid(self.chance.random().hex())

    def stamp(self, step: Step) -> Stamp:
        at = FIRST + timedelta(days=400, seconds=step.jump)
        return Stamp(by=BY, at=at, operation="test", change_id=uid(self.chance.random().hex()))

    async def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            try:
                await self.one(step)
            except ModelError:
                self.views.clear()  # refused, or raced again and again

    async def one(self, step: Step) -> None:
        finding, root = FINDINGS[step.target % 2], ROOTS[step.choice % 2]
        match step.kind:
            case Kind.REPORT | Kind.DRAFT:
                await self.report(step, finding, root)
            case Kind.RESCORE:
                severity = scored(SCORES[step.choice % len(SCORES)])
                await self.change(step, FINDING, finding_key(finding), lambda old, _: replace(old, severity=severity))
            case Kind.RETITLE:
                await self.change(step, FINDING, finding_key(finding), lambda old, _: retitled(old, step.choice))
            case Kind.RETIRE:
                if step.choice == 0:
                    await deactivate_root(self.store, root, self.stamp(step))
            case Kind.COMMENT | Kind.SOLVE:
                await (self.say(step, finding) if step.kind is Kind.COMMENT else self.solve(step))
            case Kind.CLOSE_ALL:
                alter = ALTERS[Kind.CLOSE]
                await commands.update_each(self.store, list(self.known), lambda old, at: alter(old, at, 0), self.stamp(step))
            case Kind.LEAD | Kind.POLICY | Kind.SUBMIT | Kind.TRIAGE:
                await self.people(step, finding, root)
            case kind if self.known:
                key = vulnerability_key(self.known[step.target % len(self.known)])
                await self.change(step, VULNERABILITY, key, lambda old, at: ALTERS[kind](old, at, step.choice))
            case _:
                pass

    async def say(self, step: Step, finding_id: str) -> None:
        made, finding = self.stamp(step), await read.get(self.store, FINDING, finding_key(finding_id))
        assert finding is not None
        kind = list(CommentType)[step.choice % len(CommentType)]
        new = comments.new_comment(uid(self.chance.random().hex()), finding, "Said", made, type=kind)
        await comments.add(self.store, new, made)

    async def solve(self, step: Step) -> None:
        event = await read.get(self.store, EVENT, event_key(EVENTS[step.choice % len(EVENTS)]))
        assert event is not None
        if step.target == 0:  # seldom, because what is solved holds nothing any more
            await events.solve(self.store, event, {"reason": "OTHER", "other": "It is over by now"}, self.stamp(step))

    async def report(self, step: Step, finding_id: str, root: str) -> None:
        made = self.stamp(step)
        finding = await read.get(self.store, FINDING, finding_key(finding_id))
        assert finding is not None
        severity = scored(SCORES[step.choice % len(SCORES)])
        seen = sighted(finding, f"{step.target}/{step.choice}.py", severity=severity)
        new = rules.reported(uid(self.chance.random().hex()), finding, root, seen, by=BY, at=made.at)
        if step.kind is Kind.DRAFT:
            state = replace(new.state, status=VulnerabilityStatus.SUBMITTED)
            new = replace(new, state=state, cycle=Cycle())
        await commands.add(self.store, new, made)
        self.known.append(new.id)

    async def people(self, step: Step, finding: str, root: str) -> None:
        """Have people ask for something by the commands of the product."""
        match step.kind:
            case Kind.TRIAGE:
                newest = self.known[-6:][step.target :]
                ids, number = newest[: 1 + step.target % 2], step.choice + 10 * (step.jump % 3)
                self.done.add(await triage(self.store, ids, number, self.stamp(step), self.new_id) if ids else None)
            case Kind.LEAD:
                await self.led(step)
            case Kind.POLICY:
                self.done.add(await steer(self.store, step.choice, self.stamp(step), self.new_id))
            case _:
                await self.submitted(step, finding, root)

    async def led(self, step: Step) -> None:
        """Have people do something with the state of some, which may have been read a while ago."""
        first = step.target % max(len(self.known), 1)
        keys = [vulnerability_key(each) for each in self.known[first : first + 1 + step.choice % 3]]
        found = [one for one in await read.get_many(self.store, VULNERABILITY, keys) if one]
        if found:
            self.done.add(await lead(self.store, found, step.choice + 10 * (step.jump % 3), self.stamp(step)))

    async def submitted(self, step: Step, finding_id: str, root: str) -> None:
        """Have people report places that others report or remove, too."""
        finding = await read.get(self.store, FINDING, finding_key(finding_id))
        assert finding is not None
        ids = [self.new_id() for _ in range(1 + step.target % 3)]
        stored = await submit(self.store, reports(finding, root, step.choice, ids), self.stamp(step))
        self.known.extend(stored)
        self.done.update(["submit"] if stored else [])

    async def change(self, step: Step, facet: Facet[E], key: Key, alter: command.Alter[E]) -> None:
        """Change something upon a view, which may be old, until that is done or refused."""
        made = self.stamp(step)
        for attempt in range(TRIES):
            if not step.is_old or attempt or key not in self.views:
                self.views[key] = await self.view(facet, key)
            old, given = self.views[key]
            try:
                decided = plan(facet, old, alter(old, effective_at(made, old)), made, given)
                return await transaction.write(self.store, (decided,))
            except (Stale, Raced):
                await self.pause()
        return None

    async def view(self, facet: Facet[E], key: Key) -> tuple[E, Given]:
        """Read something and all that any change of it may need; nothing of that is one moment."""
        entity = await read.get(self.store, facet, key)
        if entity is None:
            raise NotFound(facet.name, id_of(key))
        items, parents = needed(entity)
        found = await self.store.get([*items, *parents])
        known = {
            each: read.attempted(facets, item)
            for (each, facets), item in zip(parents.items(), found[len(items) :], strict=True)
        }
        findings = [one for one in known.values() if isinstance(one, Finding)]
        given = Given(known=known, items=dict(zip(items, found, strict=False)))
        return entity, await transaction.gathered(self.below, policies_needed(findings), given)


def needed(entity: Entity) -> tuple[list[Key], dict[Key, Facet[Any]]]:
    parents: dict[Key, Facet[Any]] = {group_key("webshop"): GROUP}
    if isinstance(entity, Finding):
        return list(finding_counters_keys(entity.id)), parents
    assert isinstance(entity, Vulnerability)
    own = claim.claim_key("vulnerability_identity", entity.identity)
    parents |= dict.fromkeys(map(event_key, EVENTS), EVENT)
    parents[finding_key(entity.finding_id)] = FINDING
    parents[root_key(entity.root_id)] = ROOT
    return [own], parents


def retitled(old: Finding, choice: int) -> Finding:
    """Give a finding another title, often that of the policy."""
    title = TITLE if choice % 2 else f"The title number {choice}"
    return replace(old, description=replace(old.description, title=title))


async def begun(store: Store) -> None:
    stamp = ticking()
    group = await add_group(store, "webshop", stamp)
    for name in NAMES[0]:
        finding = await add_finding(store, group, name, stamp, score="5.0")
        await command.update(store, FINDING, finding_key(finding.id), lambda old, _: evidenced(old), stamp())
    for name in NAMES[1]:
        await add_root(store, group, name, stamp)
    for name in EVENT_NAMES:
        await add_event(store, group, name, stamp)
    await add_finding_policy(store, await add_organization(store, "aurora", stamp), TITLE, stamp, "accepted")


async def check_counters(store: Store) -> None:
    counted = await recount(store, "webshop")
    assert counted == await stored_counters(store, counted, "webshop")


async def check_past(store: Store, known: Sequence[str]) -> None:
    facets: list[tuple[Facet[Any], Key]] = [(VULNERABILITY, vulnerability_key(each)) for each in known]
    for facet, key in [*facets, *((FINDING, finding_key(each)) for each in FINDINGS)]:
        current, history = await read.get_any(store, facet, key), await read.history(store, key)
        assert current is not None
        assert [each.version for each in history] == list(range(1, current.version + 1))
        assert [each.at for each in history] == sorted({each.at for each in history})
        then = await read.as_of(store, facet, key, datetime.max.replace(tzinfo=UTC))
        assert then == (current if facet.is_live(current) else None)


async def check_all(store: Store) -> None:
    """Nothing differs that an inspection compares: counters, gates, claims, keys of indexes and revisions."""
    now = FIRST + timedelta(days=800)
    assert [each async for report in inspected(store, now) for each in report.differences] == []


class Writers(RuleBasedStateMachine):
    """One group with two findings and two roots, and three writers."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = memory_store()
        self.known: list[str] = []
        self.chance = Random(0)  # noqa: S311 # nosec B311 -- the same order of events each time
        self.writers = [Writer(self.store, self.known, self.chance) for _ in range(3)]
        self.run(begun(self.store))

    def teardown(self) -> None:
        self.runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(writer=st.integers(0, 2), step=STEPS)
    def alone(self, writer: int, step: Step) -> None:
        self.run(self.writers[writer].run([step]))

    @rule(steps=st.lists(st.lists(STEPS, min_size=1, max_size=6), min_size=2, max_size=3), seed=st.integers(0, 999))
    def at_once(self, steps: list[list[Step]], seed: int) -> None:
        self.chance.seed(self.chance.random() + seed)  # another in each round, because ids are made of it, too

        async def work() -> None:
            await asyncio.gather(*(writer.run(own) for writer, own in zip(self.writers, steps, strict=False)))

        self.run(work())

    @invariant()
    def the_counters_are_what_they_count(self) -> None:
        self.run(check_counters(self.store))

    @invariant()
    def an_inspection_finds_nothing(self) -> None:
        self.run(check_all(self.store))

    @invariant()
    def the_past_leads_to_the_present(self) -> None:
        self.run(check_past(self.store, self.known))


def test_any_changes_by_three_writers() -> None:
    run_state_machine_as_test(Writers, settings=settings(max_examples=40, stateful_step_count=15))


@pytest.mark.parametrize("seed", range(4))
async def test_many_changes_at_once(store: Store, seed: int) -> None:
    chance, known = Random(seed), list[str]()  # noqa: S311 # nosec B311 -- the same order of events each time
    await begun(store)
    writers = [Writer(store, known, chance) for _ in range(3)]
    kinds = [*Kind, Kind.REPORT, Kind.REPORT, Kind.CLOSE, Kind.REOPEN, Kind.RESCORE, Kind.RESCORE]

    def step() -> Step:
        number, kind = chance.randrange, chance.choice(kinds)
        return Step(kind, number(6), number(10), number(-90_000, 90_000), chance.random() < 0.5)

    for _ in range(3):
        await asyncio.gather(*(writer.run([step() for _ in range(20)]) for writer in writers))
        await check_counters(store)
    await check_past(store, known)
    counted = await recount(store, "webshop")
    assert any(name.startswith("remediated_count") for name in counted.group), "enough has happened"


async def requested_and_answered(seed: int) -> set[str | None]:
    """Let three writers request and answer; return what was done at least once."""
    chance, known, store = Random(seed), list[str](), memory_store()  # noqa: S311 # nosec B311 -- the same order each time
    await begun(store)
    writers = [Writer(store, known, chance) for _ in range(3)]

    def step(kind: Kind) -> Step:
        number = chance.randrange
        return Step(kind, number(6), number(10), number(-90_000, 90_000), is_old=False)

    for _ in range(6):
        await writers[0].run([step(Kind.REPORT) for _ in range(6)])
        await asyncio.gather(*(writer.run([step(Kind.TRIAGE) for _ in range(40)]) for writer in writers))
        await check_counters(store)
        await check_all(store)
    await check_past(store, known)
    return set().union(*(writer.done for writer in writers))


async def test_requests_and_answers_of_three_writers_at_once() -> None:
    done = [await requested_and_answered(seed) for seed in range(6)]
    assert set().union(*done) >= {*COMMANDS, "expire"}, "enough has happened"
