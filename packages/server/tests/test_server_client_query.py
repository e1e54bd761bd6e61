"""`integrates api`: variables, files, pages, and what its exit code says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packages.server.tests.counterpart import SECRET, Counterpart, Person, answer, data, scripted

from integrates.server.client.fault import Fault
from integrates.server.client.query import demand_of, given_values, next_cursor

ME = data(me={"email": "ada@demo.example"})


def page(cursor: str | None, *names: str) -> bytes:
    """A page of a list, behind which another one begins at the cursor."""
    info = {"hasNextPage": cursor is not None, "endCursor": cursor or "end"}
    return data(group={"findings": {"nodes": [{"title": name} for name in names], "pageInfo": info}})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("a=true", True), ("a=false", False), ("a=null", None), ("a=12", 12), ("a=-1.5e3", -1500.0), ('a=[1, "x"]', [1, "x"]),
        ('a={"b": null}', {"b": None}), ("a=", ""), ("a=x=y", "x=y"), ("a=True", "True"), ("a=012", "012"), ("a=1.", "1."),
        ('a="x"', '"x"'),
    ],
)  # fmt: skip
def test_a_field_is_json_where_it_looks_so(field: str, value: Any) -> None:
    assert given_values([field], []) == {"a": value}
    assert given_values([], [field]) == {"a": field.partition("=")[2]}


@pytest.mark.parametrize(
    "field", ["a", "=1", "", "a=[1", "a={x}", "a=" + "[" * 100_000, "a=1e999", "a=[NaN]", "a=[1, -Infinity]"]
)
def test_what_is_no_field_is_refused(field: str) -> None:
    with pytest.raises(Fault, match=r"NAME=VALUE|no JSON"):
        given_values([field], [])


@pytest.mark.parametrize(
    ("query", "repeatable"),
    [
        ("{ me { email } }", True),
        ("query a { b }", True),
        ("mutation { a }", False),
        ("query a { b }\nmutation c { d }", False),
    ],
)
def test_only_what_cannot_be_a_mutation_is_sent_again(query: str, repeatable: bool) -> None:
    assert demand_of(query, {}, {}).repeatable is repeatable


def test_the_answer_is_printed(person: Person) -> None:
    with scripted(ME) as service:
        code, out, err = person.ask(service, "api", "query ($a: Int, $b: String) { me { email } }", "-F", "a=1", "-f", "b=2")
        assert (code, json.loads(out), err) == (0, {"data": {"me": {"email": "ada@demo.example"}}}, "")
        assert json.loads(service.bodies[0])["variables"] == {"a": 1, "b": "2"}
        assert person.ask(service, "api", "-", "--json", stdin="{ me { email } }")[1].count("\n") == 1
        assert json.loads(service.bodies[1])["query"] == "{ me { email } }"


def test_a_query_is_read_from_a_file(person: Person, tmp_path: Path) -> None:
    file = tmp_path / "query.graphql"
    with scripted(ME) as service:
        file.write_text("{ me { email } } # é", encoding="utf-8")
        assert person.ask(service, "api", f"@{file}")[0] == 0
        file.write_bytes(b"\xff")
        assert "not a text in UTF-8" in person.ask(service, "api", f"@{file}")[2]
        assert "No such file" in person.ask(service, "api", f"@{tmp_path / 'missing'}")[2]
    assert len(service.requests) == 1


def test_a_file_is_sent(person: Person, tmp_path: Path) -> None:
    file = tmp_path / "scan.sarif"
    file.write_bytes(b"{}")
    with scripted(data(read={"errors": []})) as service:
        assert (
            person.ask(service, "api", "mutation ($file: Upload!) { read(file: $file) { errors } }", "--file", f"file={file}")[
                0
            ]
            == 0
        )
        assert b'filename="scan.sarif"' in service.bodies[0]
        code, _, err = person.ask(service, "api", "{ me }", "--file", f"file={tmp_path / 'missing'}")
        assert (code, "missing: No such file" in err) == (2, True)


def test_pages_follow_each_other(person: Person) -> None:
    with scripted(page("one", "a", "b"), page("two", "c"), page(None)) as service:
        code, out, _ = person.ask(service, "api", "query ($endCursor: String) { x }", "--paginate", "--json")
    assert (code, out.count("\n")) == (0, 3)
    assert [json.loads(body)["variables"] for body in service.bodies] == [{}, {"endCursor": "one"}, {"endCursor": "two"}]


def test_a_list_that_stays_at_its_place_ends(person: Person) -> None:
    with scripted(page("one", "a")) as service:
        assert person.ask(service, "api", "query { x }", "--paginate")[0] == 0
    assert len(service.requests) == 2


def test_without_paginate_there_is_one_page(person: Person) -> None:
    with scripted(page("one", "a")) as service:
        assert person.ask(service, "api", "query { x }")[0] == 0
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "found",
    [
        None,
        {},
        [],
        {"pageInfo": {"hasNextPage": True, "endCursor": None}},
        {"pageInfo": {"hasNextPage": False, "endCursor": "x"}},
        {"pageInfo": 1},
    ],
)
def test_there_is_no_next_page(found: Any) -> None:
    assert next_cursor({"a": [found]}) is None


def test_errors_at_fields_are_told_beside_the_data(person: Person) -> None:
    sent = answer(body={"data": {"me": None, "other": 1}, "errors": [{"message": "went wrong\x1b[2J", "path": ["me"]}]})
    with scripted(sent) as service:
        code, out, err = person.ask(service, "api", "{ me }")
    assert (code, err) == (2, "integrates: went wrong\\x1b[2J\n")
    assert json.loads(out)["data"] == {"me": None, "other": 1}


def test_refusals_of_a_mutation_are_told(person: Person) -> None:
    refusal = {"code": "X", "reason": "Y", "message": "The name is taken.", "path": ["name"]}
    with scripted(data(add={"group": None, "errors": [refusal]})) as service:
        code, out, err = person.ask(service, "api", "mutation { add { errors { message } } }", "--json")
    assert (code, err) == (2, "integrates: The name is taken.\n")
    assert json.loads(out)["data"]["add"]["errors"] == [refusal]


def test_an_unforeseen_error_has_exit_code_2_as_well(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("integrates.server.client.query.demand_of", broken)
    with scripted(ME) as service:
        code, out, err = person.ask(service, "api", "{ me }")
    assert (code, out) == (2, "")
    assert re.search("(?s)ZeroDivisionError.*please report", err)


def test_ctrl_c_is_no_verdict(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("integrates.server.client.query.demand_of", interrupted)
    with scripted(ME) as service:
        assert person.ask(service, "api", "{ me }")[0] == 130


def process(service: Counterpart, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    """A command in a process of its own, on a service."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environ = kept | {"INTEGRATES_URL": service.address, "INTEGRATES_TOKEN": SECRET, **variables}
    command = [sys.executable, "-m", "integrates.server.cli", *arguments]
    return subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("many", [1, 1000])
