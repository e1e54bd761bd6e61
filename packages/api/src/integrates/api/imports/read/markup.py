"""Texts that a tool writes as HTML, made plain (domain section 18, row *HTML in texts*).

Tags are found by an expression, because ``html.parser`` takes time that grows with the square of a text of broken tags.
"""

import re
from html import unescape
from typing import Final

_BREAK: Final = re.compile(
    r"<(?:br|hr)\s{0,9}/?>|</(?:address|blockquote|dd|div|dl|dt|h[1-6]|li|ol|p|pre|table|td|th|tr|ul)\s{0,9}>", re.IGNORECASE
)
"""What ends a block."""
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*-->")


def plain(markup: str | None, high: int) -> str:
    """Return the text of at most the first ``high`` characters of HTML: no tags, a new line after each block.

    What has no closing bracket is no tag. Entities are decoded last, so that what they stand for remains.
    """
    text = _TAG.sub("", _BREAK.sub("\n", (markup or "")[:high]))
    return "\n".join(line.strip() for line in unescape(text).splitlines() if line.strip())
