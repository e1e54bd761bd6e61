"""The providers by which people log in (OpenID Connect), and the roles that each gives: a file of settings, in TOML."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from integrates.db_model.access.rules import GRANTABLE
from integrates.db_model.access.types import OrganizationRole
from integrates.db_model.stakeholders.types import PlatformRole
from integrates.server.settings import BadSetting, is_loopback

SETTING: Final = "providers"
LOCAL: Final = "local"
"""The name of the login without a provider, which no provider may have."""
SECRET_PREFIX: Final = "INTEGRATES_CLIENT_SECRET_"  # noqa: S105 -- the beginning of a variable's name
SCOPES: Final = ("openid", "email", "profile")
"""What is always asked for; a provider's own ``scopes`` come after it."""

Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,29}$")]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Scope = Annotated[str, Meta(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,100}$")]


class RoleRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The role that a value of the groups claim gives: on the platform, in an organization, or in a group, each by its name."""

    value: Annotated[str, Meta(min_length=1, max_length=1000)]
    platform: PlatformRole | None = None
    organization: Text | None = None
    group: Text | None = None
    role: str | None = None

    def __post_init__(self) -> None:
        """Raise ``ValueError`` unless the rule names one object and a role that it has."""
        named = [name for name in (self.platform, self.organization, self.group) if name is not None]
        roles = _ROLES["organization" if self.organization else "group"]
        if len(named) != 1 or (self.role is None) != (self.platform is not None) or self.role not in {None, *roles}:
            raise ValueError("Expected `platform`, or `organization` or `group` with a `role` that it has")


_ROLES: Final[Mapping[str, tuple[str, ...]]] = {"organization": tuple(OrganizationRole), "group": GRANTABLE}


class ClientAuth(StrEnum):
    """How the service proves to the provider who it is."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"


class _Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider as the file has it, under its name."""

    title: Text | None = None
    issuer: Annotated[str, Meta(max_length=2048)]
    client_id: Annotated[str, Meta(min_length=1, max_length=1000)]
    client_secret_file: str | None = None
    client_auth: ClientAuth | None = None
    scopes: tuple[Scope, ...] = ()
    groups_claim: Text = "groups"
    roles: tuple[RoleRule, ...] = ()


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as it is used. ``title`` is what people read, ``secret`` is ``None`` for a client that has none."""

    name: str
    title: str
    issuer: str
    client_id: str
    client_auth: ClientAuth
    secret: str | None
    scopes: tuple[str, ...]
    groups_claim: str
    roles: tuple[RoleRule, ...]

    def __repr__(self) -> str:
        """Return the name only: the secret must not reach a log."""
        return f"Provider({self.name})"


Providers = Mapping[str, Provider]
"""The providers by name, in the order of the file."""


def read_providers(path: str | None, environ: Mapping[str, str]) -> Providers:
    """Return the providers in a file, none without one, with the secrets that stand elsewhere.

    The secret of the provider ``corporate-sso`` is the variable ``INTEGRATES_CLIENT_SECRET_CORPORATE_SSO``, else the content of
    its ``client_secret_file``. Raise :class:`BadSetting`, which shows no secret.
    """
    if path is None:
        return {}
    try:
        given = msgspec.toml.decode(Path(path).read_bytes(), type=dict[Name, _Given])
    except OSError as error:
        raise BadSetting(SETTING, f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSetting(SETTING, f"{path}: {error}") from error
    return {name: _provider(name, one, environ) for name, one in given.items()}


def _provider(name: str, given: _Given, environ: Mapping[str, str]) -> Provider:
    if name == LOCAL:
        raise BadSetting(SETTING, f"`{LOCAL}` is the login without a provider; give this one another name")
    if not is_trusted_url(given.issuer) or urlsplit(given.issuer).query:
        raise BadSetting(SETTING, f"{name}: `issuer` has to be an https address without query (http on loopback only)")
    secret = _secret(name, given, environ)
    if given.client_auth is not None and (given.client_auth is ClientAuth.NONE) != (secret is None):
        raise BadSetting(SETTING, f"{name}: `client_auth` does not fit: {variable(name)} is {'set' if secret else 'not set'}")
    return Provider(
        name=name,
        title=given.title or name,
        issuer=given.issuer,
        client_id=given.client_id,
        client_auth=given.client_auth or (ClientAuth.BASIC if secret else ClientAuth.NONE),
        secret=secret,
        scopes=tuple(dict.fromkeys((*SCOPES, *given.scopes))),
        groups_claim=given.groups_claim,
        roles=given.roles,
    )


def variable(name: str) -> str:
    """Return the environment variable with the secret of a provider."""
    return SECRET_PREFIX + name.upper().replace("-", "_")


def is_trusted_url(url: str) -> bool:
    """Return whether nobody on the way can read or change what is sent to the address: https, or http to this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    is_plain = parts.username is None and parts.password is None and not parts.fragment and url.isprintable()
    return bool(host) and is_plain and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def _secret(name: str, given: _Given, environ: Mapping[str, str]) -> str | None:
    if variable(name) in environ:
        return environ[variable(name)].strip() or None
    if given.client_secret_file is None:
        return None
    try:
        return Path(given.client_secret_file).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(SETTING, f"{name}: `client_secret_file` cannot be read") from error
