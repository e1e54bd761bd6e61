"""Result → Vulnerability, the rows *fingerprints*, *mark* and *suppressed* (domain section 8)."""

from hashlib import sha256
from typing import Any

import pytest

from integrates.db_model.vulnerabilities.types import Mark, Suppression

HASH = "primaryLocationLineHash"


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("members", "fingerprints"),
    [
        ({}, []),
        ({"fingerprints": {}, "partialFingerprints": {}}, []),
        ({"fingerprints": None, "partialFingerprints": []}, []),
        ({"fingerprints": {"b/v1": "2", "a/v1": "1"}}, ["a/v1=1", "b/v1=2"]),
        ({"fingerprints": {"a": " ", "b": " 2 ", "c": 5, "d": None}}, ["b=2"]),
        ({"fingerprints": {"x": "1"}, "partialFingerprints": {HASH: "h:1"}}, ["x=1", f"{HASH}=h:1"]),
        ({"partialFingerprints": {"a": "0", HASH: "h:1"}}, ["src/a.py:a=0", f"{HASH}=h:1"]),
        ({"partialFingerprints": {HASH: "h:1", "primaryLocationStartColumnFingerprint": "4"}}, [f"{HASH}=h:1"]),
        ({"fingerprints": {"StartColumn": "4"}}, []),
        ({"fingerprints": {"matchBasedId/v1": "requires login", "b": "requires login now"}}, ["b=requires login now"]),
        ({"partialFingerprints": {"x": "requires login"}}, []),
        ({"fingerprints": {"n": "e\u0301"}}, ["n=\u00e9"]),
        ({"fingerprints": {"n": "f" * 998}}, ["n=" + "f" * 998]),
        ({"fingerprints": {"n": "f" * 999}}, [digest("n=" + "f" * 999)]),
        ({"partialFingerprints": {"n": "f" * 999}}, [digest("src/a.py:n=" + "f" * 999)]),
        ({"fingerprints": {"n": "f\ng"}}, [digest("n=f\ng")]),
        ({"fingerprints": {"n" * 1_000: "f"}}, [digest("n" * 1_000 + "=f")]),
    ],
)
def test_fingerprints(observe: Any, members: dict[str, Any], fingerprints: list[str]) -> None:
    one = observe(**members)
    assert [each.text for each in one.fingerprints] == fingerprints
    assert one.fingerprint == (fingerprints[0] if fingerprints else None)


@pytest.mark.parametrize(
    ("values", "is_constant"),
    [(["c"] * 2, False), (["c"] * 3, True), (["c", "c", "d"], False), (["c", None, "c", None, "c"], True)],
)
@pytest.mark.parametrize("member", ["fingerprints", "partialFingerprints"])
def test_a_constant_is_no_fingerprint(scan: Any, result: Any, member: str, values: list[Any], is_constant: object) -> None:
    found = scan(*(result(line=line, **{member: {"n": value} if value else {}}) for line, value in enumerate(values)))
    with_one = [one for one, value in zip(found.observations, values, strict=True) if value]
    assert {bool(one.fingerprints) for one in with_one} == {not is_constant}


def test_a_constant_is_looked_for_in_each_run_and_by_its_name(file: Any, run: Any, result: Any, scan_of: Any) -> None:
    found = scan_of(
        file(
            run(*(result(line=line, fingerprints={"n": "c", "m": str(line)}) for line in range(2))),
            run(*(result(line=line, fingerprints={"n": "c"}, partialFingerprints={"n": str(line)}) for line in range(5, 8))),
        )
    )
    assert [[each.text for each in one.fingerprints] for one in found.observations] == [
        ["m=0", "n=c"],
        ["m=1", "n=c"],
        ["src/a.py:n=5"],
        ["src/a.py:n=6"],
        ["src/a.py:n=7"],
    ]


