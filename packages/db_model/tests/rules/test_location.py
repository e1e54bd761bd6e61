"""Locations of domain sections 3 and 18: what each type allows."""

import pytest

from integrates.db_model.values.check import Check
from integrates.db_model.values.url import address
from integrates.db_model.vulnerabilities.advisory import named_package
from integrates.db_model.vulnerabilities.location import field_name, file_path, line, location_refusals, page_url, port
from integrates.db_model.vulnerabilities.types import VulnerabilityLocation, VulnerabilityType

LINES, INPUTS, PORTS = VulnerabilityType.LINES, VulnerabilityType.INPUTS, VulnerabilityType.PORTS
PACKAGES = VulnerabilityType.PACKAGES
NORMALISERS: dict[VulnerabilityType, tuple[Check, Check]] = {
    LINES: (file_path, line),
    INPUTS: (page_url, field_name),
    PACKAGES: (file_path, named_package),
    PORTS: (address, port),
}
"""By type: what normalises ``where`` and ``specific``."""

ACCEPTED = [
    (LINES, ("src/app.py", "0"), ("src/app.py", "0")),
    (LINES, ("a", "10000000"), ("a", "10000000")),
    (LINES, ("p" * 1000, "007"), ("p" * 1000, "7")),
    (LINES, ("..a/.b/c..", "1"), ("..a/.b/c..", "1")),
    (LINES, ("a b#c.py", "1"), ("a b#c.py", "1")),
    (INPUTS, ("https://shop.example/login", "password"), ("https://shop.example/login", "password")),
    (INPUTS, ("http://h", "f" * 1000), ("http://h", "f" * 1000)),
    (PACKAGES, ("os", "zlib"), ("os", "zlib")),
    (PACKAGES, ("app/pom.xml", "org.slf4j:slf4j@1.7"), ("app/pom.xml", "org.slf4j:slf4j@1.7")),
    (PACKAGES, ("yarn.lock", " @shop/cart@1.0.0 "), ("yarn.lock", "@shop/cart@1.0.0")),
    (PACKAGES, ("yarn.lock", "@shop/cart"), ("yarn.lock", "@shop/cart")),
    (PACKAGES, ("yarn.lock", "cart@git+ssh://git@git.example/cart"), ("yarn.lock", "cart@git+ssh://git@git.example/cart")),
    (PACKAGES, ("a", "n" * 500), ("a", "n" * 500)),
    (PACKAGES, ("a", f"{'n' * 500}@{'1' * 300}"), ("a", f"{'n' * 500}@{'1' * 300}")),
    (PACKAGES, ("a", f"n@{'1' * 300}"), ("a", f"n@{'1' * 300}")),
    (PACKAGES, ("a", f"@{'n' * 499}@{'1' * 300}"), ("a", f"@{'n' * 499}@{'1' * 300}")),
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
    (PACKAGES, ("/var/lib/dpkg/status", "zlib"), "where", "bad_format"),
    (PACKAGES, ("=os", "zlib"), "where", "bad_format"),
    (PACKAGES, ("", "zlib"), "where", "required"),
    (PACKAGES, ("os", ""), "specific", "required"),
    (PACKAGES, ("os", "zlib\n1.2"), "specific", "bad_characters"),
    (PACKAGES, ("os", "n" * 501), "specific", "too_long"),
    (PACKAGES, ("os", f"{'n' * 501}@1"), "specific", "too_long"),
    (PACKAGES, ("os", f"{'n' * 300}@{'1' * 301}"), "specific", "too_long"),
    (PACKAGES, ("os", f"@{'n' * 500}@1"), "specific", "too_long"),
    (PACKAGES, ("os", f"{'n' * 500}@{'1' * 301}"), "specific", "too_long"),
    (PORTS, ("10.0.0.256", "1"), "where", "bad_format"),
    (PORTS, ("a/b", "1"), "where", "bad_characters"),
    (PORTS, ("h", "65536"), "specific", "out_of_range"),
]


def refusals(kind: VulnerabilityType, where: str, specific: str) -> list[tuple[str, tuple[str, ...]]]:
    found = location_refusals(kind, VulnerabilityLocation(where=where, specific=specific))
    return [(one.reason, one.path) for one in found]


@pytest.mark.parametrize("kind,given,stored", ACCEPTED)
def test_a_location_is_normalised_and_then_taken(
    kind: VulnerabilityType, given: tuple[str, str], stored: tuple[str, str]
) -> None:
    where, specific = NORMALISERS[kind]
    assert (where(given[0], ()), specific(given[1], ())) == stored
    assert refusals(kind, *stored) == []
    assert {reason for reason, _ in refusals(kind, *given)} == (set() if given == stored else {"not_canonical"})


@pytest.mark.parametrize("kind,given,member,reason", REFUSED)
def test_a_location_is_refused(kind: VulnerabilityType, given: tuple[str, str], member: str, reason: str) -> None:
    assert refusals(kind, *given) == [(reason, ("location", member))]


def test_both_members_are_refused_together() -> None:
    assert refusals(LINES, "/a", "x") == [
        ("bad_format", ("location", "where")),
        ("bad_characters", ("location", "specific")),
    ]
