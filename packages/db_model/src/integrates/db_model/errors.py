"""The errors of the model and its stores. They carry data; texts for people are made at the edge that shows them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

FailureReason: TypeAlias = Literal["exists", "missing", "stale", "out_of_bounds"]
Side: TypeAlias = Literal["low", "high"]


class Failure(msgspec.Struct, frozen=True):
    """Why one change of a write was refused.

    ``position`` counts from 0 in the order of the write. ``version`` is the stored item's version where it is known
    (``exists`` and ``stale``), else ``None``. ``attribute`` is the number that an addition would take out of
    its bounds (``out_of_bounds``), and ``bound`` the bound that it would pass, ``None`` when it is no number at all.
    """

    position: int
    reason: FailureReason
    version: int | None = None
    bound: Side | None = None
    attribute: str | None = None


class IntegratesError(Exception):
    """The root of all errors that this package raises on purpose."""


class StoreError(IntegratesError):
    """An error of the store port."""


class Conflict(StoreError):
    """The expectation of at least one change of a write did not hold; nothing was written."""

    def __init__(self, failed: Sequence[Failure]) -> None:
        super().__init__(failed)
        self.failed = tuple(failed)


class InvalidCursor(StoreError):
    """The cursor is damaged, of another version or belongs to another query."""


class LimitExceeded(StoreError):
    """A limit of the port would be exceeded; nothing was written. ``limit`` names it, e.g. ``item_bytes``.

    ``position`` is the position in the write of the change that exceeds the limit; ``None`` where it is a limit of the whole
    write or of something else.
    """

    def __init__(self, limit: str, actual: int, allowed: int, position: int | None = None) -> None:
        super().__init__(limit, actual, allowed, position)
        self.limit = limit
        self.actual = actual
        self.allowed = allowed
        self.position = position


class Unavailable(StoreError):
    """The store did not answer in time, after all retries. A write may or may not have been done."""


class Unfit(StoreError):
    """The store cannot be used: a missing table or index, another schema version, wrong credentials, a damaged file.

    Trying again does not help. ``reason`` tells the operator what is wrong.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Gone(Unfit):
    """The store that was open is no longer what it was: its file was removed, replaced, damaged or changed by others.

    Nothing was acknowledged that is not in the store. That is so for good: each later call fails in the same way, whatever is
    done to the file, until the store is opened again.
    """


class ModelError(IntegratesError):
    """An error of the entity layer."""


class NotFound(ModelError):
    """The entity does not exist, or was removed.

    ``identity`` is its id as people know it: of an access the e-mail of the person, of a file its key. ``path`` names the
    argument that leads to it, where it is one.
    """

    def __init__(self, facet: str, identity: str, path: Sequence[str] = ()) -> None:
        super().__init__(facet, identity, tuple(path))
        self.facet = facet
        self.identity = identity
        self.path = tuple(path)


class Stale(ModelError):
    """The entity changed since it was read; nothing was written. ``current`` is its version now."""

    def __init__(self, facet: str, identity: str, current: int | None) -> None:
        super().__init__(facet, identity, current)
        self.facet = facet
        self.identity = identity
        self.current = current


class Raced(ModelError):
    """A parent, counter or claim changed while a change was being written. Nothing was written: decide again and repeat."""


