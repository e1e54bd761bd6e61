"""Our own members of a SARIF file, which anybody may write: what is odd is as if absent, and costs nothing else."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace
from packages.api.tests.exports.entry import (
    document,
    root_at,
    told,
    vulnerable,
)
from packages.api.tests.exports.output import entry_of, in_line, read_back, results, written

from integrates.api.exports.sarif.writer import SARIF
from integrates.api.imports.read.error import TooLarge
from integrates.api.imports.read.limit import MAX_RESULTS
from integrates.api.imports.read.observation import Observation
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.registry import read
from integrates.db_model.roots.types import URLLocation, URLProtocol
from integrates.db_model.vulnerabilities.types import (
    Fix,
    Relation,
    Technique,
    VulnerabilityLocation,
    VulnerabilityType,
)


def odd(found: Any, **members: Any) -> Observation:
    """Read a document in which our own members of the first result are others."""
    results(found)[0]["properties"]["integrates"].update(members)
    (one,) = read_back(found)
    return one


ODD: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "a fingerprint that is no line": ({"fingerprint": "a\nb"}, {"fingerprint": None, "fingerprints": ()}),
    "a fingerprint that is too long": ({"fingerprint": "x" * 1_001}, {"fingerprint": None}),
    "a fingerprint that is no text": ({"fingerprint": 7}, {"fingerprint": None}),
    "a technique that is none": ({"technique": "GUESS"}, {"technique": Technique.SAST}),
    "a commit that is none": ({"commit": "HEAD"}, {"commit": None}),
    "a vector without a score": ({"toolVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, {"own_vector": None}),
    "an advisory without a package": ({"advisory": {"id": "CVE-1", "vulnerableVersion": ""}}, {"advisory": None}),
    "an advisory of a package that is too long": (
        {"advisory": {"id": "CVE-1", "package": "x" * 501, "vulnerableVersion": ""}},
        {"advisory": None},
    ),
    "a page that is elsewhere": ({"where": "https://evil.example/"}, {}),
    "a suppression without a kind": ({"suppressed": {}}, {}),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_as_if_absent(name: str) -> None:
    members, expected = ODD[name]
    found = written(entry_of(in_line("one", fingerprint="v1=x")))
    one = odd(found, **members)
    assert {name: getattr(one, name) for name in expected} == expected
    assert (one.location.type, one.location.where, one.location.specific) == (VulnerabilityType.LINES, "src/a b.py", "7")


def test_an_odd_mark_is_none() -> None:
    one = odd(written(entry_of(in_line("one"))), mark={"logical": "no digest", "startColumn": -1, "message": "A" * 64})
    assert (one.mark.logical, one.mark.start_column, one.mark.message) == (None, None, None)


def test_a_page_of_the_same_address_keeps_its_spelling_only() -> None:
    page = root_at("page", URLLocation(protocol=URLProtocol.HTTPS, host="shop.example", port=443, path="/"))
    at = VulnerabilityLocation(where="https://shop.example/cart", specific="id")
    found = written(
        entry_of(replace(in_line("one"), root_id=page.id, type=VulnerabilityType.INPUTS, location=at)), roots=[page]
    )
    assert odd(found, where="https://evil.example/cart").location.where == "https://shop.example/cart"
    assert odd(found, where="https://shop.example/Cart?x=1").location.where == "https://shop.example/cart"


def test_what_the_caller_says_counts_more_than_what_we_wrote() -> None:
    options = Options(technique=Technique.RE, category="x/", tool="other", add_prefix="web")
    (one,) = read_back(written(entry_of(in_line("one"))), options)
    assert (one.technique, one.category, one.rule.tool, one.location.where) == (Technique.RE, "x/", "other", "web/src/a b.py")


def many(number: int, advisory: Any) -> bytes:
    """Return a file with a result of each of so many rules."""
    given = {"properties": {"integrates": {"advisory": advisory}}} if advisory else {}
    at = [{"physicalLocation": {"artifactLocation": {"uri": "package.json"}}}]
    results = [{"ruleId": f"R{one}", "message": {"text": "x"}, "locations": at, **given} for one in range(number)]
    return json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": results}]}).encode()


PACKAGE = {"id": "CVE-1", "package": "debug", "vulnerableVersion": ""}


@pytest.mark.parametrize(("advisory", "most"), [(PACKAGE, 5_000), (None, 2_000)])
def test_there_are_more_rules_of_packages(advisory: Any, most: int) -> None:
    assert len(read(many(most, advisory), Options()).rules) == most
    with pytest.raises(TooLarge):
        read(many(most + 1, advisory), Options())


def test_as_many_packages_go_in_again_as_any_file_may_have() -> None:
    one = vulnerable("one", aliases=("GHSA-1",), fixed_version="4.18.0", fix=Fix.AVAILABLE, relation=Relation.DIRECT)
    entry = told(one)
    places = (replace(one.location, where=f"folder-{number}/package-lock.json") for number in range(MAX_RESULTS))
    content = b"".join(SARIF.write(document(), (replace(entry, vulnerability=replace(one, location=at)) for at in places)))
    assert len(read(content, Options()).observations) == MAX_RESULTS


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("https://[2001:db8::1]:8080/a[0]", "https://[2001:db8::1]:8080/a%5B0%5D"),
        ("https://ü.example/é", "https://%C3%BC.example/%C3%A9"),
        ("https://shop.example/%41/%zz|{x}", "https://shop.example/%41/%25zz%7C%7Bx%7D"),
        ("https://shop.example", "https://shop.example"),
    ],
)
def test_a_page_is_told_by_a_uri_and_read_back_as_it_was(url: str, uri: str) -> None:
    at = VulnerabilityLocation(where=url, specific="general")
    found = written(entry_of(replace(in_line("one"), type=VulnerabilityType.INPUTS, location=at)))
    (result,) = results(found)
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri
    assert read_back(found)[0].location.where == url


def test_a_page_whose_uri_would_be_too_long_to_be_read_is_told_as_it_is() -> None:
    url = "https://shop.example/" + "é" * 500
    at = VulnerabilityLocation(where=url, specific="general")
    one = entry_of(replace(in_line("one"), type=VulnerabilityType.INPUTS, location=at))
    assert read_back(json.loads(b"".join(SARIF.write(document(), [one]))))[0].location.where == url
