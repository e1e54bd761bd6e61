"""Texts of messages (SARIF 2.1.0, section 3.11)."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from integrates.api.imports.read.sarif.document import Message, Text
from integrates.api.imports.read.text import block, trimmed
from integrates.db_model.vulnerabilities.location import MAX_EXCERPT

MAX_PLACEHOLDERS: Final = 50
_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{([0-9]{1,4})\}")


def detail(message: Message | None, texts: Sequence[Mapping[str, Text] | None]) -> str | None:
    """Return the message's own text, else the first with its id among ``texts``, with its arguments put in."""
    if message is None:
        return None
    text = message.text or _kept(message.id, texts)
    return block(_filled(text, message.arguments or ()), MAX_EXCERPT) or None


def _kept(identity: str | None, texts: Sequence[Mapping[str, Text] | None]) -> str:
    found = (table[identity].text for table in texts if table and identity is not None and identity in table)
    return next((text for text in found if text), "")


def telling(message: Message | None, shown: str | None) -> str | None:
    """Return what tells a message from others: what is ``shown`` of it, all of it when its own parts are longer than that."""
    if message is None or message.text is None:
        return shown
    own = (message.text, *(one or "" for one in message.arguments or ()))
    return "\n".join(own) if any(len(one) > MAX_EXCERPT for one in own) else shown


def _filled(text: str, arguments: Sequence[str | None]) -> str:
    """Put the arguments into the first placeholders, all cut first: no file makes a text grow endlessly."""
    if not arguments:
        return text
    return _PLACEHOLDER.sub(lambda match: _argument(match, arguments), trimmed(text, MAX_EXCERPT), count=MAX_PLACEHOLDERS)


def _argument(match: re.Match[str], arguments: Sequence[str | None]) -> str:
    if match[1] is None:
        return match[0][0]
    given = arguments[int(match[1])] if int(match[1]) < len(arguments) else None
    return match[0] if given is None else given[:MAX_EXCERPT]
