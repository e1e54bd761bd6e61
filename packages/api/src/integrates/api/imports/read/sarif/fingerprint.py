"""Fingerprints of results (domain section 8, row *fingerprints*)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import Final, TypeAlias

from integrates.api.imports.read.name import MAX_FINGERPRINT
from integrates.api.imports.read.observation import Fingerprint
from integrates.api.imports.read.sarif.document import Result
from integrates.db_model.errors import Rejected
from integrates.db_model.values.text import one_line

MAX_NAMES: Final = 100
"""Most fingerprints of a result that are looked at, and most partial ones."""
_PRIMARY: Final = "primaryLocationLineHash"
_COLUMN: Final = "StartColumn"
"""What names contain of values that change with every shift of a line."""
_PLACEHOLDER: Final = "requires login"
_MANY: Final = 3
"""So many equal values of one name, and no other, are no identity."""

Name: TypeAlias = tuple[bool, str]
"""The name of a fingerprint, with whether it is one of the partial ones."""


def _given(result: Result) -> Iterator[tuple[Name, str]]:
    """Yield names and values in the order in which they count."""
    for is_partial, values in ((False, result.fingerprints), (True, result.partial_fingerprints)):
        for name, value in sorted(islice((values or {}).items(), MAX_NAMES)):
            text = value.strip()
            if text and text != _PLACEHOLDER and _COLUMN not in name:
                yield (is_partial, name.strip()), text


def constant_names(results: Iterable[Result]) -> frozenset[Name]:
    """Return the names whose value is the same in all results of a run that have one, when these are three or more."""
    values: Mapping[Name, list[str]] = defaultdict(list)
    for result in results:
        for name, value in _given(result):
            values[name].append(value)
    return frozenset(name for name, found in values.items() if len(found) >= _MANY and len(set(found)) == 1)


def variety(results: Iterable[Result]) -> Mapping[Name, int]:
    """Return how many different values each name has among results."""
    values: Mapping[Name, set[str]] = defaultdict(set)
    for result in results:
        for name, value in _given(result):
            values[name].add(value)
    return {name: len(found) for name, found in values.items()}


def fingerprints(result: Result, where: str, constant: frozenset[Name]) -> Mapping[Name, Fingerprint]:
    """Return the tool's own identities of a result at ``where``; partial ones, except that of a line, hold for its path."""
    return {
        (is_partial, name): Fingerprint(
            name, _stored(f"{where}:{name}={value}" if is_partial and name != _PRIMARY else f"{name}={value}")
        )
        for (is_partial, name), value in _given(result)
        if (is_partial, name) not in constant
    }


def kept_text(found: Mapping[Name, Fingerprint], different: Mapping[Name, int]) -> str | None:
    """Return what a new vulnerability keeps: of the name with the most different values in its rule; of equals the first."""
    return found[max(found, key=different.__getitem__)].text if found else None


def _stored(text: str) -> str:
    """Return the text as it is stored; its SHA-256 when it is too long or no line of text."""
    try:
        return one_line(text, (), low=1, high=MAX_FINGERPRINT)
    except Rejected:
        return sha256(text.encode()).hexdigest()
