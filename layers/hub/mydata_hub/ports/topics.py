"""Topics: which function does what a message asks for.

Several functions read the outbox, each by its own stream link and sweep, and each takes its own
topics and leaves the others'. Nobody's topic is an error for whoever sees it, so that a message
that no release knows rings instead of lying there for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from mydata_hub.errors import FormatUnknown
from mydata_hub.ports.messages import Message, due_rows, read_message
from mydata_hub.ports.tables import Row, Tables

# Topic -> the function that takes it.
TAKEN_BY: Final[Mapping[str, str]] = {
    "account_notice": "deliver",
    "client_keys": "deliver",
    "collect": "collect",
    "cosign": "deliver",
    "grant_ended": "deliver",
    "erase": "erase",
    "erase_part": "reseal",
    "offers_changed": "publish_offers",
    "open_vault": "fold_records",
    "person_news": "notify",
    "rotate": "reseal",
    "source_complete": "fold_records",
}


def is_for(function: str, message: Message) -> bool:
    """Whether a message is this function's. Raises FormatUnknown for a topic that nobody takes."""
    taker = TAKEN_BY.get(message.topic)
    if taker is None:
        raise FormatUnknown("a message has a topic that this release does not know")
    return taker == function


def due_for(function: str, tables: Tables, now: datetime) -> Iterator[Row]:
    """The rows that are due and not known to be another function's: a damaged one is everybody's,
    and so is one that nobody takes."""
    for row in due_rows(tables, now):
        topic = row.values.get("topic")
        if TAKEN_BY.get(topic if isinstance(topic, str) else "", function) == function:
            yield row


def message_for(function: str, row: Row, now: datetime) -> Message | None:
    """The message in a row, if it is this function's and due. Raises Damaged, FormatUnknown."""
    message = read_message(row)
    return message if is_for(function, message) and message.due_at <= now else None
