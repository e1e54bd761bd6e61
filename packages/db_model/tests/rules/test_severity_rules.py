"""Severities of domain section 5."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.db_model.errors import Rejected, Rejections
from integrates.db_model.severities.rules import cvssf, level, rounded, scored_any, severity
from integrates.db_model.severities.types import CvssVersion, Level

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


V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"
V3_0 = V3.replace("3.1", "3.0")


@pytest.mark.parametrize(
    "given_vector,version,vector,score",
    [
        (V2, None, V2, "7.5"),
        (f" {V2} ", CvssVersion.V2, V2, "7.5"),
        (f"CVSS:2.0/{V2}", None, V2, "7.5"),
        ("Au:N/AV:N/AC:L/A:P/C:P/I:P/E:ND", None, V2, "7.5"),
        (f"{V2}/E:U/RL:OF", None, f"{V2}/E:U/RL:OF", "7.5"),
        (V3_0, None, V3_0, "9.8"),
        (V3, None, V3, "9.8"),
        (f"{V3}/E:P/RL:O", None, f"{V3}/E:P/RL:O", "9.8"),
        (V4, None, V4, "9.3"),
        (f"{V4}/E:U", None, f"{V4}/E:U", "8.1"),
        (V3.removeprefix("CVSS:3.1/"), CvssVersion.V3_1, V3, "9.8"),
        (V3.removeprefix("CVSS:3.1/"), CvssVersion.V3_0, V3_0, "9.8"),
        (V4.removeprefix("CVSS:4.0/"), CvssVersion.V4, V4, "9.3"),
        (V3, CvssVersion.V2, V3, "9.8"),
    ],
)
def test_vectors_of_tools_are_read_in_every_version(
    given_vector: str, version: CvssVersion | None, vector: str, score: str
) -> None:
    found = scored_any(given_vector, (), version)
    assert (found.vector, str(found.score)) == (vector, score)
    assert scored_any(found.vector, ()) == found, "what is stored is read as what it is, without anybody stating the version"
    stored = severity(tool_score=Decimal("1.0"), tool_vector=f" {found.vector} ")
    assert stored is not None
    assert (stored.tool_vector, str(stored.score)) == (vector, "1.0"), "the vector is told, the score is the tool's"


@pytest.mark.parametrize(
    "vector,version",
    [
        ("", None),
        ("CVSS:", None),
        ("CVSS:3.1", None),
        ("CVSS:3.1/", None),
        ("CVSS:3.2" + V3.removeprefix("CVSS:3.1"), None),
        ("CVSS:1.0/" + V2, None),
        ("cvss:3.1/" + V3.removeprefix("CVSS:3.1/"), None),
        (V3.removeprefix("CVSS:3.1/"), None),
        (V3.removeprefix("CVSS:3.1/"), CvssVersion.V2),
        (V3.removeprefix("CVSS:3.1/"), CvssVersion.V4),
        (V2, CvssVersion.V3_1),
        (f"CVSS:3.1/{V2}", None),
        (f"CVSS:3.1/{V3}", None),
        ("Au:N", None),
        (f"7.5/{V2}", None),
        (f"({V2})", None),
        (f"{V2}/Au:N", None),
        (f"{V2}/", None),
        (V2.replace("Au:N", "Au:\ud800"), None),
        (V2 + "/E:U" * 10_000, None),
        ("CVSS:" * 100_000, None),
        ("/" * 1_000_000, None),
        (V4 + "/E:A" * 10_000, None),
    ],
    ids=itertools.count(),
)
def test_what_is_no_vector_of_any_version_is_refused(vector: str, version: CvssVersion | None) -> None:
    with pytest.raises(Rejected) as caught:
        scored_any(vector, ("cvss",), version)
    assert (caught.value.reason, caught.value.path) == ("bad_vector", ("cvss",))


def test_the_vector_of_a_tool_needs_its_score() -> None:
    with pytest.raises(Rejections) as caught:
        severity(cvss_v4=V4, tool_vector=V2, path=("severity",))
    assert [(one.reason, one.path) for one in caught.value.refusals] == [("required", ("severity", "tool_score"))]
    with pytest.raises(Rejections) as caught:
        severity(tool_vector=V2, path=("severity",))
    assert [(one.reason, one.path) for one in caught.value.refusals] == [("required", ("severity", "tool_score"))]
    with pytest.raises(Rejections) as caught:
        severity(tool_score=Decimal(11), tool_vector="x")
    assert [(one.reason, one.path) for one in caught.value.refusals] == [
        ("out_of_range", ("tool_score",)),
        ("bad_vector", ("tool_vector",)),
    ]


def test_the_vector_of_a_tool_does_not_stand_for_a_vector_of_people() -> None:
    found = severity(cvss_v3=V3, tool_score=Decimal(1), tool_vector=V2)
    assert found is not None
    assert (str(found.score), found.tool_vector) == ("9.8", V2)


METRICS = st.sampled_from(
    [*V2.split("/"), *V3.split("/"), *V4.split("/"), "CVSS:3.0", "CVSS:2.0", "E:U", "RL:OF", "CDP:H", "X"]
)


@given(
    st.one_of(
        st.sampled_from([V2, V3_0, V3, V4]).flatmap(lambda one: st.permutations(one.split("/"))),
        st.lists(METRICS, max_size=15),
    ),
    st.none() | st.sampled_from(CvssVersion),
)
def test_every_text_is_a_vector_or_refused(metrics: list[str], version: CvssVersion | None) -> None:
    try:
        found = scored_any("/".join(metrics), (), version)
    except Rejected:
        return
    assert 0 <= found.score <= 10
    assert scored_any(found.vector, ()) == found


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
