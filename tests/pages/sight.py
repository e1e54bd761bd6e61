"""What a page has to be for whoever looks at it, touches it, or has only keys."""

from typing import Any

from playwright.sync_api import Page, Response

TOUCH = 44
"""Pixels that a button needs to be hit by a thumb."""


def check_layout(page: Page, answer: Response, status: int, heading: str) -> None:
    """The page is the one that was asked for, has the style, and is no wider than the window."""
    assert (answer.status, page.locator("h1").all_inner_texts()) == (status, [heading])
    assert page.evaluate("getComputedStyle(document.body).display") == "flex"
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.evaluate("document.querySelectorAll('script, style, [style]').length") == 0
    assert page.locator("html").get_attribute("lang") == "en"
    buttons = page.locator(".button, button").all()
    assert [one.inner_text() for one in buttons if (box := one.bounding_box()) is None or box["height"] < TOUCH] == []


def found_by(axe: str, page: Page) -> list[Any]:
    """What axe-core finds: each rule with the elements that break it. The policy does not let the page itself load a script."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(one["id"], one["impact"], [node["target"] for node in one["nodes"]]) for one in found["violations"]]


def walk(page: Page) -> list[str]:
    """Press the tabulator until the page is through; return what it came by, each of which has to show that it is there."""
    passed = list[str]()
    while True:
        page.keyboard.press("Tab")
        where = page.evaluate("document.activeElement === document.body ? '' : document.activeElement.innerText")
        if not where or where in passed:
            return passed
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", where
        passed.append(where)


def press(page: Page, name: str) -> None:
    """Go to what has that name by the tabulator alone, and press Enter."""
    for _ in range(50):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == name:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(name)
