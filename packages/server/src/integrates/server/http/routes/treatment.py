"""The dialog in which people decide what is done about vulnerabilities: GET shows the form, POST carries it out.

It calls the mutation of the API in the name of the visitor. Whatever is refused, the form comes back with what was typed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from integrates.api.authorization.actor import Actor
from integrates.db_model.errors import Unavailable
from integrates.server.auth.form import FIELD, is_form_token
from integrates.server.auth.origin import may_write
from integrates.server.http.exchange import media_type
from integrates.server.http.routes.invitation import FORM
from integrates.server.http.routes.look import address_of_page, to_login, token_of, told_data
from integrates.server.http.routes.slot import Slot, refusing
from integrates.server.http.routes.visit import known_visitor, told_by_api
from integrates.server.pages.decide import MOST, PERMISSION, BadForm, Form, Typed, mistakes, read_form, variables_of
from integrates.server.pages.page import BadAddress, Shown, drawn
from integrates.server.pages.treatment import (
    TOGETHER,
    TREAT,
    WITH_HISTORY,
    Item,
    Outcome,
    done_page,
    first_lines,
    form_page,
    items_of,
    items_query,
    lines_again,
    outcome_of,
)
from integrates.server.service import Service

PATH: Final = "/groups/{name}/treatment"
NONE_CHOSEN: Final = "Tick vulnerabilities in the list of the group first, or open the page of one: nothing is chosen."
TOO_MANY: Final = f"At most {MOST} vulnerabilities are decided about at once. Tick fewer of them."
NOT_ALLOWED: Final = "Your role in this group may not say what is done about vulnerabilities."
ENDED: Final = (
    "You are not logged in any more. Log in in another tab, then send this form again: nothing that you typed is lost."
)
RENEWED: Final = "You have logged in anew since this form was opened. Look through it, and send it again."
SILENT: Final = "The service could not finish this. Look whether it was done, and send the form again if not."


class _Visit(msgspec.Struct, frozen=True):
    """Somebody who asks for the dialog of a group."""

    request: Request
    service: Service
    slot: Slot
    actor: Actor

    @property
    def group(self) -> str:
        """The name of the group, as the address has it."""
        return str(self.request.path_params["name"])


def treatment_routes(service: Service) -> list[Route]:
    """Return the route of the dialog.

    ``id`` in the address of GET names the vulnerabilities, which the form carries with the version that it showed. A POST needs
    the origin of this server and the token of the session. A stale version comes back as a form that shows what others changed.
    """
    slot = refusing(service.settings.concurrency)

    async def answer(request: Request) -> Response:
        actor = known_visitor(request)
        if request.method != "POST":
            return to_login(request) if actor is None else await _asked(_Visit(request, service, slot, actor))
        if not may_write(request.scope, service.settings.origin):
            raise HTTPException(403)
        form = await _read(request)
        if actor is None:
            return _logged_out(request, service, form)
        return await _sent(_Visit(request, service, slot, actor), form)

    return [Route(PATH, answer, methods=["GET", "POST"])]


async def _read(request: Request) -> Form:
    if media_type(request.scope) != FORM:
        raise HTTPException(415, "Send the form of the page.")
    try:
        return read_form(await request.body(), FIELD)
    except BadForm as error:
        raise HTTPException(400, "This is not what the form of the page sends.") from error


def _page(visit: _Visit, shown: Shown, status: int = 200) -> Response:
    address = address_of_page(visit.request, visit.service)
    return HTMLResponse(drawn(shown, address, token_of(visit.service, visit.actor)), status_code=status)


def _logged_out(request: Request, service: Service, form: Form) -> Response:
    """Give back the form of somebody whose session has ended, with what they sent and nothing else."""
    shown = form_page(str(request.path_params["name"]), lines_again(form, (), Outcome()), form.typed, notice=ENDED)
    return HTMLResponse(drawn(shown, address_of_page(request, service), ""), status_code=401)


async def _ask(visit: _Visit, query: str, variables: Mapping[str, Any], *, reads_only: bool = True) -> Mapping[str, Any]:
    asked = {"query": query, "variables": variables}
    return await told_by_api(visit.request, visit.service, visit.slot, visit.actor, asked, reads_only=reads_only)


async def _items(visit: _Visit, ids: Sequence[str], *, history: bool = False) -> tuple[Item, ...]:
    """Read vulnerabilities of the group, a few at once; what the visitor may not see is left out."""
    size, found = WITH_HISTORY if history else TOGETHER, list[Item]()
    for begin in range(0, len(ids), size):
        part = ids[begin : begin + size]
        variables = {f"i{number}": identity for number, identity in enumerate(part)}
        found.extend(items_of(told_data(await _ask(visit, items_query(len(part), history=history), variables))))
    return tuple(one for one in found if one.group.name == visit.group)


async def _asked(visit: _Visit) -> Response:
    ids = tuple(dict.fromkeys(value for value in visit.request.query_params.getlist("id") if value))
    if not 0 < len(ids) <= MOST:
        raise HTTPException(400, TOO_MANY if ids else NONE_CHOSEN)
    try:
        items = await _items(visit, ids)
    except BadAddress as error:
        raise HTTPException(400, str(error)) from error
    if not items:
        raise HTTPException(404)
    if PERMISSION not in items[0].group.permissions:
        raise HTTPException(403, NOT_ALLOWED)
    return _page(visit, form_page(visit.group, first_lines(items), Typed()))


async def _sent(visit: _Visit, form: Form) -> Response:
    if not is_form_token(visit.service.keys, visit.actor.session or "", form.token):
        return await _again(visit, form, Outcome(), 403, RENEWED)
    if wrong := mistakes(form):
        return await _again(visit, form, Outcome(arguments=wrong), 400)
    try:
        outcome = await _carried_out(visit, form)
    except (BadAddress, HTTPException, Unavailable) as error:
        return await _again(visit, form, Outcome(), *_told_failure(error))
    if not outcome.is_done:
        return await _again(visit, form, outcome, 409 if outcome.stale else 400)
    saved = await _known(visit, sorted(outcome.changed))
    return _page(visit, done_page(visit.group, saved, form.typed, len(form.shown) - len(form.chosen)))


async def _carried_out(visit: _Visit, form: Form) -> Outcome:
    """Change what was chosen, wherever the visitor may, and return what came of it."""
    data = told_data(await _ask(visit, TREAT, variables_of(form), reads_only=False))
    return outcome_of(data["updateVulnerabilitiesTreatment"], form.chosen)


def _told_failure(error: BadAddress | HTTPException | Unavailable) -> tuple[int, str]:
    match error:
        case BadAddress():
            return 400, str(error)
        case HTTPException():
            return error.status_code, SILENT
        case _:
            return 503, SILENT


async def _known(visit: _Visit, ids: Sequence[str], *, history: bool = False) -> tuple[Item, ...]:
    """Read vulnerabilities as far as the service can: a form comes back without them all the same."""
    try:
        return await _items(visit, ids, history=history)
    except (BadAddress, HTTPException, Unavailable):
        return ()


async def _again(visit: _Visit, form: Form, outcome: Outcome, status: int, notice: str | None = None) -> Response:
    """Give a form back, with what was typed and what is wrong."""
    plain = [one.id for one in form.shown if one.id not in outcome.stale]
    items = (*await _known(visit, plain), *await _known(visit, sorted(outcome.stale), history=True))
    saved = [one for one in items if one.id in outcome.changed]
    lines = lines_again(form, items, outcome)
    return _page(visit, form_page(visit.group, lines, form.typed, outcome, saved=saved, notice=notice), status)
