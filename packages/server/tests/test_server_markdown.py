"""Texts of people on pages: what Markdown becomes, and what it cannot become."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.server.pages.markdown import MOST_MARKS, MOST_TOGETHER, markdown, markdown_together

TAG = re.compile(r"<(/?)([a-z0-9]+)([^<>]*)>")
"""A tag as the renderer writes it: all other angle brackets are escaped."""
KNOWN = frozenset({"p", "h4", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "a", "br", "hr"}) | {
    *("table", "thead", "tbody", "tr", "th", "td")
}
ATTRIBUTES = re.compile(r'(?: (?:href|rel|title|class|start)="[^"<>]*")*')
MARKS = "<>[]()!*_`#|-\n \"'&\\ax~+1."
WORDS = (
    *("\n\n", "    ", "javascript:", "https://x.example", "data:text/html,", "onclick="),
    *("<script>", "</p>", "&lt;", "&#60;", "```"),
)
REL = 'rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.\n\nTwo.", "<p>One.</p>\n<p>Two.</p>"),
        ("*very* **bold** `code`", "<p><em>very</em> <strong>bold</strong> <code>code</code></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("# Title", "<h4>Title</h4>"),
        ("###### Low", "<h4>Low</h4>"),
        ("```html\n<b>\n```", '<pre><code class="language-html">&lt;b&gt;\n</code></pre>'),
        (
            "[k](https://x.example/?a=1&b=2)",
            f'<p><a href="https://x.example/?a=1&amp;b=2" {REL}>k</a></p>',
        ),
        ("[m](mailto:ada@demo.example)", f'<p><a href="mailto:ada@demo.example" {REL}>m</a></p>'),
        ("<https://x.example>", f'<p><a href="https://x.example" {REL}>https://x.example</a></p>'),
        ("", ""),
    ],
)
def test_markdown_becomes_html(text: str, expected: str) -> None:
    assert markdown(text).strip() == expected


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "&#106;avascript:alert(1)", "vbscript:x", "data:text/html,x"),
        *("data:image/png;base64,AAAA", "file:///etc/passwd", "ftp://x.example"),
        *("//evil.example", "/logout", "?everywhere", "#top"),
    ],
)
def test_only_links_to_the_web_and_to_mail_are_links(address: str) -> None:
    assert "<a" not in markdown(f"[click]({address}) <{address}>\n\n[r]\n\n[r]: {address}")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!-- x -->", "<b>x</b>", "<?php ?>"]
)
def test_html_in_a_text_is_text(text: str) -> None:
    shown = markdown(f"{text}\n\ninline {text}")
    assert "&lt;" in shown
    assert {name for _, name, _ in TAG.findall(shown)} == {"p"}


def test_no_picture_is_loaded() -> None:
    assert markdown("![the *way* in](https://evil.example/pixel.png)") == "<p>[picture: the *way* in]</p>\n"


def test_a_table_brings_no_style_along() -> None:
    shown = markdown("|a|b|\n|:-:|-:|\n|1|2|")
    assert "<td>1</td>" in shown
    assert "style" not in shown


def test_a_text_with_too_many_marks_is_shown_as_it_is() -> None:
    assert markdown("*a* " * (MOST_MARKS // 2)).startswith("<p><em>a</em>")
    assert markdown("*a* " * (MOST_MARKS // 2) + "*") == f'<p class="text">{"*a* " * (MOST_MARKS // 2)}*</p>'
    assert markdown("[" * (MOST_MARKS // 10)) == f"<p>{'[' * (MOST_MARKS // 10)}</p>\n"
    assert markdown("[" * (MOST_MARKS // 10 + 1)).startswith('<p class="text">[[')
    assert markdown("<i>*" * MOST_MARKS).startswith('<p class="text">&lt;i&gt;*')


@pytest.mark.parametrize(
    "text",
    [
        "|".join("a" * 300) + "\n" + "|".join("-" * 300) + "\n" + "a\n" * 900,
        "|".join("a" * 20) + "\n" + "|".join("-" * 20) + "\n" + "a\n" * 200,
        "> " * 15 + "a\n" * 1_000,
    ],
)
def test_a_line_that_asks_for_much_on_all_others_weighs_as_much(text: str) -> None:
    """Three kilobytes of a table took two seconds: cells that nobody wrote are filled in."""
    assert markdown(text).startswith('<p class="text">')


def test_a_table_of_some_size_is_a_table() -> None:
    assert markdown("|a|b|c|\n|-|-|-|\n" + "|1|2|3|\n" * 80).count("<td>") == 240


def test_texts_of_a_page_are_read_as_long_as_there_is_time() -> None:
    heavy = "*a* " * (MOST_MARKS // 2)
    shown = markdown_together([heavy] * (MOST_TOGETHER // MOST_MARKS + 1) + ["*b*"])
    assert [one.startswith("<p><em>") for one in shown[:9]] == [True] * 9
    assert [one.startswith('<p class="text">*') for one in shown[-2:]] == [True, True]
    assert markdown_together(["a:" * 10_000] * 21)[-1].startswith('<p class="text">')
    assert markdown_together(["*a*", "b"]) == ["<p><em>a</em></p>\n", "<p>b</p>\n"]


@given(st.lists(st.sampled_from((*MARKS, *WORDS)), max_size=60).map("".join))
def test_whatever_is_written_the_page_holds_only_known_tags_and_attributes(text: str) -> None:
    shown = markdown(text)
    rest = TAG.sub("", shown)
    assert "<" not in rest
    assert ">" not in rest
    for _, name, attributes in TAG.findall(shown):
        assert name in KNOWN
        assert ATTRIBUTES.fullmatch(attributes), attributes
    assert all(address.startswith(("http://", "https://", "mailto:")) for address in re.findall(r'href="([^"]*)"', shown))
