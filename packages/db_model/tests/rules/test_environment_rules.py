"""Where a GIT root may run, and what lies below it."""

from collections.abc import Mapping
from typing import Any

import pytest

from integrates.db_model.environment_urls.rules import MAX_DEPTH, addresses_above, given_environment_url, web_url
from integrates.db_model.errors import Rejected, Rejections

DEEP = "/".join(["p"] * MAX_DEPTH)
SPELLED = {
    "https://shop.example": "https://shop.example/",
    "HTTPS://Shop.Example:443/App?a=1": "https://shop.example/App?a=1",
    "http://shop.example:80/a/": "http://shop.example/a/",
    "http://shop.example:8080/": "http://shop.example:8080/",
    "https://[2001:DB8::1]/": "https://[2001:db8::1]/",
    f"https://shop.example/{DEEP}": f"https://shop.example/{DEEP}",
    f"https://shop.example/{DEEP}/": f"https://shop.example/{DEEP}/",
    f"https://shop.example/{'x' * 2027}": f"https://shop.example/{'x' * 2027}",
}


@pytest.mark.parametrize(("given", "expected"), SPELLED.items())
def test_a_web_url_has_one_spelling(given: str, expected: str) -> None:
    assert web_url(given, ()) == expected
    assert web_url(expected, ()) == expected


REFUSED = {
    "": "required",
    "shop.example": "bad_format",
    "ftp://shop.example": "bad_format",
    "https://": "bad_format",
    "https://user@shop.example/": "bad_format",
    "https://user:secret@shop.example/": "bad_format",
    "https://shop.example/#top": "bad_format",
    "https://shop.example:0/": "bad_format",
    "https://shop.example:99999/": "bad_format",
    "https://shop.example/a b": "bad_characters",
    "https://shop.example\\a": "bad_characters",
    f"https://shop.example/{DEEP}/p": "too_long",
    f"https://shop.example/{'x' * 2028}": "too_long",
}


@pytest.mark.parametrize(("given", "reason"), REFUSED.items())
def test_what_is_no_web_url_is_refused(given: str, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        web_url(given, ("url",))
    assert (caught.value.reason, caught.value.path) == (reason, ("url",))


def lies_below(where: str, url: str) -> bool:
    return web_url(url, ()).rstrip("/") in addresses_above(where)


BELOW = [
    ("https://shop.example", "https://shop.example"),
    ("https://shop.example/", "https://shop.example"),
    ("https://shop.example", "https://shop.example/"),
    ("https://shop.example/login", "https://shop.example"),
    ("https://SHOP.example:443/login", "https://shop.example"),
    ("https://shop.example/app", "https://shop.example/app"),
    ("https://shop.example/app/", "https://shop.example/app"),
    ("https://shop.example/app", "https://shop.example/app/"),
    ("https://shop.example/app/a/b/c", "https://shop.example/app"),
    ("https://shop.example/app/a/b/c", "https://shop.example/app/a/b"),
    ("https://shop.example/app//x", "https://shop.example/app"),
    ("http://shop.example:8080/x", "http://shop.example:8080"),
    ("https://[2001:db8::1]/x", "https://[2001:DB8::1]/"),
    ("https://shop.example/app/..x/...", "https://shop.example/app"),
    (f"https://shop.example/{DEEP}/more", f"https://shop.example/{DEEP}"),
]
ELSEWHERE = [
    ("https://shop.example.evil.example/app", "https://shop.example"),
    ("https://evil.example/https://shop.example/", "https://shop.example"),
    ("https://shop.example@evil.example/", "https://shop.example"),
    ("https://sshop.example/", "https://shop.example"),
    ("http://shop.example/", "https://shop.example"),
    ("https://shop.example:8443/", "https://shop.example"),
    ("https://shop.example:80/", "http://shop.example"),
    ("https://shop.example/apple", "https://shop.example/app"),
    ("https://shop.example/App", "https://shop.example/app"),
    ("https://shop.example/", "https://shop.example/app"),
    ("https://shop.example/a/app", "https://shop.example/app"),
    ("https://shop.example/app/../admin", "https://shop.example/app"),
    ("https://shop.example/app/%2E%2e/admin", "https://shop.example/app"),
    ("https://shop.example/app/./x", "https://shop.example/app"),
    ("https://shop.example/app", "https://shop.example/app?a=1"),
    ("src/a.py", "https://shop.example"),
    ("", "https://shop.example"),
]


@pytest.mark.parametrize(("where", "url"), BELOW)
def test_a_page_lies_below_a_url(where: str, url: str) -> None:
    assert lies_below(where, url)


@pytest.mark.parametrize(("where", "url"), ELSEWHERE)
def test_a_page_lies_elsewhere(where: str, url: str) -> None:
    assert not lies_below(where, url)


def test_few_addresses_are_looked_at_and_the_nearest_first() -> None:
    assert addresses_above("https://h/a/b") == ("https://h/a/b", "https://h/a", "https://h")
    assert len(addresses_above("https://h/" + "p/" * 480)) == MAX_DEPTH + 1


GIVEN: Mapping[str, tuple[Mapping[str, Any], list[tuple[str, str]]]] = {
    "a page": ({"url": "https://h", "url_type": "URL"}, []),
    "a cloud": ({"url": "account 1", "url_type": "CLOUD", "cloud_name": "AWS"}, []),
    "a database": ({"url": "db.example:5432/shop", "url_type": "DATABASE"}, []),
    "an application": ({"url": "example.shop", "url_type": "APK", "include": False}, []),
    "a long line": ({"url": "x" * 2048, "url_type": "APK"}, []),
    "too long a line": ({"url": "x" * 2049, "url_type": "APK"}, [("too_long", "url")]),
    "two lines": ({"url": "a\nb", "url_type": "DATABASE"}, [("bad_characters", "url")]),
    "no line": ({"url": " ", "url_type": "DATABASE"}, [("required", "url")]),
    "a line as a page": ({"url": "account 1", "url_type": "URL"}, [("bad_characters", "url")]),
    "a cloud without name": ({"url": "account 1", "url_type": "CLOUD"}, [("required", "cloud_name")]),
    "a null name": ({"url": "account 1", "url_type": "CLOUD", "cloud_name": None}, [("required", "cloud_name")]),
    "a name of no cloud": ({"url": "a", "url_type": "CLOUD", "cloud_name": "OVH"}, [("bad_format", "cloud_name")]),
    "all at fault": ({"url": "", "url_type": "CLOUD"}, [("required", "url"), ("required", "cloud_name")]),
    **{
        f"a name beside {kind}": ({"url": "https://h", "url_type": kind, "cloud_name": "GCP"}, [("inconsistent", "cloud_name")])
        for kind in ("URL", "DATABASE", "APK")
    },
}


@pytest.mark.parametrize(("given", "expected"), GIVEN.values(), ids=GIVEN)
def test_what_an_environment_url_is_given(given: Mapping[str, Any], expected: list[tuple[str, str]]) -> None:
    if not expected:
        details = given_environment_url(given)
        assert (details.url_type, details.include) == (given["url_type"], given.get("include", True))
        return
    with pytest.raises(Rejections) as caught:
        given_environment_url(given)
    assert [(one.reason, ".".join(one.path)) for one in caught.value.refusals] == expected
