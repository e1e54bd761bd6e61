"""Texts of people, which are Markdown, as HTML that is safe whatever they hold. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

_SCHEMES: Final = ("http://", "https://", "mailto:")
"""What addresses of links begin with; nothing else becomes a link, neither a script nor a path of this server."""
_HEADING: Final = "h4"
"""What every heading of a text is, so that it never stands above a heading of the page."""
_MARKS: Final[Mapping[str, int]] = {**dict.fromkeys("]()*_`~<>&|!\\#-+\n", 1), "[": 10}
"""What Markdown looks for, and how long it looks, compared: behind a bracket for the end of a link that may not come."""
MOST_MARKS: Final = 2_000
"""A text with more marks than this, as they weigh, is shown as it is: others would wait while it is read."""


def _is_link(address: str) -> bool:
    return address.strip().lower().startswith(_SCHEMES)


def _mended(token: Token) -> Token:
    """Return a token without what the policy of the pages forbids, and with what links to others need."""
    attributes: dict[str, str | int | float] = {name: value for name, value in token.attrs.items() if name != "style"}
    if token.type == "link_open":
        attributes = {**attributes, "rel": "noopener noreferrer nofollow"}
    tag = _HEADING if token.type in {"heading_open", "heading_close"} else token.tag
    children = None if token.children is None else [_mended(child) for child in token.children]
    return token.copy(attrs=attributes, tag=tag, children=children)


def _picture(_renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object) -> str:
    """Return what stands in place of a picture, which may be on another host: what its author says it shows."""
    return str(escape(f"[picture: {tokens[index].content}]"))


def _parser() -> MarkdownIt:
    """Return the parser: HTML is text, and pictures are what is said of them."""
    parser: Any = MarkdownIt("js-default", {"html": False, "linkify": False})
    parser.validateLink = _is_link
    parser.add_render_rule("image", _picture)
    return cast("MarkdownIt", parser)


_PARSER: Final = _parser()


def markdown(text: str) -> Markup:
    """Return a text of somebody as HTML: paragraphs, lists, tables, code and links to http, https and mailto.

    HTML in it is shown as text, pictures are not loaded, and headings are all of one low rank. A text with too many marks is
    shown as it is.
    """
    if sum(text.count(mark) * weight for mark, weight in _MARKS.items()) > MOST_MARKS:
        return Markup('<p class="text">{}</p>').format(text)
    tokens = [_mended(token) for token in _PARSER.parse(text)]
    shown = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return Markup(shown)  # noqa: S704 # nosec B704 -- the renderer escapes every text
