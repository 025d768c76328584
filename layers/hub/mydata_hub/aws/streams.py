"""Rows in change-stream events: read by every stream consumer, written by the laptop's worker.

No AWS library is imported here, so the embedded engine can speak the same events.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from mydata_hub.aws.item_layout import Item, attributes_of, key_attributes, row_of
from mydata_hub.errors import Damaged
from mydata_hub.ports.tables import Key, Row


def row_from_image(table: str, image: Mapping[str, Any]) -> Row:
    """The row in a `NewImage` or `OldImage` of logical table `table`. Raises Damaged.

    Bytes may be base64 text, as Lambda's events carry them, or bytes, as GetRecords gives them.
    A row that has expired is given as it is: the consumer knows what time it is.
    """
    return row_of(table, image)


def key_from_record(table: str, change: Mapping[str, Any]) -> Key:
    """The key in the `dynamodb` member of a stream record. Raises Damaged."""
    try:
        named = change["Keys"]
        return Key(table, str(named["partition"]["S"]), str(named["sort"]["S"]))
    except (KeyError, TypeError):
        raise Damaged("a stream record does not name its row") from None


def image_of(row: Row) -> Item:
    """The image of a row as JSON can carry it; without the attributes of secondary indexes."""
    return attributes_of(row, lambda content: base64.b64encode(content).decode("ascii"))


def keys_of(key: Key) -> Item:
    """The `Keys` member of a stream record."""
    return key_attributes(key)
