"""Changes that workers send at once, what they were told about each, and the histories to judge that by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import httpx
from tests.load.ledger import History, Told
from tests.serving import Caller, Place

TREAT = """mutation ($items: [VulnerabilityRef!]!, $mark: String!) {
  updateVulnerabilitiesTreatment(items: $items, treatment: IN_PROGRESS, justification: $mark) {
    vulnerabilities { id version } errors { reason path }
  }
}"""
SETTLE = """mutation ($id: ID!, $mark: String!, $version: Int) {
  updateOrganization(id: $id, country: $mark, expectedVersion: $version) { organization { version } errors { reason } }
}"""
ADD_ROOT = """mutation ($group: ID!, $url: String!, $mark: String!) {
  addGitRoot(groupName: $group, url: $url, branch: "main", nickname: $mark) { root { id version } errors { reason } }
}"""
VERSION = "query ($id: ID!) { vulnerability(id: $id) { version } }"
HISTORY = """query ($id: ID!, $after: String) { found: %s(id: $id) {
  history(first: 500, after: $after) { nodes { version operation aspects } pageInfo { hasNextPage endCursor } }
} }"""
ROOTS = "query ($group: ID!) { group(name: $group) { roots { nickname ... on GitRoot { url version } } } }"
HASTE = 0.004
"""Seconds that an impatient caller waits for an answer: about half of them hear it."""
Heard = dict[str, Any] | None


def heard(who: Caller, query: str, variables: Mapping[str, Any], *, hasty: bool = False) -> Heard:
    """Return the payload of a mutation, ``None`` when nobody knows what became of it.

    Raise ``httpx.ConnectError`` when it was not even sent.
    """
    patience = HASTE if hasty else who.client.timeout
    try:
        answer = who.client.post("/api", json={"query": query, "variables": dict(variables)}, timeout=patience)
    except httpx.ConnectError:
        raise
    except httpx.HTTPError:
        return None
    body = answer.json()
    if body.get("errors"):
        assert {error["extensions"]["code"] for error in body["errors"]} == {"UNAVAILABLE"}, body
        return None
    (payload,) = body["data"].values()
    found: dict[str, Any] = payload
    return found


def treated(who: Caller, mark: str, wanted: Mapping[str, int | None], *, hasty: bool = False) -> Told:
    """Change vulnerabilities, each with the version that was seen of it or without one."""
    items = [{"id": identity, "expectedVersion": version} for identity, version in wanted.items()]
    payload = heard(who, TREAT, {"items": items, "mark": mark}, hasty=hasty)
    told = Told(mark, expected={identity: version for identity, version in wanted.items() if version is not None})
    if payload is None:
        return replace(told, unknown=frozenset(wanted))
    done = {each["id"]: each["version"] for each in payload["vulnerabilities"] or ()}
    reasons = {items[int(error["path"][1])]["id"]: error["reason"] for error in payload["errors"]}
    left = wanted.keys() - done.keys()
    assert not left or reasons, payload
    unknown = {identity for identity in left if reasons.get(identity) == "UNAVAILABLE"}
    refused = {str(identity): reasons.get(identity, "with others") for identity in left - unknown}
    return replace(told, done=done, refused=refused, unknown=frozenset(unknown))


def settled(who: Caller, country: str, organization: str, version: int | None) -> Told:
    """Change an organization's country, which is the mark of the change."""
    payload = heard(who, SETTLE, {"id": organization, "mark": country, "version": version})
    return _single(country, organization, payload, "organization", {} if version is None else {organization: version})


def rooted(who: Caller, nickname: str, group: str, url: str) -> Told:
    """Add a root, whose nickname is the mark of the change; there may be one with the address."""
    payload = heard(who, ADD_ROOT, {"group": group, "url": url, "mark": nickname})
    return _single(nickname, url, payload, "root", {})


def _single(mark: str, target: str, payload: Heard, name: str, expected: Mapping[str, int]) -> Told:
    told = Told(mark, expected=expected)
    if payload is None:
        return replace(told, unknown=frozenset({target}))
    if payload["errors"]:
        return replace(told, refused={target: payload["errors"][0]["reason"]})
    return replace(told, done={target: payload[name]["version"]})


@dataclass(frozen=True)
class Aim:
    """What the workers of one round change: vulnerabilities, an organization by countries used once, roots by addresses."""

    place: Place
    vulnerabilities: Sequence[str]
    countries: Callable[[], str | None]
    urls: Sequence[str]


def attacked(who: Caller, name: str, aim: Aim, chance: Random) -> Told:
    """Send one change of a kind that chance decides."""
    kind = chance.choices(("treat", "settle", "root"), (8, 2, 1))[0]
    if kind == "settle" and (country := aim.countries()):
        version = chance.choice((None, _settled_version(who, aim.place.organization)))
        return settled(who, country, aim.place.organization, version)
    if kind == "root":
        return rooted(who, name, aim.place.group, chance.choice(aim.urls))
    chosen = chance.sample(aim.vulnerabilities, chance.randint(1, 4))
    blind = chance.random() < 0.5
    seen: dict[str, int | None] = {identity: None if blind else _version(who, identity) for identity in chosen}
    return treated(who, name, seen, hasty=chance.random() < 0.05)


def reread(other: Caller, told: Told, aim: Aim) -> None:
    """See that another service reads a change of vulnerabilities as soon as it is acknowledged."""
    for identity, version in told.done.items():
        if identity in aim.vulnerabilities:
            assert _version(other, identity) >= version, "what is acknowledged is what everybody reads"


def _version(who: Caller, identity: str) -> int:
    found: int = who.ask(VERSION, id=identity)["vulnerability"]["version"]
    return found


def _settled_version(who: Caller, organization: str) -> int:
    found: int = who.ask("query ($id: ID!) { organization(id: $id) { version } }", id=organization)["organization"]["version"]
    return found


def _revisions(who: Caller, kind: str, identity: str) -> list[Any]:
    nodes: list[Any] = []
    after = None
    while True:
        page = who.ask(HISTORY % kind, id=identity, after=after)["found"]["history"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


def histories(who: Caller, aim: Aim) -> dict[str, History]:
    """Return the history of everything that the workers change."""
    found: dict[str, History] = {}
    for identity in aim.vulnerabilities:
        found[identity] = [
            (each["version"], each["aspects"].get("treatment", {}).get("justification"))
            for each in _revisions(who, "vulnerability", identity)
        ]
    organization = aim.place.organization
    found[organization] = [
        (each["version"], each["aspects"].get("info", {}).get("country"))
        for each in _revisions(who, "organization", organization)
    ]
    roots = who.ask(ROOTS, group=aim.place.group)["group"]["roots"]
    for url in aim.urls:
        found[url] = [(each["version"], each["nickname"]) for each in roots if each["url"] == url]
    return found
