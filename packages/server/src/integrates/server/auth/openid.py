"""The protocol of OpenID Connect: Authlib builds the requests and checks the claims, joserfc the signatures.

What both are used for, and what not, stands in ``docs/decisions/0039-authlib.md``.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExceededSizeError, JoseError

from integrates.db_model.values.instant import SKEW
from integrates.server.auth.attempt import Attempt
from integrates.server.auth.discovery import Directory, Metadata, SigningKey, metadata_of, signing_keys
from integrates.server.auth.fetch import Faulty, decoded, fetch, fetch_json
from integrates.server.auth.identity import Claims, is_enough, merged
from integrates.server.auth.provider import Provider
from integrates.server.auth.signature import header_of

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that count: those with a public key. ``none`` and those with the secret of the client do not."""
_FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


class RefusedError(Exception):
    """What came back from a login does not hold. ``reason`` says why, without anything that came."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None


async def authorization_address(directory: Directory, provider: Provider, attempt: Attempt, redirect_uri: str) -> str:
    """Return the address at the provider to which the browser goes to log in. Raise :class:`Faulty`."""
    metadata = await metadata_of(directory, provider)
    client = OAuth2Client(
        None,
        client_id=provider.client_id,
        scope=" ".join(provider.scopes),
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
    )
    address, _ = client.create_authorization_url(
        metadata.authorization_endpoint, state=attempt.state, code_verifier=attempt.verifier, nonce=attempt.nonce
    )
    return str(address)


async def claims_of(
    directory: Directory, provider: Provider, attempt: Attempt, code: str, redirect_uri: str, now: datetime
) -> Claims:
    """Return what the provider tells of the person to whom it gave a code.

    Raise :class:`RefusedError` when it does not know the code or the token does not hold, :class:`Faulty` for other failures.
    """
    metadata = await metadata_of(directory, provider)
    tokens = await _exchanged(provider, metadata, attempt, code, redirect_uri)
    claims = await _verified(directory, provider, tokens, attempt.nonce, now)
    if metadata.userinfo_endpoint is None or is_enough(provider, claims):
        return claims
    bearer = {"authorization": f"Bearer {tokens.access_token}"}
    return merged(claims, await fetch_json(metadata.userinfo_endpoint, dict[str, Any], "user info", headers=bearer))


async def _exchanged(provider: Provider, metadata: Metadata, attempt: Attempt, code: str, redirect_uri: str) -> _Tokens:
    body = prepare_token_request("authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=attempt.verifier)
    prove = ClientAuth(provider.client_id, provider.secret, provider.client_auth.value)
    prepared = prove.prepare("POST", metadata.token_endpoint, dict(_FORM), body)  # type: ignore[no-untyped-call] # the stubs lack it
    address, headers, body = prepared
    answer = await fetch("POST", address, headers=headers, body=body)
    if answer.status == 400:  # noqa: PLR2004 -- so it says that the code, or the proof beside it, is not the one it gave
        raise RefusedError("the provider does not accept the code")
    return decoded(answer, _Tokens, "answer with tokens")


async def _verified(directory: Directory, provider: Provider, tokens: _Tokens, nonce: str, now: datetime) -> Claims:
    header = _header(tokens.id_token)
    for anew in (False, True):  # a key may also have been replaced under its old name
        for key in await signing_keys(directory, provider, header.kid, anew=anew):
            claims = _signed(tokens.id_token, header, key)
            if claims is not None:
                return _checked(provider, claims, header, tokens, nonce, now)
    raise RefusedError("the token is not signed by a key of the provider")


def _header(token: str) -> _Header:
    try:
        header = header_of(token, _Header)
    except (ValueError, RecursionError) as error:
        raise RefusedError("the token has another form than it has to have") from error
    if header.alg not in ALGORITHMS:
        raise RefusedError("the token is signed in a way that does not count")
    return header


def _signed(token: str, header: _Header, key: SigningKey) -> dict[str, Any] | None:
    try:
        return jwt.decode(token, key, algorithms=[header.alg]).claims
    except ExceededSizeError as error:
        raise Faulty("its token is larger than can be read") from error
    except (JoseError, ValueError, TypeError, RecursionError):
        return None


def _checked(provider: Provider, claims: dict[str, Any], header: _Header, tokens: _Tokens, nonce: str, now: datetime) -> Claims:
    required = {"iss": {"essential": True, "value": provider.issuer}, "aud": {"essential": True, "value": provider.client_id}}
    known = {"nonce": nonce, "client_id": provider.client_id, "access_token": tokens.access_token}
    token = CodeIDToken(claims, {"alg": header.alg}, required, known)
    try:
        token.validate(now=int(now.timestamp()), leeway=int(SKEW.total_seconds()))
    except (JoseError, ValueError, TypeError, OverflowError) as error:
        raise RefusedError(f"the token does not hold: {type(error).__name__}") from error
    return claims
