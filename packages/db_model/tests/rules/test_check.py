"""The tables of field rules: arguments, whole structs, stamps and dates."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from integrates.db_model.entity.rules import whole_stamp
from integrates.db_model.entity.types import Stamp
from integrates.db_model.errors import Reason, Rejected, Rejections
from integrates.db_model.roots.argument import described
from integrates.db_model.roots.types import Criticality, GitLocation, RootKind
from integrates.db_model.values import text as texts
from integrates.db_model.values.check import Arguments, checked, number, one_of, remembered, whole_of
from integrates.db_model.values.instant import SKEW, is_ahead, moment

AT = datetime(2024, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)
STAMP = Stamp(by="ada@demo.example", at=AT, operation="add_group", change_id="0f8fad5b-d9cb-469f-a165-70867728950e")


class Given(Struct, frozen=True):
    name: str
    tags: tuple[str, ...] = ()
    level: Criticality = Criticality.LOW


TABLE = Arguments(Given, {"tags": texts.tags, "name": texts.name, "level": one_of(Criticality)})


def refusals(raw: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    with pytest.raises(Rejections) as caught:
        checked(TABLE, raw)
    return [(one.reason, one.path) for one in caught.value.refusals]


def test_arguments_become_typed_and_normalised() -> None:
    given = checked(TABLE, {"name": " webshop ", "tags": ["a", "a"], "level": "HIGH"})
    assert given == Given("webshop", ("a",), Criticality.HIGH)


def test_what_is_left_out_has_its_default() -> None:
    assert checked(TABLE, {"name": "webshop", "level": None}) == Given("webshop")


def test_every_refusal_is_told_in_the_order_of_the_table() -> None:
    found = refusals({"name": "A", "level": "NONE", "tags": ["ok", "", "#"]})
    assert found == [
        ("required", ("tags", "1")),
        ("bad_characters", ("tags", "2")),
        ("too_short", ("name",)),
        ("bad_format", ("level",)),
    ]


@pytest.mark.parametrize("raw", [{}, {"name": None}])
def test_what_has_no_default_is_required(raw: Mapping[str, Any]) -> None:
    assert refusals(raw) == [("required", ("name",))]


def test_an_unknown_argument_is_a_bug() -> None:
    with pytest.raises(TypeError, match="Given has no nickname"):
        checked(TABLE, {"name": "webshop", "nickname": "x"})


def test_a_root_without_a_nickname_is_called_after_its_url() -> None:
    location, info = described(RootKind.GIT, {"url": "https://Git.example/acme/shop.git", "branch": "main"})
    assert (location, info.nickname) == (GitLocation(url="https://git.example/acme/shop", branch="main"), "shop")
    with pytest.raises(Rejected) as caught:
        described(RootKind.GIT, {"url": "https://git.example/acme/-", "branch": "main"})
    assert (caught.value.reason, caught.value.path) == ("bad_format", ("nickname",))
    with pytest.raises(Rejections, match="required"):
        described(RootKind.GIT, {"url": "https://git.example/acme/shop", "branch": "main", "nickname": ""})


class Inner(Struct, frozen=True):
    number: int


class Outer(Struct, frozen=True):
    text: str
    inner: Inner | None = None


def any_text(value: str, _: object) -> str:
    return value


def test_a_member_without_a_row_is_a_bug() -> None:
    with pytest.raises(TypeError, match=r"no rule for inner\.number: the table needs a row") as caught:
        whole_of(Outer, {"text": any_text})
    assert caught.value.__notes__ == [f"This is about Outer, in {__name__}; its table stands in the rules.py beside."]


def test_a_row_without_a_member_is_a_bug() -> None:
    with pytest.raises(TypeError, match=r"Outer has no inner\.size"):
        whole_of(Outer, {"text": any_text, "inner.number": number(0, 1), "inner.size": number(0, 1)})


def test_types_that_no_rule_knows_are_a_bug() -> None:
    class Odd(Struct, frozen=True):
        either: Inner | Outer

    class Float(Struct, frozen=True):
        number: float

    with pytest.raises(TypeError, match="either"):
        whole_of(Odd, {})
    with pytest.raises(TypeError, match="number"):
        whole_of(Float, {"number": number(0, 1)})


def test_a_refusal_keeps_its_detail_on_its_way_up() -> None:
    def refuse(_: str, path: Sequence[str]) -> str:
        raise Rejected(Reason.TOO_LONG, path, "30 at most")

    (found,) = whole_of(Outer, {"text": refuse, "inner.number": number(0, 1)})(Outer("x"))
    assert (found.path, found.detail, str(found)) == (("text",), "30 at most", "too_long (text) 30 at most")


def test_what_is_remembered_is_refused_as_ever() -> None:
    name = remembered(texts.name)
    for _ in range(2):
        assert name("webshop", ()) == name("webshop", ("x",)) == "webshop"
        with pytest.raises(Rejected) as caught:
            name("A", ("x",))
        assert caught.value.path == ("x",)


def test_long_texts_are_not_remembered() -> None:
    looked_at: list[str] = []

    def look(value: str, _path: Sequence[str]) -> str:
        looked_at.append(value)
        return value

    check, short, long = remembered(look), "a" * 256, "a" * 257
    for text in (short, short, long, long):
        assert check(text, ()) == text
    assert looked_at == [short, long, long]


@pytest.mark.parametrize("by", ["ada@demo.example", "service:forces:webshop", "service:oidc:google", "operator", "system"])
def test_a_good_stamp_passes(by: str) -> None:
    assert not list(whole_stamp(replace(STAMP, by=by)))


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ("by", None, "wrong_type"),
        ("by", "", "required"),
        ("by", "Ada@demo.example", "not_canonical"),
        ("by", "service:forces:X", "bad_format"),
        ("at", AT.replace(tzinfo=None), "bad_format"),
        ("at", AT.astimezone(timezone(timedelta(hours=1))), "not_canonical"),
        ("at", datetime(2200, 1, 1, tzinfo=UTC), "out_of_range"),
        ("at", "2024-05-01", "wrong_type"),
        ("operation", "addGroup", "bad_format"),
        ("operation", "a" * 101, "too_long"),
        ("operation", "", "bad_format"),
        ("change_id", "R1", "bad_characters"),
        ("change_id", None, "wrong_type"),
    ],
)
def test_a_bad_stamp_is_refused(member: str, value: Any, reason: str) -> None:
    assert [(one.reason, one.path) for one in whole_stamp(replace(STAMP, **{member: value}))] == [(reason, (member,))]


def test_a_date_in_another_zone_that_is_utc_is_taken() -> None:
    other = AT.astimezone(timezone(timedelta(0), "Iceland"))
    assert moment(other) == AT
    last = datetime(2199, 12, 31, 23, 59, 59, 999_999, UTC)
    assert moment(last) == last


@pytest.mark.parametrize(
    ("ahead", "running"),
    [(-INSTANT, False), (timedelta(0), False), (INSTANT, True), (MINUTE + SKEW, True), (MINUTE + SKEW + INSTANT, False)],
)
def test_a_lease_runs_when_it_could_have_been_set(ahead: timedelta, *, running: bool) -> None:
    assert is_ahead(AT + ahead, AT, MINUTE) is running
