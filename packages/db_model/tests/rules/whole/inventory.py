"""Whole roots, findings and imports (E13): a row for each bad value of each member."""

from msgspec.structs import replace
from packages.db_model.tests.rules.whole.judge import state
from packages.db_model.tests.rules.whole.value import (
    ADA,
    AT,
    EVERY,
    HASH,
    ID,
    KEPT,
    LONG_ENOUGH,
    TENTH,
    V3,
    V4,
    Kind,
    Row,
    Take,
    below,
)

from integrates.db_model.decision_imports.types import DecisionFormat, DecisionImport, SuppressionsAs
from integrates.db_model.entity.types import Entity
from integrates.db_model.evidences.types import Evidence, EvidenceSlot, MediaType
from integrates.db_model.findings.types import (
    Finding,
    FindingDescription,
    FindingState,
    FindingStateStatus,
    RemovalJustification,
    ToolRule,
)
from integrates.db_model.imports.types import (
    Import,
    ImportArtifact,
    ImportFile,
    ImportFormat,
    ImportOptions,
    ImportProblem,
    ImportState,
    ImportStatus,
    ProblemCount,
)
from integrates.db_model.roots.git import branch, gitignore, normalised_git_url
from integrates.db_model.roots.types import DeactivationReason, GitLocation, GitRoot, RootInfo, RootState, RootStatus
from integrates.db_model.severities.rules import severity
from integrates.db_model.values import text as texts

ROOT = GitRoot(
    id=ID,
    group_name="webshop",
    organization_id=ID,
    location=GitLocation(url="https://git.example/shop", branch="main", gitignore=("dist/",)),
    info=RootInfo(nickname="shop"),
    state=RootState(status=RootStatus.ACTIVE, at=AT, by=ADA),
    **KEPT,
)
FINDING = Finding(
    id=ID,
    group_name="webshop",
    organization_id=ID,
    rule=ToolRule(tool="semgrep", rule_id="r" * 1000),
    description=FindingDescription(title="A weakness", description="What it is", cwe_ids=("CWE-79",), min_time_to_remediate=60),
    severity=severity(V4, V3, TENTH),
    evidences=(
        Evidence(
            slot=EvidenceSlot.RECORDS,
            description="What was got hold of",
            file_name=f"{ID}-records-{HASH[:8]}.csv",
            media_type=MediaType.CSV,
            size=1024 * 1024,
            sha256=HASH,
            at=AT,
            by=ADA,
        ),
    ),
    state=FindingState(status=FindingStateStatus.CREATED, at=AT, by=ADA),
    **KEPT,
)
IMPORT = Import(
    id=ID,
    group_name="webshop",
    organization_id=ID,
    root_id=ID,
    format=ImportFormat.SARIF,
    file=ImportFile(file_name="scan.sarif", sha256=HASH, size=1),
    options=ImportOptions(manifest="web/a.lock", strip_prefix="/src", add_prefix="app", category="nightly/", tool="lint"),
    artifact=ImportArtifact(name="docker.io/library/shop", tag="1.4", digest="sha256:" + "a1" * 32),
    problems=(ImportProblem(pointer="/runs/0/results/1", reason="bad_path", uri="../a.py"),),
    problem_counts=(ProblemCount(reason="bad_path", count=1),),
    state=ImportState(status=ImportStatus.RUNNING, at=AT, by="service:forces:webshop"),
    **KEPT,
)
COMPLETED = state(IMPORT, status=ImportStatus.COMPLETED)
DECISIONS = DecisionImport(
    id=ID,
    group_name="webshop",
    organization_id=ID,
    root_id=ID,
    format=DecisionFormat.OPENVEX,
    file=ImportFile(file_name="shop.openvex.json", sha256=HASH, size=1),
    state=ImportState(status=ImportStatus.RUNNING, at=AT, by=ADA),
    **KEPT,
)
DECIDED = state(DECISIONS, status=ImportStatus.COMPLETED)

