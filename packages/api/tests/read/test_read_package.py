"""Vulnerable packages: names of advisories, places and identities (domain section 18, table *PACKAGES*)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.api.imports.read.identity import fingerprint, line_fingerprint
from integrates.api.imports.read.observation import Location, SkipReason
from integrates.api.imports.read.package import (
    Names,
    Package,
    Vulnerable,
    names_of,
    package_fingerprint,
    package_result,
    purl_of,
    specific_of,
)
from integrates.api.imports.read.result import Result
from integrates.db_model.values import text as texts
from integrates.db_model.vulnerabilities.advisory import MAX_NAMES
from integrates.db_model.vulnerabilities.types import Fix, Relation, Use, VulnerabilityType

LEFT_PAD = Package(name="left-pad", version="1.3.0", ecosystem="npm", purl="pkg:npm/left-pad@1.3.0")


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        ("CVE-2021-1", [], Names("CVE-2021-1", (), ())),
        ("CVE-2021-3807", [], Names("CVE-2021-3807", ("CVE-2021-3807",), ())),
        (
            "GHSA-b",
            ["CVE-2021-10000", "CVE-2021-9999"],
            Names("CVE-2021-9999", ("CVE-2021-9999", "CVE-2021-10000"), ("GHSA-b",)),
        ),
        ("CVE-2022-0001", ["CVE-2021-9999"], Names("CVE-2021-9999", ("CVE-2021-9999", "CVE-2022-0001"), ())),
        ("PYSEC-1", ["GHSA-b", "GHSA-B", "GHSA-a"], Names("GHSA-B", (), ("PYSEC-1", "GHSA-b", "GHSA-a"))),
        ("PYSEC-1", ["OSV-1", None, ""], Names("PYSEC-1", (), ("OSV-1",))),
        (None, ["OSV-1"], Names("OSV-1", (), ())),
        (None, [None, " "], None),
    ],
)
def test_an_advisory_is_called_by_its_lowest_cve(own: str | None, others: list[str | None], expected: Names | None) -> None:
    assert names_of(own, others) == expected


def test_names_are_limited() -> None:
    found = names_of("a", [f"CVE-2021-{1000 + number}" for number in range(400)] + [f"b{number}" for number in range(10**6)])
    assert found is not None
    assert (len(found.cve), len(found.aliases)) == (MAX_NAMES, MAX_NAMES)


def test_all_names_together_are_few_bytes() -> None:
    found = names_of("GHSA-a", [f"{number:03}" + "\U0001f600" * 100 for number in range(50)])
    assert found is not None
    assert (found.id, len(found.aliases)) == ("GHSA-a", 4)


@pytest.mark.parametrize(
    ("package", "specific"),
    [
        (LEFT_PAD, "left-pad@1.3.0"),
        (Package(name="left-pad"), "left-pad"),
        (Package(name=" @scope/name ", version=" 1 "), "@scope/name@1"),
        (Package(name=" ", version="1"), ""),
        (Package(name="n" * 600, version="v" * 400), "n" * 500 + "@" + "v" * 300),
    ],
)
def test_a_package_is_named_with_its_version(package: Package, specific: str) -> None:
    assert specific_of(package) == specific


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (LEFT_PAD, "a.lock|pkg:npm/left-pad"),
        (Package(name="x", purl="pkg:npm/%40scope/name@1.2.3?arch=x64#sub/path"), "a.lock|pkg:npm/%40scope/name"),
        (Package(name="x", purl="pkg:PyPI/Django_Filter@1.0"), "a.lock|pkg:pypi/django-filter"),
        (Package(name="libssl", purl="pkg:deb/debian/libssl@1.1?distro=debian-10"), "a.lock|pkg:deb/debian/libssl"),
        (Package(name="left-pad", version="1", ecosystem="NPM"), "a.lock|pkg:npm/left-pad"),
        (Package(name="left-pad", ecosystem="npm", purl="no purl"), "a.lock|pkg:npm/left-pad"),
        (Package(name="left-pad", ecosystem="npm", purl="pkg:npm/" + "x" * 2_000), "a.lock|pkg:npm/left-pad"),
    ],
)
def test_the_identity_has_no_version(package: Package, expected: str) -> None:
    """These are stored: if one changes, everything of that type is closed and reported anew."""
    assert package_fingerprint("a.lock", package).text == expected


@pytest.mark.parametrize(
    ("where", "package", "expected"),
    [
        ("lib/commons-io-2.8.0.jar", Package(name="commons-io:commons-io", version="2.8.0"), "lib/commons-io-*.jar"),
        ("a/PyYAML-5.3.dist-info/METADATA", Package(name="pyyaml", version="5.3"), "a/PyYAML-*.dist-info/METADATA"),
        ("a/python_dateutil-2.8.dist-info", Package(name="python-dateutil", version="2.8"), "a/python_dateutil-*.dist-info"),
        ("lib/2.8.0/package-lock.json", Package(name="debug", version="2.8.0"), "lib/2.8.0/package-lock.json"),
        ("a/@scope/name-1.0/x-1.0", Package(name="@scope/name", version="1.0"), "a/@scope/name-*/x-1.0"),
        ("a.lock", Package(name="a", version=""), "a.lock"),
        ("a.lock", Package(name="", version="a"), "a.lock"),
    ],
)
def test_a_version_in_the_path_is_no_part_of_the_identity(where: str, package: Package, expected: str) -> None:
    assert package_fingerprint(where, package).text.partition("|")[0] == expected


def test_a_long_identity_is_a_digest() -> None:
    found = package_fingerprint("a/" * 490 + "lock", LEFT_PAD).text
    assert len(found) == 64
    assert found == package_fingerprint("a/" * 490 + "lock", Package(name="left-pad", purl="pkg:npm/left-pad@2")).text


@given(st.text(max_size=40), st.text(max_size=40))
def test_every_identity_can_be_stored(where: str, name: str) -> None:
    for text in (package_fingerprint(where, Package(name=name)).text, fingerprint("x", where + name).text):
        assert not text or texts.fingerprint(text, ()) == text


@given(st.text(max_size=60))
def test_a_line_is_known_without_its_blanks(text: str) -> None:
    found = line_fingerprint("a.py", text)
    assert found == line_fingerprint("a.py", f" \t{text}\n")
    assert (found is None) == (not text.strip())
    assert found is None or (found.text.startswith("a.py:line=") and len(found.text) == len("a.py:line=") + 16)


def test_what_is_no_purl_is_none() -> None:
    assert [purl_of(text) for text in (None, "", "npm/left-pad", "pkg:npm", "pkg:npm/" + "x" * 1_000)] == [None] * 5


def result(**members: Any) -> Result:
    given = {"pointer": "/0", "names": names_of("GHSA-a", ["CVE-2021-1000"]), "package": LEFT_PAD, "where": "package-lock.json"}
    return package_result(Vulnerable(**(given | members)))


def test_a_package_becomes_a_result() -> None:
    found = result(title="Short\ntext", fixed=["1.3.1", None, "1.4.0", "1.3.1"], relation=Relation.DIRECT, use=Use.PRODUCTION)
    assert found.advisory is not None
    assert (found.rule_id, found.title) == ("CVE-2021-1000", "CVE-2021-1000: Short text")
    assert found.recommendation == "Upgrade left-pad to 1.3.1, 1.4.0."
    assert found.at == Location(VulnerabilityType.PACKAGES, "package-lock.json", "left-pad@1.3.0")
    assert (found.advisory.fixed_version, found.advisory.fix) == ("1.3.1, 1.4.0", Fix.AVAILABLE)
    assert (found.advisory.aliases, found.advisory.cve) == (("GHSA-a",), ("CVE-2021-1000",))


@pytest.mark.parametrize(
    ("members", "fix", "recommendation"),
    [
        ({}, Fix.UNKNOWN, "No fixed version is known."),
        ({"fix": Fix.WONT_FIX}, Fix.WONT_FIX, "No fixed version is known."),
        ({"fix": Fix.NONE, "fixed": ("2",)}, Fix.NONE, "Upgrade left-pad to 2."),
        ({"recommendation": "Remove it."}, Fix.UNKNOWN, "Remove it."),
    ],
)
def test_whether_there_is_a_fix(members: dict[str, Any], fix: Fix, recommendation: str) -> None:
    found = result(**members)
    assert found.advisory is not None
    assert (found.advisory.fix, found.recommendation, found.title) == (fix, recommendation, "CVE-2021-1000: left-pad")


def test_what_has_no_place_or_no_name_is_told() -> None:
    assert result(where=None, uri="../x").at is SkipReason.BAD_PATH
    assert result(package=Package(name="")).at is SkipReason.NO_LOCATION
    assert result(names=None).rule_id is None
