"""What a file is made of, before its format is known."""

import json

import pytest

from integrates.api.imports.read import registry
from integrates.api.imports.read.decode import Columns, first_of, top_members
from integrates.api.imports.read.error import BadFile, TooLarge, rendered
from integrates.api.imports.read.form import MAX_LINE, Form, content_of
from integrates.api.imports.read.reader import Options
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.imports.types import ImportFormat


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b'{"a": 1}', Form.JSON),
        (b'{"a": 1}\n', Form.JSON),
        (b'{\n"a": 1,\n"b": {}}', Form.JSON),
        (b'[{"a": 1},\n{"b": 1}]', Form.JSON),
        (b"7", Form.JSON),
        (b'{"a": 1}\n{"b": 2}', Form.LINES),
        (b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"b": 2}\r\n', Form.LINES),
        (b"a,b\n1,2\n", Form.TABLE),
        (b"\xef\xbb\xbfa,b", Form.TABLE),
    ],
)
def test_a_file_has_one_form(content: bytes, form: Form) -> None:
    assert content_of(content).form is form


def test_lines_are_one_array() -> None:
    assert json.loads(content_of(b'{"a": 1}\n\n{"b": "\xc3\xa4"}\n').text) == [{"a": 1}, {"b": "ä"}]


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1}\n{"b": 2',
        b'{"a": 1}\n{"b": 2}{"c": 3}',
        b'{"a": 1}\n{"b": 2},{"c": 3}',
        b'{"a": 1}\n{"b": 2}]',
        b'{"a": 1}\n{"b": "' + b"x" * MAX_LINE + b'"}',
    ],
)
def test_each_line_is_one_object(content: bytes) -> None:
    with pytest.raises(BadFile) as caught:
        content_of(content)
    assert "Line 2 " in rendered(caught.value.defects[0])


def test_a_member_may_not_occur_twice_in_a_line() -> None:
    with pytest.raises(BadFile):
        content_of(b'{"a": 1}\n{"b": 2, "b": 3}')


def test_lines_are_limited_before_they_are_parted() -> None:
    with pytest.raises(TooLarge) as caught:
        content_of(b'{"a": 1}\n{"a": 1}' + b"\n" * 60_000)
    assert caught.value.limit == "too_many_results"


def test_the_top_level_can_be_looked_at() -> None:
    assert set(top_members(content_of(b'{"a": 1, "b": 2}').top)) == {"a", "b"}
    assert set(first_of(content_of(b'[{"a": 1}, {"b": 2}]').top)) == {"a"}
    assert content_of(b'a,"b,c",d\n').top == Columns(("a", "b,c", "d"))
    for content in (b"[]", b"[7]", b"null", b"a,b"):
        top = content_of(content).top
        assert (top_members(top), first_of(top)) == ({}, {})


def test_a_defect_in_a_line_names_the_line() -> None:
    good = {"template-id": "t", "info": {"name": "N"}, "type": "http", "matched-at": "https://shop.example/"}
    content = "\n".join(map(json.dumps, (good, good | {"info": 7}))).encode()
    with pytest.raises(BadFile) as caught:
        registry.read(content, Options(format=ImportFormat.NUCLEI))
    assert rendered(caught.value.defects[0]).startswith("In line 2: ")


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf"])
def test_nothing_is_of_no_format(content: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        registry.read(content, Options())
    assert caught.value.reason is Reason.UNKNOWN_FORMAT


def test_a_mark_and_blanks_around_nothing_are_no_harm() -> None:
    for content in (b"\xef\xbb\xbf[]\r\n", b" " * 80 + b"[]"):
        assert registry.read(content, Options(format=ImportFormat.GITLEAKS)).total == 0
    assert registry.read(b"\xef\xbb\xbf", Options(format=ImportFormat.NUCLEI)).total == 0


def test_a_blank_line_before_the_first_is_none() -> None:
    assert content_of(b'\n\n{"a": 1}\n{"b": 2}\n').form is Form.LINES


@pytest.mark.parametrize("content", [b"<?xml version='1.0'?><bom/>", b"\n <bom a=',' />"])
def test_xml_is_refused_by_its_name(content: bytes) -> None:
    with pytest.raises(BadFile) as caught:
        content_of(content)
    assert "XML" in caught.value.defects[0].message
