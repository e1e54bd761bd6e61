"""Severities of domain section 5."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.db_model.errors import Rejections
from integrates.db_model.severities.rules import cvssf, level, rounded, severity
from integrates.db_model.severities.types import Level

V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


@pytest.mark.parametrize(
    "v4,v3,tool,score",
    [
        (V4, None, None, "9.3"),
        (None, V3, None, "9.8"),
        (None, None, "7.0", "7.0"),
        (V4, V3, "1.0", "9.3"),
        (None, V3, "1.0", "9.8"),
        (None, f"{V3}/E:P/RL:O", None, "8.8"),
        (None, f"{V3}/E:X/RL:X/RC:X", None, "9.8"),
        (None, f"{V3}/MAV:P/CR:L", None, "9.8"),
        (f"{V4}/E:U", None, None, "8.1"),
        (None, None, "0", "0.0"),
        (None, None, "10", "10.0"),
        (None, None, "7.55", "7.6"),
    ],
)
def test_the_score_that_counts(v4: str | None, v3: str | None, tool: str | None, score: str) -> None:
    found = severity(v4, v3, None if tool is None else Decimal(tool))
    assert found is not None
    assert str(found.score) == score


def test_nothing_given_is_no_severity() -> None:
    assert severity() is None


def test_vectors_are_stored_in_canonical_form() -> None:
    found = severity(cvss_v3=" CVSS:3.1/RC:X/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N ")
    assert found == severity(cvss_v3=V3)
    assert found is not None
    assert found.cvss_v3 == V3


@pytest.mark.parametrize(
    "v4,v3",
    [
        ("", None),
        (V3, None),
        (V4.replace("4.0", "4.1"), None),
        (V4 + "/", None),
        (V4 + "/AV:N", None),
        (V4.replace("/AC:L", ""), None),
        (V4 + "/E:A" * 10_000, None),
        (None, V4),
        (None, V3.replace("3.1", "3.0")),
        (None, "AV:N/AC:L/Au:N/C:P/I:P/A:P"),
        (None, V3.lower()),
        (None, V3 + "/XX:N"),
        (None, V3.replace("AV:N", "AV:Q")),
        (None, V3.replace("AV:N", "AV:N:N")),
        (None, V3.replace("AV:N", "\ud800")),
    ],
)
def test_other_versions_and_bad_vectors_are_refused(v4: str | None, v3: str | None) -> None:
    with pytest.raises(Rejections) as caught:
        severity(v4, v3, path=("severity",))
    name = "cvss_v4" if v4 is not None else "cvss_v3"
    assert [(one.reason, one.path) for one in caught.value.refusals] == [("bad_vector", ("severity", name))]


def test_all_refusals_come_together() -> None:
    with pytest.raises(Rejections) as caught:
        severity("x", "y", Decimal(11))
    assert [one.reason for one in caught.value.refusals] == ["bad_vector", "bad_vector", "out_of_range"]


@pytest.mark.parametrize("score", ["-0.1", "10.1", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_scores_outside_their_range_are_refused(score: str) -> None:
    with pytest.raises(Rejections) as caught:
        severity(tool_score=Decimal(score))
    assert [one.reason for one in caught.value.refusals] == ["out_of_range"]


EXTRAS = st.sampled_from(
    ["E:P", "E:H", "RL:O", "RC:R", "MAV:P", "MS:C", "CR:H", "MSI:S", "S:P", "R:U", "U:Red", "V:C", "E:X", "X"]
)


@given(st.sampled_from([V3, V4, V3.replace("S:U", "S:C")]).map(lambda vector: vector.split("/")), st.lists(EXTRAS), st.data())
def test_every_vector_is_scored_or_refused(metrics: list[str], extras: list[str], data: st.DataObject) -> None:
    prefix, *base = metrics
    vector = "/".join([prefix, *data.draw(st.permutations([*base, *extras]))])
    for arguments in ((vector, None), (None, vector)):
        try:
            found = severity(*arguments)
        except Rejections:
            continue
        assert found is not None
        assert 0 <= found.score <= 10
        assert severity(found.cvss_v4, found.cvss_v3) == found


@pytest.mark.parametrize(
    "score,expected",
    [
        ("0.0", Level.LOW),
        ("3.9", Level.LOW),
        ("4.0", Level.MEDIUM),
        ("6.9", Level.MEDIUM),
        ("7.0", Level.HIGH),
        ("8.9", Level.HIGH),
        ("9.0", Level.CRITICAL),
        ("10.0", Level.CRITICAL),
    ],
)
def test_levels(score: str, expected: Level) -> None:
    assert level(Decimal(score)) is expected


@pytest.mark.parametrize(
    "score,expected",
    [
        ("0.0", "0.000"),
        ("0.1", "0.004"),
        ("3.0", "0.250"),
        ("4.0", "1.000"),
        ("4.1", "1.149"),
        ("7.0", "64.000"),
        ("9.8", "3104.188"),
        ("10.0", "4096.000"),
    ],
)
def test_cvssf(score: str, expected: str) -> None:
    assert str(cvssf(Decimal(score))) == expected


def test_cvssf_grows_with_the_score() -> None:
    sizes = [cvssf(Decimal(tenths) / 10) for tenths in range(101)]
    assert sizes == sorted(sizes)


@given(st.decimals("0", "10", places=3))
def test_rounding_is_half_up_to_one_decimal(score: Decimal) -> None:
    tenths = int((score * 1000 + 50) // 100)
    assert rounded(score) == Decimal(tenths) / 10
    assert rounded(rounded(score)) == rounded(score)
