"""Searching the reference: what is found, and in which order."""

from functools import cache

import pytest
from graphql import parse

from integrates.api.reference.entry import reference_of
from integrates.api.reference.search import Sheet, search, sheets_of, words_of
from integrates.api.schema import definition


@cache
def sheets() -> tuple[Sheet, ...]:
    return sheets_of(reference_of(definition()))


def names(text: str) -> list[str]:
    return [hit.entry.name for hit in search(sheets(), text)]


def test_words_are_taken_once_and_in_lower_case() -> None:
    assert words_of("  Group:Read, (group:read) addGroup @most ") == ("group:read", "addgroup", "@most")


@pytest.mark.parametrize("text", ["", "  ", "?!", "…", "qqq"])
def test_nothing_is_found_by_nothing(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("addGroup", ["addGroup"]),
        ("ADDGROUP", ["addGroup"]),
        ("add root", ["addGitRoot", "addImageRoot", "addIpRoot", "addUrlRoot"]),
        ("git root", ["GitRoot"]),
        ("import", ["import", "Import"]),
        ("Vulnerability", ["vulnerability", "Vulnerability"]),
    ],
)
def test_what_is_called_so_comes_first(text: str, first: list[str]) -> None:
    assert names(text)[: len(first)] == first


def test_every_word_has_to_be_there_in_the_entry_or_in_one_of_its_parts() -> None:
    assert "addGroup" in names("group language")
    assert "addGroup" not in names("group language cvss")


def test_a_permission_finds_the_fields_that_need_it() -> None:
    hits = {hit.entry.name: [part.name for part in hit.parts] for hit in search(sheets(), "organization_member:read")}
    assert "members" in hits["Organization"]
    assert "group" in names("group:read")


def test_a_reason_finds_itself_and_the_mutations_that_refuse_for_it() -> None:
    hits = {hit.entry.name: [part.name for part in hit.parts] for hit in search(sheets(), "location_taken")}
    assert hits["Reason"] == ["LOCATION_TAKEN"]
    assert {"addGitRoot", "activateRoot"} <= hits.keys()
    assert "addGroup" not in hits


def test_a_part_is_shown_for_a_word_that_the_entry_itself_has_not() -> None:
    older = '"Older" old: Int @requires(permission: "x:y")'
    text = f'type Query {{ a: Int }} "A shop" type Shop {{ "Its name" name: String price: Int {older} }}'
    small = sheets_of(reference_of(parse(text)))
    assert [(hit.entry.name, [part.name for part in hit.parts]) for hit in search(small, "shop name")] == [("Shop", ["name"])]
    assert [[part.name for part in hit.parts] for hit in search(small, "shop")] == [[]]
    assert [[part.name for part in hit.parts] for hit in search(small, "x:y")] == [["old"]]


def test_a_name_is_found_by_the_words_that_it_is_put_together_of() -> None:
    small = sheets_of(reference_of(parse("type Query { myLongName: Int name: Int }")))
    assert [hit.entry.name for hit in search(small, "long name")] == ["myLongName"]
    assert [hit.entry.name for hit in search(small, "name")] == ["name", "myLongName"]
