"""The bytes of a row: one frozen, deterministic, type-preserving encoding with a checksum.

Encoding 1. A row image is the UTF-8 of a JSON object, its names sorted, without white space:

    {"encoding": 1, "expires_at": <microseconds since 1970, UTC> | null, "format": n,
     "indexes": {<index>: [<partition>, <sort>]}, "partition": "...", "sort": "...",
     "values": {...}, "version": n}

Inside `values`, JSON's null, true, false, integers, strings, arrays and objects stand for
themselves; bytes are {"$bytes": <standard base64>}, and a name that begins with "$" gets one more
"$" in front. The checksum is BLAKE2b with 16 bytes over the engine's table name, a zero byte and
the image; it finds accidents, not attackers.

Change rule: images of encoding 1 stay readable as they are. Any other layout takes the next
encoding number; readers accept it one release before writers write it.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mydata_hub.errors import Damaged, FormatUnknown
from mydata_hub.ports.tables import Key, Row, Value

ENCODING: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_BYTES: Final = "$bytes"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row with the places under which its secondary indexes list it."""

    row: Row
    indexes: Mapping[str, tuple[str, str]]


def encode_row(stored: StoredRow) -> bytes:
    """The image of a row; equal rows have equal images."""
    row = stored.row
    image = {
        "encoding": ENCODING,
        "expires_at": None if row.expires_at is None else microseconds(row.expires_at),
        "format": row.format,
        "indexes": {name: list(place) for name, place in stored.indexes.items()},
        "partition": row.key.partition,
        "sort": row.key.sort,
        "values": _pack(row.values),
        "version": row.version,
    }
    return json.dumps(image, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def decode_row(table: str, name: str, image: bytes, checksum: bytes) -> StoredRow:
    """The row in an image of the engine's table `name`, as a row of the caller's `table`.

    Raises Damaged when the bytes are not what was written, FormatUnknown when a newer release
    wrote them.
    """
    # A damaged page may also give the column another type.
    if not isinstance(image, bytes) or checksum != checksum_of(name, image):
        raise Damaged(f"a row of {name} does not match its checksum")
    try:
        content = json.loads(image)
        if content["encoding"] != ENCODING:
            raise FormatUnknown(f"a row of {name} has an encoding newer than {ENCODING}")
        return _stored_row(table, content)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Damaged(f"a row of {name} cannot be read") from None


def checksum_of(name: str, image: bytes) -> bytes:
    """The checksum that is kept beside the image of a row of the engine's table `name`."""
    return hashlib.blake2b(name.encode() + b"\0" + image, digest_size=16).digest()


def microseconds(at: datetime) -> int:
    """An aware instant as whole microseconds since 1970-01-01 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def _stored_row(table: str, content: Mapping[str, Any]) -> StoredRow:
    expires_at = content["expires_at"]
    values = _unpack(content["values"])
    if not isinstance(values, dict):
        raise TypeError("the values of a row are a map")
    row = Row(
        key=Key(table, content["partition"], content["sort"]),
        version=content["version"],
        values=values,
        format=content["format"],
        expires_at=None if expires_at is None else _EPOCH + expires_at * _MICROSECOND,
    )
    places = {name: (place[0], place[1]) for name, place in content["indexes"].items()}
    return StoredRow(row, places)


def _pack(value: Value) -> Any:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, bytes):
        return {_BYTES: b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {
            "$" + name if name.startswith("$") else name: _pack(item)
            for name, item in value.items()
        }
    assert isinstance(value, Sequence)
    return [_pack(item) for item in value]


def _unpack(value: Any) -> Value:
    if isinstance(value, dict):
        if value.keys() == {_BYTES}:
            return b64decode(value[_BYTES], validate=True)
        return {name.removeprefix("$"): _unpack(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if value is None or isinstance(value, (str, int)):
        return value
    raise TypeError("a value of a row has a foreign type")
