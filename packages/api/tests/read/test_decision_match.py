"""Which vulnerabilities statements are about (domain section 21, row *match*), and what finding that out costs."""

from datetime import UTC, datetime
from time import process_time

import pytest
from msgspec.structs import replace
from packages.db_model.tests.rules.whole.vulnerability import VULNERABILITY
from packageurl import PackageURL

from integrates.api.decision_import.read.statement import OfPackages, OfPlace, Product, Statement
from integrates.api.decision_import.work.match import Known, candidate, matching, meant_by
from integrates.db_model.decision_imports.decision import Saying
from integrates.db_model.vulnerabilities.types import Advisory, Tool, Vulnerability, VulnerabilityType

SHOP, OTHER = (PackageURL.from_string(f"pkg:github/acme/{name}") for name in ("shop", "other"))
PART = PackageURL.from_string("pkg:npm/%40acme/part@1.2.0")


def in_package(number: int, name: str = "CVE-2024-1", version: str = "1.2.0") -> Vulnerability:
    """A vulnerability of the package in the root ``r``."""
    told = Advisory(id=name, package="part", vulnerable_version=version, purl=f"pkg:npm/%40acme/part@{version}")
    return replace(VULNERABILITY, id=f"{number:05}", root_id="r", type=VulnerabilityType.PACKAGES, advisory=told)


def stated(about: OfPackages | OfPlace, at: datetime | None = None) -> Statement:
    return Statement(pointer="", name="", at=at, says=Saying.FIXED, words=frozenset(), about=about)


def is_meant(product: Product, root: PackageURL | None = SHOP) -> bool:
    """Whether a statement about the product is about a package of the root, of a group that has another root, too."""
    products = {"r": root, "other": OTHER}
    known = Known({name: str(purl) for name, purl in products.items() if purl}, {})
    found = matching([stated(OfPackages(names=frozenset({"CVE-2024-1"}), products=(product,)))], known, None)
    kept = candidate(found, in_package(1))
    return kept is not None and meant_by(found, [kept]).decided == {0: ("00001",)}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("pkg:npm/%40acme/part", True),
        ("pkg:npm/%40acme/part@1.2.0", True),
        ("pkg:npm/%40acme/part@1.2.0?arch=x#a/b", True),
        ("pkg:npm/%40acme/part@1.2.1", False),
        ("pkg:npm/part@1.2.0", False),
        ("pkg:npm/%40other/part@1.2.0", False),
        ("pkg:pypi/part@1.2.0", False),
    ],
)
def test_packages(said: str, expected: bool) -> None:
    assert is_meant(Product(purl=PackageURL.from_string(said))) is expected


@pytest.mark.parametrize(
    ("said", "root", "expected"),
    [
        ("pkg:github/acme/shop@v1.7.0", "pkg:github/acme/shop", True),
        ("pkg:github/Acme/Shop", "pkg:github/acme/shop", True),
        ("pkg:github/acme/other", "pkg:github/acme/shop", False),
        ("pkg:oci/web?repository_url=a.example/web", "pkg:oci/web?repository_url=a.example/web", True),
        ("pkg:oci/web?repository_url=b.example/web", "pkg:oci/web?repository_url=a.example/web", False),
        ("pkg:oci/web@sha256:1?arch=x", "pkg:oci/web?repository_url=a.example/web", True),
        ("pkg:generic/shop?vcs_url=git%2Bhttps://a.example/x", "pkg:generic/shop?vcs_url=git%2Bhttps://b.example/x", False),
    ],
)
def test_products(said: str, root: str, expected: bool) -> None:
    assert is_meant(Product(purl=PackageURL.from_string(said)), root=PackageURL.from_string(root)) is expected


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        (Product(purl=SHOP, packages=(PART,)), True),
        (Product(purl=SHOP, packages=(OTHER,)), False),
        (Product(purl=OTHER, packages=(PART,)), False),
        (Product(purl=None, packages=(PART,)), False),
        (Product(purl=SHOP), True),
        (Product(purl=PART), True),
        (Product(purl=OTHER), False),
        (Product(purl=None), False),
        (Product(purl=PART, within=SHOP), True),
        (Product(purl=PART, within=OTHER), False),
        (Product(purl=SHOP, within=SHOP), True),
        (Product(purl=SHOP, within=OTHER), False),
        (Product(purl=SHOP, packages=(PART,), within=OTHER), False),
        (Product(purl=PART, within=PackageURL.from_string("pkg:github/acme/unknown")), True),
    ],
)
def test_what_is_meant(product: Product, expected: bool) -> None:
    assert is_meant(product) is expected


