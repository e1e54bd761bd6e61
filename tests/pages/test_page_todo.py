"""The page of what there is to do, as a browser shows it."""

import pytest
from tests.pages.conftest import SCHEMES, WIDTHS, Visit, log_in, picture, went
from tests.pages.sight import check_layout, found_by, press
from tests.serving import Running

pytestmark = pytest.mark.functional


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["gus", "uri", "nina"])
def test_it_fits_the_window_and_needs_no_script(shop: Running, visit: Visit, name: str, width: int, scheme: str) -> None:
    with visit(shop, width=width, scheme=scheme) as page:
        log_in(page, name)
        check_layout(page, went(page, "/todo"), 200, "To do")
        picture(page, f"todo-{name}-{width}-{scheme}")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["gus", "uri"])
def test_axe_finds_nothing(shop: Running, visit: Visit, axe: str, name: str, width: int, scheme: str) -> None:
    with visit(shop, width=width, scheme=scheme, script=True) as page:
        log_in(page, name)
        went(page, "/todo")
        assert found_by(axe, page) == []


def test_what_waits_leads_to_its_list(shop: Running, visit: Visit) -> None:
    with visit(shop) as page:
        log_in(page, "vera")
        went(page, "/todo")
        press(page, "2 acceptances to decide about")
        assert page.url.endswith("/groups/webshop/vulnerabilities?states=VULNERABLE&acceptances=SUBMITTED")
        assert page.locator("tbody tr").count() == 2
