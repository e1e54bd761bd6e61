"""The identity of a vulnerability: what makes two reports the same vulnerability (domain section 4.1).

Only a tool's fingerprint takes the place of the place. Imports give fingerprints to vulnerabilities of source MACHINE alone
(``rules.moved``, ``rules.remarked``), so one that a person reported is identified by its place, and stays so however often an
import sees it again.
"""

from hashlib import sha256
from typing import Final

import msgspec

from integrates.db_model.vulnerabilities.types import Vulnerability, VulnerabilityLocation, VulnerabilityType

_FINGERPRINT: Final = "fp"


def identity(
    root_id: str, finding_id: str, kind: VulnerabilityType, location: VulnerabilityLocation, fingerprint: str | None
) -> str:
    """Return the identity key: the SHA-256 in hex of the JSON list of what identifies, without blanks, in UTF-8."""
    place = (_FINGERPRINT, fingerprint) if fingerprint else (location.where, location.specific)
    return sha256(msgspec.json.encode((root_id, finding_id, kind.value, *place))).hexdigest()


def identity_of(vulnerability: Vulnerability) -> str:
    """Return the identity key that the vulnerability claims now."""
    fingerprint = vulnerability.tool.fingerprint if vulnerability.tool else None
    return identity(vulnerability.root_id, vulnerability.finding_id, vulnerability.type, vulnerability.location, fingerprint)
