"""What the schema says of itself: everything is described, by a sentence that tells more than the name does."""

import re
from typing import Final

import pytest
from graphql import DocumentNode, parse
from packages.api.tests.part import parts

from integrates.api.schema import definition

MIN_WORDS: Final = 4
MIN_NEW_WORDS: Final = 2
"""How many words a description has at least that carry a meaning and are not in the name of what it describes."""
EMPTY_WORDS: Final = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "been", "by", "for", "from", "had", "has", "have", "how", "if", "in", "into",
    "is", "it", "its", "no", "not", "null", "of", "on", "one", "or", "other", "others", "out", "so", "such", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "was", "were", "what", "when", "whether",
    "which", "who", "whose", "with",
))  # fmt: skip # one word on each of sixty lines tells nobody more
ENDINGS: Final = ("ies", "ing", "es", "ed", "s", "y", "e")
"""What a word is compared without, so that `vulnerabilities` is no news in the description of a vulnerability."""


def _texts(document: DocumentNode) -> dict[str, str]:
    """Return the description of everything that may have one, empty where there is none."""
    described = ((path, getattr(node, "description", None)) for path, node in parts(document).items())
    return {path: found.value if found else "" for path, found in described}


def _stem(word: str) -> str:
    short = (word.lower().removesuffix(ending) for ending in ENDINGS if word.lower().endswith(ending))
    return next(short, word.lower())


def _stems(text: str) -> set[str]:
    """Return the words of a name or a description that carry a meaning: `minOpenScore` has three."""
    parts = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+", re.sub(r"[^A-Za-z0-9]", " ", text))
    return {_stem(part) for part in parts if part.lower() not in EMPTY_WORDS}


def _fault(path: str, text: str) -> str | None:
    """Tell what is wrong with a description; none when it is as they all should be."""
    if not text:
        return "nothing"
    if not text.endswith("."):
        return "no full stop"
    if not (text[0].isupper() or text[0].isdigit() or text[0] == "`"):
        return "no capital"
    if len(text.split()) < MIN_WORDS:
        return "too short"
    return "only the name again" if len(_stems(text) - _stems(path)) < MIN_NEW_WORDS else None


def faults(document: DocumentNode) -> dict[str, str]:
    """Tell what is wrong with the descriptions of a schema."""
    found = {path: _fault(path, text) for path, text in _texts(document).items()}
    return {path: fault for path, fault in found.items() if fault}


def test_everything_is_described() -> None:
    found = faults(definition())
    assert found == {}, (
        "say in schema.graphql, above each of these, what it is for, in a sentence: "
        f"{', '.join(f'{path} ({fault})' for path, fault in found.items())}"
    )


_THING = '"What people keep on a shelf."'


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        (f"{_THING} type Thing {{ size: Int }}", {"Thing.size": "nothing"}),
        (f"{_THING} input Thing {{ size: Int }}", {"Thing.size": "nothing"}),
        (f"{_THING} interface Thing {{ size: Int }}", {"Thing.size": "nothing"}),
        (f"{_THING} enum Thing {{ BIG }}", {"Thing.BIG": "nothing"}),
        (f'{_THING} type Thing {{ "Bytes that it takes." size(of: Int): Int }}', {"Thing.size(of)": "nothing"}),
        (f"{_THING} directive @thing(of: Int) on OBJECT", {"@thing(of)": "nothing"}),
        ("scalar Thing", {"Thing": "nothing"}),
        ("union Thing = Thing", {"Thing": "nothing"}),
        ('"What people keep on a shelf" scalar Thing', {"Thing": "no full stop"}),
        ('"what people keep on a shelf." scalar Thing', {"Thing": "no capital"}),
        ('"A kept object." scalar Thing', {"Thing": "too short"}),
        (f'{_THING} type Thing {{ "The size of the thing." size: Int }}', {"Thing.size": "only the name again"}),
        (f'{_THING} type Thing {{ "Sizes that these things have." sizeOfIt: Int }}', {"Thing.sizeOfIt": "only the name again"}),
        (f'{_THING} type Thing {{ "Bytes that it takes on a disk." size: Int }}', {}),
        ('"`/a/b`, the path of a file on a disk." scalar Thing', {}),
    ],
)
def test_what_is_badly_described_is_found(schema: str, found: dict[str, str]) -> None:
    assert faults(parse(schema)) == found
