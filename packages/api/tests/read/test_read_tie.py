"""Results that say the same (domain section 8, row *mark*)."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from integrates.api.imports.read.observation import Fingerprint, Location, Observation
from integrates.api.imports.read.tie import untied
from integrates.db_model.findings.types import ToolRule
from integrates.db_model.vulnerabilities.types import Mark, SeriesSuppression, Suppression, Technique, VulnerabilityType

SILENT = Suppression(kind="inSource")


def seen(ordinal: int, fingerprints: str = "", **members: Any) -> Observation:
    """A result at a:1; each letter is one of its fingerprints."""
    one = Observation(
        ordinal=ordinal,
        pointer=f"/runs/0/results/{ordinal}",
        rule=ToolRule(tool="t", rule_id="r"),
        category="",
        location=Location(VulnerabilityType.LINES, "a", "1"),
        fingerprints=tuple(Fingerprint(name, name) for name in fingerprints),
        technique=Technique.SAST,
    )
    return replace(one, **members)


def kept(*ones: Observation) -> list[int]:
    found, duplicates = untied(ones)
    assert len(found) + duplicates == len(ones)
    return [one.ordinal for one in found]


@pytest.mark.parametrize(
    ("fingerprints", "ordinals"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["", ""], [0], id="none"),
        pytest.param(["f", "f"], [0], id="equal"),
        pytest.param(["f", "g"], [0, 1], id="different"),
        pytest.param(["f", ""], [0, 1], id="one has none"),
        pytest.param(["fg", "gh"], [0], id="one shared"),
        pytest.param(["f", "g", "f", "g", ""], [0, 1, 4], id="two of each"),
    ],
)
def test_at_one_place_a_shared_fingerprint_decides(fingerprints: Sequence[str], ordinals: list[int]) -> None:
    assert kept(*(seen(ordinal, each) for ordinal, each in enumerate(fingerprints))) == ordinals


@pytest.mark.parametrize(
    "other",
    [
        {"rule": ToolRule(tool="t", rule_id="other")},
        {"location": Location(VulnerabilityType.LINES, "b", "1")},
        {"location": Location(VulnerabilityType.LINES, "a", "2")},
        {"location": Location(VulnerabilityType.PORTS, "a", "1")},
        {"mark": Mark(logical="x")},
        {"mark": Mark(location_message="x")},
        {"mark": Mark(start_column=1)},
        {"mark": Mark(char_offset=1)},
        {"mark": Mark(byte_offset=1)},
        {"mark": Mark(message="x")},
    ],
)
@pytest.mark.parametrize("fingerprints", ["", "f"])
def test_what_differs_in_rule_place_or_mark_is_no_duplicate(other: Any, fingerprints: str) -> None:
    assert kept(seen(0, fingerprints), seen(1, fingerprints, **other), seen(2, fingerprints)) == [0, 1]


@pytest.mark.parametrize("other", [{"snippet": "x"}, {"detail": "x"}, {"technique": Technique.SCA}, {"category": "x/"}])
def test_other_members_do_not_matter(other: Any) -> None:
    assert kept(seen(0), seen(1, **other)) == [0]


def test_each_series_is_kept() -> None:
    ((one,), duplicates) = untied(
        [seen(0, category="a/"), seen(1, category="b/"), seen(2, category="a/"), seen(3, category="c/")]
    )
    assert (one.ordinal, one.category, one.also, duplicates) == (0, "a/", ("b/", "c/"), 3)


def test_what_is_not_suppressed_stands() -> None:
    ((one,), _) = untied([seen(0, suppression=SILENT, category="a/"), seen(1, category="b/"), seen(2)])
    assert (one.ordinal, one.suppression, one.category, set(one.also)) == (1, None, "b/", {"a/", ""})
    assert kept(seen(0, suppression=SILENT), seen(1, suppression=SILENT)) == [0]


@given(st.lists(st.tuples(st.sampled_from(["", "f", "g", "fg"]), st.sampled_from([1, 2]), st.booleans()), max_size=12))
def test_what_is_kept_has_no_duplicate(rows: Any) -> None:
    observations = [
        seen(ordinal, fingerprints, mark=Mark(start_column=column), suppression=SILENT if is_silent else None)
        for ordinal, (fingerprints, column, is_silent) in enumerate(rows)
    ]
    found, duplicates = untied(observations)
    assert len(found) + duplicates == len(rows)
    assert {one.mark for one in found} == {one.mark for one in observations}
    assert list(found) == sorted(found, key=lambda one: one.ordinal)
    assert untied(found) == (found, 0)


def test_a_suppression_elsewhere_is_kept_beside_what_is_open() -> None:
    ones = [
        seen(0, category="a/"),
        seen(1, category="b/", suppression=SILENT),
        seen(2, category="c/", suppression=SILENT),
        seen(3, category="c/"),
        seen(4, category="b/", suppression=Suppression(kind="external", justification="Why")),
    ]
    ((one,), duplicates) = untied(ones)
    assert (one.ordinal, one.suppression, set(one.also), duplicates) == (0, None, {"b/", "c/"}, 4)
    assert one.hushed == (SeriesSuppression(category="b/", kind="inSource"),)


def test_each_series_has_its_own_suppression() -> None:
    other = Suppression(kind="external", justification="Why")
    ((one,), _) = untied([seen(0, category="a/", suppression=SILENT), seen(1, category="b/", suppression=other)])
    assert one.suppression == SILENT
    assert one.hushed == (SeriesSuppression(category="b/", kind="external", justification="Why"),)