@pytest.mark.parametrize(
    ("results", "names"),
    [
        pytest.param([{"fingerprints": {"a": "1", "b": "2"}}], ["a"], id="by name"),
        pytest.param([{"fingerprints": {"z": "1"}, "partialFingerprints": {"a": "2"}}], ["z"], id="partial ones last"),
        pytest.param([{"fingerprints": {"a": "1", "b": str(n)}} for n in (1, 2)], ["b", "b"], id="the most values"),
        pytest.param(
            [{"fingerprints": {"a": "1"}, "partialFingerprints": {HASH: str(n)}} for n in (1, 2)],
            [HASH, HASH],
            id="partial ones with more values",
        ),
        pytest.param(
            [{"fingerprints": {"a": "1"}}, {"fingerprints": {"a": "1", "b": "1"}}, {"fingerprints": {"b": "2"}}],
            ["a", "b", "b"],
            id="not everyone has it",
        ),
        pytest.param(
            [
                {"ruleId": "A", "fingerprints": {"a": "1", "b": "1"}},
                {"ruleId": "A", "fingerprints": {"a": "2", "b": "1"}},
                {"ruleId": "B", "fingerprints": {"a": "3", "b": "2"}},
                {"ruleId": "B", "fingerprints": {"a": "3", "b": "3"}},
            ],
            ["a", "a", "b", "b"],
            id="in each rule by itself",
        ),
        pytest.param(
            [{"uri": f"{n}.py", "fingerprints": {"z": "1"}, "partialFingerprints": {"a": "1"}} for n in (1, 2)],
            ["z", "z"],
            id="values and not paths",
        ),
    ],
)
def test_the_fingerprint_that_is_kept(scan: Any, result: Any, results: list[Any], names: list[str]) -> None:
    found = scan(*(result(line=line, **members) for line, members in enumerate(results)))
    assert [(one.fingerprint or "").partition("=")[0].rpartition(":")[2] for one in found.observations] == names


def marked(observe: Any, region: Any = None, logical: Any = None, said_there: Any = None, message: Any = None) -> Mark:
    location = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": region}}
    one = observe(locations=[location | {"logicalLocations": logical, "message": said_there}], message=message)
    assert isinstance(one.mark, Mark)
    return one.mark


@pytest.mark.parametrize(
    ("members", "mark"),
    [
        ({}, Mark()),
        (
            {"region": {"startColumn": 7, "charOffset": 20, "byteOffset": 21}},
            Mark(start_column=7, char_offset=20, byte_offset=21),
        ),
        ({"region": {"startColumn": 7.0, "charOffset": -1, "byteOffset": "9"}}, Mark(start_column=7)),
        ({"logical": [{"name": "f"}]}, Mark(logical=digest("f"))),
        ({"logical": [{"name": "f", "fullyQualifiedName": "m.f"}]}, Mark(logical=digest("m.f"))),
        ({"logical": [{"name": "f"}, {"name": "g"}]}, Mark(logical=digest("f"))),
        ({"logical": [5, {"name": "g"}]}, Mark(logical=digest("g"))),
        ({"said_there": {"text": "Here."}}, Mark(location_message=digest("Here."))),
        ({"message": {"text": "It {0}.", "arguments": ["is"]}}, Mark(message=digest("It is."))),
        ({"message": {"text": " "}}, Mark()),
    ],
)
def test_mark(observe: Any, members: Any, mark: Mark) -> None:
    assert marked(observe, **members) == mark


def test_long_messages_are_told_apart(scan: Any, result: Any) -> None:
    texts = ["x" * 2_000 + str(end) for end in (1, 2, 1)]
    found = scan(
        *(result(message={"text": text}) for text in texts),
        *(result(line=2, message={"text": "{0}", "arguments": [text]}) for text in texts),
    )
    assert [one.ordinal for one in found.observations] == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("suppressions", "suppression"),
    [
        (None, None),
        ([], None),
        ("yes", None),
        ([5], None),
        ([None], None),
        ([{}], Suppression(kind="external")),
        ([{"kind": "inSource", "justification": " a\u202eb "}], Suppression(kind="inSource", justification="ab")),
        ([5, {"kind": "inSource"}], Suppression(kind="inSource")),
        ([{"status": "accepted"}, {"status": None}], Suppression(kind="external")),
        ([{"status": "accepted"}, {"status": "rejected"}], None),
        ([{"status": "underReview"}], None),
        ([{"status": "Accepted"}], None),
        ([{"kind": "k" * 500, "justification": "j" * 5_000}], Suppression(kind="k" * 100, justification="j" * 2_000)),
    ],
)
def test_suppressed(observe: Any, suppressions: object, suppression: Suppression | None) -> None:
    assert observe(suppressions=suppressions).suppression == suppression
