"""Every regular expression of the packages takes time in proportion to the text, because texts come from people."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import pairwise, product
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined] # the parser of the standard library has no public name
from re import _parser as parser  # type: ignore[attr-defined] # nor has this
from time import process_time
from typing import Any, Final, NamedTuple

import pytest

from integrates.db_model.values.url import HOST

_PACKAGES: Final = Path(__file__).parents[2] / "packages"
_SIZES: Final = (24, 96, 384, 1_536, 6_144)
_NOISE: Final = 0.004


class Expression(NamedTuple):
    """An expression, and whether its module looks for it at every place of a text."""

    pattern: re.Pattern[Any]
    searches: bool


def _modules() -> Iterator[tuple[str, str]]:
    for source in sorted(_PACKAGES.glob("*/src")):
        for path in sorted(source.rglob("*.py")):
            text = path.read_text()
            if "re.compile(" in text:
                yield ".".join(path.relative_to(source).with_suffix("").parts), text


def _expressions() -> Mapping[str, Expression]:
    found = {
        f"{module}.{name}": Expression(value, re.search(rf"\b{name}\.(search|sub|split|find\w+)\b", text) is not None)
        for module, text in _modules()
        for name, value in vars(import_module(module)).items()
        if isinstance(value, re.Pattern)
    }
    return found | {"HOST": Expression(re.compile(HOST), searches=False)}


_EXPRESSIONS: Final = _expressions()


def _characters(tree: Any) -> Iterator[str]:
    """Yield characters that the expression speaks of."""
    for code, argument in tree:
        match code:
            case op.LITERAL | op.NOT_LITERAL:
                yield chr(argument)
            case op.RANGE:
                yield chr(argument[0])
            case op.IN:
                yield from _characters(argument)
            case op.MAX_REPEAT | op.MIN_REPEAT | op.POSSESSIVE_REPEAT:
                yield from _characters(argument[2])
            case op.SUBPATTERN:
                yield from _characters(argument[3])
            case op.ASSERT | op.ASSERT_NOT:
                yield from _characters(argument[1])
            case op.BRANCH:
                yield from (one for branch in argument[1] for one in _characters(branch))
            case _:
                continue


def _pumped(expression: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """Yield a beginning, what is repeated after it, and an end."""
    known = sorted({*_characters(parser.parse(expression.pattern, expression.flags)), "a", "1"})[:12]
    repeated = (*known, *map("".join, product(known, repeat=2)))
    return product(("", *known[:4]), repeated, ("", "\n!"))


def _spent(expression: Expression, text: str) -> float:
    pattern = expression.pattern
    subject = text.encode("latin-1", "ignore") if isinstance(pattern.pattern, bytes) else text
    started = process_time()
    pattern.match(subject)
    pattern.fullmatch(subject)
    if expression.searches:
        deque(pattern.finditer(subject), maxlen=0)
    return process_time() - started


def _grows(expression: Expression, texts: Sequence[str]) -> bool:
    """Return whether a text four times as long takes more than ten times as long."""
    spent = (_spent(expression, text) for text in texts)
    return any(after > _NOISE and after > 10 * before for before, after in pairwise(spent))


@pytest.mark.parametrize("name", _EXPRESSIONS)
def test_an_expression_takes_time_in_proportion_to_the_text(name: str) -> None:
    expression = _EXPRESSIONS[name]
    for begin, repeated, end in _pumped(expression.pattern):
        texts = [f"{begin}{repeated * (size // len(repeated))}{end}" for size in _SIZES]
        # Three times, because once the machine may have been busy.
        assert not all(_grows(expression, texts) for _ in range(3)), (begin, repeated, end)
