"""The table port on DynamoDB: one paid call for each fetch, page and commit."""

from __future__ import annotations

import base64
import json
import random
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from mydata_hub.aws.clients import MAX_TRIES, LazyClient, make_client
from mydata_hub.aws.conditions import transact_item
from mydata_hub.aws.dynamo_failures import read_failure, write_failure
from mydata_hub.aws.item_layout import key_attributes, row_of
from mydata_hub.errors import Busy, HubError, LimitExceeded, OutcomeUnknown
from mydata_hub.ports.clock import Clock
from mydata_hub.ports.tables import (
    MAX_FETCH,
    MAX_PAGE,
    MAX_SORT_BYTES,
    Change,
    Key,
    KeyPage,
    Page,
    Row,
    check_changes,
    check_key,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# 100 rows of 400 KB are three answers of 16 MB; more rounds than this means throttling.
MAX_ROUNDS: Final = 8
BASE_PAUSE_S: Final = 0.05


class DynamoTables:
    """Tables whose items are laid out as `item_layout` says; a role needs no more than
    BatchGetItem, Query, PutItem, DeleteItem and ConditionCheckItem on them."""

    def __init__(
        self,
        tables: Mapping[str, str],
        clock: Clock,
        client: DynamoDBClient | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`tables` maps each logical table this function may use to its DynamoDB name."""
        self._engine_tables = dict(tables)
        self._clock = clock
        # One try: whether an earlier try may have been applied must be known here, not in botocore.
        self._client: LazyClient[DynamoDBClient] = LazyClient(
            lambda: make_client("dynamodb", max_tries=1), client
        )
        self._pause = pause

    def fetch_many(self, *keys: Key) -> Mapping[Key, Row]:
        """See the port. BatchGetItem, strongly consistent; goes on with what it left over."""
        if len(keys) > MAX_FETCH:
            raise LimitExceeded(f"{len(keys)} rows in a fetch; at most {MAX_FETCH}")
        pending: dict[str, Any] = {}
        for key in dict.fromkeys(keys):
            check_key(key)
            request = pending.setdefault(
                self._engine_table(key.table), {"Keys": [], "ConsistentRead": True}
            )
            request["Keys"].append(key_attributes(key))
        rows: dict[Key, Row] = {}
        logical = {self._engine_table(key.table): key.table for key in keys}
        for round_ in range(MAX_ROUNDS):
            if not pending:
                return rows
            if round_:
                self._pause(_jittered_s(round_))
            answer = self._read("batch_get_item", RequestItems=pending)
            for engine_table, items in answer["Responses"].items():
                found = (row_of(logical[engine_table], item) for item in items)
                rows.update((row.key, row) for row in found if self._lives(row))
            pending = answer.get("UnprocessedKeys") or {}
        if pending:
            raise Busy(f"DynamoDB left {len(pending)} tables unread after {MAX_ROUNDS} rounds")
        return rows

    def query(
        self,
        table: str,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int = MAX_PAGE,
        newest_first: bool = False,
    ) -> Page:
        """See the port. One Query, strongly consistent, at most 1 MB."""
        check_key(Key(table, partition) if after is None else Key(table, partition, after))
        _check_limit(limit)
        request: dict[str, Any] = {
            "TableName": self._engine_table(table),
            "ConsistentRead": True,
            "KeyConditionExpression": "#partition = :partition",
            "ExpressionAttributeNames": {"#partition": "partition"},
            "ExpressionAttributeValues": {":partition": {"S": partition}},
            "Limit": limit,
            "ScanIndexForward": not newest_first,
        }
        if len(prefix.encode()) > MAX_SORT_BYTES:
            return Page(())
        if prefix:
            request["KeyConditionExpression"] += " AND begins_with(#sort, :prefix)"
            request["ExpressionAttributeNames"]["#sort"] = "sort"
            request["ExpressionAttributeValues"][":prefix"] = {"S": prefix}
        if after is not None:
            if after.startswith(prefix):
                request["ExclusiveStartKey"] = key_attributes(Key(table, partition, after))
            elif (after.encode() > prefix.encode()) is not newest_first:
                # DynamoDB refuses a start outside the prefix; here nothing is left behind it.
                return Page(())
        answer = self._read("query", **request)
        rows = (row_of(table, item) for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return Page(tuple(filter(self._lives, rows)), last["sort"]["S"] if last else None)

    def find_keys(
        self,
        table: str,
        index: str,
        partition: str,
        *,
        after: str | None = None,
        limit: int = MAX_PAGE,
        newest_first: bool = False,
    ) -> KeyPage:
        """See the port. One Query on a global secondary index (KEYS_ONLY), eventual."""
        _check_limit(limit)
        check_key(Key(table, partition))
        request: dict[str, Any] = {
            "TableName": self._engine_table(table),
            "IndexName": index,
            "KeyConditionExpression": "#partition = :partition",
            "ExpressionAttributeNames": {"#partition": f"{index}_partition"},
            "ExpressionAttributeValues": {":partition": {"S": partition}},
            "Limit": limit,
            "ScanIndexForward": not newest_first,
        }
        if after is not None:
            request["ExclusiveStartKey"] = _start(after, index, partition)
        answer = self._read("query", **request)
        keys = (Key(table, item["partition"]["S"], item["sort"]["S"]) for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return KeyPage(tuple(keys), _mark(last, index) if last else None)

    def list_keys(self, table: str, *, after: str | None = None, limit: int = MAX_PAGE) -> KeyPage:
        """See the port. One Scan, strongly consistent, of keys alone."""
        _check_limit(limit)
        request: dict[str, Any] = {
            "TableName": self._engine_table(table),
            "ConsistentRead": True,
            "ProjectionExpression": "#partition, #sort",
            "ExpressionAttributeNames": {"#partition": "partition", "#sort": "sort"},
            "Limit": limit,
        }
        if after is not None:
            request["ExclusiveStartKey"] = _place(after, table)
        answer = self._read("scan", **request)
        keys = (Key(table, item["partition"]["S"], item["sort"]["S"]) for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        place = json.dumps([last["partition"]["S"], last["sort"]["S"]]) if last else None
        return KeyPage(tuple(keys), place)

    def commit(self, *changes: Change) -> None:
        """See the port. One TransactWriteItems.

        A lost answer is asked for again with the same token, which DynamoDB applies at most once
        within ten minutes. Once an answer was lost, only a success is certain: a late first try
        might still arrive after a second one was refused.
        """
        check_changes(changes)
        now = self._clock.now()
        request: dict[str, Any] = {
            "TransactItems": [
                transact_item(change, self._engine_table(change.key.table), now)
                for change in changes
            ],
            "ClientRequestToken": str(uuid.uuid4()),
        }
        lost: OutcomeUnknown | None = None
        for attempt in range(MAX_TRIES):
            if attempt:
                self._pause(_jittered_s(attempt))
            failure = self._try_commit(request, changes)
            if failure is None:
                return
            if isinstance(failure, OutcomeUnknown):
                lost = failure
            elif lost is None:
                raise failure
        assert lost is not None
        raise lost

    def _try_commit(self, request: dict[str, Any], changes: tuple[Change, ...]) -> HubError | None:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            self._client.get().transact_write_items(**request)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            return write_failure(error, changes)
        return None

    def _read(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call a read that may be repeated freely. Raises Busy and StoreError."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        call = getattr(self._client.get(), operation)
        for attempt in range(MAX_TRIES):
            if attempt:
                self._pause(_jittered_s(attempt))
            try:
                answer: dict[str, Any] = call(**request)
            except (ClientError, BotoCoreError, ResponseParserError) as error:
                failure = read_failure(error)
                if not isinstance(failure, Busy):
                    raise failure from None
            else:
                return answer
        raise failure

    def _engine_table(self, table: str) -> str:
        try:
            return self._engine_tables[table]
        except KeyError:
            raise LimitExceeded(f"this function was not given the table {table}") from None

    def _lives(self, row: Row) -> bool:
        """Time-to-live deletes within days, not at the instant: the clock decides."""
        return row.expires_at is None or row.expires_at > self._clock.now()


def _check_limit(limit: int) -> None:
    if not 0 < limit <= MAX_PAGE:
        raise LimitExceeded(f"a page takes 1 to {MAX_PAGE} rows")


def _jittered_s(attempt: int) -> float:
    return random.uniform(0, BASE_PAUSE_S * 2.0**attempt)  # noqa: S311 (spreads load, no secret)


def _place(after: str, table: str) -> dict[str, Any]:
    try:
        partition, sort = json.loads(after)
        return key_attributes(Key(table, partition, sort))
    except (ValueError, TypeError):
        raise LimitExceeded("not a mark of a former page") from None


def _mark(last: Mapping[str, Any], index: str) -> str:
    place = [last["partition"]["S"], last["sort"]["S"], last[f"{index}_sort"]["S"]]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode("ascii")


def _start(after: str, index: str, partition: str) -> dict[str, Any]:
    try:
        row_partition, row_sort, index_sort = json.loads(base64.urlsafe_b64decode(after))
    except ValueError:
        raise LimitExceeded("not a mark of a former page") from None
    return {
        **key_attributes(Key(index, row_partition, row_sort)),
        f"{index}_partition": {"S": partition},
        f"{index}_sort": {"S": index_sort},
    }
