"""The requirements, on DynamoDB or its emulator, and what only this store promises."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from integrates.db_model.errors import Failure, Unavailable, Unfit
from integrates.db_model.sessions.commands import open_session
from integrates.db_model.store.design import design
from integrates.db_model.store.dynamodb.store import dynamodb_store
from integrates.db_model.store.port import ABSENT, ANYTHING, Add, Bounds, IndexKey, Item, Key, Put, Store, Table, Value
from integrates.db_model.store.retry import Policy
from integrates.db_model.testing.adapter import Adapter, Lose
from integrates.db_model.testing.requirements import *  # noqa: F403 # pylint: disable=wildcard-import,unused-wildcard-import # each requirement is a test here
from integrates.db_model.testing.requirements.sample import following, new, one, refusal, walk_of

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

    def opened(plan: Plan, policy: Policy = EAGER, **options: Any) -> AbstractAsyncContextManager[Store]:
        return dynamodb_store(endpoint=way(plan), policy=policy, **{"prefix": prefix, **options})

    return opened


FINAL = ("denied", "unknown", "expired", "odd")
"""Faults that do not pass."""


def refusing(fault: str, of: str = "") -> Plan:
    """Plan a fault for every call whose name begins so."""
    return lambda name, _body: fault if name.startswith(of) else None


def each_call(*faults: str, of: str = "") -> Plan:
    """Plan these faults for the first attempts of each different call, if its name begins so."""
    met: Counter[tuple[str, bytes]] = Counter()

    def plan(name: str, body: bytes) -> str | None:
        met[name, body] += 1
        attempt = met[name, body] - 1
        return faults[attempt] if name.startswith(of) and attempt < len(faults) else None

    return plan


def raw(client: "DynamoDBClient", prefix: str, key: Key) -> Item | None:
    """Read an item with a client of our own."""
    asked = {"pk": {"S": key.pk}, "sk": {"S": key.sk}}
    found = client.get_item(TableName=prefix + key.table, Key=asked, ConsistentRead=True).get("Item")
    if found is None:
        return None
    numbers = {name: int(value["N"]) for name, value in found.items() if "N" in value and name not in {"version", "room"}}
    index_keys = {n: IndexKey(found[f"pk_{n}"]["S"], found[f"sk_{n}"]["S"]) for n in range(1, 7) if f"pk_{n}" in found}
    text = found["body"]["S"] if "body" in found else "{}"
    return Item(key, int(found["version"]["N"]), {**json.loads(text), **numbers}, index_keys)


def plant(client: "DynamoDBClient", prefix: str, item: Item) -> None:
    """Store an item with a client of our own."""
    numbers = {name: {"N": str(value)} for name, value in item.attributes.items() if type(value) is int}
    texts = {name: value for name, value in item.attributes.items() if name not in numbers}
    listed = {f"{part}_{n}": {"S": getattr(key, part)} for n, key in item.index_keys.items() for part in ("pk", "sk")}
    native: dict[str, Any] = {
        "pk": {"S": item.key.pk},
        "sk": {"S": item.key.sk},
        "version": {"N": str(item.version)},
        **({"body": {"S": json.dumps(texts)}} if texts else {}),
        **numbers,
        **listed,
    }
    client.put_item(TableName=prefix + item.key.table, Item=native)


@asynccontextmanager
async def vanishing_store(endpoint: str, client: "DynamoDBClient", prefix: str) -> AsyncIterator[tuple[Store, Lose]]:
    """Open a store with what deletes its tables."""

    async def lose() -> None:
        for name in design().tables:
            client.delete_table(TableName=f"{prefix}{name}")

    async with dynamodb_store(endpoint=endpoint, prefix=prefix, create=True) as store:
        yield store, lose


@pytest.fixture
def adapter(dynamodb_endpoint: str, client: "DynamoDBClient", prefix: str, behind: Opened) -> Adapter:
    async def raw_item(key: Key) -> Item | None:
        return raw(client, prefix, key)

    async def planted(item: Item) -> None:
        plant(client, prefix, item)

    refused = {name: partial(behind, refusing(name)) for name in FINAL}
    return Adapter(
        handle=lambda: dynamodb_store(endpoint=dynamodb_endpoint, prefix=prefix, policy=EAGER, create=True),
        url=f"dynamodb://?endpoint={dynamodb_endpoint}&region=us-east-1&prefix={prefix}",
        stumbling=lambda: behind(each_call("throttled", "dropped", "failed", "lost", "strange", "slow", "late")),
        lost=lambda: behind(lambda name, _body: None if name == "DescribeTable" else "dropped", IMPATIENT),
        forgetful=lambda: behind(each_call("lost", of="Transact")),
        raw=raw_item,
        plant=planted,
        unfit={
            "missing": partial(dynamodb_store, endpoint=dynamodb_endpoint, prefix="nowhere_"),
            "not to be made": partial(behind, refusing("denied", of="CreateTable"), prefix=f"{prefix}denied_", create=True),
            **refused,
        },
        vanishing={"without tables": partial(vanishing_store, dynamodb_endpoint, client, f"{prefix}going_")},
    )


async def test_a_conflict_of_transactions_is_tried_again(store: Store, behind: Opened, partition: str) -> None:
    async with behind(each_call("conflict", "busy", "conflict", of="Transact")) as contended:
        await contended.write([new(partition, "a")])
        await contended.write([Add(Key(partition, "sum"), {"n": 1}, {}, ANYTHING)])
        assert await refusal(contended, [new(partition, "a")]) == {0: Failure(0, "exists", 1)}
    assert [found and found.version for found in await store.get([Key(partition, "a"), Key(partition, "sum")])] == [1, 1]


def recording(plan: Plan) -> tuple[Plan, list[tuple[str, dict[str, Any]]], Policy]:
    """Return the plan, what it is asked, names with bodies, and a policy whose pauses are noted there as ``pause``."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def noted(name: str, body: bytes) -> str | None:
        calls.append((name, json.loads(body)))
        return plan(name, body)

    async def sleep(seconds: float) -> None:
        calls.append(("pause", {"seconds": seconds}))

    return noted, calls, Policy(base=0.01, attempts=5, sleep=sleep)


