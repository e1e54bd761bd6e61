"""What kinds of fields do not take: the rows that whole entities are tried with."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, TypeAlias

from integrates.db_model.severities.types import Severity
from integrates.db_model.vulnerabilities.types import RejectionReason

Row: TypeAlias = tuple[str, Any, str, str]
"""Where a bad value is put, the value, the reason why it is refused, and where the refusal points."""
Kind: TypeAlias = tuple[Any, ...]
"""A dotted path, a kind of bad values, and the bounds of the kind."""
Take: TypeAlias = Callable[[Any, tuple[str, ...]], Any]
"""A validator of arguments."""
Rows: TypeAlias = list[tuple[Any, str]]
"""Bad values and the reasons why they are refused."""

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
HASH = "ab" * 32
ADA = "ada@demo.example"
LONG_ENOUGH = "because it is so"
AT = datetime(2024, 5, 1, tzinfo=UTC)
LATER = AT + timedelta(days=1)
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"
V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
TENTH = Decimal("7.0")
KEPT: dict[str, Any] = {"created_at": AT, "created_by": ADA, "updated_at": AT, "version": 1}
"""What the engine keeps of each entity."""
EVERY: list[Kind] = [
    ("created_by", "actors"),
    ("created_at", "dates"),
    ("updated_at", "dates"),
    ("state.at", "dates"),
    ("version", "numbers", 0, 1000000000),
    ("schema", "numbers", 0, 1000000000),
]
"""The kinds of the members that each entity has."""
SCORES: Rows = [
    (Decimal("10.1"), "out_of_range"),
    (Decimal("-0.1"), "out_of_range"),
    (Decimal("NaN"), "out_of_range"),
    (Decimal(7), "not_canonical"),
    (Decimal("7.00"), "not_canonical"),
    (7.0, "wrong_type"),
]


def lines(high: int, low: int = 1) -> Rows:
    bad: Rows = [
        ("x" * (high + 1), "too_long"),
        ("a\nb", "bad_characters"),
        ("a\x00b", "bad_characters"),
        (" a b c", "not_canonical"),
        ("cafe\u0301", "not_canonical"),
        (7, "wrong_type"),
        (RejectionReason.OTHER, "wrong_type"),
    ]
    return [*bad, ("", "required")] if low else bad


def blocks(high: int, low: int = 0) -> Rows:
    bad: Rows = [
        ("x" * (high + 1), "too_long"),
        ("a\x1b" * 9, "bad_characters"),
        ("long enough text\n", "not_canonical"),
        (["a"], "wrong_type"),
    ]
    return [*bad, *([("", "required")] if low else []), *([("x" * (low - 1), "too_short")] if low > 1 else [])]


def numbers(low: int, high: int) -> Rows:
    return [(low - 1, "out_of_range"), (high + 1, "out_of_range"), (str(low), "wrong_type"), (True, "wrong_type")]


KINDS: Mapping[str, Callable[..., Rows]] = {
    "lines": lines,
    "blocks": blocks,
    "numbers": numbers,
    "scores": lambda: SCORES,
    "ids": lambda: [
        ("", "required"),
        ("R1", "bad_characters"),
        (ID.upper(), "not_canonical"),
        (ID[:-1], "bad_format"),
        (7, "wrong_type"),
    ],
    "names": lambda: [
        ("UPPER CASE !!", "bad_characters"),
        ("abc", "too_short"),
        ("a" * 41, "too_long"),
        ("-abc", "bad_format"),
        (" webshop", "not_canonical"),
        (None, "wrong_type"),
    ],
    "emails": lambda: [
        ("Ada@Demo.Example", "not_canonical"),
        ("ada", "bad_format"),
        ("a b@c", "bad_characters"),
        ("", "required"),
        ("a" * 253 + "@b", "too_long"),
    ],
    "actors": lambda: [
        (None, "wrong_type"),
        ("", "required"),
        ("somebody", "bad_format"),
        ("service:forces:", "bad_format"),
        ("service:other:webshop", "bad_format"),
        ("service:oidc:a b", "bad_characters"),
        ("Ada@demo.example", "not_canonical"),
    ],
    "dates": lambda: [
        (AT.replace(tzinfo=None), "bad_format"),
        (AT.astimezone(timezone(timedelta(hours=-5))), "not_canonical"),
        (datetime(2200, 1, 1, tzinfo=UTC), "out_of_range"),
        (AT.isoformat(), "wrong_type"),
    ],
    "hashes": lambda: [(text, "bad_format") for text in ("", "x", HASH.upper(), HASH + "a")],
    "urls": lambda: [
        ("ftp://h/", "bad_format"),
        ("https://user:secret@h/", "bad_format"),
        ("javascript:alert(1)", "bad_format"),
        ("https://h/" + "p" * 2040, "too_long"),
    ],
    "tags": lambda: [
        ("urgent", "wrong_type"),
        (["urgent"], "wrong_type"),
        (("a", "a"), "not_canonical"),
        (tuple(f"t{number}" for number in range(21)), "too_many_items"),
        (("a", "URGENT"), "1:bad_characters"),
        (("a", "b", 7), "2:wrong_type"),
        (("", "a"), "0:required"),
    ],
    "severities": lambda: [
        ("high", "wrong_type"),
        (Severity(score=TENTH), "required"),
        (Severity(cvss_v4=V4, score=Decimal("1.0")), "score:inconsistent"),
        (Severity(cvss_v3=V3, tool_score=TENTH, score=TENTH), "score:inconsistent"),
        (Severity(tool_score=TENTH, score=Decimal("7.1")), "score:inconsistent"),
        *((Severity(cvss_v4=vector, score=TENTH), "cvss_v4:bad_vector") for vector in (V3, "CVSS:4.0/AV:N")),
        (Severity(cvss_v4=f"{V4}/E:X", score=TENTH), "cvss_v4:not_canonical"),
        *((Severity(cvss_v3=vector, score=TENTH), "cvss_v3:bad_vector") for vector in (V4, V3.replace("3.1", "3.0"))),
        (Severity(cvss_v3=f" {V3}", score=TENTH), "cvss_v3:not_canonical"),
        (Severity(tool_score=TENTH, tool_vector=f"{V3} ", score=TENTH), "tool_vector:not_canonical"),
        (Severity(tool_score=TENTH, tool_vector=f"CVSS:2.0/{V2}", score=TENTH), "tool_vector:not_canonical"),
        (Severity(tool_score=TENTH, tool_vector=V3.removeprefix("CVSS:3.1/"), score=TENTH), "tool_vector:bad_vector"),
        (Severity(tool_score=TENTH, tool_vector=7, score=TENTH), "tool_vector:wrong_type"),  # type: ignore[arg-type] # on purpose
        (Severity(cvss_v4=V4, tool_vector=V3, score=Decimal("8.7")), "tool_score:required"),
        *((Severity(tool_score=score, score=TENTH), f"tool_score:{reason}") for score, reason in SCORES),
        *((Severity(tool_score=TENTH, score=score), f"score:{reason}") for score, reason in SCORES),
    ],
}
"""By kind of field: what it does not take. Before a colon: where below the field the refusal points."""


def rows(path: str, kind: str, *bounds: int) -> list[Row]:
    """The bad values of a kind at a dotted path."""
    split = [(value, *reason.rpartition(":")[::2]) for value, reason in KINDS[kind](*bounds)]
    return [(path, value, reason, f"{path}.{where}" if where else path) for value, where, reason in split]


def below(path: str, *bad: tuple[Any, str]) -> list[Row]:
    """Return bad values of the member at a dotted path, each with its reason."""
    return [(path, value, reason, path) for value, reason in bad]
