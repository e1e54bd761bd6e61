"""A browser, and services whose pages it shows."""

import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, sync_playwright
from tests.serving import PATIENCE, Caller, Running, serving

WIDTHS = (360, 1280)
"""Pixels of a small phone, and of a desk."""
SCHEMES = ("light", "dark")
SCREENSHOTS = os.environ.get("INTEGRATES_TEST_SCREENSHOTS")
"""The folder for a picture of each page, for people to look at."""

PROVIDERS = """
[corporate]
title = "Corporate SSO"
issuer = "http://127.0.0.1:1/corporate"
client_id = "integrates"

[partners]
title = "the partners of the northern branch"
issuer = "http://127.0.0.1:1/partners"
client_id = "integrates"
"""
"""On a port where nobody listens."""
INVITE = """mutation ($email: String!) {
  addGroupMember(groupName: "payments", email: $email, role: HACKER, responsibility: "card readers") {
    invitationUrl errors { code reason message path }
  }
}"""

Invite = Callable[..., tuple[str, str]]
"""Returns the name of the guest, new unless it is given, and the path of the link."""
Visit = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("INTEGRATES_TEST_CHROMIUM")
    if path is None:
        pytest.skip("INTEGRATES_TEST_CHROMIUM does not name a browser (nox -s pages does, where there is one)")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path)
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which looks for what keeps people from using a page."""
    modules = os.environ.get("INTEGRATES_TEST_NODE_MODULES")
    if modules is None:
        pytest.skip("INTEGRATES_TEST_NODE_MODULES does not name a folder with axe-core (nox -s pages does, where there is npm)")
    return (Path(modules) / "axe-core/axe.min.js").read_text()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with the demo, where one may log in as often as tests do."""
    with serving(tmp_path_factory.mktemp("shop"), "--demo", INTEGRATES_LOGIN_RATE="1000000") as running:
        yield running


@pytest.fixture(scope="session")
def estranged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with two providers to log in by, neither of which is there."""
    folder = tmp_path_factory.mktemp("estranged")
    (folder / "providers.toml").write_text(PROVIDERS)
    with serving(folder, INTEGRATES_PROVIDERS="providers.toml", INTEGRATES_LOGIN_RATE="1000000") as running:
        yield running


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service without a login, which one may ask for one only once a minute."""
    with serving(tmp_path_factory.mktemp("strict"), INTEGRATES_LOGIN_RATE="1") as running:
        yield running


@pytest.fixture(scope="session")
def token(shop: Running) -> str:
    """The token of ada, one for all tests: nobody has more than five."""
    return shop.token("ada@demo.example")


@pytest.fixture(scope="session")
def invite(shop: Running, token: str) -> Iterator[Invite]:
    """Have ada invite somebody new to the group payments; the link comes without the origin."""
    numbers = itertools.count()
    with shop.client(token) as client:

        def invited(name: str | None = None) -> tuple[str, str]:
            name = name or f"guest-{next(numbers)}"
            payload = Caller(client).change(INVITE, email=f"{name}@demo.example")
            return name, payload["invitationUrl"].removeprefix(shop.url)

        yield invited


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Running]:
    """A service with the demo, for a test to damage its store."""
    with serving(tmp_path, "--demo") as running:
        yield running


def damage(running: Running) -> None:
    """Make the items of people unreadable, under the running service."""
    with sqlite3.connect(running.folder / running.store.removeprefix("sqlite:///"), timeout=PATIENCE) as file:
        changed = file.execute("UPDATE integrates_vms SET body = x'7B7D' WHERE pk LIKE 'USER#%'").rowcount
    assert changed > 0


@pytest.fixture
def visit(browser: Browser) -> Visit:
    """Open a browser, without JavaScript. The test fails when a page asks another host, or for what its policy forbids."""

    @contextmanager
    def opened(running: Running, *, width: int = 1280, scheme: str = "light", script: bool = False) -> Iterator[Page]:
        context = browser.new_context(
            base_url=running.url,
            viewport={"width": width, "height": 740},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
        )
        context.set_default_timeout(PATIENCE * 1000)
        asked, said = list[str](), list[str]()
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        yield page
        context.close()
        assert [url for url in asked if not url.startswith(f"{running.url}/")] == []
        assert [text for text in said if "Content Security Policy" in text] == []

    return opened


def went(page: Page, path: str) -> Response:
    """Open a page of the service; return its answer."""
    answer = page.goto(path)
    assert answer is not None
    return answer


def log_in(page: Page, name: str) -> Response:
    """Log in as somebody of the demo, and open the page of their account."""
    return went(page, f"/login?provider=local&email={name}@demo.example&next=/")


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/{name}.png", full_page=True)
