"""Attributes as the JSON that a store keeps."""

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given

from integrates.db_model.store.body import Body, raw_of, with_numbers
from integrates.db_model.store.port import Item, Key
from integrates.db_model.testing.requirements.agreement import ATTRIBUTES


@given(ATTRIBUTES)
def test_a_body_is_the_mapping_that_was_encoded(attributes: dict[str, Any]) -> None:
    body = Body(raw_of(attributes))
    assert body == attributes
    assert attributes == body
    assert dict(body) == attributes
    assert raw_of(body) is body.raw
    assert Item(Key("p", "s"), 1, body) == Item(Key("p", "s"), 1, attributes)


def test_bodies_are_equal_when_their_content_is() -> None:
    assert Body(b'{"a":1,"b":2}') == Body(b'{"b":2,"a":1}') == {"b": 2, "a": 1}
    assert Body(b'{"a":1}') != Body(b'{"a":2}')
    assert Body(b'{"a":1}') != {"a": 1, "b": 2}
    assert Body(b"{}") != "{}"


def test_nothing_is_read_until_somebody_looks() -> None:
    wrong = Body(b"this is no JSON")
    assert wrong == Body(b"this is no JSON")
    assert repr(wrong) == "Body(b'this is no JSON')"
    assert raw_of(wrong) == b"this is no JSON"
    for look in (len, list, dict, lambda body: body["a"], lambda body: "a" in body, lambda body: body == {}):
        with pytest.raises(msgspec.DecodeError):
            look(wrong)


def test_a_body_is_frozen() -> None:
    body = Body(b'{"a":1}')
    with pytest.raises(AttributeError):
        body.raw = b"{}"  # type: ignore[misc]  # that is the point
    with pytest.raises(TypeError):
        hash(body)
    assert deepcopy(body) == body


def test_numbers_are_replaced_and_nothing_else() -> None:
    assert with_numbers(Body(b'{"a":"x","n":1}'), {"n": 2, "m": 0}) == b'{"a":"x","n":2,"m":0}'
