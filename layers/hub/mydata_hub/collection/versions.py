"""Versions of one record: which holds when a provider tells the same fact twice.

`newest` is commutative, associative and idempotent, so pages may come twice, late or in any order
and the set of records is that of one clean delivery.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from mydata_hub.collection.record import Record, RecordId, RecordState
from mydata_hub.errors import BadInput

# Providers cancel for good: an older page that still says "booked" must not bring money back.
_RANK: Final = {RecordState.BOOKED: 0, RecordState.CORRECTED: 1, RecordState.CANCELLED: 2}


def newest(one: Record, other: Record) -> Record:
    """The version that holds. Raises BadInput for versions of different records."""
    if one.record_id != other.record_id:
        raise BadInput("record_id", "names the same record in both versions")
    return one if one == other or _order(one) >= _order(other) else other


def settle(records: Iterable[Record]) -> dict[RecordId, Record]:
    """Each record once, in the version that holds, in the order they first came."""
    held: dict[RecordId, Record] = {}
    for record in records:
        before = held.get(record.record_id)
        held[record.record_id] = record if before is None else newest(before, record)
    return held


def _order(record: Record) -> tuple[int, datetime, datetime, bytes]:
    told = record.body.get("as_of")
    as_of = datetime.fromisoformat(told) if isinstance(told, str) else record.occurred_at
    # The digest decides nothing but ties, which every reader must break alike.
    return _RANK[record.state], as_of.astimezone(UTC), record.occurred_at, record.digest()
