"""Which layers stand around the routes, in which order and with which bounds."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import Scope

from integrates.api.authorization.actor import Actor
from integrates.api.chart.fields import PATH as CHART_PATH
from integrates.api.evidence.fields import PATH as EVIDENCE_PATH
from integrates.server.auth.attempt import PATH as CALLBACK_PATH
from integrates.server.auth.invitation import PATH as INVITATION_PATH
from integrates.server.auth.recognition import Credentials, read_credentials, recognise
from integrates.server.http.exchange import API_PATH, REFERENCE_PATH
from integrates.server.http.middleware.access_log import logged
from integrates.server.http.middleware.body_limit import BodyLimit, bounded
from integrates.server.http.middleware.deadline import timed
from integrates.server.http.middleware.failure import contained
from integrates.server.http.middleware.rate_limit import Rate, by_address, limited
from integrates.server.http.middleware.request_id import identified
from integrates.server.http.middleware.security_headers import guarded
from integrates.server.http.middleware.unread import parted
from integrates.server.http.routes.export import PATH as EXPORT_PATH
from integrates.server.pages.registry import PAGES, first_part
from integrates.server.process.log import bind_request_id
from integrates.server.service import Service


def layers(service: Service, routes: Sequence[BaseRoute]) -> list[Middleware]:
    """Return the layers, outermost first."""
    settings, paths = service.settings, sorted({REFERENCE_PATH, *(first_part(page.path) for page in PAGES)})

    def read(scope: Scope) -> Credentials:
        return read_credentials(scope, service.keys, settings.origin, service.now())

    async def recognised(credentials: Credentials) -> Actor | None:
        return await recognise(credentials, service.store, service.now())

    return [
        Middleware(identified, service.new_id, bind_request_id),
        Middleware(logged, service.write_log, routes, service.seconds),
        Middleware(guarded),
        Middleware(parted),
        Middleware(timed, settings.request_seconds, settings.answer_rate),
        Middleware(contained),
        Middleware(bounded, BodyLimit(settings.max_body, settings.max_upload, settings.body_seconds, settings.body_rate)),
        Middleware(
            limited,
            [
                Rate(API_PATH, settings.api_rate, read, recognised),
                Rate(CHART_PATH, settings.api_rate, read, recognised),
                Rate(EVIDENCE_PATH, settings.api_rate, read, recognised),
                Rate(EXPORT_PATH, settings.export_rate, read, recognised),
                Rate(INVITATION_PATH, settings.login_rate, read, recognised),
                *(Rate(path, settings.api_rate, read, recognised, counted_as="pages") for path in paths),
                by_address("/login", settings.login_rate),
                by_address(CALLBACK_PATH, settings.login_rate),
            ],
            service.seconds,
        ),
    ]
