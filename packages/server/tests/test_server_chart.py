"""Charts as files: what a drawing holds, who gets it, and how it is asked for."""

import re
from datetime import date, timedelta
from itertools import combinations
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages.server.tests.conftest import ADA, World
from packages.server.tests.page import NINA, NONE, same_page, seen

from integrates.api.chart.kind import CHARTS, ChartName
from integrates.server.http.routes.chart import POLICY, UNREAD
from integrates.server.http.routes.chart import _found as chart_found
from integrates.server.pages.chart import Chart, Series, charts_of, numbers_of, written
from integrates.server.pages.drawing import MAX_BYTES, colors_of, svg_of
from integrates.server.pages.render import _TEMPLATES as TEMPLATES

LEVELS = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "NOT_RATED")
TREATMENTS = ("UNTREATED", "IN_PROGRESS", "ACCEPTED", "ACCEPTED_UNDEFINED")
URLS = '{ group(name: "webshop") { charts { name svgUrl } organization { id charts { name svgUrl } } } }'
ADDRESS = re.compile(r"[a-z]+://[^\"' ]+|//[a-z]", re.IGNORECASE)
ACTIVE = {"script", "image", "use", "a", "foreignObject", "animate", "set"}
TABLE = '{% from "chart.html" import chart %}{{ chart(one) }}'
FILES = ["openByLevel", "openByLevel.png", "openbylevel.svg", ".svg", "openByLevel.svg.svg", "nothing.json"]
DAYS = tuple(f"2026-08-{day:02}" for day in range(1, 32))


def chart(name: str = "openByLevel", series: Any = (), **changed: Any) -> Chart:
    """A chart as the API tells it."""
    outline = CHARTS[ChartName(name)]
    told = {
        "name": name,
        "title": outline.title,
        "unit": outline.unit,
        "kind": outline.kind.value,
        "from": "2026-08-01",
        "to": "2026-08-31",
        "step": "DAY",
        "series": [{"name": one, "points": points} for one, points in series],
        "svgUrl": f"/charts/webshop/{name}.svg",
        **changed,
    }
    (found,) = charts_of([told])
    return found


def levels(numbers: Any, names: tuple[str, ...] = LEVELS) -> list[Any]:
    return [(name, [(day, number) for day, number in zip(DAYS, numbers, strict=False)]) for name in names]


def texts(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter() if one.tag.endswith("}text")]