async def test_keys_left_unprocessed_are_asked_for_again_after_a_pause(store: Store, behind: Opened, partition: str) -> None:
    await store.write([new(partition, f"{number}") for number in range(40)])
    keys = [Key(partition, f"{number}") for number in range(50)]
    plan, calls, policy = recording(refusing("half", of="BatchGetItem"))
    async with behind(plan, policy) as slow:
        calls.clear()
        found = await slow.get(keys)
    assert [each and each.key for each in found] == [*keys[:40], *[None] * 10]
    assert [name for name, _ in calls] == ["BatchGetItem", *["pause", "BatchGetItem"] * 5]
    assert all(0 < body["seconds"] < 0.01 for name, body in calls if name == "pause")


async def test_keys_that_are_never_processed_make_the_store_unavailable(behind: Opened, partition: str) -> None:
    plan, calls, policy = recording(refusing("all", of="BatchGetItem"))
    async with behind(plan, policy) as stuck:
        calls.clear()
        async with asyncio.timeout(30):
            with pytest.raises(Unavailable):
                await stuck.get([Key(partition, f"{number}") for number in range(3)])
    assert [name for name, _ in calls] == ["BatchGetItem", *["pause", "BatchGetItem"] * 4]


async def test_every_read_but_that_of_an_index_is_consistent(store: Store, behind: Opened, partition: str) -> None:
    await store.write([new(partition, "a", index=1), new(partition, "full", text="x")])
    plan, calls, policy = recording(lambda _name, _body: None)
    tables: tuple[Table, ...] = ("integrates_vms", "integrates_vms_historic")
    async with behind(plan, policy) as watched:
        await watched.get([Key(partition, f"{number}", table) for number in range(130) for table in tables])
        await watched.query(
            [walk_of(partition), walk_of(partition, limit=1), walk_of(partition, table=tables[1]), walk_of(partition, 1)]
        )
        await watched.write([Add(Key(partition, "full"), {"n": 1}, {}, ANYTHING)])
    batches = [body["RequestItems"] for name, body in calls if name == "BatchGetItem"]
    assert all(each["ConsistentRead"] is True for batch in batches for each in batch.values())
    counts = [sum(len(each["Keys"]) for each in batch.values()) for batch in batches]
    assert sum(counts) == 260
    assert max(counts) <= 100
    queries = [body for name, body in calls if name == "Query"]
    assert [body.get("ConsistentRead") for body in queries if "IndexName" not in body] == [True] * 3
    assert [body.get("ConsistentRead") for body in queries if "IndexName" in body] == [None]
    assert {name for name, _ in calls} == {"DescribeTable", "BatchGetItem", "Query", "TransactWriteItems", "pause"}


