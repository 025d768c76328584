"""DynamoDB at the wire: paid calls, tokens, lost answers; moto is no oracle for these."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from mydata_hub.aws.dynamo_failures import read_failure, write_failure
from mydata_hub.aws.dynamo_tables import MAX_ROUNDS, DynamoTables
from mydata_hub.errors import Busy, Conflict, Damaged, LimitExceeded, OutcomeUnknown, StoreError
from mydata_hub.ports.clock import SetClock
from mydata_hub.ports.tables import Absent, Check, Compare, Key, Put, VersionIs

from tests.contract.wire import LOST, Reply, refused

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
NOW_US = "1772355600000000"
ITEM = {
    "partition": {"S": "p"},
    "sort": {"S": "s"},
    "version": {"N": "1"},
    "format": {"N": "1"},
    "values": {"M": {"n": {"N": "1"}}},
}
KEY = Key("things", "p", "s")
PUT = Put(key=KEY, values={"n": 1}, when=Absent())
IN_PROGRESS = refused("TransactionInProgressException")
THROTTLED = refused("ThrottlingException")
BROKEN = refused("InternalServerError", 500)


def cancelled(*codes: str) -> Reply:
    reasons = [{"Code": code, "Message": "personal data"} for code in codes]
    return refused("TransactionCanceledException", CancellationReasons=reasons)


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def tables(wire, pauses):
    names = {"things": "ThingsTable", "others": "OthersTable"}
    return DynamoTables(names, SetClock(NOW), pause=pauses.append)


def test_nothing_is_connected_before_the_first_use(wire, tables):
    assert tables._client._client is None
    assert wire.requests == []


def test_an_item_is_laid_out_as_the_frozen_format_says(wire, tables):
    wire.will(Reply())
    put = Put(
        key=KEY,
        values={"none": None, "yes": True, "n": 1, "t": "é", "b": b"\xff", "l": [1], "m": {"x": 1}},
        when=VersionIs(4),
        also=(Compare("n", ">=", 1), Compare("size", "!=", b"x")),
        expires_at=NOW + timedelta(microseconds=1),
        format=2,
        indexes={"by_owner": ("me", "1")},
    )
    tables.commit(put)
    (body,) = wire.bodies
    token = body.pop("ClientRequestToken")
    assert 0 < len(token) <= 36
    assert body == {
        "TransactItems": [
            {
                "Put": {
                    "TableName": "ThingsTable",
                    "Item": {
                        "partition": {"S": "p"},
                        "sort": {"S": "s"},
                        "version": {"N": "5"},
                        "format": {"N": "2"},
                        "values": {
                            "M": {
                                "none": {"NULL": True},
                                "yes": {"BOOL": True},
                                "n": {"N": "1"},
                                "t": {"S": "é"},
                                "b": {"B": "/w=="},
                                "l": {"L": [{"N": "1"}]},
                                "m": {"M": {"x": {"N": "1"}}},
                            }
                        },
                        "expires_at": {"N": "1772355601"},
                        "expires_at_us": {"N": "1772355600000001"},
                        "by_owner_partition": {"S": "me"},
                        "by_owner_sort": {"S": "1"},
                    },
                    "ConditionExpression": (
                        "attribute_exists(#n0) AND (attribute_not_exists(#n1) OR #n1 > :v0)"
                        " AND #n2 = :v1"
                        " AND attribute_type(#n3.#n4, :v2) AND #n3.#n4 >= :v3"
                        " AND attribute_type(#n3.#n5, :v4) AND #n3.#n5 <> :v5"
                    ),
                    "ExpressionAttributeNames": {
                        "#n0": "partition",
                        "#n1": "expires_at_us",
                        "#n2": "version",
                        "#n3": "values",
                        "#n4": "n",
                        "#n5": "size",
                    },
                    "ExpressionAttributeValues": {
                        ":v0": {"N": NOW_US},
                        ":v1": {"N": "4"},
                        ":v2": {"S": "N"},
                        ":v3": {"N": "1"},
                        ":v4": {"S": "B"},
                        ":v5": {"B": "eA=="},
                    },
                }
            }
        ]
    }


@pytest.mark.parametrize(
    "condition",
    [Absent(), VersionIs(1), Compare("n", "=", 1), Compare("yes", "<", True)],
)
def test_a_condition_names_exactly_the_placeholders_it_uses(wire, tables, condition):
    # DynamoDB refuses a placeholder that the expression does not use; moto lets some pass.
    wire.will(Reply())
    tables.commit(Check(KEY, (condition,)))
    check = wire.bodies[0]["TransactItems"][0]["ConditionCheck"]
    expression = check["ConditionExpression"]
    marks = [*check["ExpressionAttributeNames"], *check["ExpressionAttributeValues"]]
    assert all(mark in expression for mark in marks)


def test_each_operation_is_one_paid_call(wire, tables):
    answer = {"Responses": {"ThingsTable": [ITEM]}, "UnprocessedKeys": {}}
    wire.will(Reply(body=answer))
    found = tables.fetch_many(KEY, KEY, Key("others", "p"))
    assert found[KEY].values == {"n": 1}
    assert wire.bodies[0]["RequestItems"]["ThingsTable"]["ConsistentRead"] is True
    assert wire.bodies[0]["RequestItems"]["OthersTable"]["ConsistentRead"] is True
    assert len(wire.bodies[0]["RequestItems"]["ThingsTable"]["Keys"]) == 1

    wire.will(Reply(body={"Items": [ITEM]}))
    assert len(tables.query("things", "p", prefix="s", limit=5).rows) == 1
    assert wire.bodies[1]["ConsistentRead"] is True

    wire.will(Reply(body={"Items": [ITEM]}))
    assert tables.find_keys("things", "by_owner", "me").keys == (KEY,)
    assert "ConsistentRead" not in wire.bodies[2]

    wire.will(Reply())
    tables.commit(PUT, Check(Key("others", "p"), (Absent(),)))
    wire.will(Reply(body={"Items": [ITEM]}))
    assert tables.list_keys("things").keys == (KEY,)
    assert wire.bodies[4]["ConsistentRead"] is True
    operations = ["BatchGetItem", "Query", "Query", "TransactWriteItems", "Scan"]
    assert wire.operations == operations

    assert tables.fetch_many() == {}
    assert tables.query("things", "p", prefix="b", after="c").rows == ()
    assert len(wire.requests) == 5


def test_what_a_fetch_left_over_is_asked_for_again(wire, tables, pauses):
    other = {**ITEM, "sort": {"S": "t"}}
    left = {"ThingsTable": {"Keys": [{"partition": {"S": "p"}, "sort": {"S": "t"}}]}}
    wire.will(
        Reply(body={"Responses": {"ThingsTable": [ITEM]}, "UnprocessedKeys": left}),
        Reply(body={"Responses": {"ThingsTable": [other]}, "UnprocessedKeys": {}}),
    )
    keys = {KEY, Key("things", "p", "t")}
    assert set(tables.fetch_many(*keys)) == keys
    assert wire.bodies[1]["RequestItems"] == left
    assert len(pauses) == 1


def test_a_fetch_that_is_never_finished_ends_as_busy(wire, tables):
    left = {"ThingsTable": {"Keys": [{"partition": {"S": "p"}, "sort": {"S": "s"}}]}}
    wire.will(*[Reply(body={"Responses": {}, "UnprocessedKeys": left})] * MAX_ROUNDS)
    with pytest.raises(Busy):
        tables.fetch_many(KEY)


@pytest.mark.parametrize("failure", [LOST, THROTTLED, BROKEN, Reply(503, b"<html>")])
def test_a_read_is_tried_again_and_then_busy(wire, tables, pauses, failure):
    wire.will(failure, failure, Reply(body={"Items": []}))
    assert tables.query("things", "p").rows == ()
    wire.will(failure, failure, failure)
    with pytest.raises(Busy):
        tables.query("things", "p")
    assert len(pauses) == 4
    assert all(0 <= pause_s < 1 for pause_s in pauses)


def test_a_damaged_item_is_told(wire, tables):
    wire.will(Reply(body={"Items": [{"partition": {"S": "p"}, "sort": {"S": "s"}}]}))
    with pytest.raises(Damaged):
        tables.query("things", "p")


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ([cancelled("None", "ConditionalCheckFailed")], Conflict),
        ([cancelled("TransactionConflict", "ConditionalCheckFailed")], Conflict),
        ([cancelled("TransactionConflict", "None")], Busy),
        ([cancelled("ThrottlingError", "ProvisionedThroughputExceeded")], Busy),
        ([cancelled("None", "ValidationError")], LimitExceeded),
        ([cancelled("ItemCollectionSizeLimitExceeded", "None")], LimitExceeded),
        ([THROTTLED], Busy),
        ([refused("RequestLimitExceeded")], Busy),
        ([refused("ProvisionedThroughputExceededException")], Busy),
        ([refused("ValidationException")], LimitExceeded),
        ([refused("ResourceNotFoundException")], StoreError),
        ([refused("AccessDeniedException")], StoreError),
        ([LOST] * 3, OutcomeUnknown),
        ([BROKEN] * 3, OutcomeUnknown),
        ([IN_PROGRESS] * 3, OutcomeUnknown),
        # Once an answer was lost, no later refusal says what the first try did or will do.
        ([LOST, THROTTLED, THROTTLED], OutcomeUnknown),
        ([LOST, cancelled("ConditionalCheckFailed", "None"), THROTTLED], OutcomeUnknown),
        ([BROKEN, IN_PROGRESS, cancelled("TransactionConflict", "None")], OutcomeUnknown),
    ],
)
def test_a_failed_commit_says_what_is_certain(wire, tables, replies, error):
    wire.will(*replies)
    with pytest.raises(error) as raised:
        tables.commit(PUT, Check(Key("others", "p"), (Absent(),)))
    assert type(raised.value) is error
    assert "personal" not in str(raised.value)
    if error is Conflict:
        assert (raised.value.change, raised.value.table) == (1, "others")


@pytest.mark.parametrize(
    "replies", [[LOST], [LOST, LOST], [BROKEN], [IN_PROGRESS], [LOST, IN_PROGRESS]]
)
def test_a_lost_answer_is_asked_for_again_with_the_same_token(wire, tables, pauses, replies):
    wire.will(*replies, Reply())
    tables.commit(PUT)
    assert len(pauses) == len(replies)
    assert all(body == wire.bodies[0] for body in wire.bodies)
    wire.will(Reply())
    tables.commit(PUT)
    tokens = {body["ClientRequestToken"] for body in wire.bodies}
    assert len(tokens) == 2


def test_each_way_a_connection_fails_says_what_is_certain():
    where = {"endpoint_url": "https://dynamodb.invalid"}
    for lost in (ReadTimeoutError(**where), SSLError(**where, error="x")):
        assert type(write_failure(lost, [PUT])) is OutcomeUnknown
        assert type(read_failure(lost)) is Busy
    for unsent in (ConnectTimeoutError(**where), EndpointConnectionError(**where)):
        assert type(write_failure(unsent, [PUT])) is Busy
        assert type(read_failure(unsent)) is Busy
    assert type(write_failure(NoCredentialsError(), [PUT])) is StoreError
