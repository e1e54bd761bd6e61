"""Which providers people log in by: what a file may say, and where the secrets stand."""

from pathlib import Path

import pytest

from integrates.db_model.stakeholders.types import PlatformRole
from integrates.server.auth.provider import ClientAuth, Provider, RoleRule, is_trusted_url, read_providers
from integrates.server.settings import BadSetting, Registration, Settings, read_settings

SMALL = """
[corporate]
issuer = "https://login.example.com"
client_id = "integrates"
"""
WHOLE = """
[corporate-sso]
title = "Example Corp"
issuer = "https://login.example.com/realms/corp"
client_id = "integrates"
client_auth = "client_secret_post"
scopes = ["groups", "email"]
groups_claim = "https://example.com/groups"

[[corporate-sso.roles]]
value = "admins"
platform = "admin"

[[corporate-sso.roles]]
value = "leads"
organization = "aurora"
role = "organization_manager"

[[corporate-sso.roles]]
value = "red team"
group = "webshop"
role = "hacker"

[partners]
issuer = "http://127.0.0.1:9000"
client_id = "integrates"
"""


def written(folder: Path, text: str) -> str:
    path = folder / "providers.toml"
    path.write_text(text)
    return str(path)


def test_without_a_file_there_are_none() -> None:
    assert read_providers(None, {"INTEGRATES_CLIENT_SECRET_CORPORATE": "s"}) == {}


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    assert read_providers(written(tmp_path, SMALL), {}) == {
        "corporate": Provider(
            name="corporate",
            title="corporate",
            issuer="https://login.example.com",
            client_id="integrates",
            client_auth=ClientAuth.NONE,
            secret=None,
            scopes=("openid", "email", "profile"),
            groups_claim="groups",
            roles=(),
        )
    }


def test_a_whole_file_and_its_secret(tmp_path: Path) -> None:
    found = read_providers(written(tmp_path, WHOLE), {"INTEGRATES_CLIENT_SECRET_CORPORATE_SSO": " s3cr3t\n"})
    assert list(found) == ["corporate-sso", "partners"]
    one = found["corporate-sso"]
    assert (one.title, one.secret, one.client_auth) == ("Example Corp", "s3cr3t", ClientAuth.POST)
    assert one.scopes == ("openid", "email", "profile", "groups")
    assert one.groups_claim == "https://example.com/groups"
    assert one.roles == (
        RoleRule(value="admins", platform=PlatformRole.ADMIN),
        RoleRule(value="leads", organization="aurora", role="organization_manager"),
        RoleRule(value="red team", group="webshop", role="hacker"),
    )
    assert "s3cr3t" not in repr(found)


def test_a_secret_may_stand_in_a_file_and_the_variable_wins(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the file\n")
    path = written(tmp_path, f'{SMALL}client_secret_file = "{tmp_path}/secret"\n')
    assert read_providers(path, {})["corporate"].secret == "of the file"
    assert read_providers(path, {"INTEGRATES_CLIENT_SECRET_CORPORATE": "other"})["corporate"].secret == "other"


def rule(*lines: str) -> str:
    return "\n".join([SMALL, "[[corporate.roles]]", 'value = "x"', *lines])


@pytest.mark.parametrize(
    "text",
    [
        "[corporate",
        "corporate = 1",
        "[corporate]",
        SMALL.replace("corporate", "local"),
        SMALL.replace("corporate", "Corporate"),
        SMALL.replace("corporate", "a" * 31),
        SMALL.replace("https://", "http://"),
        SMALL.replace("https://", "https://user@"),
        SMALL.replace("example.com", "example.com?x=1"),
        SMALL.replace("example.com", "example.com#x"),
        SMALL.replace("https://login.example.com", "login.example.com"),
        SMALL.replace("https://login.example.com", "https://["),
        SMALL + 'client_secret = "in clear"\n',
        SMALL + 'client_auth = "private_key_jwt"\n',
        SMALL + 'client_auth = "client_secret_basic"\n',
        SMALL + 'client_secret_file = "/nowhere/at/all"\n',
        SMALL + 'scopes = ["two words"]\n',
        rule(),
        rule('role = "hacker"'),
        rule('platform = "owner"'),
        rule('platform = "admin"', 'role = "user"'),
        rule('platform = "admin"', 'group = "webshop"', 'role = "user"'),
        rule('group = "webshop"'),
        rule('group = "webshop"', 'role = "organization_manager"'),
        rule('group = "webshop"', 'role = "service_forces"'),
        rule('organization = "aurora"', 'role = "hacker"'),
        rule('organization = "aurora"', 'group = "webshop"', 'role = "user"'),
    ],
)
def test_a_bad_file_is_refused_without_its_secrets(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read_providers(written(tmp_path, text), {})
    assert caught.value.name == "providers"
    assert "in clear" not in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff")
    for name in ("missing", "bytes"):
        with pytest.raises(BadSetting):
            read_providers(str(tmp_path / name), {})


def test_a_client_without_a_secret_cannot_be_told_to_have_one(tmp_path: Path) -> None:
    path = written(tmp_path, f'{SMALL}client_auth = "none"\n')
    assert read_providers(path, {})["corporate"].client_auth is ClientAuth.NONE
    with pytest.raises(BadSetting):
        read_providers(path, {"INTEGRATES_CLIENT_SECRET_CORPORATE": "s"})


@pytest.mark.parametrize(
    "url, trusted",
    [
        ("https://login.example.com/x", True),
        ("http://localhost:1/x", True),
        ("http://[::1]:1", True),
        ("http://login.example.com", False),
        ("http://127.0.0.1.evil.example", False),
        ("https://", False),
        ("file:///etc/passwd", False),
        ("https://login.example.com/\n", False),
        ("https://u:p@login.example.com", False),
    ],
)
def test_what_is_sent_to_an_address_can_be_trusted(url: str, *, trusted: bool) -> None:
    assert is_trusted_url(url) is trusted


def test_providers_need_an_address_to_come_back_to() -> None:
    away = {"INTEGRATES_HOST": "0.0.0.0", "INTEGRATES_PROVIDERS": "providers.toml"}
    with pytest.raises(BadSetting) as caught:
        read_settings(away, {})
    assert caught.value.name == "origin"
    assert read_settings({**away, "INTEGRATES_ORIGIN": "https://integrates.example"}, {}).providers == "providers.toml"
    assert read_settings({"INTEGRATES_PROVIDERS": "providers.toml"}, {}).origin is None
    with pytest.raises(BadSetting, match="https"):  # the cookies are `Secure`
        read_settings({**away, "INTEGRATES_ORIGIN": "http://integrates.example"}, {})
    assert read_settings({**away, "INTEGRATES_ORIGIN": "http://localhost:8001"}, {}).origin == "http://localhost:8001"


def test_by_default_only_people_who_are_known_may_log_in() -> None:
    assert Settings().registration is Registration.INVITED
    assert read_settings({"INTEGRATES_REGISTRATION": "OPEN"}, {}).registration is Registration.OPEN
    with pytest.raises(BadSetting):
        read_settings({"INTEGRATES_REGISTRATION": "CLOSED"}, {})