def test_a_reader_who_stops_reading_is_no_error_to_talk_about(many: int) -> None:
    with scripted(data(many=["x" * 1000] * many)) as service, process(service, "api", "{ many }") as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert (running.stderr.read(), running.wait(60)) == (b"", 2)


def test_letters_that_a_terminal_does_not_have_are_escapes() -> None:
    with (
        scripted(data(name="Zo\u00eb \u2192")) as service,
        process(service, "api", "{ name }", PYTHONIOENCODING="iso8859-1") as running,
    ):
        out, err = running.communicate(timeout=60)
    assert (json.loads(out.decode("iso8859-1")), err, running.returncode) == ({"data": {"name": "Zo\u00eb \u2192"}}, b"", 0)


@pytest.mark.parametrize(
    "arguments", [("api", "-"), ("treat", "-", "--as", "UNTREATED", "--justification", "x" * 10), ("login",)]
)
def test_input_that_is_no_text_is_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    config = str(tmp_path / "config.json")
    with scripted(ME) as service, process(service, *arguments, INTEGRATES_CONFIG=config, PYTHONUTF8="1") as running:
        out, err = running.communicate(b"\xff\xfe", timeout=60)
    assert (out, running.returncode, service.requests) == (b"", 2, [])
    assert re.fullmatch(rb"integrates: .*(UTF-8|token).*\n", err)
