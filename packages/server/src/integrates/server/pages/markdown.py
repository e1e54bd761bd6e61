"""Texts of people, which are Markdown, as HTML that is safe whatever they hold. Pure."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
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
_ON_EACH_LINE: Final = "|>"
"""What a line may ask for on all other lines too: a table has as many cells in each row as at its top, and quotes go on."""
MOST_MARKS: Final = 2_000
"""A text with more marks than this, as they weigh, is shown as it is: others would wait while it is read."""
MOST_TOGETHER: Final = 20_000
"""Texts of one page that weigh more together are shown as they are, from the one on that is too many."""
_CHARACTERS: Final = 20
"""So many characters that mean nothing to Markdown take as long as a mark."""


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


def _weight(text: str) -> int:
    """Return how long Markdown would look for what is not there, as a number of marks."""
    lines = text.splitlines()
    widest = max((sum(map(line.count, _ON_EACH_LINE)) for line in lines), default=0)
    return max(sum(text.count(mark) * weight for mark, weight in _MARKS.items()), widest * len(lines))


def _as_it_is(text: str) -> Markup:
    return Markup('<p class="text">{}</p>').format(text)


def markdown(text: str) -> Markup:
    """Return a text of somebody as HTML: paragraphs, lists, tables, code and links to http, https and mailto.

    HTML in it is shown as text, pictures are not loaded, and headings are all of one low rank. A text with too many marks is
    shown as it is.
    """
    if _weight(text) > MOST_MARKS:
        return _as_it_is(text)
    tokens = [_mended(token) for token in _PARSER.parse(text)]
    shown = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return Markup(shown)  # noqa: S704 # nosec B704 -- the renderer escapes every text


def markdown_together(texts: Sequence[str]) -> list[Markup]:
    """Return the texts of one page as HTML, as :func:`markdown` does, as long as they do not take too long together."""
    sums = accumulate(_weight(text) + len(text) // _CHARACTERS for text in texts)
    return [markdown(text) if total <= MOST_TOGETHER else _as_it_is(text) for text, total in zip(texts, sums, strict=True)]
