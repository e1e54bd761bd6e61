"""What of a file is stored: none of the secrets that it shows, and all that reading it again needs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages.api.tests.read.conftest import Example, make_file, make_result, make_run
from packages.api.tests.read.sample import sample

from integrates.api.imports.read.error import BadFile, TooLarge
from integrates.api.imports.read.reader import Options
from integrates.api.imports.read.redact import redacted
from integrates.api.imports.read.registry import read
from integrates.db_model.errors import Rejected
from integrates.db_model.imports.types import ImportFormat

LEAKED = "hunter2-is-no-password"
LEAK: Mapping[str, Any] = {
    "RuleID": "aws",
    "StartLine": 7,
    "Match": f"key = {LEAKED}",
    "Secret": LEAKED,
    "File": "conf/aws.tf",
    "Commit": "",
    "Tags": ["a"],
    "Entropy": 3.5464394,
}
TRIVY_SECRET = {
    "RuleID": "aws",
    "Title": "AWS",
    "Severity": "HIGH",
    "StartLine": 2,
    "Match": f"key={LEAKED}",
    "Code": {"Lines": [{"Number": 2, "Content": f"key={LEAKED}", "Highlighted": f"\x1b{LEAKED}", "IsCause": True}]},
}
SNIPPET = {"snippet": {"text": LEAKED, "rendered": {"text": LEAKED}, "binary": LEAKED}}
SARIF_RESULT = make_result(
    locations=[
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "conf/aws.tf"},
                "region": {"startLine": 2, "startColumn": 5, **SNIPPET},
                "contextRegion": SNIPPET,
            }
        }
    ],
    properties={"offender": LEAKED, "tags": ["a"]},
)


def gitleaks(*leaks: Any) -> bytes:
    return json.dumps(leaks).encode()


def trivy(target: Any) -> bytes:
    return json.dumps({"SchemaVersion": 2, "ArtifactName": ".", "Results": [{"Target": "conf/a.ini", **target}]}).encode()


def sarif(driver: Any = "gitleaks", *results: Any) -> bytes:
    return make_file(make_run(*(results or (SARIF_RESULT,)), driver={"name": driver}))


SHOWN: Mapping[str, tuple[ImportFormat, bytes]] = {
    "gitleaks": (ImportFormat.GITLEAKS, gitleaks(LEAK, {**LEAK, "StartLine": 9})),
    "gitleaks, in lines": (ImportFormat.GITLEAKS, json.dumps(LEAK).encode() + b"\n" + json.dumps(LEAK).encode()),
    "gitleaks, with a mark": (ImportFormat.GITLEAKS, b"\xef\xbb\xbf" + gitleaks(LEAK)),
    "gitleaks, packed": (ImportFormat.GITLEAKS, gzip.compress(gitleaks(LEAK))),
    "gitleaks, of a commit": (ImportFormat.GITLEAKS, gitleaks({**LEAK, "Commit": "c" * 40})),
    "gitleaks, with a digest": (ImportFormat.GITLEAKS, gitleaks({**LEAK, "SecretDigest": LEAKED})),
    "gitleaks, with a digest of another": (
        ImportFormat.GITLEAKS,
        gitleaks({**LEAK, "Secret": "REDACTED", "SecretDigest": "0a1f"}),
    ),
    "gitleaks, masked before": (ImportFormat.GITLEAKS, gitleaks({**LEAK, "Secret": "***", "SecretDigest": "0a1f"})),
    "gitleaks, the whole file": (ImportFormat.GITLEAKS, gitleaks({**LEAK, "Fragment": {"Raw": LEAKED}})),
    "gitleaks, odd": (ImportFormat.GITLEAKS, gitleaks({**LEAK, "Match": [{"x": LEAKED}]})),
    "gitleaks, skipped": (ImportFormat.GITLEAKS, gitleaks({**LEAK, "File": "../a"})),
    "gitleaks, escaped": (ImportFormat.GITLEAKS, gitleaks(LEAK).replace(b'"Secret"', rb'"\u0053ecret"')),
    "trivy": (ImportFormat.TRIVY, trivy({"Secrets": [TRIVY_SECRET]})),
    "trivy, odd code": (ImportFormat.TRIVY, trivy({"Secrets": [{**TRIVY_SECRET, "Code": [LEAKED]}]})),
    "trivy, odd lines": (ImportFormat.TRIVY, trivy({"Secrets": [{**TRIVY_SECRET, "Code": {"Lines": [LEAKED]}}]})),
    "trivy, no lines": (ImportFormat.TRIVY, trivy({"Secrets": [{**TRIVY_SECRET, "Code": {"Lines": LEAKED}}]})),
    "trivy, suppressed": (
        ImportFormat.TRIVY,
        trivy({"ExperimentalModifiedFindings": [{"Type": "secret", "Status": "ignored", "Finding": TRIVY_SECRET}]}),
    ),
    "sarif": (ImportFormat.SARIF, sarif()),
    "sarif, the name in other letters": (ImportFormat.SARIF, sarif(" GitLeaks\n")),
    "sarif, related": (ImportFormat.SARIF, sarif("gitleaks", SARIF_RESULT | {"relatedLocations": SARIF_RESULT["locations"]})),
    "sarif, among others": (ImportFormat.SARIF, make_file(make_run(), json.loads(sarif())["runs"][0])),
}


@pytest.mark.parametrize("name", SHOWN)
def test_no_secret_is_stored_or_kept_and_reading_again_gives_the_same(name: str) -> None:
    kind, content = SHOWN[name]
    stored, scan = redacted(content, kind), read(content, Options())
    assert LEAKED in (gzip.decompress(content) if content.startswith(b"\x1f") else content).decode("utf-8-sig")
    assert LEAKED not in stored.decode()
    assert LEAKED not in repr(scan)
    assert scan.total > 0
    assert read(stored, Options()) == scan
    assert redacted(stored, kind) is stored


@pytest.mark.parametrize("prefix", [None, "conf"])
def test_options_do_not_matter(prefix: str | None) -> None:
    asked = Options(strip_prefix=prefix, tool="renamed", format=ImportFormat.SARIF)
    assert read(redacted(sarif(), ImportFormat.SARIF), asked) == read(sarif(), asked)
    assert [(one.snippet, one.detail) for one in read(sarif(), asked).observations] == [(None, None)]


def test_nothing_else_of_gitleaks_is_changed() -> None:
    stored = json.loads(redacted(gitleaks(LEAK), ImportFormat.GITLEAKS))
    (digest,) = {one["SecretDigest"] for one in stored}
    assert (len(digest), stored) == (4, [{**LEAK, "Secret": "***", "Match": "***", "SecretDigest": digest}])


def test_nothing_else_of_trivy_is_changed() -> None:
    misconfiguration = {"ID": "A", "CauseMetadata": {"Code": {"Lines": [{"Number": 1, "Content": "x"}]}}}
    given = {"Misconfigurations": [misconfiguration], "Secrets": [TRIVY_SECRET], "Packages": []}
    (target,) = json.loads(redacted(trivy(given), ImportFormat.TRIVY))["Results"]
    line = {"Number": 2, "Content": "***", "Highlighted": "***", "IsCause": True}
    masked = {**TRIVY_SECRET, "Match": "***", "Code": {"Lines": [line]}}
    assert target == {"Target": "conf/a.ini", **given, "Secrets": [masked]}


def test_nothing_else_of_sarif_is_changed() -> None:
    document = json.loads(redacted(sarif(), ImportFormat.SARIF))
    hidden = json.dumps(json.loads(sarif())).replace(json.dumps({"text": LEAKED}), '"***"').replace(LEAKED, "***")
    assert document == json.loads(hidden)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (ImportFormat.GITLEAKS, b" []\n"),
        (ImportFormat.GITLEAKS, b"null\n"),
        (ImportFormat.GITLEAKS, gzip.compress(b"[]", mtime=0)),
        (ImportFormat.GITLEAKS, gitleaks({"RuleID": "a", "File": "b", "StartLine": 1, "Secret": None, "Match": None})),
        (ImportFormat.TRIVY, trivy({"Secrets": None})),
        (ImportFormat.TRIVY, b'{"SchemaVersion": 2, "ArtifactName": "."}'),
        (ImportFormat.TRIVY, trivy({"ExperimentalModifiedFindings": [{"Type": "secret", "Finding": None}]})),
        (ImportFormat.SARIF, gzip.compress(sarif("gitleaks-like"), mtime=0)),
        (ImportFormat.SARIF, make_file(make_run(driver={"name": "gitleaks"}))),
        (ImportFormat.SARIF, make_file({"tool": 5})),
    ],
)
def test_a_file_that_shows_no_secret_is_stored_as_it_is(kind: ImportFormat, content: bytes) -> None:
    assert redacted(content, kind) is content
    assert read(content, Options(format=kind)).format is kind


def test_formats_without_secrets_are_stored_as_they_are(any_example: Example) -> None:
    content = gzip.compress(any_example.write(any_example.seen()))
    if any_example.format is not ImportFormat.GITLEAKS:
        assert redacted(content, any_example.format) is content


def test_what_gitleaks_redacted_itself_has_no_digest() -> None:
    (stored,) = json.loads(redacted(gitleaks({**LEAK, "Secret": "REDACTED", "Match": "REDACTED"}), ImportFormat.GITLEAKS))
    assert (stored["Secret"], "SecretDigest" in stored) == ("***", False)


def test_the_mark_of_a_message_stays() -> None:
    """What tells results at one place from each other is made of the message, which shows no secret."""
    (seen,) = read(sarif(), Options()).observations
    assert (seen.snippet, seen.detail) == (None, None)
    assert seen.mark.message is not None


def test_a_file_that_could_not_be_read_again_is_not_stored() -> None:
    small = b'{"RuleID":"a","File":"b","StartLine":1,"Secret":"a"}'
    content = b"[" + b",".join([small] * 25_000) + b"]"
    whole = content[:-1] + b" " * (20 * 1024 * 1024 - len(content)) + b"]"
    assert len(redacted(whole, ImportFormat.GITLEAKS)) < len(whole), "blanks are not kept"
    padded = b"[" + small[:-1] + b',"x":"' + b"y" * (20 * 1024 * 1024 - len(small) - 9) + b'"}]'
    assert read(padded, Options()).total == 1
    with pytest.raises(TooLarge):
        redacted(padded, ImportFormat.GITLEAKS)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "***", "null", "REDACTED", "0a1f", "\ud800", "é", "s"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "Lines", "Content", "snippet", "name", "driver"]), inner, max_size=3)
    ),
    max_leaves=6,
)
TEXTS = st.none() | st.text(max_size=5) | st.sampled_from(["***", "REDACTED", "0a1f", "\ud800x"])


def objects(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict(members))


def sometimes(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return strategy | strategy | strategy | ANYTHING


LEAKS = st.fixed_dictionaries(
    {"RuleID": st.sampled_from(["a", "b"]), "File": st.sampled_from(["a", "/b", "../c"]), "StartLine": st.integers(-1, 3)},
    optional={"Secret": TEXTS, "Match": ANYTHING, "Commit": st.sampled_from(["", "c" * 40, None]), "SecretDigest": ANYTHING},
)
LINES = st.lists(sometimes(objects(Number=st.integers(0, 3), Content=ANYTHING, Highlighted=ANYTHING)), max_size=2)
FOUND = st.fixed_dictionaries(
    {"RuleID": st.just("a")}, optional={"Match": ANYTHING, "Code": sometimes(objects(Lines=LINES)), "Title": TEXTS}
)
MODIFIED = objects(Type=st.sampled_from(["secret", "license", None]), Finding=FOUND)
TARGETS = objects(Secrets=st.none() | st.lists(FOUND, max_size=2), ExperimentalModifiedFindings=st.lists(MODIFIED, max_size=2))
REGIONS = sometimes(
    objects(startLine=sometimes(st.integers(0, 3)), snippet=sometimes(objects(text=ANYTHING, rendered=ANYTHING)))
)
PLACES = sometimes(
    objects(
        physicalLocation=sometimes(
            objects(artifactLocation=st.just({"uri": "a"}), region=REGIONS, contextRegion=REGIONS),
        )
    )
)
RESULTS = objects(
    ruleId=sometimes(st.just("R")),
    message=sometimes(objects(text=TEXTS)),
    locations=sometimes(st.lists(PLACES, max_size=2)),
    relatedLocations=ANYTHING,
    properties=sometimes(objects(offender=ANYTHING)),
)
DRIVERS = st.sampled_from(["gitleaks", "Gitleaks ", "x"]) | ANYTHING
FILES: Mapping[ImportFormat, tuple[st.SearchStrategy[Any], Callable[[Any], Any]]] = {
    ImportFormat.GITLEAKS: (st.lists(LEAKS, max_size=3), lambda leaks: leaks),
    ImportFormat.TRIVY: (
        st.lists(TARGETS, max_size=2),
        lambda targets: {"SchemaVersion": 2, "ArtifactName": ".", "Results": targets},
    ),
    ImportFormat.SARIF: (
        st.tuples(DRIVERS, st.lists(RESULTS, max_size=3)),
        lambda run: {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": run[0]}}, "results": run[1]}]},
    ),
}


@pytest.mark.parametrize("kind", FILES)
@given(data=st.data())
@settings(max_examples=150)
def test_reading_again_gives_the_same_whatever_stands_there(kind: ImportFormat, data: st.DataObject) -> None:
    strategy, whole = FILES[kind]
    content, asked = json.dumps(whole(data.draw(strategy))).encode(), Options(format=kind)
    try:
        scan = read(content, asked)
    except (BadFile, Rejected):
        return
    stored = redacted(content, kind)
    assert read(stored, asked) == scan
    assert redacted(stored, kind) == stored


@pytest.mark.parametrize(
    ("name", "kind", "secrets"),
    [
        ("gitleaks-gitleaks8_many.json", ImportFormat.GITLEAKS, ("secretAWSsecret", "BEGIN RSA", "dfjksdjfs3294dfjlsdaf213")),
        ("trivy-misconfigurations_and_secrets.json", ImportFormat.TRIVY, ("GITHUB_PAT=",)),
    ],
)
def test_real_reports(name: str, kind: ImportFormat, secrets: tuple[str, ...]) -> None:
    content = sample(name)
    stored = redacted(content, kind).decode()
    assert [one for one in secrets if one in stored] == []
    assert read(stored.encode(), Options()) == read(content, Options())
