"""The requirements, on DynamoDB or its emulator, and what only this store promises."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, closing
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from integrates.db_model.errors import Failure
from integrates.db_model.store.design import design
from integrates.db_model.store.dynamodb.store import dynamodb_store
from integrates.db_model.store.port import ABSENT, ANYTHING, Add, Bounds, IndexKey, Item, Key, Put, Store, Value
from integrates.db_model.store.retry import Policy
from integrates.db_model.testing.adapter import Adapter
from integrates.db_model.testing.requirements import *  # noqa: F403 # pylint: disable=wildcard-import,unused-wildcard-import # each requirement is a test here
from integrates.db_model.testing.requirements.sample import following, new, one, refusal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.dynamodb

Plan = Callable[[str, bytes], str | None]
Opened = Callable[..., AbstractAsyncContextManager[Store]]

EAGER = Policy(base=0.01, cap=0.1)
IMPATIENT = Policy(base=0.01, attempts=3)


@pytest.fixture(scope="module", autouse=True)
def credentials(dynamodb_endpoint: str) -> Iterator[None]:
    """What an emulator asks for; a real endpoint finds its own in the environment."""
    with pytest.MonkeyPatch.context() as environment:
        if "amazonaws" not in dynamodb_endpoint:
            environment.setenv("AWS_ACCESS_KEY_ID", "test")
            environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield


@pytest.fixture(scope="module")
def client(dynamodb_endpoint: str) -> Iterator["DynamoDBClient"]:
    with closing(boto3.client("dynamodb", endpoint_url=dynamodb_endpoint)) as opened:
        yield opened


@pytest.fixture(scope="module")
def prefix(client: "DynamoDBClient") -> Iterator[str]:
    """The beginning of the names of this session's tables, which go when it is over."""
    beginning = f"test_{uuid4().hex[:8]}_"
    yield beginning
    for name in design().tables:
        client.delete_table(TableName=beginning + name)


@pytest.fixture
def behind(prefix: str, way: Callable[[Plan], str]) -> Opened:
    """Open a handle whose calls meet the faults of a plan."""

    def opened(plan: Plan, policy: Policy = EAGER) -> AbstractAsyncContextManager[Store]:
        return dynamodb_store(endpoint=way(plan), prefix=prefix, policy=policy, create=False)

    return opened


def each_call(*faults: str, of: str = "") -> Plan:
    """Plan these faults for the first attempts of each different call, if its name begins so."""
    met: Counter[tuple[str, bytes]] = Counter()

    def plan(name: str, body: bytes) -> str | None:
        met[name, body] += 1
        attempt = met[name, body] - 1
        return faults[attempt] if name.startswith(of) and attempt < len(faults) else None

    return plan


@pytest.fixture
def adapter(dynamodb_endpoint: str, prefix: str, behind: Opened) -> Adapter:
    return Adapter(
        handle=lambda: dynamodb_store(endpoint=dynamodb_endpoint, prefix=prefix, policy=EAGER),
        url=f"dynamodb://?endpoint={dynamodb_endpoint}&region=us-east-1&prefix={prefix}",
        stumbling=lambda: behind(each_call("throttled", "dropped", "failed", "lost")),
        lost=lambda: behind(lambda _name, _body: "dropped", IMPATIENT),
        forgetful=lambda: behind(each_call("lost", of="Transact")),
    )


async def test_a_conflict_of_transactions_is_tried_again(store: Store, behind: Opened, place: str) -> None:
    async with behind(each_call("conflict", "busy", "conflict", of="Transact")) as contended:
        await contended.write([new(place, "a")])
        await contended.write([Add(Key(place, "sum"), {"n": 1}, {}, ANYTHING)])
        assert await refusal(contended, [new(place, "a")]) == {0: Failure(0, "exists", 1)}
    assert [found and found.version for found in await store.get([Key(place, "a"), Key(place, "sum")])] == [1, 1]


async def test_keys_left_unprocessed_are_asked_for_again(store: Store, behind: Opened, place: str) -> None:
    await store.write([new(place, f"{number}") for number in range(40)])
    keys = [Key(place, f"{number}") for number in range(50)]
    async with behind(lambda name, _body: "half" if name == "BatchGetItem" else None) as slow:
        found = await slow.get(keys)
    assert [each and each.key for each in found] == [*keys[:40], *[None] * 10]


async def test_a_refusal_is_explained_when_the_answer_does_not_carry_the_items(
    store: Store, behind: Opened, place: str
) -> None:
    await store.write([new(place, "a"), new(place, "sum", n=1)])
    too_much = Add(Key(place, "sum"), {"n": 1}, {"n": Bounds(high=1)}, ANYTHING)
    changes = [new(place, "a"), following(place, "sum", 5), following(place, "b", 2)]
    async with behind(each_call("bare", "bare", of="Transact")) as silent:
        assert await refusal(silent, changes) == {
            0: Failure(0, "exists", 1),
            1: Failure(1, "stale", 1),
            2: Failure(2, "missing"),
        }
        assert await refusal(silent, [too_much]) == {0: Failure(0, "out_of_bounds")}


async def test_attributes_are_native(store: Store, client: "DynamoDBClient", prefix: str, place: str) -> None:
    attributes: dict[str, Value] = {"texts": ["x"], "inner": {"n": 1, "yes": True, "none": None}}
    await store.write([Put(Item(Key(place, "a"), 2, attributes, {3: IndexKey(place, "z")}), ABSENT)])
    found = client.get_item(TableName=f"{prefix}integrates_vms", Key={"pk": {"S": place}, "sk": {"S": "a"}})
    assert found["Item"] == {
        "pk": {"S": place},
        "sk": {"S": "a"},
        "version": {"N": "2"},
        "pk_3": {"S": place},
        "sk_3": {"S": "z"},
        "texts": {"L": [{"S": "x"}]},
        "inner": {"M": {"n": {"N": "1"}, "yes": {"BOOL": True}, "none": {"NULL": True}}},
    }


@pytest.mark.usefixtures("store")
def test_tables_are_made_as_designed(client: "DynamoDBClient", prefix: str) -> None:
    for name, table in design().tables.items():
        made = client.describe_table(TableName=prefix + name)["Table"]
        indexes = {index["IndexName"]: index["Projection"]["ProjectionType"] for index in made["GlobalSecondaryIndexes"]}
        assert indexes == {f"gsi_{number}": projection for number, projection in table.indexes.items()}
        assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


async def test_tables_are_made_only_when_asked(dynamodb_endpoint: str) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        async with dynamodb_store(endpoint=dynamodb_endpoint, prefix="nowhere_", create=False) as nowhere:
            await one(nowhere, "a", "a")
