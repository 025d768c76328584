"""Series: the latest records of a dataset in a few bytes each, from which any can be taken back.

A row keeps a record's tag, so a correction or cancellation finds what it replaces; a cancelled
record keeps its place as an empty row, so a late copy of it cannot come back and its place does
not depend on who came first. When a series is full, the oldest row goes. What has gone was older
than all that stays and rows never leave otherwise, so the same rows stay in every order.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from mydata_hub.collection.record import Provenance, Record, RecordState
from mydata_hub.fields import Dataset
from mydata_hub.insights.fold import State
from mydata_hub.insights.moments import minute_of

# A state told late gives way to a further one: a cancelled record is never booked again.
_RANKS: Final = {RecordState.BOOKED: 0, RecordState.CORRECTED: 1, RecordState.CANCELLED: 2}
_RANK: Final = 3
_EMPTY: Final = 4
_SELF_SUPPLIED: Final = 8
# Two records of one person share a tag once in 10**8 lives of 20,000 records.
_TAG_BYTES: Final = 6
_HEAD: Final = struct.Struct(f">I{_TAG_BYTES}sB")
UNKNOWN_COUNT: Final = 255

Facts = tuple[Any, ...]
# tag -> (minute, flags, the fold's own packed bytes)
_Rows = dict[bytes, tuple[int, int, bytes]]


class Row(NamedTuple):
    """A record that counts, as a fold remembers it."""

    minute: int
    facts: Facts


def short_hash(text: str, size: int) -> bytes:
    """A name's tag; not secret, since it never leaves the sealed profile."""
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def count_byte(told: Any) -> int:
    """A count that a provider told as a byte, or UNKNOWN_COUNT where it told none."""
    return min(told, UNKNOWN_COUNT - 1) if type(told) is int and told >= 0 else UNKNOWN_COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFold:
    """A fold whose state is one series for each of its datasets.

    A capacity for each dataset, not for all together, so that a busy one cannot push out another.
    """

    id: str
    version: int
    capacities: Mapping[Dataset, int]
    # How a row's facts are packed, in the language of `struct`.
    layout: struct.Struct
    # The facts of a record that counts, or None where it says nothing to this fold.
    facts_of: Callable[[Record], Facts | None]

    @property
    def inputs(self) -> tuple[Dataset, ...]:
        """The datasets it keeps."""
        return tuple(self.capacities)

    def empty(self) -> State:
        """Nothing seen yet."""
        return {"series": {}}

    def fold(self, state: State, records: Sequence[Record]) -> State:
        """The state after these records."""
        opened: dict[Dataset, _Rows] = {}
        for record in records:
            capacity = self.capacities.get(record.dataset)
            if capacity is None:
                continue
            rows = opened.get(record.dataset)
            if rows is None:
                rows = opened[record.dataset] = self._open(state, record.dataset)
            self._put(rows, record)
            if len(rows) > 2 * capacity:
                opened[record.dataset] = _latest(rows, capacity)
        if not opened:
            return state
        packed = {name: self._close(name, rows) for name, rows in opened.items()}
        return {"series": {**state["series"], **packed}}

    def rows(self, state: State, *, collected_only: bool) -> Iterator[Row]:
        """The records that count, oldest first within each dataset."""
        for dataset in self.capacities:
            for minute, flags, facts in self._open(state, dataset).values():
                if flags & _EMPTY or (collected_only and flags & _SELF_SUPPLIED):
                    continue
                yield Row(minute, self.layout.unpack(facts))

    def let_go_until(self, state: State, dataset: Dataset) -> int | None:
        """The minute before which records may be missing here, or None if none was let go."""
        packed = base64.b64decode(state["series"].get(dataset, ""))
        full = self.capacities.get(dataset, 0) * (_HEAD.size + self.layout.size)
        if not packed or len(packed) < full:
            return None
        # The oldest comes first.
        minute, _, _ = _HEAD.unpack_from(packed)
        return int(minute)

    def _put(self, rows: _Rows, record: Record) -> None:
        tag = short_hash(record.record_id, _TAG_BYTES)
        rank = _RANKS[record.state]
        known = rows.get(tag)
        if known is not None and known[1] & _RANK > rank:
            return
        facts = self.facts_of(record) if record.counts else None
        if facts is None and known is None and record.state is RecordState.BOOKED:
            # Nothing to remember; whatever else is told of this record outranks or follows it.
            return
        flags = rank
        if facts is None:
            flags |= _EMPTY
        if record.provenance is Provenance.SELF_SUPPLIED:
            flags |= _SELF_SUPPLIED
        packed = bytes(self.layout.size) if facts is None else self.layout.pack(*facts)
        rows[tag] = (minute_of(record.occurred_at), flags, packed)

    def _open(self, state: State, dataset: Dataset) -> _Rows:
        packed = base64.b64decode(state["series"].get(dataset, ""))
        rows: _Rows = {}
        size = _HEAD.size + self.layout.size
        for start in range(0, len(packed), size):
            minute, tag, flags = _HEAD.unpack_from(packed, start)
            rows[tag] = (minute, flags, packed[start + _HEAD.size : start + size])
        return rows

    def _close(self, dataset: Dataset, rows: _Rows) -> str:
        latest = _latest(rows, self.capacities[dataset])
        packed = b"".join(
            _HEAD.pack(minute, tag, flags) + facts for tag, (minute, flags, facts) in latest.items()
        )
        return base64.b64encode(packed).decode()


def _latest(rows: _Rows, capacity: int) -> _Rows:
    """The latest rows, in an order that only they decide."""
    in_order = sorted(rows.items(), key=lambda item: (item[1][0], item[0]))
    return dict(in_order[-capacity:])
