"""What commands print: harmless, in the width of a terminal, and JSON that is the same value."""

import io
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from integrates.server.client.listing import FINDING_COLUMNS, GROUP_COLUMNS, ROOT_COLUMNS, VULNERABILITY_COLUMNS
from integrates.server.client.output import Column, advancing, cell_text, print_line, print_table
from integrates.server.client.text import is_harmful, json_text, many_lines, one_line

EVIL = "\x1b[2J\x1b]8;;http://evil\x07x\x9b31m\u202egnp.exe\u200b\u2028\x7f\ud800\r\n\tok"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class Terminal(io.StringIO):
    """A file that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@given(st.text())
def test_in_a_line_nothing_harmful_is_left(text: str) -> None:
    assert not any(map(is_harmful, one_line(text)))
    assert not [each for each in many_lines(text) if is_harmful(each) and each not in "\n\t"]


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])))
def test_what_does_no_harm_stays_as_it_is(text: str) -> None:
    assume("##" not in text and not text.lstrip().startswith("::"))
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a ##vso[task.setvariable variable=x]y", "a #\\x23vso[task.setvariable variable=x]y"),
        ("###[add-path]x", "##\\x23[add-path]x"),
        ("##teamcity[buildStop]", "#\\x23teamcity[buildStop]"),
        ("::error file=a::b", "\\x3a:error file=a::b"),
        ("  ::add-mask::b", "  \\x3a:add-mask::b"),
        ("std::vector ## C# [x]", "std::vector ## C# [x]"),
    ],
)
def test_no_text_is_a_command_for_a_ci_system(text: str, shown: str) -> None:
    assert (one_line(text), many_lines(text)) == (shown, shown)
    assert many_lines(f"a\n{text}").endswith(f"\n{shown}")
    assert (json.loads(json_text([text])), "##" in json_text([text], indent=2)) == ([text], False)


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\ud800"]
)
def test_what_could_do_harm_is_shown_as_an_escape(character: str) -> None:
    assert is_harmful(character)
    assert one_line(f"a{character}b").startswith(("a\\", "a b"))


@pytest.mark.parametrize("text", ["Zoë", "नमस्ते", "👩\u200d💻", "می\u200cخواهم", "a b"])
def test_letters_of_all_people_stay(text: str) -> None:
    assert (one_line(text), many_lines(text)) == (text, text)


@given(JSON_VALUES)
def test_json_is_the_same_value_and_harmless(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert not any(map(is_harmful, text))
    assert "\n" not in text


def test_json_with_surrogates_and_controls_can_be_printed() -> None:
    text = json_text({"a": EVIL}, indent=2)
    assert json.loads(text) == {"a": EVIL}
    assert text.encode()
    assert not [each for each in text if is_harmful(each) and each != "\n"]


@pytest.mark.parametrize("text", ["\x7f", "a\x9b", "\u202e", "\U000e0041"])
def test_json_escapes_what_json_would_leave(text: str) -> None:
    assert (json_text(text).isascii(), is_harmful(json_text(text)[-2])) == (True, False)
    assert json.loads(json_text(text)) == text


COLUMNS: Sequence[Column] = (
    Column(title="SCORE", cell=lambda row: row[0], right=True, style=lambda text: "bold red" if text else ""),
    Column(title="WHERE", cell=lambda row: row[1]),
    Column(
        title="ID",
        cell=lambda row: row[2],
        below=True,
    ),
)
ROWS = ((9.8, f"src/{'long/' * 30}cart.py {EVIL}", "01a21990-2c3b-720e-9721-7110a93da5f4"), (None, "x", "y"))


def test_a_table_in_a_pipe_has_a_line_for_each_row() -> None:
    out = io.StringIO()
    print_table(COLUMNS, ROWS, file=out)
    head, first, second, *rest = out.getvalue().split("\n")
    assert (head.split(), rest) == (["SCORE", "WHERE", "ID"], [""])
    assert first.startswith("  9.8  src/long/")
    assert first.endswith("01a21990-2c3b-720e-9721-7110a93da5f4")
    assert second.split() == ["x", "y"]
    assert not any(map(is_harmful, first))


def test_a_table_on_a_terminal_fits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    print_table(COLUMNS, ROWS, file=out)
    text = out.getvalue()
    assert "\x1b[1;31m9.8" in text
    plain = unicodedata.normalize("NFC", text).replace("\x1b[1;31m", "").replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert max(map(len, plain.split("\n"))) <= 80
    assert "01a21990-2c3b-720e-9721-7110a93da5f4" in plain
    assert "\x1b" not in plain
    assert "\x9b" not in plain


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_declined(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv(variable, value)
    out = Terminal()
    print_table(COLUMNS, ROWS, file=out)
    assert "\x1b[1;31m" not in out.getvalue()


def test_a_line_has_its_style_on_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, terminal = io.StringIO(), Terminal()
    print_line(f"a{EVIL}", "bold", file=plain)
    print_line("[red]a", "bold", file=terminal)
    assert plain.getvalue().count("\n") == 1
    assert not any(map(is_harmful, plain.getvalue().rstrip("\n")))
    assert terminal.getvalue() == "\x1b[1m[red]a\x1b[0m\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "yes"), (False, "no"), (["a", 1], "a, 1"), ([], ""), (0, "0"), (9.8, "9.8"), ("x", "x")],
)
def test_a_cell_is_a_text(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_progress_is_drawn_on_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, terminal = io.StringIO(), Terminal()
    for file in (plain, terminal):
        monkeypatch.setattr("sys.stderr", file)
        with advancing("scan.sarif", 100) as advance:
            advance(50)
            advance(100)
    assert plain.getvalue() == ""
    assert "scan.sarif" in terminal.getvalue()


ID = "01a21990-2c3b-720e-9721-7110a93da5f4"
LONG = {"name": "webshop", "nickname": "backend " * 20, "title": "A long title " * 20, "where": "src/" * 50, "specific": "12"}
ROW: dict[str, Any] = {
    **LONG,
    "__typename": "GitRoot",
    "id": ID,
    "state": "VULNERABLE",
    "status": "VULNERABLE",
    "criticality": "CRITICAL",
    "url": "https://git.example/" + "x" * 100,
    "branch": "main",
    "userRole": "VULNERABILITY_MANAGER",
    "description": "What it is about. " * 10,
    "organization": {"name": "aurora"},
    "severity": {"score": 10.0},
    "summary": {"open": 100_000, "closed": 100_000, "maxOpenScore": 10.0},
    "finding": {"title": "A long title " * 20},
    "treatment": {
        "status": "ACCEPTED_UNDEFINED",
        "acceptanceStatus": None,
        "acceptedUntil": None,
        "assigned": f"{'long' * 15}@example.com",
    },
}
TABLES = {"groups": GROUP_COLUMNS, "roots": ROOT_COLUMNS, "findings": FINDING_COLUMNS, "vulnerabilities": VULNERABILITY_COLUMNS}


@pytest.mark.parametrize("name", TABLES)
def test_lists_are_useful_in_80_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    print_table(TABLES[name], [ROW], file=out)
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert max(map(len, text.splitlines())) <= 80
    whole = ["webshop", "VULNERABILITY_MANAGER"] if name == "groups" else [ID]
    assert [each for each in whole if each not in text] == []
