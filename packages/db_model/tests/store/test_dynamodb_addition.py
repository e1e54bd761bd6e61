"""How additions are sent to DynamoDB."""

from typing import Any

import pytest

from integrates.db_model.errors import Conflict, Failure, LimitExceeded
from integrates.db_model.store.dynamodb.addition import Seen, addition, judge
from integrates.db_model.store.port import ANYTHING, MAX_ITEM_BYTES, MAX_WRITE_BYTES, Add, Key

KEY = Key("p", "s")
ONE = Add(KEY, {"n": 1}, {}, ANYTHING)


def stored(**attributes: Any) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": "s"}, "version": {"N": "7"}, "n": {"N": "1"}, **attributes}


def sent(change: Add, seen: Seen) -> dict[str, Any]:
    update: dict[str, Any] = addition(0, change, "table", judge([change], 0, seen), seen)["Update"]
    return update


def test_an_addition_that_was_not_looked_at_needs_room_and_no_body() -> None:
    update = sent(ONE, {})
    assert update["ConditionExpression"] == "(attribute_not_exists(#k) OR (#r >= :least AND attribute_not_exists(#b)))"
    assert update["ExpressionAttributeValues"][":least"] == update["ExpressionAttributeValues"][":need"]


def test_one_to_an_item_with_a_body_and_room_needs_that_body() -> None:
    body = {"S": '{"text":"x"}'}
    update = sent(ONE, {KEY: stored(room={"N": "9000"}, body=body)})
    assert update["ConditionExpression"] == "(attribute_not_exists(#k) OR (#r >= :least AND #b = :b))"
    assert update["ExpressionAttributeValues"][":b"] == body


@pytest.mark.parametrize("room", [{}, {"room": {"N": "3"}}])
def test_one_without_room_needs_the_version_that_was_seen_and_measures_anew(room: dict[str, Any]) -> None:
    update = sent(ONE, {KEY: stored(**room)})
    assert update["ConditionExpression"] == "#v = :v"
    assert update["ExpressionAttributeValues"][":v"] == {"N": "7"}
    assert update["ExpressionAttributeValues"][":room"] == {"N": str(MAX_ITEM_BYTES - 32 - 2 - len('{"n":2}'))}


def test_a_large_increment_is_looked_at_first() -> None:
    large = Add(KEY, {"n": 2**41}, {}, ANYTHING)
    assert judge([large], 0, {}).unseen == (KEY,)
    assert sent(large, {KEY: None})["ConditionExpression"] == "attribute_not_exists(#k)"


def test_many_additions_share_the_bytes_of_a_write() -> None:
    many = [Add(Key("p", f"{n}"), {"n": 1}, {}, ANYTHING) for n in range(40)]
    sums = judge(many, 100_000, {})
    assert sums.share == (MAX_WRITE_BYTES - 100_000) // 40
    values = addition(0, many[0], "table", sums, {})["Update"]["ExpressionAttributeValues"]
    assert int(values[":least"]["N"]) == MAX_ITEM_BYTES - sums.share + int(values[":need"]["N"])
    assert judge(many, MAX_WRITE_BYTES - 40, {}).unseen == tuple(change.key for change in many)
    with pytest.raises(LimitExceeded, match="write_bytes"):
        judge(many, MAX_WRITE_BYTES - 40, {change.key: None for change in many})


def test_what_was_looked_at_is_judged_by_the_rules() -> None:
    with pytest.raises(Conflict) as caught:
        judge([ONE], 0, {KEY: {**stored(body={"S": '{"n":"x"}'}), "n": {"S": "x"}}})
    assert caught.value.failed == (Failure(0, "out_of_bounds", attribute="n"),)
