"""Places of domain section 3: what LINES, INPUTS and PORTS allow."""

import pytest

from integrates.db_model.errors import Rejections
from integrates.db_model.vulnerabilities.location import place
from integrates.db_model.vulnerabilities.types import VulnerabilityType

LINES, INPUTS, PORTS = VulnerabilityType.LINES, VulnerabilityType.INPUTS, VulnerabilityType.PORTS

ACCEPTED = [
    (LINES, ("src/app.py", "0"), ("src/app.py", "0")),
    (LINES, ("a", "10000000"), ("a", "10000000")),
    (LINES, ("p" * 1000, "007"), ("p" * 1000, "7")),
    (LINES, ("..a/.b/c..", "1"), ("..a/.b/c..", "1")),
    (LINES, ("a b#c.py", "1"), ("a b#c.py", "1")),
    (INPUTS, ("https://shop.example/login", "password"), ("https://shop.example/login", "password")),
    (INPUTS, ("http://h", "f" * 1000), ("http://h", "f" * 1000)),
    (PORTS, ("10.0.0.1", "0"), ("10.0.0.1", "0")),
    (PORTS, ("DB.example", "65535"), ("db.example", "65535")),
    (PORTS, ("2001:DB8::0", "22"), ("2001:db8::", "22")),
]

REFUSED = [
    (LINES, ("", "1"), "where", "required"),
    (LINES, ("p" * 1001, "1"), "where", "too_long"),
    (LINES, ("/etc/passwd", "1"), "where", "bad_format"),
    (LINES, ("a//b", "1"), "where", "bad_format"),
    (LINES, ("a/", "1"), "where", "bad_format"),
    (LINES, ("./a", "1"), "where", "bad_format"),
    (LINES, ("a/../b", "1"), "where", "bad_format"),
    (LINES, ("..", "1"), "where", "bad_format"),
    (LINES, ("=cmd", "1"), "where", "bad_format"),
    (LINES, ("a\\b", "1"), "where", "bad_format"),
    (LINES, ("C:/a", "1"), "where", "bad_format"),
    (LINES, ("a\nb", "1"), "where", "bad_characters"),
    (LINES, ("a", "10000001"), "specific", "out_of_range"),
    (LINES, ("a", "-1"), "specific", "bad_characters"),
    (LINES, ("a", ""), "specific", "required"),
    (INPUTS, ("https://h/?q=1", "f"), "where", "bad_format"),
    (INPUTS, ("https://h/#top", "f"), "where", "bad_format"),
    (INPUTS, ("https://h/?", "f"), "where", "bad_format"),
    (INPUTS, ("https://u:p@h/", "f"), "where", "bad_format"),
    (INPUTS, ("https://h/" + "p" * 991, "f"), "where", "too_long"),
    (INPUTS, ("https://h/", ""), "specific", "required"),
    (INPUTS, ("https://h/", "f" * 1001), "specific", "too_long"),
    (INPUTS, ("https://h/", "a\nb"), "specific", "bad_characters"),
    (PORTS, ("10.0.0.256", "1"), "where", "bad_format"),
    (PORTS, ("a/b", "1"), "where", "bad_characters"),
    (PORTS, ("h", "65536"), "specific", "out_of_range"),
]


@pytest.mark.parametrize("kind,given,stored", ACCEPTED)
def test_place_is_taken(kind: VulnerabilityType, given: tuple[str, str], stored: tuple[str, str]) -> None:
    assert place(kind, *given) == stored
    assert place(kind, *stored) == stored


@pytest.mark.parametrize("kind,given,argument,rule", REFUSED)
def test_place_is_refused(kind: VulnerabilityType, given: tuple[str, str], argument: str, rule: str) -> None:
    with pytest.raises(Rejections) as caught:
        place(kind, *given, ("items", "0"))
    assert [(one.reason, one.path) for one in caught.value.refusals] == [(rule, ("items", "0", argument))]


def test_both_halves_are_refused_together() -> None:
    with pytest.raises(Rejections) as caught:
        place(LINES, "/a", "x")
    assert [one.path for one in caught.value.refusals] == [("where",), ("specific",)]
