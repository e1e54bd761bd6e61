"""The codec of cursors."""

import string
from base64 import urlsafe_b64encode
from hashlib import blake2b

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.db_model.errors import InvalidCursor
from integrates.db_model.store.cursor import Position, page, position
from integrates.db_model.store.port import IndexKey, Item, Key, Query
from integrates.db_model.testing.requirements.sample import walk_of

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=9)
ALPHABET = string.ascii_letters + string.digits + "-_"


def cursor_of(query: Query, item: Item) -> str:
    [cursor] = page(query, [item]).cursors
    return cursor


@given(TEXTS, TEXTS, TEXTS, st.booleans())
def test_a_cursor_gives_back_its_position(pk: str, sk: str, sort: str, descending: bool) -> None:
    item = Item(Key(pk, sk), 1, {}, {1: IndexKey("p", sort)})
    table, index = walk_of(pk, descending=descending), walk_of("p", 1, descending=descending)
    for query, expected in ((table, Position(sk, pk, sk)), (index, Position(sort, pk, sk))):
        assert position(msgspec.structs.replace(query, after=cursor_of(query, item))) == expected


def test_a_query_from_its_beginning_has_no_position() -> None:
    assert position(walk_of("p")) is None


CURSOR = cursor_of(walk_of("p"), Item(Key("p", "name"), 1, {}))


@given(st.integers(0, len(CURSOR) - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_makes_a_cursor_invalid(at: int, letter: str) -> None:
    wrong = CURSOR[:at] + letter + CURSOR[at + 1 :]
    if wrong == CURSOR:
        assert position(walk_of("p", after=wrong)) == Position("name", "p", "name")
    else:
        with pytest.raises(InvalidCursor):
            position(walk_of("p", after=wrong))


@given(st.text(max_size=60) | st.text(ALPHABET, max_size=60))
def test_anything_else_is_invalid(text: str) -> None:
    with pytest.raises(InvalidCursor):
        position(walk_of("p", after=text))


def sealed(first: int, bound: int, query: Query, position: Position) -> str:
    """Make a cursor by hand: as of the codec version ``first``, its digest bound to ``bound``."""
    parts = (bound, query.table, query.pattern, query.index, query.pk, query.sk_prefix, query.sk_between, query.descending)
    body = msgspec.msgpack.encode(position)
    key = blake2b(msgspec.msgpack.encode(parts)).digest()
    return urlsafe_b64encode(bytes((first,)) + blake2b(body, digest_size=12, key=key).digest() + body).decode().rstrip("=")


def test_a_cursor_of_another_version_of_the_codec_is_invalid() -> None:
    """Neither its first byte nor what its digest is bound to may be another's: a change of the codec changes its number."""
    query, at = walk_of("p"), Position("name", "p", "name")
    assert sealed(1, 1, query, at) == CURSOR
    for first, bound in ((1, 2), (2, 1), (2, 2)):
        with pytest.raises(InvalidCursor):
            position(walk_of("p", after=sealed(first, bound, query, at)))


def test_a_position_outside_the_range_of_its_query_is_invalid() -> None:
    query = walk_of("p", sk_prefix="a")
    for item in (Item(Key("p", "b"), 1, {}), Item(Key("other", "a"), 1, {})):
        with pytest.raises(InvalidCursor):
            position(msgspec.structs.replace(query, after=cursor_of(query, item)))
