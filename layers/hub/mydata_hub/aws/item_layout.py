"""How a row is laid out as a DynamoDB item, and read back; a frozen format.

    partition (S)  sort (S)      the table's keys
    version (N)    format (N)    of the row
    values (M)                   the row's values, as one map
    expires_at (N)               whole seconds, rounded up: the table's time-to-live attribute
    expires_at_us (N)            the exact instant in microseconds, which reads are judged by
    X_partition (S)  X_sort (S)  under which secondary index X lists the row

Change rule: attributes may be added; a stored one never changes its meaning.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from mydata_hub.errors import Damaged
from mydata_hub.ports.tables import Key, Put, Row, Value

# One attribute value as the DynamoDB API writes it: {"S": "text"}, {"N": "1"}, {"M": {...}}, ...
Attribute: TypeAlias = dict[str, Any]
Item: TypeAlias = dict[str, Attribute]
BytesForm: TypeAlias = Callable[[bytes], bytes | str]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def item_of(put: Put, version: int) -> Item:
    """The item that `put` writes as `version`."""
    row = Row(put.key, version, put.values, put.format, put.expires_at)
    item = attributes_of(row)
    for index, (partition, sort) in put.indexes.items():
        item[f"{index}_partition"] = {"S": partition}
        item[f"{index}_sort"] = {"S": sort}
    return item


def attributes_of(row: Row, bytes_form: BytesForm = bytes) -> Item:
    """The attributes of a row; `bytes_form` says how bytes travel (boto3 raw, events base64)."""
    item = {
        **key_attributes(row.key),
        "version": {"N": str(row.version)},
        "format": {"N": str(row.format)},
        "values": _attribute_of(row.values, bytes_form),
    }
    if row.expires_at is not None:
        exact_us = microseconds(row.expires_at)
        item["expires_at"] = {"N": str(-(-exact_us // 1_000_000))}
        item["expires_at_us"] = {"N": str(exact_us)}
    return item


def key_attributes(key: Key) -> Item:
    """The two attributes that name an item in its table."""
    return {"partition": {"S": key.partition}, "sort": {"S": key.sort}}


def row_of(table: str, item: Mapping[str, Any]) -> Row:
    """The row in an item of logical table `table`. Raises Damaged for another layout."""
    try:
        values = _value_of(item["values"])
        expires_at_us = item.get("expires_at_us")
        row = Row(
            key=Key(table, str(item["partition"]["S"]), str(item["sort"]["S"])),
            version=int(item["version"]["N"]),
            values=values if isinstance(values, dict) else {},
            format=int(item["format"]["N"]),
            expires_at=None if expires_at_us is None else instant(int(expires_at_us["N"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise Damaged("an item is not laid out as a row") from None
    if not isinstance(values, dict):
        raise Damaged("an item is not laid out as a row")
    return row


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970, without the rounding of a float."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at_us: int) -> datetime:
    """The instant that `microseconds` counted."""
    return _EPOCH + at_us * _MICROSECOND


def _attribute_of(value: Value, bytes_form: BytesForm) -> Attribute:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(int(value))}
        case str():
            return {"S": str(value)}
        case bytes():
            return {"B": bytes_form(value)}
        case Mapping():
            return {"M": {name: _attribute_of(item, bytes_form) for name, item in value.items()}}
        case Sequence():
            return {"L": [_attribute_of(item, bytes_form) for item in value]}


def _value_of(attribute: Mapping[str, Any]) -> Value:
    """The value in one attribute. Raises ValueError for a type that rows do not use."""
    ((kind, content),) = attribute.items()
    match kind:
        case "NULL":
            return None
        case "BOOL":
            return bool(content)
        case "N":
            return int(content)
        case "S":
            return str(content)
        case "B":
            return _bytes_of(content)
        case "M":
            return {name: _value_of(item) for name, item in content.items()}
        case "L":
            return [_value_of(item) for item in content]
    raise ValueError("a type that rows do not use")


def _bytes_of(content: object) -> bytes:
    """Bytes as boto3 gives them, or base64 text as a stream event carries them."""
    if isinstance(content, bytes):
        return content
    if not isinstance(content, str):
        raise TypeError("bytes travel as bytes or as base64 text")
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise ValueError("text that is not base64") from error
