"""The vulnerability entity."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity
from integrates.db_model.findings.types import RemovalJustification
from integrates.db_model.severities.types import Severity


class VulnerabilityType(StrEnum):
    """What ``where`` and ``specific`` mean."""

    INPUTS = "INPUTS"
    LINES = "LINES"
    PACKAGES = "PACKAGES"
    PORTS = "PORTS"


class Technique(StrEnum):
    """How the vulnerability was found."""

    CLOUD = "CLOUD"
    CSPM = "CSPM"
    DAST = "DAST"
    MPT = "MPT"
    RE = "RE"
    SAST = "SAST"
    SCA = "SCA"
    SCR = "SCR"


class Source(StrEnum):
    """Who found the vulnerability."""

    ANALYST = "ANALYST"
    CUSTOMER = "CUSTOMER"
    ESCAPE = "ESCAPE"
    MACHINE = "MACHINE"


class VulnerabilityStatus(StrEnum):
    """Life-cycle state (domain section 4.2)."""

    DELETED = "DELETED"
    REJECTED = "REJECTED"
    SAFE = "SAFE"
    SUBMITTED = "SUBMITTED"
    VULNERABLE = "VULNERABLE"


class RejectionReason(StrEnum):
    """Why a submitted vulnerability was rejected."""

    CONSISTENCY = "CONSISTENCY"
    EVIDENCE = "EVIDENCE"
    NAMING = "NAMING"
    OMISSION = "OMISSION"
    OTHER = "OTHER"
    SCORING = "SCORING"
    WRITING = "WRITING"


class ClosingReason(StrEnum):
    """Why a vulnerability became SAFE."""

    NOT_REPORTED = "NOT_REPORTED"
    VERIFIED = "VERIFIED"


class TreatmentStatus(StrEnum):
    """What is being done about the vulnerability."""

    ACCEPTED = "ACCEPTED"
    ACCEPTED_UNDEFINED = "ACCEPTED_UNDEFINED"
    IN_PROGRESS = "IN_PROGRESS"
    UNTREATED = "UNTREATED"


class AcceptanceStatus(StrEnum):
    """How far a request for permanent acceptance has come."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    SUBMITTED = "SUBMITTED"


class VerificationStatus(StrEnum):
    """How far a request for checking again has come."""

    ON_HOLD = "ON_HOLD"
    REQUESTED = "REQUESTED"
    VERIFIED = "VERIFIED"


class ZeroRiskStatus(StrEnum):
    """How far a claim that there is no risk has come; CONFIRMED hides the vulnerability."""

    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    REQUESTED = "REQUESTED"


class VexJustification(StrEnum):
    """Why a product is not affected, in the words of VEX documents."""

    COMPONENT_NOT_PRESENT = "COMPONENT_NOT_PRESENT"
    INLINE_MITIGATIONS_ALREADY_EXIST = "INLINE_MITIGATIONS_ALREADY_EXIST"
    VULNERABLE_CODE_CANNOT_BE_CONTROLLED_BY_ADVERSARY = "VULNERABLE_CODE_CANNOT_BE_CONTROLLED_BY_ADVERSARY"
    VULNERABLE_CODE_NOT_IN_EXECUTE_PATH = "VULNERABLE_CODE_NOT_IN_EXECUTE_PATH"
    VULNERABLE_CODE_NOT_PRESENT = "VULNERABLE_CODE_NOT_PRESENT"


class VulnerabilityLocation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where the weakness is: path and line, url and field, host and port, or path and package (``name@version``)."""

    where: str
    specific: str
    commit: str | None = None
    snippet: str | None = None
    detail: str | None = None


class Suppression(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a person wrote into the scanned source, or into the tool, to say that a result does not count."""

    kind: str
    justification: str | None = None


