"""The overviews and lists as a browser shows them: how they fit, what axe-core finds, how one goes on."""

import operator
from collections.abc import Callable, Mapping

import pytest
from playwright.sync_api import Page
from tests.pages.conftest import SCHEMES, WIDTHS, Visit, log_in, picture, went
from tests.pages.sight import check_layout, found_by, press
from tests.serving import Running

pytestmark = pytest.mark.functional

PAGES: Mapping[str, tuple[str, str]] = {
    "home": ("/home", "Your groups"),
    "organization": ("/orgs/aurora", "aurora"),
    "group": ("/groups/webshop", "webshop"),
    "group-by-day": ("/groups/webshop?step=DAY", "webshop"),
    "group-empty": ("/groups/archive", "archive"),
    "vulnerabilities": ("/groups/webshop/vulnerabilities", "Vulnerabilities"),
    "vulnerabilities-filtered": ("/groups/webshop/vulnerabilities?states=VULNERABLE&treatments=UNTREATED", "Vulnerabilities"),
    "vulnerabilities-none": ("/groups/archive/vulnerabilities?text=nothing", "Vulnerabilities"),
    "findings": ("/groups/webshop/findings", "Findings"),
}
"""The path of each page, and its heading."""
LARGEST = 100_000
"""Bytes of the first view of a page, without pictures."""


def load_pictures(page: Page) -> None:
    """Wait until each picture of a page is there, those below the window too. Fail for one that is none."""
    page.evaluate("document.querySelectorAll('img').forEach(one => { one.loading = 'eager' })")
    page.evaluate("Promise.all([...document.images].map(one => one.decode()))")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_an_overview_or_list_can_be_read_by_everybody(
    shop: Running, visit: Visit, axe: str, name: str, width: int, scheme: str
) -> None:
    path, heading = PAGES[name]
    with visit(shop, width=width, scheme=scheme, script=True) as page:
        log_in(page, "ada")
        answer = went(page, path)
        check_layout(page, answer, 200, heading)
        assert len(answer.body()) <= LARGEST
        assert found_by(axe, page) == []
        load_pictures(page)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        assert found_by(axe, page) == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = false })")
        picture(page, f"{name}-{width}-{scheme}")


def test_from_home_to_a_vulnerability_by_keyboard_without_javascript(shop: Running, visit: Visit) -> None:
    with visit(shop) as page:
        log_in(page, "ada")
        press(page, "Home")
        press(page, "webshop")
        assert page.inner_text("h1") == "webshop"
        press(page, "Findings")
        press(page, "Vulnerabilities")
        press(page, "Open")
        assert page.url == f"{shop.url}/groups/webshop/vulnerabilities?states=VULNERABLE"
        title = page.locator("tbody td a").first.inner_text()
        page.locator("tbody td a").first.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.inner_text("h1") == title


def test_a_filter_is_chosen_by_keyboard_and_makes_a_link(shop: Running, visit: Visit) -> None:
    with visit(shop) as page:
        log_in(page, "ada")
        went(page, "/groups/webshop/vulnerabilities")
        page.get_by_label("Text in place or title").focus()
        page.keyboard.type("sql")
        page.get_by_label("vulnerable", exact=True).focus()
        page.keyboard.press("Space")
        page.get_by_label("Text in place or title").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert "text=sql" in page.url
        assert "states=VULNERABLE" in page.url
        titles = page.locator("tbody td a").all_inner_texts()
        assert titles
        assert [title for title in titles if "SQL" not in title] == []
        assert page.get_by_label("vulnerable", exact=True).is_checked()


def test_the_list_is_downloaded_as_it_is_shown(shop: Running, visit: Visit) -> None:
    with visit(shop) as page:
        log_in(page, "ada")
        went(page, "/groups/webshop/vulnerabilities?states=SAFE")
        shown = page.locator("tbody tr").count()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download all of it as CSV").click()
        assert download.value.suggested_filename == "webshop-vulnerabilities.csv"
        lines = download.value.path().read_text(encoding="utf-8").splitlines()
        assert len(lines) - 1 == shown > 0


@pytest.mark.parametrize(("words", "compare"), [("by month", operator.lt), ("by day", operator.gt)])
def test_the_points_of_charts_are_chosen(shop: Running, visit: Visit, words: str, compare: Callable[[int, int], bool]) -> None:
    with visit(shop) as page:
        log_in(page, "ada")
        went(page, "/groups/webshop")
        rows = page.locator("figure table").first.locator("tbody tr")
        weeks = rows.count()
        with page.expect_navigation():
            page.get_by_role("link", name=words).click()
        assert compare(rows.count(), weeks)
