"""Messages: work to be done after a commit, written in that commit (a transactional outbox).

A message is a row of the outbox table, so it exists exactly if the business write does. The
engine's change stream wakes the consumer; a sweep every minute finds what the stream lost and
what was not yet due. The consumer deletes the row in the commit of its own effect, so an effect
inside the hub happens once; an effect outside (a webhook) happens at least once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mydata_hub.errors import Damaged
from mydata_hub.ports.tables import Absent, Delete, Key, Put, Row, Tables, Value, VersionIs

TABLE: Final = "outbox"
# Partitions of the outbox: enough that no single one is hot, few enough that a sweep is cheap.
SHARDS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`body` holds ids only, never personal data: the courier may read it."""

    message_id: str
    topic: str
    body: Mapping[str, Value]
    due_at: datetime


def send(message: Message) -> Put:
    """The change that sends a message, for the commit of the write it belongs to."""
    return Put(
        key=_key(message),
        values={
            "message_id": message.message_id,
            "topic": message.topic,
            "body": message.body,
            "due_at": _instant(message.due_at),
        },
        when=Absent(),
    )


def settle(message: Message) -> Delete:
    """The change that marks a message done; it conflicts if somebody else was first."""
    return Delete(_key(message), VersionIs(1))


def read_message(row: Row) -> Message:
    """The message in an outbox row. Raises Damaged."""
    values = row.values
    message_id, topic = values.get("message_id"), values.get("topic")
    body, due_at = values.get("body"), values.get("due_at")
    if not (
        isinstance(message_id, str)
        and isinstance(topic, str)
        and isinstance(body, Mapping)
        and isinstance(due_at, str)
    ):
        raise Damaged("an outbox row does not hold a message")
    return Message(
        message_id=message_id, topic=topic, body=body, due_at=datetime.fromisoformat(due_at)
    )


def due_messages(tables: Tables, now: datetime) -> Iterator[Message]:
    """Every message due by `now` that nobody has settled, each shard in order of due instant.

    Raises Damaged at the first row that holds no message.
    """
    return map(read_message, due_rows(tables, now))


def due_rows(tables: Tables, now: datetime) -> Iterator[Row]:
    """The rows of `due_messages`, unread: so that a damaged one does not hide those behind it."""
    for shard in range(SHARDS):
        after: str | None = None
        while True:
            page = tables.query(TABLE, f"{shard:02d}", after=after, limit=100)
            for row in page.rows:
                # The sort key leads with the due instant, written in a form that sorts.
                if row.key.sort.partition("#")[0] > _instant(now):
                    break
                yield row
            else:
                after = page.after
                if after is not None:
                    continue
            break


def _key(message: Message) -> Key:
    # The due instant leads the sort key, so a sweep stops at the first row that is not yet due.
    digest = hashlib.sha256(message.message_id.encode()).digest()
    return Key(
        TABLE,
        f"{digest[0] % SHARDS:02d}",
        f"{_instant(message.due_at)}#{message.message_id}",
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
