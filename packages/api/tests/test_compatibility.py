"""Nothing that clients rely on goes unannounced: what is deprecated names a day, and what breaks stands in the changelog."""

from datetime import date
from typing import Final

import pytest
from graphql import DocumentNode, parse
from packages.api.tests.compatibility import Release, breaks, hasty, release, unfit
from packages.api.tests.snapshot import PACKAGE, RELEASED, promised

from integrates.api.schema import definition

MIN_WORDS: Final = 4
CHANGELOG: Final = PACKAGE / "CHANGELOG.md"
_GUARDS: Final = """
    directive @requires(permission: String!) on FIELD_DEFINITION
    directive @authenticated on FIELD_DEFINITION
    directive @partly(needs: [String!]!) on FIELD_DEFINITION
    directive @most(items: Int!) on ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION
"""


def _released() -> DocumentNode:
    return parse(RELEASED.read_text(encoding="utf-8"))


def _newest() -> Release:
    return release(CHANGELOG.read_text(encoding="utf-8"))


def test_what_breaks_is_announced() -> None:
    found = breaks(_released(), definition())
    announced = _newest().breaks
    silent = [text for text in found if text not in announced]
    assert silent == [], (
        "these break what worked with the last release: keep the old beside the new and deprecate it; or say in "
        f"CHANGELOG.md, below `### What breaks`, why and what to do instead: {silent}"
    )
    assert [text for text in announced if text not in found] == [], "these are announced and break nothing"
    assert [text for text, why in announced.items() if len(why.split()) < MIN_WORDS] == [], "say why, in a sentence"


def test_deprecations_say_what_to_use_and_until_when() -> None:
    assert unfit(definition()) == {}


def test_nothing_goes_before_its_day() -> None:
    assert hasty(_released(), definition(), _newest().day) == ()


def test_the_promise_is_kept_without_descriptions() -> None:
    assert RELEASED.read_text(encoding="utf-8") == promised(_released())


def test_a_description_is_no_promise() -> None:
    described = parse(
        '"All that is asked." type Query { "What it was." old("By what." by: ID): Int @deprecated(reason: "Why.") }'
    )
    assert promised(described) == 'type Query {\n  old(by: ID): Int @deprecated(reason: "Why.")\n}\n'


@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        ("Use `Query.new`. Goes on 2027-06-01; deprecated on 2026-11-27.", None),
        ("Use `Query.new(by)` with a name. Goes on 2027-06-01; deprecated on 2026-11-27.", None),
        ("Use `Kind.GOOD`. Goes on 2027-02-25; deprecated on 2026-11-27.", None),
        ("Nothing takes its place: nobody asked for it. Goes on 2027-06-01; deprecated on 2026-11-27.", None),
        ("Use `Query.new`. Goes on 2027-02-24; deprecated on 2026-11-27.", "goes in less than 90 days"),
        ("Use `Query.none`. Goes on 2027-06-01; deprecated on 2026-11-27.", "there is no Query.none"),
        ("Use `Query.new`. Goes on 2027-02-30; deprecated on 2026-11-27.", "there is no such day"),
        ("Use `Query.new`. Goes on 2027-06-01; deprecated on 2026-13-01.", "there is no such day"),
        ("Use `Query.new`. Goes on 2027-06-01.", "say"),
        ("Goes on 2027-06-01; deprecated on 2026-11-27.", "say"),
        ("Use Query.new. Goes on 2027-06-01; deprecated on 2026-11-27.", "say"),
        ("No longer supported", "say"),
    ],
)
def test_a_deprecation_without_a_day_or_a_replacement_is_found(reason: str, fault: str | None) -> None:
    document = parse(f"""
        type Query {{ old: Int @deprecated(reason: "{reason}"), new(by: ID): Int }}
        enum Kind {{ GOOD, BAD @deprecated(reason: "{reason}") }}
        input Wish {{ old: Int @deprecated(reason: "{reason}") }}
        type Mutation {{ ask(old: Int @deprecated(reason: "{reason}")): Int }}
    """)
    found = unfit(document)
    assert {*found} == ({"Query.old", "Kind.BAD", "Wish.old", "Mutation.ask(old)"} if fault else set())
    assert all(text.startswith(fault or "") for text in found.values())


def test_a_deprecation_without_any_reason_is_found() -> None:
    assert {*unfit(parse("type Query { old: Int @deprecated, new: Int }"))} == {"Query.old"}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("old: Int", "new: Int", ["Field Query.old was removed."]),
        ("old: Int", "old: String", ["Field Query.old changed type from Int to String."]),
        ("old(a: Int): Int", "old(a: Int, b: Int!): Int", ["A required argument Query.old(b:) was added."]),
        ("old: Int", "old: Int, new(a: Int!): Int!", []),
        (
            "old: Int @authenticated",
            'old: Int @requires(permission: "a:b")',
            ["Query.old asks for a:b instead of authenticated."],
        ),
        ("old: Int", "old: Int @authenticated", ["Query.old asks for authenticated instead of none."]),
        ('old: Int @requires(permission: "a:b")', "old: Int", []),
        ('old: Int @partly(needs: ["a:b"])', 'old: Int @partly(needs: ["c:d"])', ["Query.old shows or does less without c:d."]),
        ("old(a: [Int] @most(items: 5)): Int", "old(a: [Int] @most(items: 4)): Int", ["Query.old(a) takes at most 4 items."]),
        ("old(a: [Int]): Int", "old(a: [Int] @most(items: 4)): Int", ["Query.old(a) takes at most 4 items."]),
        ("old(a: [Int] @most(items: 5)): Int", "old(a: [Int] @most(items: 6)): Int", []),
    ],
)
def test_what_breaks_is_found(old: str, new: str, found: list[str]) -> None:
    before, after = (parse(f"{_GUARDS} type Query {{ {text} }}") for text in (old, new))
    assert [*breaks(before, after)] == found


_DEPRECATED: Final = 'old: Int @deprecated(reason: "Use `Query.new`. Goes on {}; deprecated on 2026-01-01.")'


@pytest.mark.parametrize(
    ("now", "day", "found"),
    [
        ("", date(2027, 5, 31), ("Query.old",)),
        ("", date(2027, 6, 1), ()),
        ("", None, ()),
        (_DEPRECATED.format("2027-05-31"), None, ("Query.old",)),
        (_DEPRECATED.format("2027-06-02"), None, ()),
        ("old: Int", date(2027, 1, 1), ()),
    ],
)
def test_what_goes_before_its_day_is_found(now: str, day: date | None, found: tuple[str, ...]) -> None:
    before = parse(f"type Query {{ new: Int, {_DEPRECATED.format('2027-06-01')} }}")
    assert hasty(before, parse(f"type Query {{ new: Int, {now} }}"), day) == found


def test_a_changelog_is_read() -> None:
    text = """# Changelog

## 0.2.0, 2027-06-02

- Something.

### What breaks

| Change | Why, and what to do instead |
| --- | --- |
| Field Query.old was removed. | It said what `new` says, too. |

### Others

| a | b |
| --- | --- |
| c | d |

## 0.1.0, 2026-12-01

### What breaks

| Change | Why |
| --- | --- |
| e | f |
"""
    assert release(text) == Release(date(2027, 6, 2), {"Field Query.old was removed.": "It said what `new` says, too."})
    assert release(text.replace("2027-06-02", "unreleased").replace("### What breaks", "### Others")) == Release(None, {})
    with pytest.raises(ValueError, match="no section"):
        release("# Changelog\n")
