"""``integrates serve``: the service."""

import asyncio
import importlib
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from socket import socket
from typing import Annotated

import typer

from integrates.api.live.hub import new_hub
from integrates.server.app import behind, new_app
from integrates.server.auth.provider import Providers, read_providers
from integrates.server.cli import greeting, reload
from integrates.server.cli.failure import explained
from integrates.server.cli.option import StoreOption, given, settings_of
from integrates.server.demo import folder
from integrates.server.demo.fill import fill
from integrates.server.demo.load import is_empty
from integrates.server.process import clock
from integrates.server.process.admins import appoint
from integrates.server.process.background import BETWEEN, Spawn, new_background
from integrates.server.process.cleaning import clean_until
from integrates.server.process.expiry import expire_until
from integrates.server.process.heap import share_heap, spare_collector
from integrates.server.process.listener import listen, run, stop_on_signals
from integrates.server.process.live import tell_until
from integrates.server.process.log import configure_logging, new_access_log
from integrates.server.process.open import Installation, open_installation
from integrates.server.process.resumption import apply_policies_until, resume_decisions_until, resume_imports_until
from integrates.server.process.snapshot import take_snapshots_until
from integrates.server.service import Service, api_of
from integrates.server.settings import Settings, admins_of


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [env: INTEGRATES_HOST; default: 127.0.0.1]", show_default=False)
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Port; 0 takes a free one. [env: INTEGRATES_PORT; default: 8001]", show_default=False
        ),
    ] = None,
    *,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help=f"Serve the demo data from a fresh store in the folder {folder.FOLDER}, or from --store, which must be empty.",
        ),
    ] = False,
    reloading: Annotated[bool, typer.Option("--reload", help="Start again whenever the code is edited.")] = False,
    store: StoreOption = None,
) -> None:
    """Serve the API until a stop signal.

    On SIGTERM or Ctrl-C the service finishes the requests and imports that are running.

    Settings come from options, else from INTEGRATES_* variables. One line of JSON for each request goes to standard error.

    \b
    integrates serve --demo --reload
    integrates serve --host 0.0.0.0 --store "dynamodb://?region=eu-west-1"
    """  # noqa: D301 -- \b is Typer's sign to keep the lines as they are
    with explained():
        own = demo and "store" not in given(context, store)
        chosen = {"host": host, "port": port, "store": folder.STORE if own else store, "local_login": demo or None}
        settings = settings_of(context, chosen)
        bound = listen(settings.host, settings.port)
        if reloading:
            bound.close()
            reload.supervise(sys.argv[1:])
        elif own:
            _serve_own_demo(settings, bound)
        else:
            _serve(settings, bound, Demo.GIVEN if demo else None)


class Demo(StrEnum):
    """Which store the demo data go into: that of the demo's own folder, or the one that was named."""

    OWN = "own"
    GIVEN = "given"


def _serve_own_demo(settings: Settings, bound: socket) -> None:
    with folder.hold(folder.FOLDER):
        if reload.is_first_start() or reload.is_design_changed() or not folder.is_complete(folder.FOLDER):
            folder.clear(folder.FOLDER)
        _serve(settings, bound, Demo.OWN)


def _serve(settings: Settings, bound: socket, demo: Demo | None) -> None:
    share_heap()
    configure_logging(sys.stderr)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_served(settings, bound, demo))


async def _served(settings: Settings, bound: socket, demo: Demo | None) -> None:
    stopping, background = asyncio.Event(), new_background()
    providers = read_providers(settings.providers, os.environ)
    async with open_installation(settings, os.environ, create=True) as installation:
        if demo:
            await _fill(installation, demo)
        await appoint(installation.store, admins_of(settings.admins), clock.now(), clock.new_id())
        stop_on_signals(stopping, settings)
        typer.echo(greeting.text(bound.getsockname()[1], settings, demo=demo is not None))
        service = _service(settings, installation, providers, background.spawn, stopping)
        background.spawn(resume_imports_until(service, stopping))
        background.spawn(resume_decisions_until(service, stopping))
        background.spawn(apply_policies_until(service, stopping))
        background.spawn(expire_until(service, stopping, after=BETWEEN if demo else timedelta(0)))
        background.spawn(clean_until(service, stopping))
        background.spawn(tell_until(service, stopping))
        background.spawn(take_snapshots_until(service, stopping))
        spare_collector()
        await run(behind(new_app(service), settings.trusted_hops), bound, settings, stopping, background.drain)


async def _fill(installation: Installation, demo: Demo) -> None:
    """Load the demo, unless this process was started by an edit of the code and its store has the demo already."""
    if not (reload.is_first_start() or await is_empty(installation.store)):
        return
    await fill(installation, clock.now())
    if demo is Demo.OWN:
        folder.note_complete(folder.FOLDER)


def _service(
    settings: Settings, installation: Installation, providers: Providers, spawn: Spawn, stopping: asyncio.Event
) -> Service:
    live = new_hub(installation.store, clock.now)
    return Service(
        settings=settings,
        store=live.store,
        live=live,
        files=installation.files,
        api=api_of(settings),
        keyring=installation.keyring,
        providers=providers,
        now=clock.now,
        seconds=time.monotonic,
        new_id=clock.new_id,
        spawn=spawn,
        is_ready=lambda: not stopping.is_set(),
        write_log=new_access_log(sys.stderr, clock.now),
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's event loop where that is installed, else ``None`` for the standard one."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ModuleNotFoundError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
