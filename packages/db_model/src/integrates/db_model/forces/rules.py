"""What an execution of the gate may hold, and what a caller may ask for (domain sections 2, 3 and 9)."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Final

from msgspec import Struct

from integrates.db_model.entity.rules import ENTITY, MAX_COUNT
from integrates.db_model.errors import AlreadyExists, Reason, Rejected
from integrates.db_model.evidences.content import text_of
from integrates.db_model.files.moment import moment_text
from integrates.db_model.forces.gate import MAX_BLOCKING, exit_code
from integrates.db_model.forces.types import (
    ForcesExecution,
    ForcesKind,
    ForcesLog,
    GateRequest,
    GitFacts,
    Strictness,
)
from integrates.db_model.policies.rules import RANGES
from integrates.db_model.severities.rules import given_score, stored_score
from integrates.db_model.values.check import Arguments, as_given, distinct, number, one_of, remembered, whole_of
from integrates.db_model.values.text import digest, identifier, name, nickname, one_line, shaped

MAX_LOG: Final = 5 * 1024 * 1024
"""Most bytes of a log."""
FOLDER: Final = "executions/"
"""What the keys of all logs begin with."""
MAX_FACT: Final = 500
"""Most characters of what a caller says of the build."""
_GRACE: Final = number(*RANGES["vulnerability_grace_period"])
_DEBT: Final = number(*RANGES["days_until_it_breaks"])
_COUNT: Final = number(0, MAX_COUNT)


class GivenExecution(Struct, frozen=True, kw_only=True):
    """The checked arguments of an execution; ``log`` are the bytes of a text in UTF-8."""

    id: str
    strictness: Strictness
    kind: ForcesKind = ForcesKind.ALL
    root_nickname: str | None = None
    severity_threshold: Decimal | None = None
    grace_period: int | None = None
    git_repo: str | None = None
    git_branch: str | None = None
    git_commit: str | None = None
    git_origin: str | None = None
    log: bytes | None = None


def execution_id(value: str, path: Sequence[str]) -> str:
    """Return the id that a caller gives an execution."""
    text = one_line(value, path, low=8, high=64)
    return shaped(text, path, "[A-Za-z0-9-]", "[A-Za-z0-9-]{8,64}")


def _fact(value: str, path: Sequence[str]) -> str:
    return one_line(value, path, low=0, high=MAX_FACT)


def _log(value: bytes, path: Sequence[str]) -> bytes:
    """Return a log. Raise ``Rejected`` (``file_too_large``, ``bad_file_type``); an empty one is a text, too."""
    if len(value) > MAX_LOG:
        raise Rejected(Reason.FILE_TOO_LARGE, path, f"{len(value):,} bytes, at most {MAX_LOG:,}")
    if value and text_of(value) is None:
        raise Rejected(Reason.BAD_FILE_TYPE, path, "text in UTF-8")
    return value


ARGUMENTS: Final = Arguments(
    GivenExecution,
    {
        "id": execution_id,
        "strictness": one_of(Strictness),
        "kind": one_of(ForcesKind),
        "root_nickname": as_given,
        "severity_threshold": given_score,
        "grace_period": _GRACE,
        "git_repo": _fact,
        "git_branch": _fact,
        "git_commit": _fact,
        "git_origin": _fact,
        "log": _log,
    },
)
"""What an execution is given. Whether there is a root of that nickname is another question."""

_FIELDS: Final = whole_of(
    ForcesExecution,
    {
        **ENTITY,
        "id": execution_id,
        "group_name": remembered(name),
        "organization_id": remembered(identifier),
        "root_id": remembered(identifier),
        "git.repo": _fact,
        "git.branch": _fact,
        "git.commit": _fact,
        "git.origin": _fact,
        "asked.root_nickname": nickname,
        "asked.severity_threshold": stored_score,
        "asked.grace_period": _GRACE,
        "policy.severity_threshold": stored_score,
        "policy.grace_period": _GRACE,
        "policy.days_until_it_breaks": _DEBT,
        "counts.accepted": _COUNT,
        "counts.suppressed": _COUNT,
        "counts.below_threshold": _COUNT,
        "counts.in_grace": _COUNT,
        "counts.technical_debt": _COUNT,
        "counts.blocking": _COUNT,
        "counts.closed": _COUNT,
        "blocking": lambda value, path: distinct(value, path, identifier, MAX_BLOCKING),
        "exit_code": number(0, 1),
        "log.sha256": digest,
        "log.size": number(0, MAX_LOG),
    },
)


def whole(execution: ForcesExecution) -> Iterator[Rejected]:
    """Yield each refusal of an execution (E13)."""
    refused = _FIELDS(execution)
    yield from refused or _relations(execution)


def _relations(execution: ForcesExecution) -> Iterator[Rejected]:
    asked, policy, counts = execution.asked, execution.policy, execution.counts
    if (asked.root_nickname is None) != (execution.root_id is None):
        yield Rejected(Reason.INCONSISTENT, ("root_id",))
    if asked.severity_threshold is not None and policy.severity_threshold > asked.severity_threshold:
        yield Rejected(Reason.INCONSISTENT, ("policy", "severity_threshold"))
    if asked.grace_period is not None and policy.grace_period > asked.grace_period:
        yield Rejected(Reason.INCONSISTENT, ("policy", "grace_period"))
    if policy.days_until_it_breaks is not None and policy.days_until_it_breaks <= policy.grace_period:
        yield Rejected(Reason.DEBT_BEFORE_GRACE, ("policy", "days_until_it_breaks"))
    if len(execution.blocking) != min(counts.blocking, MAX_BLOCKING):
        yield Rejected(Reason.INCONSISTENT, ("blocking",))
    if execution.exit_code != exit_code(execution.strictness, counts):
        yield Rejected(Reason.INCONSISTENT, ("exit_code",))


def git_of(given: GivenExecution) -> GitFacts:
    """Return what the caller says of the build. An empty text says nothing."""
    return GitFacts(
        repo=given.git_repo or None,
        branch=given.git_branch or None,
        commit=given.git_commit or None,
        origin=given.git_origin or None,
    )


def request_of(given: GivenExecution) -> GateRequest:
    """Return what the caller asks for."""
    return GateRequest(
        root_nickname=given.root_nickname,
        severity_threshold=given.severity_threshold,
        grace_period=given.grace_period,
    )


def log_of(given: GivenExecution) -> ForcesLog | None:
    """Return what is known of the log that the caller sends."""
    return None if given.log is None else ForcesLog(sha256=sha256(given.log).hexdigest(), size=len(given.log))


def repeated_call(known: ForcesExecution, given: GivenExecution) -> ForcesExecution:
    """Return what is stored under an id when it comes from the same arguments. Raise ``AlreadyExists`` (``id_used``) else."""
    own = (known.strictness, known.kind, known.asked, known.git, known.log)
    if own != (given.strictness, given.kind, request_of(given), git_of(given), log_of(given)):
        raise AlreadyExists(Reason.ID_USED, ("id",), known.id)
    return known


def log_key(execution: ForcesExecution) -> str | None:
    """Return the key of the log in the file store; ``None`` without one. Each call that brings a log has a key of its own."""
    log = execution.log
    if log is None:
        return None
    return f"{FOLDER}{execution.group_name}/{execution.id}/{moment_text(execution.execution_date)}-{log.sha256}"
