"""The spool, which orders entries without having them all in memory, and the statements that are made of them."""

import random
import re
from datetime import timedelta

import pytest
from msgspec.structs import replace
from packages.api.tests.exports.entry import (
    BACKEND,
    BY,
    FIRST,
    FRONTEND,
    NOW,
    PRODUCTS,
    document,
    root_at,
    told,
    treated,
    vulnerable,
)

from integrates.api.exports.document import Entry
from integrates.api.exports.product import package_url, product_of
from integrates.api.exports.spool import Spool
from integrates.api.exports.statement import Statement, statement_key, statements_of
from integrates.db_model.entity.revision import Revision
from integrates.db_model.roots.types import GitLocation, ImageLocation, IPLocation, Location, URLLocation, URLProtocol
from integrates.db_model.vulnerabilities.rules import closed
from integrates.db_model.vulnerabilities.types import AcceptanceStatus, Advisory, ClosingReason, TreatmentStatus
from integrates.db_model.vulnerabilities.word import Word

ENTRIES = [told(vulnerable(f"one {number}", advisory=f"CVE-2024-100{number % 7}")) for number in range(60)]


def key_of(entry: Entry) -> tuple[str, ...]:
    return statement_key(PRODUCTS, entry)


@pytest.mark.parametrize("run", [1, 5_000, 1_000_000])
def test_entries_are_in_the_order_of_their_keys_and_ids(run: int) -> None:
    given = random.Random(4).sample(ENTRIES, len(ENTRIES))  # noqa: S311 -- an order, no secret
    with Spool(key_of, run) as spool:
        for entry in given:
            spool.put(entry)
        expected = sorted(ENTRIES, key=lambda entry: (key_of(entry), entry.vulnerability.id))
        assert [list(spool), list(spool)] == [expected, expected]


def test_two_walks_at_once_do_not_meet() -> None:
    with Spool(key_of, 1_000) as spool:
        for entry in ENTRIES:
            spool.put(entry)
        assert all(one == other for one, other in zip(spool, spool, strict=True))


def test_nothing_is_an_empty_walk() -> None:
    with Spool(key_of) as spool:
        assert list(spool) == []


def test_revisions_are_kept() -> None:
    revision = Revision(
        entity_key="VULN#1", version=1, at=FIRST, by=BY, operation="test", change_id="1", aspects={"state": {"a": [1, None]}}
    )
    entry = Entry(
        vulnerability=ENTRIES[0].vulnerability, finding=ENTRIES[0].finding, word=Word.FIXED, at=NOW, revisions=(revision,)
    )
    with Spool(key_of) as spool:
        spool.put(entry)
        assert list(spool) == [entry]


def test_what_it_wrote_is_gone_when_it_is_closed() -> None:
    with Spool(key_of, 1) as spool:
        spool.put(ENTRIES[0])
    with pytest.raises(ValueError, match="closed"):
        list(spool)


def stated(*entries: Entry) -> list[Statement]:
    about = document()
    return list(statements_of(about, sorted(entries, key=key_of)))


def test_a_statement_for_each_advisory_product_and_package() -> None:
    entries = [
        told(vulnerable("a")),
        told(vulnerable("b")),
        told(vulnerable("c", package="pkg:npm/express@4.17.2")),
        told(vulnerable("d", advisory="CVE-2024-1002")),
        told(vulnerable("e", root=FRONTEND)),
    ]
    found = {(one.advisory.id, one.product, one.package) for one in stated(*entries)}
    backend, frontend = PRODUCTS[BACKEND.id], PRODUCTS[FRONTEND.id]
    assert found == {
        ("CVE-2024-1001", backend, "pkg:npm/express@4.17.1"),
        ("CVE-2024-1001", backend, "pkg:npm/express@4.17.2"),
        ("CVE-2024-1002", backend, "pkg:npm/express@4.17.1"),
        ("CVE-2024-1001", frontend, "pkg:npm/express@4.17.1"),
    }
    assert len(stated(*entries)) == len(found)


def test_the_strongest_word_is_told_with_all_names_and_dates() -> None:
    days = [FIRST + timedelta(days=number) for number in range(5)]
    fixed = closed(vulnerable("a", aliases=("GHSA-a",)), ClosingReason.VERIFIED, by=BY, at=days[4])
    early = treated(
        vulnerable("b", aliases=("GHSA-b",)), TreatmentStatus.IN_PROGRESS, days[1], justification="Somebody repairs it."
    )
    late = treated(early, TreatmentStatus.IN_PROGRESS, days[2], justification="Somebody else is on it.")
    early = replace(early, cycle=replace(early.cycle, reported_at=days[0] - timedelta(days=9)))
    (one,) = stated(told(fixed), told(early), told(late))
    assert (one.word, one.vulnerability, one.at, one.since) == (Word.IN_PROGRESS, late, days[4], FIRST - timedelta(days=9))
    assert one.aliases == ("GHSA-a", "GHSA-b")
    approved = treated(
        vulnerable("c"),
        TreatmentStatus.ACCEPTED_UNDEFINED,
        acceptance_status=AcceptanceStatus.APPROVED,
        justification="It does not matter.",
    )
    assert [each.word for each in stated(told(fixed), told(late), told(approved))] == [Word.ACCEPTED_FOREVER]


LOCATIONS: dict[str, tuple[Location, str | None]] = {
    "github": (GitLocation(url="https://github.com/demo/shop", branch="main"), "pkg:github/demo/shop"),
    "github by ssh": (GitLocation(url="git@github.com:demo/shop", branch="main"), "pkg:github/demo/shop"),
    "a deeper path": (
        GitLocation(url="https://github.com/demo/shop/more", branch="main"),
        "pkg:generic/backend?vcs_url=git%2Bhttps://github.com/demo/shop/more",
    ),
    "elsewhere": (
        GitLocation(url="https://git.example/shop", branch="main"),
        "pkg:generic/backend?vcs_url=git%2Bhttps://git.example/shop",
    ),
    "no github": (
        GitLocation(url="https://github.com.example/demo/shop", branch="main"),
        "pkg:generic/backend?vcs_url=git%2Bhttps://github.com.example/demo/shop",
    ),
    "image": (
        ImageLocation(registry="docker.io", repository="library/ubuntu", tag="24.04"),
        "pkg:oci/ubuntu@sha256:0a?repository_url=docker.io/library/ubuntu",
    ),
    "address": (IPLocation(address="192.0.2.1"), None),
    "url": (URLLocation(protocol=URLProtocol.HTTPS, host="shop.example", port=443, path="/"), None),
}


@pytest.mark.parametrize(("location", "expected"), LOCATIONS.values(), ids=LOCATIONS)
def test_products(location: Location, expected: str | None) -> None:
    assert product_of(root_at("backend", location), "sha256:0a") == expected


def test_an_image_without_a_digest() -> None:
    image = root_at("web", ImageLocation(registry="registry.example:5000", repository="shop/web"))
    assert product_of(image) == "pkg:oci/web?repository_url=registry.example:5000/shop/web"


def test_a_package_without_a_url_has_a_generic_one() -> None:
    one = Advisory(id="CVE-2024-1001", package="@demo/shop", vulnerable_version="1.0")
    assert package_url(one) == "pkg:generic/%40demo/shop@1.0"
    assert package_url(Advisory(id="CVE-2024-1001", package="shop", vulnerable_version="")) == "pkg:generic/shop"
    strange = package_url(Advisory(id="CVE-2024-1001", package="//", vulnerable_version="1"))
    assert re.fullmatch("pkg:generic/package-[0-9a-f]{16}@1", strange)
