"""Whole executions of the gate (E13): a row for each bad value of each member."""

from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace
from packages.db_model.tests.rules.whole.value import AT, HASH, ID, KEPT, Kind, Row, Take, below

from integrates.db_model.entity.types import Entity
from integrates.db_model.forces.rules import execution_id
from integrates.db_model.forces.types import (
    ForcesExecution,
    ForcesKind,
    ForcesLog,
    GateCounts,
    GatePolicy,
    GateRequest,
    GitFacts,
    Strictness,
)

IDS = tuple(str(UUID(int=number, version=4)) for number in range(501))
EXECUTION = ForcesExecution(
    id="build-4711",
    group_name="webshop",
    organization_id=ID,
    root_id=ID,
    execution_date=AT,
    kind=ForcesKind.ALL,
    strictness=Strictness.STRICT,
    git=GitFacts(repo="shop", branch="main", commit="abc", origin="https://git.example/shop"),
    asked=GateRequest(root_nickname="backend", severity_threshold=Decimal("4.0"), grace_period=7),
    policy=GatePolicy(severity_threshold=Decimal("4.0"), grace_period=7, days_until_it_breaks=8),
    counts=GateCounts(blocking=2, closed=3),
    blocking=IDS[:2],
    exit_code=1,
    log=ForcesLog(sha256=HASH, size=5 * 1024 * 1024),
    **KEPT,
)
LAX = replace(EXECUTION, strictness=Strictness.LAX, exit_code=0)
MANY = replace(EXECUTION, counts=GateCounts(blocking=10_000), blocking=IDS[:500])
BARE = replace(
    EXECUTION,
    root_id=None,
    git=GitFacts(),
    asked=GateRequest(),
    policy=GatePolicy(severity_threshold=Decimal("0.0"), grace_period=0),
    counts=GateCounts(),
    blocking=(),
    exit_code=0,
    log=None,
)

GOOD: list[Entity] = [EXECUTION, LAX, MANY, BARE, replace(EXECUTION, id="x" * 8), replace(EXECUTION, id="X-" * 32)]
KINDS: list[tuple[Entity, list[Kind]]] = [
    (
        EXECUTION,
        [
            ("created_by", "actors"),
            ("created_at", "dates"),
            ("updated_at", "dates"),
            ("execution_date", "dates"),
            ("version", "numbers", 0, 1_000_000_000),
            ("schema", "numbers", 0, 1_000_000_000),
            ("organization_id", "ids"),
            ("root_id", "ids"),
            ("group_name", "names"),
            *((f"git.{name}", "lines", 500, 0) for name in ("repo", "branch", "commit", "origin")),
            ("asked.severity_threshold", "scores"),
            ("asked.grace_period", "numbers", 0, 999),
            ("policy.severity_threshold", "scores"),
            ("policy.grace_period", "numbers", 0, 999),
            ("policy.days_until_it_breaks", "numbers", 1, 999),
            *((f"counts.{name}", "numbers", 0, 1_000_000_000) for name in GateCounts.__struct_fields__),
            ("log.sha256", "hashes"),
            ("log.size", "numbers", 0, 5 * 1024 * 1024),
        ],
    ),
]
ROWS: list[tuple[Entity, list[Row]]] = [
    (
        EXECUTION,
        [
            *below("id", ("seven-7", "too_short"), ("x" * 65, "too_long"), ("build_4711", "bad_characters")),
            *below("id", ("build#4711", "bad_characters"), ("", "required"), (" build-4711", "not_canonical")),
            *below("id", (7, "wrong_type"), (None, "wrong_type")),
            *below("kind", ("ALL", "wrong_type"), (None, "wrong_type")),
            *below("strictness", ("STRICT", "wrong_type")),
            ("strictness", Strictness.LAX, "inconsistent", "exit_code"),
            *below("exit_code", (2, "out_of_range"), (-1, "out_of_range"), (True, "wrong_type"), (0, "inconsistent")),
            *below("root_id", (None, "inconsistent")),
            ("asked.root_nickname", None, "inconsistent", "root_id"),
            *below("asked.root_nickname", ("-x", "bad_format"), ("", "required"), ("a b", "bad_characters")),
            ("asked.severity_threshold", Decimal("3.9"), "inconsistent", "policy.severity_threshold"),
            ("asked.grace_period", 6, "inconsistent", "policy.grace_period"),
            *below("policy.days_until_it_breaks", (7, "debt_before_grace")),
            *below("policy.source_suppressions_pass", (0, "wrong_type"), (None, "wrong_type")),
            *below("blocking", (IDS[:1], "inconsistent"), (IDS[:3], "inconsistent"), ((), "inconsistent")),
            *below("blocking", (IDS[:1] * 2, "not_canonical"), (list(IDS[:2]), "wrong_type")),
            ("blocking", ("x", IDS[0]), "bad_characters", "blocking.0"),
            *below("log", ("text", "wrong_type")),
        ],
    ),
    (LAX, [*below("exit_code", (1, "inconsistent"))]),
    (MANY, [*below("blocking", (IDS, "too_many_items"), (IDS[:499], "inconsistent"))]),
    (BARE, [*below("exit_code", (1, "inconsistent")), ("counts.blocking", 1, "inconsistent", "blocking")]),
]
TAKEN: list[tuple[Entity, str, Take]] = [(EXECUTION, "id", execution_id)]
