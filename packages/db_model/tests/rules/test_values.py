"""Field limits of domain section 3 and rules E6 and E12, one row for each boundary."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrates.db_model.errors import Reason, Rejected, Rejections
from integrates.db_model.values import text as texts
from integrates.db_model.values.check import Check, gather
from integrates.db_model.values.instant import effective_date, instant_text
from integrates.db_model.values.url import address, http_url

PATH = ("argument",)


def refusal(check: Callable[[], object]) -> str:
    """The word of the one refusal."""
    with pytest.raises(Rejected) as caught:
        check()
    assert caught.value.path == PATH
    return caught.value.reason


ACCEPTED = [
    (texts.name, "a-b1", "a-b1"),
    (texts.name, "a" * 40, "a" * 40),
    (texts.name, "  webshop\n", "webshop"),
    (texts.nickname, "a", "a"),
    (texts.nickname, "0" + "._-" * 42 + "z", "0" + "._-" * 42 + "z"),
    (texts.email, " Ada@Demo.Example ", "ada@demo.example"),
    (texts.email, "a" * 250 + "@b.c", "a" * 250 + "@b.c"),
    (texts.email, "o'hara+x\"$%&{}~@b", "o'hara+x\"$%&{}~@b"),
    (texts.person_text, "x", "x"),
    (texts.person_text, "n" * 50, "n" * 50),
    (texts.person_text, "Jose\u0301", "Jos\u00e9"),
    (texts.person_text, "#1", "#1"),
    (texts.title, "abc", "abc"),
    (texts.title, "t" * 200, "t" * 200),
    (texts.title, "a=b", "a=b"),
    (texts.group_description, "d" * 200, "d" * 200),
    (texts.group_description, "two\n\tlines", "two\n\tlines"),
    (texts.group_context, "", ""),
    (texts.group_context, "c" * 20_000, "c" * 20_000),
    (texts.group_disambiguation, "c" * 10_000, "c" * 10_000),
    (texts.finding_description, "d", "d"),
    (texts.finding_text, "", ""),
    (texts.finding_text, "d" * 20_000, "d" * 20_000),
    (texts.reasoning, "0123456789", "0123456789"),
    (texts.reasoning, "r" * 10_000, "r" * 10_000),
    (texts.tag, "0", "0"),
    (texts.tag, "a" + "-" * 29, "a" + "-" * 29),
    (texts.cwe_id, "CWE-79", "CWE-79"),
    (texts.cwe_id, "CWE-00079", "CWE-79"),
    (texts.cwe_id, "CWE-99999", "CWE-99999"),
    (texts.identifier, "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950e"),
    (http_url, "https://Tracker.example:8443/a?b=c#d", "https://Tracker.example:8443/a?b=c#d"),
    (http_url, "http://[::1]/", "http://[::1]/"),
    (http_url, "https://h/" + "p" * 2038, "https://h/" + "p" * 2038),
    (address, "Host.Example", "host.example"),
    (address, "10.0.0.1", "10.0.0.1"),
    (address, "2001:DB8:0:0::1", "2001:db8::1"),
    (address, "build_1", "build_1"),
]

REFUSED = [
    (texts.name, "", "required"),
    (texts.name, "   ", "required"),
    (texts.name, "abc", "too_short"),
    (texts.name, "a" * 41, "too_long"),
    (texts.name, "Webshop", "bad_characters"),
    (texts.name, "web#shop", "bad_characters"),
    (texts.name, "web shop", "bad_characters"),
    (texts.name, "1shop", "bad_format"),
    (texts.name, "shop-", "bad_format"),
    (texts.name, "-shop", "bad_format"),
    (texts.name, "we\u00df\u00dfshop", "bad_characters"),
    (texts.nickname, "a" * 129, "too_long"),
    (texts.nickname, "a#b", "bad_characters"),
    (texts.nickname, "a/b", "bad_characters"),
    (texts.nickname, ".a", "bad_format"),
    (texts.email, "", "required"),
    (texts.email, "a" * 251 + "@b.c", "too_long"),
    (texts.email, "no-at.example", "bad_format"),
    (texts.email, "a@b@c", "bad_format"),
    (texts.email, "@b", "bad_format"),
    (texts.email, "a@", "bad_format"),
    (texts.email, "a#b@c", "bad_characters"),
    (texts.email, "a|b@c", "bad_characters"),
    (texts.email, "a b@c", "bad_characters"),
    (texts.email, "\u00e4@c", "bad_characters"),
    (texts.email, "service:forces:ghost@c", "bad_format"),
    (texts.email, "Service:oidc:ghost@c", "bad_format"),
    (texts.email, "mar\u212a@c", "bad_characters"),  # the Kelvin sign, which normalising makes a K
    (texts.email, "a\u1fef@c", "bad_characters"),  # the Greek varia, which it makes a grave accent
    (texts.person_text, "", "required"),
    (texts.person_text, "n" * 51, "too_long"),
    (texts.person_text, "a\nb", "bad_characters"),
    (texts.person_text, "a\tb", "bad_characters"),
    (texts.person_text, "a\u2028b", "bad_characters"),
    (texts.title, "ab", "too_short"),
    (texts.title, "t" * 201, "too_long"),
    (texts.title, "=cmd", "bad_format"),
    (texts.title, "+cmd", "bad_format"),
    (texts.title, "-cmd", "bad_format"),
    (texts.title, " @cmd", "bad_format"),
    (texts.title, "one\ntwo", "bad_characters"),
    (texts.group_description, "", "required"),
    (texts.group_description, "d" * 201, "too_long"),
    (texts.group_context, "c" * 20_001, "too_long"),
    (texts.group_disambiguation, "c" * 10_001, "too_long"),
    (texts.finding_description, " ", "required"),
    (texts.finding_description, "d" * 20_001, "too_long"),
    (texts.finding_text, "d" * 20_001, "too_long"),
    (texts.finding_text, "x" * 1_000_000, "too_long"),
    (texts.reasoning, "", "required"),
    (texts.reasoning, "012345678", "too_short"),
    (texts.reasoning, " 012345678 ", "too_short"),
    (texts.reasoning, "r" * 10_001, "too_long"),
    (texts.tag, "", "required"),
    (texts.tag, "a" * 31, "too_long"),
    (texts.tag, "-a", "bad_format"),
    (texts.tag, "A", "bad_characters"),
    (texts.tag, "a#", "bad_characters"),
    (texts.cwe_id, "CWE-", "bad_format"),
    (texts.cwe_id, "cwe-79", "bad_characters"),
    (texts.cwe_id, "CWE-123456", "too_long"),
    (texts.cwe_id, "CWE-\u0661", "bad_characters"),
    (texts.identifier, "0f8fad5bd9cb469fa16570867728950e", "bad_format"),
    (texts.identifier, "0f8fad5b-d9cb-469f-a165-70867728950g", "bad_characters"),
    (http_url, "ftp://host/", "bad_format"),
    (http_url, "/only/a/path", "bad_format"),
    (http_url, "https://", "bad_format"),
    (http_url, "https://user@host/", "bad_format"),
    (http_url, "https://user:secret@host/", "bad_format"),
    (http_url, "https://host:port/", "bad_format"),
    (http_url, "https://[::1/", "bad_format"),
    (http_url, "https://evil\\@good/", "bad_characters"),
    (http_url, "https://a b/", "bad_characters"),
    (http_url, "https://h/" + "p" * 2039, "too_long"),
    (address, "999.1.1.1", "bad_format"),
    (address, "a..b", "bad_format"),
    (address, "-oProxyCommand", "bad_format"),
    (address, "a#b", "bad_characters"),
    (address, "fe80::1%eth0", "bad_characters"),
]


@pytest.mark.parametrize("check,given_text,stored", ACCEPTED)
def test_text_is_taken_and_normalised(check: Check, given_text: str, stored: str) -> None:
    assert check(given_text, PATH) == stored


@pytest.mark.parametrize("check,given_text,rule", REFUSED)
def test_text_is_refused_with_its_word(check: Check, given_text: str, rule: str) -> None:
    assert refusal(lambda: check(given_text, PATH)) == rule


FORBIDDEN = [
    "\x00",
    "\x1b",
    "\r",
    "\x7f",
    "\x85",
    "\ud800",
    "\udfff",
    "\u061c",
    "\u200e",
    "\u200f",
    "\u202e",
    "\u2066",
    "\u2069",
]


@pytest.mark.parametrize("character", FORBIDDEN)
@pytest.mark.parametrize("template", ["long {} enough text", "long enough text{}", "{}long enough text"])
def test_characters_that_no_text_may_hold(character: str, template: str) -> None:
    text = template.format(character)
    assert refusal(lambda: texts.reasoning(text, PATH)) == "bad_characters"
    assert refusal(lambda: texts.person_text(text, PATH)) == "bad_characters"


def test_length_counts_characters_after_normalising() -> None:
    assert texts.person_text("e\u0301" * 50, PATH) == "\u00e9" * 50
    assert refusal(lambda: texts.person_text("e\u0301" * 51, PATH)) == "too_long"


@pytest.mark.parametrize("mark", ["\u0323", "\u0323\u0300", "\u0344", "\u0f73", "\u0f75\u0f81"])
def test_combining_marks_are_bounded_in_a_row(mark: str) -> None:
    decomposed = unicodedata.normalize("NFD", mark)
    fitting = "x" + mark * (30 // len(decomposed))
    assert texts.finding_text(fitting, PATH) == unicodedata.normalize("NFC", fitting)
    assert refusal(lambda: texts.finding_text("x" + mark * 31, PATH)) == "bad_characters"
    assert texts.finding_text(texts.excerpt("x" + mark * 31, 2000), PATH)


@pytest.mark.parametrize("check", dict.fromkeys(row[0] for row in ACCEPTED))
@given(
    text=st.text(max_size=60)
    | st.text("a\u0300\u0344\u0f73\U0001d160", max_size=70)
    | st.from_regex(r"[A-Za-z0-9@.#:/ -]{1,45}")
)
@example(text="\u2000\u0344a\u0301")
def test_normalising_is_idempotent(check: Check, text: str) -> None:
    try:
        stored = check(text, PATH)
    except Rejected:
        return
    assert check(stored, PATH) == stored


@given(st.from_regex(r"[a-z@#|.\n ]{1,20}") | st.emails())
def test_no_email_breaks_a_key(text: str) -> None:
    try:
        stored = texts.email(text, PATH)
    except Rejected:
        return
    assert re.fullmatch(r"[^#|\s@]+@[^#|\s@]+", stored)


def test_lists_keep_each_value_once_in_order() -> None:
    assert texts.tags(["b", "a", "b"], PATH) == ("b", "a")
    assert texts.cwe_ids(["CWE-79", "CWE-079"], PATH) == ("CWE-79",)


@pytest.mark.parametrize("check,value", [(texts.tags, "tag-{}"), (texts.cwe_ids, "CWE-{}")])
def test_lists_are_bounded(check: Callable[[list[str], tuple[str, ...]], tuple[str, ...]], value: str) -> None:
    assert len(check([value.format(number) for number in range(20)], PATH)) == 20
    assert refusal(lambda: check([value.format(number) for number in range(21)], PATH)) == "too_many_items"


def test_lists_name_every_refused_item() -> None:
    with pytest.raises(Rejections) as caught:
        texts.tags(["", "fine", "#"], PATH)
    assert [(one.reason, one.path) for one in caught.value.refusals] == [
        ("required", ("argument", "0")),
        ("bad_characters", ("argument", "2")),
    ]


@pytest.mark.parametrize(
    "text,outcome",
    [
        ("0", 0),
        ("7", 7),
        ("007", 7),
        ("10", 10),
        ("11", "out_of_range"),
        ("", "required"),
        ("-1", "bad_characters"),
        ("1.5", "bad_characters"),
        ("\u0661", "bad_characters"),
        ("9" * 5000, "too_long"),
    ],
)
def test_integers(text: str, outcome: int | str) -> None:
    if isinstance(outcome, int):
        assert texts.integer(text, PATH, low=0, high=10) == outcome
    else:
        assert refusal(lambda: texts.integer(text, PATH, low=0, high=10)) == outcome


def test_excerpts_are_cut_and_never_refused() -> None:
    assert texts.excerpt(" a\x00\u202eb\r\nc ", 2000) == "ab\nc"
    assert texts.excerpt("x" * 2001, 2000) == "x" * 2000


STACKS = st.text("a\u0300\u0323\u0344\u0f73\u0f71\u0958\U0001d160\u05bf\ufb4c\r", min_size=20, max_size=90)


@given(st.text(max_size=50) | STACKS, st.integers(0, 100))
@example("\u0344" * 20, 20)
def test_excerpts_are_storable(text: str, high: int) -> None:
    cut = texts.excerpt(text, high)
    assert texts.multi_line(cut, PATH, low=0, high=high) == cut


MOMENT = datetime(2024, 2, 29, 12, 0, 0, 5, UTC)


def test_dates_have_one_spelling() -> None:
    assert instant_text(MOMENT) == "2024-02-29T12:00:00.000005+00:00"
    bogota = timezone(timedelta(hours=-5))
    assert instant_text(datetime(2024, 2, 29, 7, tzinfo=bogota)) == "2024-02-29T12:00:00.000000+00:00"


def test_naive_and_unreachable_dates_are_refused() -> None:
    assert refusal(lambda: instant_text(MOMENT.replace(tzinfo=None), PATH)) == "bad_format"
    early = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    assert refusal(lambda: instant_text(early, PATH)) == "out_of_range"


@pytest.mark.parametrize("behind,expected", [(-1, 0), (0, 1), (1, 2), (3600, 3601)])
def test_a_change_is_never_dated_before_the_previous_one(behind: int, expected: int) -> None:
    previous = MOMENT + timedelta(microseconds=behind)
    assert effective_date(MOMENT, previous) == MOMENT + timedelta(microseconds=expected)


def test_a_first_change_keeps_its_date() -> None:
    assert effective_date(MOMENT, None) == MOMENT


def test_gather_returns_the_results_in_order() -> None:
    number, text = gather(lambda: 1, lambda: "a")
    assert (number, text) == (1, "a")


def test_gather_reports_every_refusal() -> None:
    def several() -> int:
        raise Rejections((Rejected(Reason.TOO_LONG, ("2",)), Rejected(Reason.HIDDEN)))

    with pytest.raises(Rejections) as caught:
        gather(lambda: texts.name("", ("1",)), several, lambda: 3)
    assert [(one.reason, one.path) for one in caught.value.refusals] == [
        ("required", ("1",)),
        ("too_long", ("2",)),
        ("hidden", ()),
    ]


def test_gather_lets_bugs_through() -> None:
    with pytest.raises(ZeroDivisionError):
        gather(lambda: 1 // 0, lambda: texts.name("", ()))
