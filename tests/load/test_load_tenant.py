"""What belongs to another tenant looks like what does not exist, wherever its ids and texts are given, and shows nowhere."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial, reduce
from pathlib import Path as Folder
from random import Random
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema, build_client_schema, get_introspection_query
from tests.load.conftest import Proof
from tests.load.pair import STORE, UNBOUND
from tests.load.tenant import EVERYBODY, MANAGER, ROLELESS, Tenant, settle
from tests.load.walk import FILE, Given, Path, mutations, queries
from tests.serving import Running, sarif, serving

pytestmark = [pytest.mark.functional, pytest.mark.load]

WALKERS, SLICES, CURSOR = 4, 10, "cursor"
FRESH = "fresh-0000"
"""Stands in a mutation for a name that nobody has used."""
FRESH_ADDRESS = "2001:db8::"
"""Likewise, for the address of a host."""
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MADE = re.compile(rf'{ID.pattern}|eyJ[\w.-]+|fresh-\d+|2001:db8::[0-9a-f]+|"version":\d+|\d{{4}}-\d\d-\d\dT[0-9:.]+')
"""What differs between two equal changes."""
INVALID = '"GRAPHQL_VALIDATION_FAILED"'
NAMES_OF_ALL = {"Mutation.addGroup.name", "Mutation.addOrganization.name"}
"""Arguments that say of a name whether it is taken, and mean to: these names are unique on the whole platform."""
NOWHERE = '"00000000-0000-4000-8000-000000000000"'
"""The id of nothing, for objects of a mutation one of whose texts is left open: a change would make the next answer another."""
ONCE = (
    "handleVulnerabilitiesAcceptance",
    "rejectVulnerabilities",
    "reopenVulnerabilities",
    "requestVulnerabilitiesVerification",
    *(f"{verb}VulnerabilitiesZeroRisk" for verb in ("confirm", "reject", "request")),
)
"""Mutations that cannot be done twice."""
KINDS = ("Git", "Image", "Ip", "Url")
UNNAMED = {
    *("AccessToken", "Change", "Comment", "EnvironmentUrl", "ForcesToken"),
    *("GroupMember", "OrganizationFindingPolicy", "OrganizationMember"),
}
"""What no field of Query shows by its id."""
CLAIMED = {
    *(f"Mutation.{verb}{kind}Root.nickname" for verb in ("add", "update") for kind in KINDS),
    *(f"Mutation.{place}.title" for place in ("addFinding", "addOrganizationFindingPolicy")),
    "Mutation.addEnvironmentUrl.url",
    "Mutation.addVulnerabilities.vulnerabilities.where",
    *(f"Mutation.add{kind}Member.email" for kind in ("Group", "Organization")),
    *(f"Mutation.{place}" for place in ("addGitRoot.url", "addImageRoot.reference", "addIpRoot.address", "addUrlRoot.url")),
}
"""Arguments that a tenant cannot give twice, whoever else has the same; a nickname may follow from those of a root."""
AT = {
    "Mutation.addAccessToken.expiresAt": '"2020-01-01T00:00:00Z"',
    "Mutation.addEvent.type": "OTHER",
    "Mutation.addFindingComment.type": "CONSULT",
    "Mutation.addForcesExecution.id": f'"{FRESH}"',
    "Mutation.deactivateRoot.reason": "OUT_OF_SCOPE",
    "Mutation.removeGroup.name": f'"{FRESH}"',
    "Mutation.removeGroup.reason": "OTHER",
    "Mutation.removeFinding.justification": "DUPLICATED",
    "Mutation.removeVulnerabilities.justification": "DUPLICATED",
    "VulnerabilityInput.type": "LINES",
    **{f"Mutation.{verb}FindingEvidence.slot": "EVIDENCE1" for verb in ("update", "remove")},
    **{f"Mutation.{verb}EventEvidence.slot": "FILE_1" for verb in ("update", "remove")},
    **{f"Mutation.{name}.items": f"[{{id: {NOWHERE}}}]" for name in ONCE},
}
"""What everybody gives to one argument."""
NAMED = {
    "email": f'"{FRESH}@demo.example"',
    "role": "USER",
    "policies": "{maxAcceptanceDays: 7}",
    "urlType": "DATABASE",
    "treatment": "IN_PROGRESS",
    "justification": '"Somebody works on it."',
    "name": f'"{FRESH}"',
    "description": '"A description"',
    "url": f'"https://git.example/{FRESH}"',
    "reference": f'"{FRESH}"',
    "nickname": f'"{FRESH}"',
    "address": f'"{FRESH_ADDRESS}"',
    "branch": '"main"',
    "file": FILE,
    "id": NOWHERE,
    "title": f'"{FRESH}"',
    "content": '"A comment"',
    "comments": '"Somebody has looked at it."',
    "eventDate": '"2020-01-01T00:00:00Z"',
    "reason": "ACCESS_GRANTED",
    "reasons": "[OTHER]",
    "approve": "true",
    "open": "[]",
    "closed": "[]",
    "vulnerabilities": "[]",
    "technique": "SAST",
    "where": f'"src/{FRESH}.py"',
    "specific": '"1"',
    "strictness": "STRICT",
}
"""What everybody gives to all arguments of a name."""


def given_to(tenant: Tenant) -> Given:
    """Return what the people of a tenant give to arguments that are not left open."""
    ids = {kind: json.dumps(value) for kind, value in tenant.ids.items()}
    names = {
        "decisionImport": "DecisionImport",
        "event": "Event",
        "finding": "Finding",
        "forcesExecution": "ForcesExecution",
        "import": "Import",
        "organization": "Organization",
        "root": "Root",
        "vulnerability": "Vulnerability",
    }
    return Given(
        {
            **{f"Query.{name}.id": ids[kind] for name, kind in names.items()},
            "Query.group.name": ids["Group"],
            "Mutation.resumeImport.id": ids["Import"],
            **{f"Mutation.update{kind}Root.id": ids["Root"] for kind in KINDS},
            "Mutation.updateOrganization.id": ids["Organization"],
            "Mutation.updateGroup.name": ids["Group"],
            "Mutation.updateGroupMember.email": json.dumps(f"{tenant.mark}.reviewer@demo.example"),
            "Mutation.revokeAccessToken.id": ids["AccessToken"],
            **AT,
        },
        {
            "organizationId": ids["Organization"],
            "groupName": ids["Group"],
            "rootId": ids["Root"],
            "findingId": ids["Finding"],
            "eventId": ids["Event"],
            "items": f"[{{id: {ids['Vulnerability']}}}]",
            **NAMED,
        },
    )


@dataclass(frozen=True)
class Walk:
    """A service with two tenants, and what has been found out for all walkers."""

    client: httpx.Client
    tenants: tuple[Tenant, Tenant]
    paths: tuple[tuple[Path, ...], tuple[Path, ...]]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    compared: Iterator[int] = field(default_factory=itertools.count)
    known: dict[object, Any] = field(default_factory=dict)

    def answer(self, token: str, text: str, probe: str | None) -> tuple[int, str, str]:
        """Return status, type and body of an answer; the probe, and what each change has of its own, are masked."""
        number = next(self.numbers)
        fresh = text.replace(FRESH, f"fresh-{number}").replace(FRESH_ADDRESS, f"2001:db8::{number:x}")
        body: dict[str, Any] = {"query": fresh, "variables": {} if probe is None else {"probe": probe}}
        headers = {"authorization": f"Bearer {token}"}
        if FILE in text:
            body["variables"]["file"] = None
            fields = {"operations": json.dumps(body), "map": '{"0": ["variables.file"]}'}
            found = self.client.post("/api", headers=headers, data=fields, files={"0": ("scan.sarif", sarif([]))})
        else:
            found = self.client.post("/api", headers=headers, json=body)
        shown = found.text if probe is None else _masked(found.text, probe)
        return (
            found.status_code,
            found.headers["content-type"],
            MADE.sub("MADE", shown) if text.startswith("mutation") else shown,
        )

    def missing(self, who: tuple[int, str], path: Path, probe: str, chance: Random) -> tuple[int, str, str]:
        """Return the answer about something that is nowhere, of the same shape as the probe; equal ones are asked for once."""
        key = (who, path.text, "cursor" if path.is_cursor else re.sub("[a-z]", "x", ID.sub("id", probe)))
        if key not in self.known or path.is_change:
            tenant = self.tenants[who[0]]
            self.known[key] = self.answer(tenant.tokens[who[1]], path.text, altered(probe, chance))
        found: tuple[int, str, str] = self.known[key]
        return found

    def cursor(self, number: int, path: Path) -> str | None:
        """Return a cursor that the manager of a tenant gets from the list whose cursor is left open."""
        where = path.where.removesuffix(".after")
        if (number, where) not in self.known:
            asked = next(each for each in self.paths[number] if each.kind is None and each.where == where)
            _, _, body = self.answer(self.tenants[number].tokens[MANAGER], asked.text, None)
            found = re.search(r'"endCursor":"([^"]+)"', body)
            self.known[number, where] = found[1] if found else None
        known: str | None = self.known[number, where]
        return known


def _masked(text: str, probe: str) -> str:
    """Return the text without the probe and without its last part, which may become a nickname."""
    parts = (json.dumps(part, ensure_ascii=False)[1:-1] for part in (probe, probe.rpartition("/")[2]) if part)
    return reduce(lambda shown, part: shown.replace(part, "PROBE"), parts, text)


def altered(text: str, chance: Random) -> str:
    """Return what has the shape of a text and belongs to nobody."""
    if ID.fullmatch(text):
        digits = "".join(chance.choice("0123456789abcdef") if sign != "-" else sign for sign in text)
        return digits[:14] + text[14] + digits[15:19] + text[19] + digits[20:]
    local_part, at, domain = text.partition("@")
    return "".join(chance.choice("qxzjk") if sign.isalpha() else sign for sign in local_part) + at + domain


@dataclass(frozen=True)
class Step:
    """What one person of one tenant asks for; ``about`` says which thing of the other tenant the probe is."""

    number: int
    person: str
    path: Path
    about: str = ""
    probe: str | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """What is tried, whoever does it and on whichever way."""
        return self.path.where.rpartition(" > ")[2], self.about


def steps(walk: Walk) -> Iterator[Step]:
    """Yield every step: each person, each path, and in each open argument each thing of the other tenant that may fit."""
    for number, person in itertools.product(range(2), EVERYBODY):
        other = walk.tenants[1 - number]
        for path in walk.paths[number]:
            if path.where in NAMES_OF_ALL:
                continue
            if path.kind is None:
                yield Step(number, person, path)
            elif path.is_cursor:
                yield Step(number, person, path, CURSOR)
            else:
                texts = {f"text {position}": text for position, text in enumerate(other.more)} if path.kind == "String" else {}
                yield from (Step(number, person, path, about, probe) for about, probe in {**other.ids, **texts}.items())


def one_of_each(every: Iterable[Step], chance: Random) -> Iterator[Step]:
    """Yield a step of each kind, mostly of somebody with a role: others get nowhere with most."""
    kinds: dict[tuple[str, str], list[Step]] = {}
    for step in every:
        kinds.setdefault(step.kind, []).append(step)
    for alike in kinds.values():
        likely = [step for step in alike if step.person not in ROLELESS]
        yield chance.choice(likely if chance.random() < 0.8 else alike)


def check(walk: Walk, chance: Random, step: Step) -> str | None:
    """Return what is wrong about a step."""
    tenant, other, path = walk.tenants[step.number], walk.tenants[1 - step.number], step.path
    probe = walk.cursor(1 - step.number, path) if step.about == CURSOR else step.probe
    found = walk.answer(tenant.tokens[step.person], path.text, probe)
    if path.kind is None or probe is None:
        walk.known.setdefault("reached", set()).update(mark for mark in tenant.marks if mark in found[2])
    if INVALID in found[2]:
        return f"{path.where} is asked for in a way that the schema does not know: {path.text}"
    if told := [mark for mark in other.marks if mark in found[2]]:
        return f"{tenant.mark}.{step.person} reads {told} in {path.where} given {probe}"
    if probe is None or (path.where in CLAIMED and walk.known.setdefault((step.number, probe), step) is not step):
        return None
    missing = walk.missing((step.number, step.person), path, probe, chance)
    next(walk.compared)
    return None if found == missing else f"{tenant.mark}.{step.person}: {path.where} given {probe}: {found}, else {missing}"


def schema_of(running: Running, token: str) -> GraphQLSchema:
    """Return the schema as somebody with a token is told it."""
    with running.client(token) as client:
        return build_client_schema(client.post("/api", json={"query": get_introspection_query()}).json()["data"])


@contextmanager
def walking(folder: Folder) -> Iterator[Walk]:
    """Start a service with two tenants."""
    with serving(folder, "--demo", "--store", STORE, **UNBOUND) as running, running.client() as client:
        north, south = settle(running, ("northmark", "southmark"))
        schema = schema_of(running, north.tokens[MANAGER])
        first, second = ((*queries(schema, given), *mutations(schema, given)) for given in map(given_to, (north, south)))
        yield Walk(client, (north, south), (first, second))


def walked(walk: Walk, chosen: Sequence[Step], chance: Random) -> list[str]:
    """Take the steps; what is wrong. Changes come last, one at a time: they leave texts of the one tenant with the other.

    Those that name things by such texts are the last of them, because the others would find what was named so.
    """
    asked, changed = ([step for step in chosen if step.path.is_change is kind] for kind in (False, True))
    changed.sort(key=lambda step: step.path.where in CLAIMED)
    with ThreadPoolExecutor(WALKERS) as pool:
        wrong = [fault for fault in pool.map(partial(check, walk, chance), asked) if fault]
    return [*wrong, *(fault for fault in map(partial(check, walk, chance), changed) if fault)]


def test_the_other_tenant_looks_like_nothing(proof: Proof, tmp_path: Folder) -> None:
    kinds: set[tuple[str, str]] = set()
    for turn in proof.rounds(1):
        chance, folder = proof.chance(turn), tmp_path / str(turn)
        folder.mkdir()
        with walking(folder) as walk:
            every = list(steps(walk))
            own = [step for step in every if step.person == MANAGER and step.path.is_entrance]
            proof.chance("order").shuffle(every)
            some = one_of_each(every, chance) if proof.minutes is None else every[turn % SLICES :: SLICES]
            chosen = [*own, *some]
            wrong = walked(walk, chosen, chance)
        for fault in wrong:
            proof.note(fault=fault)
        assert wrong == []
        shown = {each for tenant in walk.tenants for kind, each in tenant.ids.items() if kind not in UNNAMED}
        assert walk.known["reached"] >= shown, "people see their own"
        kinds |= {step.kind for step in chosen}
        proof.count(steps=len(chosen), of_all=0 if turn else len(every), walks=1, answers_compared=next(walk.compared))
    proof.count(kinds_of_step=len(kinds))
