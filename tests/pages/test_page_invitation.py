"""Invitations as a browser shows them: before the login, to the guest, and after either answer."""

from collections.abc import Callable, Mapping

import pytest
from playwright.sync_api import Page
from tests.pages.conftest import SCHEMES, WIDTHS, Invite, Visit, log_in, picture, went
from tests.pages.sight import check_layout, found_by, press, walk
from tests.serving import Running

pytestmark = pytest.mark.functional


def outside(_page: Page, _name: str) -> None:
    """Nobody is logged in."""


def guest(page: Page, name: str) -> None:
    log_in(page, name)


def somebody_else(page: Page, _name: str) -> None:
    log_in(page, "uri")


PAGES: Mapping[str, tuple[Callable[[Page, str], None], int, str]] = {
    "invitation-login": (outside, 200, "Log in to see your invitation"),
    "invitation": (guest, 200, "You are invited to payments"),
    "invitation-foreign": (somebody_else, 404, "Not found"),
}
"""Who opens a link, the status and the heading of what they see."""


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_an_invitation_fits_the_window(
    shop: Running, visit: Visit, invite: Invite, axe: str, name: str, width: int, scheme: str
) -> None:
    who, status, heading = PAGES[name]
    invited, link = invite()
    with visit(shop, width=width, scheme=scheme, script=True) as page:
        who(page, invited)
        check_layout(page, went(page, link), status, heading)
        assert found_by(axe, page) == []
        picture(page, f"{name}-{width}-{scheme}")


@pytest.mark.parametrize(("answer", "heading"), [("Accept", "Welcome to payments"), ("Decline", "You declined the invitation")])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_an_answer_has_a_page_of_its_own(
    shop: Running, visit: Visit, invite: Invite, axe: str, answer: str, heading: str, width: int, scheme: str
) -> None:
    invited, link = invite()
    with visit(shop, width=width, scheme=scheme, script=True) as page:
        log_in(page, invited)
        went(page, link)
        with page.expect_navigation() as answered:
            page.get_by_role("button", name=answer).click()
        check_layout(page, answered.value, 200, heading)
        assert found_by(axe, page) == []
        picture(page, f"invitation-{answer.lower()}ed-{width}-{scheme}".replace("ee", "e"))
        assert went(page, link).status == 404


def test_the_longest_name_fits_a_phone(shop: Running, visit: Visit, invite: Invite) -> None:
    """254 characters without a place to break at."""
    name, link = invite("x" * (254 - len("@demo.example")))
    with visit(shop, width=360) as page:
        check_layout(page, log_in(page, name), 200, "You are logged in")
        check_layout(page, went(page, link), 200, "You are invited to payments")
        picture(page, "long-360-light")


def test_an_invitation_is_accepted_by_keyboard_without_javascript(shop: Running, visit: Visit, invite: Invite) -> None:
    """From the link to the login, back to the invitation, and to the group."""
    invited, link = invite()
    with visit(shop) as page:
        went(page, link)
        assert walk(page) == ["Integrates", "Log in as the local user"]
        login = str(page.get_by_role("link", name="Log in as the local user").get_attribute("href"))
        went(page, f"{login}&email={invited}@demo.example")
        assert page.inner_text("h1") == "You are invited to payments"
        assert walk(page) == ["Integrates", "Accept", "Decline"]
        went(page, link)
        press(page, "Accept")
        assert page.inner_text("h1") == "Welcome to payments"
        press(page, "Go to the start page")
        assert page.locator(".rows strong").all_inner_texts() == ["aurora", "payments"]
        assert page.locator(".tag").all_inner_texts() == ["user", "hacker"]