class SeriesSuppression(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A suppression that the scans of one category report."""

    category: str
    kind: str
    justification: str | None = None


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What tells apart results of one rule at one place, most telling first; texts as SHA-256."""

    logical: str | None = None
    location_message: str | None = None
    start_column: int | None = None
    char_offset: int | None = None
    byte_offset: int | None = None
    message: str | None = None


class Tool(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which tool and rule reported the vulnerability, in scans of which categories, and the tool's own identity of it.

    The first of the ``categories`` is that of the series that noted it first, as long as it does.
    """

    name: str
    categories: tuple[str, ...]
    rule_id: str
    fingerprint: str | None = None
    mark: Mark = Mark()
    suppressions: tuple[SeriesSuppression, ...] = ()


class MatchBy(StrEnum):
    """By what a result was recognised as one of a vulnerability."""

    ALIGNED = "ALIGNED"
    FINGERPRINT = "FINGERPRINT"
    FINGERPRINT_ELSEWHERE = "FINGERPRINT_ELSEWHERE"
    NEW = "NEW"
    PLACE = "PLACE"
    SNIPPET = "SNIPPET"


class Match(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The import that last changed the vulnerability, and by what it recognised it."""

    import_id: str
    by: MatchBy


class Fix(StrEnum):
    """Whether a version of the package without the weakness exists."""

    AVAILABLE = "AVAILABLE"
    NONE = "NONE"
    UNKNOWN = "UNKNOWN"
    WONT_FIX = "WONT_FIX"


class Relation(StrEnum):
    """Whether the package is asked for itself, or by another package."""

    DIRECT = "DIRECT"
    TRANSITIVE = "TRANSITIVE"
    UNKNOWN = "UNKNOWN"


class Use(StrEnum):
    """What the package is needed for."""

    DEVELOPMENT = "DEVELOPMENT"
    PRODUCTION = "PRODUCTION"
    UNKNOWN = "UNKNOWN"


class Advisory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The published advisory of a vulnerable package (domain section 18).

    ``id`` is the one of its names that stands for it, ``cve`` are all CVEs among them, ``aliases`` all other names. A version
    that is not known is an empty text. ``fixed_version`` holds several joined by comma and blank.
    """

    id: str
    cve: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    package: str
    vulnerable_version: str
    purl: str | None = None
    fixed_version: str | None = None
    fix: Fix = Fix.UNKNOWN
    relation: Relation = Relation.UNKNOWN
    use: Use = Use.UNKNOWN


class Labels(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What people attach to the vulnerability."""

    tags: tuple[str, ...] = ()
    bug_tracking_system_url: str | None = None


class VulnerabilityState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Life-cycle state; the reasons belong to REJECTED, SAFE and DELETED respectively.

    ``comments`` say why a person reopened it. ``keeps_claim`` says of a removed one that imports still ignore its place.
    """

    status: VulnerabilityStatus
    at: datetime
    by: str
    rejection_reasons: tuple[RejectionReason, ...] = ()
    other: str | None = None
    closing_reason: ClosingReason | None = None
    justification: RemovalJustification | None = None
    keeps_claim: bool = False
    comments: str | None = None


class PreviousTreatment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The treatment that comes back when a request for permanent acceptance is rejected."""

    status: TreatmentStatus
    acceptance_status: AcceptanceStatus | None = None
    accepted_until: datetime | None = None
    justification: str | None = None
    assigned: str | None = None
    requested_by: str | None = None
    policy_id: str | None = None
    at: datetime
    by: str


class Treatment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The treatment in force (domain section 4.3)."""

    status: TreatmentStatus
    acceptance_status: AcceptanceStatus | None = None
    accepted_until: datetime | None = None
    justification: str | None = None
    assigned: str | None = None
    requested_by: str | None = None
    policy_id: str | None = None
    previous: PreviousTreatment | None = None
    at: datetime
    by: str


class Verification(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last request to check again; ``event_id`` while ON_HOLD."""

    status: VerificationStatus
    event_id: str | None = None
    justification: str | None = None
    at: datetime
    by: str


class ZeroRisk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last claim that there is no risk; ``vex_justification`` is that of the claim, also once it is answered."""

    status: ZeroRiskStatus
    justification: str | None = None
    vex_justification: VexJustification | None = None
    requested_by: str | None = None
    at: datetime
    by: str


class Cycle(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Dates and numbers of the life cycle. ``temporary_acceptances`` never falls."""

    reported_at: datetime | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    cycles: int = 0
    temporary_acceptances: int = 0


class Vulnerability(Entity, frozen=True, kw_only=True):
    """One location where a finding occurs.

    ``identity`` is the hash that it claimed when it was first stored (domain section 4.1). ``number`` tells it from others that
    were reported at the same location or with the same fingerprint.
    """

    id: str
    finding_id: str
    group_name: str
    organization_id: str
    root_id: str
    number: int = 1
    identity: str = ""
    type: VulnerabilityType
    technique: Technique
    source: Source
    location: VulnerabilityLocation
    tool: Tool | None = None
    match: Match | None = None
    advisory: Advisory | None = None
    severity: Severity | None = None
    labels: Labels = Labels()
    state: VulnerabilityState
    treatment: Treatment
    verification: Verification | None = None
    zero_risk: ZeroRisk | None = None
    cycle: Cycle = Cycle()
