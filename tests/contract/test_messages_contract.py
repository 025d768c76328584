"""Messages and their stream events on both engines."""

from __future__ import annotations

import base64
import itertools
import json
from datetime import timedelta

import boto3
import pytest
from botocore.config import Config
from mydata_hub.aws.streams import image_of, keys_of, row_from_image
from mydata_hub.errors import Conflict, Damaged
from mydata_hub.ports.messages import SHARDS, Message, due_messages, read_message, send, settle
from mydata_hub.ports.tables import Absent, Check, Key, Put, Row, VersionIs

ROW = Row(
    Key("things", "p", "s"),
    3,
    {"none": None, "yes": True, "n": -1, "text": "가", "bytes": b"\x00\xff", "list": [b"x", {}]},
    2,
)


def message(clock, message_id: str, due_in_s: int = 0, **body) -> Message:
    due_at = clock.now() + timedelta(seconds=due_in_s)
    return Message(message_id=message_id, topic="tests", body=body, due_at=due_at)


def due(tables, clock) -> list[str]:
    return [found.message_id for found in due_messages(tables, clock.now())]


def test_a_message_exists_exactly_if_its_commit_does(tables, clock):
    sent = message(clock, "m1", ids=["a", "b"])
    thing = Put(key=Key("things", "p"), values={}, when=Absent())
    tables.commit(thing, send(sent))
    with pytest.raises(Conflict):
        tables.commit(thing, send(message(clock, "m2")))
    assert list(due_messages(tables, clock.now())) == [sent]


def test_a_message_is_due_at_its_instant_and_not_before(tables, clock):
    tables.commit(send(message(clock, "later", due_in_s=60)), send(message(clock, "now")))
    assert due(tables, clock) == ["now"]
    clock.advance(timedelta(seconds=60) - timedelta(microseconds=1))
    assert due(tables, clock) == ["now"]
    clock.advance(timedelta(microseconds=1))
    assert sorted(due(tables, clock)) == ["later", "now"]


def test_within_a_shard_messages_come_by_due_instant(tables, clock):
    shard = itertools.groupby(
        sorted((send(message(clock, f"m{n}")).key.partition, n) for n in range(400)),
        key=lambda pair: pair[0],
    )
    members = next(numbers for _, group in shard if len(numbers := list(group)) > 10)
    # The ids ascend while the instants descend, so the order cannot be that of the ids.
    sent = [message(clock, f"m{n}", due_in_s=-n) for _, n in members]
    tables.commit(*(send(one) for one in sent))
    found = list(due_messages(tables, clock.now()))
    assert found == sorted(sent, key=lambda one: one.due_at)


def test_a_backlog_longer_than_a_page_is_found_whole(tables, clock):
    numbers = (n for n in range(10_000) if send(message(clock, f"m{n}")).key.partition == "03")
    ids = [f"m{n}" for n in itertools.islice(numbers, 130)]
    for batch in (ids[:65], ids[65:]):
        tables.commit(*(send(message(clock, message_id)) for message_id in batch))
    assert sorted(due(tables, clock)) == sorted(ids)


def test_a_message_is_settled_once(tables, clock):
    sent = message(clock, "m1")
    tables.commit(send(sent))
    effect = Put(key=Key("things", "effect"), values={}, when=Absent())
    tables.commit(effect, settle(sent))
    with pytest.raises(Conflict):
        tables.commit(Put(key=Key("things", "again"), values={}, when=Absent()), settle(sent))
    assert due(tables, clock) == []
    assert tables.fetch_many(Key("things", "again")) == {}
    tables.commit(Check(Key("things", "effect"), (VersionIs(1),)))


def test_messages_spread_over_every_shard(clock):
    shards = {send(message(clock, f"m{n}")).key.partition for n in range(500)}
    assert shards == {f"{shard:02d}" for shard in range(SHARDS)}


@pytest.mark.parametrize("missing", ["message_id", "topic", "body", "due_at"])
def test_an_outbox_row_without_a_message_is_damaged(clock, missing):
    put = send(message(clock, "m1"))
    values = {name: value for name, value in put.values.items() if name != missing}
    with pytest.raises(Damaged):
        read_message(Row(put.key, 1, values))


@pytest.mark.parametrize("microsecond", [0, 1, 999_999])
def test_an_image_is_json_and_gives_the_row_back(clock, microsecond):
    row = Row(ROW.key, 3, ROW.values, 2, clock.now().replace(microsecond=microsecond))
    image = json.loads(json.dumps(image_of(row)))
    assert row_from_image("things", image) == row
    assert image["values"]["M"]["bytes"] == {"B": base64.b64encode(b"\x00\xff").decode()}
    # Time-to-live counts whole seconds: a row must not vanish before its instant.
    whole_seconds = int(row.expires_at.replace(microsecond=0).timestamp())
    assert int(image["expires_at"]["N"]) == whole_seconds + (microsecond > 0)
    assert "expires_at" not in image_of(ROW)


def test_the_stream_of_dynamodb_gives_the_rows_that_the_embedded_engine_would(aws_engine, clock):
    tables = aws_engine.tables(clock)
    key, values = Key("things", "p", "s"), dict(ROW.values)
    place = {"by_owner": ("me", "1")}
    at = clock.now() + timedelta(microseconds=1)
    tables.commit(Put(key=key, values=values, when=Absent(), indexes=place, expires_at=at))
    tables.commit(Put(key=key, values={"n": 2}, when=VersionIs(1), format=2))
    first, second = Row(key, 1, values, 1, at), Row(key, 2, {"n": 2}, 2)

    records = stream_records(aws_engine.clients["dynamodb"], tables._engine_tables["things"])
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY"]
    images = [record["dynamodb"] for record in records]
    assert [image["Keys"] for image in images] == [keys_of(key)] * 2
    assert [row_from_image("things", image["NewImage"]) for image in images] == [first, second]
    assert row_from_image("things", images[1]["OldImage"]) == first
    # What the laptop's worker sends reads the same.
    for row in (first, second):
        assert row_from_image("things", image_of(row)) == row


def stream_records(client, engine_table: str) -> list[dict]:
    # moto does not know the host names that carry an account id.
    streams = boto3.client("dynamodbstreams", config=Config(account_id_endpoint_mode="disabled"))
    arn = client.describe_table(TableName=engine_table)["Table"]["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    return streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]


DAMAGE = [
    {},
    {"partition": {"S": "p"}},
    image_of(ROW) | {"values": {"S": "no map"}},
    image_of(ROW) | {"values": {"M": {"x": {"SS": ["a set"]}}}},
    image_of(ROW) | {"values": {"M": {"x": {"N": "1.5"}}}},
    image_of(ROW) | {"values": {"M": {"x": {"B": "not base64!"}}}},
    image_of(ROW) | {"values": {"M": {"x": {"B": 1}}}},
    image_of(ROW) | {"values": {"M": {"x": {}}}},
    image_of(ROW) | {"values": {"M": {"x": {"S": "a", "N": "1"}}}},
    image_of(ROW) | {"values": "no attribute"},
    image_of(ROW) | {"version": {"N": "first"}},
    image_of(ROW) | {"expires_at_us": {"N": "9" * 30}},
    image_of(ROW) | {"expires_at_us": {"S": "soon"}},
]


@pytest.mark.parametrize("image", DAMAGE, ids=range(len(DAMAGE)))
def test_an_image_that_is_laid_out_otherwise_is_damaged(image):
    with pytest.raises(Damaged) as damaged:
        row_from_image("things", image)
    assert str(damaged.value) == "an item is not laid out as a row"