def check_document(svg: bytes) -> ET.Element:
    """Check what holds for every drawing."""
    assert len(svg) <= MAX_BYTES
    root = ET.fromstring(svg)  # noqa: S314 -- our own document
    assert root.get("role") == "img"
    title, description = root[0], root[1]
    assert (title.tag.rpartition("}")[2], description.tag.rpartition("}")[2]) == ("title", "desc")
    assert title.text
    assert description.text
    text = svg.decode()
    assert set(ADDRESS.findall(text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not {one.tag.rpartition("}")[2] for one in root.iter()} & ACTIVE
    assert not [name for one in root.iter() for name in one.attrib if name.lower().startswith("on") or "href" in name]
    assert "<!--" not in text
    assert "<?xml-stylesheet" not in text
    assert "@import" not in text
    assert set(re.findall(r"url\(([^)]*)", text)) <= {f"#p{number}" for number in range(9)}
    return root


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_drawn_without_anything_that_runs_or_loads(name: ChartName) -> None:
    root = check_document(svg_of(chart(name, levels(range(31)))))
    assert root[0].text == CHARTS[name].title
    assert "critical" in (root[1].text or "").lower()


def test_a_drawing_depends_on_the_chart_alone() -> None:
    one = chart(series=levels([1, 2, 3]))
    assert svg_of(one) == svg_of(one)
    assert svg_of(one) != svg_of(chart(series=levels([1, 2, 4])))


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_without_numbers_says_so(name: ChartName) -> None:
    lack = "No closing in the snapshots of these days" if name == "meanTimeToRemediate" else "No snapshot of these days yet"
    for empty in (chart(name), chart(name, levels([None] * 31))):
        root = check_document(svg_of(empty))
        assert f"{lack}." in (root[1].text or "")
    assert lack in texts(ET.fromstring(svg_of(chart(name))))  # noqa: S314 -- our own document


@pytest.mark.parametrize("name", CHARTS)
def test_the_longest_span_is_small_enough(name: ChartName) -> None:
    days = [(date(2023, 1, 1) + timedelta(days=number)).isoformat() for number in range(1_101)]
    series = [(one, [(day, (number * 7919) % 9973 + 0.25) for number, day in enumerate(days)]) for one in LEVELS]
    if name == "ageDistribution":
        series = [(one, points[:6]) for one, points in series]
    if name in {"topFindings", "topRoots"}:
        series = [("CVSSF", [("Ω" * 200 + str(number), 4096.5 * number) for number in range(10)])]
    check_document(svg_of(chart(name, series, to="2026-01-05", **{"from": "2023-01-01"})))


@given(
    labels=st.lists(st.text(max_size=60), min_size=1, max_size=10),
    numbers=st.lists(st.none() | st.integers(0, 10**12) | st.floats(0, 1e12, allow_nan=False), min_size=10, max_size=10),
    name=st.sampled_from(list(CHARTS)),
)
@settings(max_examples=60)
def test_no_text_leaves_its_place(labels: list[str], numbers: list[Any], name: ChartName) -> None:
    points = list(zip([*labels, "</text><script>alert(1)</script>"], numbers, strict=False))
    root = check_document(svg_of(chart(name, [("CVSSF", points)])))
    assert len(root.findall(".//{*}script")) == 0


def lightness(color: str) -> float:
    red, green, blue = (int(color[number : number + 2], 16) / 255 for number in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("names", [LEVELS, ("ALL", *LEVELS[:4]), TREATMENTS, ("OPENED", "CLOSED")])
def test_series_are_told_apart_in_grey_and_by_pattern(names: tuple[str, ...]) -> None:
    series = tuple(Series(name, ()) for name in names)
    for one, other in combinations(map(lightness, colors_of(series)), 2):
        light, dark = max(one, other), min(one, other)
        assert (light + 0.05) / (dark + 0.05) >= 1.15, names
    svg = svg_of(chart(series=levels(range(31), names))).decode()
    patterns = re.findall(r'<pattern id="p\d" .*?</pattern>', svg)
    shapes = [re.sub('id="p."|fill="#[0-9a-f]*"', "", one) for one in patterns]
    assert len(set(shapes)) == len(names)


def test_the_description_says_the_figures_in_words() -> None:
    found = chart(series=[("CRITICAL", [("2026-08-01", None), ("2026-08-02", 4), ("2026-08-03", 1), ("2026-08-04", 2)])])
    assert found.description == (
        "Open vulnerabilities by level, in vulnerabilities, 2026-08-01 to 2026-08-31 (UTC), by day. "
        "Critical: from 4 to 2, at least 1, at most 4."
    )
    bars = chart("topRoots", [("CVSSF", [("backend", 4914.004), ("shop", 3)])])
    assert bars.description.endswith("at the end of 2026-08-31 (UTC). CVSSF: backend: 4,914; shop: 3.")


@pytest.mark.parametrize(
    ("number", "text"), [(None, "–"), (0, "0"), (1234, "1,234"), (2.5, "2.50"), (4914.004, "4,914"), (0.126, "0.13")]
)
def test_numbers_are_written_for_people(number: Any, text: str) -> None:
    assert written(number) == text


def test_a_page_has_the_drawing_and_the_same_as_a_table() -> None:
    one = chart(
        series=[("CRITICAL", list(zip(DAYS, (None, 4), strict=False))), ("HIGH", list(zip(DAYS, (1, 2), strict=False)))]
    )
    page = TEMPLATES.from_string(TABLE).render(one=one)
    assert f'<img src="/charts/webshop/openByLevel.svg" alt="{one.description}"' in page
    assert '<th scope="col">Day</th><th scope="col" class="number">critical</th>' in page
    assert '<a href="/charts/webshop/openByLevel.svg">The drawing alone</a>' in page
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*)</tr>', page)
    told = [(label, re.findall(">([^<]+)</td>", row)) for label, row in rows]
    assert told == [("2026-08-02", ["4", "2"]), ("2026-08-01", ["–", "1"])]
    empty = TEMPLATES.from_string(TABLE).render(one=chart())
    assert "No snapshot of these days yet." in empty
    assert "<table" not in empty


async def urls(world: World) -> Any:
    answer = await world.ask(await world.token(), {"query": URLS})
    return answer.json()["data"]["group"]


async def test_every_chart_of_the_demo_is_served_as_svg_and_as_json(world: World) -> None:
    found = await urls(world)
    bearer = {"authorization": f"Bearer {await world.token()}"}
    for owner, one in [(each, one) for each in (found, found["organization"]) for one in each["charts"]]:
        assert [one["name"] for one in owner["charts"]] == [name.value for name in CHARTS]
        async with world.client(headers=bearer) as client:
            drawing = await client.get(one["svgUrl"])
            assert drawing.status_code == 200, one
            check_document(drawing.content)
            assert drawing.headers["content-type"] == "image/svg+xml"
            assert drawing.headers["content-security-policy"] == POLICY
            assert drawing.headers["x-content-type-options"] == "nosniff"
            assert drawing.headers["cache-control"] == "private, no-cache"
            numbers = await client.get(one["svgUrl"].replace(".svg?", ".json?"))
            told = numbers.json()
            assert list(told) == ["name", "title", "unit", "kind", "from", "to", "step", "series"]
            assert told["name"] == one["name"]
            query = dict(parse_qsl(urlsplit(one["svgUrl"]).query))
            assert query == {name: told[name] for name in ("from", "to", "step")}


def test_a_group_comes_before_an_organization_of_the_same_name() -> None:
    group, organization = ({"charts": [msgspec.to_builtins(chart(title=title))]} for title in ("group", "organization"))
    first = chart_found({"group": group, "organization": organization})
    second = chart_found({"group": None, "organization": organization})
    assert first is not None
    assert second is not None
    assert (first.title, second.title) == ("group", "organization")


async def test_an_organization_is_also_found_by_name(world: World) -> None:
    found = await urls(world)
    by_name = await seen(world, ADA, "/charts/aurora/openByLevel.json")
    by_id = await seen(world, ADA, f"/charts/{found['organization']['id']}/openByLevel.json")
    assert by_name.status_code == 200
    assert by_name.content == by_id.content


async def test_what_one_may_not_see_looks_like_what_does_not_exist(world: World) -> None:
    paths = ("/charts/webshop/openByLevel.svg", "/charts/aurora/openByLevel.svg", f"/charts/{NONE}/openByLevel.svg")
    nothing = await seen(world, NINA, "/charts/nothing/openByLevel.svg")
    assert nothing.status_code == 404
    for path in paths:
        assert same_page(await seen(world, NINA, path), nothing), path
    async with world.client() as client:
        assert same_page(await client.get(paths[0]), nothing)


@pytest.mark.parametrize("file", FILES)
async def test_there_is_no_other_chart(world: World, file: str) -> None:
    assert (await seen(world, ADA, f"/charts/webshop/{file}")).status_code == 404


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("form=2026-01-01", UNREAD),
        ("from=2026-01-01&from=2026-01-02", UNREAD),
        ("step=YEAR", UNREAD),
        ("step=day", UNREAD),
        ("from=yesterday", ""),
        ("from=2026-02-30", ""),
        ("from=2026-02-02&to=2026-02-01", "not after"),
        ("from=2020-01-01&to=2026-02-01", "1,100 days"),
    ],
)
async def test_a_query_that_is_not_understood_is_refused(world: World, query: str, text: str) -> None:
    answer = await seen(world, ADA, f"/charts/webshop/openByLevel.svg?{query}")
    assert answer.status_code == 400
    assert text.replace("`", "") in answer.text.replace("`", "")


async def test_an_unchanged_chart_is_not_sent_again(world: World) -> None:
    async with world.client() as client:
        await client.get("/login", params={"provider": "local", "email": ADA})
        path = "/charts/webshop/openByLevel.svg"
        first = await client.get(path)
        again = await client.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        known = {"if-none-match": first.headers["etag"]}
        other = await client.get(path, params={"step": "MONTH"}, headers=known)
        assert other.status_code == 200
        assert (await client.head(path)).content == b""


def test_the_numbers_are_those_of_the_chart() -> None:
    one = chart(series=levels([1, None]))
    told = msgspec.json.decode(numbers_of(one))
    assert told["series"][0] == {"name": "CRITICAL", "points": [["2026-08-01", 1], ["2026-08-02", None]]}
    assert "svgUrl" not in told
