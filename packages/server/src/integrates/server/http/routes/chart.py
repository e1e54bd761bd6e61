"""Charts as files: drawings for pages, and numbers for programs; what one may not see is 404 like what does not exist."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrates.api.chart.fields import PATH
from integrates.api.chart.kind import ChartName, ChartStep
from integrates.server.http.exchange import actor_of
from integrates.server.http.routes.download import headers_of, unsent
from integrates.server.http.routes.look import told_data
from integrates.server.http.routes.slot import Slot, refusing
from integrates.server.http.routes.visit import told_by_api
from integrates.server.pages.chart import FIELDS, Chart, charts_of, numbers_of
from integrates.server.pages.page import BadAddress
from integrates.server.service import Service

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What browsers may do with a drawing: apply the style that it has inside, and load nothing."""
UNREAD: Final = "The query takes `from`, `to` and `step`, each once."
_ASKED: Final = "charts(names: $names, from: $from, to: $to, step: $step)"
_TYPES: Final = "$names: [ChartName!], $from: Date, $to: Date, $step: ChartStep"
BY_NAME: Final = f"""query ($name: ID!, $text: String!, {_TYPES}) {{
  group(name: $name) {{ {_ASKED} {{ {FIELDS} }} }} organization(name: $text) {{ {_ASKED} {{ {FIELDS} }} }} }}"""
BY_ID: Final = f"query ($name: ID!, {_TYPES}) {{ organization(id: $name) {{ {_ASKED} {{ {FIELDS} }} }} }}"


def _drawn(chart: Chart) -> bytes:
    from integrates.server.pages.drawing import svg_of  # noqa: PLC0415 - the library is 3 MiB: only a service that draws loads it

    return svg_of(chart)


class Form(msgspec.Struct, frozen=True):
    """A form in which a chart is sent."""

    media_type: str
    make: Callable[[Chart], bytes]


FORMS: Final[Mapping[str, Form]] = {
    "svg": Form("image/svg+xml", _drawn),
    "json": Form("application/json", numbers_of),
}
"""By the ending of the address."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A chart that is asked for: of a group or an organization, and with the variables of the query."""

    owner: str
    name: ChartName
    form: Form
    given: Mapping[str, str]


def chart_routes(service: Service) -> list[Route]:
    """Return the route of charts. As many are drawn at once as requests are executed, to each caller a share."""
    slot = refusing(service.settings.concurrency)

    async def answer(request: Request) -> Response:
        return await _answered(request, service, slot)

    return [Route(f"{PATH}/{{owner}}/{{file}}", answer, methods=["GET"])]


def wanted_chart(owner: str, file: str, query: Sequence[tuple[str, str]]) -> Wanted | None:
    """Return what is asked for by an address, ``None`` when there is no such chart.

    Raise ``HTTPException`` (400) for a query that is not understood as a whole.
    """
    name, _, ending = file.rpartition(".")
    if name not in set(ChartName) or ending not in FORMS:
        return None
    given = dict(query)
    if len(given) != len(query) or not given.keys() <= {"from", "to", "step"} or given.get("step", "DAY") not in set(ChartStep):
        raise HTTPException(400, UNREAD)
    return Wanted(owner=owner, name=ChartName(name), form=FORMS[ending], given=given)


def is_id(text: str) -> bool:
    """Return whether a text is the id of an organization, as the schema writes it, and not the name of anything."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _question(wanted: Wanted) -> Mapping[str, Any]:
    given = {**wanted.given, "names": [wanted.name.value], "name": wanted.owner}
    if is_id(wanted.owner):
        return {"query": BY_ID, "variables": given}
    return {"query": BY_NAME, "variables": {**given, "text": wanted.owner}}


def _found(data: Mapping[str, Any]) -> Chart | None:
    """Return the chart in an answer: that of a group where there is one, else that of an organization of the same name."""
    owners = (data.get("group"), data.get("organization"))
    return next((chart for owner in owners if owner for chart in charts_of(owner["charts"])), None)


async def _answered(request: Request, service: Service, slot: Slot) -> Response:
    wanted = wanted_chart(request.path_params["owner"], request.path_params["file"], request.query_params.multi_items())
    actor = actor_of(request.scope)
    if wanted is None or actor is None:
        raise HTTPException(404)
    try:
        data = told_data(await told_by_api(request, service, slot, actor, _question(wanted)))
    except BadAddress as error:
        raise HTTPException(400, str(error)) from error
    found = _found(msgspec.to_builtins(data))
    if found is None:
        raise HTTPException(404)
    content = await run_in_threadpool(wanted.form.make, found)
    file = f"{wanted.owner}-{request.path_params['file']}"
    own, kind = headers_of(file, len(content), sha256(content).hexdigest(), is_shown=True), wanted.form.media_type
    headers = {**own, "content-security-policy": POLICY}
    return unsent(request, headers, kind) or Response(content, headers=headers, media_type=kind)
