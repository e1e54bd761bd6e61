"""Links of invitations: signed statements about an invitation, each good for one answer of one person (domain section 10.2)."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from integrates.db_model.access.answer import Link
from integrates.db_model.access.types import GroupAccess, OrganizationAccess
from integrates.db_model.tokens.rules import hash_jti
from integrates.server.auth.secret import Keys
from integrates.server.auth.signature import ISSUER, Statement, read_statement, sign

AUDIENCE: Final = "integrates-invitation"
PATH: Final = "/invitations"
"""Where invitations are shown and answered; the token follows."""


class InvitationClaims(Statement, frozen=True, forbid_unknown_fields=True):
    """The claims of a link: ``sub`` is the invited e-mail, ``jti`` the organization's id or the group's name and a secret."""

    jti: Annotated[str, Meta(pattern=r"^[a-z0-9-]{4,40}\.[A-Za-z0-9_-]{43}$")]


def link_of(claims: InvitationClaims) -> Link:
    """Return what the model has to know of a link in order to find its invitation."""
    return Link(email=claims.sub, target=claims.jti.partition(".")[0], jti_hash=hash_jti(claims.jti))


def sign_invitation(keys: Keys, access: OrganizationAccess | GroupAccess, jti: str) -> str:
    """Return the JWT that proves possession of ``jti``, for the link to the open invitation of an access.

    Raise ``ValueError`` when there is none.
    """
    offered = access.invitation
    if offered is None:
        raise ValueError("the access has no invitation")
    claims = InvitationClaims(
        iss=ISSUER,
        aud=AUDIENCE,
        sub=access.email,
        jti=jti,
        iat=int(offered.sent_at.timestamp()),
        exp=int(offered.expires_at.timestamp()),
    )
    return sign(keys, claims)


def invitation_url(keys: Keys, origin: str, access: OrganizationAccess | GroupAccess, jti: str) -> str:
    """Return the link to the open invitation of an access, at the origin of this server."""
    return f"{origin}{PATH}/{sign_invitation(keys, access, jti)}"


def read_invitation(keys: Keys, text: str, now: datetime) -> InvitationClaims | None:
    """Return the claims of a link of ours; ``None`` for any defect of form, algorithm, key, signature, claims or dates.

    Whether the invitation is still open, only the store tells: see :func:`integrates.db_model.access.answer.offer`.
    """
    claims = read_statement(keys, text, InvitationClaims, now)
    return claims if claims and claims.aud == AUDIENCE else None