async def test_additions_to_a_counter_are_one_call_each(store: Store, behind: Opened, partition: str) -> None:
    await store.write([new(partition, "put", n=1)])
    changes = [Add(Key(partition, name), {"n": 1, "m": -1}, {"n": Bounds(0, 99)}, ANYTHING) for name in ("put", "none")]
    plan, calls, policy = recording(lambda _name, _body: None)
    async with behind(plan, policy) as watched:
        calls.clear()
        for _ in range(5):
            await watched.write(changes)
    assert [name for name, _ in calls] == ["TransactWriteItems"] * 5
    assert await one(store, partition, "put") == Item(Key(partition, "put"), 6, {"n": 6, "m": -5})
    assert await one(store, partition, "none") == Item(Key(partition, "none"), 5, {"n": 5, "m": -5})


async def test_additions_to_an_item_with_other_attributes_are_all_counted(store: Store, partition: str) -> None:
    await store.write([new(partition, "a", text="x")])
    await asyncio.gather(*(store.write([Add(Key(partition, "a"), {"n": 1}, {}, ANYTHING)]) for _ in range(30)))
    assert await one(store, partition, "a") == Item(Key(partition, "a"), 31, {"text": "x", "n": 30})
    await store.write([Put(Item(Key(partition, "a"), 32, {"n": "now a text"}), ANYTHING)])
    assert await refusal(store, [Add(Key(partition, "a"), {"n": 1}, {}, ANYTHING)]) == {
        0: Failure(0, "out_of_bounds", attribute="n")
    }


@pytest.mark.parametrize("fault", ["strange", "slow", "late", "failed", "throttled", "conflict", "busy", "dropped"])
async def test_what_never_passes_ends_unavailable(behind: Opened, partition: str, fault: str) -> None:
    plan, calls, policy = recording(lambda name, _body: None if name == "DescribeTable" else fault)
    async with behind(plan, policy) as failing:
        for call in (
            failing.get([Key(partition, "a")]),
            failing.query([walk_of(partition)]),
            failing.write([new(partition, "a")]),
        ):
            calls.clear()
            with pytest.raises(Unavailable):
                await call
            assert [name for name, _ in calls].count("pause") == 4


@pytest.mark.parametrize("fault", FINAL)
async def test_what_is_refused_for_good_is_not_tried_again(behind: Opened, partition: str, fault: str) -> None:
    plan, calls, policy = recording(lambda name, _body: None if name == "DescribeTable" else fault)
    async with behind(plan, policy) as failing:
        for call in (
            failing.get([Key(partition, "a")]),
            failing.query([walk_of(partition)]),
            failing.write([new(partition, "a")]),
        ):
            calls.clear()
            with pytest.raises(Unfit):
                await call
            assert len(calls) == 1


async def test_a_store_that_was_closed_is_unfit(behind: Opened, partition: str) -> None:
    async with behind(lambda _name, _body: None) as closed:
        pass
    for call in (closed.get([Key(partition, "a")]), closed.query([walk_of(partition)]), closed.write([new(partition, "a")])):
        with pytest.raises(Unfit, match="closed"):
            await call


async def test_a_table_that_is_back_can_be_used_again(
    dynamodb_endpoint: str, client: "DynamoDBClient", prefix: str, partition: str
) -> None:
    """Nothing is kept in the process, so what is acknowledged is in the table that has the name."""
    async with vanishing_store(dynamodb_endpoint, client, f"{prefix}back_") as (store, lose):
        await lose()
        with pytest.raises(Unfit):
            await store.write([new(partition, "a")])
        async with dynamodb_store(endpoint=dynamodb_endpoint, prefix=f"{prefix}back_", create=True):
            await store.write([new(partition, "a")])
            assert await one(store, partition, "a") is not None
        await lose()


async def test_without_credentials_a_store_is_unfit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Unfit, match="credentials"):
        async with dynamodb_store(region="us-east-1"):
            pytest.fail("opened")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(Unfit, match="profile"):
        async with dynamodb_store(region="us-east-1"):
            pytest.fail("opened")


