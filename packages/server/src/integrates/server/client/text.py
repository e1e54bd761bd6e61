"""Text that a service sent, made harmless: nothing in it moves the cursor of a terminal, or changes the order of letters.

Nor does a CI system take it for one of its commands: Azure Pipelines, GitHub Actions and TeamCity look for them in what a step
prints, and a file of a pull request may be called ``##vso[task.setvariable variable=x]y``.
"""

import json
import re
import unicodedata
from typing import Any, Final

KEPT: Final = frozenset("\n\t")
"""Control characters that a text of several lines may keep."""
_HARMFUL: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode: controls, invisible formats (bidirectional overrides among them), surrogates, line separators."""
_JOINERS: Final = frozenset("\u200c\u200d")
"""Formats that words of some languages, and emoji, are written with."""
_COMMAND: Final = re.compile(r"##(?=[\w.-]*\[)")
"""Begins a command of Azure Pipelines, TeamCity, and of older runners of GitHub, wherever it stands in a line."""
_BEGINNING: Final = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
"""Begins a command of GitHub Actions, at the beginning of a line."""


def is_harmful(character: str) -> bool:
    """Return whether a character could do something to a terminal, or to how the text around it reads."""
    return unicodedata.category(character) in _HARMFUL and character not in _JOINERS


def one_line(text: str) -> str:
    """Return a text as one line: what is harmful is shown as an escape in hexadecimal digits, a line's end as a space."""
    return _mute("".join(map(_shown, " ".join(text.splitlines()) if "\n" in text or "\r" in text else text)))


def many_lines(text: str) -> str:
    """Return a text whose lines and tabs stay, with everything else that is harmful as an escape."""
    kept = (character if character in KEPT else _shown(character) for character in text.replace("\r\n", "\n"))
    return _mute("".join(kept))


def _mute(text: str) -> str:
    """Return a text in which no CI system finds a command."""
    return _BEGINNING.sub(r"\1\\x3a", _COMMAND.sub(r"#\\x23", text))


def _shown(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode() if is_harmful(character) else character


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return JSON, in which harmful characters are escapes, so that it is the same value and as harmless on a terminal."""
    text = json.dumps(value, ensure_ascii=False, indent=indent).replace("##", "#\\u0023")
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(_escaped(each) if is_harmful(each) and each not in KEPT else each for each in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"