def test_a_root_without_packages_is_never_meant_by_its_product() -> None:
    assert is_meant(Product(purl=SHOP), root=None) is False


PACKAGES, PLACES = 5_000, 20_000
SECONDS = 5.0
"""Of the CPU: some times what it takes. To compare each statement with each vulnerability would take minutes."""


@pytest.mark.parametrize("same", [False, True], ids=["versions", "no version"])
def test_many_statements_about_one_advisory_cost_no_more_than_about_many(same: bool) -> None:
    meant = [PackageURL("npm", "@acme", "part", None if same else f"1.{each}") for each in range(PACKAGES)]
    names = frozenset({"CVE-2024-1"})
    statements = [stated(OfPackages(names=names, products=(Product(purl=each),))) for each in meant]
    group = [in_package(each, version=f"1.{each}") for each in range(PACKAGES)]
    assert_match(statements, group, {PACKAGES - 1: PACKAGES} if same else dict.fromkeys(range(PACKAGES), 1))


@pytest.mark.parametrize("where", ["elsewhere", "a.py"])
def test_many_places_with_one_fingerprint_are_looked_up(where: str) -> None:
    """Each means the one at its own line; where there is none, it may be either of many."""
    tool, at = Tool(name="lint", categories=("",), rule_id="r1", fingerprint="f"), replace(VULNERABILITY.location, where="a.py")
    group = [
        replace(VULNERABILITY, id=f"{each:05}", root_id="r", tool=tool, location=replace(at, specific=f"{each}"))
        for each in range(PLACES)
    ]
    kind, prints = VULNERABILITY.type, frozenset({"f"})
    places = [
        OfPlace(root="here", tool="lint", rule_id="r1", fingerprints=prints, type=kind, where=where, specific=f"{each}")
        for each in range(PLACES)
    ]
    assert_match([stated(each) for each in places], group, dict.fromkeys(range(PLACES), 1) if where == "a.py" else {})


def assert_match(statements: list[Statement], group: list[Vulnerability], expected: dict[int, int]) -> None:
    """Compare how many each statement decides about, and what it takes."""
    begun = process_time()
    found = matching(statements, Known({"r": str(SHOP)}, {"r": "here"}), None)
    kept = [one for each in group if (one := candidate(found, each)) is not None]
    match = meant_by(found, kept)
    assert process_time() - begun < SECONDS
    assert {ordinal: len(ids) for ordinal, ids in match.decided.items()} == expected
    assert match.met == (frozenset(range(len(statements))) if expected else frozenset())


def test_the_newest_decides_whatever_names_it_goes_by() -> None:
    dates = [datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC), None, datetime(2024, 1, 1, tzinfo=UTC)]
    products = (Product(purl=PART), Product(purl=SHOP), Product(purl=SHOP, packages=(PART,)), Product(purl=PART))
    names = frozenset({"CVE-2024-1"})
    found = matching(
        [stated(OfPackages(names=names, products=(one,)), at) for one, at in zip(products, dates, strict=True)],
        Known({"r": str(SHOP)}, {}),
        None,
    )
    kept = candidate(found, in_package(1))
    assert kept is not None
    match = meant_by(found, [kept])
    assert (match.decided, match.met) == ({1: ("00001",)}, frozenset(range(4)))


@pytest.mark.parametrize(
    ("told", "named", "met"),
    [
        ("here", "r", True),
        ("there", "r", False),  # the other root's, however much it has the same rule and place
        ("elsewhere", "r", True),  # from another group, whose roots are others
        (None, "r", True),
        ("there", None, False),
        (None, None, False),
    ],
)
def test_a_root_that_is_named_takes_nothing_of_another_one_of_the_group(told: str | None, named: str | None, met: bool) -> None:
    tool = Tool(name="lint", categories=("",), rule_id="r1")
    one = replace(VULNERABILITY, root_id="r", tool=tool)
    place = OfPlace(
        root=told,
        tool="lint",
        rule_id="r1",
        fingerprints=frozenset(),
        type=one.type,
        where=one.location.where,
        specific=one.location.specific,
    )
    found = matching([stated(place)], Known({}, {"r": "here", "s": "there"}), named)
    kept = candidate(found, one)
    assert kept is not None
    assert bool(meant_by(found, [kept]).met) is met
