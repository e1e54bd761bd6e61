"""The pure rules of the stores."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.db_model.store.port import Bounds, IndexKey, Item, Key
from integrates.db_model.store.rules import item_size, limits, prefix_end, sort_range, within
from integrates.db_model.testing.requirements.sample import walk_of

TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from("\ud7ff\ue000\U0010ffff"), max_size=4)


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        ("", None),
        ("a", "b"),
        ("FIN#", "FIN$"),
        ("a\ud7ff", "a\ue000"),
        ("a\U0010ffff", "b"),
        ("\U0010ffff", None),
        ("a" + chr(sys.maxunicode - 1), "a\U0010ffff"),
    ],
)
def test_the_end_of_a_prefix(prefix: str, end: str | None) -> None:
    assert prefix_end(prefix) == end


@given(TEXTS, TEXTS)
def test_the_range_of_a_prefix_holds_what_begins_with_it_and_nothing_else(prefix: str, text: str) -> None:
    assert within(text, sort_range(walk_of("p", sk_prefix=prefix))) == text.startswith(prefix)


@given(TEXTS, TEXTS, TEXTS)
def test_a_range_holds_its_ends_and_what_is_between_in_utf8(low: str, high: str, text: str) -> None:
    between = low.encode() <= text.encode() <= high.encode()
    assert within(text, sort_range(walk_of("p", sk_between=(low, high)))) == between


def test_the_size_of_an_item_is_what_the_port_says() -> None:
    index_keys = {1: IndexKey("abc", "é"), 20: IndexKey("a", "b")}
    assert item_size(Item(Key("p", "s"), 1, {})) == 32 + 2 + 2
    assert item_size(Item(Key("p", "s"), 2**62, {"é": "é\n"}, index_keys)) == 32 + 2 + (10 + 3 + 2) + (10 + 1 + 1) + 13


def test_an_item_counts_its_keys_and_its_attributes_as_json() -> None:
    empty, filled = Item(Key("p", "s"), 1, {}), Item(Key("p", "é"), 1, {"a": ["é", 10]})
    assert item_size(filled) - item_size(empty) == len("é".encode()) - len("s") + len('{"a":["é",10]}'.encode()) - len("{}")


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        (Bounds(), (-(2**63) + 1, 2**63 - 1)),
        (Bounds(-5, 5), (-5, 5)),
        (Bounds(low=0), (0, 2**63 - 1)),
        (Bounds(high=2**70), (-(2**63) + 1, 2**63 - 1)),
    ],
)
def test_no_bound_is_that_of_the_integers_a_store_holds(bounds: Bounds, found: tuple[int, int]) -> None:
    assert limits(bounds) == found
