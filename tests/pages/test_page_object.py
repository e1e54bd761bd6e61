"""The pages of findings and imports, the past of a vulnerability, and the dialog of decisions, as a browser shows them."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from playwright.sync_api import Page
from tests.pages.conftest import SCHEMES, WIDTHS, Visit, log_in, picture, went
from tests.pages.sight import check_layout, found_by, press
from tests.serving import Caller, Running

pytestmark = pytest.mark.functional

WANTED = """{ group(name: "webshop") {
  findings { nodes { id title evidences { slot } } } imports { nodes { id state } }
  vulnerabilities(first: 5, filter: {states: [VULNERABLE], treatments: [UNTREATED]}) { nodes { id where } } } }"""
COMMENT = """mutation ($id: ID!, $content: String!) { addFindingComment(findingId: $id, type: CONSULT, content: $content) {
  comment { id } errors { code reason message path } } }"""
TREAT = """mutation ($items: [VulnerabilityRef!]!) { updateVulnerabilitiesTreatment(items: $items, treatment: IN_PROGRESS,
  justification: "Somebody else was faster.") { vulnerabilities { id } errors { code reason message path } } }"""
MARKDOWN = "# Is it **still** so?\n\n- one\n- two\n\n| a | b |\n|:-:|---|\n| 1 | `code` |\n\n<script>alert(1)</script> [link](https://x.example)"
WHY = "Behind the firewall until the release."


@pytest.fixture(scope="module")
def caller(shop: Running, token: str) -> Iterator[Caller]:
    with shop.client(token) as client:
        yield Caller(client)


@pytest.fixture(scope="module")
def paths(caller: Caller) -> Mapping[str, tuple[str, str]]:
    """By name: the path of a page, and its heading."""
    group = caller.ask(WANTED)["group"]
    finding = next(one for one in group["findings"]["nodes"] if one["evidences"])
    proven = next(one for one in group["findings"]["nodes"] if "EVIDENCE1" in {each["slot"] for each in one["evidences"]})
    caller.change(COMMENT, id=finding["id"], content=MARKDOWN)
    ended = {one["state"]: one["id"] for one in group["imports"]["nodes"]}
    first = group["vulnerabilities"]["nodes"][0]["id"]
    return {
        "finding": (f"/findings/{finding['id']}", finding["title"]),
        "finding-proven": (f"/findings/{proven['id']}", proven["title"]),
        "imports": ("/groups/webshop/imports", "Imports into webshop"),
        "import": (f"/imports/{ended['COMPLETED']}", "Import of scan.sarif"),
        "import-failed": (f"/imports/{ended['FAILED']}", "Import of scan.sarif"),
        "treatment": (f"/groups/webshop/treatment?id={first}", "Decide what is done about a vulnerability"),
    }


@pytest.fixture(scope="module")
def open_ids(caller: Caller) -> Sequence[str]:
    return [one["id"] for one in caller.ask(WANTED)["group"]["vulnerabilities"]["nodes"]]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["finding", "finding-proven", "imports", "import", "import-failed", "treatment"])
def test_a_page_of_an_object_can_be_read_by_everybody(
    shop: Running, visit: Visit, axe: str, paths: Mapping[str, tuple[str, str]], name: str, width: int, scheme: str
) -> None:
    path, heading = paths[name]
    with visit(shop, width=width, scheme=scheme, script=True) as page:
        log_in(page, "ada")
        check_layout(page, went(page, path), 200, heading)
        assert found_by(axe, page) == []
        picture(page, f"{name}-{width}-{scheme}")


def test_a_text_of_somebody_is_markdown_and_no_script(
    shop: Running, visit: Visit, paths: Mapping[str, tuple[str, str]]
) -> None:
    with visit(shop, script=True) as page:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        log_in(page, "ada")
        went(page, paths["finding"][0])
        said = page.locator(".thread .written").last
        assert said.locator("h4").inner_text() == "Is it still so?"
        assert said.locator("li").all_inner_texts() == ["one", "two"]
        assert "<script>alert(1)</script>" in said.inner_text()
        assert said.locator("script").count() == 0


def test_a_picture_that_proves_a_finding_is_shown(shop: Running, visit: Visit, paths: Mapping[str, tuple[str, str]]) -> None:
    with visit(shop) as page:
        log_in(page, "ada")
        went(page, paths["finding-proven"][0])
        shown = page.locator("figure img").first
        shown.scroll_into_view_if_needed()
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=shown.element_handle())


@pytest.mark.parametrize("width", WIDTHS)
def test_a_vulnerability_is_shown_as_it_was(shop: Running, visit: Visit, axe: str, open_ids: Sequence[str], width: int) -> None:
    path = f"/vulnerabilities/{open_ids[0]}"
    with visit(shop, width=width, script=True) as page:
        log_in(page, "ada")
        went(page, path)
        page.locator(".timeline a").first.click()
        page.wait_for_url("**asOf=**")
        assert "This is the past" in page.inner_text("main")
        assert found_by(axe, page) == []
        picture(page, f"vulnerability-past-{width}-light")
        page.fill("#as-of", "2020-01-01T00:00")
        press(page, "Show")
        page.wait_for_url("**2020-01-01**")
        assert "There was nothing to see of it" in page.inner_text("main")
        assert found_by(axe, page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_conflict_is_shown_side_by_side_and_decided_again(
    shop: Running, visit: Visit, axe: str, caller: Caller, width: int, scheme: str
) -> None:
    with visit(shop, width=width, scheme=scheme, script=True) as page:
        log_in(page, "olga")
        went(page, "/groups/webshop/vulnerabilities?states=VULNERABLE")
        boxes = page.locator('input[name="id"]')
        picked = [boxes.nth(number).get_attribute("value") for number in range(2)]
        for number in range(2):
            boxes.nth(number).check()
        press(page, "Decide about the chosen ones")
        page.wait_for_url("**/treatment?**")
        decide(page)
        caller.change(TREAT, items=[{"id": picked[0]}])
        press(page, "Save")
        page.wait_for_selector("text=Since you opened the form, one vulnerability has changed")
        shown = page.inner_text("main")
        assert "Somebody else was faster." in shown
        assert "ada@demo.example" in shown
        assert page.input_value("#justification") == WHY
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert found_by(axe, page) == []
        picture(page, f"conflict-{width}-{scheme}")
        press(page, "Decide again")
        page.wait_for_selector("h1:text('Decided')")
        assert found_by(axe, page) == []
        picture(page, f"decided-{width}-{scheme}")


def test_a_decision_needs_neither_script_nor_mouse(shop: Running, visit: Visit, open_ids: Sequence[str]) -> None:
    with visit(shop) as page:
        log_in(page, "olga")
        went(page, f"/vulnerabilities/{open_ids[1]}")
        press(page, "Decide what is done")
        page.wait_for_url("**/treatment?**")
        decide(page)
        press(page, "Save")
        page.wait_for_selector("h1:text('Decided')")


def decide(page: Page) -> None:
    """Fill the form in by keyboard."""
    page.focus('input[name="treatment"][value="IN_PROGRESS"]')
    page.keyboard.press("Space")
    page.focus("#justification")
    page.keyboard.type(WHY)