GOOD: list[Entity] = [
    ROOT,
    state(ROOT, status=RootStatus.INACTIVE, reason=DeactivationReason.OUT_OF_SCOPE),
    state(ROOT, status=RootStatus.INACTIVE, reason=DeactivationReason.OTHER, other=LONG_ENOUGH),
    FINDING,
    replace(FINDING, rule=None, severity=None),
    state(FINDING, status=FindingStateStatus.DELETED, justification=RemovalJustification.DUPLICATED),
    state(FINDING, status=FindingStateStatus.DELETED, justification=RemovalJustification.EXCLUSION, keeps_claim=True),
    state(FINDING, status=FindingStateStatus.DELETED, justification=RemovalJustification.EXCLUSION),
    IMPORT,
    COMPLETED,
    state(IMPORT, status=ImportStatus.FAILED, reason="abandoned"),
    DECISIONS,
    DECIDED,
    replace(DECISIONS, root_id=None, dry_run=True, suppressions_as=SuppressionsAs.ZERO_RISK),
    state(DECISIONS, status=ImportStatus.FAILED, reason="abandoned"),
]

KINDS: list[tuple[Entity, list[Kind]]] = [
    (ROOT, [*EVERY, ("id", "ids"), ("organization_id", "ids"), ("group_name", "names"), ("state.by", "actors")]),
    (
        FINDING,
        [
            *EVERY,
            ("id", "ids"),
            ("organization_id", "ids"),
            ("group_name", "names"),
            ("rule.tool", "lines", 200),
            ("rule.rule_id", "lines", 1000),
            ("description.title", "lines", 200),
            ("description.description", "blocks", 20_000, 1),
            ("description.threat", "blocks", 20_000),
            ("description.attack_vector_description", "blocks", 20_000),
            ("description.recommendation", "blocks", 20_000),
            ("severity", "severities"),
            ("evidences.0.description", "blocks", 500),
            ("evidences.0.by", "actors"),
            ("release.released_at", "dates"),
            ("state.by", "actors"),
        ],
    ),
    (
        DECISIONS,
        [
            *EVERY,
            ("id", "ids"),
            ("organization_id", "ids"),
            ("root_id", "ids"),
            ("group_name", "names"),
            ("file.file_name", "lines", 255),
            ("file.sha256", "hashes"),
            ("file.size", "numbers", 0, 20 * 1024 * 1024),
            ("state.by", "actors"),
            ("state.at", "dates"),
        ],
    ),
    (
        IMPORT,
        [
            *EVERY,
            ("id", "ids"),
            ("organization_id", "ids"),
            ("root_id", "ids"),
            ("group_name", "names"),
            ("file.file_name", "lines", 255),
            ("file.sha256", "hashes"),
            ("file.size", "numbers", 0, 20 * 1024 * 1024),
            ("options.strip_prefix", "lines", 1000),
            ("options.add_prefix", "lines", 1000),
            ("options.category", "lines", 200, 0),
            ("options.tool", "lines", 200),
            ("problem_counts.0.count", "numbers", 1, 1_000_000_000),
            ("state.by", "actors"),
        ],
    ),
]
ROWS: list[tuple[Entity, list[Row]]] = [
    (
        ROOT,
        [
            *below(
                "location.url",
                ("HTTP://user:secret@git.example/shop", "bad_format"),
                ("https://user:secret@git.example/shop", "not_canonical"),
                ("HTTPS://Git.Example/shop", "not_canonical"),
                ("https://git.example/shop.git", "not_canonical"),
                ("", "required"),
            ),
            *below("location.branch", ("-rf", "bad_format"), ("a..b", "bad_format"), ("a b", "bad_characters")),
            ("location.gitignore", ("a", "**"), "bad_exclusion", "location.gitignore.1"),
            *below("location.gitignore", (("a",) * 51, "too_many_items"), ("dist/", "wrong_type")),
            *below("info.nickname", ("=cmd()", "bad_characters"), (".a", "bad_format"), ("a" * 129, "too_long")),
            *below("info.criticality", ("LOW", "wrong_type"), (None, "wrong_type")),
            *below("state.reason", (DeactivationReason.OTHER, "inconsistent"), ("OTHER", "wrong_type")),
            *below("state.other", ("short", "too_short"), (LONG_ENOUGH, "inconsistent")),
            ("state.status", RootStatus.INACTIVE, "required", "state.reason"),
        ],
    ),
    (
        state(ROOT, status=RootStatus.INACTIVE, reason=DeactivationReason.OUT_OF_SCOPE),
        [
            ("state.reason", DeactivationReason.OTHER, "required", "state.other"),
            ("state.reason", None, "required", "state.reason"),
            ("state.other", LONG_ENOUGH, "inconsistent", "state.other"),
        ],
    ),
    (
        FINDING,
        [
            *below("description.title", ("=cmd()", "bad_format"), ("ab", "too_short")),
            *below("description.threat", (None, "wrong_type")),
            *below("description.cwe_ids", (("CWE-79", "CWE-79"), "not_canonical"), (("CWE-079",), "not_canonical")),
            ("description.cwe_ids", ("cwe-79",), "bad_characters", "description.cwe_ids.0"),
            *below("description.min_time_to_remediate", (0, "out_of_range"), (-1, "out_of_range"), (1.5, "wrong_type")),
            *below("state.justification", (RemovalJustification.DUPLICATED, "inconsistent"), ("DUPLICATED", "wrong_type")),
            ("state.status", FindingStateStatus.DELETED, "required", "state.justification"),
            *below("evidences.0.slot", (EvidenceSlot.IMAGE_1, "inconsistent"), ("RECORDS", "wrong_type")),
            *below("evidences.0.size", (0, "out_of_range"), (20 * 1024 * 1024 + 1, "out_of_range")),
            ("evidences.0.size", 1024 * 1024 + 1, "file_too_large", "evidences.0.size"),
            *below("evidences.0.sha256", ("0" * 63, "bad_format")),
            *below("evidences.0.file_name", ("evil.csv", "inconsistent"), ("", "required")),
            *below("evidences.0.media_type", (MediaType.ZIP, "bad_file_type"), ("text/csv", "wrong_type")),
            *below("evidences", ([], "wrong_type")),
            *below("state.keeps_claim", (True, "inconsistent"), (1, "wrong_type")),
        ],
    ),
    (
        IMPORT,
        [
            *below("format", ("SARIF", "wrong_type")),
            *below("options.close_missing", (None, "wrong_type")),
            *below("options.technique", ("SAST", "wrong_type")),
            *below("problems", ((IMPORT.problems * 101), "too_many_items"), ([], "wrong_type")),
            ("problems", (ImportProblem(pointer="/", reason="Bad!"),), "bad_format", "problems.0.reason"),
            ("problems", (ImportProblem(pointer="\x00", reason="bad"),), "bad_characters", "problems.0.pointer"),
            ("problems", ("bad",), "wrong_type", "problems.0"),
            *below("state.reason", ("abandoned", "inconsistent"), ("Because!", "bad_format"), ("a" * 101, "too_long")),
        ],
    ),
    (COMPLETED, [("state.status", ImportStatus.FAILED, "required", "state.reason")]),
    (
        DECISIONS,
        [
            *below("format", ("OPENVEX", "wrong_type")),
            *below("suppressions_as", ("ACCEPTANCE", "wrong_type")),
            *below("dry_run", (None, "wrong_type")),
            *below("state.reason", ("abandoned", "inconsistent"), ("Because!", "bad_format"), ("a" * 101, "too_long")),
        ],
    ),
    (DECIDED, [("state.status", ImportStatus.FAILED, "required", "state.reason")]),
]
TAKEN: list[tuple[Entity, str, Take]] = [
    (ROOT, "id", texts.identifier),
    (ROOT, "location.url", normalised_git_url),
    (ROOT, "location.branch", branch),
    (ROOT, "info.nickname", texts.nickname),
    (ROOT, "location.gitignore", lambda text, path: gitignore((text,), path)),
    (FINDING, "rule.tool", texts.tool_name),
    (FINDING, "rule.rule_id", texts.rule_id),
    (FINDING, "description.title", texts.title),
    (FINDING, "description.description", texts.finding_description),
    (FINDING, "description.threat", texts.finding_text),
    (FINDING, "description.cwe_ids", lambda text, path: texts.cwe_ids((text,), path)),
    (IMPORT, "file.file_name", texts.file_name),
    (IMPORT, "options.strip_prefix", texts.prefix),
]
