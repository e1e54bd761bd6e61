"""What providers say of themselves: their addresses and the keys with which they sign, remembered for a while."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec
from cachetools import TTLCache
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from integrates.server.auth.fetch import Faulty, fetch_json
from integrates.server.auth.provider import Provider, is_trusted_url

REMEMBERED: Final = 3600.0
"""Seconds after which addresses and keys are asked for again. An unknown key is asked for at once."""
MAX_PROVIDERS: Final = 100
MAX_KEYS: Final = 100
_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_HTTPS: Final = "https://"

SigningKey: TypeAlias = RSAKey | ECKey


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of itself (OpenID Connect Discovery), as far as it is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class Directory(msgspec.Struct, frozen=True):
    """What is remembered of providers, by their names. ``new_directory`` makes one."""

    metadata: TTLCache[str, Metadata]
    keys: TTLCache[str, tuple[SigningKey, ...]]


def new_directory(seconds: Callable[[], float]) -> Directory:
    """Return a directory that knows nothing yet; ``seconds`` is a monotonic clock."""
    return Directory(TTLCache(MAX_PROVIDERS, REMEMBERED, seconds), TTLCache(MAX_PROVIDERS, REMEMBERED, seconds))


async def metadata_of(directory: Directory, provider: Provider) -> Metadata:
    """Return what a provider says of itself. Raise :class:`Faulty` when it does not, or says that it is somebody else."""
    known = directory.metadata.get(provider.name)
    if known is not None:
        return known
    found = await fetch_json(provider.issuer.removesuffix("/") + _WELL_KNOWN, Metadata, "description")
    if found.issuer != provider.issuer:
        raise Faulty("it calls itself by another `issuer` than the setting")
    addresses = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint)
    for address in addresses:
        if address is not None and not _is_as_safe(address, provider.issuer):
            raise Faulty("it names an address that is not https")
    directory.metadata[provider.name] = found
    return found


def _is_as_safe(address: str, issuer: str) -> bool:
    return is_trusted_url(address) and (address.startswith(_HTTPS) or not issuer.startswith(_HTTPS))


async def signing_keys(directory: Directory, provider: Provider, key_id: str | None, *, anew: bool) -> tuple[SigningKey, ...]:
    """Return the keys that may have signed what names this key, or no key.

    They are asked for ``anew``, or when none of the remembered ones is it: providers change their keys.
    """
    known = None if anew else directory.keys.get(provider.name)
    if known is None or not _fitting(known, key_id):
        metadata = await metadata_of(directory, provider)
        found = await fetch_json(metadata.jwks_uri, _KeySet, "key set")
        known = tuple(key for each in found.keys[:MAX_KEYS] if (key := _imported(each)))
        directory.keys[provider.name] = known
    return _fitting(known, key_id)


def _fitting(keys: tuple[SigningKey, ...], key_id: str | None) -> tuple[SigningKey, ...]:
    return keys if key_id is None else tuple(key for key in keys if key.kid == key_id)


def _imported(given: dict[str, Any]) -> SigningKey | None:
    """Return a public key for signatures; ``None`` for others, and for one that cannot be read, which spoils no other."""
    if given.get("kty") not in ("RSA", "EC") or given.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(given)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey) else None