async def test_what_no_store_wrote_is_unfit(store: Store, client: "DynamoDBClient", prefix: str, partition: str) -> None:
    wrong: dict[str, Any] = {"a": {"body": {"N": "1"}}, "b": {"body": {"S": "{"}}}
    for name, attributes in wrong.items():
        native = {"pk": {"S": partition}, "sk": {"S": name}, "version": {"N": "1"}, **attributes}
        client.put_item(TableName=f"{prefix}integrates_vms", Item=native)
    with pytest.raises(Unfit, match=partition):
        await one(store, partition, "a")
    with pytest.raises(Unfit, match=partition):
        await store.write([Add(Key(partition, "b"), {"n": 1}, {}, ANYTHING)])


async def test_a_refusal_is_explained_when_the_answer_does_not_carry_the_items(
    store: Store, behind: Opened, partition: str
) -> None:
    await store.write([new(partition, "a"), new(partition, "sum", n=1)])
    too_much = Add(Key(partition, "sum"), {"n": 1}, {"n": Bounds(high=1)}, ANYTHING)
    changes = [new(partition, "a"), following(partition, "sum", 5), following(partition, "b", 2)]
    async with behind(each_call("bare", "bare", of="Transact")) as silent:
        assert await refusal(silent, changes) == {
            0: Failure(0, "exists", 1),
            1: Failure(1, "stale", 1),
            2: Failure(2, "missing"),
        }
        assert await refusal(silent, [too_much]) == {0: Failure(0, "out_of_bounds", bound="high", attribute="n")}


async def test_attributes_are_one_json_text_beside_numbers_and_keys(
    store: Store, client: "DynamoDBClient", prefix: str, partition: str
) -> None:
    attributes: dict[str, Value] = {"texts": ["x"], "n": -1, "yes": True, "inner": {"n": 1, "none": None}}
    await store.write([Put(Item(Key(partition, "a"), 2, attributes, {3: IndexKey(partition, "z")}), ABSENT)])
    await store.write([Add(Key(partition, "a"), {"n": 3}, {}, ANYTHING)])
    found = client.get_item(TableName=f"{prefix}integrates_vms", Key={"pk": {"S": partition}, "sk": {"S": "a"}})["Item"]
    assert int(found.pop("room")["N"]) > 400_000
    assert found == {
        "pk": {"S": partition},
        "sk": {"S": "a"},
        "version": {"N": "3"},
        "pk_3": {"S": partition},
        "sk_3": {"S": "z"},
        "n": {"N": "2"},
        "body": {"S": '{"texts":["x"],"yes":true,"inner":{"n":1,"none":null}}'},
    }
    assert await one(store, partition, "a") == Item(
        Key(partition, "a"), 3, {**attributes, "n": 2}, {3: IndexKey(partition, "z")}
    )


@pytest.mark.usefixtures("store")
def test_tables_are_made_as_designed(client: "DynamoDBClient", prefix: str) -> None:
    for name, table in design().tables.items():
        made = client.describe_table(TableName=prefix + name)["Table"]
        indexes = {index["IndexName"]: index["Projection"]["ProjectionType"] for index in made["GlobalSecondaryIndexes"]}
        assert indexes == {f"gsi_{number}": projection for number, projection in table.indexes.items()}
        assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_table_deletes_by_itself_what_the_design_says(store: Store, client: "DynamoDBClient", prefix: str) -> None:
    assert store.max_changes
    told = {name: client.describe_time_to_live(TableName=prefix + name)["TimeToLiveDescription"] for name in design().tables}
    assert {name: (one["TimeToLiveStatus"], one.get("AttributeName")) for name, one in told.items()} == {
        "integrates_vms": ("ENABLED", "purge_at"),
        "integrates_vms_historic": ("DISABLED", None),
    }


async def test_a_session_says_when_it_may_be_deleted(store: Store, client: "DynamoDBClient", prefix: str) -> None:
    now, digest = datetime(2026, 1, 31, 12, tzinfo=UTC), uuid4().hex
    await open_session(store, f"{digest}@demo.example", digest, now)
    key = {"pk": {"S": f"SESSION#{digest}"}, "sk": {"S": f"SESSION#{digest}"}}
    found = client.get_item(TableName=f"{prefix}integrates_vms", Key=key)["Item"]
    assert found["purge_at"] == {"N": str(int((now + timedelta(minutes=41)).timestamp()))}


async def test_a_role_that_may_not_set_this_can_open_the_store(store: Store, behind: Opened, partition: str) -> None:
    plan = refusing("denied", of="DescribeTimeToLive")
    async with behind(plan, create=True) as denied:
        change = new(partition, "a")
        await denied.write((change,))
    assert await store.get((change.item.key,)) == (change.item,)
