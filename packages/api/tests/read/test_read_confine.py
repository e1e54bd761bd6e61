"""What of a scan concerns a root: `outside_root` and `gitignored` (domain section 8)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from integrates.api.imports.read.confine import confined
from integrates.api.imports.read.observation import Location, SkipReason
from integrates.db_model.roots.types import (
    GitLocation,
    GitRoot,
    ImageLocation,
    ImageRoot,
    IPLocation,
    IPRoot,
    Root,
    RootInfo,
    RootState,
    RootStatus,
    URLLocation,
    URLProtocol,
    URLRoot,
)
from integrates.db_model.vulnerabilities.types import VulnerabilityType

AT = datetime(2024, 1, 1, tzinfo=UTC)


def git_root(*gitignore: str) -> Root:
    return GitRoot(
        id="r",
        group_name="webshop",
        organization_id="o",
        location=GitLocation(url="https://example.com/a", branch="main", gitignore=gitignore),
        info=RootInfo(nickname="a"),
        state=RootState(status=RootStatus.ACTIVE, at=AT, by="ada@demo.example"),
        created_at=AT,
        created_by="ada@demo.example",
    )


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        ((), ["src/a.py", "src/test/b.py", "lib/c.js"]),
        (("test/",), ["src/a.py", "lib/c.js"]),
        (("*.py",), ["lib/c.js"]),
        (("/src",), ["lib/c.js"]),
        (("src/test/b.py",), ["src/a.py", "lib/c.js"]),
        (("b.py", "!b.py"), ["src/a.py", "src/test/b.py", "lib/c.js"]),
        (("# comment", ""), ["src/a.py", "src/test/b.py", "lib/c.js"]),
    ],
)
def test_gitignore(scan: Any, result: Any, patterns: tuple[str, ...], kept: list[str]) -> None:
    whole = scan(*(result(uri=uri) for uri in ("src/a.py", "src/test/b.py", "lib/c.js")))
    part = confined(whole, git_root(*patterns))
    assert [one.location.where for one in part.observations] == kept
    assert part.skipped == len(part.problems) == 3 - len(kept)
    assert {problem.reason for problem in part.problems} <= {SkipReason.GITIGNORED}


def test_a_git_root_has_what_is_in_files(scan: Any, result: Any) -> None:
    whole = scan(result(ruleId="A", uri="https://example.com/"), result(ruleId="B"), result(ruleId="C", uri="tcp://h:1"))
    part = confined(whole, git_root("*.com"))
    assert [(one.pointer, one.reason) for one in part.problems] == [
        ("/runs/0/results/0", SkipReason.OUTSIDE_ROOT),
        ("/runs/0/results/2", SkipReason.OUTSIDE_ROOT),
    ]
    assert [one.rule.rule_id for one in part.rules] == ["B"]
    assert (part.total, len(part.observations), part.skipped) == (3, 1, 2)


def test_problems_stay_in_file_order(scan: Any, result: Any) -> None:
    uris = ["a.py", "/bad", *("b.js" for _ in range(9)), *("a.py" for _ in range(120))]
    whole = scan(*(result(uri=uri, line=line) for line, uri in enumerate(uris)))
    part = confined(whole, git_root("*.py"))
    assert [problem.pointer.rpartition("/")[2] for problem in part.problems][:4] == ["0", "1", "11", "12"]
    assert (len(part.problems), part.skipped) == (122, 122)


def test_nothing_is_taken_away_from_what_fits(scan: Any, result: Any) -> None:
    whole = scan(result(), result(line=2), result(uri="/bad"))
    assert confined(whole, git_root()) == whole


def test_a_path_made_for_a_pattern_is_told_like_any_other(scan: Any, result: Any) -> None:
    whole = scan(result(uri="a" * 150), result(uri="a" * 149 + "b"))
    part = confined(whole, git_root("*a*a*a*a*a*a*a*ab"))
    assert [one.location.where for one in part.observations] == ["a" * 150]


def in_manifest(whole: Any) -> Any:
    """The scan, of packages instead of lines."""
    found = [
        replace(one, location=Location(VulnerabilityType.PACKAGES, one.location.where, "a@1")) for one in whole.observations
    ]
    return replace(whole, observations=tuple(found))


def test_a_package_is_where_its_manifest_is(scan: Any, result: Any) -> None:
    whole = in_manifest(scan(result(uri="app/package-lock.json"), result(uri="vendor/package-lock.json")))
    part = confined(whole, git_root("vendor/"))
    assert [one.location.where for one in part.observations] == ["app/package-lock.json"]
    assert {problem.reason for problem in part.problems} == {SkipReason.GITIGNORED}


URIS = ("src/a.py", "https://shop.example/a", "https://shop.example:8443/a", "tcp://192.0.2.7:22", "tcp://192.0.2.8:22")
LOCATIONS: Mapping[str, tuple[Any, list[int]]] = {
    "image": (ImageLocation(registry="docker.io", repository="library/ubuntu"), [0]),
    "host": (IPLocation(address="192.0.2.7"), [3]),
    "site": (URLLocation(protocol=URLProtocol.HTTPS, host="shop.example", port=443, path="/app"), [1]),
}


@pytest.mark.parametrize(("location", "kept"), LOCATIONS.values(), ids=LOCATIONS)
def test_a_root_takes_what_lies_there(scan: Any, result: Any, location: Any, kept: list[int]) -> None:
    git = git_root()
    kinds: dict[type[Any], type[Any]] = {ImageLocation: ImageRoot, IPLocation: IPRoot, URLLocation: URLRoot}
    root = kinds[type(location)](
        id=git.id,
        group_name=git.group_name,
        organization_id=git.organization_id,
        location=location,
        info=git.info,
        state=git.state,
        created_at=AT,
        created_by=git.created_by,
    )
    part = confined(scan(*(result(uri=uri) for uri in URIS)), root)
    assert [one.ordinal for one in part.observations] == kept
    assert {problem.reason for problem in part.problems} == {SkipReason.OUTSIDE_ROOT}
