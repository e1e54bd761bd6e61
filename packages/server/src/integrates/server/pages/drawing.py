"""The drawing of a chart: a pure function from its numbers to an SVG document, by the library pygal.

What the document says depends on the chart alone. It has no script, and no address but those of its XML namespaces; it tells
series apart by pattern and lightness, not by hue alone; title and description say in words what it shows. It follows whether
the reader wants dark colours.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, Final

import pygal  # type: ignore[import-untyped] # the library ships no types
from pygal.etree import etree  # type: ignore[import-untyped] # as above
from pygal.style import Style  # type: ignore[import-untyped] # as above

from integrates.server.pages.chart import Chart, Series, written

# The library leaves a finder of modules, for packages of maps, that Python has not known since 3.12 and warns of before.
sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, pygal.PluginImportFixer)]
etree.to_etree()  # else the library would take lxml where that is installed, whose trees are others
MAX_BYTES: Final = 200 * 1024
_WIDTH: Final = 760
_HEIGHT: Final = 340
_LABELS: Final = 6
"""How many labels of days fit below a curve."""
_BARS: Final = 200
"""Of more steps a curve is drawn than bars can be told apart."""
_DOTS: Final = 500
"""More points are drawn as a line without dots."""
_LEVELS: Final[Mapping[str, str]] = {
    "CRITICAL": "#7a0c1e",
    "HIGH": "#c2410c",
    "MEDIUM": "#e8a317",
    "LOW": "#a5d8e6",
    "NOT_RATED": "#e9ecef",
    "ALL": "#18181b",
}
_COLORS: Final = ("#3b4cc0", "#2a9d8f", "#e9b44c", "#d8e2dc")
_PATTERNS: Final = (
    "",
    "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4",
    "M2,2 h2 v2 h-2 z",
    "M0,4 h8",
    "M4,0 v8",
    "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
)
"""By number of the series: the lines of its pattern, 8 wide and high."""
_DASHES: Final = ("none", "7 3", "2 3", "9 3 2 3", "1 2", "12 4")
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FRACTION: Final = re.compile(r"(\.\d)\d+")
_DRAWN: Final = ("d", "x", "y", "cx", "cy", "width", "height", "transform")
_LIGHT: Final = "svg{--ink:#1f2328;--line:#d0d7de;--mark:#ffffff}"
_DARK: Final = "@media (prefers-color-scheme:dark){svg{--ink:#e6edf3;--line:#444c56;--mark:#101418}}"


def colors_of(series: Sequence[Series]) -> tuple[str, ...]:
    """Return the colour of each series; those of levels are the same in all charts."""
    others = cycle(_COLORS)
    return tuple(_LEVELS.get(one.name) or next(others) for one in series)


def _pattern(number: int, color: str) -> str:
    lines = _PATTERNS[number % len(_PATTERNS)]
    path = f'<path d="{lines}" fill="none" stroke="#000000" stroke-opacity="0.45" stroke-width="1.2"/>' if lines else ""
    return (
        f'<pattern id="p{number}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{color}"/>{path}</pattern>'
    )


def _rules(series: Sequence[Series], *, is_filled: bool) -> Iterator[str]:
    """Yield the rules of CSS that the drawing has beside those of the library."""
    yield _LIGHT
    yield _DARK
    yield "svg{font-family:system-ui,sans-serif}"
    yield ".title,.legends .legend text,.axis text,.axis text.major,text.no_data{fill:var(--ink)}"
    yield ".axis .line,.axis .guide.line,.axis .major.line,.axis .major.guide.line{stroke:var(--line)}"
    yield ".legends .legend rect,.reactive{fill-opacity:1;opacity:1}"
    yield ".title{font-weight:600}"
    for number, color in enumerate(colors_of(series)):
        yield f".legend rect.color-{number}{{fill:url(#p{number});stroke:var(--ink)}}"
        if is_filled:
            own = f".series.color-{number} path,.series.color-{number} rect"
            yield f"{own}{{fill:url(#p{number});fill-opacity:1;stroke:var(--ink);stroke-width:.7}}"
        else:
            dash = _DASHES[number % len(_DASHES)]
            yield f".series.color-{number} path{{stroke:{color};stroke-width:2.5;stroke-dasharray:{dash};fill:none}}"
            yield f".series.color-{number} circle{{fill:{color};stroke:var(--ink);stroke-width:1}}"


def _form(chart: Chart) -> tuple[Any, bool, dict[str, Any]]:
    """Return the class of the library that draws the chart, whether it fills what it draws, and options of its own."""
    points = sum(number is not None for one in chart.series for _, number in one.points)
    line = {"show_dots": points <= _DOTS, "allow_interruptions": points <= _DOTS, "dots_size": 3}
    match chart.kind:
        case "STACKED_AREA":
            return pygal.StackedLine, True, {"fill": True, "show_dots": False}
        case "STACKED_BARS":
            return pygal.StackedBar, True, {}
        case "BARS" if not chart.is_curve:
            return pygal.HorizontalBar, True, {"show_legend": False, "truncate_label": 48}
        case "BARS" if len(chart.labels) <= _BARS:
            return pygal.Bar, True, {}
        case _:
            return pygal.Line, False, line


def _graph(chart: Chart) -> Any:
    kind, is_filled, own = _form(chart)
    colors = colors_of(chart.series)
    style = Style(
        background="transparent",
        plot_background="transparent",
        font_family="system-ui, sans-serif",
        colors=colors or ("#000000",),
        title_font_size=16,
        legend_font_size=13,
        label_font_size=11,
        major_label_font_size=11,
        no_data_font_size=16,
    )
    options = {
        "style": style,
        "css": ["file://style.css", "file://graph.css", f"inline:{''.join(_rules(chart.series, is_filled=is_filled))}"],
        "defs": [_pattern(number, color) for number, color in enumerate(colors)],
        "js": [],
        "no_prefix": True,
        "width": _WIDTH,
        "height": _HEIGHT,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": max(len(chart.series), 1),
        "truncate_legend": -1,
        "truncate_label": -1,
        "show_minor_x_labels": not chart.is_curve,
        "include_x_axis": True,
        "no_data_text": chart.lack,
        "value_formatter": lambda number: written(round(number, 2) if number % 1 else int(number)),
        **own,
    }
    return kind(**options)


def _filled(graph: Any, chart: Chart) -> Any:
    """Give the graph its numbers. The first of horizontal bars stands at the top."""
    is_upward = chart.kind == "BARS" and not chart.is_curve
    graph.title = _clean(f"{chart.title} ({chart.unit})")
    labels = [_clean(label) for label in chart.labels]
    graph.x_labels = labels[::-1] if is_upward else labels
    if chart.is_curve:
        graph.x_labels_major = labels[:: max(-(-len(labels) // _LABELS), 1)]
    for one in chart.series:
        numbers = [number for _, number in one.points]
        graph.add(one.title, numbers[::-1] if is_upward else numbers)
    return graph


def _clean(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def _without_surplus(root: Any) -> None:
    """Take out of a tree what programs of the library would need: scripts, data of its tooltips, ids, comments."""
    for parent in list(root.iter()):
        for child in list(parent):
            is_surplus = child.tag in {etree.Comment, "script", "desc", "title"}
            if is_surplus or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    for one in root.iter():
        if one.tag != "pattern":
            one.attrib.pop("id", None)
        for name in _DRAWN:
            if name in one.attrib:
                one.set(name, _FRACTION.sub(r"\1", one.attrib[name]))


def svg_of(chart: Chart) -> bytes:
    """Return a chart as an SVG document of at most :data:`MAX_BYTES` bytes."""
    root = _filled(_graph(chart), chart).render_tree()
    _without_surplus(root)
    for name, text in (("desc", chart.description), ("title", chart.title)):
        node = etree.Element(name)
        node.text = _clean(text)
        root.insert(0, node)
    root.set("role", "img")
    root.set("aria-label", _clean(chart.title))
    document: bytes = etree.tostring(root, encoding="utf-8")
    return document
