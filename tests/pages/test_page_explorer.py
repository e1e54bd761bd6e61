"""The explorer of the API in a browser: whatever it opens keeps to the policy of its page, which each visit checks."""

import json
import os
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, Request, Response, expect
from tests.pages.conftest import SCHEMES, WIDTHS, Visit, picture, went
from tests.pages.sight import found_by
from tests.serving import Running

from integrates.server.pages.explorer import EXAMPLES

pytestmark = pytest.mark.functional

PATH: Final = "/api"
SOURCE = Path(__file__).parents[2] / "packages/server/explorer"
STATIC = files("integrates.server") / "static/explorer"
OF_OTHERS: Final = {"nested-interactive", "scrollable-region-focusable"}
"""What axe-core finds in GraphiQL and CodeMirror that is no matter of style: tabs that contain the buttons which close them,
and the box around an editor, which scrolls with the cursor and so needs no keys of its own."""


def opened(page: Page, name: str = "ada") -> None:
    """Open the explorer as somebody of the demo, and wait until it knows the schema."""
    with page.expect_response(is_schema):
        went(page, f"/login?provider=local&email={name}@demo.example&next={PATH}")
    expect(page.locator(".graphiql-container")).to_be_visible()


def is_schema(answer: Response) -> bool:
    return "__schema" in (answer.request.post_data or "") and answer.ok


def executed(page: Page) -> tuple[Request, Any]:
    """Press the button that asks; return what was asked and answered, once the page shows an answer."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and not is_schema(answer)) as answered:
        page.get_by_role("button", name="Execute query").click()
    expect(page.locator(".result-window .CodeMirror-code")).to_contain_text("{")
    return answered.value.request, answered.value.json()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_the_window_and_can_be_read(shop: Running, visit: Visit, axe: str, width: int, scheme: str) -> None:
    with visit(shop, width=width, scheme=scheme, script=True) as page:
        opened(page)
        executed(page)
        assert page.locator("h1").all_inner_texts() == ["Explorer of the API"]
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        query, answer = (page.locator(part).bounding_box() for part in (".graphiql-query-editor", ".result-window"))
        assert query
        assert answer
        assert (answer["x"] < query["x"] + query["width"]) is (width < 640)  # below the query on a phone, else beside it
        picture(page, f"explorer-{width}-{scheme}")
        assert {rule for rule, *_ in found_by(axe, page)} <= OF_OTHERS
        page.get_by_role("button", name="Show Documentation Explorer").click()
        expect(page.get_by_text("A GraphQL schema")).to_be_visible()
        picture(page, f"explorer-docs-{width}-{scheme}")
        assert {rule for rule, *_ in found_by(axe, page)} <= OF_OTHERS


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_each_tab_is_answered_to_the_session(shop: Running, visit: Visit, number: int) -> None:
    with visit(shop, script=True) as page:
        opened(page)
        page.get_by_role("tab").nth(number).get_by_role("button").first.click()
        asked, answer = executed(page)
        assert EXAMPLES[number].query.strip() in json.loads(asked.post_data or "{}")["query"]
        assert "errors" not in answer
        assert "authorization" not in asked.headers


def test_a_pasted_token_asks_without_the_session_and_is_kept_nowhere(shop: Running, visit: Visit) -> None:
    token = shop.token("olga@demo.example")
    with visit(shop, script=True) as page:
        opened(page)
        with page.expect_response(is_schema) as again:
            page.get_by_label("Ask with a token instead").fill(f" {token} ")
            page.get_by_label("Ask with a token instead").press("Enter")
        assert again.value.request.headers["authorization"] == f"Bearer {token}"
        asked, answer = executed(page)
        assert answer["data"]["me"]["email"] == "olga@demo.example"
        assert asked.all_headers().get("cookie") is None
        assert token not in page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
        )
        page.reload()
        assert page.get_by_label("Ask with a token instead").input_value() == ""
        assert executed(page)[1]["data"]["me"]["email"] == "ada@demo.example"


def test_nothing_of_it_is_left_on_the_machine(shop: Running, visit: Visit) -> None:
    with visit(shop, script=True) as page:
        opened(page)
        executed(page)
        assert page.evaluate("Object.keys(localStorage)") == []
        assert any("WhoAmI" in value for value in page.evaluate("Object.values(sessionStorage)"))


def test_dialogs_menus_and_marks_keep_to_the_policy(shop: Running, visit: Visit) -> None:
    """They add style elements, by the nonce. The visit fails when the browser refuses one."""
    with visit(shop, script=True) as page:
        opened(page)
        page.get_by_role("button", name="Open settings dialog").click()
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("body.graphiql-dark")).to_be_visible()
        picture(page, "explorer-settings")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Open short keys dialog").click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Show History").click()
        editor = page.get_by_role("textbox", name="Query")
        editor.press("Control+End")
        editor.type("{ nothingLikeIt }")
        expect(page.locator(".CodeMirror-lint-mark-error").first).to_be_visible()
        editor.press("Control+Space")


def test_nobody_may_look_and_is_told_how_to_log_in(shop: Running, visit: Visit) -> None:
    with visit(shop, script=True) as page:
        went(page, PATH)
        expect(page.locator(".graphiql-container")).to_be_visible()
        assert executed(page)[1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        page.get_by_role("link", name="log in").click()
        page.get_by_role("link", name="Log in as the local user").click()
        page.wait_for_url(f"**{PATH}")
        assert "ada@demo.example" in page.inner_text(".bar")


@pytest.mark.parametrize("width", WIDTHS)
def test_without_javascript_it_shows_what_to_ask(shop: Running, visit: Visit, width: int) -> None:
    with visit(shop, width=width) as page:
        went(page, PATH)
        assert page.locator("h2").all_inner_texts() == [example.title for example in EXAMPLES]
        assert "needs JavaScript" in page.inner_text("main")
        assert not page.get_by_label("Ask with a token instead").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        picture(page, f"explorer-plain-{width}")


def test_the_files_are_what_the_lock_makes(tmp_path: Path) -> None:
    modules = os.environ.get("INTEGRATES_TEST_EXPLORER_MODULES")
    if modules is None:
        pytest.skip("INTEGRATES_TEST_EXPLORER_MODULES does not name what npm installs (nox -s pages does, where there is npm)")
    subprocess.run(["node", SOURCE / "build.mjs", modules, tmp_path], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(made) == {entry.name for entry in STATIC.iterdir()}
    assert [name for name, body in made.items() if body != (STATIC / name).read_bytes()] == []
