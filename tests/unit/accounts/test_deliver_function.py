"""The courier's function on the embedded engine: woken by the stream or by the sweep."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mydata_hub.accounts.notices import TOPIC
from mydata_hub.aws.streams import image_of, keys_of
from mydata_hub.config import DeliverSettings
from mydata_hub.errors import Damaged, FormatUnknown, SettingMissing
from mydata_hub.ports.messages import Message, due_messages, send
from mydata_hub.ports.tables import Absent, Key, Put
from mydata_hub.wiring import tables_for

from tests.unit.accounts.conftest import memory_folder

SOURCE = Path(__file__).parents[3] / "functions" / "deliver.py"
SWEEP = {"sweep": True}


def load():
    """The function's file as Lambda loads it: by path, not as part of a package."""
    spec = importlib.util.spec_from_file_location("functions_deliver", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Courier:
    """The function over one folder, and a sender of messages."""

    def __init__(self, folder):
        self.environment = {
            "ENGINE": f"embedded:{folder}",
            "ISSUER": "http://localhost:8787",
            "OUTBOX_TABLE": "OutboxTable",
            "NOTICES_TABLE": "NoticesTable",
            "CLIENTS_TABLE": "ClientsTable",
            "DELIVERIES_TABLE": "DeliveriesTable",
            "EVENT_KEY": "event",
            "LOG_TABLE": "LogTable",
            "WITNESSES_TABLE": "WitnessesTable",
            "TILES_BUCKET": "tiles",
            "WITNESSES": "",
        }
        self.handle = load().build(self.environment)
        self.tables = tables_for(DeliverSettings.read(self.environment))

    def send(self, message_id, due_in=timedelta(), topic=TOPIC, **body):
        """Send a message; gives its stream record."""
        message = Message(
            message_id=message_id,
            topic=topic,
            body={"account_id": "a", "kind": "passkey_added", "passkey_ids": ["p", "q"]} | body,
            due_at=datetime.now(UTC) + due_in,
        )
        put = send(message)
        self.tables.commit(put)
        return self.record("INSERT", put.key)

    def record(self, name, key):
        row = self.tables.fetch_many(key).get(key)
        image = {} if row is None else {"NewImage": image_of(row)}
        return {
            "eventID": key.sort,
            "eventName": name,
            "eventSource": "aws:dynamodb",
            "dynamodb": {"Keys": keys_of(key), "SequenceNumber": key.sort, **image},
        }

    def take(self, *records):
        """What the function answers to a batch: the sequence numbers that failed."""
        answer = self.handle({"Records": json.loads(json.dumps(records))}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def told(self):
        return [row.key.sort for row in self.tables.query("notices", "a").rows]

    def waiting(self):
        far = datetime.now(UTC) + timedelta(days=365)
        return {message.message_id for message in due_messages(self.tables, far)}


@pytest.fixture
def courier():
    with memory_folder() as folder:
        courier = Courier(folder)
        yield courier
        courier.tables.close()


def test_a_message_of_the_stream_becomes_one_notice_for_each_passkey(courier):
    assert courier.take(courier.send("m1")) == []
    assert [sort.partition("#")[0] for sort in courier.told()] == ["p", "q"]
    assert courier.waiting() == set()


def test_a_batch_that_is_delivered_twice_has_one_effect(courier):
    batch = [courier.send("m1"), courier.send("m2")]
    assert courier.take(*batch) == []
    told = courier.told()
    assert courier.take(*batch) == []
    assert courier.take(batch[0], batch[0]) == []
    assert courier.handle(SWEEP, None) == {}
    assert courier.told() == told
    assert len(told) == 4


def test_the_sweep_finds_what_the_stream_lost(courier):
    for number in range(5):
        courier.send(f"m{number}", due_in=timedelta(seconds=-number))
    courier.handle(SWEEP, None)
    assert len(courier.told()) == 10
    assert courier.waiting() == set()


def test_what_is_not_yet_due_is_left_alone_by_stream_and_sweep(courier):
    assert courier.take(courier.send("later", due_in=timedelta(hours=72))) == []
    courier.handle(SWEEP, None)
    assert courier.told() == []
    assert courier.waiting() == {"later"}


def test_the_end_of_a_message_in_the_stream_is_no_work(courier):
    record = courier.send("m1")
    courier.take(record)
    key = Key("outbox", *(record["dynamodb"]["Keys"][part]["S"] for part in ("partition", "sort")))
    assert courier.take(courier.record("REMOVE", key)) == []


def test_a_bad_message_in_a_batch_is_the_only_one_that_comes_again(courier):
    good, bad = courier.send("m1"), courier.send("m2", topic="balloons")
    damaged = courier.send("m3", kind="birthday")
    spoilt = courier.send("m4")
    spoilt["dynamodb"]["NewImage"]["values"] = {"S": "no map"}
    failed = courier.take(bad, good, damaged, spoilt)
    assert failed == [one["dynamodb"]["SequenceNumber"] for one in (bad, damaged, spoilt)]
    assert len(courier.told()) == 2
    assert courier.waiting() == {"m2", "m3", "m4"}


def test_a_batch_that_fails_as_a_whole_says_nothing_of_what_is_in_it(courier, capsys):
    record = courier.send("m1", topic="balloons", kind="secret kind")
    assert courier.take(record) == [record["dynamodb"]["SequenceNumber"]]
    out = capsys.readouterr()
    assert "secret kind" not in out.out + out.err


def test_bad_messages_stop_no_sweep_and_are_told_at_its_end(courier, caplog):
    courier.send("unknown", due_in=timedelta(seconds=-9), topic="balloons")
    for number in range(20):
        courier.send(f"m{number}")
    with pytest.raises(FormatUnknown):
        courier.handle(SWEEP, None)
    assert len(courier.told()) == 40
    assert courier.waiting() == {"unknown"}
    assert [line.levelname for line in caplog.records] == ["ERROR"]


def test_a_damaged_row_of_the_outbox_hides_no_message_behind_it(courier):
    early = "2020-01-01T00:00:00.000000+00:00#damaged"
    for shard in range(16):
        key = Key("outbox", f"{shard:02d}", early)
        courier.tables.commit(Put(key=key, values={}, when=Absent()))
    for number in range(20):
        courier.send(f"m{number}")
    with pytest.raises(Damaged):
        courier.handle(SWEEP, None)
    assert len(courier.told()) == 40


def test_what_was_settled_is_counted_and_nothing_is_where_nothing_was(courier, capsys):
    courier.handle(SWEEP, None)
    assert capsys.readouterr().out == ""
    courier.take(courier.send("m1"), courier.send("m2"))
    metric = json.loads(capsys.readouterr().out)
    assert metric["MessagesSettled"] == [1.0, 1.0]
    assert metric["function"] == "deliver"


def test_a_setting_that_is_missing_is_told_by_its_name(courier):
    incomplete = {**courier.environment}
    del incomplete["NOTICES_TABLE"]
    module = load()
    with pytest.raises(SettingMissing, match="NOTICES_TABLE"):
        module.build(incomplete)


def test_a_message_to_another_function_is_left_to_it_and_costs_no_place_in_the_sweep(courier):
    assert courier.take(courier.send("o1", topic="open_vault")) == []
    courier.handle(SWEEP, None)
    assert courier.told() == []
    assert courier.waiting() == {"o1"}
