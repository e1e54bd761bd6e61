"""The pages as a browser shows them: on a phone and at a desk, in light and dark, judged by axe-core."""

from collections.abc import Callable, Mapping

import pytest
from playwright.sync_api import Page, Response
from tests.pages.conftest import SCHEMES, WIDTHS, Visit, damage, log_in, picture, went
from tests.pages.sight import check_layout, found_by, press, walk
from tests.serving import Running, eventually

pytestmark = pytest.mark.functional


def nobody(page: Page) -> Response:
    return went(page, "/")


def ada(page: Page) -> Response:
    return log_in(page, "ada")


def nina(page: Page) -> Response:
    return log_in(page, "nina")


def gus(page: Page) -> Response:
    """His second login ends the session of the first."""
    log_in(page, "gus")
    return log_in(page, "gus")


def logged_out(page: Page) -> Response:
    log_in(page, "uri")
    with page.expect_navigation() as left:
        page.get_by_role("button", name="Log out", exact=True).click()
    assert page.url.endswith("/logged-out")
    return left.value


def nothing(page: Page) -> Response:
    return went(page, "/nowhere")


def forbidden(page: Page) -> Response:
    return log_in(page, "stranger")


PAGES: Mapping[str, tuple[Callable[[Page], Response], int, str]] = {
    "landing": (nobody, 200, "Integrates"),
    "person": (ada, 200, "Ada Novak"),
    "concurrent": (gus, 200, "Gus Barreto"),
    "invited": (nina, 200, "You are logged in"),
    "logged-out": (logged_out, 200, "You are logged out"),
    "not-found": (nothing, 404, "Not found"),
    "forbidden": (forbidden, 403, "Forbidden"),
}
"""How to come to a page, its status and its heading."""


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_window_and_needs_no_script(shop: Running, visit: Visit, name: str, width: int, scheme: str) -> None:
    come, status, heading = PAGES[name]
    with visit(shop, width=width, scheme=scheme) as page:
        check_layout(page, come(page), status, heading)
        picture(page, f"{name}-{width}-{scheme}")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(shop: Running, visit: Visit, axe: str, name: str, width: int, scheme: str) -> None:
    with visit(shop, width=width, scheme=scheme, script=True) as page:
        PAGES[name][0](page)
        assert found_by(axe, page) == []


def test_axe_finds_what_is_wrong(shop: Running, visit: Visit, axe: str) -> None:
    """A page without language, with a picture that says nothing: the judge is awake."""
    with visit(shop, script=True) as page:
        nobody(page)
        page.evaluate("document.documentElement.lang = ''; document.querySelector('img').removeAttribute('alt')")
        assert {rule for rule, *_ in found_by(axe, page)} == {"html-has-lang", "image-alt"}


@pytest.mark.parametrize("width", WIDTHS)
def test_who_asks_too_often_sees_a_page(strict: Running, visit: Visit, axe: str, width: int) -> None:
    with visit(strict, width=width, script=True) as page:
        answers = [went(page, "/login") for _ in range(2)]
        check_layout(page, answers[1], 429, "Too many requests")
        assert str(answers[1].header_value("x-request-id")) in page.inner_text("main")
        assert found_by(axe, page) == []
        picture(page, f"too-many-{width}-light")


def test_without_any_login_the_start_page_says_so(strict: Running, visit: Visit, axe: str) -> None:
    with visit(strict, width=360, script=True) as page:
        nobody(page)
        assert "no way to log in" in page.inner_text("main")
        assert found_by(axe, page) == []
        picture(page, "no-login-360-light")


def test_what_fails_inside_shows_a_page_with_nothing_internal(broken: Running, visit: Visit, axe: str) -> None:
    """First a person cannot be read any more, then the whole store is gone."""
    with visit(broken, width=360, script=True) as page:
        ada(page)
        damage(broken)
        failed = went(page, "/")
        check_layout(page, failed, 500, "Internal server error")
        picture(page, "failed-360-light")
        told = [page.inner_text("body")]
        assert found_by(axe, page) == []

        (broken.folder / broken.store.removeprefix("sqlite:///")).unlink()
        eventually(lambda: went(page, "/evidence/a/b").status == 503)
        check_layout(page, went(page, "/evidence/a/b"), 503, "Service unavailable")
        picture(page, "gone-360-light")
        told.append(page.inner_text("body"))
        assert found_by(axe, page) == []
    inside = ("Corrupt", "Traceback", "USER#", "sqlite", "ada@demo.example", str(broken.folder))
    assert [word for word in inside for text in told if word.lower() in text.lower()] == []


def test_everything_can_be_done_by_keyboard(shop: Running, visit: Visit) -> None:
    with visit(shop) as other:
        log_in(other, "ada")
    with visit(shop) as page:
        nobody(page)
        assert walk(page) == ["Integrates", "Log in as the local user", "the reference", "alive", "ready"]
        nobody(page)
        press(page, "Log in as the local user")
        assert page.inner_text("h1") == "Your groups"
        press(page, "That was me")
        assert page.inner_text("h1") == "Ada Novak"
        assert walk(page)[:7] == ["Integrates", "Home", "To do", "Account", "Log out", "Log out everywhere", "aurora"]
        went(page, "/")
        press(page, "Log out")
        assert page.inner_text("h1") == "You are logged out"
        assert walk(page) == ["Integrates", "Log in as the local user", "Go to the start page"]
        nothing(page)
        press(page, "Go to the start page")
        assert page.inner_text("h1") == "Integrates"
