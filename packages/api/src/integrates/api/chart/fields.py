"""Fields of charts and snapshots, and the lists of them that groups and organizations have."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from integrates.api.authorization.visibility import READ_HIDDEN
from integrates.api.chart.kind import CHARTS, ChartKind, ChartName, ChartStep
from integrates.api.chart.load import finding_titles, groups_of, root_nicknames
from integrates.api.chart.series import Group, Name, Series, plotted, top_findings, top_roots
from integrates.api.chart.span import Span, span_of
from integrates.api.context import Context, Info
from integrates.api.request.turn import turn
from integrates.api.resolve.binding import Binding
from integrates.db_model.snapshots.types import Snapshot, SnapshotLevel, SnapshotTreatment

READ_CHARTS: Final = "chart:read"
PATH: Final = "/charts"
"""Where charts are served as files."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A chart with its numbers. ``owner`` is the name of the group, or the id of the organization, that it is about."""

    owner: str
    name: ChartName
    title: str
    unit: str
    kind: ChartKind
    start: date
    end: date
    step: ChartStep
    series: tuple[Series, ...]

    @property
    def svg_url(self) -> str:
        """Return the path of the chart as an SVG file."""
        query = {"from": self.start.isoformat(), "to": self.end.isoformat(), "step": self.step.value}
        return f"{PATH}/{self.owner}/{self.name}.svg?{urlencode(query)}"


def _nobody(_id: str) -> None:
    return None


async def _called(context: Context, name: ChartName, groups: Sequence[Group], span: Span) -> Name:
    """Return what gives names to what a chart names by id."""
    match name:
        case ChartName.TOP_FINDINGS:
            return await finding_titles(context, [one.id for one in top_findings(groups, span)])
        case ChartName.TOP_ROOTS:
            return await root_nicknames(context, [one.id for one in top_roots(groups, span)])
        case _:
            return _nobody


async def drawn(info: Info, owner: str, names: Sequence[str], args: dict[str, Any]) -> list[Chart]:
    """Return charts over the groups of these names."""
    context, step = info.context, args.get("step") or ChartStep.DAY
    span = span_of(args.get("from"), args.get("to"), step, context.call.now())
    groups = await groups_of(context, names, span)
    asked: Sequence[ChartName] | None = args.get("names")
    drawings = []
    for name in dict.fromkeys(CHARTS if asked is None else asked):
        called = await _called(context, name, groups, span)
        async with turn(context.turns):
            drawings.append(_drawing(owner, name, span, plotted(name, groups, span, called)))
    return drawings


def _drawing(owner: str, name: ChartName, span: Span, series: tuple[Series, ...]) -> Chart:
    outline = CHARTS[name]
    return Chart(
        owner=owner,
        name=name,
        title=outline.title,
        unit=outline.unit,
        kind=outline.kind,
        start=span.first,
        end=span.last,
        step=span.step,
        series=series,
    )


async def snapshots_of(info: Info, name: str, args: dict[str, Any]) -> tuple[Snapshot, ...]:
    """Return the snapshots of a group, by day."""
    span = span_of(args.get("from"), args.get("to"), ChartStep.DAY, info.context.call.now())
    (group,) = await groups_of(info.context, (name,), span)
    return tuple(one for one in group.days if one.day >= span.first)


async def _hidden(source: Snapshot, info: Info) -> int | None:
    """Return how many were hidden, for those who may read hidden ones."""
    scope = await info.context.scopes.groups.load(source.group_name)
    return source.figures.hidden if READ_HIDDEN in scope.permissions else None


BINDING: Final = Binding(
    shows={
        "Chart": Chart,
        "ChartSeries": Series,
        "Snapshot": Snapshot,
        "SnapshotLevel": SnapshotLevel,
        "SnapshotTreatment": SnapshotTreatment,
    },
    fields={
        "Chart": {"from": "start", "to": "end"},
        "Snapshot": {
            "hidden": _hidden,
            "open": "figures.open",
            "safe": "figures.safe",
            "cvssf": "figures.cvssf",
            "opened": "figures.opened",
            "closed": "figures.closed",
            "levels": "figures.levels",
            "treatments": "figures.treatments",
        },
    },
    enums={
        "ChartName": {one.value: one for one in ChartName},
        "ChartKind": ChartKind,
        "ChartStep": ChartStep,
    },
)
