import pytest

from integrates.server.settings import BadSetting, Settings, is_loopback, read_settings


def test_nothing_given_means_an_embedded_store_on_this_machine() -> None:
    settings = read_settings({}, {})
    assert (settings.store, settings.host, settings.port) == ("sqlite:///integrates.db", "127.0.0.1", 8001)
    assert not settings.local_login


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_each_default_may_be_given(name: str) -> None:
    default = getattr(Settings(), name)
    if default is not None:
        assert read_settings({f"INTEGRATES_{name.upper()}": str(default)}, {}) == Settings()


def test_a_flag_wins_over_the_environment() -> None:
    environ = {"INTEGRATES_PORT": "9000", "INTEGRATES_HOST": "::1", "INTEGRATES_SARIF_SAMPLES": "/nowhere"}
    assert read_settings(environ, {"port": 9001, "host": None}) == Settings(port=9001, host="::1")


@pytest.mark.parametrize(
    "name, value",
    [
        ("port", "http"),
        ("port", "65536"),
        ("port", "-1"),
        ("max_body", "0"),
        ("concurrency", "0"),
        ("graceful_seconds", "-1"),
        ("request_seconds", "nan"),
        ("local_login", "perhaps"),
        ("admins", "me@example.com,a#b@example.com"),
        ("origin", "integrates.example"),
        ("origin", "https://integrates.example/"),
        ("origin", "https://integrates.example/path"),
        ("origin", "ftp://integrates.example"),
        ("origin", "https://Integrates.example"),
        ("origin", "HTTPS://integrates.example"),
        ("origin", "https://me:secret@integrates.example"),
        ("origin", "https://integrates.example:443"),
        ("origin", "http://integrates.example:80"),
        ("origin", "https://integrates.example:"),
        ("origin", "https://integrates.example:port"),
        ("origin", "https://integrates.example:65536"),
        ("origin", "https://[:::]"),
        ("origin", "https://[::1"),
        ("origin", "https://b\u00fccher.example"),
        ("origin", "https://integrates.example\n"),
    ],
)
def test_a_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read_settings({f"INTEGRATES_{name.upper()}": value}, {})
    assert caught.value.name == name


@pytest.mark.parametrize("origin", ["https://integrates.example", "http://evil.localhost", "https://192.0.2.7:8001"])
def test_a_login_without_password_and_an_address_for_others_exclude_each_other(origin: str) -> None:
    environ = {"INTEGRATES_ORIGIN": origin}
    assert read_settings(environ, {}).origin == origin
    with pytest.raises(BadSetting) as caught:
        read_settings(environ, {"local_login": True})
    assert caught.value.name == "local_login"
    for own in ("http://localhost:8001", "https://127.0.0.1", "http://[::1]:8001"):
        assert read_settings({"INTEGRATES_ORIGIN": own, "INTEGRATES_LOCAL_LOGIN": "true"}, {}).local_login


@pytest.mark.parametrize(
    "host, loopback",
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("app.localhost", False),
        ("evil.localhost", False),
        ("0.0.0.0", False),  # nosec B104 -- told apart, not bound to
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_look_alikes(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback
