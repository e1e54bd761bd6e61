"""The reference of the API as a browser shows it: all names, a search and one name, for everybody and by keyboard alone."""

import pytest
from tests.pages.conftest import SCHEMES, WIDTHS, Visit, log_in, picture, went
from tests.pages.sight import check_layout, found_by, press
from tests.serving import Running

pytestmark = pytest.mark.functional

PAGES = {
    "contents": ("/reference", "Reference of the API"),
    "search": ("/reference?q=accept+until", "Reference of the API"),
    "mutation": ("/reference/updateVulnerabilitiesTreatment", "updateVulnerabilitiesTreatment"),
    "object": ("/reference/Group", "Group"),
    "enumeration": ("/reference/Reason", "Reason"),
}
"""By a name: the path of the page, and its heading."""


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_the_reference_can_be_read_by_everybody(
    shop: Running, visit: Visit, axe: str, name: str, width: int, scheme: str
) -> None:
    path, heading = PAGES[name]
    with visit(shop, width=width, scheme=scheme, script=True) as page:
        log_in(page, "uri")
        check_layout(page, went(page, path), 200, heading)
        assert found_by(axe, page) == []
        picture(page, f"reference-{name}-{width}-{scheme}")


def test_a_search_and_its_hits_need_no_script_and_no_mouse(shop: Running, visit: Visit) -> None:
    with visit(shop) as page:
        log_in(page, "uri")
        went(page, "/reference")
        page.get_by_label("Search the reference").press_sequentially("group language")
        page.keyboard.press("Enter")
        page.wait_for_url("**/reference?q=group+language")
        press(page, "addGroup")
        assert page.inner_text("h1") == "addGroup"
        press(page, "Language")
        assert page.inner_text("h1") == "Language"
