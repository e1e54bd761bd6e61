"""The commands of an operator: what they change, whom they name as actor, and what they refuse."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from packages.server.tests.commandline import invoked

from integrates.db_model import access, tokens
from integrates.db_model.access.facet import GROUP_ACCESS, ORGANIZATION_ACCESS, group_access_key, organization_access_key
from integrates.db_model.access.types import AccessStatus, GroupGrant, GroupRole, OrganizationRole
from integrates.db_model.entity import read
from integrates.db_model.entity.facet import Facet
from integrates.db_model.groups.facet import group_key
from integrates.db_model.inspection.walk import inspected
from integrates.db_model.stakeholders.facet import stakeholder_key
from integrates.db_model.store.port import Key, Store
from integrates.db_model.store.url import open_store
from integrates.db_model.testing.scene import add_group, add_member, add_person, address_of, ticking, uid
from integrates.server.auth.token import PATTERN
from integrates.server.process import clock

T = TypeVar("T")
URI, HANA, OLGA = address_of("uri"), address_of("hana"), address_of("olga")


class Operator:
    """Somebody at the command line, and the store that the commands work on."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'store.db'}"

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command; return its exit code, standard output and standard error."""
        return invoked(["--store", self.url, *arguments])

    def told(self, *arguments: str) -> list[Any]:
        """Run a command that succeeds with ``--json``; return what it prints."""
        code, out, err = self.run(*arguments, "--json")
        assert (code, err) == (0, "")
        return [json.loads(line) for line in out.splitlines()]

    def look(self, work: Callable[[Store], Awaitable[T]]) -> T:
        async def looked() -> T:
            async with open_store(self.url, create=True) as store:
                return await work(store)

        return asyncio.run(looked())

    def entity(self, facet: Facet[Any], key: Key) -> Any:
        return self.look(lambda store: read.get_any(store, facet, key))

    def by(self, key: Key) -> list[tuple[str, str]]:
        """Return who changed an entity, by what."""
        return [(one.by, one.operation) for one in self.look(lambda store: read.history(store, key))]

    def differences(self) -> list[object]:
        async def found(store: Store) -> list[object]:
            return [each async for report in inspected(store, clock.now()) for each in report.differences]

        return self.look(found)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    made = Operator(tmp_path)

    async def furnished(store: Store) -> None:
        stamp = ticking()
        group = await add_group(store, "webshop", stamp, organization="aurora")
        await add_group(store, "payments", stamp, organization="aurora")
        await add_group(store, "cargo", stamp, organization="harbor")
        await add_person(store, OLGA, stamp)
        await add_member(store, group, URI, GroupRole.USER, stamp)

    made.look(furnished)
    yield made
    assert made.differences() == []


def test_a_person_is_added_and_listed(operator: Operator) -> None:
    row = {"email": "you@example.com", "role": "admin", "is_registered": False, "first_name": "You", "last_name": None}
    assert operator.told("person", "add", "You@Example.com", "--role", "admin", "--first-name", " You ") == [row]
    assert operator.told("person", "list", "EXAMPLE.com") == [row]
    assert [one["email"] for one in operator.told("person", "list")] == sorted([HANA, OLGA, URI, "you@example.com"])
    assert operator.by(stakeholder_key("you@example.com")) == [("operator", "command_person_add")]
    assert operator.run("person", "list", "you") == (0, "you@example.com  admin, has not logged in yet  You\n", "")


def test_an_organization_and_a_group_are_added_and_listed(operator: Operator) -> None:
    (made,) = operator.told("organization", "add", "acme", "--manager", URI, "--country", "CO")
    assert (made["name"], made["country"]) == ("acme", "CO")
    found = operator.entity(ORGANIZATION_ACCESS, organization_access_key(URI, made["id"]))
    assert found.access.role is OrganizationRole.ORGANIZATION_MANAGER
    assert [one["name"] for one in operator.told("organization", "list")] == ["acme", "aurora", "harbor"]
    row = {"name": "shop", "organization": "acme", "description": "The shop", "language": "ES"}
    made_by_name = operator.told(
        "group", "add", "shop", "--organization", "acme", "--description", "The shop", "--language", "ES"
    )
    assert made_by_name == [row]
    assert operator.told("group", "list", "--organization", made["id"]) == [row]
    assert [one["name"] for one in operator.told("group", "list")] == ["cargo", "payments", "shop", "webshop"]
    assert operator.by(group_key("shop")) == [("operator", "command_group_add")]


def test_a_role_in_a_group_brings_membership_of_its_organization(operator: Operator) -> None:
    (row,) = operator.told("member", "grant", OLGA, "hacker", "--group", "webshop", "--responsibility", "Tests")
    expected = {"email": OLGA, "of": "group", "name": "webshop", "role": "hacker", "state": "ACTIVE", "responsibility": "Tests"}
    assert row == expected
    above = operator.entity(ORGANIZATION_ACCESS, organization_access_key(OLGA, uid("aurora")))
    assert above.access.role is OrganizationRole.USER
    operator.told("member", "grant", OLGA, "REVIEWER", "--group", "webshop")
    found = operator.entity(GROUP_ACCESS, group_access_key(OLGA, "webshop"))
    assert (found.access.role, found.access.responsibility, found.version) == (GroupRole.REVIEWER, None, 2)
    again = operator.told("member", "grant", OLGA, "reviewer", "--group", "webshop")
    assert again[0]["role"] == "reviewer"
    assert operator.entity(GROUP_ACCESS, group_access_key(OLGA, "webshop")).version == 2, "what is so already is not written"
    assert [one["email"] for one in operator.told("member", "list", "--group", "webshop")] == [OLGA, URI]
    assert operator.by(group_access_key(OLGA, "webshop")) == [("operator", "command_member_grant")] * 2


def test_who_left_may_come_back(operator: Operator) -> None:
    assert operator.run("member", "revoke", URI, "--group", "webshop") == (0, f"{URI}  user of webshop, removed\n", "")
    assert operator.told("member", "list", "--group", "webshop") == []
    operator.told("member", "grant", URI, "hacker", "--group", "webshop")
    found = operator.entity(GROUP_ACCESS, group_access_key(URI, "webshop"))
    assert (found.state.status, found.state.by, found.version) == (AccessStatus.ACTIVE, "operator", 3)


def test_leaving_an_organization_is_leaving_its_groups(operator: Operator) -> None:
    for group in ("webshop", "payments", "cargo"):
        operator.told("member", "grant", OLGA, "hacker", "--group", group)
    operator.told("member", "revoke", OLGA, "--organization", "aurora")
    left = {name: operator.entity(GROUP_ACCESS, group_access_key(OLGA, name)) for name in ("webshop", "payments", "cargo")}
    assert {name: one.state.status.value for name, one in left.items()} == {
        "webshop": "REMOVED",
        "payments": "REMOVED",
        "cargo": "ACTIVE",
    }
    assert [one["email"] for one in operator.told("member", "list", "--organization", "harbor")] == [HANA, OLGA]


def test_an_organization_keeps_a_manager(operator: Operator) -> None:
    operator.told("member", "grant", HANA, "hacker", "--group", "webshop")
    for arguments in (("revoke", HANA), ("grant", HANA, "user")):
        code, out, err = operator.run("member", *arguments, "--organization", "aurora")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "at least one manager" in err
    found = operator.entity(GROUP_ACCESS, group_access_key(HANA, "webshop"))
    assert found.state.status is AccessStatus.ACTIVE, "nothing is taken before it is known whether all can be"
    operator.told("member", "grant", OLGA, "organization_manager", "--organization", "aurora")
    operator.told("member", "revoke", HANA, "--organization", "aurora")


def test_a_token_of_a_group_replaces_the_former(operator: Operator) -> None:
    first, second = (operator.run("group", "token", "webshop") for _ in range(2))
    assert [(code, err) for code, _, err in (first, second)] == [(0, ""), (0, "")]
    assert all(re.fullmatch(PATTERN, out.strip()) for _, out, _ in (first, second))
    assert first[1] != second[1]
    (live,) = operator.look(lambda store: tokens.tokens_of(store, "service:forces:webshop"))
    assert (live.created_by, live.kind.value) == ("operator", "FORCES")
    assert operator.run("group", "token", "webshp")[2] == "integrates: group: there is no webshp; did you mean webshop?\n"


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "an unknown person": (("member", "grant", "urj@demo.example", "user", "--group", "webshop"), f"did you mean {URI}"),
    "nothing like it": (("member", "grant", URI, "user", "--group", "zzzz"), "there are cargo, payments, webshop"),
    "an unknown group": (("member", "grant", URI, "user", "--group", "webshp"), "did you mean webshop?"),
    "an unknown organization": (("member", "list", "--organization", "auror"), "did you mean aurora"),
    "an unknown role": (("member", "grant", URI, "haker", "--group", "webshop"), "did you mean hacker?"),
    "a role of the other kind": (("member", "grant", URI, "hacker", "--organization", "aurora"), "organization_manager, user"),
    "the role of the CI identity": (("member", "grant", URI, "service_forces", "--group", "webshop"), "ROLE"),
    "the CI identity": (("member", "grant", "service:forces:webshop", "user", "--group", "webshop"), "not an e-mail"),
    "no place": (("member", "grant", URI, "user"), "exactly one of --group and --organization"),
    "two places": (("member", "list", "--group", "webshop", "--organization", "aurora"), "exactly one"),
    "a responsibility for all": (
        ("member", "grant", URI, "user", "--organization", "aurora", "--responsibility", "x"),
        "responsibility",
    ),
    "no member": (("member", "revoke", OLGA, "--group", "webshop"), "is no member of webshop"),
    "no member of an organization": (("member", "revoke", OLGA, "--organization", "aurora"), "is no member of aurora"),
    "a known person": (("person", "add", URI), "is known already, as user"),
    "no e-mail": (("person", "add", "uri"), "not an e-mail"),
    "an e-mail with a separator": (("person", "add", "a#b@example.com"), "not an e-mail"),
    "a long name": (("person", "add", "a@example.com", "--first-name", "x" * 51), "firstName"),
    "an unknown platform role": (("person", "add", "a@example.com", "--role", "boss"), "--role"),
    "a taken organization": (("organization", "add", "aurora", "--manager", URI), "name: The name is taken"),
    "a short name": (("organization", "add", "x", "--manager", URI), "too short"),
    "an unknown manager": (("organization", "add", "acme", "--manager", "nobody@demo.example"), "manager: there is no nobody@"),
    "a country": (("organization", "add", "acme", "--manager", URI, "--country", "XX"), "country"),
    "a taken group": (("group", "add", "cargo", "--organization", "aurora", "--description", "x"), "name is taken"),
    "a group of nobody": (("group", "add", "shop", "--organization", "acme", "--description", "x"), "organization"),
    "an empty description": (("group", "add", "shop", "--organization", "aurora", "--description", " "), "description"),
    "a name that is a key": (("group", "list", "--organization", "a#b"), "there is no a#b"),
    "a name that is no text": (("group", "list", "--organization", "a\udcff"), "there is no a"),
    "a group that is no text": (("member", "list", "--group", "a\udcff"), "there is no a"),
    "an unknown command": (("person", "ad"), "ad"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_is_told_in_words_with_exit_code_2(operator: Operator, why: str) -> None:
    arguments, told = REFUSED[why]
    before = operator.look(_revisions)
    code, out, err = operator.run(*arguments)
    assert (code, out) == (2, "")
    assert told in err.replace("\n", " ")
    assert operator.look(_revisions) == before


async def _revisions(store: Store) -> int:
    return sum([report.entities async for report in inspected(store, clock.now())])


@pytest.mark.parametrize("verb", ["person", "member", "organization", "group"])
def test_a_store_that_is_not_there_is_not_made(tmp_path: Path, verb: str) -> None:
    code, _, err = Operator(tmp_path).run(verb, "list", *(("--group", "x") if verb == "member" else ()))
    assert (code, "there is no store" in err, list(tmp_path.iterdir())) == (2, True, [])


async def test_two_that_grant_at_once_leave_one_role_and_exact_counters(tmp_path: Path) -> None:
    async with open_store(f"sqlite:///{tmp_path / 'store.db'}", create=True) as store:
        stamp = ticking()
        group = await add_group(store, "webshop", stamp)
        await add_person(store, URI, stamp)
        roles = (GroupRole.HACKER, GroupRole.REVIEWER, GroupRole.USER, GroupRole.REATTACKER)
        calls = (access.grant_in_group(store, URI, group, GroupGrant(role=role), stamp()) for role in roles)
        made = await asyncio.gather(*calls)
        assert {one.access.role for one in made} == set(roles)
        assert [each async for report in inspected(store, clock.now()) for each in report.differences] == []
