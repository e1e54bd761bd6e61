"""Where IP and URL roots may be, and what lies there (domain section 3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.db_model.errors import Rejected
from integrates.db_model.roots.host import ip, is_address, is_on_host, url_location, url_of
from integrates.db_model.roots.types import URLLocation, URLProtocol
from integrates.db_model.values.check import Check


def refusal(check: Check, value: str) -> str:
    with pytest.raises(Rejected) as caught:
        check(value, ("argument",))
    assert caught.value.path == ("argument",)
    return caught.value.reason


@pytest.mark.parametrize(
    ("spelling", "stored"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:C000:0207", "192.0.2.7"),
        ("::", "::"),
    ],
)
def test_an_address_has_one_spelling(spelling: str, stored: str) -> None:
    assert ip(spelling, ()) == stored
    assert ip(stored, ()) == stored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "required"),
        ("1" * 46, "too_long"),
        ("shop.example", "bad_characters"),
        ("192.0.2", "bad_format"),
        ("192.0.2.07", "bad_format"),
        ("192.0.2.256", "bad_format"),
        ("192.0.2.0/24", "bad_characters"),
        ("192.0.2.7:80", "bad_format"),
        ("[::1]", "bad_characters"),
        ("fe80::1%eth0", "bad_characters"),
        ("3232235777", "bad_format"),
    ],
)
def test_what_is_no_address_is_refused(text: str, reason: str) -> None:
    assert refusal(ip, text) == reason


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://shop.example", ("HTTPS", "shop.example", 443, "/", None)),
        ("HTTPS://Shop.Example/", ("HTTPS", "shop.example", 443, "/", None)),
        ("http://shop.example:443/A/b", ("HTTP", "shop.example", 443, "/A/b", None)),
        ("http://shop.example:/?a=1&b", ("HTTP", "shop.example", 80, "/", "a=1&b")),
        ("http://shop.example?a=1?b", ("HTTP", "shop.example", 80, "/", "a=1?b")),
        ("http://shop.example/?", ("HTTP", "shop.example", 80, "/", None)),
        ("https://[2001:DB8::1]:8443/", ("HTTPS", "2001:db8::1", 8443, "/", None)),
        ("https://192.0.2.7/x", ("HTTPS", "192.0.2.7", 443, "/x", None)),
    ],
)
def test_a_url_is_taken_apart(url: str, stored: tuple[str, str, int, str, str | None]) -> None:
    protocol, host, port, path, query = stored
    found = url_location(url, ())
    assert found == URLLocation(protocol=URLProtocol(protocol), host=host, port=port, path=path, query=query)
    assert url_location(url_of(found), ()) == found


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "required"),
        ("https://h/" + "a" * 2039, "too_long"),
        ("ftp://h/", "bad_format"),
        ("h/a", "bad_format"),
        ("https:///a", "bad_format"),
        ("https://user:secret@h/", "bad_format"),
        ("https://h/#top", "bad_format"),
        ("https://h/#", "bad_format"),
        ("https://h:0/", "bad_format"),
        ("https://h:65536/", "bad_format"),
        ("https://h:x/", "bad_format"),
        ("https://[::1/", "bad_format"),
        ("https://h./", "bad_format"),
        ("https://1.2.3/", "bad_format"),
        ("https://h\u00e9/", "bad_characters"),
        ("https://h/a b", "bad_characters"),
        ("https://h\\@evil/", "bad_characters"),
    ],
)
def test_what_is_no_url_of_a_root_is_refused(url: str, reason: str) -> None:
    assert refusal(lambda text, path: url_of(url_location(text, path)), url) == reason


@given(st.sampled_from(["http://", "HTTPS://"]), st.sampled_from(["h", "H.x:81", "[::1]"]), st.text("a./?#%&é:@", max_size=12))
def test_reading_a_url_is_idempotent(scheme: str, host: str, rest: str) -> None:
    try:
        found = url_location(f"{scheme}{host}/{rest}", ())
    except Rejected:
        return
    assert url_location(url_of(found), ()) == found


SHOP = url_location("https://shop.example/app?tenant=1", ())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example/app/login", True),
        ("https://shop.example/", True),
        ("https://SHOP.example:443/elsewhere", True),
        ("http://shop.example:443/", True),
        ("http://shop.example/", False),
        ("https://shop.example:8443/", False),
        ("https://www.shop.example/", False),
        ("https://shop.example.evil.example/", False),
        ("https://shop.example@evil.example/", False),
        ("https://evil.example/https://shop.example/", False),
        ("https://user@shop.example/", False),
        ("ftp://shop.example/", False),
        ("src/a.py", False),
        ("", False),
    ],
)
def test_host_and_port_decide_what_lies_at_a_url(url: str, *, expected: bool) -> None:
    assert is_on_host(url, SHOP) is expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("192.0.2.7", True), ("::ffff:192.0.2.7", True), ("192.0.2.8", False), ("shop.example", False), ("", False)],
)
def test_a_host_is_told_by_its_address(host: str, *, expected: bool) -> None:
    assert is_address(host, "192.0.2.7") is expected


@pytest.mark.parametrize(
    "beginning", ["https://h.example/", "https://h.example:8443/", "https://h.example?", "HTTP://h.example:80/"]
)
def test_what_is_accepted_can_be_written_again(beginning: str) -> None:
    """A root is changed by arguments, of which its url is one."""
    lengths = []
    for length in range(2_040, 2_050):
        try:
            found = url_location(beginning + "a" * (length - len(beginning)), ())
        except Rejected:
            continue
        assert url_location(url_of(found), ()) == found
        lengths.append(length)
    assert lengths[0] == 2_040
    assert 2_045 < lengths[-1] <= 2_048
