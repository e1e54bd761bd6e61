"""Texts of messages (SARIF 2.1.0, section 3.11)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from integrates.api.ingest.sarif_document import Message, Text
from integrates.api.ingest.text import block
from integrates.db_model.vulnerabilities.place import MAX_EXCERPT

_PART: Final = re.compile(r"\{\{|\}\}|\{(\d{1,4})\}|[^{}]+|.", re.DOTALL)


def detail(message: Message | None, texts: Sequence[Mapping[str, Text] | None]) -> str | None:
    """Return the message's own text, else the first with its id among ``texts``, with its arguments put in."""
    if message is None:
        return None
    text = message.text or _kept(message.id, texts)
    return block(_filled(text, message.arguments or ()), MAX_EXCERPT) or None


def _kept(identity: str | None, texts: Sequence[Mapping[str, Text] | None]) -> str:
    found = (table[identity].text for table in texts if table and identity is not None and identity in table)
    return next((text for text in found if text), "")


def _filled(text: str, arguments: Sequence[str]) -> str:
    """Put the arguments into the placeholders, of a text that is cut first so that no file can make it grow endlessly."""
    return "".join(_parts(text.strip()[:MAX_EXCERPT], arguments)) if arguments else text


def _parts(text: str, arguments: Sequence[str]) -> Iterator[str]:
    length = 0
    for match in _PART.finditer(text):
        part = _argument(match, arguments)[:MAX_EXCERPT]
        length += len(part)
        yield part
        if length > MAX_EXCERPT:
            return


def _argument(match: re.Match[str], arguments: Sequence[str]) -> str:
    if match[1] is None:
        return match[0][0] if match[0] in {"{{", "}}"} else match[0]
    return arguments[int(match[1])] if int(match[1]) < len(arguments) else match[0]