class Reason(StrEnum):
    """Why a rule of the domain refuses something: one stable word for each reason, in the whole product."""

    # texts, numbers and lists
    REQUIRED = "required"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    BAD_CHARACTERS = "bad_characters"
    BAD_FORMAT = "bad_format"
    OUT_OF_RANGE = "out_of_range"
    TOO_MANY_ITEMS = "too_many_items"
    NOT_CANONICAL = "not_canonical"
    WRONG_TYPE = "wrong_type"
    IN_FUTURE = "in_future"
    BAD_VECTOR = "bad_vector"
    BAD_EXCLUSION = "bad_exclusion"
    # what does not go together
    INCONSISTENT = "inconsistent"
    NOT_FIRST = "not_first"
    FIXED = "fixed"
    WRONG_PARENT = "wrong_parent"
    SERVICE_ROLE = "service_role"
    ORGANIZATION_ONLY = "organization_only"
    LAST_MANAGER = "last_manager"
    NOT_EMPTY = "not_empty"
    HAS_GROUPS = "has_groups"
    RANGE_INVERTED = "range_inverted"
    DEBT_BEFORE_GRACE = "debt_before_grace"
    # objects
    NOT_FOUND = "not_found"
    UNKNOWN_PERSON = "unknown_person"
    NO_ROOT = "no_root"
    NO_TOKEN = "no_token"  # noqa: S105 -- the name of a reason, not a secret
    NAME_TAKEN = "name_taken"
    NICKNAME_TAKEN = "nickname_taken"
    LOCATION_TAKEN = "location_taken"
    TITLE_TAKEN = "title_taken"
    PLACE_REPORTED = "place_reported"
    ALREADY_MEMBER = "already_member"
    URL_TAKEN = "url_taken"
    ID_USED = "id_used"
    STALE_VERSION = "stale_version"
    CONCURRENT_CHANGE = "concurrent_change"
    OUTDATED_SERVICE = "outdated_service"
    UNAVAILABLE = "unavailable"
    # who may
    MISSING_PERMISSION = "missing_permission"
    SESSION_REQUIRED = "session_required"
    ASSIGN_OTHERS = "assign_others"
    OWN_ROLE = "own_role"
    ROLE_NOT_GRANTABLE = "role_not_grantable"
    # how many
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_MANY_TOKENS = "too_many_tokens"
    INVITED_TOO_SOON = "invited_too_soon"
    # about tokens, roots and files
    EXPIRY_OUT_OF_RANGE = "expiry_out_of_range"
    INACTIVE_ROOT = "inactive_root"
    WRONG_ROOT_KIND = "wrong_root_kind"
    HAS_VULNERABILITIES = "has_vulnerabilities"
    IMPORT_RUNNING = "import_running"
    ALREADY_RUNNING = "already_running"
    NOT_RUNNING = "not_running"
    BAD_FILE = "bad_file"
    NOTHING_PLACED = "nothing_placed"
    SEVERAL_TOOLS = "several_tools"
    UNKNOWN_FORMAT = "unknown_format"
    IS_DECISION = "is_decision"
    BAD_PATH = "bad_path"
    FILE_TOO_LARGE = "file_too_large"
    TOO_MANY_RESULTS = "too_many_results"
    # the life of a vulnerability, and what belongs to it
    NOT_VULNERABLE = "not_vulnerable"
    NOT_SAFE = "not_safe"
    NOT_SUBMITTED = "not_submitted"
    NOT_REJECTED = "not_rejected"
    NOT_RELEASED = "not_released"
    IS_SAFE = "is_safe"
    HIDDEN = "hidden"
    OUTSIDE_ROOT = "outside_root"
    NO_SEVERITY = "no_severity"
    NO_EVIDENCE = "no_evidence"
    ALREADY_REQUESTED = "already_requested"
    ALREADY_CONFIRMED = "already_confirmed"
    NOT_REQUESTED = "not_requested"
    OWN_REQUEST = "own_request"
    IN_BOTH_LISTS = "in_both_lists"
    ACCEPTANCE_TOO_LONG = "acceptance_too_long"
    ACCEPTANCE_DATE_PAST = "acceptance_date_past"
    SEVERITY_OUT_OF_POLICY = "severity_out_of_policy"
    BAD_ASSIGNED = "bad_assigned"
    TOO_MANY_ACCEPTANCES = "too_many_acceptances"
    EVENT_SOLVED = "event_solved"
    REASON_NOT_ALLOWED = "reason_not_allowed"
    TOO_MANY_HELD = "too_many_held"
    DRAFT_FINDING = "draft_finding"
    NO_PARENT = "no_parent"
    NOT_APPROVED = "not_approved"
    ALREADY_ACTIVE = "already_active"
    BAD_FILE_TYPE = "bad_file_type"
    EMPTY_SLOT = "empty_slot"


class Rejected(ModelError):
    """A rule of the domain refuses a value.

    ``path`` leads to it, in snake_case, from the arguments or from the entity: ``("info", "nickname")``. ``detail`` is a phrase
    for people that says more than the reason, such as the limit: ``at most 40 characters``. It may be empty.
    """

    def __init__(self, reason: Reason, path: Sequence[str] = (), detail: str = "") -> None:
        super().__init__(reason, tuple(path), detail)
        self.reason = reason
        self.path = tuple(path)
        self.detail = detail

    def __str__(self) -> str:
        path = f" ({'.'.join(self.path)})" if self.path else ""
        return f"{self.reason}{path} {self.detail}".rstrip()


class AlreadyExists(Rejected):
    """Another entity holds a value that may stand only once. ``owner`` is its id, empty where it is not known."""

    def __init__(self, reason: Reason, path: Sequence[str] = (), owner: str = "") -> None:
        super().__init__(reason, path)
        self.owner = owner


class Rejections(ModelError):
    """Several rules of one step refuse the values. ``refusals`` holds every one, in the order of the arguments."""

    def __init__(self, refusals: Sequence[Rejected]) -> None:
        super().__init__(tuple(refusals))
        self.refusals = tuple(refusals)

    def __str__(self) -> str:
        return ", ".join(map(str, self.refusals))


class Corrupt(ModelError):
    """A stored item is not what the model writes. It is never overwritten."""


class Outdated(ModelError):
    """A newer program wrote the item, under the schema number ``schema``. This program must not change it (E14)."""

    def __init__(self, facet: str, identity: str, schema: int) -> None:
        super().__init__(facet, identity, schema)
        self.facet = facet
        self.identity = identity
        self.schema = schema
