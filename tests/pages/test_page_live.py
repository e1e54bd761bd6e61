"""The page of a running import, which keeps itself up to date where there is JavaScript."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.pages.conftest import Visit, log_in, picture, went
from tests.serving import Caller, Running, eventually, new_place, result, sarif

pytestmark = pytest.mark.functional

RUNNING = "query ($group: ID!) { group(name: $group) { imports(first: 1) { nodes { id state } } } }"


@contextmanager
def importing(shop: Running, token: str, name: str) -> Iterator[str]:
    """Import a long report into a new group of that name, beside the test; give the id of the import while it runs."""
    many = sarif([result(f"rule-{number % 7}", f"src/file_{number % 400}.py", number) for number in range(6000)])
    with shop.client(token) as client, shop.client(token) as other:
        place = new_place(Caller(client), name)
        sender = threading.Thread(target=lambda: Caller(client).send(many, group=place.group, root=place.root))
        sender.start()
        try:
            eventually(lambda: bool(Caller(other).ask(RUNNING, group=place.group)["group"]["imports"]["nodes"]))
            (found,) = Caller(other).ask(RUNNING, group=place.group)["group"]["imports"]["nodes"]
            assert found["state"] == "RUNNING"
            yield found["id"]
        finally:
            sender.join()


def test_a_running_import_is_followed_to_its_end(shop: Running, token: str, visit: Visit) -> None:
    with visit(shop, script=True) as page:
        log_in(page, "ada")
        with importing(shop, token, "followed") as found:
            went(page, f"/imports/{found}")
            told = page.locator("[data-import-progress]")
            first = told.inner_text()
            picture(page, "import-running")
            page.wait_for_function("first => document.querySelector('[data-import-progress]')?.innerText !== first", arg=first)
            page.get_by_text("completed", exact=True).wait_for()
            assert told.count() == 0


def test_a_stream_that_breaks_off_is_asked_for_again(shop: Running, token: str, visit: Visit) -> None:
    with visit(shop, script=True) as page:
        log_in(page, "ada")
        with importing(shop, token, "broken-off") as found:
            page.route("**/api", lambda route: route.abort("connectionrefused"), times=1)
            with page.expect_event("requestfailed"):
                went(page, f"/imports/{found}")
            page.get_by_text("completed", exact=True).wait_for()
