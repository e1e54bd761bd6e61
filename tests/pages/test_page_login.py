"""Logging in by a provider that is not there: what the browser shows then."""

import pytest
from tests.pages.conftest import SCHEMES, WIDTHS, Visit, picture, went
from tests.pages.sight import check_layout, found_by, press, walk
from tests.serving import Running

pytestmark = pytest.mark.functional

TITLES = ("Log in with Corporate SSO", "Log in with the partners of the northern branch")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_start_page_offers_each_provider(estranged: Running, visit: Visit, axe: str, width: int, scheme: str) -> None:
    with visit(estranged, width=width, scheme=scheme, script=True) as page:
        check_layout(page, went(page, "/"), 200, "Integrates")
        assert found_by(axe, page) == []
        picture(page, f"providers-{width}-{scheme}")
        assert walk(page) == ["Integrates", *TITLES, "the reference", "alive", "ready"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_login_that_fails_tells_what_to_do(estranged: Running, visit: Visit, axe: str, width: int, scheme: str) -> None:
    with visit(estranged, width=width, scheme=scheme, script=True) as page:
        down = went(page, "/login?provider=corporate&next=/invitations/x")
        check_layout(page, down, 502, "You are not logged in")
        assert str(down.header_value("x-request-id")) in page.inner_text("main")
        assert found_by(axe, page) == []
        picture(page, f"login-failed-{width}-{scheme}")
        assert (
            page.get_by_role("link", name="Try again").get_attribute("href")
            == "/login?provider=corporate&next=%2Finvitations%2Fx"
        )


@pytest.mark.parametrize("width", WIDTHS)
def test_a_login_that_was_not_begun_here_is_refused_by_a_page(estranged: Running, visit: Visit, axe: str, width: int) -> None:
    with visit(estranged, width=width, script=True) as page:
        check_layout(page, went(page, "/auth/callback?code=a&state=b"), 400, "You are not logged in")
        assert found_by(axe, page) == []
        picture(page, f"login-refused-{width}-light")


def test_a_login_is_begun_again_by_keyboard(estranged: Running, visit: Visit) -> None:
    with visit(estranged) as page:
        went(page, "/")
        press(page, TITLES[0])
        assert walk(page) == ["Integrates", "Try again", "Go to the start page"]
        press(page, "Try again")
        assert page.inner_text("h1") == "You are not logged in"
        press(page, "Go to the start page")
        assert page.inner_text("h1") == "Integrates"
